import { Extract } from '../trace/extract.ts'
import type { Entries } from '../trace/extract.ts'
import { limitNames } from '../trace/insight/limit.ts'
import type { LimitName } from '../trace/insight/limit.ts'
import type { Band, Graph, GraphKind, Hue, Mark, Side } from './graph.ts'
import { isLine } from './marks.ts'

/** One series as far as it is to be seen. */
export interface ViewLayer {
  label: string
  mark: Mark
  hue: Hue
  isBeside: boolean
  /** Of the whole series: its values, the least and the greatest of them. */
  count: number
  least: number
  greatest: number
  entries: Entries
}

/** When one thing kept an end from sending more, as far as it is to be seen. */
export interface ViewBand {
  side: Side
  limit: LimitName
  /** Of all of them: how many there are and how many seconds they take together. */
  count: number
  seconds: number
  /** Begin and end of each in sight, in turn. */
  spans: Float64Array
}

/** A span of a graph as plain data, which does not grow with the packets and crosses between threads. */
export interface GraphView {
  kind: GraphKind
  /** Of the flow, in seconds. */
  duration: number
  from: number
  to: number
  layers: ViewLayer[]
  bands: ViewBand[]
  note: string | null
}

/** @param columns entries of a layer at most, apart from the two by which a line comes in and leaves */
export function viewOf({ kind, duration, layers, bands, note }: Graph, from: number, to: number, columns: number): GraphView {
  const extract = new Extract(columns + 2)
  const seen = layers.filter(({ series }) => series.count > 0).map(({ label, mark, hue, isBeside = false, series }) => {
    if (isLine(mark)) series.extractLine(from, to, extract)
    else series.extract(from, to, extract)
    return { label, mark, hue, isBeside, count: series.count, least: series.least, greatest: series.greatest, entries: extract.copy() }
  })
  return { kind, duration, from, to, layers: seen, bands: bands.flatMap((band) => viewBands(band, from, to)), note }
}

function viewBands({ side, spans }: Band, from: number, to: number): ViewBand[] {
  return limitNames.map((limit) => {
    const held = spans.filter((span) => span.limit === limit)
    const inSight = held.filter((span) => span.to >= from && span.from <= to)
    const seconds = held.reduce((sum, span) => sum + span.to - span.from, 0)
    return { side, limit, count: held.length, seconds, spans: Float64Array.from(inSight.flatMap((span) => [span.from, span.to])) }
  }).filter(({ count }) => count > 0)
}

export interface ValueRange { low: number, high: number }

/**
 * What the axis of the values goes from and to while `[from, to]` is in sight: of sequence numbers what is there, of everything else from zero.
 * Lines that stand beside the data may take a third more than it needs.
 */
export function valueRange({ kind, layers }: GraphView, from: number, to: number): ValueRange {
  const main: ValueRange = { low: Infinity, high: -Infinity }
  const beside: ValueRange = { low: Infinity, high: -Infinity }
  for (const { entries, isBeside, mark } of layers) widen(isBeside ? beside : main, entries, from, to, isLine(mark))
  const { low, high } = main.high < main.low ? beside : main
  if (high < low) return { low: 0, high: 1 }
  const floor = kind === 'sequence' ? low : 0
  const top = Math.max(high, Math.min(beside.high, high + (high - floor) / 3))
  const span = top > floor ? top - floor : Math.max(1, Math.abs(top) * 0.1)
  return { low: floor === 0 ? 0 : floor - span * 0.04, high: floor + span * 1.04 }
}

function widen(range: ValueRange, { count, from: begins, to: ends, low, high, last }: Entries, from: number, to: number, keepsValue: boolean): void {
  for (let i = 0; i < count; i++) {
    if (begins[i] > to) break
    if (ends[i] < from) {
      // A line that came in before stands at its last value.
      if (!keepsValue || (i + 1 < count && ends[i + 1] < from)) continue
      range.low = Math.min(range.low, last[i])
      range.high = Math.max(range.high, last[i])
      continue
    }
    range.low = Math.min(range.low, low[i])
    range.high = Math.max(range.high, high[i])
  }
}
