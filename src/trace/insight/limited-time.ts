import { Limit, limitNames } from './limit.ts'
import type { LimitName } from './limit.ts'
import { LimitedSpans } from './limited-spans.ts'

const kinds = limitNames.length
const binsAtMost = 32
const firstWidthUs = 10_000

/**
 * How long a sender was kept back by what, as a whole and by intervals: 32 of them at most, which double in width as the time grows.
 * The method stands in docs/insights.md.
 */
export class LimitedTime {
  /** What holds now. */
  limit: Limit = Limit.opening
  widthUs = firstWidthUs
  private sinceUs = -1
  private fromUs = 0
  private lastUs = 0
  private isStopped = false
  private readonly totals = new Float64Array(kinds)
  private bins: Float64Array | null = null
  private keptSpans: LimitedSpans | null = null

  /** From now on `limit` holds. */
  change(limit: Limit, nowUs: number): void {
    if (this.isStopped) return
    if (this.sinceUs < 0) this.fromUs = this.sinceUs = nowUs
    this.lastUs = nowUs
    this.limit = limit
  }

  /**
   * Counts the time up to now for what held.
   * @param pathUs how long data and acknowledgments are on their way on the sender's side of the capture: as long a sender is not idle
   *   but unseen
   */
  pass(nowUs: number, pathUs: number): void {
    if (this.sinceUs < 0 || nowUs <= this.sinceUs) return
    let sinceUs = this.sinceUs
    this.sinceUs = this.lastUs = nowUs
    if (this.limit === Limit.application && this.wasSending) {
      const underWayUs = Math.min(nowUs - sinceUs, pathUs)
      this.count(Limit.network, sinceUs, sinceUs + underWayUs)
      sinceUs += underWayUs
    }
    this.count(this.limit, sinceUs, nowUs)
  }

  /** The limit that follows came as everything was acknowledged and nothing told that the sender had no more. */
  wasSending = false

  /** Nothing holds the sender any more: it has ended. */
  stop(): void {
    this.sinceUs = -1
    this.isStopped = true
  }

  totalUs(limit: Limit): number { return this.totals[limit] }

  get sumUs(): number { return this.totals.reduce((sum, us) => sum + us, 0) }

  /** Which limit held when; null before anything did. */
  get spans(): LimitedSpans | null { return this.keptSpans }

  /** Shares of each interval in µs, by limit. */
  intervals(): Record<LimitName, number>[] {
    const { bins } = this
    if (bins === null) return []
    const last = Math.min(binsAtMost, Math.floor(Math.max(0, this.lastUs - this.fromUs - 1) / this.widthUs) + 1)
    return Array.from({ length: last }, (_, bin) => Object.fromEntries(limitNames.map((name, kind) => [name, bins[bin * kinds + kind]])) as Record<LimitName, number>)
  }

  private count(limit: Limit, fromUs: number, toUs: number): void {
    if (toUs <= fromUs) return
    this.totals[limit] += toUs - fromUs
    this.keptSpans ??= new LimitedSpans()
    this.keptSpans.add(limit, fromUs, toUs)
    this.bins ??= new Float64Array(binsAtMost * kinds)
    while (toUs - this.fromUs > this.widthUs * binsAtMost) this.widen()
    for (let atUs = fromUs; atUs < toUs;) {
      const bin = Math.min(binsAtMost - 1, Math.floor((atUs - this.fromUs) / this.widthUs))
      const endUs = bin === binsAtMost - 1 ? toUs : Math.min(toUs, this.fromUs + (bin + 1) * this.widthUs)
      if (endUs <= atUs) break
      this.bins[bin * kinds + limit] += endUs - atUs
      atUs = endUs
    }
  }

  private widen(): void {
    const bins = this.bins!
    for (let bin = 0; bin < binsAtMost; bin++) {
      for (let kind = 0; kind < kinds; kind++) {
        const pair = 2 * bin < binsAtMost ? bins[2 * bin * kinds + kind] + bins[(2 * bin + 1) * kinds + kind] : 0
        bins[bin * kinds + kind] = pair
      }
    }
    this.widthUs *= 2
  }
}
