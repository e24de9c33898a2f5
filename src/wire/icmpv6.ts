import { copyBytes, readU16, readU32, writeU16, writeU32 } from '../base/bytes.ts'
import { foldChecksum, sumBytes } from './checksum.ts'
import { wireError } from './error.ts'
import { icmpHeaderBytes } from './icmp.ts'
import type { WireError } from './error.ts'

/*
 * ICMPv6 (RFC 4443) and Neighbor Discovery (RFC 4861).
 *
 *   0  type        1
 *   1  code        1
 *   2  checksum    2     over the pseudo-header and the whole message
 *   4  rest        4     echo: identifier 2, sequence 2; packet too big: MTU 4; parameter problem: pointer 4; NA: flags R S O in the top 3 bits
 *   8  neighbor solicitation and advertisement: target 16, then options: type 1, length in 8-byte units 1, data
 */

export const Icmpv6Type = {
  unreachable: 1, packetTooBig: 2, timeExceeded: 3, parameterProblem: 4, echoRequest: 128, echoReply: 129, listenerQuery: 130, listenerReport: 131, listenerDone: 132,
  routerSolicitation: 133, routerAdvertisement: 134, neighborSolicitation: 135, neighborAdvertisement: 136, redirect: 137, listenerReport2: 143,
} as const

export const Icmpv6UnreachableCode = { noRoute: 0, prohibited: 1, beyondScope: 2, address: 3, port: 4, policy: 5, reject: 6 } as const

export const NdpOptionType = { sourceLinkLayer: 1, targetLinkLayer: 2, prefix: 3, redirectedHeader: 4, mtu: 5, rdnss: 25, dnssl: 31 } as const

/** Flags of a neighbor advertisement, in `Icmpv6Header.rest`. */
export const NeighborFlag = { router: 0x8000_0000, solicited: 0x4000_0000, override: 0x2000_0000 } as const

export class Icmpv6Header {
  type = 0
  code = 0
  checksum = 0
  /** Bytes 4 to 7 as one unsigned number. */
  rest = 0
}

export function decodeIcmpv6(bytes: Uint8Array, at: number, length: number, into: Icmpv6Header): WireError | null {
  if (length < icmpHeaderBytes) return wireError('icmpv6', at, 'truncated')
  into.type = bytes[at]
  into.code = bytes[at + 1]
  into.checksum = readU16(bytes, at + 2)
  into.rest = readU32(bytes, at + 4)
  return null
}

/** Writes every field as given. @returns bytes written: 8 */
export function encodeIcmpv6(header: Icmpv6Header, into: Uint8Array, at: number): number {
  into[at] = header.type
  into[at + 1] = header.code
  writeU16(into, at + 2, header.checksum)
  writeU32(into, at + 4, header.rest)
  return icmpHeaderBytes
}

/** Writes the checksum of a whole message; `pseudoSum` is the pseudo-header's, with next header 58 (RFC 4443 §2.3). */
export function fillIcmpv6Checksum(bytes: Uint8Array, at: number, length: number, pseudoSum: number): void {
  writeU16(bytes, at + 2, 0)
  writeU16(bytes, at + 2, foldChecksum(sumBytes(bytes, at, length, pseudoSum)))
}

export function isIcmpv6ChecksumGood(bytes: Uint8Array, at: number, length: number, pseudoSum: number): boolean {
  return foldChecksum(sumBytes(bytes, at, length, pseudoSum)) === 0
}

/** Error messages have the top bit of the type clear, and quote the packet that caused them from byte 8 on. */
export function isIcmpv6Error(type: number): boolean {
  return type < 128
}

/** What a neighbor solicitation or advertisement carries behind its ICMPv6 header. */
export class NeighborMessage {
  readonly target = new Uint8Array(16)
  /** From the source option of a solicitation or the target option of an advertisement. */
  hasLinkLayerAddress = false
  readonly linkLayerAddress = new Uint8Array(6)
}

export const neighborMessageBytes = 24

/**
 * Reads a neighbor solicitation or advertisement; `at` and `length` are the whole ICMPv6 message.
 * An option of length 0 makes the message invalid (RFC 4861 §7.1).
 */
export function decodeNeighbor(bytes: Uint8Array, at: number, length: number, into: NeighborMessage): WireError | null {
  if (length < neighborMessageBytes) return wireError('icmpv6', at, 'truncated')
  copyBytes(bytes, at + 8, into.target, 0, 16)
  into.hasLinkLayerAddress = false
  const wanted = bytes[at] === Icmpv6Type.neighborSolicitation ? NdpOptionType.sourceLinkLayer : NdpOptionType.targetLinkLayer
  const end = at + length
  for (let i = at + neighborMessageBytes; i < end;) {
    const optionLength = i + 1 < end ? bytes[i + 1] * 8 : 0
    if (optionLength === 0 || i + optionLength > end) return wireError('icmpv6', i, 'badOptionLength')
    if (bytes[i] === wanted && optionLength === 8) {
      into.hasLinkLayerAddress = true
      copyBytes(bytes, i + 2, into.linkLayerAddress, 0, 6)
    }
    i += optionLength
  }
  return null
}

/** Writes target and, if there is one, the link-layer option, behind the ICMPv6 header at `at`. @returns length of the whole message: 24 or 32 */
export function encodeNeighbor(type: number, message: NeighborMessage, into: Uint8Array, at: number): number {
  copyBytes(message.target, 0, into, at + 8, 16)
  if (!message.hasLinkLayerAddress) return neighborMessageBytes
  into[at + 24] = type === Icmpv6Type.neighborSolicitation ? NdpOptionType.sourceLinkLayer : NdpOptionType.targetLinkLayer
  into[at + 25] = 1
  copyBytes(message.linkLayerAddress, 0, into, at + 26, 6)
  return neighborMessageBytes + 8
}

/** Offset of the options in an NDP message from its start; -1 for other types. */
export function ndpOptionsOffset(type: number): number {
  switch (type) {
    case Icmpv6Type.routerSolicitation: return 8
    case Icmpv6Type.routerAdvertisement: return 16
    case Icmpv6Type.neighborSolicitation: case Icmpv6Type.neighborAdvertisement: return 24
    case Icmpv6Type.redirect: return 40
    default: return -1
  }
}

export interface NdpOption {
  readonly type: number
  /** All of it, type and length included; of a malformed one, the rest. */
  readonly bytes: Uint8Array
  readonly isMalformed: boolean
}

/** For display; concatenating the `bytes` of all gives the options back. */
export function decodeNdpOptions(bytes: Uint8Array, at: number, length: number): NdpOption[] {
  const found: NdpOption[] = []
  const end = at + length
  for (let i = at; i < end;) {
    const optionLength = i + 1 < end ? bytes[i + 1] * 8 : 0
    const isMalformed = optionLength === 0 || i + optionLength > end
    found.push({ type: bytes[i], bytes: bytes.slice(i, isMalformed ? end : i + optionLength), isMalformed })
    if (isMalformed) break
    i += optionLength
  }
  return found
}
