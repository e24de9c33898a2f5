import { readU16, readU32 } from '../base/bytes.ts'
import { etherTypeOfFamily } from './cooked.ts'
import { wireError } from './error.ts'
import { EtherType, isVlanType } from './ethernet.ts'
import { decodeLlc } from './llc.ts'
import type { WireError } from './error.ts'
import type { LinkShims } from './link-shim.ts'

/*
 * Headers of media that are met in captures rather than in networks, and of systems that log packets. Each is one span;
 * of what stands in it, only its length and what follows it matter here.
 */

type Medium = (bytes: Uint8Array, at: number, end: number, into: LinkShims) => WireError | null

/** LINKTYPE_TOKEN_RING (IEEE 802.5): access control 1, frame control 1, addresses 12; routing (where the source's first bit says so); LLC. */
export const decodeTokenRing: Medium = (bytes, at, end, into) => {
  const hasRouting = at + 15 <= end && (bytes[at + 8] & 0x80) !== 0
  const headerBytes = 14 + (hasRouting ? Math.max(2, bytes[at + 14] & 0x1f) : 0)
  return take(at, headerBytes, end, into) ?? ((bytes[at + 1] & 0xc0) === 0x40 ? decodeLlc(bytes, at + headerBytes, end, into) : null)
}

/** LINKTYPE_FDDI: frame control 1, addresses 12; LLC where the frame control says so (ANSI X3.139). */
export const decodeFddi: Medium = (bytes, at, end, into) => take(at, 13, end, into) ?? ((bytes[at] & 0x70) === 0x50 ? decodeLlc(bytes, at + 13, end, into) : null)

/** LINKTYPE_ATM_RFC1483: LLC at once (RFC 2684 §5). */
export const decodeAtm: Medium = decodeLlc

/** LINKTYPE_SUNATM: direction and traffic type 1, VPI 1, VCI 2; LLC where the type is 2. */
export const decodeSunAtm: Medium = (bytes, at, end, into) => take(at, 4, end, into) ?? ((bytes[at] & 0x0f) === 2 ? decodeLlc(bytes, at + 4, end, into) : null)

/** LINKTYPE_IP_OVER_FC: two addresses of 8, LLC (RFC 2625 §3.2). */
export const decodeFibreChannel: Medium = (bytes, at, end, into) => take(at, 16, end, into) ?? decodeLlc(bytes, at + 16, end, into)

/** LINKTYPE_FRELAY: address of 2 to 4, then control 3 and a NLPID (RFC 2427), or Cisco's EtherType. */
export const decodeFrameRelay: Medium = (bytes, at, end, into) => {
  let next = at
  while (next < end && next < at + 4 && (bytes[next] & 1) === 0) next++
  next++
  if (next + 2 > end) return truncated(at, into)
  if (bytes[next] !== unnumberedInformation) return take(at, next + 2 - at, end, into, readU16(bytes, next))
  next++
  if (bytes[next] === 0) next++
  if (next >= end) return truncated(at, into)
  const isSnap = bytes[next] === nlpid.snap
  const headerBytes = next + (isSnap ? 6 : 1) - at
  return take(at, headerBytes, end, into, bytes[next] === nlpid.ipv4 ? EtherType.ipv4 : bytes[next] === nlpid.ipv6 ? EtherType.ipv6 : 0)
    ?? followSnap(bytes, next + 4, isSnap, into)
}

/** LINKTYPE_ARCNET_BSD: source 1, destination 1, protocol 1; fragment flag 1 and sequence 2 but for RFC 1051. */
export const decodeArcnet: Medium = (bytes, at, end, into) => takeArcnet(bytes, at, at + 2, end, into)

/** LINKTYPE_ARCNET_LINUX: the same with an offset of 2 behind the addresses. */
export const decodeArcnetOfLinux: Medium = (bytes, at, end, into) => takeArcnet(bytes, at, at + 4, end, into)

/** LINKTYPE_APPLE_IP_OVER_IEEE1394: two addresses of 8, EtherType 2. */
export const decodeFirewire: Medium = (bytes, at, end, into) => at + 18 > end ? truncated(at, into) : take(at, 18, end, into, readU16(bytes, at + 16))

/** LINKTYPE_IPOIB: global routing header 40 (zeros where there is none), EtherType 2, reserved 2 (RFC 4391 §6). */
export const decodeInfiniband: Medium = (bytes, at, end, into) => at + 44 > end ? truncated(at, into) : take(at, 44, end, into, readU16(bytes, at + 40))

/** LINKTYPE_PFLOG: its own length, which is padded to 4, address family 1. */
export const decodePacketFilterLog: Medium = (bytes, at, end, into) => {
  if (at + 2 > end) return truncated(at, into)
  return take(at, (bytes[at] + 3) & ~3, end, into, etherTypeOfFamily(bytes[at + 1]))
}

/** LINKTYPE_ENC: address family 4, SPI 4, flags 4. */
export const decodeEncapsulation: Medium = (bytes, at, end, into) => at + 12 > end ? truncated(at, into) : take(at, 12, end, into, etherTypeOfFamily(readU32(bytes, at)))

/** LINKTYPE_NFLOG: address family 1, version 1, resource 2; then values, each with length 2 and type 2 in little endian, padded to 4; type 9 is the packet. */
export const decodeNetfilterLog: Medium = (bytes, at, end, into) => {
  if (at + 4 > end) return truncated(at, into)
  for (let next = at + 4; next + 4 <= end;) {
    const length = bytes[next] | (bytes[next + 1] << 8)
    if ((bytes[next + 2] | (bytes[next + 3] << 8)) === 9) return take(at, next + 4 - at, end, into, etherTypeOfFamily(bytes[at]))
    if (length < 4) break
    next += (length + 3) & ~3
  }
  return take(at, 4, end, into)
}

/** LINKTYPE_SYMANTEC_FIREWALL: 44 bytes with the EtherType at 6, or in later versions 56 with it at 10; where both or neither are set, nobody knows. */
export const decodeSymantecFirewall: Medium = (bytes, at, end, into) => {
  if (at + 12 > end) return truncated(at, into)
  const older = readU16(bytes, at + 6)
  const newer = readU16(bytes, at + 10)
  if ((older === 0) === (newer === 0)) return take(at, Math.min(end - at, 44), end, into)
  return older === 0 ? take(at, 56, end, into, newer) : take(at, 44, end, into, older)
}

/** IEEE 802.1Q tags behind a cooked header, which has the tag protocol as its own. */
export const decodeTags: Medium = (bytes, at, end, into) => {
  into.etherType = 0
  for (let tagAt = at; ; tagAt += 4) {
    if (tagAt + 4 > end) return wireError('vlan', tagAt, 'truncated')
    if (!into.add('tag', tagAt, 4)) return wireError('vlan', tagAt, 'tooManyTags')
    const type = readU16(bytes, tagAt + 2)
    if (isVlanType(type)) continue
    into.etherType = type
    return null
  }
}

const unnumberedInformation = 3
const nlpid = { snap: 0x80, ipv4: 0xcc, ipv6: 0x8e } as const
const arcnet = { oldIp: 0xf0, ip: 0xd4, ipv6: 0xc4, arp: 0xd5 } as const

function takeArcnet(bytes: Uint8Array, at: number, protocolAt: number, end: number, into: LinkShims): WireError | null {
  if (protocolAt >= end) return truncated(at, into)
  const protocol = bytes[protocolAt]
  return take(at, protocolAt + (protocol === arcnet.oldIp ? 1 : 4) - at, end, into, arcnetType(protocol))
}

function arcnetType(protocol: number): number {
  if (protocol === arcnet.ip || protocol === arcnet.oldIp) return EtherType.ipv4
  return protocol === arcnet.ipv6 ? EtherType.ipv6 : protocol === arcnet.arp ? EtherType.arp : 0
}

function followSnap(bytes: Uint8Array, typeAt: number, isSnap: boolean, into: LinkShims): null {
  if (isSnap) into.etherType = readU16(bytes, typeAt)
  return null
}

/** @returns null where the header is whole */
function take(at: number, headerBytes: number, end: number, into: LinkShims, etherType = 0): WireError | null {
  if (at + headerBytes > end) return truncated(at, into)
  into.add('medium', at, headerBytes)
  into.etherType = etherType
  return null
}

function truncated(at: number, into: LinkShims): WireError {
  into.etherType = 0
  return wireError('medium', at, 'truncated')
}
