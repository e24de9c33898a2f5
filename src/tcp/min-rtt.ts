const halfWindowUs = 150_000_000

/** The least round trip of the last 150 to 300 seconds: the lesser of two half windows, so that a path that became longer is noticed (RFC 8985 §6.2). */
export class MinRtt {
  #currentUs = Infinity
  #previousUs = Infinity
  #sinceUs = 0

  /** Infinity before the first sample. */
  get us(): number {
    return Math.min(this.#currentUs, this.#previousUs)
  }

  sample(rttUs: number, nowUs: number): void {
    if (nowUs - this.#sinceUs >= halfWindowUs) {
      this.#previousUs = nowUs - this.#sinceUs >= 2 * halfWindowUs ? Infinity : this.#currentUs
      this.#currentUs = Infinity
      this.#sinceUs = nowUs
    }
    if (rttUs < this.#currentUs) this.#currentUs = rttUs
  }
}
