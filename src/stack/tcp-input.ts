import { TcpSegment } from '../tcp/segment.ts'
import { seqLe, seqLt } from '../tcp/seq.ts'
import { createTcpSnapshot } from '../tcp/snapshot.ts'
import { replyToUnknown } from '../tcp/stateless.ts'
import { pseudoHeaderSum4 } from '../wire/checksum.ts'
import { IcmpType, IcmpUnreachableCode } from '../wire/icmp.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { isTcpChecksumGood, TcpFlag } from '../wire/tcp.ts'
import { readU16 } from '../base/bytes.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { TcpError } from './icmp.ts'
import type { Ipv4Packet } from './ipv4-input.ts'
import type { Listener, ListenerTable } from './listeners.ts'
import type { HostStatistics } from './statistics.ts'
import type { TcpConnections } from './tcp-connections.ts'
import type { TcpOutput } from './tcp-output.ts'
import { readSegment } from './tcp-segment-codec.ts'
import { isUnfinishedChecksum } from './unfinished-checksum.ts'

/** Makes a connection in LISTEN for a SYN that has come; null where there is no room for it. */
export type AcceptSyn = (listener: Listener, local: number, remote: number, remotePort: number, nowUs: number) => ConnectionRecord | null

/** Receives TCP segments: checks them, finds their connection, and answers those that belong to none. */
export class TcpInput {
  private readonly connections: TcpConnections
  private readonly listeners: ListenerTable
  private readonly output: TcpOutput
  private readonly statistics: HostStatistics['tcp']
  private readonly icmpStatistics: HostStatistics['icmp']
  private readonly acceptUnfinished: boolean
  private readonly acceptSyn: AcceptSyn
  private readonly segment = new TcpSegment()
  private readonly reply = new TcpSegment()
  private readonly snapshot = createTcpSnapshot()

  constructor(connections: TcpConnections, listeners: ListenerTable, output: TcpOutput, statistics: HostStatistics, acceptUnfinished: boolean, acceptSyn: AcceptSyn) {
    this.connections = connections
    this.listeners = listeners
    this.output = output
    this.statistics = statistics.tcp
    this.icmpStatistics = statistics.icmp
    this.acceptUnfinished = acceptUnfinished
    this.acceptSyn = acceptSyn
  }

  handle(packet: Ipv4Packet, nowUs: number): void {
    const { segment, statistics } = this
    const { bytes, payloadAt, payloadLength, header } = packet
    statistics.in++
    // RFC 9293 §3.10.7 MUST-57: a segment to a broadcast or multicast address is dropped, never answered.
    if (!packet.isUnicast || !readSegment(bytes, payloadAt, payloadLength, segment)) { statistics.malformed++; return }
    if (!this.isChecksumGood(packet)) return
    const record = this.connections.table.find(header.destination, header.source, segment.destinationPort, segment.sourcePort)
    if (record === null) this.handleUnknown(packet, nowUs)
    else this.deliver(record, nowUs)
  }

  /**
   * An ICMP error about a segment of ours. Only one about bytes that are under way is believed (RFC 5927 §4), and none of them
   * ends an established connection (RFC 1122 §4.2.3.9, RFC 5461).
   */
  handleError(error: TcpError, nowUs: number): void {
    const record = this.connections.table.find(error.source, error.destination, error.sourcePort, error.destinationPort)
    if (record === null || !isHardOrSoftError(error)) { this.icmpStatistics.ignored++; return }
    record.connection.snapshot(this.snapshot)
    if (!seqLe(this.snapshot.sndUna, error.seq) || !seqLt(error.seq, this.snapshot.sndMax)) { this.icmpStatistics.ignored++; return }
    this.icmpStatistics.errorsForTcp++
    record.connection.handleUnreachable(nowUs)
    this.connections.touch(record)
  }

  private isChecksumGood(packet: Ipv4Packet): boolean {
    const { bytes, payloadAt, payloadLength } = packet
    const pseudoSum = pseudoHeaderSum4(bytes, packet.at + 12, packet.at + 16, IpProtocol.tcp, payloadLength)
    if (isTcpChecksumGood(bytes, payloadAt, payloadLength, pseudoSum)) return true
    if (this.acceptUnfinished && isUnfinishedChecksum(readU16(bytes, payloadAt + 16), pseudoSum)) {
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

  /** RFC 9293 §3.10.7.1 (CLOSED) and §3.10.7.2 (LISTEN): only a SYN opens; whether the rest is answered is the same in both but for one case. */
  private handleUnknown(packet: Ipv4Packet, nowUs: number): void {
    const { segment, statistics } = this
    const { header } = packet
    const listener = this.listeners.find(segment.destinationPort, header.destination)
    if (listener === null) {
      statistics.noPort++
    } else if ((segment.flags & (TcpFlag.syn | TcpFlag.ack | TcpFlag.rst)) === TcpFlag.syn) {
      if (listener.waiting >= listener.backlog) { statistics.backlogFull++; return }
      const record = this.acceptSyn(listener, header.destination, header.source, segment.sourcePort, nowUs)
      if (record === null) statistics.tableFull++
      else this.deliver(record, nowUs)
      return
    } else if ((segment.flags & TcpFlag.ack) === 0) {
      return
    }
    if (replyToUnknown(segment, this.reply)) this.output.sendAlone(this.reply, header.destination, header.source, nowUs)
  }
}

function isHardOrSoftError(error: TcpError): boolean {
  if (error.type === IcmpType.timeExceeded || error.type === IcmpType.parameterProblem) return true
  // "Fragmentation needed" speaks of sizes, not of reachability: it belongs to path MTU discovery.
  return error.type === IcmpType.unreachable && error.code !== IcmpUnreachableCode.fragmentationNeeded
}
