import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { Application, Ending, Socket } from '../../src/stack/applications/application.ts'

export interface StreamApplicationOptions {
  /** What to send; null sends nothing. */
  readonly source: Readable | null
  /** Where to write what comes; null only counts it. */
  readonly sink: Writable | null
  readonly closeAfterSend: boolean
  readonly now: () => number
  /** Something was done outside of the driver's turn. */
  readonly wake: () => void
}

const chunkBytes = 65_536

/**
 * Joins a connection to streams, byte for byte, and holds back both ways: nothing is read from the source that the send buffer does not
 * take, and nothing is received that the sink does not take, so that the window closes.
 */
export class StreamApplication implements Application {
  sent = 0
  received = 0
  /** What a stream failed with. */
  failure: { stream: 'source' | 'sink', error: NodeJS.ErrnoException } | null = null
  onEnded: (ending: Ending) => void = () => {}
  private readonly options: StreamApplicationOptions
  private socket: Socket | null = null
  private pending: Uint8Array | null = null
  private sourceEnded: boolean
  private sinkIsFull = false
  private isOver = false

  constructor(options: StreamApplicationOptions) {
    this.options = options
    const { source, sink } = options
    this.sourceEnded = source === null
    source?.on('readable', () => this.pump())
    source?.on('end', () => {
      this.sourceEnded = true
      this.pump()
    })
    source?.on('error', (error) => this.fail('source', error))
    sink?.on('drain', () => {
      this.sinkIsFull = false
      this.pump()
    })
    sink?.on('error', (error) => this.fail('sink', error))
  }

  opened(socket: Socket, nowUs: number): void {
    this.socket = socket
    this.work(nowUs)
  }

  readable(_socket: Socket, nowUs: number): void { this.work(nowUs) }
  writable(_socket: Socket, nowUs: number): void { this.work(nowUs) }
  remoteClosed(_socket: Socket, nowUs: number): void { this.work(nowUs) }

  ended(socket: Socket, ending: Ending, nowUs: number): void {
    if (ending === 'closed') this.receive(socket, nowUs)
    this.isOver = true
    this.onEnded(ending)
  }

  /** Everything that came is written. */
  async finish(): Promise<void> {
    const { source, sink } = this.options
    source?.destroy()
    if (sink === null || this.failure?.stream === 'sink') return
    if (sink === process.stdout) {
      if (sink.writableNeedDrain) await once(sink, 'drain')
    } else {
      await new Promise<void>((resolve) => {
        sink.on('error', () => resolve())
        sink.end(() => resolve())
      })
    }
  }

  private pump(): void {
    if (this.socket === null || this.isOver) return
    this.work(this.options.now())
    this.options.wake()
  }

  private work(nowUs: number): void {
    const socket = this.socket!
    this.send(socket, nowUs)
    this.receive(socket, nowUs)
    const isDone = this.sourceEnded && this.pending === null
    if (isDone && (socket.isAtEnd || (this.options.closeAfterSend && this.options.source !== null))) socket.close(nowUs)
  }

  private send(socket: Socket, nowUs: number): void {
    const { source } = this.options
    while (source !== null) {
      this.pending ??= source.read() as Uint8Array | null
      if (this.pending === null) return
      const taken = socket.send(this.pending, 0, this.pending.length, nowUs)
      if (taken === 0) return
      this.sent += taken
      this.pending = taken === this.pending.length ? null : this.pending.subarray(taken)
    }
  }

  private receive(socket: Socket, nowUs: number): void {
    const { sink } = this.options
    while (!this.sinkIsFull) {
      // The sink keeps what it is given until it is written: each piece is its own.
      const piece = new Uint8Array(Math.min(chunkBytes, socket.receivableBytes))
      const count = piece.length === 0 ? 0 : socket.receive(piece, 0, piece.length, nowUs)
      if (count === 0) return
      this.received += count
      if (sink !== null && !sink.write(piece.subarray(0, count))) this.sinkIsFull = true
    }
  }

  private fail(stream: 'source' | 'sink', error: NodeJS.ErrnoException): void {
    this.failure ??= { stream, error }
    if (this.isOver) return
    this.socket?.abort(this.options.now())
    this.options.wake()
  }
}
