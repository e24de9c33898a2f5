import type { Entries } from '../trace/extract.ts'
import type { Hue, Mark } from './graph.ts'
import type { Pen, Stroke } from './surface.ts'

/** From times and values to the picture. */
export interface Place { x: (time: number) => number, y: (value: number) => number }

/**
 * Draws the entries of a series. Lines go in steps and keep their last value until `end`; of entries that stand for several points they show
 * the whole span between their extremes.
 */
export function drawMark(mark: Mark, entries: Entries, { x, y }: Place, pen: Pen, end: number): void {
  if (isLine(mark)) drawSteps(entries, x, y, pen, end)
  else if (mark === 'bracket') drawBrackets(entries, x, y, pen)
  else for (let i = 0; i < entries.count; i++) shapes[mark as keyof typeof shapes](pen, x(entries.from[i]), y(entries.high[i]), y(entries.low[i]))
}

export const isLine = (mark: Mark): boolean => mark !== 'bracket' && !(mark in shapes)

const dashesOf: Partial<Record<Mark, readonly number[]>> = { dashedStep: [6, 3], dottedStep: [1.5, 2.5], dashDotStep: [8, 3, 1.5, 3], longDashStep: [14, 5], wideDotStep: [1.5, 6] }
const thickness: Partial<Record<Mark, number>> = { bar: 2, crossBar: 2, diamondBar: 2 }

export function strokeOf(mark: Mark, hue: Hue): Stroke {
  const dashes = dashesOf[mark]
  return { ink: hue, width: thickness[mark] ?? 1.4, ...(dashes === undefined ? {} : { dashes }) }
}

function drawSteps({ count, from, to, low, high, first, last }: Entries, x: Place['x'], y: Place['y'], pen: Pen, end: number): void {
  let before = 0
  for (let i = 0; i < count; i++) {
    const left = x(from[i])
    const right = x(to[i])
    if (i === 0) pen.moveTo(left, y(first[i]))
    else {
      pen.lineTo(left, y(before))
      pen.lineTo(left, y(first[i]))
    }
    before = last[i]
    if (high[i] === first[i] && low[i] === first[i] && before === first[i] && right === left) continue
    pen.lineTo(left, y(high[i]))
    pen.lineTo(left, y(low[i]))
    pen.lineTo(left, y(before))
    pen.lineTo(right, y(before))
  }
  if (count > 0 && end > to[count - 1]) pen.lineTo(x(end), y(before))
}

/** Where they stand close, only some have an upright: their feet show how far they go, and what lies behind stays in sight. */
const uprightEvery = 6

function drawBrackets({ count, from, low, high }: Entries, x: Place['x'], y: Place['y'], pen: Pen): void {
  let upright = -Infinity
  for (let i = 0; i < count; i++) {
    const at = x(from[i])
    const top = y(high[i])
    const foot = Math.max(y(low[i]), top + 1.5)
    if (at - upright >= uprightEvery) upright = at
    pen.moveTo(at + 3, top)
    pen.lineTo(at, top)
    if (at === upright) pen.lineTo(at, foot)
    else pen.moveTo(at, foot)
    pen.lineTo(at + 3, foot)
  }
}

/** What is drawn for each entry by itself. */
const shapes = {
  bar,
  crossBar(pen: Pen, x: number, top: number, bottom: number): void {
    bar(pen, x, top, bottom)
    pen.moveTo(x - 3, top - 6)
    pen.lineTo(x + 3, top)
    pen.moveTo(x + 3, top - 6)
    pen.lineTo(x - 3, top)
  },
  diamondBar(pen: Pen, x: number, top: number, bottom: number): void {
    bar(pen, x, top, bottom)
    pen.moveTo(x, top - 7)
    pen.lineTo(x + 3, top - 3.5)
    pen.lineTo(x, top)
    pen.lineTo(x - 3, top - 3.5)
    pen.lineTo(x, top - 7)
  },
  circle(pen: Pen, x: number, top: number, bottom: number): void {
    pen.circle(x, top, 2)
    if (bottom - top >= 1) spanDown(pen, x, top, bottom, () => pen.circle(x, bottom, 2))
  },
  triangle(pen: Pen, x: number, top: number, bottom: number): void {
    triangle(pen, x, top)
    if (bottom - top >= 1) spanDown(pen, x, top, bottom, () => triangle(pen, x, bottom))
  },
} as const

/** Small segments stay visible. */
function bar(pen: Pen, x: number, top: number, bottom: number): void {
  pen.moveTo(x, top)
  pen.lineTo(x, Math.max(bottom, top + 1.5))
}

function spanDown(pen: Pen, x: number, top: number, bottom: number, foot: () => void): void {
  pen.moveTo(x, top)
  pen.lineTo(x, bottom)
  foot()
}

function triangle(pen: Pen, x: number, y: number): void {
  pen.moveTo(x, y - 2.8)
  pen.lineTo(x + 2.6, y + 1.8)
  pen.lineTo(x - 2.6, y + 1.8)
  pen.lineTo(x, y - 2.8)
}
