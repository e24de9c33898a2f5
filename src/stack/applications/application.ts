import type { Host } from '../host.ts'

/** How a connection ended, as its application hears it. */
export type Ending = 'closed' | 'reset' | 'refused' | 'timedOut' | 'unreachable'

/**
 * What runs on top of one connection. Each instance serves one connection; calls come in the order of its events and never after
 * {@link Application.ended}.
 */
export interface Application {
  /** Established, whoever opened it. */
  opened?(socket: Socket, nowUs: number): void
  /** Bytes can be received. */
  readable?(socket: Socket, nowUs: number): void
  /** The send buffer has room again. */
  writable?(socket: Socket, nowUs: number): void
  /** Everything the other side has sent is received or can be. */
  remoteClosed?(socket: Socket, nowUs: number): void
  ended?(socket: Socket, ending: Ending, nowUs: number): void
}

/** Makes an application for each connection that a listener accepts. */
export type ApplicationFactory = () => Application

/** A connection as its application sees it. */
export class Socket {
  readonly id: number
  private readonly host: Host

  constructor(host: Host, id: number) {
    this.host = host
    this.id = id
  }

  /** @returns bytes received; 0 when there are none now, and at the end of the stream */
  receive(into: Uint8Array, at: number, length: number, nowUs: number): number {
    return Math.max(0, this.host.receive(this.id, into, at, length, nowUs))
  }

  /** @returns bytes taken; 0 when the send buffer is full or nothing can be sent any more */
  send(bytes: Uint8Array, at: number, length: number, nowUs: number): number {
    return Math.max(0, this.host.send(this.id, bytes, at, length, nowUs))
  }

  /** The other side has closed and everything is received. */
  get isAtEnd(): boolean {
    return this.host.connection(this.id)?.endOfStream ?? true
  }

  get receivableBytes(): number {
    return this.host.connection(this.id)?.receivableBytes ?? 0
  }

  get sendableBytes(): number {
    return this.host.connection(this.id)?.sendableBytes ?? 0
  }

  close(nowUs: number): void {
    this.host.close(this.id, nowUs)
  }

  abort(nowUs: number): void {
    this.host.abort(this.id, nowUs)
  }
}
