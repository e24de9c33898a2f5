import { isLoopbackIpv6, isMulticastIpv6, isUnspecifiedIpv6 } from '../wire/addresses.ts'
import { decodeIpv6, Ipv6Extensions, Ipv6Header, ipv6HeaderBytes, walkIpv6Extensions } from '../wire/ipv6.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import type { Ipv6Interface } from './ipv6-interface.ts'
import type { HostStatistics } from './statistics.ts'

/** Codes of an ICMPv6 Parameter Problem (RFC 4443 §3.4). */
export const ParameterProblemCode = { header: 0, nextHeader: 1, option: 2 } as const

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
}

export interface Ipv6Handlers {
  tcp(packet: Ipv6Packet, nowUs: number): void
  udp(packet: Ipv6Packet, nowUs: number): void
  icmp(packet: Ipv6Packet, nowUs: number): void
  /** @param pointer offset from the IP header of the byte that is at fault */
  parameterProblem(code: number, pointer: number, packet: Ipv6Packet, nowUs: number): void
}

/** Receives IPv6 packets: checks them (RFC 8200 §3, §4) and hands them on by the protocol behind the extension headers. */
export class Ipv6Input {
  private readonly packet = new Ipv6Packet()
  private readonly extensions = new Ipv6Extensions()
  private readonly link: Ipv6Interface
  private readonly handlers: Ipv6Handlers
  private readonly statistics: HostStatistics['ipv6']

  constructor(link: Ipv6Interface, handlers: Ipv6Handlers, statistics: HostStatistics) {
    this.link = link
    this.handlers = handlers
    this.statistics = statistics.ipv6
  }

  handle(bytes: Uint8Array, at: number, length: number, isLinkUnicast: boolean, nowUs: number): void {
    const { packet, statistics, link } = this
    const { header } = packet
    statistics.in++
    if (decodeIpv6(bytes, at, length, header) !== null || ipv6HeaderBytes + header.payloadLength > length) { statistics.malformed++; return }
    const isToUs = link.isOurs(header.destination)
    if (!isToUs && !link.isOurGroup(header.destination)) { statistics.notForUs++; return }
    if (isMulticastIpv6(header.source) || isLoopbackIpv6(header.source) || link.isOurs(header.source)) { statistics.badSource++; return }
    packet.bytes = bytes
    packet.at = at
    packet.length = ipv6HeaderBytes + header.payloadLength
    packet.isUnicast = isToUs && isLinkUnicast
    if (walkIpv6Extensions(bytes, at + ipv6HeaderBytes, header.payloadLength, header.nextHeader, at + 6, this.extensions) !== null) { statistics.malformed++; return }
    packet.protocol = this.extensions.upperProtocol
    packet.payloadAt = this.extensions.upperOffset
    packet.payloadLength = at + packet.length - packet.payloadAt
    if (this.mayPass(nowUs)) this.deliver(nowUs)
  }

  /** Looks at the extension headers in their order (RFC 8200 §4); false where one of them ends the packet's way. */
  private mayPass(nowUs: number): boolean {
    const { extensions, packet, statistics } = this
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
          if (extensions.fragmentOffset !== 0 || extensions.moreFragments) { statistics.fragments++; return false }
          break
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
