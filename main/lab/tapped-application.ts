import { Socket } from '../../src/stack/applications/application.ts'
import type { Application, Ending } from '../../src/stack/applications/application.ts'
import type { Host } from '../../src/stack/host.ts'
import { ReceivedTail } from './received-tail.ts'

/** Received bytes of a connection that can be looked at. */
const tailBytes = 64 * 1024

/** An application whose received bytes can be looked at. */
export class TappedApplication implements Application {
  readonly inner: Application
  readonly tail = new ReceivedTail(tailBytes)
  private readonly host: Host
  private socket: TappedSocket | null = null

  constructor(inner: Application, host: Host) {
    this.inner = inner
    this.host = host
  }

  opened(socket: Socket, nowUs: number): void {
    this.inner.opened?.(this.tapped(socket), nowUs)
  }

  readable(socket: Socket, nowUs: number): void {
    this.inner.readable?.(this.tapped(socket), nowUs)
  }

  writable(socket: Socket, nowUs: number): void {
    this.inner.writable?.(this.tapped(socket), nowUs)
  }

  remoteClosed(socket: Socket, nowUs: number): void {
    this.inner.remoteClosed?.(this.tapped(socket), nowUs)
  }

  ended(socket: Socket, ending: Ending, nowUs: number): void {
    this.inner.ended?.(this.tapped(socket), ending, nowUs)
  }

  private tapped(socket: Socket): Socket {
    this.socket ??= new TappedSocket(this.host, socket.id, this.tail)
    return this.socket
  }
}

class TappedSocket extends Socket {
  private readonly tail: ReceivedTail

  constructor(host: Host, id: number, tail: ReceivedTail) {
    super(host, id)
    this.tail = tail
  }

  override receive(into: Uint8Array, at: number, length: number, nowUs: number): number {
    const received = super.receive(into, at, length, nowUs)
    if (received > 0) this.tail.add(into, at, received)
    return received
  }
}
