import type { LimitName } from '../trace/insight/limit.ts'
import { Extract } from '../trace/extract.ts'
import { bandStroke, drawBand, lanesHeight, limitsOf } from './bands.ts'
import { drawPlot } from './draw-plot.ts'
import type { GraphWords, PlotBox } from './draw-plot.ts'
import type { Mark } from './graph.ts'
import { drawMark, isLine, strokeOf } from './marks.ts'
import type { Pen, Surface } from './surface.ts'
import { valueRange } from './view.ts'
import type { GraphView, ValueRange, ViewLayer } from './view.ts'

/** What the picture is of. */
export interface GraphSubject { stream: number, from: string, to: string, packets: number, language: string }

/** A picture that leaves the program: title, plot and legend. */
export interface Sheet { title: string, width: number, height: number, draw: (surface: Surface) => void }

const width = 1000
const legendRow = 20
const legendColumn = 300
const roomy: PlotBox = { left: 74, top: 52, width: 902, height: 420 }
const belowPlot = 44

/** Columns that a view of a sheet needs. */
export const sheetColumns = roomy.width

export function sheetOf(view: GraphView, subject: GraphSubject, say: GraphWords): Sheet {
  const { from, layers, note } = view
  const to = view.to > from ? view.to : from + 1e-3
  const range = valueRange(view, from, to)
  const title = say('title', { kind: say(`kind.${view.kind}`), stream: subject.stream, from: subject.from, to: subject.to })
  const lanes = lanesHeight(view)
  const plot = { ...roomy, top: roomy.top + lanes, height: roomy.height - lanes }
  const limits = limitsOf(view)
  const legendRows = Math.ceil((layers.length + limits.length) / 3)
  const height = plot.top + plot.height + belowPlot + (legendRows + (note === null ? 0 : 1)) * legendRow + 8
  return {
    title, width, height,
    draw(surface) {
      surface.fill('ground', 0, 0, width, height)
      surface.text(title, plot.left, 24, { ink: 'text', align: 'start', isTitle: true })
      drawPlot(view, plot, { from, to, ...range }, surface, say)
      if (layers.length === 0) surface.text(say('empty'), width / 2, plot.top + plot.height / 2, { ink: 'quiet', align: 'middle' })
      const top = plot.top + plot.height + belowPlot + 14
      const place = (i: number) => [plot.left + i % 3 * legendColumn, top + Math.floor(i / 3) * legendRow] as const
      layers.forEach((layer, i) => drawLegend(layer, ...place(i), range, surface, say))
      limits.forEach((limit, i) => drawBandLegend(limit, ...place(layers.length + i), surface, say))
      if (note !== null) surface.text(say(`note.${note}`), plot.left, top + legendRows * legendRow + 4, { ink: 'quiet', align: 'start' })
    },
  }
}

function drawLegend({ label, mark, hue, least }: ViewLayer, x: number, y: number, { high }: ValueRange, surface: Surface, say: GraphWords): void {
  surface.stroke(strokeOf(mark, hue), (pen) => drawSample(mark, x, y, pen))
  const isAbove = least > high
  surface.text(say(`series.${label}`) + (isAbove ? ` ${say('above')}` : ''), x + 32, y + 4, { ink: 'text', align: 'start' })
}

function drawBandLegend(limit: LimitName, x: number, y: number, surface: Surface, say: GraphWords): void {
  surface.stroke(bandStroke(limit), (pen) => drawBand(limit, x, x + 24, y, pen))
  surface.text(say(`limit.${limit}`), x + 32, y + 4, { ink: 'text', align: 'start' })
}

/** A mark as the graph has it, alone: 24 wide, its middle at `y`. */
export function drawSample(mark: Mark, x: number, y: number, pen: Pen): void {
  const entries = new Extract(2)
  entries.count = isLine(mark) ? 2 : 1
  const isPoint = isLine(mark) || mark === 'circle' || mark === 'triangle'
  const hasHead = mark === 'crossBar' || mark === 'diamondBar'
  entries.from.set(isLine(mark) ? [x, x + 24] : [x + 12, 0])
  entries.to.set(entries.from)
  entries.low.fill(isPoint ? y : y + 6)
  entries.high.fill(isPoint ? y : hasHead ? y + 0.5 : y - 4)
  entries.first.fill(y)
  entries.last.fill(y)
  drawMark(mark, entries, { x: (value) => value, y: (value) => value }, pen, 0)
}
