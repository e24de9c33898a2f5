import { problem } from './syntax.ts'
import type { Place, SliceRange } from './syntax.ts'

export type Token = Place & (
  | { readonly kind: 'word', readonly text: string }
  | { readonly kind: 'text', readonly text: string, readonly isRaw: boolean }
  | { readonly kind: 'character', readonly code: number }
  | { readonly kind: 'symbol', readonly text: string }
  | { readonly kind: 'slice' | 'layers', readonly ranges: readonly SliceRange[] }
  | { readonly kind: 'end' }
)

/** Longer ones first: the first that fits is taken. */
const symbols = ['===', '!==', '==', '!=', '>=', '<=', '&&', '||', '..', '>', '<', '~', '!', '&', '+', '-', '*', '/', '%', '(', ')', '{', '}', ',']

/** Longest filter that is read. */
const maxLength = 65_536

/**
 * Words are names, numbers and addresses: a minus or a slash inside one belongs to it, so `a - b` needs its spaces, as in Wireshark.
 * @throws FilterProblem
 */
export function tokensOf(source: string): Token[] {
  if (source.length > maxLength) throw problem('tooLong', { at: maxLength, length: source.length - maxLength }, { limit: maxLength })
  const tokens: Token[] = []
  let at = 0
  while (at < source.length) {
    if (/\s/.test(source[at])) { at++; continue }
    const token = tokenAt(source, at)
    tokens.push(token)
    at += token.length
  }
  tokens.push({ kind: 'end', at: source.trimEnd().length, length: 0 })
  return tokens
}

const wordPattern = /(?::{1,2}|\.)?[\p{L}\p{N}_](?:(?!\.\.)[\p{L}\p{N}_.:/-])*|::/uy

function tokenAt(source: string, at: number): Token {
  const character = source[at]
  if (character === '"') return textAt(source, at, at + 1, false)
  if ((character === 'r' || character === 'R') && source[at + 1] === '"') return textAt(source, at, at + 2, true)
  if (character === '\'') return characterAt(source, at)
  if (character === '[') return rangesAt(source, at, at, 'slice')
  if (character === '#') return layersAt(source, at)
  wordPattern.lastIndex = at
  const word = wordPattern.exec(source)?.[0]
  if (word !== undefined) return { kind: 'word', text: word, at, length: word.length }
  const symbol = symbols.find((text) => source.startsWith(text, at))
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, at, length: symbol.length }
  if (character === '=') throw problem('assignment', { at, length: 1 })
  throw problem('strayCharacter', { at, length: String.fromCodePoint(source.codePointAt(at)!).length }, { got: String.fromCodePoint(source.codePointAt(at)!) })
}

function textAt(source: string, at: number, from: number, isRaw: boolean): Token {
  let text = ''
  for (let i = from; i < source.length;) {
    if (source[i] === '"') return { kind: 'text', text, isRaw, at, length: i + 1 - at }
    if (source[i] !== '\\') { text += source[i++]; continue }
    if (isRaw) {
      text += source.slice(i, i + 2)
      i += 2
    } else {
      const escape = escapeAt(source, i)
      text += escape.text
      i += escape.length
    }
  }
  throw problem('unterminatedText', { at, length: source.length - at })
}

function characterAt(source: string, at: number): Token {
  const end = source.indexOf('\'', source[at + 1] === '\\' ? at + 3 : at + 2)
  if (end < 0) throw problem('unterminatedText', { at, length: source.length - at })
  const place = { at, length: end + 1 - at }
  const inside = source[at + 1] === '\\' ? escapeAt(source, at + 1) : { text: source[at + 1], length: 1 }
  if (at + 1 + inside.length !== end || inside.text.length !== 1 || inside.text.charCodeAt(0) > 0xff) throw problem('badCharacter', place, { got: source.slice(at, end + 1) })
  return { kind: 'character', code: inside.text.charCodeAt(0), ...place }
}

const simpleEscapes: Readonly<Record<string, string>> = { '\'': '\'', '"': '"', '\\': '\\', a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** At a backslash. A byte beyond ASCII becomes the character of that number. */
function escapeAt(source: string, at: number): { text: string, length: number } {
  const rest = source.slice(at + 1, at + 10)
  const simple = simpleEscapes[rest[0]]
  if (simple !== undefined) return { text: simple, length: 2 }
  const octal = /^[0-3]?[0-7]{1,2}/.exec(rest)?.[0]
  if (octal !== undefined) return { text: String.fromCharCode(parseInt(octal, 8)), length: 1 + octal.length }
  const hexadecimal = (/^x([0-9a-fA-F]{1,2})/.exec(rest) ?? /^u([0-9a-fA-F]{4})/.exec(rest) ?? /^U([0-9a-fA-F]{8})/.exec(rest))
  const point = hexadecimal === null ? NaN : parseInt(hexadecimal[1], 16)
  if (hexadecimal === null || point > 0x10ffff) throw problem('badEscape', { at, length: Math.min(2, source.length - at) }, { got: source.slice(at, at + 2) })
  return { text: String.fromCodePoint(point), length: 1 + hexadecimal[0].length }
}

/** `#2` or `#[1-2,4]`. */
function layersAt(source: string, at: number): Token {
  if (source[at + 1] === '[') return rangesAt(source, at, at + 1, 'layers')
  const digits = /^\d+/.exec(source.slice(at + 1, at + 6))?.[0]
  if (digits === undefined) throw problem('badSlice', { at, length: 1 }, { got: source.slice(at, at + 2) })
  return { kind: 'layers', ranges: [{ start: Number(digits), length: 1, end: null }], at, length: 1 + digits.length }
}

function rangesAt(source: string, at: number, bracket: number, kind: 'slice' | 'layers'): Token {
  const end = source.indexOf(']', bracket)
  const place = { at, length: (end < 0 ? source.length : end + 1) - at }
  if (end < 0) throw problem('badSlice', place, { got: source.slice(at) })
  const ranges = source.slice(bracket + 1, end).split(',').map((text) => {
    const range = rangeOf(text.replace(/\s+/g, ''))
    if (range === null) throw problem('badSlice', place, { got: source.slice(at, end + 1) })
    return range
  })
  return { kind, ranges, ...place }
}

function rangeOf(text: string): SliceRange | null {
  const number = (digits: string | undefined) => digits === undefined ? NaN : Number(digits)
  const parts = /^(-?\d{1,9})?(?:(:)(\d{1,9})?|-(-?\d{1,9}))?$/.exec(text)
  if (parts === null || text === '') return null
  const [, first, colon, length, last] = parts
  if (colon !== undefined) return { start: first === undefined ? 0 : Number(first), length: length === undefined ? null : number(length), end: null }
  if (first === undefined) return null
  if (last !== undefined) return { start: Number(first), length: null, end: number(last) }
  return { start: Number(first), length: 1, end: null }
}
