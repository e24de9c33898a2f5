import type { Application, Socket } from './application.ts'

const bufferBytes = 16_384

/** Sends back what it receives (RFC 862), and closes when the other side does. Reads no more than it can send on, so that a slow receiver stops the sender. */
export class Echo implements Application {
  private readonly buffer = new Uint8Array(bufferBytes)

  opened(socket: Socket, nowUs: number): void {
    this.pump(socket, nowUs)
  }

  readable(socket: Socket, nowUs: number): void {
    this.pump(socket, nowUs)
  }

  writable(socket: Socket, nowUs: number): void {
    this.pump(socket, nowUs)
  }

  remoteClosed(socket: Socket, nowUs: number): void {
    this.pump(socket, nowUs)
  }

  private pump(socket: Socket, nowUs: number): void {
    for (;;) {
      const room = Math.min(socket.sendableBytes, bufferBytes)
      const received = room > 0 ? socket.receive(this.buffer, 0, room, nowUs) : 0
      if (received === 0) break
      socket.send(this.buffer, 0, received, nowUs)
    }
    if (socket.isAtEnd) socket.close(nowUs)
  }
}
