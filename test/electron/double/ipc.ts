import { EventEmitter } from 'node:events'

type Handler = (event: unknown, ...args: unknown[]) => unknown

/** `ipcMain`: events from `send`, one handler a channel for `invoke`. */
class IpcMain extends EventEmitter {
  private readonly handlers = new Map<string, Handler>()

  handle(channel: string, handler: Handler): void {
    if (this.handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`)
    this.handlers.set(channel, handler)
  }

  removeHandler(channel: string): void {
    this.handlers.delete(channel)
  }

  async answer(event: unknown, channel: string, args: unknown[]): Promise<unknown> {
    const handler = this.handlers.get(channel)
    if (handler === undefined) throw new Error(`No handler registered for '${channel}'`)
    return handler(event, ...args)
  }
}

export const ipcMain = new IpcMain()

/** One end of a channel in the main process. Messages wait until `start`, and are cloned on the way. */
export class MessagePortMain extends EventEmitter {
  /** The other end; replaced by the window's side when that end was sent away. */
  other: { deliver(data: unknown): void, closed(): void } | null = null
  private isStarted = false
  private isClosed = false
  private readonly waiting: unknown[] = []

  start(): void {
    this.isStarted = true
    for (const data of this.waiting.splice(0)) this.emit('message', { data, ports: [] })
  }

  postMessage(data: unknown): void {
    if (!this.isClosed) this.other?.deliver(structuredClone(data))
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.other?.closed()
    setImmediate(() => this.emit('close'))
  }

  deliver(data: unknown): void {
    if (this.isClosed) return
    if (this.isStarted) setImmediate(() => this.emit('message', { data, ports: [] }))
    else this.waiting.push(data)
  }

  closed(): void {
    if (this.isClosed) return
    this.isClosed = true
    setImmediate(() => this.emit('close'))
  }
}

export class MessageChannelMain {
  readonly port1 = new MessagePortMain()
  readonly port2 = new MessagePortMain()

  constructor() {
    this.port1.other = this.port2
    this.port2.other = this.port1
  }
}
