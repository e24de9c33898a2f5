import { readU16, readU32 } from '../base/bytes.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { LinkType } from '../wire/packet.ts'
import type { Packet } from '../wire/packet.ts'
import { tcpHeaderBytes } from '../wire/tcp.ts'
import type { AddressTable } from './address-table.ts'

/** Of a header that was cut short, what is needed to follow the connection: up to the window. */
const leastHeaderBytes = 16

/** What the tracker reads of a TCP segment; made once and filled again and again. */
export class SegmentHeader {
  isV6 = false
  /** IPv4: the address as a signed word. IPv6: its number in the address table. */
  source = 0
  destination = 0
  sourcePort = 0
  destinationPort = 0
  seq = 0
  ack = 0
  /** 12 bits: the reserved ones above those of `TcpFlag`. */
  flags = 0
  window = 0
  /** Payload on the wire. */
  length = 0
  optionsAt = 0
  /** As far as they were captured. */
  optionsLength = 0
  /** The header does not fit into its packet: it has no length that means anything. */
  hasLength = true
  /** Part of the header was not captured, or its length is impossible. */
  isCut = false
}

/**
 * Reads the frame that nearly all are: Ethernet without tags, IPv4 without options and not in fragments, TCP, captured up to the payload.
 * @returns false where it is another one, with `into` unchanged
 */
export function readPlainSegment(bytes: Uint8Array, at: number, captured: number, onWire: number, linkType: number, into: SegmentHeader): boolean {
  // Ethernet 14, IPv4 20, TCP 20.
  if (linkType !== LinkType.ethernet || captured < 54) return false
  if (bytes[at + 12] !== 0x08 || bytes[at + 13] !== 0 || bytes[at + 14] !== 0x45 || bytes[at + 23] !== IpProtocol.tcp) return false
  if (((bytes[at + 20] & 0x3f) | bytes[at + 21]) !== 0) return false
  const ipLength = (bytes[at + 16] << 8) | bytes[at + 17]
  const headerBytes = (bytes[at + 46] >>> 4) << 2
  if (headerBytes < tcpHeaderBytes || 20 + headerBytes > ipLength || ipLength > onWire - 14 || 34 + headerBytes > captured) return false
  into.isV6 = false
  into.source = (bytes[at + 26] << 24) | (bytes[at + 27] << 16) | (bytes[at + 28] << 8) | bytes[at + 29]
  into.destination = (bytes[at + 30] << 24) | (bytes[at + 31] << 16) | (bytes[at + 32] << 8) | bytes[at + 33]
  into.sourcePort = (bytes[at + 34] << 8) | bytes[at + 35]
  into.destinationPort = (bytes[at + 36] << 8) | bytes[at + 37]
  into.seq = ((bytes[at + 38] << 24) | (bytes[at + 39] << 16) | (bytes[at + 40] << 8) | bytes[at + 41]) >>> 0
  into.ack = ((bytes[at + 42] << 24) | (bytes[at + 43] << 16) | (bytes[at + 44] << 8) | bytes[at + 45]) >>> 0
  into.flags = ((bytes[at + 46] & 0xf) << 8) | bytes[at + 47]
  into.window = (bytes[at + 48] << 8) | bytes[at + 49]
  into.length = ipLength - 20 - headerBytes
  into.optionsAt = at + 54
  into.optionsLength = headerBytes - tcpHeaderBytes
  into.hasLength = headerBytes <= onWire
  into.isCut = false
  return true
}

/**
 * Reads the TCP header of a decoded packet, also one that is cut short or impossible. A fragment has no length that means anything.
 * @returns false where there is none, or too little of it
 */
export function readSegment(packet: Packet, bytes: Uint8Array, addresses: AddressTable, into: SegmentHeader): boolean {
  if (packet.ipVersion === 0 || packet.protocol !== IpProtocol.tcp || packet.isLaterFragment) return false
  const at = packet.transportOffset
  const onWire = packet.ipOffset + packet.ipLengthOnWire - at
  const captured = Math.min(onWire, packet.frameAt + packet.frameLength - at)
  if (!readFields(bytes, at, captured, onWire, into)) return false
  takeAddresses(packet, bytes, addresses, into)
  if (packet.isFragment && isPartial(packet)) {
    into.hasLength = false
    into.length = 0
  }
  return true
}

/** As {@link readSegment}, for a segment that was put together from fragments of which `packet` came last. */
export function readWhole(packet: Packet, bytes: Uint8Array, head: Uint8Array, totalBytes: number, addresses: AddressTable, into: SegmentHeader): boolean {
  if (!readFields(head, 0, Math.min(totalBytes, head.length), totalBytes, into)) return false
  takeAddresses(packet, bytes, addresses, into)
  return true
}

/** A datagram in one piece may carry a fragment header all the same (RFC 6946). */
export function isPartial(packet: Packet): boolean {
  return packet.ipVersion === 4 || packet.isLaterFragment || packet.extensions.moreFragments
}

function takeAddresses(packet: Packet, bytes: Uint8Array, addresses: AddressTable, into: SegmentHeader): void {
  into.isV6 = packet.ipVersion === 6
  if (!into.isV6) {
    into.source = packet.ipv4.source | 0
    into.destination = packet.ipv4.destination | 0
    return
  }
  const final = packet.extensions.finalDestinationAt
  into.source = addresses.internIpv6(packet.ipv6.source)
  into.destination = final < 0 ? addresses.internIpv6(packet.ipv6.destination) : addresses.internIpv6(bytes, final)
}

function readFields(bytes: Uint8Array, at: number, captured: number, onWire: number, into: SegmentHeader): boolean {
  if (captured < leastHeaderBytes) return false
  into.sourcePort = readU16(bytes, at)
  into.destinationPort = readU16(bytes, at + 2)
  into.seq = readU32(bytes, at + 4)
  into.ack = readU32(bytes, at + 8)
  into.flags = ((bytes[at + 12] & 0xf) << 8) | bytes[at + 13]
  into.window = readU16(bytes, at + 14)
  const headerBytes = (bytes[at + 12] >>> 4) * 4
  into.hasLength = headerBytes <= onWire
  into.isCut = headerBytes > captured || headerBytes < tcpHeaderBytes
  into.length = into.hasLength ? onWire - headerBytes : 0
  into.optionsAt = at + tcpHeaderBytes
  into.optionsLength = Math.max(0, Math.min(headerBytes, captured) - tcpHeaderBytes)
  return true
}
