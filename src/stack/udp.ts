import { pseudoHeaderSum4 } from '../wire/checksum.ts'
import { IcmpType, IcmpUnreachableCode } from '../wire/icmp.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { decodeUdp, isUdpChecksumGood, UdpHeader, udpHeaderBytes } from '../wire/udp.ts'
import type { Icmp } from './icmp.ts'
import type { Ipv4Packet } from './ipv4-input.ts'
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
    const { header, statistics } = this
    const { bytes, payloadAt } = packet
    statistics.in++
    if (decodeUdp(bytes, payloadAt, packet.payloadLength, header) !== null || header.length < udpHeaderBytes || header.length > packet.payloadLength) {
      statistics.malformed++
      return
    }
    const pseudoSum = pseudoHeaderSum4(bytes, packet.at + 12, packet.at + 16, IpProtocol.udp, header.length)
    if (!isUdpChecksumGood(bytes, payloadAt, header.length, pseudoSum) && !(this.acceptUnfinished && isUnfinishedChecksum(header.checksum, pseudoSum))) {
      statistics.badChecksum++
      return
    }
    statistics.noPort++
    this.icmp.sendError(IcmpType.unreachable, IcmpUnreachableCode.port, packet, nowUs)
  }
}
