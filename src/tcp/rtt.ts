import type { TcpConfig } from './config.ts'

/** Round-trip time and retransmission timeout (RFC 6298 §2, §5.5). */
export class RttEstimator {
  /** -1 before the first sample. */
  srttUs = -1
  rttvarUs = 0
  /** Expiries since the last sample; each doubles the timeout. */
  backoff = 0
  #computedUs: number

  constructor(config: TcpConfig) {
    this.#computedUs = config.initialRtoUs
  }

  /** Takes the round trip of a segment that was sent once, or that a timestamp identifies (Karn's rule is the caller's). */
  sample(rttUs: number, config: TcpConfig): void {
    if (this.srttUs < 0) {
      this.srttUs = rttUs
      this.rttvarUs = rttUs / 2
    } else {
      this.rttvarUs += (Math.abs(this.srttUs - rttUs) - this.rttvarUs) / 4
      this.srttUs += (rttUs - this.srttUs) / 8
    }
    this.#compute(config)
    this.backoff = 0
  }

  /** A timeout was spurious: the estimates become what they were, or as long as the round trip that it took for one (RFC 4015 §3.2, step 8); -1 where it is not known. */
  noteSpurious(priorSrttUs: number, priorRttvarUs: number, sampleUs: number, config: TcpConfig): void {
    this.backoff = 0
    if (sampleUs < 0 || this.srttUs < 0) return
    this.srttUs = Math.max(priorSrttUs, sampleUs)
    this.rttvarUs = Math.max(priorRttvarUs, sampleUs / 2)
    this.#compute(config)
  }

  /** After so many expiries the path may be another one: the next sample counts like a first (§5). The timeout stays until then. */
  forget(config: TcpConfig): void {
    this.#computedUs = Math.max(this.#computedUs, config.minRtoUs)
    this.srttUs = -1
    this.rttvarUs = 0
  }

  /** Rule 5.7: a SYN that had to be repeated makes the first timeout of the data at least this long. */
  raiseTo(rtoUs: number): void {
    this.#computedUs = Math.max(this.#computedUs, rtoUs)
    this.backoff = 0
  }

  rtoUs(config: TcpConfig): number {
    return this.backedOff(this.backoff, config)
  }

  /** The timeout after `doublings` expiries, also the spacing of window probes. */
  backedOff(doublings: number, config: TcpConfig): number {
    const base = Math.max(this.#computedUs, this.srttUs < 0 ? 0 : config.minRtoUs)
    return Math.min(base * (1 << Math.min(doublings, 30)), config.maxRtoUs)
  }

  #compute(config: TcpConfig): void {
    this.#computedUs = Math.round(this.srttUs + Math.max(config.clockGranularityUs, config.rtoVarianceFloorUs, 4 * this.rttvarUs)) + config.rtoSlopUs
  }
}
