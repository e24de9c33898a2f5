import { limitNames } from './limit.ts'
import type { Limit } from './limit.ts'

/** Spans that are kept at most; beyond, they are made coarser. */
export const spansAtMost = 512
const firstRoom = 8
/** Stretches that spans are put together into when there are too many. */
const stretches = spansAtMost / 2

/**
 * Which limit held when, one span behind the other without a gap. When there are too many, neighbours become one span of the limit that
 * held longest in them, so that the whole time stays covered by spans that can be told apart in a picture.
 */
export class LimitedSpans {
  count = 0
  private beginUs = 0
  private kinds = new Uint8Array(firstRoom)
  private ends = new Float64Array(firstRoom)

  /** Goes on where the last span ended; the first begins at `fromUs`. */
  add(limit: Limit, fromUs: number, toUs: number): void {
    if (this.count === 0) this.beginUs = fromUs
    else if (this.kinds[this.count - 1] === limit) {
      this.ends[this.count - 1] = toUs
      return
    }
    if (this.count === spansAtMost) {
      this.coarsen()
      this.add(limit, fromUs, toUs)
    } else this.push(limit, toUs)
  }

  limitAt(i: number): Limit { return this.kinds[i] as Limit }
  fromUs(i: number): number { return i === 0 ? this.beginUs : this.ends[i - 1] }
  toUs(i: number): number { return this.ends[i] }

  private push(limit: number, toUs: number): void {
    if (this.count === this.ends.length) {
      const { kinds, ends } = this
      this.kinds = new Uint8Array(2 * this.count)
      this.kinds.set(kinds)
      this.ends = new Float64Array(2 * this.count)
      this.ends.set(ends)
    }
    this.kinds[this.count] = limit
    this.ends[this.count++] = toUs
  }

  private coarsen(): void {
    const { kinds, ends, count } = this
    const leastUs = (ends[count - 1] - this.beginUs) / stretches
    const heldUs = new Float64Array(limitNames.length)
    let sinceUs = this.beginUs
    let fromUs = this.beginUs
    this.count = 0
    for (let i = 0; i < count; i++) {
      const toUs = ends[i]
      heldUs[kinds[i]] += toUs - fromUs
      fromUs = toUs
      if (toUs - sinceUs < leastUs && i < count - 1) continue
      // What is written stands before what is read: each stretch takes one span at least.
      const limit = heldUs.indexOf(Math.max(...heldUs))
      if (this.count > 0 && kinds[this.count - 1] === limit) ends[this.count - 1] = toUs
      else this.push(limit, toUs)
      heldUs.fill(0)
      sinceUs = toUs
    }
  }
}
