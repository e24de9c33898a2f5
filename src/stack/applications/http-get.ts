import { asciiBytes } from '../../base/bytes.ts'
import type { Application, Ending, Socket } from './application.ts'
import { ByteSink } from './byte-sink.ts'
import { headLength, maxHeadBytes, parseHead } from './http-message.ts'
import type { HttpHead } from './http-message.ts'

export interface HttpResult {
  /** -1 where no status line came. */
  readonly status: number
  readonly head: HttpHead | null
  /** Bytes of the body that came, and those of them that were kept. */
  readonly bodyLength: number
  readonly body: Uint8Array
  /** Everything that was announced has come. */
  readonly isComplete: boolean
  readonly ending: Ending
}

export interface HttpGetOptions {
  readonly host: string
  readonly path?: string
  /** Bytes of the body to keep; 1 MiB unless said. */
  readonly keepBytes?: number
  /** Who ends the connection: the client after the answer (unless said), or the server after sending it. */
  readonly closer?: 'client' | 'server'
  readonly done?: (result: HttpResult) => void
}

/** Sends one GET (RFC 9110 §9.3.1), takes the answer, closes. */
export class HttpGet implements Application {
  result: HttpResult | null = null
  private readonly options: HttpGetOptions
  /** The bytes that are sent. */
  readonly request: Uint8Array
  private requestAt = 0
  private readonly headBytes = new Uint8Array(maxHeadBytes)
  private headHave = 0
  private head: HttpHead | null = null
  private isBroken = false
  private readonly body: ByteSink
  private readonly buffer = new Uint8Array(16_384)

  constructor(options: HttpGetOptions) {
    this.options = options
    this.body = new ByteSink(options.keepBytes ?? 1024 * 1024)
    const close = options.closer === 'server' ? 'Connection: close\r\n' : ''
    this.request = asciiBytes(`GET ${options.path ?? '/'} HTTP/1.1\r\nHost: ${options.host}\r\nUser-Agent: tcplab\r\nAccept: */*\r\n${close}\r\n`)
  }

  opened(socket: Socket, nowUs: number): void {
    this.sendRequest(socket, nowUs)
  }

  writable(socket: Socket, nowUs: number): void {
    this.sendRequest(socket, nowUs)
  }

  readable(socket: Socket, nowUs: number): void {
    for (;;) {
      const count = socket.receive(this.buffer, 0, this.buffer.length, nowUs)
      if (count === 0) break
      this.take(count)
    }
    if (this.isBroken || socket.isAtEnd || this.isComplete()) socket.close(nowUs)
  }

  remoteClosed(socket: Socket, nowUs: number): void {
    this.readable(socket, nowUs)
  }

  ended(_socket: Socket, ending: Ending): void {
    const status = /^HTTP\/1\.\d (\d{3})/.exec(this.head?.startLine ?? '')
    this.result = {
      status: status === null ? -1 : Number(status[1]), head: this.head, bodyLength: this.body.total, body: this.body.view(),
      isComplete: this.isComplete() || (this.announced() < 0 && this.head !== null && ending === 'closed'), ending,
    }
    this.options.done?.(this.result)
  }

  private sendRequest(socket: Socket, nowUs: number): void {
    if (this.requestAt < this.request.length) this.requestAt += socket.send(this.request, this.requestAt, this.request.length - this.requestAt, nowUs)
  }

  private take(count: number): void {
    if (this.head !== null || this.isBroken) {
      this.body.add(this.buffer, 0, count)
      return
    }
    const room = Math.min(count, maxHeadBytes - this.headHave)
    this.headBytes.set(this.buffer.subarray(0, room), this.headHave)
    const before = this.headHave
    this.headHave += room
    const length = headLength(this.headBytes, this.headHave)
    if (length < 0) {
      this.isBroken = this.headHave === maxHeadBytes
      return
    }
    this.head = parseHead(this.headBytes, length)
    this.isBroken = this.head === null
    const used = length - before
    this.body.add(this.buffer, used, count - used)
  }

  /** By `Content-Length`; -1 where the end of the connection ends the body. */
  private announced(): number {
    const value = this.head?.fields.get('content-length')
    return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : -1
  }

  private isComplete(): boolean {
    const announced = this.announced()
    return announced >= 0 && this.body.total >= announced
  }
}
