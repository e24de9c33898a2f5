/**
 * Sorted, disjoint, half-open ranges [start, end) of numbers up to 2^53, in two typed arrays allocated once.
 * Touching ranges are one range. The capacity bounds what a peer can make us remember.
 */
export class RangeSet {
  readonly capacity: number
  #starts: Float64Array
  #ends: Float64Array
  #count = 0

  /** @param capacity how many separate ranges fit */
  constructor(capacity: number) {
    this.capacity = capacity
    this.#starts = new Float64Array(capacity)
    this.#ends = new Float64Array(capacity)
  }

  get count(): number {
    return this.#count
  }

  startAt(index: number): number {
    return this.#starts[index]
  }

  endAt(index: number): number {
    return this.#ends[index]
  }

  clear(): void {
    this.#count = 0
  }

  /** Sum of the lengths of all ranges. */
  total(): number {
    let sum = 0
    for (let i = 0; i < this.#count; i++) sum += this.#ends[i] - this.#starts[i]
    return sum
  }

  /**
   * Adds [start, end), merging with what it overlaps or touches; an empty range changes nothing.
   * @returns false, with nothing changed, where a separate range would exceed the capacity
   */
  add(start: number, end: number): boolean {
    if (end <= start) return true
    const first = this.#firstEndingAtOrAfter(start)
    let after = first
    while (after < this.#count && this.#starts[after] <= end) after++
    if (after === first) {
      if (this.#count === this.capacity) return false
      this.#starts.copyWithin(first + 1, first, this.#count)
      this.#ends.copyWithin(first + 1, first, this.#count)
      this.#count++
      this.#starts[first] = start
      this.#ends[first] = end
      return true
    }
    if (start < this.#starts[first]) this.#starts[first] = start
    this.#ends[first] = Math.max(end, this.#ends[after - 1])
    this.#drop(first + 1, after)
    return true
  }

  /**
   * Takes [start, end) out.
   * @returns false, with nothing changed, where cutting a range in two would exceed the capacity
   */
  remove(start: number, end: number): boolean {
    if (end <= start) return true
    let first = this.#firstEndingAfter(start)
    if (first === this.#count || this.#starts[first] >= end) return true
    if (this.#starts[first] < start && this.#ends[first] > end) {
      if (this.#count === this.capacity) return false
      this.#starts.copyWithin(first + 1, first, this.#count)
      this.#ends.copyWithin(first + 1, first, this.#count)
      this.#count++
      this.#ends[first] = start
      this.#starts[first + 1] = end
      return true
    }
    if (this.#starts[first] < start) this.#ends[first++] = start
    let after = first
    while (after < this.#count && this.#ends[after] <= end) after++
    if (after < this.#count && this.#starts[after] < end) this.#starts[after] = end
    this.#drop(first, after)
    return true
  }

  /** Takes out everything below `value`; never fails. */
  removeBelow(value: number): void {
    const first = this.#firstEndingAfter(value)
    this.#drop(0, first)
    if (this.#count > 0 && this.#starts[0] < value) this.#starts[0] = value
  }

  /** Takes out the range at `index`. */
  removeAt(index: number): void {
    this.#drop(index, index + 1)
  }

  has(value: number): boolean {
    const index = this.#firstEndingAfter(value)
    return index < this.#count && this.#starts[index] <= value
  }

  /** Whether all of [start, end) is in the set; an empty range always is. */
  covers(start: number, end: number): boolean {
    if (end <= start) return true
    const index = this.#firstEndingAfter(start)
    return index < this.#count && this.#starts[index] <= start && this.#ends[index] >= end
  }

  /** Whether any of [start, end) is in the set. */
  overlaps(start: number, end: number): boolean {
    if (end <= start) return false
    const index = this.#firstEndingAfter(start)
    return index < this.#count && this.#starts[index] < end
  }

  /** The index of the range that holds `value`, or -1. */
  indexOf(value: number): number {
    const index = this.#firstEndingAfter(value)
    return index < this.#count && this.#starts[index] <= value ? index : -1
  }

  /** The index of the first range that ends after `value`; `count` when there is none. */
  indexAfter(value: number): number {
    return this.#firstEndingAfter(value)
  }

  #firstEndingAtOrAfter(value: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ends[middle] < value) low = middle + 1
      else high = middle
    }
    return low
  }

  #firstEndingAfter(value: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ends[middle] <= value) low = middle + 1
      else high = middle
    }
    return low
  }

  #drop(from: number, to: number): void {
    if (to <= from) return
    this.#starts.copyWithin(from, to, this.#count)
    this.#ends.copyWithin(from, to, this.#count)
    this.#count -= to - from
  }
}
