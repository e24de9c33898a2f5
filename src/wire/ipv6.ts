import { copyBytes, readU16, readU32, writeU16, writeU32 } from '../base/bytes.ts'
import { wireError } from './error.ts'
import { IpProtocol } from './ipv4.ts'
import type { WireError } from './error.ts'

/*
 * IPv6 (RFC 8200).
 *
 *   0  version 4 bits, traffic class 8, flow label 20    4
 *   4  payload length                                    2
 *   6  next header                                       1
 *   7  hop limit                                         1
 *   8  source                                           16
 *  24  destination                                      16
 *
 * Extension headers start with next header 1, length 1 (8-byte units beyond the first 8; AH: 4-byte units beyond the first 8).
 */

export const ipv6HeaderBytes = 40

export class Ipv6Header {
  version = 6
  /** DSCP in the high 6 bits, ECN in the low 2. */
  trafficClass = 0
  flowLabel = 0
  payloadLength = 0
  nextHeader: number = IpProtocol.tcp
  hopLimit = 64
  readonly source = new Uint8Array(16)
  readonly destination = new Uint8Array(16)
}

export function decodeIpv6(bytes: Uint8Array, at: number, length: number, into: Ipv6Header): WireError | null {
  if (length < ipv6HeaderBytes) return wireError('ipv6', at, 'truncated')
  const first = readU32(bytes, at)
  into.version = first >>> 28
  if (into.version !== 6) return wireError('ipv6', at, 'badVersion')
  into.trafficClass = (first >>> 20) & 0xff
  into.flowLabel = first & 0xfffff
  into.payloadLength = readU16(bytes, at + 4)
  into.nextHeader = bytes[at + 6]
  into.hopLimit = bytes[at + 7]
  for (let i = 0; i < 16; i++) into.source[i] = bytes[at + 8 + i]
  for (let i = 0; i < 16; i++) into.destination[i] = bytes[at + 24 + i]
  return null
}

/** Writes every field as given. @returns bytes written: 40 */
export function encodeIpv6(header: Ipv6Header, into: Uint8Array, at: number): number {
  writeU32(into, at, ((header.version << 28) | (header.trafficClass << 20) | header.flowLabel) >>> 0)
  writeU16(into, at + 4, header.payloadLength)
  into[at + 6] = header.nextHeader
  into[at + 7] = header.hopLimit
  copyBytes(header.source, 0, into, at + 8, 16)
  copyBytes(header.destination, 0, into, at + 24, 16)
  return ipv6HeaderBytes
}

/** Writes the payload length into an encoded header. */
export function fillIpv6(bytes: Uint8Array, at: number, payloadLength: number): void {
  writeU16(bytes, at + 4, payloadLength)
}

/** More extension headers than this are not walked. */
export const maxExtensionHeaders = 16

/** What a walk over the extension headers found. Offsets are into the bytes that were walked. */
export class Ipv6Extensions {
  count = 0
  readonly types = new Uint8Array(maxExtensionHeaders)
  readonly offsets = new Uint32Array(maxExtensionHeaders)
  readonly lengths = new Uint16Array(maxExtensionHeaders)
  /** The protocol after the last walked header, and where it starts. */
  upperProtocol = 0
  upperOffset = 0
  /** Offset of the next-header byte that named `upperProtocol`: what a Parameter Problem points at (RFC 8200 §4). */
  upperNamedAt = 0
  isFragment = false
  /** In units of 8 bytes. */
  fragmentOffset = 0
  moreFragments = false
  fragmentId = 0
  /** Where the final destination stands while a routing header is still to be followed, else -1 (pseudo-header, RFC 8200 §8.1). */
  finalDestinationAt = -1
  /** Jumbo payload length (RFC 2675), 0 without the option. */
  jumboLength = 0
}

/**
 * Walks hop-by-hop, routing, fragment, destination, authentication, mobility, HIP and shim6 headers in order. Stops at the first other protocol and
 * behind the fragment header of a fragment that is not the first.
 * @param nextHeader the fixed header's
 * @param namedAt offset of the byte `nextHeader` was read from
 */
export function walkIpv6Extensions(bytes: Uint8Array, at: number, length: number, nextHeader: number, namedAt: number, into: Ipv6Extensions): WireError | null {
  into.count = 0
  into.upperProtocol = nextHeader
  into.upperOffset = at
  into.upperNamedAt = namedAt
  into.isFragment = false
  into.fragmentOffset = 0
  into.moreFragments = false
  into.fragmentId = 0
  into.finalDestinationAt = -1
  into.jumboLength = 0
  return isExtensionHeader(nextHeader) ? walk(bytes, at + length, into) : null
}

export function isExtensionHeader(protocol: number): boolean {
  switch (protocol) {
    case IpProtocol.hopByHop: case IpProtocol.routing: case IpProtocol.fragment: case IpProtocol.authentication:
    case IpProtocol.destinationOptions: case IpProtocol.mobility: case IpProtocol.hip: case IpProtocol.shim6: return true
    default: return false
  }
}

function walk(bytes: Uint8Array, end: number, into: Ipv6Extensions): WireError | null {
  while (isExtensionHeader(into.upperProtocol)) {
    const at = into.upperOffset
    const type = into.upperProtocol
    if (into.count === maxExtensionHeaders) return wireError('ipv6', at, 'tooManyExtensionHeaders')
    if (at + 8 > end) return wireError('ipv6', at, 'truncated')
    const headerLength = type === IpProtocol.fragment ? 8 : type === IpProtocol.authentication ? (bytes[at + 1] + 2) * 4 : (bytes[at + 1] + 1) * 8
    if (at + headerLength > end) return wireError('ipv6', at + 1, 'headerTooLong')
    into.types[into.count] = type
    into.offsets[into.count] = at
    into.lengths[into.count++] = headerLength
    if (type === IpProtocol.fragment) readFragment(bytes, at, into)
    else if (type === IpProtocol.routing) readRouting(bytes, at, headerLength, into)
    else if (type === IpProtocol.hopByHop) readJumbo(bytes, at, headerLength, into)
    into.upperProtocol = bytes[at]
    into.upperNamedAt = at
    into.upperOffset = at + headerLength
    if (into.fragmentOffset > 0) return null
  }
  return null
}

function readFragment(bytes: Uint8Array, at: number, into: Ipv6Extensions): void {
  const field = readU16(bytes, at + 2)
  into.isFragment = true
  into.fragmentOffset = field >>> 3
  into.moreFragments = (field & 1) === 1
  into.fragmentId = readU32(bytes, at + 4)
}

/** The last address of the route: the last one listed in types 0 and 2, the first one listed in type 4 (RFC 8754 §2). */
function readRouting(bytes: Uint8Array, at: number, headerLength: number, into: Ipv6Extensions): void {
  const type = bytes[at + 2]
  if (bytes[at + 3] === 0 || headerLength < 24) return
  if (type === 0 || type === 2) into.finalDestinationAt = at + 8 + Math.floor((headerLength - 24) / 16) * 16
  else if (type === 4) into.finalDestinationAt = at + 8
}

function readJumbo(bytes: Uint8Array, at: number, headerLength: number, into: Ipv6Extensions): void {
  const end = at + headerLength
  for (let i = at + 2; i < end;) {
    if (bytes[i] === 0) { i++; continue }
    if (i + 2 > end) return
    if (bytes[i] === 0xc2 && bytes[i + 1] === 4 && i + 6 <= end) into.jumboLength = readU32(bytes, i + 2)
    i += 2 + bytes[i + 1]
  }
}
