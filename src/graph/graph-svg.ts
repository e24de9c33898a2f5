import { Extract } from '../trace/min-max-pyramid.ts'
import type { Graph, Layer, Mark } from './graph.ts'
import { n, pathOf, shapes } from './marks.ts'
import type { Place } from './marks.ts'
import { tickText, ticksOf, Units } from './ticks.ts'

/** Words of the section `graph`. */
export type GraphWords = (key: string, params?: Readonly<Record<string, string | number>>) => string

/** What the picture is of. */
export interface GraphSubject { stream: number, from: string, to: string, packets: number, language: string }

const width = 1000
const legendRow = 20
const legendColumn = 300
const margin = { left: 74, right: 24, top: 52, bottom: 44 }
const plotHeight = 420
const ink = { text: '#14191f', quiet: '#55606c', grid: '#e3e8ed', axis: '#8b97a3' } as const
const font = 'Pretendard, "Noto Sans KR", "Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic", system-ui, sans-serif'

/** One graph as an SVG document, light, complete in itself. Its size depends on the picture, not on the number of packets. */
export function graphSvg(graph: Graph, subject: GraphSubject, say: GraphWords): string {
  const layers = graph.layers.filter(({ series }) => series.count > 0)
  const plotWidth = width - margin.left - margin.right
  const greatest = topOf(graph, layers)
  const duration = graph.duration > 0 ? graph.duration : 1e-3
  const place: Place = {
    x: (time) => margin.left + time / duration * plotWidth,
    y: (value) => margin.top + plotHeight - Math.max(-0.1, Math.min(1.1, value * graph.factor / greatest)) * plotHeight,
  }
  const title = say('title', { kind: say(`kind.${graph.kind}`), stream: subject.stream, from: subject.from, to: subject.to })
  const legend = legendOf(graph, layers, greatest, say)
  const height = margin.top + plotHeight + margin.bottom + legend.height + 8
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" lang="${subject.language}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(descriptionOf(graph, layers, subject, say))}</desc>`,
    `<style>text{font:12px ${font};fill:${ink.text}}.q{fill:${ink.quiet}}.t{font-size:15px;font-weight:600}path{fill:none;stroke-linejoin:round}</style>`,
    `<clipPath id="plot"><rect x="${margin.left - 4}" y="${margin.top}" width="${plotWidth + 8}" height="${plotHeight + 5}"/></clipPath>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text class="t" x="${margin.left}" y="24">${escaped(title)}</text>`,
    axes(graph, greatest, duration, place, say),
    '<g clip-path="url(#plot)">',
    ...layers.map((layer) => layerPath(layer, duration, plotWidth, place)),
    '</g>',
    layers.length === 0 ? `<text class="q" x="${width / 2}" y="${margin.top + plotHeight / 2}" text-anchor="middle">${escaped(say('empty'))}</text>` : '',
    legend.svg,
    '</svg>\n',
  ].filter((line) => line !== '').join('\n')
}

/** What the axis ends at: lines that stand beside the data may take a third more than it needs. */
function topOf({ factor }: Graph, layers: readonly Layer[]): number {
  let main = 0
  let beside = 0
  for (const { series, isBeside } of layers) {
    if (isBeside) beside = Math.max(beside, series.greatest)
    else main = Math.max(main, series.greatest)
  }
  const top = Math.max(main, Math.min(beside, main === 0 ? beside : main * 4 / 3)) * factor
  return top > 0 ? top * 1.04 : 1
}

function axes({ unitOf }: Graph, greatest: number, duration: number, { x }: Place, say: GraphWords): string {
  const bottom = margin.top + plotHeight
  const scale = unitOf(greatest)
  const values = ticksOf(0, greatest, 7)
  const timeScale = Units.seconds(duration)
  const times = ticksOf(0, duration, 9)
  return [
    ...values.values.map((value) => {
      const y = bottom - value / greatest * plotHeight
      return `<path d="M${margin.left} ${n(y)}H${width - margin.right}" stroke="${ink.grid}"/><text class="q" x="${margin.left - 8}" y="${n(y + 4)}" text-anchor="end">${tickText(value, values.step, scale)}</text>`
    }),
    ...times.values.map((time) => `<path d="M${n(x(time))} ${bottom}v5" stroke="${ink.axis}"/><text class="q" x="${n(x(time))}" y="${bottom + 19}" text-anchor="middle">${tickText(time, times.step, timeScale)}</text>`),
    `<path d="M${margin.left} ${margin.top}V${bottom}H${width - margin.right}" stroke="${ink.axis}"/>`,
    `<text class="q" x="${margin.left - 8}" y="${margin.top - 10}" text-anchor="end">${escaped(scale.unit)}</text>`,
    `<text class="q" x="${width - margin.right}" y="${bottom + 37}" text-anchor="end">${escaped(say('time', { unit: timeScale.unit }))}</text>`,
  ].join('\n')
}

function layerPath({ series, mark, colour }: Layer, duration: number, plotWidth: number, place: Place): string {
  const entries = new Extract(plotWidth)
  series.extract(0, duration, entries)
  return `<path d="${pathOf(mark, entries, place)}" ${strokeOf(mark, colour)}/>`
}

const dashesOf = { dashedStep: '6 3', dottedStep: '1.5 2.5', dashDotStep: '8 3 1.5 3' } as const

function strokeOf(mark: Mark, colour: string): string {
  const dashes = mark in dashesOf ? ` stroke-dasharray="${dashesOf[mark as keyof typeof dashesOf]}"` : ''
  return `stroke="${colour}" stroke-width="${mark === 'bar' || mark === 'crossBar' || mark === 'diamondBar' ? 2 : 1.4}"${dashes}`
}

function legendOf(graph: Graph, layers: readonly Layer[], greatest: number, say: GraphWords): { svg: string, height: number } {
  const top = margin.top + plotHeight + margin.bottom + 14
  const items = layers.map(({ label, mark, colour, series }, i) => {
    const x = margin.left + i % 3 * legendColumn
    const y = top + Math.floor(i / 3) * legendRow
    const isAbove = series.least * graph.factor > greatest
    const text = say(`series.${label}`) + (isAbove ? ` ${say('above')}` : '')
    return `<path d="${sampleOf(mark, x, y)}" ${strokeOf(mark, colour)}/><text x="${x + 32}" y="${y + 4}">${escaped(text)}</text>`
  })
  const rows = Math.ceil(layers.length / 3)
  if (graph.note !== null) items.push(`<text class="q" x="${margin.left}" y="${top + rows * legendRow + 4}">${escaped(say(`note.${graph.note}`))}</text>`)
  return { svg: items.join('\n'), height: (rows + (graph.note === null ? 0 : 1)) * legendRow }
}

/** The mark as the graph has it, alone. */
function sampleOf(mark: Mark, x: number, y: number): string {
  const entries = new Extract(2)
  const isLine = !(mark in shapes)
  entries.count = isLine ? 2 : 1
  const isPoint = isLine || mark === 'circle' || mark === 'triangle'
  entries.from.set(isLine ? [x, x + 24] : [x + 12, 0])
  entries.to.set(entries.from)
  entries.low.fill(isPoint ? y : y - 4)
  entries.high.fill(isPoint ? y : y + 5)
  entries.first.fill(y)
  entries.last.fill(y)
  return pathOf(mark, entries, { x: (value) => value, y: (value) => value })
}

/** For who does not see the picture: what is in it and how far it goes. */
function descriptionOf(graph: Graph, layers: readonly Layer[], { packets }: GraphSubject, say: GraphWords): string {
  const time = Units.seconds(graph.duration)
  const parts = layers.map(({ label, series }) => {
    const scale = graph.unitOf(series.greatest * graph.factor)
    return say('described', {
      name: say(`series.${label}`), count: series.count, least: figure(series.least * graph.factor / scale.divisor), greatest: figure(series.greatest * graph.factor / scale.divisor), unit: scale.unit,
    })
  })
  return [say('description', { packets, duration: figure(graph.duration / time.divisor), unit: time.unit }), ...parts, ...(graph.note === null ? [] : [say(`note.${graph.note}`)])].join(' ')
}

function figure(value: number): string {
  return String(Number(value.toPrecision(4)))
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
