import type { AckNews } from './ack-news.ts'
import { WindowController } from './window-controller.ts'

const c = 0.4
const beta = 0.7
/** Makes the Reno-friendly estimate as fast as Reno's 0.5 and 1 (§4.3). */
const friendlyAlpha = 3 * (1 - beta) / (1 + beta)
const usPerSecond = 1_000_000

/**
 * CUBIC (RFC 9438): in congestion avoidance the window is a cubic function of the time since the last loss, flat around the window at
 * which that happened, and never less than what Reno would have. Windows are segments in the formulas, bytes elsewhere.
 */
export class Cubic extends WindowController {
  readonly name = 'cubic'
  protected override readonly lossFactor = beta
  protected override readonly gentleFactor = 0.85
  /** 0 before the first loss. */
  #wMax = 0
  #k = 0
  /** When this stage of congestion avoidance began, -1 outside of one; time that does not count moves it. */
  #epochUs = -1
  #lastAckUs = 0
  #wEst = 0
  #cwndPrior = 0
  #afterTimeout = false
  readonly #undo = { wMax: 0, k: 0, epochUs: -1, wEst: 0, cwndPrior: 0 }
  /** Growth of less than a byte, kept for the next. */
  #fraction = 0

  /** The windows of the formulas are segments: those that stand in bytes have another number of them, and the curve keeps its height in bytes. */
  override changeMss(smss: number): void {
    const ratio = this.smss / smss
    super.changeMss(smss)
    this.#wMax *= ratio
    this.#wEst *= ratio
    this.#cwndPrior *= ratio
    this.#undo.wMax *= ratio
    this.#undo.wEst *= ratio
    this.#undo.cwndPrior *= ratio
    // (W_max - cwnd_epoch) / C has changed by as much (equation 2).
    this.#k *= Math.cbrt(ratio)
    this.#undo.k *= Math.cbrt(ratio)
  }

  /** Nothing was in flight: the time since the last ACK does not count (§4.2, §5.8). */
  override onResume(nowUs: number): void {
    if (this.#epochUs < 0) return
    this.#epochUs += nowUs - this.#lastAckUs
    this.#lastAckUs = nowUs
  }

  /** §4.2 to §4.5. Growth counts by bytes acknowledged, so that neither delayed nor divided ACKs change it. */
  protected override avoid(news: AckNews): void {
    const { nowUs, ackedBytes, flightSize, srttUs } = news
    const cwnd = this.cwnd / this.smss
    if (this.#epochUs < 0) this.#beginEpoch(cwnd, nowUs)
    // Nor does time in which the application had too little to fill the window.
    const isLimited = flightSize + this.smss > this.cwnd
    if (!isLimited) return this.onResume(nowUs)
    this.#lastAckUs = nowUs
    const acked = Math.min(ackedBytes / this.smss, cwnd)
    const t = (nowUs - this.#epochUs) / usPerSecond
    this.#wEst += (this.#wEst >= this.#cwndPrior ? 1 : friendlyAlpha) * acked / cwnd
    if (this.#window(t) < this.#wEst) return this.#grow(Math.max(0, this.#wEst - cwnd))
    const target = Math.max(cwnd, Math.min(this.#window(t + Math.max(0, srttUs) / usPerSecond), 1.5 * cwnd))
    this.#grow((target - cwnd) / cwnd * acked)
  }

  /** §4.6; with fast convergence (§4.7) who loses below the last peak gives way to others. */
  protected override thresholdAfterLoss(flightSize: number): number {
    this.#undo.wMax = this.#wMax
    this.#undo.k = this.#k
    this.#undo.epochUs = this.#epochUs
    this.#undo.wEst = this.#wEst
    this.#undo.cwndPrior = this.#cwndPrior
    const cwnd = this.cwnd / this.smss
    this.#cwndPrior = cwnd
    this.#wMax = cwnd < this.#wMax ? cwnd * (1 + beta) / 2 : cwnd
    return Math.max(Math.floor(flightSize * beta), 2 * this.smss)
  }

  /** §4.9: the stage goes on as if there had been no loss. */
  protected override restore(): void {
    this.#wMax = this.#undo.wMax
    this.#k = this.#undo.k
    this.#epochUs = this.#undo.epochUs
    this.#wEst = this.#undo.wEst
    this.#cwndPrior = this.#undo.cwndPrior
    this.#afterTimeout = false
  }

  /** After a timeout the next stage begins where slow start ends, flat (§4.8). */
  protected override restart(afterTimeout: boolean): void {
    this.#epochUs = -1
    this.#fraction = 0
    this.#afterTimeout ||= afterTimeout
  }

  #beginEpoch(cwnd: number, nowUs: number): void {
    this.#epochUs = nowUs
    this.#lastAckUs = nowUs
    this.#wEst = cwnd
    if (this.#afterTimeout || this.#wMax <= cwnd) this.#wMax = cwnd
    this.#k = Math.cbrt((this.#wMax - cwnd) / c)
    this.#afterTimeout = false
  }

  /** Equation 1. */
  #window(t: number): number {
    return c * (t - this.#k) ** 3 + this.#wMax
  }

  #grow(segments: number): void {
    const sum = segments * this.smss + this.#fraction
    const whole = Math.floor(sum)
    this.#fraction = sum - whole
    this.cwnd += whole
  }
}
