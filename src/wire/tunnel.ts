import { readU16 } from '../base/bytes.ts'
import { EtherType } from './ethernet.ts'
import { IpProtocol } from './ipv4.ts'
import { decodePacket, Layer, LinkType } from './packet.ts'
import type { Packet } from './packet.ts'

/** A packet within a packet: where it begins, and what it begins with, as a link type. */
class Inner {
  at = 0
  linkType = 0
}

/** Deeper nesting is not followed. */
export const maxTunnels = 8

const encapsulation = { ipip: 4, ipv6: 41, gre: 47, etherip: 97, mpls: 137 } as const
const greType = { ethernet: 0x6558, ppp: 0x880b, erspan: 0x88be, erspan3: 0x22eb } as const
const etherTypes = { backbone: 0x88e7, hsr: 0x892f, vnTag: 0x8926 } as const
const inner = new Inner()

/**
 * Decodes what a decoded packet carries through a tunnel: IP in IP, GRE (with Ethernet, PPP, ERSPAN, MPLS), EtherIP, and on their registered
 * UDP ports VXLAN, Geneve, GTP-U, Teredo, L2TP, LISP and TZSP. Encrypted tunnels are closed to everybody.
 * @returns false, with `into` unchanged, where there is no packet within
 */
export function decodeInner(packet: Packet, bytes: Uint8Array, into: Packet): boolean {
  // A frame that was cut without saying so still holds the beginning of what is within.
  if (packet.isFragment || (packet.error !== null && packet.error.reason !== 'lengthTooLong')) return false
  const end = packet.frameAt + packet.frameLength
  if (packet.ipVersion === 0) {
    if (!findInEtherType(packet.etherType, bytes, packet.payloadOffset, end)) return false
  } else if ((packet.layers & Layer.udp) !== 0) {
    if (!findInUdp(bytes, packet.payloadOffset, end, packet.udp.sourcePort, packet.udp.destinationPort)) return false
  } else if (!findInIp(packet.protocol, bytes, packet.transportOffset, end)) {
    return false
  }
  if (inner.at >= end) return false
  const onWire = packet.payloadOffset + packet.payloadLengthOnWire - inner.at
  decodePacket(bytes, inner.at, end - inner.at, inner.linkType, into, Math.max(onWire, 0))
  return true
}

/** Tags that stand where an EtherType does: provider backbone (802.1ah), HSR (IEC 62439-3), VN-Tag (802.1BR's forerunner). */
function findInEtherType(etherType: number, bytes: Uint8Array, at: number, end: number): boolean {
  switch (etherType) {
    case etherTypes.backbone: return found(at + 4, LinkType.ethernet)
    case etherTypes.hsr: case etherTypes.vnTag: return at + 6 <= end && isIp(readU16(bytes, at + 4)) && found(at + 6, LinkType.rawIp)
    default: return false
  }
}

function isIp(etherType: number): boolean {
  return etherType === EtherType.ipv4 || etherType === EtherType.ipv6
}

function findInIp(protocol: number, bytes: Uint8Array, at: number, end: number): boolean {
  switch (protocol) {
    case encapsulation.ipip: case encapsulation.ipv6: return found(at, LinkType.rawIp)
    case encapsulation.etherip: return found(at + 2, LinkType.ethernet)
    case encapsulation.gre: return findInGre(bytes, at, end)
    case encapsulation.mpls: return findBehindLabels(bytes, at, end)
    case IpProtocol.authentication: return at + 8 <= end && findInIp(bytes[at], bytes, at + (bytes[at + 1] + 2) * 4, end)
    default: return false
  }
}

/** RFC 2784 and RFC 2890; version 1 is RFC 2637's, with a call number in place of the key. */
function findInGre(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 4 > end) return false
  const flags = readU16(bytes, at)
  const hasSequence = (flags & 0x1000) !== 0
  let next = at + 4
  if ((flags & 7) === 1) {
    next += 4 + (hasSequence ? 4 : 0) + ((flags & 0x80) !== 0 ? 4 : 0)
  } else {
    if ((flags & 0xc000) !== 0) next += 4
    if ((flags & 0x2000) !== 0) next += 4
    if (hasSequence) next += 4
  }
  switch (readU16(bytes, at + 2)) {
    case EtherType.ipv4: case EtherType.ipv6: return found(next, LinkType.rawIp)
    case EtherType.mpls: case EtherType.mplsMulticast: return findBehindLabels(bytes, next, end)
    case greType.ethernet: return found(next, LinkType.ethernet)
    case greType.ppp: return found(next, LinkType.ppp)
    // Type I has neither sequence number nor header of its own (draft-foschiano-erspan §4).
    case greType.erspan: return found(hasSequence ? next + 8 : next, LinkType.ethernet)
    case greType.erspan3: return next + 12 <= end && found(next + 12 + ((bytes[next + 11] & 1) !== 0 ? 8 : 0), LinkType.ethernet)
    default: return false
  }
}

/** RFC 3032; the first four bits behind the stack tell what it is. */
function findBehindLabels(bytes: Uint8Array, at: number, end: number): boolean {
  for (let next = at; next + 4 < end; next += 4) {
    if ((bytes[next + 2] & 1) === 0) continue
    const version = bytes[next + 4] >>> 4
    return (version === 4 || version === 6) && found(next + 4, LinkType.rawIp)
  }
  return false
}

type UdpTunnel = (bytes: Uint8Array, at: number, end: number) => boolean

const udpTunnels: ReadonlyMap<number, UdpTunnel> = new Map<number, UdpTunnel>([
  [4789, (bytes, at, end) => at + 8 <= end && (bytes[at] & 0x08) !== 0 && found(at + 8, LinkType.ethernet)],
  [4790, findInVxlanGpe], [6081, findInGeneve], [2152, findInGtp], [3544, findInTeredo], [1701, findInL2tp], [37_008, findInTzsp],
  [4341, (_bytes, at) => found(at + 8, LinkType.rawIp)], [6635, findBehindLabels], [4754, findInGre],
])

function findInUdp(bytes: Uint8Array, at: number, end: number, sourcePort: number, destinationPort: number): boolean {
  const tunnel = udpTunnels.get(destinationPort) ?? udpTunnels.get(sourcePort)
  return tunnel !== undefined && tunnel(bytes, at, end)
}

/** draft-ietf-nvo3-vxlan-gpe §3: the next protocol stands in the fourth byte. */
function findInVxlanGpe(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 8 > end) return false
  const next = bytes[at + 3]
  return next === 1 || next === 2 ? found(at + 8, LinkType.rawIp) : next === 3 && found(at + 8, LinkType.ethernet)
}

/** RFC 8926 §3.4. */
function findInGeneve(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 8 > end) return false
  const next = at + 8 + (bytes[at] & 0x3f) * 4
  const type = readU16(bytes, at + 2)
  return isIp(type) ? found(next, LinkType.rawIp) : type === greType.ethernet && found(next, LinkType.ethernet)
}

/** 3GPP TS 29.281 §5.1: version 1, message type 255 is a user's packet. */
function findInGtp(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 12 > end || (bytes[at] & 0xf0) !== 0x30 || bytes[at + 1] !== 0xff) return false
  let next = at + 8
  if ((bytes[at] & 7) !== 0) {
    next += 4
    if ((bytes[at] & 4) !== 0) {
      for (let type = bytes[next - 1]; type !== 0 && next < end && bytes[next] !== 0; type = bytes[next - 1]) next += bytes[next] * 4
    }
  }
  return next < end && (bytes[next] >>> 4 === 4 || bytes[next] >>> 4 === 6) && found(next, LinkType.rawIp)
}

/** RFC 4380 §5.1.1: authentication and origin indication may stand before the IPv6 packet. */
function findInTeredo(bytes: Uint8Array, at: number, end: number): boolean {
  let next = at
  if (next + 4 <= end && bytes[next] === 0 && bytes[next + 1] === 1) next += 4 + bytes[next + 2] + bytes[next + 3] + 9
  if (next + 8 <= end && bytes[next] === 0 && bytes[next + 1] === 0) next += 8
  return next < end && bytes[next] >>> 4 === 6 && found(next, LinkType.rawIp)
}

/** RFC 2661 §3.1, data messages. */
function findInL2tp(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 6 > end) return false
  const flags = readU16(bytes, at)
  if ((flags & 0x8000) !== 0 || (flags & 0xf) !== 2) return false
  let next = at + 6 + ((flags & 0x4000) !== 0 ? 2 : 0) + ((flags & 0x0800) !== 0 ? 4 : 0)
  if ((flags & 0x0200) !== 0) {
    if (next + 2 > end) return false
    next += 2 + readU16(bytes, next)
  }
  return found(next, LinkType.ppp)
}

/** TaZmen sniffer protocol: version, type, encapsulation (1 Ethernet, 18 IEEE 802.11), tags up to the end tag. */
function findInTzsp(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 5 > end || bytes[at] !== 1) return false
  const kind = readU16(bytes, at + 2)
  let next = at + 4
  while (next < end && bytes[next] !== 1) next += bytes[next] === 0 || next + 1 >= end ? 1 : 2 + bytes[next + 1]
  return kind === 1 ? found(next + 1, LinkType.ethernet) : kind === 18 && found(next + 1, LinkType.wlan)
}

function found(at: number, linkType: number): true {
  inner.at = at
  inner.linkType = linkType
  return true
}
