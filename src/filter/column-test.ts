import { blockPackets } from './block.ts'
import type { Block } from './block.ts'
import type { Test } from './compile.ts'
import { Presence } from './field.ts'
import type { ColumnLoader } from './field.ts'

export type ColumnComparison = '==' | '!=' | '<' | '<=' | '>' | '>='

/** What is asked of a column; with `isAll` every occurrence of the field has to pass. */
export type ColumnQuestion =
  | { readonly kind: 'present' }
  | { readonly kind: 'constant', readonly comparison: ColumnComparison, readonly value: number, readonly mask?: number, readonly isAll: boolean }
  | { readonly kind: 'range', readonly low: number, readonly high: number, readonly isAll: boolean }
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

  const answer = (block: Block): void => {
    const { count } = block
    switch (question.kind) {
      case 'present': passed.fill(1, 0, count); break
      case 'constant':
        if (question.mask !== undefined) for (let i = 0; i < count; i++) values[i] = (values[i] & question.mask) >>> 0
        compareWith(question.comparison, values, question.mask === undefined ? question.value : (question.value & question.mask) >>> 0, passed, count)
        break
      case 'range': for (let i = 0; i < count; i++) passed[i] = values[i] >= question.low && values[i] <= question.high ? 1 : 0; break
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
      for (let c = 0; c < columns.length; c++) {
        columns[c](block, values, presence)
        answer(block)
        if (c === 0) first(selection, passed, presence, count)
        else if (isAll) for (let i = 0; i < count; i++) verdicts[i] = verdicts[i] === undecided ? undecided : verdicts[i] & passed[i]
        else for (let i = 0; i < count; i++) verdicts[i] = verdicts[i] === undecided ? undecided : verdicts[i] | (presence[i] === Presence.present ? passed[i] : 0)
      }
      for (let i = 0; i < count; i++) {
        if (selection[i] === 0) continue
        if (verdicts[i] === undecided) {
          view.moveTo(block.first + i)
          verdicts[i] = slow.test(view) ? 1 : 0
        }
        selection[i] = verdicts[i]
      }
    },
  }
}

/** Shared by all tests: nobody keeps it beyond one `select`. */
const verdicts = new Uint8Array(blockPackets)
const undecided = 2

function first(selection: Uint8Array, passed: Uint8Array, presence: Uint8Array, count: number): void {
  for (let i = 0; i < count; i++) verdicts[i] = presence[i] === Presence.inBytes && selection[i] !== 0 ? undecided : presence[i] === Presence.present ? passed[i] : 0
}

function compareWith(comparison: ColumnComparison, values: Float64Array, value: number, passed: Uint8Array, count: number): void {
  switch (comparison) {
    case '==': for (let i = 0; i < count; i++) passed[i] = values[i] === value ? 1 : 0; break
    case '!=': for (let i = 0; i < count; i++) passed[i] = values[i] !== value ? 1 : 0; break
    case '<': for (let i = 0; i < count; i++) passed[i] = values[i] < value ? 1 : 0; break
    case '<=': for (let i = 0; i < count; i++) passed[i] = values[i] <= value ? 1 : 0; break
    case '>': for (let i = 0; i < count; i++) passed[i] = values[i] > value ? 1 : 0; break
    case '>=': for (let i = 0; i < count; i++) passed[i] = values[i] >= value ? 1 : 0; break
  }
}

function compareEach(comparison: ColumnComparison, values: Float64Array, others: Float64Array, passed: Uint8Array, count: number): void {
  switch (comparison) {
    case '==': for (let i = 0; i < count; i++) passed[i] = values[i] === others[i] ? 1 : 0; break
    case '!=': for (let i = 0; i < count; i++) passed[i] = values[i] !== others[i] ? 1 : 0; break
    case '<': for (let i = 0; i < count; i++) passed[i] = values[i] < others[i] ? 1 : 0; break
    case '<=': for (let i = 0; i < count; i++) passed[i] = values[i] <= others[i] ? 1 : 0; break
    case '>': for (let i = 0; i < count; i++) passed[i] = values[i] > others[i] ? 1 : 0; break
    case '>=': for (let i = 0; i < count; i++) passed[i] = values[i] >= others[i] ? 1 : 0; break
  }
}
