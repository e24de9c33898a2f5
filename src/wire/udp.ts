import { readU16, writeU16 } from '../base/bytes.ts'
import { foldChecksum, sumBytes } from './checksum.ts'
import { wireError } from './error.ts'
import type { WireError } from './error.ts'

/*
 * UDP (RFC 768).
 *
 *   0  source port         2        4  length, header included    2
 *   2  destination port    2        6  checksum, 0: none          2
 */

export const udpHeaderBytes = 8

export class UdpHeader {
  sourcePort = 0
  destinationPort = 0
  length = 0
  checksum = 0
}

/** The length field is not judged against the packet here: captures are cut short. */
export function decodeUdp(bytes: Uint8Array, at: number, length: number, into: UdpHeader): WireError | null {
  if (length < udpHeaderBytes) return wireError('udp', at, 'truncated')
  into.sourcePort = readU16(bytes, at)
  into.destinationPort = readU16(bytes, at + 2)
  into.length = readU16(bytes, at + 4)
  into.checksum = readU16(bytes, at + 6)
  return null
}

/** Writes every field as given. @returns bytes written: 8 */
export function encodeUdp(header: UdpHeader, into: Uint8Array, at: number): number {
  writeU16(into, at, header.sourcePort)
  writeU16(into, at + 2, header.destinationPort)
  writeU16(into, at + 4, header.length)
  writeU16(into, at + 6, header.checksum)
  return udpHeaderBytes
}

/** Writes length and checksum of a whole datagram of `length` bytes; a computed 0 is sent as all ones (RFC 768). */
export function fillUdp(bytes: Uint8Array, at: number, length: number, pseudoSum: number): void {
  writeU16(bytes, at + 4, length)
  writeU16(bytes, at + 6, 0)
  writeU16(bytes, at + 6, foldChecksum(sumBytes(bytes, at, length, pseudoSum)) || 0xffff)
}

/** A stored 0 means "none" on IPv4 and is the caller's to judge; here it counts as good. */
export function isUdpChecksumGood(bytes: Uint8Array, at: number, length: number, pseudoSum: number): boolean {
  return readU16(bytes, at + 6) === 0 || foldChecksum(sumBytes(bytes, at, length, pseudoSum)) === 0
}
