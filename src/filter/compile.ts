import { ipv4Mask, isSamePrefix } from '../wire/addresses.ts'
import { blockPackets } from './block.ts'
import type { Block } from './block.ts'
import { columnTest } from './column-test.ts'
import type { ColumnComparison, Range } from './column-test.ts'
import type { LocalTime } from './date.ts'
import type { Literal } from './literal.ts'
import { constantAs, requireSource, resolve, textOf, valuesOf } from './operand.ts'
import type { Source } from './operand.ts'
import type { PacketView } from './packet-view.ts'
import { compilePattern } from './pattern.ts'
import { problem } from './syntax.ts'
import type { Comparison, Expression, Operand, Quantifier, SetItem } from './syntax.ts'
import { compareValues, containsBytes, isInteger, kindOf } from './value.ts'
import type { Value } from './value.ts'

/** A test of packets: one by one, or the packets of a block at once. */
export interface Test {
  test(view: PacketView): boolean
  /** Clears in `selection` the packets of the block that do not pass; the others are not looked at. */
  select(block: Block, view: PacketView, selection: Uint8Array): void
}

/** @throws FilterProblem where the filter makes no sense */
export function compileExpression(expression: Expression, local: LocalTime): Test {
  switch (expression.kind) {
    case 'and': return both(compileExpression(expression.left, local), compileExpression(expression.right, local))
    case 'or': return either(compileExpression(expression.left, local), compileExpression(expression.right, local))
    case 'not': return opposite(compileExpression(expression.operand, local))
    case 'exists': return compileExists(expression.operand, local)
    case 'compare': return compileComparison(expression, local)
    case 'in': {
      const test = compileMembership(expression.left, expression.set, expression.quantifier, local)
      return expression.negated ? opposite(test) : test
    }
  }
}

function both(left: Test, right: Test): Test {
  return {
    test: (view) => left.test(view) && right.test(view),
    select(block, view, selection) {
      left.select(block, view, selection)
      right.select(block, view, selection)
    },
  }
}

function either(left: Test, right: Test): Test {
  const first = new Uint8Array(blockPackets)
  return {
    test: (view) => left.test(view) || right.test(view),
    select(block, view, selection) {
      const { count } = block
      first.set(selection.subarray(0, count))
      left.select(block, view, first)
      // What the left side took need not be looked at by the right one.
      for (let i = 0; i < count; i++) selection[i] &= first[i] ^ 1
      right.select(block, view, selection)
      for (let i = 0; i < count; i++) selection[i] |= first[i]
    },
  }
}

function opposite(operand: Test): Test {
  const found = new Uint8Array(blockPackets)
  return {
    test: (view) => !operand.test(view),
    select(block, view, selection) {
      found.set(selection.subarray(0, block.count))
      operand.select(block, view, found)
      for (let i = 0; i < block.count; i++) selection[i] &= found[i] ^ 1
    },
  }
}

/** Packet by packet, for what has no columns. */
function singly(test: (view: PacketView) => boolean): Test {
  return {
    test,
    select(block, view, selection) {
      for (let i = 0; i < block.count; i++) {
        if (selection[i] === 0) continue
        view.moveTo(block.first + i)
        if (!test(view)) selection[i] = 0
      }
    },
  }
}

function compileExists(operand: Operand, local: LocalTime): Test {
  if (operand.kind === 'call') {
    requireSource(operand, local)
    throw problem('functionAlone', operand, { name: operand.name })
  }
  const found = requireExisting(operand, local)
  // Of something computed the question is whether it is anything but zero.
  const counts = found.isComputed ? isNonZero : operand.kind === 'slice' ? (value: Value) => (value as Uint8Array | string).length > 0 : () => true
  const test = singly((view) => valuesOf(found, view).some(counts))
  return found.columns === null ? test : columnTest(found.columns, found.isComputed ? { kind: 'constant', comparison: '!=', value: 0, isAll: false } : { kind: 'present' }, test)
}

function requireExisting(operand: Operand, local: LocalTime): Source {
  const found = resolve(operand, local)
  if (found.source !== null) return found.source
  if (operand.kind === 'word' && /^[A-Za-z_.]/.test(operand.text)) return requireSource(operand, local)
  throw problem('notAField', operand, { got: textOf(operand) })
}

function isNonZero(value: Value): boolean {
  return value instanceof Uint8Array ? value.some((byte) => byte !== 0) : typeof value === 'string' ? value !== '' : Number(value) !== 0
}

/** The plain comparison behind an operator, and whether all pairs of values have to pass. */
function meaningOf(comparison: Comparison, quantifier: Quantifier): { comparison: Comparison, isAll: boolean } {
  const isStrict = comparison === '===' || comparison === '!='
  const plain = comparison === '===' ? '==' : comparison === '!==' ? '!=' : comparison
  return { comparison: plain, isAll: quantifier === null ? isStrict : quantifier === 'all' }
}

function compileComparison(expression: Expression & { kind: 'compare' }, local: LocalTime): Test {
  const { comparison, isAll } = meaningOf(expression.comparison, expression.quantifier)
  const left = requireSource(expression.left, local)
  requireComparable(left, comparison, expression.left)
  if (comparison === 'matches') return compileMatch(left, expression.right, isAll)
  const right = resolveBeside(expression.right, left, local)
  if (right.source !== null) return compareSources(left, right.source, comparison, isAll, expression)
  const literal = constantAs(right.constant, comparison === 'contains' && left.type === 'ether' ? { ...left, type: 'bytes' } : left, local)
  const test = ofEach(left, comparison, isAll, elementTest(comparison, literal))
  const number = columnNumber(literal)
  if (left.columns === null || number === null || comparison === 'contains') return test
  const mask = typeof literal.value === 'number' && literal.prefix !== null ? ipv4Mask(literal.prefix) : null
  return columnTest(left.columns, { kind: 'constant', comparison: comparison as ColumnComparison, value: number, isAll, ...(mask === null ? {} : { mask }) }, test)
}

/** A word that names a value of the field on the left is that value, also where a protocol has the same name. */
function resolveBeside(operand: Operand, left: Source, local: LocalTime): ReturnType<typeof resolve> {
  const names = left.field?.names
  if (operand.kind === 'word' && names !== undefined && Object.keys(names).some((name) => name.toLowerCase() === operand.text.toLowerCase())) {
    return { source: null, constant: { operand, isNegative: false } }
  }
  return resolve(operand, local)
}

function compareSources(left: Source, right: Source, comparison: Comparison, isAll: boolean, place: Expression): Test {
  if (!isCompatible(left, right)) throw problem('typesDiffer', place, { left: left.name, right: right.name })
  const element = comparison === 'contains' ? (a: Value, b: Value) => contains(a, b) : pairTest(comparison)
  const test = singly((view) => {
    const rights = valuesOf(right, view)
    const lefts = right === left ? rights : valuesIn(left, comparison, view)
    if (lefts.length === 0 || rights.length === 0) return false
    return isAll ? lefts.every((a) => rights.every((b) => element(a, b))) : lefts.some((a) => rights.some((b) => element(a, b)))
  })
  const hasColumns = left.columns !== null && right.columns?.length === 1 && comparison !== 'contains'
  return hasColumns ? columnTest(left.columns, { kind: 'column', comparison: comparison as ColumnComparison, other: right.columns![0], isAll }, test) : test
}

function isCompatible(left: Source, right: Source): boolean {
  return kindOf(left.type) === kindOf(right.type)
}

function requireComparable(left: Source, comparison: Comparison, place: Operand): void {
  const kind = kindOf(left.type)
  const params = { name: left.name, type: left.type }
  if (kind === 'none') throw problem('cannotCompare', place, params)
  if (comparison === 'contains' && kind !== 'bytes' && kind !== 'string') throw problem('cannotContain', place, params)
  if (comparison === 'matches' && kind !== 'bytes' && kind !== 'string') throw problem('cannotMatch', place, params)
}

function compileMatch(left: Source, right: Operand, isAll: boolean): Test {
  if (right.kind !== 'text') throw problem('matchNeedsText', right, { got: textOf(right) })
  const pattern = compilePattern(right.text)
  if ('code' in pattern) throw problem('badPattern', right, { got: right.text, column: pattern.at + 1, reason: pattern.code })
  return ofEach(left, 'matches', isAll, (value) => typeof value === 'string' ? pattern.testText(value) : pattern.testBytes(value as Uint8Array))
}

function ofEach(left: Source, comparison: Comparison, isAll: boolean, element: (value: Value) => boolean): Test {
  return isAll
    ? singly((view) => {
        const values = valuesIn(left, comparison, view)
        return values.length > 0 && values.every(element)
      })
    : singly((view) => valuesIn(left, comparison, view).some(element))
}

function valuesIn(left: Source, comparison: Comparison, view: PacketView): readonly Value[] {
  if (comparison !== 'contains' && comparison !== 'matches') return valuesOf(left, view)
  const values: Value[] = []
  left.reach(view, values)
  return values
}

function elementTest(comparison: Comparison, { value, prefix }: Literal): (found: Value) => boolean {
  if (comparison === 'contains') return (found) => contains(found, value)
  const pair = pairTest(comparison)
  if (prefix === null) return (found) => pair(found, value)
  if (typeof value === 'number') {
    const mask = ipv4Mask(prefix)
    const network = (value & mask) >>> 0
    return (found) => pair(((found as number) & mask) >>> 0, network)
  }
  if (comparison === '==' || comparison === '!=') return (found) => isSamePrefix(found as Uint8Array, value as Uint8Array, prefix) === (comparison === '==')
  return (found) => !isSamePrefix(found as Uint8Array, value as Uint8Array, prefix) && pair(found, value)
}

function pairTest(comparison: Comparison): (a: Value, b: Value) => boolean {
  switch (comparison) {
    case '==': return (a, b) => compareValues(a, b) === 0
    case '!=': return (a, b) => compareValues(a, b) !== 0
    case '<': return (a, b) => compareValues(a, b) < 0
    case '<=': return (a, b) => compareValues(a, b) <= 0
    case '>': return (a, b) => compareValues(a, b) > 0
    default: return (a, b) => compareValues(a, b) >= 0
  }
}

function contains(whole: Value, part: Value): boolean {
  return typeof whole === 'string' ? whole.includes(part as string) : containsBytes(whole as Uint8Array, part as Uint8Array)
}

/** What columns of numbers are compared with; null where a column cannot hold it exactly. */
function columnNumber({ value }: Literal): number | null {
  if (typeof value === 'number') return value
  return typeof value === 'bigint' ? Number(value) : null
}

/** An item of a set: its test, and the range of numbers that it stands for, where columns can tell. */
interface ItemTest { readonly test: Test, readonly range: Range | null }

/** A set is one comparison after another: with `all`, one item has to fit all values, as Wireshark has it. */
function compileMembership(operand: Operand, set: readonly SetItem[], quantifier: Quantifier, local: LocalTime): Test {
  const left = requireSource(operand, local)
  requireComparable(left, '==', operand)
  const isAll = quantifier === 'all'
  const items = set.map((item) => item.kind === 'range' ? compileRange(left, item, isAll, local) : compileItem(left, item, isAll, local))
  const { columns } = left
  if (columns === null) return items.map(({ test }) => test).reduce(either)
  const ranges = items.map(({ range }) => range).filter((range) => range !== null)
  const slow = items.map(({ test }) => test).reduce(either)
  // One look at the columns for all items; only `all` has to take them one by one.
  if (ranges.length === items.length && (isInteger(left.type) || left.type === 'ipv4') && !isAll) return columnTest(columns, { kind: 'ranges', ranges, isAll }, slow)
  return items.map(({ test, range }) => range === null ? test : columnTest(columns, { kind: 'ranges', ranges: [range], isAll }, test)).reduce(either)
}

function compileRange(left: Source, item: SetItem & { kind: 'range' }, isAll: boolean, local: LocalTime): ItemTest {
  const low = bound(item.low, left, local)
  const high = bound(item.high, left, local)
  const test = ofEach(left, '==', isAll, (value) => compareValues(value, low.value) >= 0 && compareValues(value, high.value) <= 0)
  const lowest = columnNumber(low)
  const highest = columnNumber(high)
  return { test, range: lowest === null || highest === null ? null : { low: lowest, high: highest } }
}

function compileItem(left: Source, item: Operand, isAll: boolean, local: LocalTime): ItemTest {
  const right = resolveBeside(item, left, local)
  if (right.source !== null) return { test: compareSources(left, right.source, '==', isAll, { kind: 'exists', operand: item, at: item.at, length: item.length }), range: null }
  const literal = constantAs(right.constant, left, local)
  const test = ofEach(left, '==', isAll, elementTest('==', literal))
  const number = columnNumber(literal)
  if (number === null) return { test, range: null }
  const mask = typeof literal.value === 'number' && literal.prefix !== null ? ipv4Mask(literal.prefix) : 0xffff_ffff
  return { test, range: mask >>> 0 === 0xffff_ffff ? { low: number, high: number } : { low: (number & mask) >>> 0, high: (number | ~mask) >>> 0 } }
}

function bound(operand: Operand, left: Source, local: LocalTime): Literal {
  const found = resolveBeside(operand, left, local)
  if (found.constant === null) throw problem('unexpected', operand, { got: textOf(operand), expected: '' })
  return constantAs(found.constant, left, local)
}
