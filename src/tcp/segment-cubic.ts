import type { AckNews } from './ack-news.ts'
import { WindowController } from './window-controller.ts'

/** Fractions of 1024: beta_cubic, and what fast convergence leaves of the last peak (RFC 9438 §4.6, §4.7). */
const one = 1024
const beta = 717
/** Eighths of an ACK that Reno needs for a segment: 8 / friendlyAlpha. */
const friendlyShare = Math.floor(Math.floor(8 * (one + beta) / 3) / (one - beta))
const c = 0.4
/** Segments for one more where the curve is flat, and before any loss. */
const flatCount = 100
const firstCount = 20
const leastCount = 2
/** As long as cwnd stays, the curve is read again only after so long. */
const rereadUs = 31_250
const usPerSecond = 1_000_000

/**
 * CUBIC (RFC 9438) as kernels compute it: cwnd is a whole number of segments, and what an ACK is worth is how many segments have to be
 * acknowledged for one more.
 */
export class SegmentCubic extends WindowController {
  readonly name = 'cubic'
  protected override readonly lossFactor = beta / one
  protected override readonly gentleFactor = 0.85
  #lastMax = 0
  #origin = 0
  #k = 0
  #epochUs = -1
  #lastReadUs = -1
  #lastWindow = 0
  #lastAckUs = 0
  /** Segments acknowledged towards the next one, for one more of the curve and for one more of Reno. */
  #credit = 0
  #friendlyCredit = 0
  #friendlyWindow = 0
  #count = 0

  /** Nothing was in flight: that time does not count (§4.2, §5.8). */
  override onResume(nowUs: number): void {
    if (this.#epochUs >= 0 && nowUs > this.#lastAckUs) this.#epochUs += nowUs - this.#lastAckUs
  }

  protected override avoid(news: AckNews): void {
    const { nowUs, ackedBytes, flightSize, srttUs } = news
    this.#lastAckUs = nowUs
    if (flightSize + this.smss <= this.cwnd) return
    const acked = Math.ceil(ackedBytes / this.smss)
    this.#read(acked, nowUs, Math.max(0, srttUs))
    this.#grow(Math.max(1, this.#count), acked)
  }

  protected override thresholdAfterLoss(load: number): number {
    const cwnd = this.#segments()
    this.#epochUs = -1
    this.#lastMax = cwnd < this.#lastMax ? Math.floor(cwnd * (one + beta) / (2 * one)) : cwnd
    return Math.max(Math.floor(Math.floor(load / this.smss) * beta / one), 2) * this.smss
  }

  protected override restore(): void {}

  protected override restart(afterTimeout: boolean): void {
    if (!afterTimeout) return
    this.#epochUs = -1
    this.#lastMax = 0
    this.#lastReadUs = -1
    this.#credit = 0
    this.#count = 0
  }

  #segments(): number {
    return Math.floor(this.cwnd / this.smss)
  }

  /** §4.2 to §4.5: how many segments one more is worth. */
  #read(acked: number, nowUs: number, rttUs: number): void {
    const cwnd = this.#segments()
    this.#friendlyCredit += acked
    if (this.#lastWindow === cwnd && this.#lastReadUs >= 0 && nowUs - this.#lastReadUs <= rereadUs) return
    this.#lastWindow = cwnd
    this.#lastReadUs = nowUs
    if (this.#epochUs < 0) this.#beginEpoch(cwnd, acked, nowUs)
    const offset = (nowUs - this.#epochUs + rttUs) / usPerSecond - this.#k
    const rise = Math.floor(c * Math.abs(offset) ** 3)
    const target = offset < 0 ? this.#origin - rise : this.#origin + rise
    this.#count = target > cwnd ? Math.floor(cwnd / (target - cwnd)) : flatCount * cwnd
    if (this.#lastMax === 0) this.#count = Math.min(this.#count, firstCount)
    this.#befriend(cwnd)
    this.#count = Math.max(this.#count, leastCount)
  }

  #beginEpoch(cwnd: number, acked: number, nowUs: number): void {
    this.#epochUs = nowUs
    this.#friendlyCredit = acked
    this.#friendlyWindow = cwnd
    this.#k = this.#lastMax <= cwnd ? 0 : Math.cbrt((this.#lastMax - cwnd) / c)
    this.#origin = Math.max(this.#lastMax, cwnd)
  }

  /** §4.3: never slower than Reno. */
  #befriend(cwnd: number): void {
    const each = Math.max(1, Math.floor(cwnd * friendlyShare / 8))
    while (this.#friendlyCredit > each) {
      this.#friendlyCredit -= each
      this.#friendlyWindow++
    }
    if (this.#friendlyWindow > cwnd) this.#count = Math.min(this.#count, Math.floor(cwnd / (this.#friendlyWindow - cwnd)))
  }

  #grow(count: number, acked: number): void {
    if (this.#credit >= count) {
      this.#credit = 0
      this.cwnd += this.smss
    }
    this.#credit += acked
    const more = Math.floor(this.#credit / count)
    this.#credit -= more * count
    this.cwnd += more * this.smss
  }
}
