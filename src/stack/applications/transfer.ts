import type { Application, Ending, Socket } from './application.ts'

export interface TransferOptions {
  /** Puts the next bytes into `into` and returns how many; 0 when there are none now (call {@link Transfer.resume} later), -1 at the end. */
  readonly source?: (into: Uint8Array) => number
  /** Takes received bytes; must not keep `bytes`. */
  readonly sink?: (bytes: Uint8Array, at: number, length: number) => void
  /** Send FIN when the source ends; true unless said. */
  readonly closeAfterSend?: boolean
  /** Send FIN when the other side has; true unless said. */
  readonly closeAfterReceive?: boolean
  readonly ended?: (ending: Ending) => void
}

const chunkBytes = 65_536

/** Sends a stream of bytes and takes what comes back: the two ends of `connect --send --receive`. */
export class Transfer implements Application {
  sent = 0
  received = 0
  ending: Ending | null = null
  private readonly options: TransferOptions
  private readonly outgoing = new Uint8Array(chunkBytes)
  private readonly incoming = new Uint8Array(chunkBytes)
  private from = 0
  private to = 0
  private sourceEnded: boolean

  constructor(options: TransferOptions) {
    this.options = options
    this.sourceEnded = options.source === undefined
  }

  opened(socket: Socket, nowUs: number): void {
    this.resume(socket, nowUs)
  }

  writable(socket: Socket, nowUs: number): void {
    this.resume(socket, nowUs)
  }

  readable(socket: Socket, nowUs: number): void {
    for (let count = this.take(socket, nowUs); count > 0; count = this.take(socket, nowUs));
    this.closeAtEnd(socket, nowUs)
  }

  remoteClosed(socket: Socket, nowUs: number): void {
    this.readable(socket, nowUs)
  }

  ended(_socket: Socket, ending: Ending): void {
    this.ending = ending
    this.options.ended?.(ending)
  }

  /** Sends what the source has. */
  resume(socket: Socket, nowUs: number): void {
    for (;;) {
      if (this.from === this.to && !this.refill(socket, nowUs)) return
      const count = socket.send(this.outgoing, this.from, this.to - this.from, nowUs)
      if (count === 0) return
      this.from += count
      this.sent += count
    }
  }

  private refill(socket: Socket, nowUs: number): boolean {
    const count = this.sourceEnded ? -1 : this.options.source!(this.outgoing)
    this.from = 0
    this.to = Math.max(0, count)
    if (count < 0 && !this.sourceEnded) {
      this.sourceEnded = true
      if (this.options.closeAfterSend ?? true) socket.close(nowUs)
      else this.closeAtEnd(socket, nowUs)
    }
    return count > 0
  }

  private take(socket: Socket, nowUs: number): number {
    const count = socket.receive(this.incoming, 0, chunkBytes, nowUs)
    if (count > 0) {
      this.received += count
      this.options.sink?.(this.incoming, 0, count)
    }
    return count
  }

  private closeAtEnd(socket: Socket, nowUs: number): void {
    if (socket.isAtEnd && this.sourceEnded && this.from === this.to && (this.options.closeAfterReceive ?? true)) socket.close(nowUs)
  }
}

/** A source that gives these bytes once. */
export function bytesSource(bytes: Uint8Array): (into: Uint8Array) => number {
  let at = 0
  return (into) => {
    if (at === bytes.length) return -1
    const count = Math.min(into.length, bytes.length - at)
    into.set(bytes.subarray(at, at + count))
    at += count
    return count
  }
}
