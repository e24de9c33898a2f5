/**
 * Packets and bytes between two ends, each way, in columns by pair:
 *
 *     packets, bytes   [from the first end, from the second] for each pair
 *     first, last      seconds since the capture began
 */
export class PairCounters {
  /** Pairs up to the highest that was counted; some may have no packet. */
  count = 0
  /** Pairs with packets. */
  used = 0
  /** What the ends are: the owner of the table knows. */
  a = new Int32Array(64)
  b = new Int32Array(64)
  packets = new Float64Array(128)
  bytes = new Float64Array(128)
  first = new Float64Array(64)
  last = new Float64Array(64)

  /** @param from 0 sent by the first end, 1 by the second */
  add(pair: number, from: 0 | 1, lengthBytes: number, time: number): void {
    const i = 2 * pair + from
    if (this.packets[2 * pair] + this.packets[2 * pair + 1] === 0) {
      this.first[pair] = this.last[pair] = time
      this.used++
    }
    this.packets[i]++
    this.bytes[i] += lengthBytes
    if (time < this.first[pair]) this.first[pair] = time
    if (time > this.last[pair]) this.last[pair] = time
  }

  /** Makes room for a pair. */
  open(pair: number, a: number, b: number): void {
    while (pair >= this.a.length) this.grow()
    this.a[pair] = a
    this.b[pair] = b
    this.count = Math.max(this.count, pair + 1)
  }

  /** The number is another pair's from now on. */
  clear(pair: number): void {
    if (!this.has(pair)) return
    this.used--
    for (const i of [2 * pair, 2 * pair + 1]) this.packets[i] = this.bytes[i] = 0
  }

  /** Takes a pair of another table over as it stands. */
  take(other: PairCounters, from: number, pair: number, a: number, b: number): void {
    this.open(pair, a, b)
    this.used++
    for (const side of [0, 1]) {
      this.packets[2 * pair + side] = other.packets[2 * from + side]
      this.bytes[2 * pair + side] = other.bytes[2 * from + side]
    }
    this.first[pair] = other.first[from]
    this.last[pair] = other.last[from]
  }

  has(pair: number): boolean {
    return pair < this.count && this.packets[2 * pair] + this.packets[2 * pair + 1] > 0
  }

  private grow(): void {
    const ints = (column: Int32Array): Int32Array<ArrayBuffer> => {
      const wider = new Int32Array(2 * column.length)
      wider.set(column)
      return wider
    }
    const floats = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const wider = new Float64Array(2 * column.length)
      wider.set(column)
      return wider
    }
    this.a = ints(this.a)
    this.b = ints(this.b)
    this.packets = floats(this.packets)
    this.bytes = floats(this.bytes)
    this.first = floats(this.first)
    this.last = floats(this.last)
  }
}
