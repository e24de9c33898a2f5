import { MinMaxPyramid } from './min-max-pyramid.ts'

const firstRows = 64

/** Bars or points on their way into a pyramid, in growing columns. */
export class SeriesColumns {
  count = 0
  private times = new Float64Array(firstRows)
  private lows = new Float64Array(firstRows)
  private highs = new Float64Array(firstRows)
  private isOrdered = true

  add(time: number, low: number, high: number): void {
    if (this.count === this.times.length) this.grow()
    const i = this.count++
    if (i > 0 && time < this.times[i - 1]) this.isOrdered = false
    this.times[i] = time
    this.lows[i] = low
    this.highs[i] = high
  }

  /** In the order of time; what came at the same time stays as it came. */
  pyramid(): MinMaxPyramid {
    const { count } = this
    const times = this.times.slice(0, count)
    const lows = this.lows.slice(0, count)
    const highs = this.highs.slice(0, count)
    if (this.isOrdered) return new MinMaxPyramid(times, lows, highs)
    const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => times[a] - times[b] || a - b)
    const inOrder = (values: Float64Array) => Float64Array.from(order, (i) => values[i])
    return new MinMaxPyramid(inOrder(times), inOrder(lows), inOrder(highs))
  }

  private grow(): void {
    const room = this.times.length * 2
    this.times = grown(this.times, room)
    this.lows = grown(this.lows, room)
    this.highs = grown(this.highs, room)
  }
}

function grown(values: Float64Array, room: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(room)
  larger.set(values)
  return larger
}
