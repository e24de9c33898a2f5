import { ApplicationRunner } from '../stack/applications/runner.ts'
import type { Host } from '../stack/host.ts'
import type { HostEvent } from '../stack/host-event.ts'
import { FrameWriter } from '../link/frame-batch.ts'
import type { FrameBatch } from '../link/frame-batch.ts'
import type { Link } from '../link/link.ts'

const framesPerTurn = 256

/** Sees frames as they pass between a host and its link. The batch is valid only during the call. */
export type FrameObserver = (station: Station, direction: 'sent' | 'received', batch: FrameBatch, nowUs: number) => void

/** A host on a link, with its applications: drives them for as long as there is something to do at one moment. */
export class Station {
  readonly name: string
  readonly host: Host
  readonly link: Link
  readonly applications: ApplicationRunner
  onEvent: ((event: HostEvent, nowUs: number) => void) | null = null
  onFrames: FrameObserver | null = null
  private readonly writer: FrameWriter

  constructor(name: string, host: Host, link: Link) {
    this.name = name
    this.host = host
    this.link = link
    this.applications = new ApplicationRunner(host)
    this.writer = new FrameWriter(framesPerTurn, framesPerTurn * (link.info.mtu + 22))
  }

  /**
   * One round: receive, time out, send, run applications, send. What TCP has to say at once leaves before applications add to it, so that
   * a handshake ends with an ACK of its own and a FIN is acknowledged before ours.
   * @returns whether anything happened
   */
  turn(nowUs: number): boolean {
    let isBusy = this.link.drain((batch) => this.receive(batch, nowUs), framesPerTurn) > 0
    if (this.host.pollTimeout() <= nowUs) this.host.handleTimeout(nowUs)
    if (isBusy) this.transmit(nowUs)
    if (this.applications.run(nowUs, (event) => this.onEvent?.(event, nowUs)) > 0) isBusy = true
    return this.transmit(nowUs) || isBusy
  }

  nextDeadlineUs(): number {
    return Math.min(this.host.pollTimeout(), this.link.nextDeadlineUs())
  }

  private receive(batch: FrameBatch, nowUs: number): void {
    this.onFrames?.(this, 'received', batch, nowUs)
    this.host.handleBatch(batch, nowUs)
  }

  /** Frames that the link has not taken stay in the writer and are offered again in the next round. */
  private transmit(nowUs: number): boolean {
    const { batch } = this.writer
    let isBusy = false
    for (;;) {
      if (batch.count === 0) {
        this.writer.clear()
        if (this.host.pollTransmit(nowUs, this.writer) === 0) return isBusy
        this.onFrames?.(this, 'sent', batch, nowUs)
      }
      const taken = this.link.send(batch)
      isBusy ||= taken > 0
      batch.dropFirst(taken)
      if (batch.count > 0) return isBusy
    }
  }
}
