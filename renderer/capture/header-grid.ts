import type { FieldSpan } from '../../src/wire/describe.ts'

/** One cell of a header drawn 32 bits wide. A field that crosses rows has one cell for each stretch; only `main` carries its words. */
export interface GridCell {
  span: FieldSpan
  row: number
  /** First bit in the row, 0 to 31. */
  column: number
  columns: number
  main: boolean
}

const rowBits = 32

/**
 * Lays the fields of one header out as the RFCs draw it. Whole rows of a long field become one, since their bits say nothing apart.
 * @param spans the header's fields in the order of their bits
 */
export function layHeader(spans: readonly FieldSpan[]): GridCell[][] {
  const cells: GridCell[] = []
  let column = 0
  let row = 0
  for (const span of spans) {
    const pieces: GridCell[] = []
    let left = span.bitLength
    while (left > 0) {
      const columns = Math.min(left, rowBits - column)
      const before = pieces.at(-1)
      if (columns === rowBits && before?.columns === rowBits) left -= columns
      else {
        pieces.push({ span, row, column, columns, main: false })
        left -= columns
        column += columns
        if (column === rowBits) {
          column = 0
          row++
        }
      }
    }
    widest(pieces).main = true
    cells.push(...pieces)
  }
  const rows: GridCell[][] = Array.from({ length: row + (column > 0 ? 1 : 0) }, () => [])
  for (const cell of cells) rows[cell.row].push(cell)
  return rows
}

function widest(pieces: readonly GridCell[]): GridCell {
  return pieces.reduce((best, piece) => piece.columns > best.columns ? piece : best)
}

/** Where a key moves from a cell: along the fields, or to the field above or below that shares a bit column. */
export function neighbourCell(rows: readonly (readonly GridCell[])[], from: FieldSpan, key: string): FieldSpan | null {
  const fields = [...new Set(rows.flat().map((cell) => cell.span))]
  const at = fields.indexOf(from)
  if (at < 0) return fields[0] ?? null
  if (key === 'ArrowRight') return fields[at + 1] ?? null
  if (key === 'ArrowLeft') return fields[at - 1] ?? null
  if (key === 'Home') return fields[0]
  if (key === 'End') return fields.at(-1)!
  const step = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0
  if (step === 0) return null
  const cell = rows.flat().find((one) => one.span === from && one.main)!
  const middle = cell.column + cell.columns / 2
  for (let row = cell.row + step; row >= 0 && row < rows.length; row += step) {
    const found = rows[row].find((one) => one.column <= middle && middle < one.column + one.columns) ?? rows[row].at(-1)
    if (found && found.span !== from) return found.span
  }
  return null
}
