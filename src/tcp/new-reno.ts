import type { AckNews } from './ack-news.ts'
import { WindowController } from './window-controller.ts'

/** A segment more a round trip, half the flight after a loss (RFC 5681 §3, RFC 6582 §3.2). */
export class NewReno extends WindowController {
  readonly name = 'newReno'
  protected override readonly lossFactor = 0.5
  protected override readonly gentleFactor = 0.8
  /** Bytes acknowledged since the last growth in congestion avoidance. */
  #credit = 0

  protected override avoid(news: AckNews): void {
    this.#credit += news.ackedBytes
    if (this.#credit < this.cwnd) return
    this.#credit -= this.cwnd
    this.cwnd += this.smss
  }

  /** Equation 4: from what is in flight, not from cwnd. */
  protected override thresholdAfterLoss(flightSize: number): number {
    return Math.max(Math.floor(flightSize * this.lossFactor), 2 * this.smss)
  }

  protected override restore(): void {}

  protected override restart(): void {
    this.#credit = 0
  }
}
