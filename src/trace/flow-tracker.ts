import { seqGt, seqLt } from '../tcp/seq.ts'
import { IcmpType } from '../wire/icmp.ts'
import { Icmpv6Type } from '../wire/icmpv6.ts'
import { Layer } from '../wire/packet.ts'
import type { Packet } from '../wire/packet.ts'
import { scanTcpOptions, TcpOptionFields } from '../wire/tcp-options.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { Activity } from './activity.ts'
import { AddressTable } from './address-table.ts'
import { noScale, unknownScale } from './end-analysis.ts'
import type { EndAnalysis } from './end-analysis.ts'
import { Finding } from './finding.ts'
import { FindingProofs } from './finding-proofs.ts'
import { Flow, InferredState, noWindowScale } from './flow.ts'
import type { FlowEnd } from './flow.ts'
import { PacketMark, packStates, Protocol } from './packet-store.ts'
import type { PacketRecord } from './packet-store.ts'
import { SegmentAnalysis } from './segment-analysis.ts'
import type { FlowAnalysis } from './segment-analysis.ts'
import { inferReceiver, inferSender, isTimeWaitOver } from './tcp-inference.ts'
import type { SegmentFacts } from './tcp-inference.ts'
import { TupleTable } from './tuple-table.ts'

export interface FlowTrackerOptions {
  /** How long an end is taken to stay in TIME_WAIT: 60 s unless said, as Linux has it; RFC 9293 §3.4.2 asks for 240 s. */
  timeWaitUs?: number
}

/**
 * Puts packets into conversations and follows both halves of each: TCP by ports and first sequence number, UDP by ports, ICMP
 * echo by identifier. The client is who sent the first SYN; where none was seen, the end with the higher port, then who sent first.
 */
export class FlowTracker {
  readonly flows: Flow[] = []
  readonly addresses = new AddressTable()
  readonly activity = new Activity()
  readonly proofs = new FindingProofs()
  /** Latest second of any packet. */
  latestSec = 0

  readonly timeWaitSec: number
  private changed: Flow[] = []
  /** Flows of each protocol, which Wireshark counts apart. */
  private readonly streams = new Uint32Array(16)
  private readonly analysis = new SegmentAnalysis(this.proofs)
  private readonly tuples = new TupleTable()
  private readonly options = new TcpOptionFields()
  private readonly segment: SegmentFacts = { flags: 0, seq: 0, ack: 0, payloadLength: 0, isRetransmission: false }

  constructor(options: FlowTrackerOptions = {}) {
    this.timeWaitSec = (options.timeWaitUs ?? 60_000_000) / 1e6
  }

  /**
   * Takes a decoded packet; `record` has its times and gets flow, states and marks.
   * @param packetNumber counts from 1
   */
  track(packet: Packet, bytes: Uint8Array, record: PacketRecord, packetNumber: number): void {
    if (record.timeSec > this.latestSec) this.latestSec = record.timeSec
    const { layers } = packet
    if ((layers & Layer.tcp) !== 0) this.trackTcp(packet, bytes, record, packetNumber)
    else if ((layers & Layer.udp) !== 0) this.trackPorts(packet, record, packetNumber, Protocol.udp, packet.udp.sourcePort, packet.udp.destinationPort)
    else if ((layers & (Layer.icmp | Layer.icmpv6)) !== 0) this.trackIcmp(packet, record, packetNumber)
  }

  /** Flows that had a packet since they were taken last, at most `limit`; the others stay for the next call. */
  takeChanged(limit: number): Flow[] {
    const taken = this.changed.splice(0, limit)
    for (const flow of taken) flow.isChanged = false
    return taken
  }

  private trackTcp(packet: Packet, bytes: Uint8Array, record: PacketRecord, packetNumber: number): void {
    const { tcp } = packet
    const source = this.sourceOf(packet)
    const destination = this.destinationOf(packet)
    const entry = this.tuples.find(source, tcp.sourcePort, destination, tcp.destinationPort, Protocol.tcp)
    let flow = this.flows[this.tuples.flowOf(entry)] as Flow | undefined
    // Whoever receives a broken header drops it: it belongs here and changes nothing.
    const isBroken = packet.error !== null && packet.error.layer === 'tcp'
    const isSyn = !isBroken && (tcp.flags & (TcpFlag.syn | TcpFlag.rst)) === TcpFlag.syn
    const isPureSyn = isSyn && (tcp.flags & TcpFlag.ack) === 0
    const asksToOpen = (tcp.flags & (TcpFlag.syn | TcpFlag.ack)) === TcpFlag.syn
    const isReused = asksToOpen && flow !== undefined && isNewConnection(flow, this.isFromClient(flow, source, tcp.sourcePort), tcp.seq)
    if (!flow || isReused) {
      const isClient = isPureSyn || (!isSyn && isLikelyClient(tcp.sourcePort, tcp.destinationPort))
      flow = this.open(entry, Protocol.tcp, record, isClient ? source : destination, isClient ? tcp.sourcePort : tcp.destinationPort,
        isClient ? destination : source, isClient ? tcp.destinationPort : tcp.sourcePort)
    }
    const isFromClient = this.isFromClient(flow, source, tcp.sourcePort)
    const sender = isFromClient ? flow.client : flow.server
    const receiver = isFromClient ? flow.server : flow.client
    const length = packet.payloadLengthOnWire
    this.count(flow, sender, record, packetNumber, length)
    if (!isFromClient) record.marks |= PacketMark.fromServer
    this.endTimeWait(sender, record)
    this.endTimeWait(receiver, record)
    if (isBroken) {
      record.marks |= packStates(sender.state, receiver.state)
      return
    }

    this.analyse(flow, sender, receiver, packet, bytes, record, packetNumber, isReused)

    const { segment } = this
    segment.flags = tcp.flags
    segment.seq = tcp.seq
    segment.ack = tcp.ack
    segment.payloadLength = length
    segment.isRetransmission = isRetransmission(sender, segment)
    if (isSyn) this.takeSyn(flow, sender, packet, bytes, record, isPureSyn && isFromClient)
    else if (isFromClient && flow.synSec >= 0 && flow.handshakeRttUs < 0) takeHandshakeRtt(flow, tcp.flags, record)
    const shown = this.infer(sender, receiver, record, packetNumber)

    if (segment.isRetransmission) flow.retransmissions++
    if ((tcp.flags & TcpFlag.rst) !== 0) flow.resets++
    record.marks |= packStates(shown, receiver.state) | (segment.isRetransmission ? PacketMark.retransmission : 0) | (shown !== sender.shown ? PacketMark.stateChanged : 0)
    sender.shown = shown
    receiver.shown = receiver.state
  }

  /** The findings, and what is derived from them. */
  private analyse(flow: Flow, sender: FlowEnd, receiver: FlowEnd, packet: Packet, bytes: Uint8Array, record: PacketRecord, packetNumber: number, isReused: boolean): void {
    const { tcp } = packet
    const { analysis, options } = this
    const f = sender.analysis
    const r = receiver.analysis
    const { flags } = tcp
    const isSyn = (flags & TcpFlag.syn) !== 0
    const hasAck = (flags & TcpFlag.ack) !== 0
    const totals = flow.analysis
    analysis.packet = packetNumber
    analysis.sec = record.timeSec
    analysis.nsec = record.timeNsec
    analysis.seq = tcp.seq | 0
    analysis.ack = tcp.ack | 0
    analysis.length = record.payloadLength
    analysis.flags = flags
    analysis.window = tcp.window
    // A reset may have used a number far ahead (RFC 9293 §3.10.7.1); the repeated SYN takes that back.
    analysis.isAnalysed = isSyn && !hasAck && f.isBaseKnown
    if (isSyn && !hasAck && !isReused && f.isBaseKnown) f.nxt = f.contig
    const isOtherSynAck = isSyn && hasAck && f.isBaseKnown && analysis.seq !== f.base
    if (isOtherSynAck) f.rebase(analysis.seq, packetNumber)
    analysis.findings = isReused || isOtherSynAck ? Finding.reusedPorts : 0
    if (isSyn) {
      f.isFirstAck = true
      if (!hasAck) {
        totals.synSec = record.timeSec
        totals.synNsec = record.timeNsec
        totals.synPacket = packetNumber
      }
    } else if (hasAck) {
      f.isFirstAck = false
    }
    if (isReused) totals.completeness = 1
    record.completeness = totals.completeness
    if (record.previousInFlow === 0) totals.firstShown = shownBy(flags, record.payloadLength)
    if (record.previousInFlow === 0 && !isReused) totals.completeness = shownByFirst(flags, record.payloadLength)
    else totals.completeness |= shownBy(flags, record.payloadLength) & (isReused ? 33 : isSyn && !hasAck && f.isBaseKnown ? 62 : 63)
    if (isSyn && hasAck) analysis.findings |= fastOpenAnswer(totals, r.isBaseKnown ? (analysis.ack - r.base) >>> 0 : 1)
    analysis.analyse(f, r, totals)
    if (hasAck && !isSyn && totals.synSec >= 0 && totals.initialRttNs === 0) {
      totals.initialRttNs = (record.timeSec - totals.synSec) * 1e9 + record.timeNsec - totals.synNsec
      totals.initialRttPacket = packetNumber
    }
    f.sackedBytes = 0
    if (tcp.optionsLength > 0) {
      scanTcpOptions(bytes, tcp.optionsOffset, tcp.optionsLength, options)
      for (let i = 0; i < options.sackCount; i++) f.sackedBytes += options.sackEdges[2 * i + 1] - options.sackEdges[2 * i]
      if (isSyn && options.windowScale >= 0) f.scale = Math.min(options.windowScale, 14)
      if (isSyn && !hasAck && options.fastOpenCookieLength > 0) {
        analysis.findings |= Finding.tfoSyn
        totals.hasFastOpenData ||= record.payloadLength > 0
      }
    }
    if (isSyn) settleScales(f, r, hasAck)
    record.findings = analysis.findings
    if (analysis.isAnalysed) record.marks |= PacketMark.analysed
    record.acksPacket = analysis.acksPacket
    record.bytesInFlight = analysis.bytesInFlight
    record.pushBytes = analysis.pushBytes
    record.windowShift = isSyn ? noScale : f.scale
  }

  private infer(sender: FlowEnd, receiver: FlowEnd, record: PacketRecord, packetNumber: number): InferredState {
    const { segment } = this
    const nowSec = record.timeSec + record.timeNsec / 1e9
    const senderBefore = sender.state
    const receiverBefore = receiver.state
    const end = (segment.seq + segment.payloadLength + ((segment.flags & TcpFlag.syn) !== 0 ? 1 : 0) + ((segment.flags & TcpFlag.fin) !== 0 ? 1 : 0)) >>> 0
    if ((segment.flags & TcpFlag.fin) !== 0 && !segment.isRetransmission) sender.finEnd = end
    else if ((segment.flags & TcpFlag.fin) !== 0 && sender.finEnd < 0) sender.finEnd = end
    const shown = inferSender(sender, receiver, segment)
    takeNumbers(sender, receiver, segment, end, record.window)
    inferReceiver(receiver, sender, segment, nowSec)
    if (sender.state === InferredState.timeWait && senderBefore !== InferredState.timeWait) sender.timeWaitSince = nowSec
    if (sender.state !== senderBefore) sender.proof = packetNumber
    if (receiver.state !== receiverBefore) receiver.proof = packetNumber
    return shown
  }

  private takeSyn(flow: Flow, sender: FlowEnd, packet: Packet, bytes: Uint8Array, record: PacketRecord, isClientSyn: boolean): void {
    sender.isn = packet.tcp.seq
    const { options } = this
    scanTcpOptions(bytes, packet.tcp.optionsOffset, packet.tcp.optionsLength, options)
    sender.mss = options.mss
    sender.windowScale = options.windowScale < 0 ? noWindowScale : options.windowScale
    sender.offeredSack = options.sackPermitted
    sender.offeredTimestamps = options.hasTimestamp
    if (!isClientSyn) return
    flow.synSec = record.timeSec
    flow.synNsec = record.timeNsec
  }

  private trackIcmp(packet: Packet, record: PacketRecord, packetNumber: number): void {
    const isV6 = (packet.layers & Layer.icmpv6) !== 0
    const { type, rest } = isV6 ? packet.icmpv6 : packet.icmp
    const isRequest = isV6 ? type === Icmpv6Type.echoRequest : type === IcmpType.echoRequest || type === IcmpType.timestampRequest
    const isReply = isV6 ? type === Icmpv6Type.echoReply : type === IcmpType.echoReply || type === IcmpType.timestampReply
    if (!isRequest && !isReply) return
    const identifier = rest >>> 16
    this.trackPorts(packet, record, packetNumber, Protocol.icmp, identifier, identifier, isRequest)
  }

  private trackPorts(packet: Packet, record: PacketRecord, packetNumber: number, protocol: number, sourcePort: number, destinationPort: number,
    isClient = isLikelyClient(sourcePort, destinationPort)): void {
    const source = this.sourceOf(packet)
    const destination = this.destinationOf(packet)
    const entry = this.tuples.find(source, sourcePort, destination, destinationPort, protocol)
    const flow = this.flows[this.tuples.flowOf(entry)] as Flow | undefined
      ?? this.open(entry, protocol, record, isClient ? source : destination, isClient ? sourcePort : destinationPort,
        isClient ? destination : source, isClient ? destinationPort : sourcePort)
    const isFromClient = this.isFromClient(flow, source, sourcePort)
    this.count(flow, isFromClient ? flow.client : flow.server, record, packetNumber, packet.payloadLengthOnWire)
    if (!isFromClient) record.marks |= PacketMark.fromServer
  }

  private open(entry: number, protocol: number, record: PacketRecord, client: number, clientPort: number, server: number, serverPort: number): Flow {
    const flow = new Flow(this.flows.length, protocol, this.streams[protocol]++)
    flow.client.address = client
    flow.client.port = clientPort
    flow.server.address = server
    flow.server.port = serverPort
    flow.firstSec = record.timeSec
    flow.firstNsec = record.timeNsec
    this.flows.push(flow)
    this.tuples.setFlow(entry, flow.number)
    return flow
  }

  private count(flow: Flow, sender: FlowEnd, record: PacketRecord, packetNumber: number, payloadLength: number): void {
    record.flow = flow.number
    record.previousInFlow = flow.packets.last
    flow.packets.push(packetNumber)
    flow.lastSec = record.timeSec
    flow.lastNsec = record.timeNsec
    if (!flow.isChanged) {
      flow.isChanged = true
      this.changed.push(flow)
    }
    sender.packets++
    sender.bytes += payloadLength
    this.activity.count(flow.number, record.timeSec)
  }

  private endTimeWait(end: FlowEnd, record: PacketRecord): void {
    if (end.state !== InferredState.timeWait || !isTimeWaitOver(end, record.timeSec + record.timeNsec / 1e9, this.timeWaitSec)) return
    end.isTimeWaitOver = true
    end.state = InferredState.closed
  }

  private isFromClient(flow: Flow, source: number, sourcePort: number): boolean {
    const { client } = flow
    return client.address === source && client.port === sourcePort
  }

  private sourceOf(packet: Packet): number {
    return packet.ipVersion === 4 ? this.addresses.internIpv4(packet.ipv4.source) : this.addresses.internIpv6(packet.ipv6.source)
  }

  private destinationOf(packet: Packet): number {
    return packet.ipVersion === 4 ? this.addresses.internIpv4(packet.ipv4.destination) : this.addresses.internIpv6(packet.ipv6.destination)
  }
}

/** Bits of completeness, with the oddities of Wireshark: data and FIN count beside an ACK only. */
function shownBy(flags: number, length: number): number {
  const reset = (flags & TcpFlag.rst) !== 0 ? 32 : 0
  const hasSyn = (flags & TcpFlag.syn) !== 0
  if ((flags & TcpFlag.ack) === 0) return hasSyn ? reset | 1 : reset
  return reset | (hasSyn ? 2 : length > 0 ? 8 : 4) | ((flags & TcpFlag.fin) !== 0 ? 16 : 0)
}

/** The first packet of a tuple counts only when it opens. */
function shownByFirst(flags: number, length: number): number {
  if ((flags & (TcpFlag.syn | TcpFlag.ack)) !== TcpFlag.syn) return 0
  return length > 0 ? 9 : 1
}

/** What a SYN+ACK says of data that came with the SYN (RFC 7413 §4.1.2). */
function fastOpenAnswer(flow: FlowAnalysis, acknowledged: number): number {
  return acknowledged > 1 ? Finding.tfoAck : acknowledged === 1 && flow.hasFastOpenData ? Finding.tfoIgnored : 0
}

/** A SYN without the option means that neither end scales (RFC 7323 §2.2). */
function settleScales(f: EndAnalysis, r: EndAnalysis, isSynAck: boolean): void {
  if (f.scale === unknownScale) f.scale = r.scale = noScale
  else if (isSynAck && r.scale === noScale) f.scale = noScale
}

/** Whether a SYN on a known tuple begins another connection: it has another number than what its sender was known to count from. */
function isNewConnection(flow: Flow, isFromClient: boolean, seq: number): boolean {
  const { analysis } = isFromClient ? flow.client : flow.server
  return analysis.isBaseKnown && analysis.base !== (seq | 0)
}

/** Nobody was seen to open: services have the lower ports. */
function isLikelyClient(sourcePort: number, destinationPort: number): boolean {
  return sourcePort >= destinationPort
}

/**
 * Data, SYN or FIN whose first number had been passed. Keep-alives and probes of a closed window carry a byte that does not
 * count; the exceptions are those of Wireshark, so that both agree.
 */
function isRetransmission(sender: FlowEnd, segment: SegmentFacts): boolean {
  const { flags, seq, payloadLength } = segment
  if (sender.nxt < 0 || (flags & TcpFlag.rst) !== 0 || !seqLt(seq, sender.nxt)) return false
  const isControl = (flags & (TcpFlag.syn | TcpFlag.fin)) !== 0
  if (payloadLength === 0 && !isControl) return false
  return seq !== ((sender.nxt - 1) >>> 0) || isControl
}

function isWindowProbe(sender: FlowEnd, receiver: FlowEnd, segment: SegmentFacts): boolean {
  return segment.payloadLength === 1 && segment.seq === sender.nxt && receiver.window === 0
}

function takeNumbers(sender: FlowEnd, receiver: FlowEnd, segment: SegmentFacts, end: number, window: number): void {
  if ((segment.flags & TcpFlag.rst) !== 0) return
  if (sender.nxt < 0 || (seqGt(end, sender.nxt) && !isWindowProbe(sender, receiver, segment))) sender.nxt = end
  sender.window = window
  if ((segment.flags & TcpFlag.ack) !== 0 && (sender.maxAck < 0 || seqGt(segment.ack, sender.maxAck))) sender.maxAck = segment.ack
}

function takeHandshakeRtt(flow: Flow, flags: number, record: PacketRecord): void {
  if ((flags & (TcpFlag.ack | TcpFlag.rst)) !== TcpFlag.ack) return
  flow.handshakeRttUs = (record.timeSec - flow.synSec) * 1e6 + (record.timeNsec - flow.synNsec) / 1e3
}
