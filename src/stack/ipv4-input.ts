import { isLoopbackIpv4, isMulticastIpv4 } from '../wire/addresses.ts'
import { decodeIpv4, Ipv4Flag, Ipv4Header, IpProtocol, isIpv4ChecksumGood } from '../wire/ipv4.ts'
import type { HostStatistics } from './statistics.ts'

const allHosts = 0xe0000001

/** A received IPv4 packet that is good and for us. One object for all of them; valid while a handler runs. */
export class Ipv4Packet {
  readonly header = new Ipv4Header()
  bytes: Uint8Array = new Uint8Array(0)
  /** Where the IP header begins. */
  at = 0
  headerLength = 0
  payloadAt = 0
  /** By total length: link padding is cut off. */
  payloadLength = 0
  /** To one host, in the IP header and on the link. Nothing but that is ever answered with an error. */
  isUnicast = false
}

export interface Ipv4Handlers {
  isOurs(address: number): boolean
  isBroadcast(address: number): boolean
  tcp(packet: Ipv4Packet, nowUs: number): void
  udp(packet: Ipv4Packet, nowUs: number): void
  icmp(packet: Ipv4Packet, nowUs: number): void
  unknownProtocol(packet: Ipv4Packet, nowUs: number): void
}

/** Receives IPv4 packets: checks them (RFC 791 §3.1, RFC 1122 §3.2.1) and hands them on by protocol. */
export class Ipv4Input {
  private readonly packet = new Ipv4Packet()
  private readonly handlers: Ipv4Handlers
  private readonly statistics: HostStatistics['ipv4']

  constructor(handlers: Ipv4Handlers, statistics: HostStatistics) {
    this.handlers = handlers
    this.statistics = statistics.ipv4
  }

  /** @param isLinkUnicast the frame was addressed to our MAC */
  handle(bytes: Uint8Array, at: number, length: number, isLinkUnicast: boolean, nowUs: number): void {
    const { packet, statistics, handlers } = this
    const { header } = packet
    statistics.in++
    const headerLength = (bytes[at] & 0xf) * 4
    if (decodeIpv4(bytes, at, length, header) !== null || header.totalLength < headerLength || header.totalLength > length) {
      statistics.malformed++
      return
    }
    if (!isIpv4ChecksumGood(bytes, at)) { statistics.badChecksum++; return }
    const isToUs = handlers.isOurs(header.destination)
    if (!isToUs && !handlers.isBroadcast(header.destination) && header.destination !== allHosts) { statistics.notForUs++; return }
    if (!this.isGoodSource(header.source)) { statistics.badSource++; return }
    if (header.fragmentOffset !== 0 || (header.flags & Ipv4Flag.moreFragments) !== 0) { statistics.fragments++; return }
    // RFC 1122 §3.3.6: what came by link broadcast but claims to be for us alone is not to be trusted.
    if (isToUs && !isLinkUnicast) { statistics.notForUs++; return }
    packet.bytes = bytes
    packet.at = at
    packet.headerLength = headerLength
    packet.payloadAt = at + headerLength
    packet.payloadLength = header.totalLength - headerLength
    packet.isUnicast = isToUs
    switch (header.protocol) {
      case IpProtocol.tcp: handlers.tcp(packet, nowUs); break
      case IpProtocol.udp: handlers.udp(packet, nowUs); break
      case IpProtocol.icmp: handlers.icmp(packet, nowUs); break
      default:
        statistics.unknownProtocol++
        handlers.unknownProtocol(packet, nowUs)
    }
  }

  /** RFC 1122 §3.2.1.3: the addresses that may never be a source. */
  private isGoodSource(source: number): boolean {
    return source >>> 24 !== 0 && source >>> 28 < 0xe && !isMulticastIpv4(source) && !isLoopbackIpv4(source)
      && !this.handlers.isBroadcast(source) && !this.handlers.isOurs(source)
  }
}
