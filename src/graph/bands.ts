import type { LimitName } from '../trace/insight/limit.ts'
import type { PlotBox } from './draw-plot.ts'
import { sides } from './graph.ts'
import type { Side } from './graph.ts'
import type { Ink, Pen, Stroke, Surface } from './surface.ts'
import type { GraphView, ViewBand } from './view.ts'

const laneHeight = 9
const lanePitch = 12

/** Colours never stand alone: each limit has a pattern of its own. */
const styles = {
  opening: { ink: 'quiet', pattern: 'line' },
  application: { ink: 'quiet', pattern: 'line' },
  window: { ink: 'edge', pattern: 'block' },
  zeroWindow: { ink: 'edge', pattern: 'uprights' },
  network: { ink: 'sent', pattern: 'slashes' },
  recovery: { ink: 'repeated', pattern: 'crosses' },
} as const satisfies Record<LimitName, { ink: Ink, pattern: string }>

const widths = { line: 2, block: laneHeight, uprights: 1.4, slashes: 1.1, crosses: 1.1 } as const
const patternStep = 5

/** Above a plot stands for each end a lane of what kept it from sending: the room that the lanes of a view need. */
export function lanesHeight({ bands }: GraphView): number {
  return sidesOf(bands).length * lanePitch
}

/** Draws the lanes above a box; where there are two, each has the letter of its end. */
export function drawBands({ bands }: GraphView, { left, top, width }: PlotBox, x: (time: number) => number, surface: Surface): void {
  const ends = sidesOf(bands)
  const middleOf = (side: Side) => top - (ends.length - ends.indexOf(side)) * lanePitch + laneHeight / 2
  surface.clipped(left, top - ends.length * lanePitch, width, ends.length * lanePitch, () => {
    for (const { side, limit, spans } of bands) {
      surface.stroke(bandStroke(limit), (pen) => {
        for (let i = 0; i < spans.length; i += 2) drawBand(limit, x(spans[i]), x(spans[i + 1]), middleOf(side), pen)
      })
    }
  })
  if (ends.length > 1) for (const side of ends) surface.text(side === 'client' ? 'C' : 'S', left + width + 5, middleOf(side) + 4, { ink: side, align: 'start' })
}

export function bandStroke(limit: LimitName): Stroke {
  const { ink, pattern } = styles[limit]
  return { ink, width: widths[pattern] }
}

/** One span, from `left` to `right` around `middle`. */
export function drawBand(limit: LimitName, left: number, right: number, middle: number, pen: Pen): void {
  const { pattern } = styles[limit]
  const top = middle - laneHeight / 2
  const bottom = middle + laneHeight / 2
  if (pattern === 'line' || pattern === 'block') {
    pen.moveTo(left, middle)
    // So short that nobody would see it: it stays a hair.
    pen.lineTo(Math.max(right, left + 0.5), middle)
    return
  }
  // On one grid for all spans; a span between two lines of it has one of its own.
  const onGrid = Math.ceil(left / patternStep) * patternStep
  for (let at = onGrid < right ? onGrid : left; at <= right; at += patternStep) {
    const end = pattern === 'uprights' ? at : Math.min(at + patternStep - 1, Math.max(right, at + 1))
    pen.moveTo(at, bottom)
    pen.lineTo(end, top)
    if (pattern !== 'crosses') continue
    pen.moveTo(at, top)
    pen.lineTo(end, bottom)
  }
}

/** What is drawn of a view, once each, for its legend. */
export function limitsOf({ bands }: GraphView): LimitName[] {
  return [...new Set(bands.map(({ limit }) => limit))]
}

/** What kept whom from sending at a time. */
export function bandsAt({ bands }: GraphView, time: number): ViewBand[] {
  return bands.filter(({ spans }) => {
    for (let i = 0; i < spans.length; i += 2) if (spans[i] <= time && time < spans[i + 1]) return true
    return false
  })
}

function sidesOf(bands: readonly ViewBand[]): Side[] {
  return sides.filter((side) => bands.some((band) => band.side === side))
}
