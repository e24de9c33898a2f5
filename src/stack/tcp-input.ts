import { TcpSegment } from '../tcp/segment.ts'
import { seqLe, seqLt } from '../tcp/seq.ts'
import { createTcpSnapshot } from '../tcp/snapshot.ts'
import { TcpState } from '../tcp/state.ts'
import { replyToUnknown } from '../tcp/stateless.ts'
import { pseudoHeaderSum4, pseudoHeaderSum6 } from '../wire/checksum.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { isTcpChecksumGood, TcpFlag } from '../wire/tcp.ts'
import { readU16 } from '../base/bytes.ts'
import type { ConnectionRecord } from './connection-record.ts'
import { isSameAddress } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'
import type { Ipv4Packet } from './ipv4-input.ts'
import type { Ipv6Packet } from './ipv6-input.ts'
import type { Ipv6 } from './ipv6.ts'
import type { Listener, ListenerTable } from './listeners.ts'
import { reportedError } from './network-error.ts'
import type { NetworkError } from './network-error.ts'
import type { PathMtus } from './path-mtus.ts'
import type { Sockets } from './sockets.ts'
import type { HostStatistics } from './statistics.ts'
import type { TcpConnections } from './tcp-connections.ts'
import type { TcpOutput } from './tcp-output.ts'
import { readSegment } from './tcp-segment-codec.ts'
import { isUnfinishedChecksum } from './unfinished-checksum.ts'

/** What a host keeps quiet about. By default it refuses what belongs to no connection. */
export interface TcpSilence {
  /** Which refusals are left unsaid: those of SYNs to closed ports, of everything to closed ports, and also of what a listening port refuses. */
  readonly refusals: 'none' | 'syns' | 'closedPorts' | 'allPorts'
  /** A SYN that is a FIN too is not looked at. */
  readonly synFins: boolean
}

/** Receives TCP segments: checks them, finds their connection, and answers those that belong to none. */
export class TcpInput {
  private readonly connections: TcpConnections
  private readonly listeners: ListenerTable
  private readonly output: TcpOutput
  private readonly ipv6: Ipv6 | null
  private readonly statistics: HostStatistics['tcp']
  private readonly icmpStatistics: HostStatistics['icmp']
  private readonly icmpv6Statistics: HostStatistics['icmpv6']
  private readonly pathMtus: PathMtus
  private readonly acceptUnfinished: boolean
  private readonly sockets: Sockets
  private readonly segment = new TcpSegment()
  private readonly reply = new TcpSegment()
  private readonly snapshot = createTcpSnapshot()
  silence: TcpSilence = { refusals: 'none', synFins: false }

  constructor(
    connections: TcpConnections, listeners: ListenerTable, output: TcpOutput, ipv6: Ipv6 | null, statistics: HostStatistics, pathMtus: PathMtus, acceptUnfinished: boolean,
    sockets: Sockets,
  ) {
    this.connections = connections
    this.listeners = listeners
    this.output = output
    this.ipv6 = ipv6
    this.statistics = statistics.tcp
    this.icmpStatistics = statistics.icmp
    this.icmpv6Statistics = statistics.icmpv6
    this.pathMtus = pathMtus
    this.acceptUnfinished = acceptUnfinished
    this.sockets = sockets
  }

  handle(packet: Ipv4Packet, nowUs: number): void {
    const { segment, statistics } = this
    const { bytes, payloadAt, payloadLength, header } = packet
    statistics.in++
    segment.ecn = header.tos & 3
    // RFC 9293 §3.10.7 MUST-57: a segment to a broadcast or multicast address is dropped, never answered.
    if (!packet.isUnicast || !readSegment(bytes, payloadAt, payloadLength, segment)) { statistics.malformed++; return }
    if (!this.isGood(bytes, payloadAt, payloadLength, pseudoHeaderSum4(bytes, packet.at + 12, packet.at + 16, IpProtocol.tcp, payloadLength))) return
    if (this.isSilencedSynFin()) return
    const record = this.connections.table.find(header.destination, header.source, segment.destinationPort, segment.sourcePort)
    if (record === null) this.handleUnknown(header.destination, header.source, nowUs)
    else if (!this.meetsTimeWait(record, nowUs)) this.deliver(record, nowUs)
  }

  handle6(packet: Ipv6Packet, nowUs: number): void {
    const { segment, statistics } = this
    const { bytes, payloadAt, payloadLength, header } = packet
    statistics.in++
    segment.ecn = header.trafficClass & 3
    if (!packet.isUnicast || !readSegment(bytes, payloadAt, payloadLength, segment)) { statistics.malformed++; return }
    if (!this.isGood(bytes, payloadAt, payloadLength, pseudoHeaderSum6(bytes, packet.at + 8, packet.at + 24, IpProtocol.tcp, payloadLength))) return
    if (this.isSilencedSynFin()) return
    const record = this.connections.table.find6(header.destination, header.source, segment.destinationPort, segment.sourcePort)
    // The header is decoded into again with the next packet; a connection keeps its addresses.
    if (record === null) this.handleUnknown(header.destination.slice(), header.source.slice(), nowUs)
    else if (!this.meetsTimeWait(record, nowUs)) this.deliver6(record, nowUs)
  }

  /**
   * ICMP about a segment of ours. Only what quotes bytes that are under way is believed (RFC 5927 §4); a hard error ends an attempt to connect,
   * everything else is told and no more (RFC 9293 §3.9.2.2, RFC 5927 §5.2).
   */
  handleError(error: NetworkError, nowUs: number): void {
    const { local, remote, localPort, remotePort } = error
    const { table } = this.connections
    const isV4 = typeof local === 'number' || typeof remote === 'number'
    const record = isV4 ? table.find(Number(local), Number(remote), localPort, remotePort) : table.find6(local, remote, localPort, remotePort)
    const statistics = isV4 ? this.icmpStatistics : this.icmpv6Statistics
    if (record === null || !(error.kind === 'tooBig' ? this.shrinkPath(record, error, nowUs) : this.isUnderWay(record, error.seq))) { statistics.ignored++; return }
    statistics.errorsForTcp++
    if (error.kind !== 'tooBig') this.report(record, error, nowUs)
    this.connections.touch(record)
  }

  private report(record: ConnectionRecord, error: NetworkError, nowUs: number): void {
    const { softError, connection } = record
    const isNews = softError === null || softError.type !== error.type || softError.code !== error.code
    record.softError = reportedError(error)
    const isOpening = connection.state === TcpState.synSent || connection.state === TcpState.synReceived
    if (isOpening && (error.kind === 'hard' || connection.config.softErrorsEndOpening)) connection.handleUnreachable(nowUs)
    else if (isNews) this.connections.tellUnreachable(record)
  }

  /** The connection judges the message; what it learns holds for all that go the same way. @returns whether the path has become smaller */
  private shrinkPath(record: ConnectionRecord, error: NetworkError, nowUs: number): boolean {
    if (!record.connection.handlePacketTooBig(error.mtu, error.seq, nowUs)) return false
    record.connection.snapshot(this.snapshot)
    const { pathMtu } = this.snapshot
    this.pathMtus.note(record.remoteAddress, pathMtu, nowUs)
    for (const other of this.connections.table) {
      if (other === record || !isSameAddress(other.remoteAddress, record.remoteAddress) || !other.connection.handlePacketTooBig(pathMtu, null, nowUs)) continue
      this.connections.touch(other)
    }
    return true
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

  /** A SYN for a connection in TIME-WAIT whose port is listened on opens the next one, or is dropped or challenged (RFC 6191 §2). @returns whether that is done */
  private meetsTimeWait(record: ConnectionRecord, nowUs: number): boolean {
    const { segment } = this
    const { connection } = record
    if ((segment.flags & (TcpFlag.syn | TcpFlag.ack | TcpFlag.rst)) !== TcpFlag.syn || connection.state !== TcpState.timeWait || !connection.config.timeWaitReuse) return false
    const listener = this.listeners.find(record.localPort, record.localAddress)
    if (listener === null && !connection.config.timeWaitNeedsAck) return false
    if (!connection.reopen(segment, nowUs)) {
      this.connections.touch(record)
      return true
    }
    this.connections.replace(record)
    if (listener === null) this.handleUnknown(record.localAddress, record.remoteAddress, nowUs)
    else this.handleSyn(listener, record.localAddress, record.remoteAddress, nowUs, connection.nextSequence)
    return true
  }

  private deliver(record: ConnectionRecord, nowUs: number): void {
    record.connection.handleSegment(this.segment, nowUs)
    if (record.pendingFor !== null) this.sockets.fastOpens.settle(record, nowUs)
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
      return this.handleSyn(listener, local, remote, nowUs)
    } else if ((segment.flags & TcpFlag.ack) === 0) {
      return
    } else if ((segment.flags & (TcpFlag.syn | TcpFlag.rst)) === 0) {
      const record = this.sockets.acceptCookie(listener, local, remote, segment, nowUs)
      if (record !== null) {
        statistics.cookiesTaken++
        return this.deliver(record, nowUs)
      }
    }
    if (!this.isSilentTo(listener) && replyToUnknown(segment, this.reply)) this.output.sendAlone(this.reply, local, remote, nowUs)
  }

  private isSilentTo(listener: Listener | null): boolean {
    const { refusals } = this.silence
    if (refusals === 'none') return false
    if (listener !== null) return refusals === 'allPorts'
    return refusals !== 'syns' || (this.segment.flags & TcpFlag.syn) !== 0
  }

  private isSilencedSynFin(): boolean {
    const both = TcpFlag.syn | TcpFlag.fin
    return this.silence.synFins && (this.segment.flags & both) === both
  }

  /** While the backlog has room a SYN becomes a connection; beyond it a flood costs no memory, and who is real still gets in (RFC 4987 §3.6). */
  private handleSyn(listener: Listener, local: IpAddress, remote: IpAddress, nowUs: number, above: number | null = null): void {
    const { segment, statistics, sockets } = this
    if (listener.waiting < listener.backlog) {
      const record = sockets.acceptSyn(listener, local, remote, segment, nowUs, above)
      if (record === null) {
        statistics.tableFull++
        return
      }
      this.deliver(record, nowUs)
      if (record.connection.isAcceptedEarly) sockets.fastOpens.begin(record, listener)
      return
    }
    statistics.backlogFull++
    if (!sockets.answerStateless(listener, local, remote, segment, this.reply, nowUs)) return
    statistics.cookiesSent++
    this.output.sendAlone(this.reply, local, remote, nowUs)
  }
}
