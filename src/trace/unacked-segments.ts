const wordsEach = 5
/** As many as Wireshark keeps: an end whose peer is not heard would gather them without bound. */
export const maxUnackedSegments = 10_000
const firstSegments = 4
const farApart = 1 << 30
const nothing = new Int32Array(0)

/**
 * Segments of one end that no acknowledgment has covered yet, oldest first.
 *
 *     words   [first number, number behind the last, packet, second, nanosecond] for each
 *
 * While they lie behind each other in sequence, an acknowledgment only looks at those that it covers.
 */
export class UnackedSegments {
  /** What {@link acknowledge} found: the oldest segment that ends at the acknowledgment; packet 0 where there is none. */
  matchedPacket = 0
  private words = nothing
  private head = 0
  private tail = 0
  private isInOrder = true
  /** Lowest first number and highest end, as unsigned distances from the end's first number; they hold while there are segments. */
  private lowest = 0
  private highest = 0

  get count(): number { return (this.tail - this.head) / wordsEach }

  /**
   * `seq` and `end` as signed words; `base` is the number that distances count from.
   * @returns false where there are too many
   */
  push(seq: number, end: number, packet: number, sec: number, nsec: number, base: number): boolean {
    if (this.head === this.tail) {
      this.head = this.tail = 0
      this.isInOrder = true
      this.lowest = 0xffff_ffff
      this.highest = 0
    } else if (this.count >= maxUnackedSegments) {
      return false
    } else if (this.isInOrder) {
      const { words } = this
      this.isInOrder = ((seq - words[this.tail - wordsEach + 1]) | 0) >= 0 && ((end - words[this.head]) >>> 0) < farApart
    }
    if (this.tail === this.words.length) this.makeRoom()
    const { words, tail } = this
    words[tail] = seq
    words[tail + 1] = end
    words[tail + 2] = packet
    words[tail + 3] = sec
    words[tail + 4] = nsec
    this.tail = tail + wordsEach
    this.noteEdges(seq, end, base)
    return true
  }

  /** Forgets what `ack` covers and shortens what it covers in part. */
  acknowledge(ack: number, base: number): void {
    this.matchedPacket = 0
    if (this.head === this.tail) return
    // Beyond half the number space what lies behind what is not the same for all of them.
    const ahead = (ack - this.words[this.head]) | 0
    if (this.isInOrder && ahead < farApart && ahead > -farApart) this.acknowledgeInOrder(ack, base)
    else this.acknowledgeAny(ack, base)
  }

  /** From the lowest number to behind the highest, counted as Wireshark does; 0 where there is nothing. */
  get span(): number { return this.head === this.tail ? 0 : (this.highest - this.lowest) >>> 0 }

  /** The packet that the oldest segment came in; 0 where there is none. */
  get oldestPacket(): number { return this.head === this.tail ? 0 : this.words[this.head + 2] }

  private acknowledgeInOrder(ack: number, base: number): void {
    const { words } = this
    let at = this.head
    for (; at < this.tail && ((ack - words[at + 1]) | 0) >= 0; at += wordsEach) {
      if (words[at + 1] === ack && this.matchedPacket === 0) this.matchedPacket = words[at + 2]
    }
    this.head = at
    if (at === this.tail) return
    if (((ack - words[at]) | 0) > 0) words[at] = ack
    this.lowest = (words[at] - base) >>> 0
    this.highest = (words[this.tail - wordsEach + 1] - base) >>> 0
    // A distance that has wrapped (4 GiB into the stream) is not the order of the segments any more.
    if (this.highest < this.lowest) this.countFrom(base)
  }

  private acknowledgeAny(ack: number, base: number): void {
    const { words } = this
    let kept = this.head
    for (let at = this.head; at < this.tail; at += wordsEach) {
      const end = words[at + 1]
      const isExact = end === ack
      if (isExact && this.matchedPacket === 0) this.matchedPacket = words[at + 2]
      // Exactly 2³¹ apart, each of two numbers is before the other.
      const isCoveredInPart = ((words[at] - ack) | 0) < 0 && ((ack - end) | 0) <= 0
      if (isExact || (!isCoveredInPart && ((ack - end) | 0) >= 0)) continue
      if (isCoveredInPart) words[at] = ack
      if (kept !== at) words.copyWithin(kept, at, at + wordsEach)
      kept += wordsEach
    }
    this.tail = kept
    this.countFrom(base)
  }

  /** Distances count from another number now. */
  countFrom(base: number): void {
    this.lowest = 0xffff_ffff
    this.highest = 0
    for (let at = this.head; at < this.tail; at += wordsEach) this.noteEdges(this.words[at], this.words[at + 1], base)
  }

  private noteEdges(seq: number, end: number, base: number): void {
    const low = (seq - base) >>> 0
    const high = (end - base) >>> 0
    if (low < this.lowest) this.lowest = low
    if (high > this.highest) this.highest = high
  }

  private makeRoom(): void {
    const { head, tail } = this
    const used = tail - head
    const words = used * 2 >= this.words.length ? new Int32Array(Math.max(firstSegments * wordsEach, this.words.length * 2)) : this.words
    if (words === this.words) words.copyWithin(0, head, tail)
    else words.set(this.words.subarray(head, tail))
    this.words = words
    this.head = 0
    this.tail = used
  }
}
