import { cutToWidth, padEnd, padStart, textWidth } from './text-width.ts'
import { toned } from './ansi.ts'

export interface TextColumn { head: string, align?: 'left' | 'right', most?: number }

/** A table as lines: columns as wide as their longest cell, heads in grey. The last column is cut at the terminal's edge. */
export function textTable(columns: readonly TextColumn[], rows: readonly (readonly string[])[], terminalColumns: number): string[] {
  const widths = columns.map(({ head, most }, i) => Math.min(most ?? Infinity, Math.max(textWidth(head), ...rows.map((row) => textWidth(row[i])))))
  const line = (cells: readonly string[]) => {
    let used = 0
    return cells.map((cell, i) => {
      const isLast = i === columns.length - 1
      const room = isLast ? Math.max(4, terminalColumns - used - 1) : widths[i]
      const cut = cutToWidth(cell, room)
      used += widths[i] + 2
      if (columns[i].align === 'right') return padStart(cut, widths[i])
      return isLast ? cut : padEnd(cut, widths[i])
    }).join('  ')
  }
  return [toned('dim', line(columns.map(({ head }) => head))), ...rows.map(line)]
}
