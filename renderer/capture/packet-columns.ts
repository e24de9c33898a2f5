import type { PacketRow } from '../../src/rpc/packets-contract.ts'
import { shownNumbers, type NumberForm } from './shown-numbers.ts'

/** Columns of the packet list, left to right. Widths follow the longest value seen, between the limits, and never shrink while one scrolls. */
export const packetColumns = [
  { id: 'rule', align: 'left', least: 0, most: 0 },
  { id: 'number', align: 'right', least: 3, most: 9 },
  { id: 'time', align: 'right', least: 8, most: 26 },
  { id: 'source', align: 'left', least: 10, most: 15 },
  { id: 'destination', align: 'left', least: 10, most: 15 },
  { id: 'protocol', align: 'left', least: 4, most: 8 },
  { id: 'flags', align: 'left', least: 0, most: 0 },
  { id: 'findings', align: 'left', least: 0, most: 0 },
  { id: 'seq', align: 'right', least: 5, most: 10 },
  { id: 'ack', align: 'right', least: 5, most: 10 },
  { id: 'window', align: 'right', least: 5, most: 7 },
  { id: 'length', align: 'right', least: 4, most: 5 },
  { id: 'state', align: 'left', least: 11, most: 11 },
  { id: 'info', align: 'left', least: 0, most: 0 },
] as const

export type ColumnId = typeof packetColumns[number]['id']
export type ColumnChars = Record<ColumnId, number>
export interface PlacedColumn { id: ColumnId, align: 'left' | 'right', x: number, width: number }

/** D2Coding is half an em wide: 6 px a figure at 12 px. */
export const charWidth = 6
export const cellPadding = 4
const ruleWidth = 15
const flagsWidth = 90
const whoWidth = 17
/** A mark with its two letters, and how many more there are. */
const findingsWidth = 46
const leastInfo = 64
/** Info has the words of a finding; where that leaves little room for anything else, they are not shown as letters too. */
const roomyInfo = 200

export function leastChars(): ColumnChars {
  return Object.fromEntries(packetColumns.map(({ id, least }) => [id, least])) as ColumnChars
}

/** Widens `chars` to hold a row; true when anything changed. */
export function widenColumns(chars: ColumnChars, row: PacketRow, time: string, isns: readonly [number, number], form: NumberForm): boolean {
  let changed = false
  const need = (id: ColumnId, length: number) => {
    const { most } = packetColumns.find((column) => column.id === id)!
    const wanted = Math.min(most, length)
    if (wanted <= chars[id]) return
    chars[id] = wanted
    changed = true
  }
  need('number', String(row.number).length)
  need('time', time.length)
  need('source', row.source.length)
  need('destination', row.destination.length)
  need('protocol', row.protocol.length)
  if (row.tcp) {
    const { seq, ack } = shownNumbers(row.tcp, isns, form)
    need('seq', String(seq).length)
    need('ack', String(ack).length)
    need('window', String(shownWindow(row.tcp)).length)
    need('length', String(row.tcp.length).length)
  }
  return changed
}

/** The window in bytes where the scale is known, the field as it stands otherwise. */
export const shownWindow = (tcp: { window: number, scaledWindow: number }): number => tcp.scaledWindow >= 0 ? tcp.scaledWindow : tcp.window

/** Puts the columns side by side; Info takes what is left and at least enough for a word, and Found is left out where Info is short of room. */
export function placeColumns(chars: ColumnChars, available: number): PlacedColumn[] {
  const others = packetColumns.reduce((sum, { id }) => sum + (id === 'info' ? 0 : widthOf(id, chars[id])), 0)
  const hasFindings = available - others >= roomyInfo
  let x = 0
  return packetColumns.filter(({ id }) => id !== 'findings' || hasFindings).map(({ id, align }) => {
    const width = id === 'info' ? Math.max(leastInfo, available - x) : widthOf(id, chars[id])
    const placed = { id, align, x, width }
    x += width
    return placed
  })
}

function widthOf(id: ColumnId, chars: number): number {
  if (id === 'rule') return ruleWidth
  if (id === 'flags') return flagsWidth
  if (id === 'findings') return findingsWidth
  const extra = id === 'state' ? whoWidth : 0
  return chars * charWidth + 2 * cellPadding + extra
}
