import { readU16, readU32, writeU16, writeU32 } from '../base/bytes.ts'
import { foldChecksum, sumBytes } from './checksum.ts'
import { wireError } from './error.ts'
import type { WireError } from './error.ts'

/*
 * ICMP (RFC 792).
 *
 *   0  type        1
 *   1  code        1
 *   2  checksum    2     over the whole message
 *   4  rest        4     echo: identifier 2, sequence 2; too big: unused 2, next-hop MTU 2 (RFC 1191); redirect: gateway 4; parameter problem: pointer 1
 *   8  data, or the IP header and first bytes of the packet that caused the error
 */

export const IcmpType = {
  echoReply: 0, unreachable: 3, sourceQuench: 4, redirect: 5, echoRequest: 8, routerAdvertisement: 9, routerSolicitation: 10,
  timeExceeded: 11, parameterProblem: 12, timestampRequest: 13, timestampReply: 14,
} as const

/** Codes of destination unreachable (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1). */
export const IcmpUnreachableCode = {
  net: 0, host: 1, protocol: 2, port: 3, fragmentationNeeded: 4, sourceRouteFailed: 5, netUnknown: 6, hostUnknown: 7, hostIsolated: 8, netProhibited: 9,
  hostProhibited: 10, netTos: 11, hostTos: 12, filtered: 13, precedenceViolation: 14, precedenceCutoff: 15,
} as const

/** Of both versions (RFC 792, RFC 4443 §3.3). */
export const TimeExceededCode = { ttl: 0, reassembly: 1 } as const

export const icmpHeaderBytes = 8

export class IcmpHeader {
  type = 0
  code = 0
  checksum = 0
  /** Bytes 4 to 7 as one unsigned number; see {@link icmpIdentifier} and the others. */
  rest = 0
}

export function decodeIcmp(bytes: Uint8Array, at: number, length: number, into: IcmpHeader): WireError | null {
  if (length < icmpHeaderBytes) return wireError('icmp', at, 'truncated')
  into.type = bytes[at]
  into.code = bytes[at + 1]
  into.checksum = readU16(bytes, at + 2)
  into.rest = readU32(bytes, at + 4)
  return null
}

/** Writes every field as given. @returns bytes written: 8 */
export function encodeIcmp(header: IcmpHeader, into: Uint8Array, at: number): number {
  into[at] = header.type
  into[at + 1] = header.code
  writeU16(into, at + 2, header.checksum)
  writeU32(into, at + 4, header.rest)
  return icmpHeaderBytes
}

/** Writes the checksum of a whole message of `length` bytes. */
export function fillIcmpChecksum(bytes: Uint8Array, at: number, length: number): void {
  writeU16(bytes, at + 2, 0)
  writeU16(bytes, at + 2, foldChecksum(sumBytes(bytes, at, length)))
}

export function isIcmpChecksumGood(bytes: Uint8Array, at: number, length: number): boolean {
  return foldChecksum(sumBytes(bytes, at, length)) === 0
}

export function icmpIdentifier(header: { readonly rest: number }): number {
  return header.rest >>> 16
}

export function icmpSequence(header: { readonly rest: number }): number {
  return header.rest & 0xffff
}

/** The next-hop MTU of "fragmentation needed" (RFC 1191 §4); 0 from routers that do not know it. */
export function icmpNextHopMtu(header: IcmpHeader): number {
  return header.rest & 0xffff
}

/** Error messages quote the packet that caused them, from byte 8 on. */
export function isIcmpError(type: number): boolean {
  return type === IcmpType.unreachable || type === IcmpType.sourceQuench || type === IcmpType.redirect || type === IcmpType.timeExceeded || type === IcmpType.parameterProblem
}
