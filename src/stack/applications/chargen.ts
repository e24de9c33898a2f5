import type { Application, Socket } from './application.ts'

const firstCharacter = 0x20
const characters = 95
const lineCharacters = 72
const lineBytes = lineCharacters + 2

/** All lines of the pattern, one behind the other; then it starts again. */
const pattern = makePattern()
const ignored = new Uint8Array(4096)

/** Sends lines of all printable characters, each line one further, for as long as the other side takes them (RFC 864). What it receives is thrown away. */
export class Chargen implements Application {
  private at = 0

  opened(socket: Socket, nowUs: number): void {
    this.fill(socket, nowUs)
  }

  writable(socket: Socket, nowUs: number): void {
    this.fill(socket, nowUs)
  }

  readable(socket: Socket, nowUs: number): void {
    while (socket.receive(ignored, 0, ignored.length, nowUs) > 0);
  }

  remoteClosed(socket: Socket, nowUs: number): void {
    this.readable(socket, nowUs)
    socket.close(nowUs)
  }

  private fill(socket: Socket, nowUs: number): void {
    for (;;) {
      const sent = socket.send(pattern, this.at, pattern.length - this.at, nowUs)
      if (sent === 0) return
      this.at = (this.at + sent) % pattern.length
    }
  }
}

function makePattern(): Uint8Array {
  const bytes = new Uint8Array(characters * lineBytes)
  for (let line = 0; line < characters; line++) {
    for (let i = 0; i < lineCharacters; i++) bytes[line * lineBytes + i] = firstCharacter + (line + i) % characters
    bytes[line * lineBytes + lineCharacters] = 0x0d
    bytes[line * lineBytes + lineCharacters + 1] = 0x0a
  }
  return bytes
}
