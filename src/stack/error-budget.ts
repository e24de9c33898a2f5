/** So many at once, and then so many a second. */
const burst = 20
const perSecond = 20

/** How many ICMP errors a host may send: a token bucket (RFC 1812 §4.3.2.8, RFC 4443 §2.4 (f)). */
export class ErrorBudget {
  private tokens = burst
  private atUs = 0

  /** @returns whether one more may be sent now */
  take(nowUs: number): boolean {
    this.tokens = Math.min(burst, this.tokens + (nowUs - this.atUs) * perSecond / 1e6)
    this.atUs = nowUs
    if (this.tokens < 1) return false
    this.tokens--
    return true
  }
}
