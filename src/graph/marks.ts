import type { Extract } from '../trace/min-max-pyramid.ts'
import type { Mark } from './graph.ts'

/** From times and values to the picture. */
export interface Place { x: (time: number) => number, y: (value: number) => number }

/** The path of a series. Lines go in steps; of entries that stand for several points they show the whole span between their extremes. */
export function pathOf(mark: Mark, entries: Extract, { x, y }: Place): string {
  const parts: string[] = []
  let before = 0
  for (let i = 0; i < entries.count; i++) {
    const left = x(entries.from[i])
    const right = x(entries.to[i])
    const top = y(entries.high[i])
    const bottom = y(entries.low[i])
    if (!(mark in shapes)) {
      const first = y(entries.first[i])
      if (i === 0) parts.push(`M${n(left)} ${n(first)}`)
      else parts.push(`L${n(left)} ${n(before)}V${n(first)}`)
      before = y(entries.last[i])
      if (top !== first || bottom !== first || before !== first || right !== left) parts.push(`V${n(top)}V${n(bottom)}V${n(before)}H${n(right)}`)
    } else {
      parts.push(shapes[mark as keyof typeof shapes](left, Math.min(top, bottom), Math.max(top, bottom)))
    }
  }
  return parts.join('')
}

/** What is drawn for each entry by itself. */
export const shapes = {
  bar: (x: number, top: number, bottom: number) => bar(x, top, bottom),
  crossBar: (x: number, top: number, bottom: number) => `${bar(x, top, bottom)}M${n(x - 3)} ${n(top - 6)}l6 6m0 -6l-6 6`,
  diamondBar: (x: number, top: number, bottom: number) => `${bar(x, top, bottom)}M${n(x)} ${n(top - 7)}l3 3.5l-3 3.5l-3 -3.5z`,
  bracket: (x: number, top: number, bottom: number) => `M${n(x + 3)} ${n(top)}h-3V${n(Math.max(bottom, top + 1.5))}h3`,
  circle: (x: number, top: number, bottom: number) => span(x, top, bottom, (y) => `M${n(x - 2)} ${n(y)}a2 2 0 1 0 4 0a2 2 0 1 0 -4 0`),
  triangle: (x: number, top: number, bottom: number) => span(x, top, bottom, (y) => `M${n(x)} ${n(y - 2.8)}l2.6 4.6h-5.2z`),
} as const

/** Small segments stay visible. */
function bar(x: number, top: number, bottom: number): string {
  return `M${n(x)} ${n(top)}V${n(Math.max(bottom, top + 1.5))}`
}

function span(x: number, top: number, bottom: number, shape: (y: number) => string): string {
  return bottom - top < 1 ? shape(top) : `${shape(top)}M${n(x)} ${n(top)}V${n(bottom)}${shape(bottom)}`
}

/** A tenth of a pixel is enough. */
export function n(value: number): string {
  return String(Math.round(value * 10) / 10)
}
