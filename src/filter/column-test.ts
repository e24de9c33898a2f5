import { blockPackets } from './block.ts'
import type { Block } from './block.ts'
import type { Test } from './compile.ts'
import { Presence } from './field.ts'
import type { ColumnLoader } from './field.ts'
import type { PacketView } from './packet-view.ts'

export type ColumnComparison = '==' | '!=' | '<' | '<=' | '>' | '>='

/** Both ends belong to it. */
export interface Range { readonly low: number, readonly high: number }

/** What is asked of a column; with `isAll` every occurrence of the field has to pass. */
export type ColumnQuestion =
  | { readonly kind: 'present' }
  | { readonly kind: 'constant', readonly comparison: ColumnComparison, readonly value: number, readonly mask?: number, readonly isAll: boolean }
  | { readonly kind: 'ranges', readonly ranges: readonly Range[], readonly isAll: boolean }
  | { readonly kind: 'column', readonly comparison: ColumnComparison, readonly other: ColumnLoader, readonly isAll: boolean }

/**
 * Answers from columns, a block in a few tight loops; packets whose columns do not tell are asked one by one.
 * @param columns one for each occurrence of the field
 */
export function columnTest(columns: readonly ColumnLoader[], question: ColumnQuestion, slow: Test): Test {
  const values = new Float64Array(blockPackets)
  const presence = new Uint8Array(blockPackets)
  const passed = new Uint8Array(blockPackets)
  const others = new Float64Array(blockPackets)
  const otherPresence = new Uint8Array(blockPackets)
  const isAll = question.kind !== 'present' && question.isAll
  const table = question.kind === 'ranges' ? tableOf(question.ranges) : null

  const answer = (block: Block): void => {
    const { count } = block
    switch (question.kind) {
      case 'present': passed.fill(1, 0, count); break
      case 'constant':
        if (question.mask !== undefined) for (let i = 0; i < count; i++) values[i] = (values[i] & question.mask) >>> 0
        compareWith(question.comparison, values, question.mask === undefined ? question.value : (question.value & question.mask) >>> 0, passed, count)
        break
      case 'ranges':
        if (table === null) isWithin(question.ranges, values, passed, count)
        else isInTable(table, values, passed, count)
        break
      case 'column':
        question.other(block, others, otherPresence)
        compareEach(question.comparison, values, others, passed, count)
        for (let i = 0; i < count; i++) if (presence[i] === Presence.present && otherPresence[i] !== Presence.present) presence[i] = otherPresence[i]
    }
  }

  return {
    test: (view) => slow.test(view),
    select(block, view, selection) {
      const { count } = block
      let found = 0
      for (let c = 0; c < columns.length; c++) {
        columns[c](block, values, presence)
        answer(block)
        if (c === 0) found = first(passed, presence, count)
        else if (isAll) for (let i = 0; i < count; i++) verdicts[i] &= passed[i] | undecided
        else for (let i = 0; i < count; i++) verdicts[i] |= passed[i] & presence[i]
      }
      if ((found & undecided) !== 0) lookInto(block, view, selection, slow)
      for (let i = 0; i < count; i++) selection[i] &= verdicts[i]
    },
  }
}

/** Shared by all tests: nobody keeps it beyond one `select`. */
const verdicts = new Uint8Array(blockPackets)
/** A bit, and the number of `Presence.inBytes`: verdicts follow from presence and answers without a branch. */
const undecided = Presence.inBytes

/** @returns all verdicts together */
function first(passed: Uint8Array, presence: Uint8Array, count: number): number {
  let found = 0
  for (let i = 0; i < count; i++) found |= verdicts[i] = presence[i] & (passed[i] | undecided)
  return found
}

function lookInto(block: Block, view: PacketView, selection: Uint8Array, slow: Test): void {
  for (let i = 0; i < block.count; i++) {
    if (selection[i] === 0 || (verdicts[i] & undecided) === 0) continue
    view.moveTo(block.first + i)
    verdicts[i] = slow.test(view) ? 1 : 0
  }
}

const tableSize = 0x1_0000

/** Which numbers of 16 bits are in one of the ranges; null where they reach further. */
function tableOf(ranges: readonly Range[]): Uint8Array | null {
  if (ranges.length < 3 || ranges.some(({ low, high }) => low < 0 || high >= tableSize || !Number.isInteger(low))) return null
  const table = new Uint8Array(tableSize)
  for (const { low, high } of ranges) table.fill(1, low, high + 1)
  return table
}

function isInTable(table: Uint8Array, values: Float64Array, passed: Uint8Array, count: number): void {
  for (let i = 0; i < count; i++) passed[i] = values[i] >= 0 && values[i] < tableSize ? table[values[i] | 0] : 0
}

function isWithin(ranges: readonly Range[], values: Float64Array, passed: Uint8Array, count: number): void {
  passed.fill(0, 0, count)
  for (const { low, high } of ranges) for (let i = 0; i < count; i++) passed[i] |= +(values[i] >= low) & +(values[i] <= high)
}

function compareWith(comparison: ColumnComparison, values: Float64Array, value: number, passed: Uint8Array, count: number): void {
  switch (comparison) {
    case '==': for (let i = 0; i < count; i++) passed[i] = +(values[i] === value); break
    case '!=': for (let i = 0; i < count; i++) passed[i] = +(values[i] !== value); break
    case '<': for (let i = 0; i < count; i++) passed[i] = +(values[i] < value); break
    case '<=': for (let i = 0; i < count; i++) passed[i] = +(values[i] <= value); break
    case '>': for (let i = 0; i < count; i++) passed[i] = +(values[i] > value); break
    case '>=': for (let i = 0; i < count; i++) passed[i] = +(values[i] >= value); break
  }
}

function compareEach(comparison: ColumnComparison, values: Float64Array, others: Float64Array, passed: Uint8Array, count: number): void {
  switch (comparison) {
    case '==': for (let i = 0; i < count; i++) passed[i] = +(values[i] === others[i]); break
    case '!=': for (let i = 0; i < count; i++) passed[i] = +(values[i] !== others[i]); break
    case '<': for (let i = 0; i < count; i++) passed[i] = +(values[i] < others[i]); break
    case '<=': for (let i = 0; i < count; i++) passed[i] = +(values[i] <= others[i]); break
    case '>': for (let i = 0; i < count; i++) passed[i] = +(values[i] > others[i]); break
    case '>=': for (let i = 0; i < count; i++) passed[i] = +(values[i] >= others[i]); break
  }
}
