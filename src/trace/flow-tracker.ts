import { seqGt, seqLt } from '../tcp/seq.ts'
import { IcmpType } from '../wire/icmp.ts'
import { Icmpv6Type } from '../wire/icmpv6.ts'
import { Layer } from '../wire/packet.ts'
import type { Packet } from '../wire/packet.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { Activity } from './activity.ts'
import { AddressTable } from './address-table.ts'
import { Finding } from './finding.ts'
import { FindingProofs } from './finding-proofs.ts'
import { Flow, InferredState, noWindowScale } from './flow.ts'
import type { FlowEnd } from './flow.ts'
import { PacketMark, packStates, Protocol } from './packet-store.ts'
import type { PacketRecord } from './packet-store.ts'
import { SegmentHeader } from './segment-header.ts'
import { takeCompleteness, TcpAnalysis } from './tcp-analysis.ts'
import { inferEstablished, inferReceiver, inferSender, isTimeWaitOver, staysEstablished } from './tcp-inference.ts'
import type { SegmentFacts } from './tcp-inference.ts'
import { addressesInUse, leavingFlows } from './leaving-flows.ts'
import { isInTimeWait, TimeWaits } from './time-waits.ts'
import { TupleTable } from './tuple-table.ts'

/** Keeps tuples of IPv6 apart: there, addresses are numbers of the table. */
const ipv6Tuple = 0x100

export interface FlowTrackerOptions {
  /** Only what findings rest on is followed: no states, proofs, counts, times and lists of packets. */
  onlyFindings?: boolean
  /** With `onlyFindings`: proofs are wanted nevertheless. */
  proofs?: boolean
  /** How long an end is taken to stay in TIME_WAIT: 60 s unless said, as Linux has it; RFC 9293 §3.4.2 asks for 240 s. */
  timeWaitUs?: number
}

/**
 * Puts packets into conversations and follows both halves of each: TCP by ports and first sequence number, UDP by ports, ICMP
 * echo by identifier. The client is who sent the first SYN; where none was seen, the end with the higher port, then who sent first.
 */
export class FlowTracker {
  /** By number. One that has left stays in its place, without packets, until a later flow gets its number. */
  readonly flows: Flow[] = []
  /** Flows that have left. */
  flowsLeft = 0
  /** Grows when a number is given to another flow, or addresses get other numbers. */
  renumbered = 0
  addresses = new AddressTable()
  readonly activity = new Activity()
  readonly proofs = new FindingProofs()
  /** Latest second of any packet. */
  latestSec = 0
  /** Second of who watches a live capture; a file's packets are all the time that there is. */
  watchedSec = 0
  /** Whether the source of the segment that {@link tcpFlowOf} was asked about last is the lower end of its tuple. */
  isSourceLower = false

  readonly timeWaitSec: number
  private readonly onlyFindings: boolean
  private changed: Flow[] = []
  private readonly timeWaits = new TimeWaits()
  /** Flows of each protocol, which Wireshark counts apart. */
  private readonly streams = new Uint32Array(16)
  private readonly tcp: TcpAnalysis
  private tuples = new TupleTable()
  /** Numbers of flows that have left; those that left last rest until others leave, so that who looks at one hears of it first. */
  private readonly free: number[] = []
  private resting: number[] = []
  private readonly ends = new SegmentHeader()
  private readonly segment: SegmentFacts = { flags: 0, seq: 0, ack: 0, payloadLength: 0, isRetransmission: false }

  constructor(options: FlowTrackerOptions = {}) {
    this.onlyFindings = options.onlyFindings ?? false
    this.tcp = new TcpAnalysis(this.onlyFindings && !options.proofs ? null : this.proofs)
    this.timeWaitSec = (options.timeWaitUs ?? 60_000_000) / 1e6
  }

  /**
   * Takes a decoded packet other than a TCP segment; `record` has its times and gets flow and marks.
   * @param packetNumber counts from 1
   */
  track(packet: Packet, record: PacketRecord, packetNumber: number): void {
    if (record.timeSec > this.latestSec) this.latestSec = record.timeSec
    const { layers } = packet
    if ((layers & Layer.udp) !== 0) this.trackPorts(packet, record, packetNumber, Protocol.udp, packet.udp.sourcePort, packet.udp.destinationPort)
    else if ((layers & (Layer.icmp | Layer.icmpv6)) !== 0) this.trackIcmp(packet, record, packetNumber)
  }

  /** Stream number of a decoded datagram that has been tracked. */
  udpStreamOf(packet: Packet): number {
    const isV6 = packet.ipVersion === 6
    const source = isV6 ? this.addresses.internIpv6(packet.ipv6.source) : packet.ipv4.source | 0
    const destination = isV6 ? this.addresses.internIpv6(packet.ipv6.destination) : packet.ipv4.destination | 0
    const entry = this.tuples.find(source, packet.udp.sourcePort, destination, packet.udp.destinationPort, isV6 ? Protocol.udp | ipv6Tuple : Protocol.udp)
    return this.flows[this.tuples.flowOf(entry)]?.stream ?? -1
  }

  /** Flows that had a packet since they were taken last, at most `limit`; the others stay for the next call. */
  takeChanged(limit: number): Flow[] {
    this.timeWaits.take(this.nowSec - this.timeWaitSec, (flow) => { this.noteChanged(flow) })
    const taken = this.changed.splice(0, limit)
    for (const flow of taken) flow.isChanged = false
    return taken
  }

  /** What TIME-WAIT is counted by: it ends without a packet. */
  get nowSec(): number { return Math.max(this.latestSec, this.watchedSec) }

  /** Whether an end has left TIME-WAIT by now. */
  isTimeWaitOver(end: FlowEnd): boolean {
    return isTimeWaitOver(end, this.nowSec, this.timeWaitSec)
  }

  /** Flows that are there. */
  get flowCount(): number { return this.flows.length - this.free.length - this.resting.length }

  /**
   * Packets before `packet` leave, and with them the proofs of their findings and the flows that are over or were silent for long.
   * @returns numbers of those flows; they are given to others once more have left
   */
  leaveBefore(packet: number): number[] {
    this.proofs.leaveBefore(packet)
    const leaving = leavingFlows(this, packet)
    for (const number of this.resting) this.free.push(number)
    this.resting = leaving.map(({ number }) => number)
    for (const flow of leaving) {
      const entry = this.entryOf(flow)
      if (this.tuples.flowOf(entry) === flow.number) this.tuples.setFlow(entry, -1)
      flow.hasLeft = true
      this.flows[flow.number] = leftFlow
    }
    this.flowsLeft += leaving.length
    if (leaving.length > 0) {
      this.timeWaits.forgetLeft()
      this.changed = this.changed.filter(({ hasLeft }) => !hasLeft)
    }
    // What is remembered of tuples and addresses goes once most of it is of flows that have left.
    if (this.tuples.count > 2 * this.flowCount + tuplesSpared) this.compact()
    return this.resting
  }

  private compact(): void {
    const latest = this.flows.filter((flow) => !flow.hasLeft && this.tuples.flowOf(this.entryOf(flow)) === flow.number)
    this.addresses = addressesInUse(this.flows, this.addresses)
    this.tuples = new TupleTable()
    for (const flow of latest) this.tuples.setFlow(this.entryOf(flow), flow.number)
    this.renumbered++
  }

  /** The tuple of a flow that is there. */
  private entryOf({ client, server, protocol }: Flow): number {
    const ipv4 = this.addresses.ipv4Of(client.address)
    return ipv4 < 0
      ? this.tuples.find(client.address, client.port, server.address, server.port, protocol | ipv6Tuple)
      : this.tuples.find(ipv4 | 0, client.port, this.addresses.ipv4Of(server.address) | 0, server.port, protocol)
  }

  /** The flow that a segment without SYN belongs to; undefined where it begins one. */
  tcpFlowOf(header: SegmentHeader): Flow | undefined {
    const entry = this.tcpEntryOf(header)
    this.isSourceLower = this.tuples.isFirstLower
    const number = this.tuples.flowOf(entry)
    return number < 0 ? undefined : this.flows[number]
  }

  private tcpEntryOf({ source, sourcePort, destination, destinationPort, isV6 }: SegmentHeader): number {
    return this.tuples.find(source, sourcePort, destination, destinationPort, isV6 ? Protocol.tcp | ipv6Tuple : Protocol.tcp)
  }

  /** Takes the header of a TCP segment; `bytes` hold its options. */
  trackSegment(header: SegmentHeader, bytes: Uint8Array, record: PacketRecord, packetNumber: number): void {
    if (record.timeSec > this.latestSec) this.latestSec = record.timeSec
    const { tuples } = this
    const { flags } = header
    const entry = this.tcpEntryOf(header)
    const isSourceLower = tuples.isFirstLower
    let flow = this.flows[tuples.flowOf(entry)] as Flow | undefined
    const asksToOpen = (flags & (TcpFlag.syn | TcpFlag.ack)) === TcpFlag.syn
    const isReused = asksToOpen && flow !== undefined && isNewConnection(isSourceLower === flow.isClientLower ? flow.client : flow.server, header.seq)
    if (flow === undefined || isReused) {
      const isSyn = (flags & (TcpFlag.syn | TcpFlag.rst)) === TcpFlag.syn
      const isClient = isSyn ? (flags & TcpFlag.ack) === 0 : isLikelyClient(header.sourcePort, header.destinationPort)
      flow = this.open(entry, Protocol.tcp, record, header, isClient, isSourceLower)
    }
    const isFromClient = isSourceLower === flow.isClientLower
    const sender = isFromClient ? flow.client : flow.server
    const receiver = isFromClient ? flow.server : flow.client
    if (this.onlyFindings) {
      this.tcp.take(header, bytes, sender.analysis, receiver.analysis, flow.analysis, record, packetNumber, isReused)
      return
    }
    this.count(flow, sender, record, packetNumber, header.length)
    if (!isFromClient) record.marks |= PacketMark.fromServer
    this.tcp.take(header, bytes, sender.analysis, receiver.analysis, flow.analysis, record, packetNumber, isReused)
    if (record.findings !== 0) flow.findings++
    // Whoever receives a broken header drops it: it belongs here and changes nothing.
    if (header.isCut || !header.hasLength) record.marks |= packStates(sender.state, receiver.state)
    else this.followStates(flow, isFromClient, header, record, packetNumber)
  }

  private followStates(flow: Flow, isFromClient: boolean, header: SegmentHeader, record: PacketRecord, packetNumber: number): void {
    const { segment } = this
    const sender = isFromClient ? flow.client : flow.server
    const receiver = isFromClient ? flow.server : flow.client
    this.endTimeWait(sender, record)
    this.endTimeWait(receiver, record)
    segment.flags = header.flags
    segment.seq = header.seq
    segment.ack = header.ack
    segment.payloadLength = header.length
    segment.isRetransmission = isRetransmission(sender, segment)
    const isSyn = (header.flags & (TcpFlag.syn | TcpFlag.rst)) === TcpFlag.syn
    if (isSyn) this.takeSyn(flow, sender, header, record, (header.flags & TcpFlag.ack) === 0 && isFromClient)
    else if (isFromClient && flow.synSec >= 0 && flow.handshakeRttUs < 0) takeHandshakeRtt(flow, header.flags, record)
    const wasInTimeWait = isInTimeWait(sender) || isInTimeWait(receiver)
    const shown = this.infer(sender, receiver, record, packetNumber)
    if (!wasInTimeWait && (isInTimeWait(sender) || isInTimeWait(receiver))) this.timeWaits.add(flow)

    if (segment.isRetransmission) flow.retransmissions++
    if ((header.flags & TcpFlag.rst) !== 0) flow.resets++
    record.marks |= packStates(shown, receiver.state) | (segment.isRetransmission ? PacketMark.retransmission : 0) | (shown !== sender.shown ? PacketMark.stateChanged : 0)
    sender.shown = shown
    receiver.shown = receiver.state
  }

  /**
   * Takes the TCP header that an ICMP error quotes: as in Wireshark it belongs to the flow, which may begin with it, and changes nothing else.
   */
  trackQuoted(header: SegmentHeader, record: PacketRecord, packetNumber: number): void {
    const { tuples } = this
    const entry = this.tcpEntryOf(header)
    const isSourceLower = tuples.isFirstLower
    let flow = this.flows[tuples.flowOf(entry)] as Flow | undefined
    const asksToOpen = (header.flags & (TcpFlag.syn | TcpFlag.ack)) === TcpFlag.syn
    const isReused = asksToOpen && flow !== undefined && isNewConnection(isSourceLower === flow.isClientLower ? flow.client : flow.server, header.seq)
    if (flow === undefined || isReused) {
      const isClient = asksToOpen || isLikelyClient(header.sourcePort, header.destinationPort)
      flow = this.open(entry, Protocol.tcp, record, header, isClient, isSourceLower)
      if (isReused && !header.isCut) {
        record.findings = Finding.reusedPorts
        flow.findings++
      }
      if (asksToOpen) {
        flow.analysis.synSec = record.timeSec
        flow.analysis.synNsec = record.timeNsec
        flow.analysis.synPacket = packetNumber
      }
    }
    const isFromClient = isSourceLower === flow.isClientLower
    record.marks |= isFromClient ? PacketMark.quoting : PacketMark.quoting | PacketMark.fromServer
    record.seq = header.seq
    record.ack = header.ack
    record.flags = header.flags
    record.window = header.window
    const { analysis } = isFromClient ? flow.client : flow.server
    record.windowShift = analysis.scale
    // Its SACK blocks do not count, and take the place of those that did.
    analysis.sackedBytes = 0
    this.join(flow, record, packetNumber)
    takeCompleteness(flow.analysis, record, header.flags, 0, isReused)
  }

  private infer(sender: FlowEnd, receiver: FlowEnd, record: PacketRecord, packetNumber: number): InferredState {
    const { segment } = this
    if (staysEstablished(sender, receiver, segment)) {
      inferEstablished(sender, segment)
      takeNumbers(sender, receiver, segment, (segment.seq + segment.payloadLength) >>> 0, record.window)
      return InferredState.established
    }
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

  private takeSyn(flow: Flow, sender: FlowEnd, header: SegmentHeader, record: PacketRecord, isClientSyn: boolean): void {
    sender.isn = header.seq
    const { options } = this.tcp
    const hasOptions = header.optionsLength > 0
    sender.mss = hasOptions ? options.mss : -1
    sender.windowScale = !hasOptions || options.windowScale < 0 ? noWindowScale : options.windowScale
    sender.offeredSack = hasOptions && options.sackPermitted
    sender.offeredTimestamps = hasOptions && options.hasTimestamp
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
    const { ends, tuples } = this
    ends.isV6 = packet.ipVersion === 6
    ends.source = ends.isV6 ? this.addresses.internIpv6(packet.ipv6.source) : packet.ipv4.source | 0
    ends.destination = ends.isV6 ? this.addresses.internIpv6(packet.ipv6.destination) : packet.ipv4.destination | 0
    ends.sourcePort = sourcePort
    ends.destinationPort = destinationPort
    const entry = tuples.find(ends.source, sourcePort, ends.destination, destinationPort, ends.isV6 ? protocol | ipv6Tuple : protocol)
    const isSourceLower = tuples.isFirstLower
    const flow = this.flows[tuples.flowOf(entry)] as Flow | undefined ?? this.open(entry, protocol, record, ends, isClient, isSourceLower)
    const isFromClient = isSourceLower === flow.isClientLower
    this.count(flow, isFromClient ? flow.client : flow.server, record, packetNumber, packet.payloadLengthOnWire)
    if (!isFromClient) record.marks |= PacketMark.fromServer
  }

  private open(entry: number, protocol: number, record: PacketRecord, ends: SegmentHeader, isClient: boolean, isSourceLower: boolean): Flow {
    const number = this.free.pop() ?? this.flows.length
    const flow = new Flow(number, protocol, this.streams[protocol]++)
    const source = isClient ? flow.client : flow.server
    const destination = isClient ? flow.server : flow.client
    source.address = ends.isV6 ? ends.source : this.addresses.internIpv4(ends.source >>> 0)
    source.port = ends.sourcePort
    destination.address = ends.isV6 ? ends.destination : this.addresses.internIpv4(ends.destination >>> 0)
    destination.port = ends.destinationPort
    flow.isClientLower = isClient === isSourceLower
    flow.firstSec = record.timeSec
    flow.firstNsec = record.timeNsec
    if (number < this.flows.length) {
      this.activity.clear(number)
      this.renumbered++
    }
    this.flows[number] = flow
    this.tuples.setFlow(entry, flow.number)
    return flow
  }

  private count(flow: Flow, sender: FlowEnd, record: PacketRecord, packetNumber: number, payloadLength: number): void {
    sender.packets++
    sender.bytes += payloadLength
    this.join(flow, record, packetNumber)
  }

  private join(flow: Flow, record: PacketRecord, packetNumber: number): void {
    record.flow = flow.number
    if (this.onlyFindings) return
    record.previousInFlow = flow.packets.last
    flow.packets.push(packetNumber)
    flow.lastSec = record.timeSec
    flow.lastNsec = record.timeNsec
    this.noteChanged(flow)
    this.activity.count(flow.number, record.timeSec)
  }

  private noteChanged(flow: Flow): void {
    if (flow.isChanged) return
    flow.isChanged = true
    this.changed.push(flow)
  }

  private endTimeWait(end: FlowEnd, record: PacketRecord): void {
    if (end.state !== InferredState.timeWait || !isTimeWaitOver(end, record.timeSec + record.timeNsec / 1e9, this.timeWaitSec)) return
    end.isTimeWaitOver = true
    end.state = InferredState.closed
  }
}

/** Entries of the tables that may be of flows that have left before the tables are made anew. */
const tuplesSpared = 4096

/** Stands in the place of every flow that has left. */
const leftFlow = new Flow(-1, -1, -1)
leftFlow.hasLeft = true

/** Whether a SYN on a known tuple begins another connection: it has another number than what its sender was known to count from. */
function isNewConnection({ analysis }: FlowEnd, seq: number): boolean {
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
