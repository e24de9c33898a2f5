/** Marks of a piece of what is out. `known`: it was reported once, and what was reported then no longer counts (RFC 2018 §8). */
export const Sent = { sacked: 1, lost: 2, again: 4, known: 8 } as const

const maxRecords = 4096

/**
 * When each outstanding byte left last, and what became of it (RFC 8985 §5.2): records that lie one behind the other from SND.UNA to
 * SND.NXT, as distances from ISS, in a ring of arrays that grows to a bound and allocates nothing else: plain ones, as most connections need a few records, for
 * which typed arrays take several times as long to make. Neighbours that left at
 * the same moment are one record, neighbours that the peer has are one too, and SACK edges and retransmissions cut them. At the bound
 * neighbours with the same marks become one that counts as sent when the later of them was: their loss is only seen later.
 */
export class SentRecords {
  count = 0
  /** Where the first record begins. */
  start: number
  sackedBytes = 0
  /** Lost and not sent again since. */
  lostBytes = 0
  /** No byte at or above this place was sent twice. */
  againEnd = 0
  #first = 0
  #ends = [Infinity, Infinity, Infinity, Infinity]
  #timesUs = [Infinity, Infinity, Infinity, Infinity]
  #flags = [0, 0, 0, 0]

  constructor(start: number) {
    this.start = start
  }

  startAt(index: number): number {
    return index === 0 ? this.start : this.#ends[this.#slot(index - 1)]
  }

  endAt(index: number): number {
    return this.#ends[this.#slot(index)]
  }

  sentUs(index: number): number {
    return this.#timesUs[this.#slot(index)]
  }

  flagsAt(index: number): number {
    return this.#flags[this.#slot(index)]
  }

  get end(): number {
    return this.count === 0 ? this.start : this.endAt(this.count - 1)
  }

  /** The index of the record that holds the byte at `offset`; `count` behind the last. */
  indexOf(offset: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.endAt(middle) <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** New bytes left, up to `end`. */
  append(end: number, nowUs: number): void {
    const newest = this.#slot(this.count - 1)
    if (this.count > 0 && this.#timesUs[newest] === nowUs && this.#flags[newest] === 0) {
      if (end > this.#ends[newest]) this.#ends[newest] = end
      return
    }
    if (end <= this.end) return
    if (this.#makeRoom()) {
      this.count++
      this.#flags[this.#slot(this.count - 1)] = 0
    } else {
      this.#setFlags(this.count - 1, 0)
    }
    const last = this.#slot(this.count - 1)
    this.#ends[last] = end
    this.#timesUs[last] = nowUs
  }

  /** The bytes [from, to) left once more. */
  sendAgain(from: number, to: number, nowUs: number): void {
    this.#cut(from)
    this.#cut(to)
    for (let i = this.indexOf(from); i < this.count && this.startAt(i) < to; i++) {
      this.#setFlags(i, (this.flagsAt(i) & Sent.known) | Sent.again)
      this.#timesUs[this.#slot(i)] = nowUs
    }
    if (to > this.againEnd) this.againEnd = to
  }

  /** The peer reports [from, to): cuts at both ends, so that each record is reported as a whole or not at all. @returns the index of the first record within */
  cutOut(from: number, to: number): number {
    this.#cut(from)
    this.#cut(to)
    return this.indexOf(from)
  }

  /** @returns the index of the record it is a part of from now on */
  markSacked(index: number): number {
    this.#setFlags(index, (this.flagsAt(index) | Sent.sacked) & ~Sent.lost)
    const following = index + 1 < this.count && (this.flagsAt(index + 1) & Sent.sacked) !== 0
    if (following) this.#join(index)
    if (index === 0 || (this.flagsAt(index - 1) & Sent.sacked) === 0) return index
    this.#join(index - 1)
    return index - 1
  }

  markLost(index: number): void {
    this.#setFlags(index, this.flagsAt(index) | Sent.lost)
  }

  /** What was reported no longer counts. */
  forgetSacked(): void {
    for (let i = 0; i < this.count; i++) {
      const flags = this.flagsAt(i)
      if ((flags & Sent.sacked) !== 0) this.#setFlags(i, (flags & ~Sent.sacked) | Sent.known)
    }
  }

  /** Nothing was lost. */
  forgetLost(): void {
    for (let i = 0; i < this.count; i++) this.#setFlags(i, this.flagsAt(i) & ~Sent.lost)
  }

  /** Everything before `offset`, which is in the first record or at its end, leaves. */
  discardTo(offset: number): void {
    const flags = this.flagsAt(0)
    const bytes = offset - this.start
    if ((flags & Sent.sacked) !== 0) this.sackedBytes -= bytes
    if ((flags & Sent.lost) !== 0) this.lostBytes -= bytes
    this.start = offset
    if (offset < this.endAt(0)) return
    this.#first = this.#slot(1)
    this.count--
  }

  #slot(index: number): number {
    return (this.#first + index) & (this.#ends.length - 1)
  }

  #setFlags(index: number, flags: number): void {
    const slot = this.#slot(index)
    const changed = this.#flags[slot] ^ flags
    if (changed === 0) return
    const bytes = this.endAt(index) - this.startAt(index)
    if ((changed & Sent.sacked) !== 0) this.sackedBytes += (flags & Sent.sacked) !== 0 ? bytes : -bytes
    if ((changed & Sent.lost) !== 0) this.lostBytes += (flags & Sent.lost) !== 0 ? bytes : -bytes
    this.#flags[slot] = flags
  }

  /** Makes `offset` an edge of records, unless there is no room for one more. */
  #cut(offset: number): void {
    if (offset <= this.start || offset >= this.end) return
    let index = this.indexOf(offset)
    if (this.startAt(index) === offset || (this.flagsAt(index) & Sent.sacked) !== 0 || !this.#makeRoom()) return
    index = this.indexOf(offset)
    if (this.startAt(index) === offset) return
    this.#shift(index, 1)
    this.#ends[this.#slot(index)] = offset
  }

  /** Record `index` and the next become one, with the marks of the first and the later time. */
  #join(index: number): void {
    const a = this.#slot(index)
    const b = this.#slot(index + 1)
    this.#ends[a] = this.#ends[b]
    if (this.#timesUs[b] > this.#timesUs[a]) this.#timesUs[a] = this.#timesUs[b]
    this.#shift(index + 1, -1)
  }

  /** Opens (1) a place in front of `index`, which becomes a copy of it, or closes (-1) that of `index`; moves the smaller side. */
  #shift(index: number, by: 1 | -1): void {
    if (index < this.count / 2) {
      if (by === 1) {
        this.#first = this.#slot(this.#ends.length - 1)
        this.count++
        for (let i = 0; i < index; i++) this.#copy(i + 1, i)
        this.#copy(index + 1, index)
        return
      }
      for (let i = index; i > 0; i--) this.#copy(i - 1, i)
      this.#first = this.#slot(1)
      this.count--
      return
    }
    if (by === 1) {
      this.count++
      for (let i = this.count - 1; i > index; i--) this.#copy(i - 1, i)
      return
    }
    for (let i = index + 1; i < this.count; i++) this.#copy(i, i - 1)
    this.count--
  }

  #copy(from: number, to: number): void {
    const a = this.#slot(from)
    const b = this.#slot(to)
    this.#ends[b] = this.#ends[a]
    this.#timesUs[b] = this.#timesUs[a]
    this.#flags[b] = this.#flags[a]
  }

  /** @returns whether one more record fits now */
  #makeRoom(): boolean {
    if (this.count < this.#ends.length) return true
    if (this.#ends.length < maxRecords) {
      this.#grow()
      return true
    }
    this.#joinAlike()
    return this.count < maxRecords
  }

  /** Behind a copy of itself a ring has its records in a row, wherever they begin. */
  #grow(): void {
    this.#ends = this.#ends.concat(this.#ends)
    this.#timesUs = this.#timesUs.concat(this.#timesUs)
    this.#flags = this.#flags.concat(this.#flags)
  }

  /** Every second record goes into the one before it where their marks are the same. */
  #joinAlike(): void {
    let kept = 0
    for (let i = 0; i < this.count; i++) {
      if (kept !== i) this.#copy(i, kept)
      const next = i + 1
      if (next < this.count && this.flagsAt(next) === this.flagsAt(kept)) {
        this.#ends[this.#slot(kept)] = this.endAt(next)
        this.#timesUs[this.#slot(kept)] = Math.max(this.#timesUs[this.#slot(kept)], this.sentUs(next))
        i++
      }
      kept++
    }
    this.count = kept
  }
}
