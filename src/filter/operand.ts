import { formatIpv4, formatIpv6, formatMac } from '../wire/addresses.ts'
import type { LocalTime } from './date.ts'
import { Presence, readField } from './field.ts'
import type { ColumnLoader, Field } from './field.ts'
import { fieldNamed, nearestField } from './field-table.ts'
import { literalOf } from './literal.ts'
import type { Literal, LiteralOperand } from './literal.ts'
import type { PacketView } from './packet-view.ts'
import { problem } from './syntax.ts'
import type { Operand, SliceRange } from './syntax.ts'
import { blockPackets } from './block.ts'
import { compareValues, isInteger, kindOf } from './value.ts'
import type { FieldType, Value } from './value.ts'

/** Something that has values in a packet: a field, a part of one, or what is computed from fields. */
export interface Source {
  readonly type: FieldType
  /** The field itself, not something computed from it. */
  readonly field: Field | null
  /** As it is called in messages. */
  readonly name: string
  readonly isComputed: boolean
  /** Adds the values in the packet that the view stands on. */
  readonly read: (view: PacketView, into: Value[]) => void
  /** As {@link read}, for `contains` and `matches`. */
  readonly reach: (view: PacketView, into: Value[]) => void
  /** Where all of it stands in columns, or can be computed from them. */
  readonly columns: readonly ColumnLoader[] | null
}

/** A constant, not yet read: its type is that of what it meets. */
export interface Constant { readonly operand: LiteralOperand, readonly isNegative: boolean }

export type Resolved = { readonly source: Source, readonly constant: null } | { readonly source: null, readonly constant: Constant }

/** @throws FilterProblem */
export function resolve(operand: Operand, local: LocalTime): Resolved {
  switch (operand.kind) {
    case 'text': case 'character': return constant(operand)
    case 'word': return resolveWord(operand)
    case 'slice': return source(sliceOf(operand, local))
    case 'call': return source(callOf(operand, local))
    case 'negative': {
      const inner = resolve(operand.operand, local)
      if (inner.constant !== null) return { source: null, constant: { ...inner.constant, isNegative: !inner.constant.isNegative } }
      requireNumber(inner.source, '-', operand.operand)
      return source(computed('int32', inner.source.name, (view, into) => {
        for (const value of valuesOf(inner.source, view)) into.push(typeof value === 'bigint' ? -value : -(value as number))
      }, inner.source.type === 'relativeTime' ? 'relativeTime' : undefined))
    }
    case 'arithmetic': return arithmeticOf(operand, local)
  }
}

/** A source, or the error that says why it is none. */
export function requireSource(operand: Operand, local: LocalTime): Source {
  const found = resolve(operand, local)
  if (found.source !== null) return found.source
  if (operand.kind === 'word' && /^[A-Za-z_]/.test(operand.text)) throw unknownField(operand)
  throw problem('leftIsConstant', operand, { got: textOf(operand) })
}

/** Reads a constant as `like` has its values. */
export function constantAs({ operand, isNegative }: Constant, like: Source, local: LocalTime): Literal {
  const type = like.isComputed && isInteger(like.type) ? 'uint32' : like.type
  const literal = literalOf(operand, type, like.field, local)
  if (!isNegative) return literal
  if (typeof literal.value === 'bigint') return { ...literal, value: -literal.value }
  if (kindOf(type) !== 'number') throw problem('badNumber', operand, { got: `-${textOf(operand)}` })
  const value = literal.value as number
  // Of a field without sign Wireshark makes the number that has the same 32 bits.
  return { ...literal, value: like.isComputed || type === 'int32' || type === 'double' || value === 0 ? -value : 2 ** 32 - value }
}

const scratch = new WeakMap<Source, Value[]>()

/** Values of a source in a packet; good until the source is asked again. */
export function valuesOf(from: Source, view: PacketView): readonly Value[] {
  let values = scratch.get(from)
  if (values === undefined) scratch.set(from, values = [])
  values.length = 0
  from.read(view, values)
  return values
}

function resolveWord(operand: Operand & { kind: 'word' }): Resolved {
  const isMarked = operand.text.startsWith('.')
  const name = isMarked ? operand.text.slice(1) : operand.text
  const field = fieldNamed(name)
  if (field === null) {
    if (isMarked || operand.layers !== null) throw unknownField(operand)
    return constant(operand)
  }
  const { layers } = operand
  const reads = (read: (view: PacketView, into: Value[]) => void) => layers === null ? read : inLayers(field, layers, read)
  const read = reads((view, into) => { readField(field, view, into) })
  const reach = field.reach === undefined ? read : reads((view, into) => { for (const level of view.levels) field.reach!(level, into) })
  return source({ type: field.type, field, name, isComputed: false, read, reach, columns: layers === null ? field.columns ?? null : null })
}

/** A layer is a packet in the frame: 1 the frame's own, 2 the one it quotes. */
function inLayers(field: Field, layers: readonly SliceRange[], read: (view: PacketView, into: Value[]) => void): (view: PacketView, into: Value[]) => void {
  const isIn = (layer: number, count: number) => layers.some(({ start, length, end }) => {
    const first = start < 0 ? count + 1 + start : start
    return layer >= first && layer <= (end ?? (length === null ? count : first + length - 1))
  })
  if (field.ofFrame) return (view, into) => { if (isIn(1, 1)) read(view, into) }
  return (view, into) => {
    const with_ = view.levels.filter((level) => {
      const found: Value[] = []
      field.ofLevel!(level, found)
      return found.length > 0
    })
    with_.forEach((level, i) => { if (isIn(i + 1, with_.length)) field.ofLevel!(level, into) })
  }
}

function unknownField(operand: Operand & { kind: 'word' }): Error {
  const near = nearestField(operand.text)
  return problem(near === '' ? 'unknownField' : 'unknownFieldNear', operand, { got: operand.text, near })
}

const sliceable: readonly FieldType[] = ['protocol', 'bytes', 'ether', 'ipv4', 'ipv6', 'string']

function sliceOf(operand: Operand & { kind: 'slice' }, local: LocalTime): Source {
  const inner = requireSource(operand.operand, local)
  if (!sliceable.includes(inner.type)) throw problem('cannotSlice', operand, { name: inner.name, type: inner.type })
  const isText = inner.type === 'string'
  const read = (view: PacketView, into: Value[]) => {
    for (const value of valuesOf(inner, view)) {
      into.push(isText ? slicedText(value as string, operand.ranges) : slicedBytes(bytesOf(value), operand.ranges))
    }
  }
  return { type: isText ? 'string' : 'bytes', field: null, name: inner.name, isComputed: false, read, reach: read, columns: null }
}

function bytesOf(value: Value): Uint8Array {
  return typeof value === 'number' ? Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value) : value as Uint8Array
}

/** What a range takes of `total` units; null where it reaches beyond them: the slice is then empty, as it is in Wireshark. */
function spanOf({ start, length, end }: SliceRange, total: number): { from: number, to: number } | null {
  const from = start < 0 ? total + start : start
  const to = end !== null ? (end < 0 ? total + end : end) + 1 : length === null ? total : from + length
  return from < 0 || from >= total || to > total || to <= from ? null : { from, to }
}

function slicedBytes(bytes: Uint8Array, ranges: readonly SliceRange[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const range of ranges) {
    const span = spanOf(range, bytes.length)
    if (span === null) return new Uint8Array(0)
    parts.push(bytes.subarray(span.from, span.to))
  }
  return parts.length === 1 ? parts[0] : Uint8Array.from(parts.flatMap((part) => Array.from(part)))
}

function slicedText(text: string, ranges: readonly SliceRange[]): string {
  let sliced = ''
  for (const range of ranges) {
    const span = spanOf(range, text.length)
    if (span === null) return ''
    sliced += text.slice(span.from, span.to)
  }
  return sliced
}

/** Functions by name; help and completion list them too. */
export const functionNames = ['abs', 'count', 'len', 'lower', 'max', 'min', 'string', 'upper'] as const

function callOf(operand: Operand & { kind: 'call' }, local: LocalTime): Source {
  const { name, args } = operand
  if (!(functionNames as readonly string[]).includes(name)) throw problem('unknownFunction', operand, { got: name, known: functionNames.join(', ') })
  const takesMany = name === 'max' || name === 'min'
  if (args.length === 0 || (args.length > 1 && !takesMany)) throw problem('argumentCount', operand, { name, expected: takesMany ? '1…' : '1', got: args.length })
  if (takesMany) return extremeOf(name, operand, local)
  const [arg] = args
  const inner = requireSource(arg, local)
  switch (name) {
    case 'len': case 'count':
      if (inner.field === null) throw problem('argumentField', arg, { name })
      return name === 'count' ? computed('uint32', name, (view, into) => {
        const { length } = valuesOf(inner, view)
        if (length > 0) into.push(length)
      }) : computed('uint32', name, (view, into) => { for (const value of valuesOf(inner, view)) into.push(lengthOf(value, inner.type)) })
    case 'upper': case 'lower':
      if (inner.type !== 'string') throw problem('argumentText', arg, { name })
      return computed('string', name, (view, into) => {
        for (const value of valuesOf(inner, view)) into.push(name === 'upper' ? (value as string).toUpperCase() : (value as string).toLowerCase())
      })
    case 'abs':
      requireNumber(inner, 'abs', arg)
      return computed(inner.type, name, (view, into) => {
        for (const value of valuesOf(inner, view)) into.push(typeof value === 'bigint' ? (value < 0n ? -value : value) : Math.abs(value as number))
      })
    default: {
      const text = textsOf(inner.type)
      if (text === null) throw problem('noText', arg, { name: inner.name, type: inner.type })
      return computed('string', name, (view, into) => { for (const value of valuesOf(inner, view)) into.push(text(value)) })
    }
  }
}

function extremeOf(name: string, { args }: Operand & { kind: 'call' }, local: LocalTime): Source {
  const first = requireSource(args[0], local)
  const rest = args.slice(1).map((arg) => {
    const found = resolve(arg, local)
    if (found.source === null) {
      const { value } = constantAs(found.constant, first, local)
      return { ...first, columns: null, read: (_view: PacketView, into: Value[]) => { into.push(value) } }
    }
    if (kindOf(found.source.type) !== kindOf(first.type)) throw problem('argumentTypes', arg, { name, first: first.type, other: found.source.type })
    return found.source
  })
  const all = [first, ...rest]
  return computed(first.type, name, (view, into) => {
    let best: Value | null = null
    for (const one of all) {
      for (const value of valuesOf(one, view)) if (best === null || (name === 'max' ? compareValues(value, best) > 0 : compareValues(value, best) < 0)) best = value
    }
    if (best !== null) into.push(best)
  })
}

const widths: Partial<Record<FieldType, number>> = {
  uint8: 1, uint16: 2, uint24: 3, uint32: 4, int32: 4, framenum: 4, ipv4: 4, double: 8, boolean: 8, none: 0, relativeTime: 16, absoluteTime: 16,
}

function lengthOf(value: Value, type: FieldType): number {
  return typeof value === 'string' ? value.length : value instanceof Uint8Array ? value.length : widths[type] ?? 0
}

/** How a type is written as text, where it can be. */
function textsOf(type: FieldType): ((value: Value) => string) | null {
  if (isInteger(type)) return String
  switch (type) {
    case 'ipv4': return (value) => formatIpv4(value as number)
    case 'ipv6': return (value) => formatIpv6(value as Uint8Array)
    case 'ether': return (value) => formatMac(value as Uint8Array)
    default: return null
  }
}

function arithmeticOf(operand: Operand & { kind: 'arithmetic' }, local: LocalTime): Resolved {
  const { operator } = operand
  const left = resolve(operand.left, local)
  const right = resolve(operand.right, local)
  if (left.source === null && right.source === null) return foldedConstant(operand, left.constant, right.constant)
  if (left.source === null) {
    // A constant in front takes the type of what it meets, as a field would have it.
    const { value } = constantAs(left.constant, right.source!, local)
    return source(combine(operator, constantSource(value, right.source!), right.source!, operand))
  }
  const other = right.source ?? constantSource(maskAs(right.constant, left.source, operator, local), left.source)
  return source(combine(operator, left.source, other, operand))
}

/** A mask for a slice is bytes, also where it was written as a number of one byte. */
function maskAs(constant: Constant, like: Source, operator: string, local: LocalTime): Value {
  return constantAs(constant, operator === '&' && like.type === 'boolean' ? { ...like, type: 'uint8' } : like, local).value
}

function constantSource(value: Value, like: Source): Source {
  const read = (_view: PacketView, into: Value[]) => { into.push(value) }
  const columns: readonly ColumnLoader[] | null = typeof value === 'number' ? [(block, values, presence) => {
    values.fill(value, 0, block.count)
    presence.fill(Presence.present, 0, block.count)
  }] : null
  return { ...like, field: null, isComputed: true, read, reach: read, columns }
}

/** Constants among themselves: plain integers only. */
function foldedConstant(operand: Operand & { kind: 'arithmetic' }, left: Constant, right: Constant): Resolved {
  const number = (side: Constant) => {
    const { value } = literalOf(side.operand, 'uint32', null, () => 0)
    return side.isNegative ? -(value as number) : value as number
  }
  const value = compute(operand.operator, number(left), number(right))
  if (value === null) throw problem('badNumber', operand, { got: textOf(operand) })
  const text = String(Math.abs(value))
  return { source: null, constant: { operand: { kind: 'word', text, layers: null, at: operand.at, length: operand.length }, isNegative: value < 0 } }
}

function combine(operator: string, left: Source, right: Source, operand: Operand): Source {
  const kind = kindOf(left.type)
  if (kind !== kindOf(right.type)) throw problem('typesDiffer', operand, { left: left.name, right: right.name })
  const isPossible = operator === '&'
    ? isInteger(left.type) || kind === 'ipv4' || left.type === 'bytes'
    : isInteger(left.type) || (kind === 'relativeTime' && (operator === '+' || operator === '-'))
  if (!isPossible) throw problem('cannotCompute', operand, { name: left.name, type: left.type, operator })
  const type: FieldType = isInteger(left.type) ? 'uint32' : left.type
  const read = (view: PacketView, into: Value[]) => {
    const rights = valuesOf(right, view)
    for (const a of valuesOf(left, view)) {
      for (const b of rights) {
        const value = a instanceof Uint8Array ? maskedBytes(a, b as Uint8Array)
          : typeof a === 'bigint' ? (operator === '+' ? a + (b as bigint) : a - (b as bigint))
            : compute(operator, a as number, b as number)
        if (value !== null) into.push(value)
      }
    }
  }
  const columns = left.columns !== null && right.columns?.length === 1 && kind !== 'relativeTime' ? left.columns.map((column) => combined(operator, column, right.columns![0])) : null
  return { type, field: null, name: left.name, isComputed: true, read, reach: read, columns }
}

function combined(operator: string, left: ColumnLoader, right: ColumnLoader): ColumnLoader {
  const others = new Float64Array(blockPackets)
  const otherPresence = new Uint8Array(blockPackets)
  return (block, values, presence) => {
    left(block, values, presence)
    right(block, others, otherPresence)
    for (let i = 0; i < block.count; i++) {
      if (presence[i] !== Presence.present) continue
      if (otherPresence[i] !== Presence.present) { presence[i] = otherPresence[i]; continue }
      const value = operator === '&' ? (values[i] & others[i]) >>> 0 : compute(operator, values[i], others[i])
      if (value === null) presence[i] = Presence.absent
      else values[i] = value
    }
  }
}

function compute(operator: string, a: number, b: number): number | null {
  switch (operator) {
    case '+': return a + b
    case '-': return a - b
    case '*': return a * b
    case '/': return b === 0 ? null : Math.trunc(a / b)
    case '%': return b === 0 ? null : a % b
    default: return (a & b) >>> 0
  }
}

function maskedBytes(bytes: Uint8Array, mask: Uint8Array): Uint8Array | null {
  return bytes.length === mask.length ? bytes.map((byte, i) => byte & mask[i]) : null
}

function requireNumber(from: Source, name: string, operand: Operand): void {
  if (!isInteger(from.type) && from.type !== 'relativeTime' && from.type !== 'double') throw problem('argumentNumber', operand, { name, got: from.name, type: from.type })
}

function computed(type: FieldType, name: string, read: Source['read'], kept?: FieldType): Source {
  return { type: kept ?? type, field: null, name, isComputed: true, read, reach: read, columns: null }
}

function source(found: Source): Resolved {
  return { source: found, constant: null }
}

function constant(operand: LiteralOperand): Resolved {
  return { source: null, constant: { operand, isNegative: false } }
}

export function textOf(operand: Operand): string {
  switch (operand.kind) {
    case 'word': return operand.text
    case 'text': return `"${operand.text}"`
    case 'character': return `'${String.fromCharCode(operand.code)}'`
    case 'negative': return `-${textOf(operand.operand)}`
    case 'call': return `${operand.name}()`
    case 'slice': return `${textOf(operand.operand)}[]`
    case 'arithmetic': return `${textOf(operand.left)} ${operand.operator} ${textOf(operand.right)}`
  }
}
