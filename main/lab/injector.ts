import { FrameWriter } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { Link } from '../../src/link/link.ts'
import type { Task } from './driver.ts'

interface Order {
  frames: readonly Uint8Array[]
  total: number
  ratePps: number
  sent: number
  refused: number
  startUs: number
  failedBefore: number
  done: (result: { sent: number, failed: number }) => void
}

/** Frames of one turn. */
const turnFrames = 256
/** How long a link that takes nothing is waited for before the rest counts as failed. */
const patienceUs = 1_000_000
const retryUs = 1000

/** Sends frames that nobody's protocol asked for, at the rate that was agreed; one order after another. */
export class Injector implements Task {
  private readonly link: Link
  private readonly orders: Order[] = []
  private readonly writer: FrameWriter
  private dueUs = Infinity
  private stuckSinceUs = -1

  constructor(link: Link) {
    this.link = link
    this.writer = new FrameWriter(turnFrames, turnFrames * (link.info.mtu + 32))
  }

  /** Sends the list of frames over and over, `total` frames in all. */
  send(frames: readonly Uint8Array[], total: number, ratePps: number, nowUs: number): Promise<{ sent: number, failed: number }> {
    if (total === 0) return Promise.resolve({ sent: 0, failed: 0 })
    return new Promise((done) => {
      this.orders.push({ frames, total, ratePps, sent: 0, refused: 0, startUs: -1, failedBefore: this.failures(), done })
      if (this.orders.length === 1) this.dueUs = nowUs
    })
  }

  pollTimeout(): number {
    return this.dueUs
  }

  handleTimeout(nowUs: number): void {
    const order = this.orders[0]
    if (order === undefined) { this.dueUs = Infinity; return }
    if (order.startUs < 0) order.startUs = nowUs
    const dueFrames = Math.min(order.total, Math.floor((nowUs - order.startUs) * order.ratePps / 1e6) + 1)
    const taken = this.sendFrames(order, Math.min(turnFrames, dueFrames - order.sent))
    if (order.sent < dueFrames && taken === 0) this.wait(order, nowUs)
    else this.stuckSinceUs = -1
    if (order.sent + order.refused >= order.total) this.finish(order, nowUs)
    else if (this.stuckSinceUs >= 0) this.dueUs = nowUs + retryUs
    else this.dueUs = order.startUs + Math.ceil(order.sent * 1e6 / order.ratePps)
  }

  /** The link is gone: what was not sent has failed. */
  stop(): void {
    for (const order of this.orders.splice(0)) order.done({ sent: order.sent, failed: order.total - order.sent })
    this.dueUs = Infinity
  }

  private sendFrames(order: Order, count: number): number {
    const { writer } = this
    writer.clear()
    for (let i = 0; i < count; i++) if (!writer.write(order.frames[(order.sent + i) % order.frames.length])) break
    const taken = writer.count === 0 ? 0 : this.link.send(writer.batch)
    order.sent += taken
    return taken
  }

  private wait(order: Order, nowUs: number): void {
    if (this.stuckSinceUs < 0) this.stuckSinceUs = nowUs
    if (nowUs - this.stuckSinceUs > patienceUs) order.refused = order.total - order.sent
  }

  private finish(order: Order, nowUs: number): void {
    this.orders.shift()
    this.stuckSinceUs = -1
    this.dueUs = this.orders.length > 0 ? nowUs : Infinity
    const failed = Math.min(order.sent, Math.max(0, this.failures() - order.failedBefore))
    order.done({ sent: order.sent - failed, failed: failed + order.refused })
  }

  private failures(): number {
    const counts = emptyStatistics()
    this.link.statistics(counts)
    return counts.sendFailed
  }
}
