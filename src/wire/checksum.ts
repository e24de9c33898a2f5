import { readU16 } from '../base/bytes.ts'
import { longestSum, wordSumOf } from './summed-memory.ts'
import type { WordSum } from './summed-memory.ts'

/**
 * The Internet checksum (RFC 1071). A running sum is a plain number that is congruent, modulo 65,535, to the ones-complement sum of
 * the 16-bit words so far; it may be larger than 16 bits until {@link foldChecksum} folds it. Sums add up with `+` as long as
 * each part but the last has an even length.
 */

/** From here on a view over the memory pays. */
const longEnoughForView = 128

/**
 * Adds `length` bytes, as big endian 16-bit words, to a running sum; an odd last byte is padded with zero.
 * @param initial a running sum, at most 2^40
 */
export function sumBytes(bytes: Uint8Array, at: number, length: number, initial = 0): number {
  return initial + (length < longEnoughForView ? sumShort(bytes, at, at + length) : sumLong(bytes, at, length))
}

/** Even and odd bytes add up apart: no word has to be put together. */
function sumShort(bytes: Uint8Array, at: number, end: number): number {
  let high = 0
  let low = 0
  let i = at
  for (const blocksEnd = end - 7; i < blocksEnd; i += 8) {
    high += bytes[i] + bytes[i + 2] + bytes[i + 4] + bytes[i + 6]
    low += bytes[i + 1] + bytes[i + 3] + bytes[i + 5] + bytes[i + 7]
  }
  for (; i + 1 < end; i += 2) {
    high += bytes[i]
    low += bytes[i + 1]
  }
  if (i < end) high += bytes[i]
  return high * 0x100 + low
}

/** The view that was summed last, its memory, and how: packets of one area share all three. It keeps that memory alive until another is summed. */
let area: Uint8Array = new Uint8Array(0)
let areaAt = 0
let view: DataView = new DataView(area.buffer)
let wordSum: WordSum | null = null

/**
 * Words are read in little endian order, which costs nothing on the machines we run on; the sum then comes out with its bytes swapped
 * (RFC 1071 §2 (B)).
 */
function sumLong(bytes: Uint8Array, at: number, length: number): number {
  if (area !== bytes) lookAt(bytes)
  const start = areaAt + at
  const whole = length & ~31
  const words = wordSum !== null && whole <= longestSum ? wordSum(start, start + whole) >>> 0 : sumWords(start, start + whole)
  const swapped = foldSum(words)
  return (((swapped & 0xff) << 8) | (swapped >>> 8)) + sumShort(bytes, at + whole, at + length)
}

/** Asking an array for its memory costs as much as summing half a packet. */
function lookAt(bytes: Uint8Array): void {
  const { buffer } = bytes
  area = bytes
  areaAt = bytes.byteOffset
  if (view.buffer === buffer) return
  view = new DataView(buffer)
  wordSum = wordSumOf(buffer)
}

/** 32-bit words, summed exactly as doubles: 2^16 ≡ 1 modulo 65,535, so halves need not be split before the end. */
function sumWords(start: number, end: number): number {
  const words = view
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  for (let i = start; i < end; i += 32) {
    a += words.getUint32(i, true) + words.getUint32(i + 16, true)
    b += words.getUint32(i + 4, true) + words.getUint32(i + 20, true)
    c += words.getUint32(i + 8, true) + words.getUint32(i + 24, true)
    d += words.getUint32(i + 12, true) + words.getUint32(i + 28, true)
  }
  return a + b + c + d
}

/** The 16 bits to store: the complement of the folded sum. A packet whose stored checksum is right sums, checksum included, to 0 here. */
export function foldChecksum(sum: number): number {
  return ~foldSum(sum) & 0xffff
}

/** Folds a running sum to 16 bits without complementing it. Only a sum of 0 gives 0. */
export function foldSum(sum: number): number {
  let rest = sum
  while (rest > 0xffff_ffff) rest = Math.floor(rest / 0x1_0000_0000) + (rest >>> 0)
  const once = (rest >>> 16) + (rest & 0xffff)
  return (once >>> 16) + (once & 0xffff)
}

/** The IPv4 pseudo-header (RFC 9293 §3.1, RFC 768); `length` is the upper layer's, header included. */
export function pseudoHeaderSum4(bytes: Uint8Array, sourceAt: number, destinationAt: number, protocol: number, length: number): number {
  return readU16(bytes, sourceAt) + readU16(bytes, sourceAt + 2) + readU16(bytes, destinationAt) + readU16(bytes, destinationAt + 2) + protocol + length
}

/** The same for addresses as unsigned numbers. */
export function pseudoHeaderSum4Of(source: number, destination: number, protocol: number, length: number): number {
  return source + destination + protocol + length
}

/** The IPv6 pseudo-header (RFC 8200 §8.1); `destinationAt` is the final destination where a routing header is still to be followed. */
export function pseudoHeaderSum6(bytes: Uint8Array, sourceAt: number, destinationAt: number, protocol: number, length: number): number {
  return sumBytes(bytes, sourceAt, 16) + sumBytes(bytes, destinationAt, 16) + protocol + length
}

/** The same for addresses that stand apart, 16 bytes each. */
export function pseudoHeaderSum6Of(source: Uint8Array, destination: Uint8Array, protocol: number, length: number): number {
  return sumBytes(source, 0, 16) + sumBytes(destination, 0, 16) + protocol + length
}

/** A stored checksum after a 16-bit field changed from `before` to `after` (RFC 1624, equation 3). */
export function updateChecksum(stored: number, before: number, after: number): number {
  return foldChecksum((~stored & 0xffff) + (~before & 0xffff) + after)
}
