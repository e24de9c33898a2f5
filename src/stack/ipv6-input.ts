import { hex, readU16, writeU16 } from '../base/bytes.ts'
import { isLoopbackIpv6, isMulticastIpv6, isUnspecifiedIpv6 } from '../wire/addresses.ts'
import type { WireError } from '../wire/error.ts'
import { decodeIpv6, Ipv6Extensions, Ipv6Header, ipv6HeaderBytes, walkIpv6Extensions } from '../wire/ipv6.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import type { Ipv6Interface } from './ipv6-interface.ts'
import { Fragment, Reassembly } from './reassembly.ts'
import type { PartialDatagram } from './reassembly.ts'
import type { HostStatistics } from './statistics.ts'

/** Codes of an ICMPv6 Parameter Problem (RFC 4443 §3.4, RFC 7112 §5). */
export const ParameterProblemCode = { header: 0, nextHeader: 1, option: 2, headerChain: 3 } as const

const largestPayload = 0xffff
const fragmentHeaderBytes = 8
/** Bytes without which the first fragment does not hold the upper layer's header (RFC 8200 §4.5). */
const upperHeaderBytes: Readonly<Record<number, number>> = { [IpProtocol.tcp]: 20, [IpProtocol.udp]: 8, [IpProtocol.icmpv6]: 8 }

/** A received IPv6 packet that is good and for us. One object for all of them; valid while a handler runs. */
export class Ipv6Packet {
  readonly header = new Ipv6Header()
  bytes: Uint8Array = new Uint8Array(0)
  /** Where the IP header begins. */
  at = 0
  /** Bytes of the whole packet, without link padding. */
  length = 0
  /** Behind the extension headers. */
  payloadAt = 0
  payloadLength = 0
  protocol = 0
  /** To one host, in the IP header and on the link. */
  isUnicast = false
  /** It came with a fragment header, in pieces or whole. */
  wasFragmented = false
}

export interface Ipv6Handlers {
  tcp(packet: Ipv6Packet, nowUs: number): void
  udp(packet: Ipv6Packet, nowUs: number): void
  icmp(packet: Ipv6Packet, nowUs: number): void
  /** @param pointer offset from the IP header of the byte that is at fault */
  parameterProblem(code: number, pointer: number, packet: Ipv6Packet, nowUs: number): void
  /** The rest of a packet has not come in time. @param first its first fragment */
  reassemblyTimedOut(first: Ipv6Packet, nowUs: number): void
}

/** Receives IPv6 packets: checks them (RFC 8200 §3, §4), puts fragments together, and hands packets on by the protocol behind the extension headers. */
export class Ipv6Input {
  private readonly packet = new Ipv6Packet()
  private readonly extensions = new Ipv6Extensions()
  private readonly fragment = new Fragment()
  private readonly reassembly: Reassembly
  private readonly link: Ipv6Interface
  private readonly handlers: Ipv6Handlers
  private readonly statistics: HostStatistics['ipv6']

  constructor(link: Ipv6Interface, handlers: Ipv6Handlers, statistics: HostStatistics) {
    this.link = link
    this.handlers = handlers
    this.statistics = statistics.ipv6
    this.reassembly = new Reassembly(true, (datagram, nowUs) => this.reportTimeout(datagram, nowUs))
  }

  handle(bytes: Uint8Array, at: number, length: number, isLinkUnicast: boolean, nowUs: number): void {
    const { packet, statistics, link } = this
    const { header } = packet
    statistics.in++
    if (decodeIpv6(bytes, at, length, header) !== null || ipv6HeaderBytes + header.payloadLength > length) { statistics.malformed++; return }
    const isToUs = link.isOurs(header.destination)
    if (!isToUs && !link.isOurGroup(header.destination)) { statistics.notForUs++; return }
    if (isMulticastIpv6(header.source) || isLoopbackIpv6(header.source) || link.isOurs(header.source)) { statistics.badSource++; return }
    this.open(bytes, at, isToUs && isLinkUnicast, false, nowUs)
  }

  nextDeadlineUs(): number {
    return this.reassembly.nextDeadlineUs()
  }

  handleTimeout(nowUs: number): void {
    this.reassembly.handleTimeout(nowUs)
  }

  /** Forgets the fragments that wait for others. */
  clear(): void {
    this.reassembly.clear()
  }

  /** The header is decoded already. */
  private open(bytes: Uint8Array, at: number, isUnicast: boolean, isReassembled: boolean, nowUs: number): void {
    const { packet, extensions, statistics } = this
    const problem = this.walk(bytes, at, isUnicast)
    packet.wasFragmented = extensions.isFragment || isReassembled
    const isPart = extensions.isFragment && (extensions.fragmentOffset !== 0 || extensions.moreFragments)
    // Fragments of a fragment: nothing sends them in good faith.
    if (isPart && isReassembled) { statistics.malformed++; return }
    if (isPart && extensions.fragmentOffset === 0 && (problem !== null || packet.payloadLength < (upperHeaderBytes[packet.protocol] ?? 0))) {
      this.refuse(ParameterProblemCode.headerChain, packet.at, nowUs)
      return
    }
    if (problem !== null) { statistics.malformed++; return }
    if (this.mayPass(nowUs)) this.deliver(nowUs)
  }

  private walk(bytes: Uint8Array, at: number, isUnicast: boolean): WireError | null {
    const { packet, extensions } = this
    const { payloadLength, nextHeader } = packet.header
    packet.bytes = bytes
    packet.at = at
    packet.length = ipv6HeaderBytes + payloadLength
    packet.isUnicast = isUnicast
    const problem = walkIpv6Extensions(bytes, at + ipv6HeaderBytes, payloadLength, nextHeader, at + 6, extensions)
    packet.protocol = extensions.upperProtocol
    packet.payloadAt = extensions.upperOffset
    packet.payloadLength = at + packet.length - packet.payloadAt
    return problem
  }

  /** Looks at the extension headers in their order (RFC 8200 §4); false where one of them ends the packet's way. */
  private mayPass(nowUs: number): boolean {
    const { extensions, packet } = this
    for (let i = 0; i < extensions.count; i++) {
      const at = extensions.offsets[i]
      switch (extensions.types[i]) {
        case IpProtocol.hopByHop:
          // Only right behind the IPv6 header (§4.1); anywhere else it is a header that is not known.
          if (i > 0) return this.refuse(ParameterProblemCode.nextHeader, extensions.offsets[i - 1], nowUs)
          if (!this.mayPassOptions(at, extensions.lengths[i], nowUs)) return false
          break
        case IpProtocol.destinationOptions:
          if (!this.mayPassOptions(at, extensions.lengths[i], nowUs)) return false
          break
        case IpProtocol.routing:
          // We follow no routes, type 0 least of all (§4.4, RFC 5095).
          if (packet.bytes[at + 3] !== 0) return this.refuse(ParameterProblemCode.header, at + 2, nowUs)
          break
        case IpProtocol.fragment:
          // Offset 0 and no more to come: whole, whatever else has the same identification (§4.5).
          if (extensions.fragmentOffset === 0 && !extensions.moreFragments) break
          this.collect(i, nowUs)
          return false
        default:
          return this.refuse(ParameterProblemCode.nextHeader, i === 0 ? packet.at + 6 : extensions.offsets[i - 1], nowUs)
      }
    }
    return true
  }

  /** The two high bits of an unknown option say what becomes of the packet (RFC 8200 §4.2). */
  private mayPassOptions(at: number, length: number, nowUs: number): boolean {
    const { bytes, header } = this.packet
    const end = at + length
    for (let i = at + 2; i < end;) {
      const type = bytes[i]
      if (type === 0) { i++; continue }
      if (i + 2 > end || i + 2 + bytes[i + 1] > end) { this.statistics.malformed++; return false }
      if (type !== 1 && type >>> 6 !== 0) {
        const mayTell = type >>> 6 === 2 || (type >>> 6 === 3 && !isMulticastIpv6(header.destination))
        if (mayTell) return this.refuse(ParameterProblemCode.option, i, nowUs)
        this.statistics.badOption++
        return false
      }
      i += 2 + bytes[i + 1]
    }
    return true
  }

  /** RFC 8200 §4.5. @param index of the fragment header among the extension headers */
  private collect(index: number, nowUs: number): void {
    const { packet, extensions, fragment, statistics } = this
    const { header } = packet
    const fragmentAt = extensions.offsets[index]
    statistics.fragments++
    fragment.bytes = packet.bytes
    fragment.headerAt = packet.at
    fragment.payloadAt = fragmentAt + fragmentHeaderBytes
    fragment.payloadLength = packet.at + packet.length - fragment.payloadAt
    fragment.offset = extensions.fragmentOffset * 8
    fragment.moreFragments = extensions.moreFragments
    fragment.ecn = header.trafficClass & 3
    fragment.isUnicast = packet.isUnicast
    if (fragment.moreFragments && fragment.payloadLength % 8 !== 0) { this.refuse(ParameterProblemCode.header, packet.at + 4, nowUs); return }
    if (fragment.offset + fragment.payloadLength + fragmentAt - packet.at - ipv6HeaderBytes > largestPayload) {
      this.refuse(ParameterProblemCode.header, fragmentAt + 2, nowUs)
      return
    }
    if (fragment.payloadLength === 0) { statistics.malformed++; return }
    fragment.key = `${hex(header.source)}>${hex(header.destination)} ${extensions.fragmentId}`
    const outcome = this.reassembly.add(fragment, nowUs)
    if (outcome === 'dropped') statistics.fragmentsDropped++
    else if (outcome !== 'held') this.deliverWhole(outcome, nowUs)
  }

  /** The headers before the fragment header, that one taken out, and all the pieces; then the packet is walked anew. */
  private deliverWhole(datagram: PartialDatagram, nowUs: number): void {
    const { packet, statistics } = this
    const joined = datagram.join()
    const fragmentAt = datagram.header!.length - fragmentHeaderBytes
    const ecn = datagram.ecn((readU16(joined, 0) >>> 4) & 3)
    const bytes = joined.subarray(fragmentHeaderBytes)
    const next = joined[fragmentAt]
    joined.copyWithin(fragmentHeaderBytes, 0, fragmentAt)
    const payloadLength = bytes.length - ipv6HeaderBytes
    if (ecn < 0 || payloadLength > largestPayload) { statistics.fragmentsDropped++; return }
    statistics.reassembled++
    bytes[1] = (bytes[1] & 0xcf) | (ecn << 4)
    writeU16(bytes, 4, payloadLength)
    bytes[nextHeaderAt(bytes, fragmentAt)] = next
    decodeIpv6(bytes, 0, bytes.length, packet.header)
    this.open(bytes, 0, datagram.isUnicast, true, nowUs)
  }

  private reportTimeout(datagram: PartialDatagram, nowUs: number): void {
    const { packet } = this
    this.statistics.reassemblyTimeouts++
    const bytes = datagram.firstFragment()
    decodeIpv6(bytes, 0, bytes.length, packet.header)
    this.walk(bytes, 0, datagram.isUnicast)
    this.handlers.reassemblyTimedOut(packet, nowUs)
  }

  private refuse(code: number, at: number, nowUs: number): false {
    this.statistics.badOption++
    this.handlers.parameterProblem(code, at - this.packet.at, this.packet, nowUs)
    return false
  }

  private deliver(nowUs: number): void {
    const { packet, extensions, handlers, statistics } = this
    // Without an address only neighbour discovery speaks (RFC 4291 §2.5.2).
    if (packet.protocol !== IpProtocol.icmpv6 && isUnspecifiedIpv6(packet.header.source)) { statistics.badSource++; return }
    switch (packet.protocol) {
      case IpProtocol.tcp: handlers.tcp(packet, nowUs); break
      case IpProtocol.udp: handlers.udp(packet, nowUs); break
      case IpProtocol.icmpv6: handlers.icmp(packet, nowUs); break
      case IpProtocol.none: break
      default:
        statistics.unknownProtocol++
        handlers.parameterProblem(ParameterProblemCode.nextHeader, extensions.upperNamedAt - packet.at, packet, nowUs)
    }
  }
}

/** Where the protocol that begins at `at` is named: in the IPv6 header, or in the extension header before it. */
function nextHeaderAt(bytes: Uint8Array, at: number): number {
  let namedAt = 6
  for (let i = ipv6HeaderBytes; i < at; i += (bytes[i + 1] + 1) * 8) namedAt = i
  return namedAt
}
