import type { GraphWords } from './draw-plot.ts'
import { sheetOf } from './draw-sheet.ts'
import type { GraphSubject } from './draw-sheet.ts'
import { lightPalette } from './surface.ts'
import { escaped, SvgSurface } from './svg-surface.ts'
import { Units } from './ticks.ts'
import { figure, timeText, unitOf } from './units.ts'
import type { GraphView } from './view.ts'

const font = 'Pretendard, "Noto Sans KR", "Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic", system-ui, sans-serif'

/** A view of a graph as an SVG document, light, complete in itself. Its size depends on the picture, not on the number of packets. */
export function graphSvg(view: GraphView, subject: GraphSubject, say: GraphWords): string {
  const { title, width, height, draw } = sheetOf(view, subject, say)
  const surface = new SvgSurface(lightPalette)
  draw(surface)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" lang="${subject.language}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(descriptionOf(view, subject, say))}</desc>`,
    `<style>text{font:12px ${font}}.t{font-size:15px;font-weight:600}path{fill:none;stroke-linejoin:round}</style>`,
    ...surface.elements,
    '</svg>\n',
  ].join('\n')
}

/** For who does not see the picture: what is in it and how far it goes. */
export function descriptionOf({ kind, duration, layers, bands, note }: GraphView, { packets }: GraphSubject, say: GraphWords): string {
  const time = Units.seconds(duration)
  const { factor, scaleOf } = unitOf[kind]
  const parts = layers.map(({ label, count, least, greatest }) => {
    const scale = scaleOf(greatest * factor)
    return say('described', { name: say(`series.${label}`), count, least: figure(least * factor / scale.divisor), greatest: figure(greatest * factor / scale.divisor), unit: scale.unit })
  })
  const held = bands.map(({ side, limit, count, seconds }) => say('describedBand', { end: say(`end.${side}`), name: say(`limit.${limit}`), count, time: timeText(seconds) }))
  return [say('description', { packets, duration: figure(duration / time.divisor), unit: time.unit }), ...parts, ...held, ...(note === null ? [] : [say(`note.${note}`)])].join(' ')
}
