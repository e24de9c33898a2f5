import { sheetColumns, sheetOf, type GraphSubject } from '../../src/graph/draw-sheet.ts'
import type { GraphWords } from '../../src/graph/draw-plot.ts'
import { graphSvg } from '../../src/graph/graph-svg.ts'
import { lightPalette } from '../../src/graph/surface.ts'
import type { GraphView } from '../../src/graph/view.ts'
import { CanvasSurface } from './canvas-surface.ts'

/** Columns of a view that is to be saved. */
export const pictureColumns = sheetColumns

/** Pixels for each unit of the drawing, so that a picture is sharp on paper. */
const pngScale = 2

export function svgPicture(view: GraphView, subject: GraphSubject, say: GraphWords): Blob {
  return new Blob([graphSvg(view, subject, say)], { type: 'image/svg+xml' })
}

/** The same as pixels. @param font family of the words */
export async function pngPicture(view: GraphView, subject: GraphSubject, say: GraphWords, font: string): Promise<Blob> {
  const { width, height, draw } = sheetOf(view, subject, say)
  const canvas = document.createElement('canvas')
  canvas.width = width * pngScale
  canvas.height = height * pngScale
  const context = canvas.getContext('2d', { alpha: false })
  if (context === null) throw new Error('no canvas')
  context.scale(pngScale, pngScale)
  draw(new CanvasSurface(context, lightPalette, { text: `12px ${font}`, title: `600 15px ${font}` }))
  return new Promise((resolve, reject) => canvas.toBlob((blob) => blob === null ? reject(new Error('no picture')) : resolve(blob), 'image/png'))
}

/** Hands a file to the user, who says where it goes. */
export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
