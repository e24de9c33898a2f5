import type { Hue } from './graph.ts'

/** What else has a colour, besides the hues of the data. */
export type Ink = Hue | 'text' | 'quiet' | 'grid' | 'axis' | 'ground'
export type Palette = Readonly<Record<Ink, string>>

/** Draws lines: a canvas's context is one. */
export interface Pen {
  moveTo(x: number, y: number): void
  lineTo(x: number, y: number): void
  circle(x: number, y: number, radius: number): void
}

export interface Stroke { ink: Ink, width: number, dashes?: readonly number[] }
export interface TextStyle { ink: Ink, align: 'start' | 'middle' | 'end', isTitle?: boolean }

/** What a graph is drawn on: a canvas, or an SVG document. */
export interface Surface {
  fill(ink: Ink, x: number, y: number, width: number, height: number): void
  stroke(stroke: Stroke, draw: (pen: Pen) => void): void
  /** @param y of the line that letters stand on */
  text(words: string, x: number, y: number, style: TextStyle): void
  /** What `draw` draws is cut at the edges of a box. */
  clipped(x: number, y: number, width: number, height: number, draw: () => void): void
}

/** For paper and for pictures that leave the program. */
export const lightPalette: Palette = {
  client: '#0b62b8', server: '#b4530a', sent: '#24425f', repeated: '#c4143a', late: '#7a3fb5', ack: '#16794c', edge: '#8a6d00', sack: '#0e8fa3',
  text: '#14191f', quiet: '#55606c', grid: '#e3e8ed', axis: '#8b97a3', ground: '#ffffff',
}
