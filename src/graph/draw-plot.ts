import { drawBands } from './bands.ts'
import { drawMark, strokeOf } from './marks.ts'
import type { Place } from './marks.ts'
import type { Surface } from './surface.ts'
import { tickText, ticksOf, Units } from './ticks.ts'
import { unitOf } from './units.ts'
import type { GraphView, ValueRange } from './view.ts'

/** Words of the section `graph`. */
export type GraphWords = (key: string, params?: Readonly<Record<string, string | number>>) => string

/** Where the axes cross and how far they go. */
export interface PlotBox { left: number, top: number, width: number, height: number }

/** What is in sight. */
export interface Sight extends ValueRange { from: number, to: number }

/** Where times and values of a sight lie in a box; what is far outside stays near, so that no picture has coordinates without end. */
export function placeIn({ left, top, width, height }: PlotBox, { from, to, low, high }: Sight): Place {
  const perSecond = width / (to - from)
  const perValue = height / (high - low)
  const bottom = top + height
  return {
    x: (time) => left + Math.max(-0.2 * width, Math.min(1.2 * width, (time - from) * perSecond)),
    y: (value) => bottom - Math.max(-0.1 * height, Math.min(1.1 * height, (value - low) * perValue)),
  }
}

/** Axes with their figures, the layers between them, and above the box what held the ends back. */
export function drawPlot(view: GraphView, box: PlotBox, sight: Sight, surface: Surface, say: GraphWords): void {
  const place = placeIn(box, sight)
  drawAxes(view, box, sight, place, surface, say)
  drawBands(view, box, place.x, surface)
  surface.clipped(box.left - 4, box.top, box.width + 8, box.height + 5, () => {
    for (const { mark, hue, entries } of view.layers) surface.stroke(strokeOf(mark, hue), (pen) => drawMark(mark, entries, place, pen, Math.min(view.duration, sight.to)))
  })
}

function drawAxes({ kind }: GraphView, { left, top, width, height }: PlotBox, { from, to, low, high }: Sight, { x }: Place, surface: Surface, say: GraphWords): void {
  const { factor, scaleOf } = unitOf[kind]
  const bottom = top + height
  const right = left + width
  const scale = scaleOf(high * factor)
  const values = ticksOf(low * factor, high * factor, Math.max(2, Math.min(7, Math.floor(height / 40))))
  const y = (value: number) => bottom - (value / factor - low) / (high - low) * height
  surface.stroke({ ink: 'grid', width: 1 }, (pen) => {
    for (const value of values.values) {
      pen.moveTo(left, y(value))
      pen.lineTo(right, y(value))
    }
  })
  for (const value of values.values) surface.text(tickText(value, values.step, scale), left - 8, y(value) + 4, { ink: 'quiet', align: 'end' })
  const timeScale = Units.seconds(to)
  const times = ticksOf(from, to, Math.max(2, Math.min(9, Math.floor(width / 90))))
  surface.stroke({ ink: 'axis', width: 1 }, (pen) => {
    for (const time of times.values) {
      pen.moveTo(x(time), bottom)
      pen.lineTo(x(time), bottom + 5)
    }
    pen.moveTo(left, top)
    pen.lineTo(left, bottom)
    pen.lineTo(right, bottom)
  })
  for (const time of times.values) surface.text(tickText(time, times.step, timeScale), x(time), bottom + 19, { ink: 'quiet', align: 'middle' })
  surface.text(scale.unit, left - 8, top - 10, { ink: 'quiet', align: 'end' })
  surface.text(say('time', { unit: timeScale.unit }), right, bottom + 37, { ink: 'quiet', align: 'end' })
}
