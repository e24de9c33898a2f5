import type { Palette, Pen, Stroke, Surface, TextStyle } from '../../src/graph/surface.ts'

export interface CanvasFonts { text: string, title: string }

const alignments = { start: 'left', middle: 'center', end: 'right' } as const

/** Draws graphs on a canvas's context. */
export class CanvasSurface implements Surface, Pen {
  constructor(private readonly context: CanvasRenderingContext2D, private readonly palette: Palette, private readonly fonts: CanvasFonts) {}

  fill(ink: keyof Palette, x: number, y: number, width: number, height: number): void {
    this.context.fillStyle = this.palette[ink]
    this.context.fillRect(x, y, width, height)
  }

  stroke({ ink, width, dashes = solid }: Stroke, draw: (pen: Pen) => void): void {
    const { context } = this
    context.strokeStyle = this.palette[ink]
    context.lineWidth = width
    context.setLineDash(dashes as number[])
    context.beginPath()
    draw(this)
    context.stroke()
  }

  text(words: string, x: number, y: number, { ink, align, isTitle = false }: TextStyle): void {
    const { context } = this
    context.fillStyle = this.palette[ink]
    context.font = isTitle ? this.fonts.title : this.fonts.text
    context.textAlign = alignments[align]
    context.fillText(words, x, y)
  }

  clipped(x: number, y: number, width: number, height: number, draw: () => void): void {
    const { context } = this
    context.save()
    context.beginPath()
    context.rect(x, y, width, height)
    context.clip()
    draw()
    context.restore()
  }

  moveTo(x: number, y: number): void { this.context.moveTo(x, y) }
  lineTo(x: number, y: number): void { this.context.lineTo(x, y) }
  circle(x: number, y: number, radius: number): void {
    this.context.moveTo(x + radius, y)
    this.context.arc(x, y, radius, 0, 2 * Math.PI)
  }
}

const solid: readonly number[] = []
