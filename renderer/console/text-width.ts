/** How many cells of a terminal a text takes: Hangul, Han and full-width forms take two, combining marks none. */

/** Ranges of code points, first and last, that take two cells (Unicode 6 as the terminal has it). */
const wide = [
  0x1100, 0x115f, 0x2e80, 0x303e, 0x3041, 0x33ff, 0x3400, 0x4dbf, 0x4e00, 0xa4cf, 0xa960, 0xa97f, 0xac00, 0xd7a3, 0xf900, 0xfaff, 0xfe10, 0xfe19, 0xfe30, 0xfe6f, 0xff00, 0xff60,
  0xffe0, 0xffe6, 0x20000, 0x2fffd, 0x30000, 0x3fffd,
]
/** Ranges that take none. */
const combining = [0x0300, 0x036f, 0x1160, 0x11ff, 0x200b, 0x200f, 0x20d0, 0x20ff, 0xfe00, 0xfe0f, 0xfe20, 0xfe2f]

function isIn(ranges: readonly number[], code: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (code >= ranges[i] && code <= ranges[i + 1]) return true
  return false
}

export function codePointWidth(code: number): 0 | 1 | 2 {
  if (code < 0x300) return 1
  if (isIn(combining, code)) return 0
  return isIn(wide, code) ? 2 : 1
}

export function textWidth(text: string): number {
  let width = 0
  for (const char of text) width += codePointWidth(char.codePointAt(0)!)
  return width
}

/** Cuts a text to at most `width` cells, with an ellipsis where something was cut. */
export function cutToWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let used = 1
  let kept = ''
  for (const char of text) {
    used += codePointWidth(char.codePointAt(0)!)
    if (used > width) break
    kept += char
  }
  return `${kept}…`
}

export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - textWidth(text)))
export const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - textWidth(text))) + text
