import type { Extract } from './extract.ts'

const firstRoom = 64

/**
 * Points or bars over time, with the least and greatest values of every 2, 4, 8, ... of them: any span of time is drawn from a bounded number
 * of reads, whatever lies in it. It grows while packets come; what was added is taken into the levels when somebody looks.
 *
 *     lows[k], highs[k]   of points i·2^k to (i+1)·2^k - 1; level 0 is the points themselves
 */
export class MinMaxPyramid {
  count = 0
  private times = new Float64Array(firstRoom)
  private packets = new Uint32Array(firstRoom)
  private readonly lows = [new Float64Array(firstRoom)]
  private readonly highs = [new Float64Array(firstRoom)]
  /** Points that the levels above the first know of. */
  private settled = 0
  private isOrdered = true

  /**
   * @param time usually not before the last; what comes at the same time stays as it came
   * @param low,high ends of the bar, `low <= high`; the same twice for a point
   * @param packet the one it comes from; 0 none
   */
  add(time: number, low: number, high: number, packet = 0): void {
    const i = this.count
    if (i === this.times.length) this.grow()
    if (i > 0 && time < this.times[i - 1]) this.isOrdered = false
    this.times[i] = time
    this.packets[i] = packet
    this.lows[0][i] = low
    this.highs[0][i] = high
    this.count = i + 1
  }

  get least(): number {
    this.settle()
    return this.count === 0 ? Infinity : this.lows[heightOf(this.count)][0]
  }

  get greatest(): number {
    this.settle()
    return this.count === 0 ? -Infinity : this.highs[heightOf(this.count)][0]
  }

  /** Time, ends of the bar and packet of a point below `count`, in the order of time. */
  timeAt(i: number): number {
    this.settle()
    return this.times[i]
  }

  lowAt(i: number): number {
    this.settle()
    return this.lows[0][i]
  }

  highAt(i: number): number {
    this.settle()
    return this.highs[0][i]
  }

  packetAt(i: number): number {
    this.settle()
    return this.packets[i]
  }

  /**
   * Fills `into` with the points of `[from, to]`: each one where there is room for all, otherwise one entry for each of `room` equal columns
   * of time that has any, with the exact extremes of the points in it. Takes room × log(points) steps.
   */
  extract(from: number, to: number, into: Extract): void {
    into.count = 0
    if (from <= to) this.fill(from, to, into.room, into)
  }

  /** As {@link extract}, with the point before and the one behind as well: a line comes into the span and leaves it. */
  extractLine(from: number, to: number, into: Extract): void {
    into.count = 0
    if (!(from <= to) || into.room < 3) return
    this.settle()
    const begin = this.search(from, 0, this.count)
    const end = this.searchBehind(to)
    if (begin > 0) this.put(begin - 1, begin, into)
    this.fill(from, to, into.room - 2, into)
    if (end < this.count) this.put(end, end + 1, into)
  }

  private fill(from: number, to: number, room: number, into: Extract): void {
    if (room === 0) return
    this.settle()
    const begin = this.search(from, 0, this.count)
    const end = this.searchBehind(to)
    if (end - begin <= room) {
      for (let i = begin; i < end; i++) this.put(i, i + 1, into)
      return
    }
    const width = (to - from) / room
    for (let column = 1, at = begin; column <= room && at < end; column++) {
      const next = column === room ? end : this.search(from + column * width, at, end)
      if (next > at) this.put(at, next, into)
      at = next
    }
  }

  private put(begin: number, end: number, into: Extract): void {
    const entry = into.count++
    into.from[entry] = this.times[begin]
    into.to[entry] = this.times[end - 1]
    into.first[entry] = this.highs[0][begin]
    into.last[entry] = this.highs[0][end - 1]
    into.packet[entry] = this.packets[begin]
    this.takeExtremes(begin, end, into, entry)
  }

  /** Climbs from both ends to the level that covers what is left in one step. */
  private takeExtremes(begin: number, end: number, into: Extract, entry: number): void {
    let low = Infinity
    let high = -Infinity
    for (let level = 0, i = begin, j = end; i < j; level++, i >>>= 1, j >>>= 1) {
      const lows = this.lows[level]
      const highs = this.highs[level]
      if ((i & 1) !== 0) {
        low = Math.min(low, lows[i])
        high = Math.max(high, highs[i])
        i++
      }
      if ((j & 1) !== 0) {
        j--
        low = Math.min(low, lows[j])
        high = Math.max(high, highs[j])
      }
    }
    into.low[entry] = low
    into.high[entry] = high
  }

  /** Takes the points that came since into all levels; each costs two steps. */
  private settle(): void {
    if (this.settled === this.count) return
    if (!this.isOrdered) this.putInOrder()
    for (let level = 1; level <= heightOf(this.count); level++) {
      const first = this.settled >>> level
      const sizes = [levelSize(this.count, level - 1), levelSize(this.count, level)] as const
      this.lows[level] = combined(this.lows[level - 1], this.lows[level], first, sizes, Math.min)
      this.highs[level] = combined(this.highs[level - 1], this.highs[level], first, sizes, Math.max)
    }
    this.settled = this.count
  }

  private putInOrder(): void {
    const { count, times } = this
    const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => times[a] - times[b] || a - b)
    this.times = Float64Array.from(order, (i) => times[i])
    this.lows[0] = Float64Array.from(order, (i) => this.lows[0][i])
    this.highs[0] = Float64Array.from(order, (i) => this.highs[0][i])
    this.packets = Uint32Array.from(order, (i) => this.packets[i])
    this.isOrdered = true
    this.settled = 0
  }

  private grow(): void {
    const room = Math.max(firstRoom, this.times.length * 2)
    this.times = grown(this.times, room)
    this.lows[0] = grown(this.lows[0], room)
    this.highs[0] = grown(this.highs[0], room)
    const packets = new Uint32Array(room)
    packets.set(this.packets)
    this.packets = packets
  }

  /** Number of the points up to a time, those at it included. */
  private searchBehind(time: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.times[middle] <= time) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Number of the points before a time. */
  private search(time: number, begin: number, end: number): number {
    let low = begin
    let high = end
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.times[middle] < time) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The level that has one entry. */
const heightOf = (count: number): number => count <= 1 ? 0 : 32 - Math.clz32(count - 1)
const levelSize = (count: number, level: number): number => (count + (1 << level) - 1) >>> level

type Column = Float64Array<ArrayBuffer>
const noColumn = new Float64Array(0)

/** Entries of a level from `first` on, from the level below, in its own array or a larger one. @param sizes of the level below and of this one */
function combined(below: Column, level: Column = noColumn, first: number, [sizeBelow, size]: readonly [number, number], pick: (a: number, b: number) => number): Column {
  const above = level.length < size ? grown(level, Math.max(size, 2 * level.length)) : level
  for (let i = first; i < size; i++) above[i] = 2 * i + 1 < sizeBelow ? pick(below[2 * i], below[2 * i + 1]) : below[2 * i]
  return above
}

function grown(values: Column, room: number): Column {
  const larger = new Float64Array(room)
  larger.set(values)
  return larger
}
