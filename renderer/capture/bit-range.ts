import type { FieldSpan } from '../../src/wire/describe.ts'
import type { PickedField } from '../selection.ts'

/** Stretches of a frame in bits, and which fields and bytes they touch. */
export interface BitRange { bitOffset: number, bitLength: number }

export const overlaps = (a: BitRange, b: BitRange): boolean => a.bitOffset < b.bitOffset + b.bitLength && b.bitOffset < a.bitOffset + a.bitLength

export const firstByte = (range: BitRange): number => range.bitOffset >> 3
export const lastByte = (range: BitRange): number => (range.bitOffset + Math.max(1, range.bitLength) - 1) >> 3

export const pickedOf = (span: FieldSpan): PickedField => ({ name: span.name, bitOffset: span.bitOffset, bitLength: span.bitLength })

/** What a byte belongs to: its field, or all the fields that share it. */
export function fieldsAtByte(spans: readonly FieldSpan[], byte: number): PickedField | null {
  const range = { bitOffset: byte * 8, bitLength: 8 }
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (spans[middle].bitOffset + spans[middle].bitLength <= range.bitOffset) low = middle + 1
    else high = middle
  }
  const first = spans[low]
  if (!first || !overlaps(first, range)) return null
  let last = first
  for (let i = low; i < spans.length && overlaps(spans[i], range); i++) last = spans[i]
  return { name: first.name, bitOffset: first.bitOffset, bitLength: last.bitOffset + last.bitLength - first.bitOffset }
}
