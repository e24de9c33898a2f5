import { readU16 } from '../base/bytes.ts'

/**
 * The Internet checksum (RFC 1071). A running sum is a plain number that is congruent, modulo 65,535, to the ones-complement sum of
 * the 16-bit words so far; it may be larger than 16 bits until {@link foldChecksum} folds it. Sums add up with `+` as long as
 * each part but the last has an even length.
 */

/**
 * Adds `length` bytes, as big endian 16-bit words, to a running sum; an odd last byte is padded with zero.
 * @param initial a running sum, at most 2^40
 */
export function sumBytes(bytes: Uint8Array, at: number, length: number, initial = 0): number {
  // 32-bit words are summed exactly as doubles: 2^16 ≡ 1 modulo 65,535, so halves need not be split before the end.
  let sum = initial
  let i = at
  const end = at + length
  for (const blocksEnd = end - 15; i < blocksEnd; i += 16) {
    sum += (((bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3]) >>> 0)
      + (((bytes[i + 4] << 24) | (bytes[i + 5] << 16) | (bytes[i + 6] << 8) | bytes[i + 7]) >>> 0)
      + (((bytes[i + 8] << 24) | (bytes[i + 9] << 16) | (bytes[i + 10] << 8) | bytes[i + 11]) >>> 0)
      + (((bytes[i + 12] << 24) | (bytes[i + 13] << 16) | (bytes[i + 14] << 8) | bytes[i + 15]) >>> 0)
  }
  for (; i + 1 < end; i += 2) sum += (bytes[i] << 8) | bytes[i + 1]
  if (i < end) sum += bytes[i] << 8
  return sum
}

/** The 16 bits to store: the complement of the folded sum. A packet whose stored checksum is right sums, checksum included, to 0 here. */
export function foldChecksum(sum: number): number {
  return ~foldSum(sum) & 0xffff
}

/** Folds a running sum to 16 bits without complementing it. Only a sum of 0 gives 0. */
export function foldSum(sum: number): number {
  let folded = sum
  if (folded > 0xffff_ffff) folded = Math.floor(folded / 0x1_0000_0000) + (folded >>> 0)
  while (folded > 0xffff) folded = Math.floor(folded / 0x1_0000) + (folded & 0xffff)
  return folded
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
