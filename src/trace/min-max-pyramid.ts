/** What {@link MinMaxPyramid.extract} fills: one entry a point, or a column of points. Made once for as many as a drawing has room for. */
export class Extract {
  count = 0
  /** Times of the first and the last point that the entry stands for. */
  readonly from: Float64Array
  readonly to: Float64Array
  /** The least and the greatest value among them. */
  readonly low: Float64Array
  readonly high: Float64Array
  /** The upper end of the first and of the last of them, so that lines can go on from entry to entry. */
  readonly first: Float64Array
  readonly last: Float64Array

  constructor(readonly room: number) {
    this.from = new Float64Array(room)
    this.to = new Float64Array(room)
    this.low = new Float64Array(room)
    this.high = new Float64Array(room)
    this.first = new Float64Array(room)
    this.last = new Float64Array(room)
  }
}

/**
 * Points or bars over time, in its order, with the least and greatest values of every 2, 4, 8, ... of them: any span of time is drawn from a
 * bounded number of reads, whatever lies in it.
 *
 *     lows[k], highs[k]   of points i·2^k to (i+1)·2^k - 1; level 0 is the points themselves
 */
export class MinMaxPyramid {
  readonly count: number
  readonly least: number
  readonly greatest: number
  private readonly lows: Float64Array[]
  private readonly highs: Float64Array[]

  /**
   * @param times ascending
   * @param lows,highs ends of each bar, `lows[i] <= highs[i]`; the same array twice for points
   */
  constructor(readonly times: Float64Array, lows: Float64Array, highs: Float64Array) {
    this.count = times.length
    this.lows = levelsOf(lows, Math.min)
    this.highs = lows === highs ? levelsOf(lows, Math.max) : levelsOf(highs, Math.max)
    this.least = this.count === 0 ? Infinity : this.lows[this.lows.length - 1][0]
    this.greatest = this.count === 0 ? -Infinity : this.highs[this.highs.length - 1][0]
  }

  /** Ends of the bar of a point below `count`. */
  lowAt(i: number): number { return this.lows[0][i] }
  highAt(i: number): number { return this.highs[0][i] }

  /** Number of the points before a time. */
  before(time: number): number {
    return this.search(time, 0, this.count)
  }

  /**
   * Fills `into` with the points of `[from, to]`: each one where there is room for all, otherwise one entry for each of `room` equal columns
   * of time that has any, with the exact extremes of the points in it. Takes room × log(points) steps.
   */
  extract(from: number, to: number, into: Extract): void {
    into.count = 0
    if (!(from <= to) || into.room === 0) return
    const begin = this.before(from)
    const end = this.searchBehind(to)
    if (end - begin <= into.room) {
      for (let i = begin; i < end; i++) this.put(i, i + 1, into)
      return
    }
    const width = (to - from) / into.room
    for (let column = 1, at = begin; column <= into.room && at < end; column++) {
      const next = column === into.room ? end : this.search(from + column * width, at, end)
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

function levelsOf(values: Float64Array, pick: (a: number, b: number) => number): Float64Array[] {
  const levels = [values]
  let below = values
  while (below.length > 1) {
    const above = new Float64Array((below.length + 1) >>> 1)
    for (let i = 0; i < above.length; i++) {
      const right = 2 * i + 1
      above[i] = right < below.length ? pick(below[2 * i], below[right]) : below[2 * i]
    }
    levels.push(above)
    below = above
  }
  return levels
}
