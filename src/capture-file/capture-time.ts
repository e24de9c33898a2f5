/**
 * Splits times of capture files into seconds and nanoseconds. A 64-bit count of nanoseconds passes 2^53, so the division goes
 * through 16-bit digits; only resolutions finer than nanoseconds, or odd binary ones, take the slow way.
 */
export class CaptureTime {
  sec = 0
  nsec = 0
  /** The count at which {@link sec} begins, and the units it was counted in; 0 where that is not known. */
  private secondHigh = 0
  private secondLow = 0
  private secondUnits = 0

  /** `high * 2^32 + low` units since 1970. */
  set(high: number, low: number, unitsPerSecond: number): void {
    // Most times lie in the second of the one before.
    const since = (high - this.secondHigh) * 0x1_0000_0000 + (low - this.secondLow)
    if (since >= 0 && since < unitsPerSecond && unitsPerSecond === this.secondUnits) {
      this.nsec = since * (1e9 / unitsPerSecond)
      return
    }
    this.secondUnits = 0
    if (unitsPerSecond > 1e9 || 1e9 % unitsPerSecond !== 0) {
      this.setExactly(high, low, unitsPerSecond)
      return
    }
    let rest = high % unitsPerSecond
    let quotient = Math.floor(high / unitsPerSecond)
    const upper = rest * 0x1_0000 + (low >>> 16)
    quotient = quotient * 0x1_0000 + Math.floor(upper / unitsPerSecond)
    rest = upper % unitsPerSecond
    const lower = rest * 0x1_0000 + (low & 0xffff)
    this.sec = quotient * 0x1_0000 + Math.floor(lower / unitsPerSecond)
    rest = lower % unitsPerSecond
    this.nsec = rest * (1e9 / unitsPerSecond)
    this.secondHigh = high
    this.secondLow = low - rest
    this.secondUnits = unitsPerSecond
  }

  private setExactly(high: number, low: number, unitsPerSecond: number): void {
    const units = (BigInt(high) << 32n) | BigInt(low)
    const second = BigInt(unitsPerSecond)
    this.sec = Number(units / second)
    this.nsec = Number((units % second) * 1_000_000_000n / second)
  }
}

/** Units in a second of an `if_tsresol` byte: a power of ten, or of two where the top bit is set; 0 where a 64-bit count could not hold a second. */
export function unitsPerSecondOf(resolution: number): number {
  const exponent = resolution & 0x7f
  if ((resolution & 0x80) !== 0) return exponent <= 63 ? 2 ** exponent : 0
  return exponent <= 19 ? 10 ** exponent : 0
}
