import { ArpHeader, decodeArp } from './arp.ts'
import { CookedHeader, LinkType, decodeCooked } from './cooked.ts'
import { wireError } from './error.ts'
import { EtherType, EthernetHeader, decodeEthernet, isVlanType, largestLength } from './ethernet.ts'
import { IcmpHeader, decodeIcmp, icmpHeaderBytes } from './icmp.ts'
import { Icmpv6Header, decodeIcmpv6 } from './icmpv6.ts'
import { IpProtocol, Ipv4Flag, Ipv4Header, decodeIpv4 } from './ipv4.ts'
import { Ipv6Extensions, Ipv6Header, decodeIpv6, ipv6HeaderBytes, walkIpv6Extensions } from './ipv6.ts'
import { LinkShims } from './link-shim.ts'
import { decodeLlc } from './llc.ts'
import {
  decodeArcnet, decodeArcnetOfLinux, decodeAtm, decodeEncapsulation, decodeFddi, decodeFibreChannel, decodeFirewire, decodeFrameRelay, decodeInfiniband, decodeNetfilterLog,
  decodePacketFilterLog, decodeSunAtm, decodeSymantecFirewall, decodeTags, decodeTokenRing,
} from './media.ts'
import { decodeMpls } from './mpls.ts'
import { decodeHdlc, decodePpp, decodePppWithDirection, decodePppoe } from './ppp.ts'
import { TcpHeader, decodeTcp, tcpHeaderBytes } from './tcp.ts'
import { UdpHeader, decodeUdp, udpHeaderBytes } from './udp.ts'
import { decodePpi, decodePrism, decodeRadiotap, decodeWlan } from './wlan.ts'
import type { CookedLayer } from './cooked.ts'
import type { WireError } from './error.ts'

export { LinkType } from './cooked.ts'

type ShimDecoder = (bytes: Uint8Array, at: number, end: number, into: LinkShims) => WireError | null

/** LINUX_SLL_P_802_2: what a cooked header says in place of an EtherType where LLC follows. */
const cookedLlc = 4

/** Bits of `Packet.layers`: the headers below hold only where their bit is set. */
export const Layer = {
  ethernet: 0x001, vlan: 0x002, arp: 0x004, ipv4: 0x008, ipv6: 0x010, icmp: 0x020, icmpv6: 0x040, udp: 0x080, tcp: 0x100, cooked: 0x200, shim: 0x400,
} as const

/**
 * One decoded frame; made once and decoded into again and again. It holds no bytes: offsets are absolute, into the array
 * that {@link decodePacket} was given, and hold as long as those bytes do.
 *
 *     frameAt      ipOffset    transportOffset   payloadOffset             payload end    frameAt + frameLength
 *     | link header | IP header | transport header | payload ... (captured) | padding, FCS |
 */
export class Packet {
  linkType: number = LinkType.ethernet
  /** Bits of {@link Layer}. */
  layers = 0
  /** The first trouble, its offset from the start of the frame; the layers outside of it are good. */
  error: WireError | null = null

  frameAt = 0
  /** Bytes there are. */
  frameLength = 0
  /** Bytes there were on the wire. */
  originalLength = 0

  readonly ethernet = new EthernetHeader()
  readonly cooked = new CookedHeader()
  readonly shims = new LinkShims()
  readonly arp = new ArpHeader()
  readonly ipv4 = new Ipv4Header()
  readonly ipv6 = new Ipv6Header()
  readonly extensions = new Ipv6Extensions()
  readonly icmp = new IcmpHeader()
  readonly icmpv6 = new Icmpv6Header()
  readonly udp = new UdpHeader()
  readonly tcp = new TcpHeader()

  /** 4, 6, or 0 where there is no IP header. */
  ipVersion = 0
  /** The EtherType below the link header; 0 where the link type has none. */
  etherType = 0
  /** The protocol above IP and its extension headers; -1 where there is no IP header. */
  protocol = -1
  ipOffset = 0
  /** Where the protocol above IP starts, also in a fragment that carries no header of it. */
  transportOffset = 0
  /** Behind the last header that was decoded. */
  payloadOffset = 0
  /** Bytes of payload there are. */
  payloadLength = 0
  /** Bytes of payload there were on the wire, by the headers: more than `payloadLength` where the capture is cut short. */
  payloadLengthOnWire = 0
  /** Bytes of the IP packet on the wire, header included; what checksums and the transport cover ends here. */
  ipLengthOnWire = 0
  /** Part of a fragmented datagram. */
  isFragment = false
  /** A fragment other than the first: there is no transport header. */
  isLaterFragment = false
}

/**
 * Decodes a frame at `at` of `length` bytes. Never throws, never allocates but for an error value.
 * @param originalLength the frame's length on the wire, where the capture cut it short
 */
export function decodePacket(bytes: Uint8Array, at: number, length: number, linkType: number, into: Packet, originalLength = length): void {
  into.linkType = linkType
  into.layers = 0
  into.error = null
  into.frameAt = at
  into.frameLength = length
  into.originalLength = originalLength < length ? length : originalLength
  into.ipVersion = 0
  into.etherType = 0
  into.protocol = -1
  into.ipOffset = at
  into.transportOffset = at
  into.ipLengthOnWire = 0
  into.isFragment = false
  into.isLaterFragment = false
  setPayload(into, at, into.originalLength)
  decodeLink(bytes, into)
}

function decodeLink(bytes: Uint8Array, into: Packet): void {
  const at = into.frameAt
  switch (into.linkType) {
    case LinkType.ethernet: {
      const error = decodeEthernet(bytes, at, into.frameLength, into.ethernet)
      if (error && error.layer === 'ethernet') return fail(into, error)
      into.layers = into.ethernet.tagCount > 0 ? Layer.ethernet | Layer.vlan : Layer.ethernet
      into.etherType = into.ethernet.etherType
      setPayload(into, at + into.ethernet.headerLength, into.originalLength - into.ethernet.headerLength)
      if (error) return fail(into, error)
      return decodeEtherType(bytes, into)
    }
    case LinkType.linuxSll: return decodeCookedLink(bytes, 'linuxSll', into)
    case LinkType.linuxSll2: return decodeCookedLink(bytes, 'linuxSll2', into)
    case LinkType.bsdNull: case LinkType.bsdLoop: return decodeCookedLink(bytes, 'bsdNull', into)
    case LinkType.rawIp: case LinkType.ipv4: case LinkType.ipv6: case LinkType.rawIpOfBsd: case LinkType.rawIpOfOpenBsd:
      if (into.frameLength === 0) return fail(into, wireError('ipv4', at, 'truncated'))
      return bytes[at] >>> 4 === 6 ? decodeIpv6Packet(bytes, at, into) : decodeIpv4Packet(bytes, at, into)
    default: return decodeShimLink(bytes, into)
  }
}

function decodeShimLink(bytes: Uint8Array, into: Packet): void {
  const decode = shimDecoders[into.linkType]
  if (decode === undefined) return fail(into, wireError('ethernet', into.frameAt, 'unknownLinkType'))
  into.shims.clear()
  decodeShims(decode, bytes, into.frameAt, into)
}

const shimDecoders: Readonly<Record<number, ShimDecoder | undefined>> = {
  [LinkType.ppp]: decodePpp, [LinkType.pppHdlc]: decodeHdlc, [LinkType.ciscoHdlc]: decodeHdlc, [LinkType.pppoe]: decodePppoe,
  [LinkType.pppWithDirection]: decodePppWithDirection,
  [LinkType.wlan]: (bytes, at, end, into) => decodeWlan(bytes, at, end, false, into), [LinkType.radiotap]: decodeRadiotap, [LinkType.prism]: decodePrism,
  [LinkType.avs]: decodePrism,
  [LinkType.ppi]: decodePpi,
  [LinkType.tokenRing]: decodeTokenRing, [LinkType.fddi]: decodeFddi, [LinkType.atm]: decodeAtm, [LinkType.atmOfBsd]: decodeAtm, [LinkType.sunAtm]: decodeSunAtm,
  [LinkType.fibreChannel]: decodeFibreChannel, [LinkType.frameRelay]: decodeFrameRelay, [LinkType.arcnetOfBsd]: decodeArcnet, [LinkType.arcnetOfLinux]: decodeArcnetOfLinux,
  [LinkType.firewire]: decodeFirewire, [LinkType.infiniband]: decodeInfiniband, [LinkType.packetFilterLog]: decodePacketFilterLog, [LinkType.encapsulation]: decodeEncapsulation,
  [LinkType.netfilterLog]: decodeNetfilterLog, [LinkType.symantecFirewall]: decodeSymantecFirewall,
}

/** Follows headers at `at`; what they lead to is decoded where it is known. */
function decodeShims(decode: ShimDecoder, bytes: Uint8Array, at: number, into: Packet): void {
  const { shims } = into
  const error = decode(bytes, at, into.frameAt + into.frameLength, shims)
  if (shims.count > 0) {
    into.layers |= Layer.shim
    setPayload(into, shims.end, into.frameAt + into.originalLength - shims.end)
  }
  if (error) return fail(into, error)
  if (shims.etherType === 0) return
  into.etherType = shims.etherType
  decodeEtherType(bytes, into)
}

function decodeCookedLink(bytes: Uint8Array, layer: CookedLayer, into: Packet): void {
  const error = decodeCooked(layer, bytes, into.frameAt, into.frameLength, into.cooked)
  if (error) return fail(into, error)
  into.layers = Layer.cooked
  into.etherType = into.cooked.etherType
  setPayload(into, into.frameAt + into.cooked.headerLength, into.originalLength - into.cooked.headerLength)
  decodeEtherType(bytes, into)
}

function decodeEtherType(bytes: Uint8Array, into: Packet): void {
  switch (into.etherType) {
    case EtherType.ipv4: return decodeIpv4Packet(bytes, into.payloadOffset, into)
    case EtherType.ipv6: return decodeIpv6Packet(bytes, into.payloadOffset, into)
    case EtherType.arp: {
      const error = decodeArp(bytes, into.payloadOffset, into.payloadLength, into.arp)
      if (error) return fail(into, error)
      into.layers |= Layer.arp
      return setPayload(into, into.payloadOffset + into.arp.headerLength, 0)
    }
    default: return decodeOtherType(bytes, into)
  }
}

/** Headers in front of an IP packet that has no EtherType of its own, or another one behind them. */
function decodeOtherType(bytes: Uint8Array, into: Packet): void {
  const { etherType, layers, payloadOffset } = into
  if ((layers & Layer.shim) === 0) into.shims.clear()
  if (etherType === EtherType.pppoe) return decodeShims(decodePppoe, bytes, payloadOffset, into)
  if (etherType === EtherType.mpls || etherType === EtherType.mplsMulticast) return decodeShims(decodeMpls, bytes, payloadOffset, into)
  if (isVlanType(etherType) && (layers & (Layer.cooked | Layer.shim)) !== 0) return decodeShims(decodeTags, bytes, payloadOffset, into)
  const isLlc = (layers & Layer.ethernet) !== 0 ? etherType <= largestLength : (layers & Layer.cooked) !== 0 && etherType === cookedLlc
  // LLC within LLC is not followed: nobody writes it but who wants to be followed for ever.
  if (isLlc && (layers & Layer.shim) === 0) decodeShims(decodeLlc, bytes, payloadOffset, into)
}

function decodeIpv4Packet(bytes: Uint8Array, at: number, into: Packet): void {
  const captured = into.frameAt + into.frameLength - at
  const error = decodeIpv4(bytes, at, captured, into.ipv4)
  if (error) return fail(into, error)
  const header = into.ipv4
  into.layers |= Layer.ipv4
  into.ipVersion = 4
  into.ipOffset = at
  into.protocol = header.protocol
  const headerLength = header.headerWords * 4
  const onWire = into.frameAt + into.originalLength - at
  // Segmentation offload hands over frames too long for the field, with 0 in it.
  let ipLength = header.totalLength === 0 ? onWire : header.totalLength
  if (ipLength < headerLength) {
    fail(into, wireError('ipv4', at + 2, 'badLength'))
    ipLength = headerLength
  } else if (ipLength > onWire) {
    fail(into, wireError('ipv4', at + 2, 'lengthTooLong'))
    ipLength = onWire
  }
  into.ipLengthOnWire = ipLength
  into.isFragment = header.fragmentOffset > 0 || (header.flags & Ipv4Flag.moreFragments) !== 0
  into.isLaterFragment = header.fragmentOffset > 0
  into.transportOffset = at + headerLength
  setPayload(into, into.transportOffset, ipLength - headerLength)
  decodeTransport(bytes, into)
}

function decodeIpv6Packet(bytes: Uint8Array, at: number, into: Packet): void {
  const captured = into.frameAt + into.frameLength - at
  const error = decodeIpv6(bytes, at, captured, into.ipv6)
  if (error) return fail(into, error)
  const header = into.ipv6
  into.layers |= Layer.ipv6
  into.ipVersion = 6
  into.ipOffset = at
  const onWire = into.frameAt + into.originalLength - at
  let ipLength = ipv6HeaderBytes + header.payloadLength
  const bytesHere = ipLength < captured && header.payloadLength > 0 ? ipLength : captured
  const walkError = walkIpv6Extensions(bytes, at + ipv6HeaderBytes, bytesHere - ipv6HeaderBytes, header.nextHeader, at + 6, into.extensions)
  // Payload length 0: the jumbo option has it (RFC 2675), or segmentation offload left it out of a frame too long for the field.
  if (header.payloadLength === 0) {
    if (into.extensions.jumboLength > 0) ipLength = ipv6HeaderBytes + into.extensions.jumboLength
    else if (onWire > ipv6HeaderBytes + 0xffff) ipLength = onWire
  }
  if (ipLength > onWire) {
    fail(into, wireError('ipv6', at + 4, 'lengthTooLong'))
    ipLength = onWire
  }
  into.ipLengthOnWire = ipLength
  into.protocol = into.extensions.upperProtocol
  into.isFragment = into.extensions.isFragment
  into.isLaterFragment = into.extensions.fragmentOffset > 0
  into.transportOffset = into.extensions.upperOffset
  setPayload(into, into.transportOffset, at + ipLength - into.transportOffset)
  if (walkError) return fail(into, walkError)
  decodeTransport(bytes, into)
}

function decodeTransport(bytes: Uint8Array, into: Packet): void {
  if (into.isLaterFragment) return
  const at = into.transportOffset
  const length = into.payloadLength
  const onWire = into.payloadLengthOnWire
  let error: WireError | null
  switch (into.protocol) {
    case IpProtocol.tcp:
      error = decodeTcp(bytes, at, length, into.tcp)
      if (error && error.reason === 'truncated') return fail(into, error)
      into.layers |= Layer.tcp
      setTcpPayload(into, at, onWire)
      return error ? fail(into, error) : undefined
    case IpProtocol.udp:
      error = decodeUdp(bytes, at, length, into.udp)
      if (error) return fail(into, error)
      into.layers |= Layer.udp
      return setUdpPayload(into, at, onWire)
    case IpProtocol.icmp:
      error = decodeIcmp(bytes, at, length, into.icmp)
      if (error) return fail(into, error)
      into.layers |= Layer.icmp
      return setPayload(into, at + icmpHeaderBytes, onWire - icmpHeaderBytes)
    case IpProtocol.icmpv6:
      error = decodeIcmpv6(bytes, at, length, into.icmpv6)
      if (error) return fail(into, error)
      into.layers |= Layer.icmpv6
      return setPayload(into, at + icmpHeaderBytes, onWire - icmpHeaderBytes)
  }
}

/** Options that were not captured are no data: where the header says its length, the data begin behind that. */
function setTcpPayload(into: Packet, at: number, onWire: number): void {
  const headerBytes = Math.max(tcpHeaderBytes + into.tcp.optionsLength, into.tcp.dataOffsetWords * 4)
  setPayload(into, at + headerBytes, onWire - headerBytes)
}

/** The UDP length bounds the data where it is sane; 0 belongs to a jumbogram or an offloaded datagram. */
function setUdpPayload(into: Packet, at: number, onWire: number): void {
  const { length } = into.udp
  setPayload(into, at + udpHeaderBytes, onWire - udpHeaderBytes)
  if (length === 0) return
  if (length < udpHeaderBytes) return fail(into, wireError('udp', at + 4, 'badLength'))
  if (length <= onWire) return setPayload(into, at + udpHeaderBytes, length - udpHeaderBytes)
  if (!into.isFragment) fail(into, wireError('udp', at + 4, 'lengthTooLong'))
}

function setPayload(into: Packet, at: number, lengthOnWire: number): void {
  const captured = into.frameAt + into.frameLength - at
  const onWire = lengthOnWire > 0 ? lengthOnWire : 0
  into.payloadOffset = at
  into.payloadLengthOnWire = onWire
  into.payloadLength = onWire < captured ? onWire : captured > 0 ? captured : 0
}

/** Keeps the first error. */
function fail(into: Packet, error: WireError): void {
  if (into.error) return
  into.error = into.frameAt === 0 ? error : wireError(error.layer, error.offset - into.frameAt, error.reason)
}
