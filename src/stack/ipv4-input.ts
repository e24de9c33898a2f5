import { writeU16 } from '../base/bytes.ts'
import { isLoopbackIpv4, isMulticastIpv4 } from '../wire/addresses.ts'
import { decodeIpv4, fillIpv4, Ipv4Flag, Ipv4Header, IpProtocol, isIpv4ChecksumGood } from '../wire/ipv4.ts'
import { Fragment, Reassembly } from './reassembly.ts'
import type { PartialDatagram } from './reassembly.ts'
import type { HostStatistics } from './statistics.ts'

const allHosts = 0xe0000001
const largestPacket = 0xffff

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
  /** The rest of a datagram has not come in time. @param first its first fragment */
  reassemblyTimedOut(first: Ipv4Packet, nowUs: number): void
}

/** Receives IPv4 packets: checks them (RFC 791 §3.1, RFC 1122 §3.2.1), puts fragments together, and hands packets on by protocol. */
export class Ipv4Input {
  private readonly packet = new Ipv4Packet()
  private readonly fragment = new Fragment()
  private readonly reassembly: Reassembly
  private readonly handlers: Ipv4Handlers
  private readonly statistics: HostStatistics['ipv4']

  constructor(handlers: Ipv4Handlers, statistics: HostStatistics) {
    this.handlers = handlers
    this.statistics = statistics.ipv4
    this.reassembly = new Reassembly(false, (datagram, nowUs) => this.reportTimeout(datagram, nowUs))
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
    // RFC 1122 §3.3.6: what came by link broadcast but claims to be for us alone is not to be trusted.
    if (isToUs && !isLinkUnicast) { statistics.notForUs++; return }
    this.set(bytes, at, isToUs)
    // Only fragments have an identification that means anything (RFC 6864 §4.1).
    if (header.fragmentOffset !== 0 || (header.flags & Ipv4Flag.moreFragments) !== 0) this.collect(nowUs)
    else this.deliver(nowUs)
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
  private set(bytes: Uint8Array, at: number, isUnicast: boolean): void {
    const { packet } = this
    packet.bytes = bytes
    packet.at = at
    packet.headerLength = packet.header.headerWords * 4
    packet.payloadAt = at + packet.headerLength
    packet.payloadLength = packet.header.totalLength - packet.headerLength
    packet.isUnicast = isUnicast
  }

  private deliver(nowUs: number): void {
    const { packet, statistics, handlers } = this
    switch (packet.header.protocol) {
      case IpProtocol.tcp: handlers.tcp(packet, nowUs); break
      case IpProtocol.udp: handlers.udp(packet, nowUs); break
      case IpProtocol.icmp: handlers.icmp(packet, nowUs); break
      default:
        statistics.unknownProtocol++
        handlers.unknownProtocol(packet, nowUs)
    }
  }

  /** RFC 791 §3.2: told apart by source, destination, protocol and identification; all but the last are multiples of 8 bytes. */
  private collect(nowUs: number): void {
    const { packet, fragment, statistics } = this
    const { header } = packet
    statistics.fragments++
    fragment.offset = header.fragmentOffset * 8
    fragment.moreFragments = (header.flags & Ipv4Flag.moreFragments) !== 0
    const isBad = packet.payloadLength === 0 || (fragment.moreFragments && packet.payloadLength % 8 !== 0)
      || fragment.offset + packet.payloadLength + packet.headerLength > largestPacket
    if (isBad) { statistics.malformed++; return }
    fragment.key = `${header.source}>${header.destination} ${header.protocol} ${header.identification}`
    fragment.bytes = packet.bytes
    fragment.headerAt = packet.at
    fragment.payloadAt = packet.payloadAt
    fragment.payloadLength = packet.payloadLength
    fragment.ecn = header.tos & 3
    fragment.isUnicast = packet.isUnicast
    const outcome = this.reassembly.add(fragment, nowUs)
    if (outcome === 'dropped') statistics.fragmentsDropped++
    else if (outcome !== 'held') this.deliverWhole(outcome, nowUs)
  }

  private deliverWhole(datagram: PartialDatagram, nowUs: number): void {
    const { packet, statistics } = this
    const bytes = datagram.join()
    const ecn = datagram.ecn(bytes[1] & 3)
    // The header of the first fragment may be longer than those of the others (RFC 791 §3.1: options that are not copied).
    if (ecn < 0 || bytes.length > largestPacket) { statistics.fragmentsDropped++; return }
    statistics.reassembled++
    bytes[1] = (bytes[1] & 0xfc) | ecn
    writeU16(bytes, 6, 0)
    fillIpv4(bytes, 0, bytes.length)
    decodeIpv4(bytes, 0, bytes.length, packet.header)
    this.set(bytes, 0, datagram.isUnicast)
    this.deliver(nowUs)
  }

  private reportTimeout(datagram: PartialDatagram, nowUs: number): void {
    const { packet, statistics } = this
    statistics.reassemblyTimeouts++
    const bytes = datagram.firstFragment()
    decodeIpv4(bytes, 0, bytes.length, packet.header)
    this.set(bytes, 0, datagram.isUnicast)
    this.handlers.reassemblyTimedOut(packet, nowUs)
  }

  /** RFC 1122 §3.2.1.3: the addresses that may never be a source. */
  private isGoodSource(source: number): boolean {
    return source >>> 24 !== 0 && source >>> 28 < 0xe && !isMulticastIpv4(source) && !isLoopbackIpv4(source)
      && !this.handlers.isBroadcast(source) && !this.handlers.isOurs(source)
  }
}
