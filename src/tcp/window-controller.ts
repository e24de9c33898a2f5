import type { AckNews } from './ack-news.ts'
import type { CongestionController, CongestionMetrics } from './congestion.ts'
import type { CongestionControlName } from './config.ts'
import { HyStart } from './hystart.ts'

/** Arbitrarily high (RFC 5681 §3.1): no loss was seen yet. */
const unknownThreshold = 0x7fff_ffff

/** What systems do otherwise than the RFCs: see the configuration. */
export interface WindowRules { readonly slowStartSegments: number, readonly lossReducesWindow: boolean, readonly growsByDelivery: boolean }
const windowRules: WindowRules = { slowStartSegments: 1, lossReducesWindow: false, growsByDelivery: false }

/** What all loss-based controllers share: slow start (RFC 5681 §3.1, RFC 9406) and the windows of recovery (RFC 5681 §3.2, RFC 6582 §3.2). */
export abstract class WindowController implements CongestionController {
  abstract readonly name: CongestionControlName
  cwnd = 0
  ssthresh = unknownThreshold
  protected smss = 1
  readonly #hystart: HyStart | null

  readonly #rules: WindowRules

  constructor(hystart: boolean, rules: WindowRules = windowRules) {
    this.#rules = rules
    this.#hystart = hystart ? new HyStart() : null
  }

  get conservative(): boolean {
    return this.#hystart !== null && this.#hystart.conservative
  }

  start(smss: number, initialWindow: number): void {
    this.smss = smss
    this.cwnd = initialWindow
  }

  changeMss(smss: number): void {
    this.smss = smss
  }

  onAck(news: AckNews): boolean {
    if (this.cwnd >= this.ssthresh) {
      this.avoid(news)
      return false
    }
    const hasEnded = this.#slowStart(news)
    if (this.#rules.growsByDelivery && this.cwnd > this.ssthresh) this.#avoidWithRest(news)
    return hasEnded
  }

  onFastRetransmit(flightSize: number): void {
    this.#reduce(flightSize)
    this.cwnd = this.ssthresh + 3 * this.smss
  }

  onRecoveryDuplicate(): void {
    this.cwnd += this.smss
  }

  onLoss(flightSize: number): void {
    this.#reduce(flightSize)
    this.cwnd = this.ssthresh
  }

  onEcn(flightSize: number, gentle: boolean): void {
    const load = this.#rules.lossReducesWindow ? this.cwnd : flightSize
    const window = Math.floor(load * (gentle ? this.gentleFactor : this.lossFactor))
    this.#reduce(flightSize)
    this.ssthresh = Math.max(window, 2 * this.smss)
    this.cwnd = Math.max(window, this.smss)
    this.restart(false)
  }

  setRecoveryWindow(bytes: number): void {
    this.cwnd = bytes
  }

  onRecovered(): void {
    this.cwnd = this.ssthresh
    this.restart(false)
  }

  undo(cwnd: number, ssthresh: number): void {
    this.cwnd = cwnd
    this.ssthresh = ssthresh
    this.restore()
  }

  onPartialAck(ackedBytes: number): void {
    this.cwnd = Math.max(this.cwnd - ackedBytes, this.smss)
    if (ackedBytes >= this.smss) this.cwnd += this.smss
  }

  onFullAck(flightSize: number): void {
    this.cwnd = Math.min(this.ssthresh, Math.max(flightSize, this.smss) + this.smss)
    this.restart(false)
  }

  onTimeout(flightSize: number, again: boolean): void {
    if (!again) this.#reduce(flightSize)
    this.cwnd = this.smss
    this.restart(true)
  }

  onIdle(restartWindow: number): void {
    this.cwnd = Math.min(this.cwnd, restartWindow)
    this.restart(false)
    this.#hystart?.reset()
  }

  onResume(_nowUs: number): void {}

  metrics(into: CongestionMetrics): CongestionMetrics {
    into.cwnd = this.cwnd
    into.ssthresh = this.ssthresh
    into.smss = this.smss
    into.slowStart = this.cwnd < this.ssthresh
    return into
  }

  /** What is left of the flight after a loss, and after a mark where that counts less (RFC 8511 §3). */
  protected abstract readonly lossFactor: number
  protected abstract readonly gentleFactor: number

  /** Congestion avoidance: cwnd grows by what this ACK is worth. */
  protected abstract avoid(news: AckNews): void

  /** The ssthresh that a loss with `flightSize` in flight leaves; `cwnd` is still the one before it. */
  protected abstract thresholdAfterLoss(flightSize: number): number

  /** The last {@link thresholdAfterLoss} did not happen. */
  protected abstract restore(): void

  /** cwnd was set anew: a new stage of congestion avoidance begins when it is reached. */
  protected abstract restart(afterTimeout: boolean): void

  #reduce(flightSize: number): void {
    this.ssthresh = this.#loadAfterLoss(flightSize)
    this.#hystart?.reset()
  }

  #loadAfterLoss(flightSize: number): number {
    if (!this.#rules.lossReducesWindow) return this.thresholdAfterLoss(flightSize)
    const window = this.thresholdAfterLoss(this.cwnd)
    // The fractions are of 1024, so that seven tenths of ten segments are seven.
    return Math.max(Math.floor(window * (1 + 1 / 1024) / this.smss), 2) * this.smss
  }

  /** What slow start has no use for. */
  #avoidWithRest(news: AckNews): void {
    news.ackedBytes = this.cwnd - this.ssthresh
    this.cwnd = this.ssthresh
    this.avoid(news)
  }

  #slowStart(news: AckNews): boolean {
    // HyStart++ is for the first slow start alone: later ones know where to end (RFC 9406 §4.3).
    if (this.#hystart === null || this.ssthresh < unknownThreshold) {
      this.cwnd += Math.min(news.ackedBytes, this.#rules.slowStartSegments * this.smss)
      return this.cwnd >= this.ssthresh
    }
    this.cwnd += this.#hystart.growth(news.ackedBytes, this.smss)
    if (this.#hystart.onAck(news)) {
      this.ssthresh = this.cwnd
      this.#hystart.reset()
    }
    return this.cwnd >= this.ssthresh
  }
}
