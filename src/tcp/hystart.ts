import type { AckNews } from './ack-news.ts'

const minRttThresholdUs = 4_000
const maxRttThresholdUs = 16_000
const minRttDivisor = 8
const samplesOfRound = 8
const growthDivisor = 4
const conservativeRounds = 5
/** L of RFC 9406 for a sender that does not pace. */
const segmentLimit = 8

/**
 * HyStart++ (RFC 9406): leaves slow start before it loses, when the least round trip of a round is clearly longer than that of the round
 * before; first into conservative slow start, a quarter as fast, which ends slow start after five rounds or turns out to be mistaken.
 * Needs a round trip with each ACK, so it does nothing on a connection without timestamps.
 */
export class HyStart {
  conservative = false
  #roundEnd = 0
  #round = 0
  #samples = 0
  #lastMinUs = Infinity
  #currentMinUs = Infinity
  #baselineUs = Infinity

  /** From here on a new slow start. */
  reset(): void {
    this.conservative = false
    this.#roundEnd = 0
    this.#round = 0
    this.#samples = 0
    this.#lastMinUs = Infinity
    this.#currentMinUs = Infinity
    this.#baselineUs = Infinity
  }

  /** By how much cwnd grows with this ACK (§4.2). */
  growth(ackedBytes: number, smss: number): number {
    const bytes = Math.min(ackedBytes, segmentLimit * smss)
    return this.conservative ? Math.floor(bytes / growthDivisor) : bytes
  }

  /** @returns whether slow start is over: ssthresh shall be cwnd */
  onAck(news: AckNews): boolean {
    if (this.#roundEnd === 0) this.#beginRound(news)
    if (news.sampleUs >= 0) {
      this.#currentMinUs = Math.min(this.#currentMinUs, news.sampleUs)
      this.#samples++
    }
    if (this.#samples >= samplesOfRound) this.#judge()
    if (news.ackedTo < this.#roundEnd) return false
    const isOver = this.conservative && ++this.#round >= conservativeRounds
    this.#beginRound(news)
    return isOver
  }

  #judge(): void {
    if (this.conservative) {
      if (this.#currentMinUs >= this.#baselineUs) return
      this.conservative = false
      this.#baselineUs = Infinity
      return
    }
    if (this.#lastMinUs === Infinity) return
    const threshold = Math.max(minRttThresholdUs, Math.min(this.#lastMinUs / minRttDivisor, maxRttThresholdUs))
    if (this.#currentMinUs < this.#lastMinUs + threshold) return
    this.#baselineUs = this.#currentMinUs
    this.conservative = true
    this.#round = 0
  }

  #beginRound(news: AckNews): void {
    this.#roundEnd = news.sentTo
    this.#lastMinUs = this.#currentMinUs
    this.#currentMinUs = Infinity
    this.#samples = 0
  }
}
