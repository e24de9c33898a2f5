/**
 * Turns the sequence numbers of one direction into numbers that do not wrap, 0 for the direction's first. A number stands within 2^31 of the
 * furthest one taken so far, as on the wire (RFC 9293 §3.4).
 */
export class SeqUnwrapper {
  private furthest = 0

  /** @param base number that becomes 0, of 32 bits, signed or not */
  constructor(private readonly base: number) {}

  /** Where a number stands, without going there: for what may be wrong, such as the number of a RST. */
  place(seq: number): number {
    return this.furthest + ((seq - this.base - (this.furthest | 0)) | 0)
  }

  /** Where a number stands; later ones are placed around it, if it is the furthest. */
  take(seq: number): number {
    const placed = this.place(seq)
    if (placed > this.furthest) this.furthest = placed
    return placed
  }
}
