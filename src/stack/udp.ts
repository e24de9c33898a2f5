import { pseudoHeaderSum4, pseudoHeaderSum6 } from '../wire/checksum.ts'
import { IcmpType, IcmpUnreachableCode } from '../wire/icmp.ts'
import { Icmpv6Type, Icmpv6UnreachableCode } from '../wire/icmpv6.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { decodeUdp, isUdpChecksumGood, UdpHeader, udpHeaderBytes } from '../wire/udp.ts'
import type { Icmp } from './icmp.ts'
import type { Icmpv6 } from './icmpv6.ts'
import type { Ipv4Packet } from './ipv4-input.ts'
import type { Ipv6Packet } from './ipv6-input.ts'
import type { HostStatistics } from './statistics.ts'
import { isUnfinishedChecksum } from './unfinished-checksum.ts'

/** UDP (RFC 768). Nothing listens yet: a good datagram to us is answered with "port unreachable" (RFC 1122 §4.1.3.1). */
export class Udp {
  private readonly icmp: Icmp
  private readonly statistics: HostStatistics['udp']
  private readonly acceptUnfinished: boolean
  private readonly header = new UdpHeader()

  constructor(icmp: Icmp, statistics: HostStatistics, acceptUnfinished: boolean) {
    this.icmp = icmp
    this.statistics = statistics.udp
    this.acceptUnfinished = acceptUnfinished
  }

  handle(packet: Ipv4Packet, nowUs: number): void {
    if (!this.isWhole(packet.bytes, packet.payloadAt, packet.payloadLength)) return
    const pseudoSum = pseudoHeaderSum4(packet.bytes, packet.at + 12, packet.at + 16, IpProtocol.udp, this.header.length)
    if (!this.isGood(packet.bytes, packet.payloadAt, pseudoSum)) return
    this.statistics.noPort++
    this.icmp.sendError(IcmpType.unreachable, IcmpUnreachableCode.port, packet, nowUs)
  }

  /** Over IPv6 a checksum is a must: zero is no checksum, and the datagram is dropped (RFC 8200 §8.1). */
  handle6(packet: Ipv6Packet, icmpv6: Icmpv6, nowUs: number): void {
    const { header, statistics } = this
    if (!this.isWhole(packet.bytes, packet.payloadAt, packet.payloadLength)) return
    if (header.checksum === 0) { statistics.badChecksum++; return }
    const pseudoSum = pseudoHeaderSum6(packet.bytes, packet.at + 8, packet.at + 24, IpProtocol.udp, header.length)
    if (!this.isGood(packet.bytes, packet.payloadAt, pseudoSum)) return
    statistics.noPort++
    icmpv6.sendError(Icmpv6Type.unreachable, Icmpv6UnreachableCode.port, 0, packet, nowUs)
  }

  private isWhole(bytes: Uint8Array, at: number, length: number): boolean {
    const { header, statistics } = this
    statistics.in++
    if (decodeUdp(bytes, at, length, header) === null && header.length >= udpHeaderBytes && header.length <= length) return true
    statistics.malformed++
    return false
  }

  private isGood(bytes: Uint8Array, at: number, pseudoSum: number): boolean {
    const { header } = this
    if (isUdpChecksumGood(bytes, at, header.length, pseudoSum) || (this.acceptUnfinished && isUnfinishedChecksum(header.checksum, pseudoSum))) return true
    this.statistics.badChecksum++
    return false
  }
}
