import { utf8Bytes } from '../base/bytes.ts'
import { parseIpv4, parseIpv6 } from '../wire/addresses.ts'
import type { Field } from './field.ts'
import { problem } from './syntax.ts'
import type { Operand, Place } from './syntax.ts'
import { parseDate } from './date.ts'
import type { LocalTime } from './date.ts'
import { kindOf, largestOf } from './value.ts'
import type { FieldType, Value } from './value.ts'

/** A constant as a type reads it; `prefix` bits count where an address has a network behind it. */
export interface Literal { readonly value: Value, readonly prefix: number | null }

export type LiteralOperand = Extract<Operand, { kind: 'word' | 'text' | 'character' }>

/**
 * Reads a constant as a value of a type.
 * @param field whose names of values may be used, or null
 * @throws FilterProblem
 */
export function literalOf(operand: LiteralOperand, type: FieldType, field: Field | null, local: LocalTime): Literal {
  const plain = (value: Value): Literal => ({ value, prefix: null })
  if (operand.kind === 'character') return plain(characterAs(operand.code, type, operand))
  const { text } = operand
  const isQuoted = operand.kind === 'text'
  switch (kindOf(type)) {
    case 'number': return plain(numberOf(text, isQuoted, type, field, operand))
    case 'string': return plain(text)
    case 'bytes': return plain(bytesOf(operand, type))
    case 'ipv4': return isQuoted ? noQuotes(operand, type) : ipv4Of(text, operand)
    case 'ipv6': return isQuoted ? noQuotes(operand, type) : ipv6Of(text, operand)
    case 'relativeTime': return isQuoted ? noQuotes(operand, type) : plain(secondsOf(text, operand))
    case 'absoluteTime': {
      const time = parseDate(text, local)
      if (time === null) throw problem('badDate', operand, { got: text })
      return plain(time)
    }
    default: throw problem('cannotCompare', operand, { name: field?.name ?? text, type })
  }
}

function noQuotes(place: Place & { readonly text: string }, type: FieldType): never {
  throw problem('noQuotes', place, { got: place.text, type })
}

function characterAs(code: number, type: FieldType, place: Place): Value {
  switch (kindOf(type)) {
    case 'number': return code
    case 'string': return String.fromCharCode(code)
    case 'bytes': return Uint8Array.of(code)
    default: throw problem('cannotCompare', place, { name: `'${String.fromCharCode(code)}'`, type })
  }
}

function numberOf(text: string, isQuoted: boolean, type: FieldType, field: Field | null, place: Place): number {
  if (type === 'boolean' && /^true$/i.test(text)) return 1
  if (type === 'boolean' && /^false$/i.test(text)) return 0
  const names = field?.names
  if (names !== undefined && !/^\d/.test(text)) {
    const named = Object.keys(names).find((name) => name === text) ?? Object.keys(names).find((name) => name.toLowerCase() === text.toLowerCase())
    if (named === undefined) throw problem('unknownName', place, { got: text, name: field!.name, known: Object.keys(names).join(', ') })
    return names[named]
  }
  if (isQuoted) noQuotes({ ...place, text }, type)
  if (type === 'double' && /^\d+(\.\d*)?([eE][+-]?\d+)?$/.test(text)) return Number(text)
  const value = integerOf(text)
  if (value === null) throw problem('badNumber', place, { got: text })
  if (value > largestOf(type)) throw problem('tooBig', place, { got: text, limit: largestOf(type) })
  // Any number but 0 is true.
  return type === 'boolean' && value > 0 ? 1 : value
}

/** Decimal, octal with a leading 0, 0x or 0b. */
export function integerOf(text: string): number | null {
  if (/^0[0-7]+$/.test(text)) return parseInt(text, 8)
  if (!/^(\d+|0[xX][0-9a-fA-F]+|0[bB][01]+)$/.test(text) || /^0\d/.test(text)) return null
  return Number(text)
}

function ipv4Of(text: string, place: Place): Literal {
  const slash = text.indexOf('/')
  const address = parseIpv4(slash < 0 ? text : text.slice(0, slash))
  if (address === null) throw problem('badIpv4', place, { got: text })
  return { value: address, prefix: slash < 0 ? null : prefixOf(text.slice(slash + 1), 32, place) }
}

function ipv6Of(text: string, place: Place): Literal {
  const slash = text.indexOf('/')
  const address = parseIpv6(slash < 0 ? text : text.slice(0, slash))
  if (address === null) throw problem('badIpv6', place, { got: text })
  return { value: address, prefix: slash < 0 ? null : prefixOf(text.slice(slash + 1), 128, place) }
}

function prefixOf(text: string, limit: number, place: Place): number {
  const bits = /^\d{1,3}$/.test(text) ? Number(text) : NaN
  if (!(bits <= limit)) throw problem('badPrefix', place, { got: text, limit })
  return bits
}

/** Seconds with at most nine decimals, in nanoseconds. */
function secondsOf(text: string, place: Place): bigint {
  const parts = /^(\d+)(?:\.(\d{0,9}))?$/.exec(text)
  if (parts === null) throw problem('badTime', place, { got: text })
  return BigInt(parts[1]) * 1_000_000_000n + BigInt((parts[2] ?? '').padEnd(9, '0'))
}

/** Hex digits in pairs, with colons, dashes or dots between bytes or groups; one byte may be written 0xNN or as a single digit; quoted text is its UTF-8. */
function bytesOf(operand: LiteralOperand & { readonly text: string }, type: FieldType): Uint8Array {
  const { text } = operand
  if (operand.kind === 'text') {
    if (type === 'ether') return noQuotes(operand, type)
    return latin1OrUtf8(text)
  }
  const bytes = /^0[xX][0-9a-fA-F]{1,2}$/.test(text) ? Uint8Array.of(Number(text)) : hexBytes(text.replace(/^:/, ''))
  if (type === 'ether') {
    if (bytes === null || bytes.length !== 6) throw problem('badEther', operand, { got: text })
    return bytes
  }
  if (bytes === null) throw problem('badBytes', operand, { got: text })
  return bytes
}

/** Characters up to U+00FF that came from escapes are bytes; text beyond is UTF-8. */
function latin1OrUtf8(text: string): Uint8Array {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return utf8Bytes(text)
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

function hexBytes(text: string): Uint8Array | null {
  if (/^[0-9a-fA-F]$/.test(text)) return Uint8Array.of(parseInt(text, 16))
  if (!/^[0-9a-fA-F]{2}([:.-]?[0-9a-fA-F]{2})*$/.test(text) && !/^[0-9a-fA-F]{1,2}([:.-][0-9a-fA-F]{1,2})+$/.test(text)) return null
  const digits = /[:.-]/.test(text) && text.split(/[:.-]/).every((group) => group.length <= 2) ? text.split(/[:.-]/).map((group) => group.padStart(2, '0')).join('') : text.replace(/[:.-]/g, '')
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}
