import { readFileSync } from 'node:fs'
import { initWasm, Resvg } from '@resvg/resvg-wasm'

/** Pixels for each unit of the drawing, so that a picture is sharp on paper. */
const scale = 2

/** Stand beside the programs, see vite.config.ts. */
const besidePrograms = (name: string): Uint8Array => readFileSync(new URL(`./${name}`, import.meta.url))

let ready: Promise<Uint8Array[]> | null = null

/** An SVG document as a PNG file, drawn without a browser and with a font of our own: the same on every machine. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  ready ??= initWasm(besidePrograms('resvg.wasm')).then(() => ['regular.woff2', 'semibold.woff2'].map(besidePrograms))
  const fontBuffers = await ready
  const picture = new Resvg(svg, { fitTo: { mode: 'zoom', value: scale }, font: { fontBuffers, defaultFontFamily: 'Pretendard' } })
  const rendered = picture.render()
  try {
    return rendered.asPng()
  } finally {
    rendered.free()
    picture.free()
  }
}
