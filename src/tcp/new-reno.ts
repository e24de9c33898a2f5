import type { CongestionController, CongestionMetrics } from './congestion.ts'

/** Slow start, congestion avoidance and the window of fast recovery (RFC 5681 §3, RFC 6582 §3.2). */
export class NewReno implements CongestionController {
  readonly name = 'newReno'
  cwnd = 0
  /** Arbitrarily high at first (RFC 5681 §3.1). */
  ssthresh = 0x7fff_ffff
  #smss = 0
  /** Bytes acknowledged since the last growth in congestion avoidance. */
  #credit = 0

  start(smss: number, initialWindow: number): void {
    this.#smss = smss
    this.cwnd = initialWindow
  }

  onAck(ackedBytes: number): boolean {
    if (this.cwnd < this.ssthresh) {
      this.cwnd += Math.min(ackedBytes, this.#smss)
      return this.cwnd >= this.ssthresh
    }
    this.#credit += ackedBytes
    if (this.#credit >= this.cwnd) {
      this.#credit -= this.cwnd
      this.cwnd += this.#smss
    }
    return false
  }

  onFastRetransmit(flightSize: number): void {
    this.#halve(flightSize)
    this.cwnd = this.ssthresh + 3 * this.#smss
  }

  onRecoveryDuplicate(): void {
    this.cwnd += this.#smss
  }

  onLoss(flightSize: number): void {
    this.#halve(flightSize)
    this.cwnd = this.ssthresh
  }

  setRecoveryWindow(bytes: number): void {
    this.cwnd = bytes
  }

  onRecovered(): void {
    this.cwnd = this.ssthresh
    this.#credit = 0
  }

  onPartialAck(ackedBytes: number): void {
    this.cwnd = Math.max(this.cwnd - ackedBytes, this.#smss)
    if (ackedBytes >= this.#smss) this.cwnd += this.#smss
  }

  onFullAck(flightSize: number): void {
    this.cwnd = Math.min(this.ssthresh, Math.max(flightSize, this.#smss) + this.#smss)
    this.#credit = 0
  }

  onTimeout(flightSize: number, again: boolean): void {
    if (!again) this.#halve(flightSize)
    this.cwnd = this.#smss
    this.#credit = 0
  }

  onIdle(restartWindow: number): void {
    this.cwnd = Math.min(this.cwnd, restartWindow)
    this.#credit = 0
  }

  metrics(into: CongestionMetrics): CongestionMetrics {
    into.cwnd = this.cwnd
    into.ssthresh = this.ssthresh
    into.smss = this.#smss
    into.slowStart = this.cwnd < this.ssthresh
    return into
  }

  /** Equation 4: from what is in flight, not from cwnd. */
  #halve(flightSize: number): void {
    this.ssthresh = Math.max(Math.floor(flightSize / 2), 2 * this.#smss)
  }
}
