import type { Application, Socket } from './application.ts'

const buffer = new Uint8Array(65_536)

/** Receives everything and keeps nothing (RFC 863); closes when the other side does. */
export class Discard implements Application {
  received = 0

  readable(socket: Socket, nowUs: number): void {
    for (let count = socket.receive(buffer, 0, buffer.length, nowUs); count > 0; count = socket.receive(buffer, 0, buffer.length, nowUs)) this.received += count
    if (socket.isAtEnd) socket.close(nowUs)
  }

  remoteClosed(socket: Socket, nowUs: number): void {
    this.readable(socket, nowUs)
  }
}
