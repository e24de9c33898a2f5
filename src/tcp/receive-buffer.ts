import { RangeSet } from '../base/range-set.ts'
import { copyText, giveStretch, takeStretch } from '../wire/common-memory.ts'
import type { Stretch } from '../wire/common-memory.ts'

const nothing: Stretch = { bytes: new Uint8Array(0), at: 0, length: 0 }
const maxRanges = 64
const recentCount = 8

/**
 * What the peer sent and the application has not read, holes included, as a ring that is allocated at the first byte:
 *
 *      readOffset        nextOffset (RCV.NXT)
 *      | read it          | hole | range | hole | range |      … limit
 *
 * Positions are offsets in the peer's stream of bytes (0 is its first byte), so that they order without wrapping.
 */
export class ReceiveBuffer {
  /** Bytes that the window may offer; the ring itself never gets smaller. */
  limit: number
  readOffset = 0
  nextOffset = 0
  #stretch: Stretch = nothing
  #head = 0
  #ranges: RangeSet | null = null
  /** An offset inside each range that arrived lately, latest first: the order of SACK blocks (RFC 2018 §4). */
  #recent: Float64Array | null = null

  constructor(limit: number) {
    this.limit = limit
  }

  unread(): number {
    return this.nextOffset - this.readOffset
  }

  outOfOrderBytes(): number {
    return this.#ranges === null ? 0 : this.#ranges.total()
  }

  /** Ranges held beyond the first hole, as offsets; null before there ever was a hole. */
  get ranges(): RangeSet | null {
    return this.#ranges
  }

  hasHoles(): boolean {
    return this.#ranges !== null && this.#ranges.count > 0
  }

  /** Takes a larger or smaller limit; bytes that are here stay. */
  setLimit(limit: number): void {
    this.limit = limit
    if (limit > this.#stretch.length && this.#stretch.length > 0) this.#grow(limit)
  }

  /**
   * Stores `length` bytes at `offset`, at or after `nextOffset` and inside the offered window; moves `nextOffset` over all that is now whole.
   * @returns false where they would make more separate ranges than are remembered; then nothing is stored
   */
  store(offset: number, from: Uint8Array, at: number, length: number): boolean {
    if (length === 0) return true
    if (offset !== this.nextOffset && !this.#remember(offset, offset + length)) return false
    this.#copyIn(offset, from, at, length)
    if (offset === this.nextOffset) {
      this.nextOffset += length
      if (this.hasHoles()) this.#absorb()
    }
    return true
  }

  /** The stream ends at `offset`: what is held behind is no part of it. */
  forgetFrom(offset: number): void {
    this.#ranges?.remove(offset, Infinity)
  }

  /** @returns how many bytes were copied */
  read(into: Uint8Array, at: number, length: number): number {
    const taken = Math.min(length, this.unread())
    if (taken <= 0) return 0
    const { bytes, at: start, length: capacity } = this.#stretch
    const first = Math.min(taken, capacity - this.#head)
    copyText(bytes, start + this.#head, into, at, first)
    if (first < taken) copyText(bytes, start, into, at + first, taken - first)
    this.#head = wrapped(this.#head + taken, capacity)
    this.readOffset += taken
    return taken
  }

  /** The ranges a SACK option reports, latest arrival first, as offsets in pairs. @returns how many, at most `limit` */
  sackRanges(into: Float64Array, limit: number): number {
    const ranges = this.#ranges
    const recent = this.#recent
    if (ranges === null || recent === null || ranges.count === 0) return 0
    let count = 0
    for (let i = 0; i < recentCount && count < limit; i++) {
      const index = recent[i] < 0 ? -1 : ranges.indexOf(recent[i])
      if (index < 0 || holdsStart(into, count, ranges.startAt(index))) continue
      into[2 * count] = ranges.startAt(index)
      into[2 * count + 1] = ranges.endAt(index)
      count++
    }
    return count
  }

  /** Throws everything away, the memory too. */
  release(): void {
    this.readOffset = this.nextOffset
    giveStretch(this.#stretch)
    this.#stretch = nothing
    this.#head = 0
    this.#ranges = null
    this.#recent = null
  }

  #remember(start: number, end: number): boolean {
    this.#ranges ??= new RangeSet(maxRanges)
    this.#recent ??= new Float64Array(recentCount).fill(-1)
    if (!this.#ranges.add(start, end)) return false
    this.#noteArrival(start)
    return true
  }

  /** Puts the range around `offset` first; what stood for the same range before goes. */
  #noteArrival(offset: number): void {
    const ranges = this.#ranges!
    const recent = this.#recent!
    const index = ranges.indexOf(offset)
    const from = ranges.startAt(index)
    const to = ranges.endAt(index)
    let carried = offset
    for (let i = 0; i < recentCount && carried >= 0; i++) {
      const value = recent[i]
      recent[i] = carried
      carried = value >= from && value < to ? -1 : value
    }
  }

  #absorb(): void {
    const ranges = this.#ranges!
    while (ranges.count > 0 && ranges.startAt(0) <= this.nextOffset) {
      this.nextOffset = Math.max(this.nextOffset, ranges.endAt(0))
      ranges.removeAt(0)
    }
  }

  #copyIn(offset: number, from: Uint8Array, at: number, length: number): void {
    const end = offset + length - this.readOffset
    if (end > this.#stretch.length) this.#grow(Math.max(this.limit, end))
    const { bytes, at: start, length: capacity } = this.#stretch
    const tail = wrapped(this.#head + (offset - this.readOffset), capacity)
    const first = Math.min(length, capacity - tail)
    copyText(from, at, bytes, start + tail, first)
    if (first < length) copyText(from, at + first, bytes, start, length - first)
  }

  #grow(capacity: number): void {
    const { bytes, at, length } = this.#stretch
    const larger = takeStretch(capacity)
    copyText(bytes, at + this.#head, larger.bytes, larger.at, length - this.#head)
    copyText(bytes, at, larger.bytes, larger.at + length - this.#head, this.#head)
    giveStretch(this.#stretch)
    this.#stretch = larger
    this.#head = 0
  }
}

function wrapped(index: number, capacity: number): number {
  return index >= capacity ? index - capacity : index
}

function holdsStart(pairs: Float64Array, count: number, start: number): boolean {
  for (let i = 0; i < count; i++) if (pairs[2 * i] === start) return true
  return false
}
