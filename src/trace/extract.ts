/** Entries of a drawing: each a point, or a column of points that lie too close to be told apart. Plain columns, which cross between threads. */
export interface Entries {
  count: number
  /** Times of the first and the last point that the entry stands for. */
  from: Float64Array
  to: Float64Array
  /** The least and the greatest value among them. */
  low: Float64Array
  high: Float64Array
  /** The upper end of the first and of the last of them, so that lines can go on from entry to entry. */
  first: Float64Array
  last: Float64Array
  /** The packet of the first of them; 0 none. */
  packet: Uint32Array
}

/** What a pyramid's extracts are put into. Made once for as many entries as a drawing has room for. */
export class Extract implements Entries {
  count = 0
  readonly from: Float64Array
  readonly to: Float64Array
  readonly low: Float64Array
  readonly high: Float64Array
  readonly first: Float64Array
  readonly last: Float64Array
  readonly packet: Uint32Array

  constructor(readonly room: number) {
    this.from = new Float64Array(room)
    this.to = new Float64Array(room)
    this.low = new Float64Array(room)
    this.high = new Float64Array(room)
    this.first = new Float64Array(room)
    this.last = new Float64Array(room)
    this.packet = new Uint32Array(room)
  }

  /** A copy of what is in it. */
  copy(): Entries {
    const { count } = this
    return {
      count, from: this.from.slice(0, count), to: this.to.slice(0, count), low: this.low.slice(0, count), high: this.high.slice(0, count),
      first: this.first.slice(0, count), last: this.last.slice(0, count), packet: this.packet.slice(0, count),
    }
  }
}
