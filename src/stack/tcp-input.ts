import { TcpSegment } from '../tcp/segment.ts'
import { seqLe, seqLt } from '../tcp/seq.ts'
import { createTcpSnapshot } from '../tcp/snapshot.ts'
import { replyToUnknown } from '../tcp/stateless.ts'
import { pseudoHeaderSum4, pseudoHeaderSum6 } from '../wire/checksum.ts'
import { IcmpType, IcmpUnreachableCode } from '../wire/icmp.ts'
import { Icmpv6Type } from '../wire/icmpv6.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { isTcpChecksumGood, TcpFlag } from '../wire/tcp.ts'
import { readU16 } from '../base/bytes.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { TcpError } from './icmp.ts'
import type { TcpError6 } from './icmpv6.ts'
import type { IpAddress } from './ip-address.ts'
import type { Ipv4Packet } from './ipv4-input.ts'
import type { Ipv6Packet } from './ipv6-input.ts'
import type { Ipv6 } from './ipv6.ts'
import type { Listener, ListenerTable } from './listeners.ts'
import type { HostStatistics } from './statistics.ts'
import type { TcpConnections } from './tcp-connections.ts'
import type { TcpOutput } from './tcp-output.ts'
import { readSegment } from './tcp-segment-codec.ts'
import { isUnfinishedChecksum } from './unfinished-checksum.ts'

/** Makes a connection in LISTEN for a SYN that has come; null where there is no room for it. */
export type AcceptSyn = (listener: Listener, local: IpAddress, remote: IpAddress, remotePort: number, nowUs: number) => ConnectionRecord | null

/** Receives TCP segments: checks them, finds their connection, and answers those that belong to none. */
export class TcpInput {
  private readonly connections: TcpConnections
  private readonly listeners: ListenerTable
  private readonly output: TcpOutput
  private readonly ipv6: Ipv6 | null
  private readonly statistics: HostStatistics['tcp']
  private readonly icmpStatistics: HostStatistics['icmp']
  private readonly icmpv6Statistics: HostStatistics['icmpv6']
  private readonly acceptUnfinished: boolean
  private readonly acceptSyn: AcceptSyn
  private readonly segment = new TcpSegment()
  private readonly reply = new TcpSegment()
  private readonly snapshot = createTcpSnapshot()

  constructor(
    connections: TcpConnections, listeners: ListenerTable, output: TcpOutput, ipv6: Ipv6 | null, statistics: HostStatistics, acceptUnfinished: boolean, acceptSyn: AcceptSyn,
  ) {
    this.connections = connections
    this.listeners = listeners
    this.output = output
    this.ipv6 = ipv6
    this.statistics = statistics.tcp
    this.icmpStatistics = statistics.icmp
    this.icmpv6Statistics = statistics.icmpv6
    this.acceptUnfinished = acceptUnfinished
    this.acceptSyn = acceptSyn
  }

  handle(packet: Ipv4Packet, nowUs: number): void {
    const { segment, statistics } = this
    const { bytes, payloadAt, payloadLength, header } = packet
    statistics.in++
    // RFC 9293 §3.10.7 MUST-57: a segment to a broadcast or multicast address is dropped, never answered.
    if (!packet.isUnicast || !readSegment(bytes, payloadAt, payloadLength, segment)) { statistics.malformed++; return }
    if (!this.isGood(bytes, payloadAt, payloadLength, pseudoHeaderSum4(bytes, packet.at + 12, packet.at + 16, IpProtocol.tcp, payloadLength))) return
    const record = this.connections.table.find(header.destination, header.source, segment.destinationPort, segment.sourcePort)
    if (record === null) this.handleUnknown(header.destination, header.source, nowUs)
    else this.deliver(record, nowUs)
  }

  handle6(packet: Ipv6Packet, nowUs: number): void {
    const { segment, statistics } = this
    const { bytes, payloadAt, payloadLength, header } = packet
    statistics.in++
    if (!packet.isUnicast || !readSegment(bytes, payloadAt, payloadLength, segment)) { statistics.malformed++; return }
    if (!this.isGood(bytes, payloadAt, payloadLength, pseudoHeaderSum6(bytes, packet.at + 8, packet.at + 24, IpProtocol.tcp, payloadLength))) return
    const record = this.connections.table.find6(header.destination, header.source, segment.destinationPort, segment.sourcePort)
    // The header is decoded into again with the next packet; a connection keeps its addresses.
    if (record === null) this.handleUnknown(header.destination.slice(), header.source.slice(), nowUs)
    else this.deliver6(record, nowUs)
  }

  /**
   * An ICMP error about a segment of ours. Only one about bytes that are under way is believed (RFC 5927 §4), and none of them
   * ends an established connection (RFC 1122 §4.2.3.9, RFC 5461).
   */
  handleError(error: TcpError, nowUs: number): void {
    const record = this.connections.table.find(error.source, error.destination, error.sourcePort, error.destinationPort)
    if (record === null || !isHardOrSoftError(error) || !this.isUnderWay(record, error.seq)) { this.icmpStatistics.ignored++; return }
    this.icmpStatistics.errorsForTcp++
    record.connection.handleUnreachable(nowUs)
    this.connections.touch(record)
  }

  /** The same for ICMPv6. "Packet too big" speaks of sizes: it belongs to path MTU discovery. */
  handleError6(error: TcpError6, nowUs: number): void {
    const record = this.connections.table.find6(error.source, error.destination, error.sourcePort, error.destinationPort)
    const isHandled = error.type === Icmpv6Type.unreachable || error.type === Icmpv6Type.timeExceeded || error.type === Icmpv6Type.parameterProblem
    if (record === null || !isHandled || !this.isUnderWay(record, error.seq)) { this.icmpv6Statistics.ignored++; return }
    this.icmpv6Statistics.errorsForTcp++
    record.connection.handleUnreachable(nowUs)
    this.connections.touch(record)
  }

  private isUnderWay(record: ConnectionRecord, seq: number): boolean {
    record.connection.snapshot(this.snapshot)
    return seqLe(this.snapshot.sndUna, seq) && seqLt(seq, this.snapshot.sndMax)
  }

  private isGood(bytes: Uint8Array, at: number, length: number, pseudoSum: number): boolean {
    if (isTcpChecksumGood(bytes, at, length, pseudoSum)) return true
    if (this.acceptUnfinished && isUnfinishedChecksum(readU16(bytes, at + 16), pseudoSum)) {
      this.statistics.unfinishedChecksum++
      return true
    }
    this.statistics.badChecksum++
    return false
  }

  private deliver(record: ConnectionRecord, nowUs: number): void {
    record.connection.handleSegment(this.segment, nowUs)
    this.connections.touch(record)
  }

  /** An acknowledgment of new bytes proves that what we send arrives at the next hop (RFC 4861 §7.3.1); looked at only while that is in doubt. */
  private deliver6(record: ConnectionRecord, nowUs: number): void {
    const { neighbour6: neighbour } = record
    if (neighbour === null || this.ipv6 === null || neighbour.state === 'reachable') {
      this.deliver(record, nowUs)
      return
    }
    record.connection.snapshot(this.snapshot)
    const before = this.snapshot.sndUna
    this.deliver(record, nowUs)
    record.connection.snapshot(this.snapshot)
    if (seqLt(before, this.snapshot.sndUna)) this.ipv6.ndp.cache.confirm(neighbour, nowUs)
  }

  /** RFC 9293 §3.10.7.1 (CLOSED) and §3.10.7.2 (LISTEN): only a SYN opens; whether the rest is answered is the same in both but for one case. */
  private handleUnknown(local: IpAddress, remote: IpAddress, nowUs: number): void {
    const { segment, statistics } = this
    const listener = this.listeners.find(segment.destinationPort, local)
    if (listener === null) {
      statistics.noPort++
    } else if ((segment.flags & (TcpFlag.syn | TcpFlag.ack | TcpFlag.rst)) === TcpFlag.syn) {
      if (listener.waiting >= listener.backlog) { statistics.backlogFull++; return }
      const record = this.acceptSyn(listener, local, remote, segment.sourcePort, nowUs)
      if (record === null) statistics.tableFull++
      else this.deliver(record, nowUs)
      return
    } else if ((segment.flags & TcpFlag.ack) === 0) {
      return
    }
    if (replyToUnknown(segment, this.reply)) this.output.sendAlone(this.reply, local, remote, nowUs)
  }
}

function isHardOrSoftError(error: TcpError): boolean {
  if (error.type === IcmpType.timeExceeded || error.type === IcmpType.parameterProblem) return true
  // "Fragmentation needed" speaks of sizes, not of reachability: it belongs to path MTU discovery.
  return error.type === IcmpType.unreachable && error.code !== IcmpUnreachableCode.fragmentationNeeded
}
