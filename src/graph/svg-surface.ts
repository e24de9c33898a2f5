import type { Palette, Pen, Stroke, Surface, TextStyle } from './surface.ts'

/** Puts elements of an SVG document together. */
export class SvgSurface implements Surface {
  readonly elements: string[] = []
  private clips = 0

  constructor(private readonly palette: Palette) {}

  fill(ink: keyof Palette, x: number, y: number, width: number, height: number): void {
    this.elements.push(`<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="${this.palette[ink]}"/>`)
  }

  stroke({ ink, width, dashes }: Stroke, draw: (pen: Pen) => void): void {
    const data = pathData(draw)
    const style = `stroke="${this.palette[ink]}" stroke-width="${width}"${dashes === undefined ? '' : ` stroke-dasharray="${dashes.join(' ')}"`}`
    if (data !== '') this.elements.push(`<path d="${data}" ${style}/>`)
  }

  text(words: string, x: number, y: number, { ink, align, isTitle = false }: TextStyle): void {
    const anchor = align === 'start' ? '' : ` text-anchor="${align}"`
    this.elements.push(`<text${isTitle ? ' class="t"' : ''} x="${n(x)}" y="${n(y)}" fill="${this.palette[ink]}"${anchor}>${escaped(words)}</text>`)
  }

  clipped(x: number, y: number, width: number, height: number, draw: () => void): void {
    const id = `clip${++this.clips}`
    this.elements.push(`<clipPath id="${id}"><rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}"/></clipPath>`, `<g clip-path="url(#${id})">`)
    draw()
    this.elements.push('</g>')
  }
}

/** What a pen draws as the data of a path. */
export function pathData(draw: (pen: Pen) => void): string {
  const pen = new PathPen()
  draw(pen)
  return pen.parts.join('')
}

/** Writes the data of a path; level and upright lines in their short form. */
class PathPen implements Pen {
  readonly parts: string[] = []
  private x = ''
  private y = ''

  moveTo(x: number, y: number): void {
    this.x = n(x)
    this.y = n(y)
    this.parts.push(`M${this.x} ${this.y}`)
  }

  lineTo(x: number, y: number): void {
    const [toX, toY] = [n(x), n(y)]
    if (toX === this.x && toY === this.y) return
    this.parts.push(toX === this.x ? `V${toY}` : toY === this.y ? `H${toX}` : `L${toX} ${toY}`)
    this.x = toX
    this.y = toY
  }

  circle(x: number, y: number, radius: number): void {
    this.moveTo(x - radius, y)
    this.parts.push(`a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`)
  }
}

/** A tenth of a pixel is enough. */
function n(value: number): string {
  return String(Math.round(value * 10) / 10)
}

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
