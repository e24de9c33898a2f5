import { readU16, readU32 } from '../base/bytes.ts'
import { EtherType, vlanTagBytes } from '../wire/ethernet.ts'
import { ipv4HeaderBytes, IpProtocol } from '../wire/ipv4.ts'
import { ipv6HeaderBytes } from '../wire/ipv6.ts'
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

const ethernetBytes = 14
/** Version 4 and a header of five words, behind IPv4's EtherType. */
const plainIpv4 = (EtherType.ipv4 << 8) | 0x45
/** RFC 791 §3.1: more fragments, the fragment's offset, and the protocol behind the time to live. */
const fragmentBitsAndProtocol = 0x3fff_00ff

/**
 * Reads the frames that nearly all are: Ethernet with at most two tags, IPv4 without options and not in fragments or IPv6 without
 * extensions, TCP, captured up to the payload. In as few reads as there can be: this is what a pass over a large file takes most time for.
 * @param view of the area that the frame lies in
 * @returns where its IP header begins; -1 where it is another one, with `into` in no order
 */
export function readPlainSegment(view: DataView, at: number, captured: number, onWire: number, linkType: number, addresses: AddressTable, into: SegmentHeader): number {
  if (linkType !== LinkType.ethernet || captured < ethernetBytes + ipv4HeaderBytes + tcpHeaderBytes) return -1
  let ipAt = at + ethernetBytes
  let start = view.getUint32(ipAt - 2)
  // No further than the least frame goes: two tags end within it.
  for (let tags = 0; tags < 2 && (start >>> 16 === EtherType.vlan || start >>> 16 === EtherType.qinq); tags++) {
    ipAt += vlanTagBytes
    start = view.getUint32(ipAt - 2)
  }
  const end = at + captured
  if (start >>> 8 === plainIpv4) {
    if ((view.getUint32(ipAt + 6) & fragmentBitsAndProtocol) !== IpProtocol.tcp) return -1
    if (!readPlainTcp(view, ipAt + ipv4HeaderBytes, end, view.getUint16(ipAt + 2) - ipv4HeaderBytes, at + onWire, into)) return -1
    into.isV6 = false
    into.source = view.getInt32(ipAt + 12)
    into.destination = view.getInt32(ipAt + 16)
    return ipAt
  }
  if (start >>> 12 !== ((EtherType.ipv6 << 4) | 6) || ipAt + ipv6HeaderBytes > end || view.getUint8(ipAt + 6) !== IpProtocol.tcp) return -1
  if (!readPlainTcp(view, ipAt + ipv6HeaderBytes, end, view.getUint16(ipAt + 4), at + onWire, into)) return -1
  into.isV6 = true
  into.source = addresses.internIpv6In(view, ipAt + 8)
  into.destination = addresses.internIpv6In(view, ipAt + 24)
  return ipAt
}

/** @param ipPayload header and payload, as IP says; `end` of what was captured, `frameEnd` of the frame on the wire */
function readPlainTcp(view: DataView, at: number, end: number, ipPayload: number, frameEnd: number, into: SegmentHeader): boolean {
  if (at + tcpHeaderBytes > end) return false
  const ports = view.getInt32(at)
  const offsetFlagsWindow = view.getInt32(at + 12)
  const headerBytes = (offsetFlagsWindow >>> 28) << 2
  if (headerBytes < tcpHeaderBytes || headerBytes > ipPayload || at + ipPayload > frameEnd || at + headerBytes > end) return false
  into.sourcePort = ports >>> 16
  into.destinationPort = ports & 0xffff
  into.seq = view.getUint32(at + 4)
  into.ack = view.getUint32(at + 8)
  into.flags = (offsetFlagsWindow >>> 16) & 0xfff
  into.window = offsetFlagsWindow & 0xffff
  into.length = ipPayload - headerBytes
  into.optionsAt = at + tcpHeaderBytes
  into.optionsLength = headerBytes - tcpHeaderBytes
  into.hasLength = true
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
