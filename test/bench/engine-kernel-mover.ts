import type { Speaker } from '../../main/lab/driver.ts'
import type { FrameBatch, FrameWriter } from '../../src/link/frame-batch.ts'
import type { Host } from '../../src/stack/host.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'

/** A host whose one connection sends, or reads, whatever it can. */
export class Mover implements Speaker {
  readonly snapshot = createTcpSnapshot()
  private readonly host: Host
  private readonly id: number
  private readonly isSender: boolean
  private readonly chunk = new Uint8Array(256 * 1024)
  private isOpen = false
  private received = 0

  constructor(host: Host, id: number, isSender: boolean) {
    this.host = host
    this.id = id
    this.isSender = isSender
  }

  handleBatch(batch: FrameBatch, nowUs: number): void { this.host.handleBatch(batch, nowUs) }
  handleTimeout(nowUs: number): void { this.host.handleTimeout(nowUs) }
  pollTimeout(): number { return this.host.pollTimeout() }

  pollTransmit(nowUs: number, writer: FrameWriter): number {
    const { host, id, chunk } = this
    for (let event = host.pollEvent(); event !== null; event = host.pollEvent()) {
      if (event.kind === 'connected') this.isOpen = true
      else if (['reset', 'refused', 'timedOut', 'unreachable'].includes(event.kind)) throw new Error(`the connection ended: ${event.kind}`)
    }
    if (this.isOpen && this.isSender) while (host.send(id, chunk, 0, chunk.length, nowUs) > 0);
    if (this.isOpen && !this.isSender) for (let count = 1; count > 0; this.received += Math.max(0, count)) count = host.receive(id, chunk, 0, chunk.length, nowUs)
    return host.pollTransmit(nowUs, writer)
  }

  /** Bytes that the reader has, as far as we know. */
  moved(): number {
    this.host.connection(this.id)!.snapshot(this.snapshot)
    return this.isSender ? this.snapshot.bytesAcked : this.received
  }
}
