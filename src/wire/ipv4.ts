import { copyBytes, readU16, readU32, writeU16, writeU32 } from '../base/bytes.ts'
import { foldChecksum, sumBytes } from './checksum.ts'
import { wireError } from './error.ts'
import type { WireError } from './error.ts'

/*
 * IPv4 (RFC 791).
 *
 *   0  version 4 bits, header length in words 4 bits    1       8  time to live          1
 *   1  type of service: DSCP 6 bits, ECN 2 bits         1       9  protocol              1
 *   2  total length                                     2      10  header checksum       2
 *   4  identification                                   2      12  source                4
 *   6  flags 3 bits (reserved, DF, MF),                 2      16  destination           4
 *      fragment offset in 8-byte units 13 bits                 20  options               0 to 40
 */

export const IpProtocol = {
  hopByHop: 0, icmp: 1, tcp: 6, udp: 17, routing: 43, fragment: 44, esp: 50, authentication: 51, icmpv6: 58, none: 59, destinationOptions: 60, mobility: 135, hip: 139, shim6: 140,
} as const

/** Bits of `Ipv4Header.flags`. */
export const Ipv4Flag = { moreFragments: 1, dontFragment: 2, reserved: 4 } as const

/** Values of the two ECN bits (RFC 3168 §5). */
export const Ecn = { notEct: 0, ect1: 1, ect0: 2, ce: 3 } as const

export const ipv4HeaderBytes = 20

export class Ipv4Header {
  version = 4
  headerWords = 5
  /** DSCP in the high 6 bits, ECN in the low 2. */
  tos = 0
  totalLength = 0
  identification = 0
  /** 3 bits, see {@link Ipv4Flag}. */
  flags = 0
  /** In units of 8 bytes. */
  fragmentOffset = 0
  ttl = 64
  protocol: number = IpProtocol.tcp
  checksum = 0
  source = 0
  destination = 0
  /** Where the options stand in the bytes that were decoded. */
  optionsOffset = 0
  optionsLength = 0
}

/** The total length is not judged here: captures are cut short and offloaded frames carry 0. */
export function decodeIpv4(bytes: Uint8Array, at: number, length: number, into: Ipv4Header): WireError | null {
  if (length < ipv4HeaderBytes) return wireError('ipv4', at, 'truncated')
  const first = bytes[at]
  into.version = first >>> 4
  if (into.version !== 4) return wireError('ipv4', at, 'badVersion')
  const words = first & 0xf
  into.headerWords = words
  if (words < 5) return wireError('ipv4', at, 'badHeaderLength')
  if (words * 4 > length) return wireError('ipv4', at, 'headerTooLong')
  into.tos = bytes[at + 1]
  into.totalLength = readU16(bytes, at + 2)
  into.identification = readU16(bytes, at + 4)
  const fragment = readU16(bytes, at + 6)
  into.flags = fragment >>> 13
  into.fragmentOffset = fragment & 0x1fff
  into.ttl = bytes[at + 8]
  into.protocol = bytes[at + 9]
  into.checksum = readU16(bytes, at + 10)
  into.source = readU32(bytes, at + 12)
  into.destination = readU32(bytes, at + 16)
  into.optionsOffset = at + ipv4HeaderBytes
  into.optionsLength = words * 4 - ipv4HeaderBytes
  return null
}

/**
 * Writes every field as given, checksum and lengths included; {@link fillIpv4} computes them afterwards.
 * @returns bytes written: 20 + optionsLength
 */
export function encodeIpv4(header: Ipv4Header, options: Uint8Array, optionsAt: number, optionsLength: number, into: Uint8Array, at: number): number {
  into[at] = (header.version << 4) | header.headerWords
  into[at + 1] = header.tos
  writeU16(into, at + 2, header.totalLength)
  writeU16(into, at + 4, header.identification)
  writeU16(into, at + 6, (header.flags << 13) | header.fragmentOffset)
  into[at + 8] = header.ttl
  into[at + 9] = header.protocol
  writeU16(into, at + 10, header.checksum)
  writeU32(into, at + 12, header.source)
  writeU32(into, at + 16, header.destination)
  copyBytes(options, optionsAt, into, at + ipv4HeaderBytes, optionsLength)
  return ipv4HeaderBytes + optionsLength
}

/** Writes total length and header checksum into an encoded header; the header length field is taken as it stands. */
export function fillIpv4(bytes: Uint8Array, at: number, totalLength: number): void {
  writeU16(bytes, at + 2, totalLength)
  fillIpv4Checksum(bytes, at)
}

export function fillIpv4Checksum(bytes: Uint8Array, at: number): void {
  writeU16(bytes, at + 10, 0)
  writeU16(bytes, at + 10, foldChecksum(sumBytes(bytes, at, (bytes[at] & 0xf) * 4)))
}

export function isIpv4ChecksumGood(bytes: Uint8Array, at: number): boolean {
  return foldChecksum(sumBytes(bytes, at, (bytes[at] & 0xf) * 4)) === 0
}

export interface Ipv4Option {
  /** Copied 1 bit, class 2 bits, number 5 bits. */
  readonly type: number
  readonly name: Ipv4OptionName
  /** All of it, type and length included; of `malformed`, the rest of the options. */
  readonly bytes: Uint8Array
}

const optionNames = { 0: 'eol', 1: 'nop', 7: 'record-route', 68: 'timestamp', 130: 'security', 131: 'loose-source-route', 136: 'stream-id', 137: 'strict-source-route', 148: 'router-alert' } as const

export type Ipv4OptionName = typeof optionNames[keyof typeof optionNames] | 'unknown' | 'padding' | 'malformed'

/** For display; concatenating the `bytes` of all gives the options back. */
export function decodeIpv4Options(bytes: Uint8Array, at: number, length: number): Ipv4Option[] {
  const found: Ipv4Option[] = []
  const end = at + length
  for (let i = at; i < end;) {
    const type = bytes[i]
    const optionLength = type <= 1 ? 1 : i + 1 < end ? bytes[i + 1] : 0
    if (optionLength < (type <= 1 ? 1 : 2) || i + optionLength > end) {
      found.push({ type, name: 'malformed', bytes: bytes.slice(i, end) })
      break
    }
    found.push({ type, name: optionNames[type as keyof typeof optionNames] ?? 'unknown', bytes: bytes.slice(i, i + optionLength) })
    i += optionLength
    if (type === 0) {
      if (i < end) found.push({ type: 0, name: 'padding', bytes: bytes.slice(i, end) })
      break
    }
  }
  return found
}
