import { fieldNamed, fieldTable } from './field-table.ts'
import { tokensOf } from './lexer.ts'
import type { Token } from './lexer.ts'
import { functionNames } from './operand.ts'
import { FilterProblem } from './syntax.ts'
import { tcpStateNames } from '../tcp/state.ts'
import { findingNames, wiresharkNames } from '../trace/finding.ts'
import { shortName } from './fields/lab.ts'
import type { FieldType } from './value.ts'

export interface FilterCandidate {
  readonly text: string
  readonly kind: 'field' | 'function' | 'operator' | 'value'
  /** Of a field. */
  readonly type?: FieldType
}

export interface FilterCompletion {
  /** The part of the text that a candidate replaces. */
  readonly from: number
  readonly to: number
  readonly candidates: readonly FilterCandidate[]
}

const atMost = 60
const joints = ['and', 'or', 'not', 'any', 'all', '&&', '||', '!', '(']
const comparisonTexts = ['==', '!=', '===', '!==', '<', '<=', '>', '>=', 'contains', 'matches', 'in']
const spelled = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'any_eq', 'all_eq', 'any_ne', 'all_ne', '~', 'in']

/** What may stand at the cursor, the likeliest first: fields by their names, then operators or values for the field before. */
export function completeFilter(text: string, cursor: number): FilterCompletion {
  const before = text.slice(0, cursor)
  const from = cursor - /[\p{L}\p{N}_.]*$/u.exec(before)![0].length
  const word = before.slice(from)
  const tokens = tokensBefore(before.slice(0, from))
  const answer = (candidates: readonly FilterCandidate[]): FilterCompletion => ({ from, to: cursor, candidates: candidates.slice(0, atMost) })
  if (tokens === null) return answer([])
  const last = tokens.at(-1)
  const field = last?.kind === 'word' ? fieldNamed(last.text) : null
  if (field !== null) return answer(operators(field.type).filter(({ text: candidate }) => candidate.startsWith(word)))
  if (last !== undefined && isComparison(last)) return answer(valuesAfter(tokens).filter(({ text: candidate }) => candidate.toLowerCase().startsWith(word.toLowerCase())))
  if (last === undefined || (isTextual(last) && (joints.includes(last.text) || '{,+-*/%&'.includes(last.text)))) return answer(fieldsLike(word))
  return answer(['and', 'or'].filter((joint) => joint.startsWith(word)).map((joint) => ({ text: joint, kind: 'operator' as const })))
}

function tokensBefore(text: string): Token[] | null {
  try {
    return tokensOf(text).slice(0, -1)
  } catch (error) {
    if (error instanceof FilterProblem) return null
    throw error
  }
}

function isTextual(token: Token): token is Token & { readonly text: string } {
  return token.kind === 'word' || token.kind === 'symbol'
}

function isComparison(token: Token): boolean {
  return isTextual(token) && (comparisonTexts.includes(token.text) || spelled.includes(token.text))
}

/** Names that begin so, a level of dots at a time; then names that hold it anywhere. */
function fieldsLike(word: string): FilterCandidate[] {
  const wanted = word.toLowerCase()
  const depth = wanted.split('.').length
  const isNear = (name: string) => name.split('.').length <= depth + (wanted === '' ? 0 : 1)
  const starting = fieldTable.filter(({ name }) => name.startsWith(wanted) && isNear(name))
  const deeper = fieldTable.filter(({ name }) => name.startsWith(wanted) && !isNear(name))
  const holding = wanted.length < 2 ? [] : fieldTable.filter(({ name }) => name.includes(wanted) && !name.startsWith(wanted))
  const functions = functionNames.filter((name) => wanted !== '' && name.startsWith(wanted)).map((name) => ({ text: `${name}(`, kind: 'function' as const }))
  const fields = [...starting, ...(wanted === '' ? [] : deeper), ...holding].map(({ name, type }) => ({ text: name, kind: 'field' as const, type }))
  return [...fields, ...functions]
}

function operators(type: FieldType): FilterCandidate[] {
  const isText = type === 'string' || type === 'bytes' || type === 'protocol'
  const ordered = type === 'none' ? [] : isText ? ['contains', 'matches', '==', '!='] : type === 'boolean' ? ['==', '!='] : ['==', '!=', '<', '<=', '>', '>=', 'in {']
  return [...ordered, 'and', 'or'].map((text) => ({ text, kind: 'operator' }))
}

/** What a field is known to hold. */
function valuesAfter(tokens: readonly Token[]): FilterCandidate[] {
  const left = tokens.at(-2)
  const field = left?.kind === 'word' ? fieldNamed(left.text) : null
  if (field === null) return []
  const values = field.type === 'boolean' ? ['1', '0']
    : field.name === 'finding' ? findingNames.map((name) => shortName(wiresharkNames[name]))
      : field.name.startsWith('tcp.state.') ? [...tcpStateNames]
        : field.name === 'tcp.flags' ? ['0x002', '0x012', '0x010', '0x018', '0x011', '0x004'] : Object.keys(field.names ?? {})
  return values.map((text) => ({ text: /^[\w.]+$/.test(text) ? text : `"${text}"`, kind: 'value' }))
}
