import type { FlowInsights, FlowPage, FlowRow, PacketBytes, PacketInsight, PacketRow, PacketRowPage, PacketRowRequest } from '../rpc/contract.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { isIcmpError } from '../wire/icmp.ts'
import { decodePacket, Layer, LinkType, Packet } from '../wire/packet.ts'
import { decodeInner, maxTunnels } from '../wire/tunnel.ts'
import { FragmentTable } from './fragment-table.ts'
import { flowRow } from './flow-rows.ts'
import type { KnownEnds } from './flow-rows.ts'
import { FlowTracker } from './flow-tracker.ts'
import type { FlowTrackerOptions } from './flow-tracker.ts'
import { flowInsights, packetInsights } from './insight/insight-views.ts'
import { Insights } from './insight/insights.ts'
import { PacketAnalyses } from './packet-analysis.ts'
import type { PacketAnalysis } from './packet-analysis.ts'
import { PacketRows } from './packet-rows.ts'
import type { ByteReader } from './packet-rows.ts'
import { PacketMark, PacketRecord, PacketStore, Protocol } from './packet-store.ts'
import type { FrameTimes } from './packet-store.ts'
import { isPartial, readPlainSegment, readSegment, readWhole, SegmentHeader } from './segment-header.ts'

/** What the trace reads of a batch of frames; the link layer's `FrameBatch` has this shape. */
export interface FrameColumns extends FrameTimes {
  readonly bytes: Uint8Array
  readonly offset: Uint32Array
}

/** Rows of one page at most. */
export const maxPageRows = 500

/**
 * Everything that is known of a capture: the packets in columns, the conversations they form, and the rows that a window asks for.
 * Packets count from 1, flows from 0. Raw bytes are not kept here; who asks for rows passes a reader for them.
 */
export class Trace {
  readonly store = new PacketStore()
  readonly tracker: FlowTracker
  /** What is found beyond the findings of Wireshark; null where nobody asked for it. */
  readonly insights: Insights | null
  isKnown: KnownEnds = () => false

  private readonly builder: PacketRows
  private readonly analyses: PacketAnalyses
  private readonly record = new PacketRecord()
  private readonly scratch = new Packet()
  private readonly inner = new Packet()
  private readonly header = new SegmentHeader()
  private readonly fragments = new FragmentTable()
  private optionBytes: Uint8Array = new Uint8Array(0)

  constructor(options: FlowTrackerOptions & { insights?: boolean } = {}) {
    this.tracker = new FlowTracker(options)
    this.insights = options.insights ? new Insights(this.store, this.tracker) : null
    this.builder = new PacketRows(this.store, this.tracker)
    this.analyses = new PacketAnalyses(this.store, this.tracker)
  }

  get packetCount(): number { return this.store.count }
  get flowCount(): number { return this.tracker.flows.length }

  /**
   * Takes a batch. Nothing of it is kept but numbers.
   * @param linkType of all frames, or of each
   * @param fileOffsets where each frame's bytes stand in the recording, -1 for nowhere; null: nowhere
   */
  append(batch: FrameColumns, linkType: number | Uint16Array, fileOffsets: Float64Array | null): void {
    const isOne = typeof linkType === 'number'
    this.store.prepare(batch, linkType, fileOffsets)
    for (let i = 0; i < batch.count; i++) this.appendFrame(batch, i, isOne ? linkType : linkType[i])
  }

  rows(request: PacketRowRequest, bytesOf: ByteReader): PacketRowPage {
    const flow = request.flow ?? null
    const list = flow === null ? null : this.tracker.flows[flow]?.packets
    if (list === undefined) return { total: 0, from: 0, rows: [] }
    const total = list ? list.length : this.store.count
    const { from, count } = pageOf(request, total)
    const rows: PacketRow[] = []
    for (let i = from; i < from + count; i++) rows.push(this.builder.row(list ? list.at(i) : i + 1, bytesOf))
    return { total, from, rows }
  }

  /** Rows of given packets, which must exist. */
  rowsOf(numbers: readonly number[], bytesOf: ByteReader): PacketRow[] {
    return numbers.map((number) => this.builder.row(number, bytesOf))
  }

  /** @returns null where there is no such packet */
  packet(number: number, bytesOf: ByteReader): PacketBytes | null {
    return this.has(number) ? this.builder.packetBytes(number, bytesOf) : null
  }

  /** Fills `into` with what the tracker knows of a packet, see {@link PacketAnalyses}. @returns false where there is no such packet */
  analysis(number: number, into: PacketAnalysis, passes: 1 | 2 = 1): boolean {
    if (!this.has(number)) return false
    this.analyses.read(number, into, passes)
    return true
  }

  /** What a packet shows beyond the findings of Wireshark; empty where nobody asked for insights. */
  packetInsights(number: number): PacketInsight[] {
    return this.insights === null || !this.has(number) ? [] : packetInsights(number, this.insights, this.store, this.tracker)
  }

  /** What a flow comes to; null where nothing was gathered of it. */
  flowInsights(number: number): FlowInsights | null {
    return this.insights === null ? null : flowInsights(number, this.insights)
  }

  /** Position of a packet among all rows, or among a flow's; -1 when it is not there. */
  findRow(packet: number, flow: number | null = null): number {
    if (flow !== null) return this.tracker.flows[flow]?.packets.indexOf(packet) ?? -1
    return this.has(packet) ? packet - 1 : -1
  }

  flowPage(from: number, count: number): FlowPage {
    const total = this.tracker.flows.length
    const page = pageOf({ from, count }, total)
    return { total, from: page.from, flows: this.tracker.flows.slice(page.from, page.from + page.count).map((flow) => this.flowRow(flow.number)) }
  }

  /** Flows that had packets since they were taken last, at most `limit`; the others come with the next call. */
  changedFlows(limit: number): FlowRow[] {
    return this.tracker.takeChanged(limit).map((flow) => this.flowRow(flow.number))
  }

  flowRow(number: number): FlowRow {
    this.store.read(0, this.record)
    return flowRow(this.tracker.flows[number], this.tracker, this.record.timeSec, this.record.timeNsec, this.isKnown)
  }

  private appendFrame(batch: FrameColumns, i: number, linkType: number): void {
    const { record, header } = this
    record.timeSec = batch.timeSec[i]
    record.timeNsec = batch.timeNsec[i]
    record.flow = -1
    const captured = batch.capturedLength[i]
    const onWire = batch.originalLength[i]
    record.findings = record.acksPacket = record.bytesInFlight = record.pushBytes = record.previousInFlow = record.completeness = 0
    record.windowShift = -1
    if (readPlainSegment(batch.bytes, batch.offset[i], captured, onWire, linkType, header)) {
      record.marks = 0
      this.trackSegment(batch.bytes)
      // Ethernet 14; the header was read without options before it.
      const at = batch.offset[i]
      this.insights?.take(header, batch.bytes, batch.bytes, at + 14, at + captured, batch.direction[i], record, this.store.count + 1)
    } else {
      decodePacket(batch.bytes, batch.offset[i], captured, linkType, this.scratch, onWire)
      this.trackDecoded(batch.bytes, batch.direction[i])
    }
    this.store.append(record)
  }

  /** Follows tunnels to the innermost packet; UDP around one is a flow of its own. */
  private trackDecoded(bytes: Uint8Array, direction: number): void {
    const { record, tracker } = this
    const number = this.store.count + 1
    let packet = this.scratch
    let other = this.inner
    let marks = 0
    for (let depth = 0; depth < maxTunnels && decodeInner(packet, bytes, other); depth++) {
      if ((packet.layers & Layer.udp) !== 0) tracker.track(packet, record, number)
      record.flow = -1
      record.previousInFlow = 0
      marks = PacketMark.tunnelled
      const outer = packet
      packet = other
      other = outer
    }
    record.protocol = protocolOf(packet.layers)
    if (this.readTcp(packet, bytes)) {
      record.marks = marks | marksOf(packet)
      this.trackSegment(this.optionBytes)
      this.insights?.take(this.header, this.optionBytes, bytes, packet.ipOffset, packet.frameAt + packet.frameLength, direction, record, number)
      return
    }
    record.marks = marks | marksOf(packet) | noStates
    record.payloadLength = packet.payloadLengthOnWire
    record.flags = record.seq = record.ack = record.window = 0
    tracker.track(packet, record, number)
    if (record.flow < 0 && quotesPacket(packet)) this.trackQuoted(packet, other, bytes, number)
  }

  /** The segment of a packet, or the one that its fragment completes; its options are in `optionBytes`. */
  private readTcp(packet: Packet, bytes: Uint8Array): boolean {
    const { header, tracker } = this
    this.optionBytes = bytes
    if (packet.protocol !== IpProtocol.tcp || !packet.isFragment || !isPartial(packet) || !isCapturedWhole(packet)) return readSegment(packet, bytes, tracker.addresses, header)
    const whole = this.fragments.add(packet, bytes)
    if (whole === null) {
      this.record.protocol = packet.ipVersion === 4 ? Protocol.ipv4 : Protocol.ipv6
      return false
    }
    this.optionBytes = whole.head
    return readWhole(packet, bytes, whole.head, whole.totalBytes, tracker.addresses, header)
  }

  private trackSegment(bytes: Uint8Array): void {
    const { record, header } = this
    record.protocol = Protocol.tcp
    record.payloadLength = header.length
    record.flags = header.flags
    record.seq = header.seq
    record.ack = header.ack
    record.window = header.window
    this.tracker.trackSegment(header, bytes, record, this.store.count + 1)
  }

  private trackQuoted(packet: Packet, quoted: Packet, bytes: Uint8Array, number: number): void {
    const { record, tracker, header } = this
    decodePacket(bytes, packet.payloadOffset, packet.payloadLength, LinkType.rawIp, quoted, maxQuotedBytes)
    if (readSegment(quoted, bytes, tracker.addresses, header)) tracker.trackQuoted(header, record, number)
  }

  private has(number: number): boolean {
    return Number.isInteger(number) && number >= 1 && number <= this.store.count
  }
}

/** Both states unknown. */
const noStates = 0xff

function isCapturedWhole(packet: Packet): boolean {
  return packet.ipOffset + packet.ipLengthOnWire <= packet.frameAt + packet.frameLength
}

/** Lengths of what an ICMP error left out are taken on trust. */
const maxQuotedBytes = 65_575

function marksOf(packet: Packet): number {
  return (packet.error ? PacketMark.malformed : 0) | (packet.isFragment ? PacketMark.fragment : 0)
}

/** RFC 792, RFC 4443: errors quote the packet that they are about. */
function quotesPacket(packet: Packet): boolean {
  return (packet.layers & Layer.icmp) !== 0 ? isIcmpError(packet.icmp.type) : (packet.layers & Layer.icmpv6) !== 0 && packet.icmpv6.type < 128
}

const protocolOfLayer = [
  [Layer.tcp, Protocol.tcp], [Layer.udp, Protocol.udp], [Layer.icmp, Protocol.icmp], [Layer.icmpv6, Protocol.icmpv6], [Layer.arp, Protocol.arp],
  [Layer.ipv4, Protocol.ipv4], [Layer.ipv6, Protocol.ipv6],
] as const

function protocolOf(layers: number): number {
  for (let i = 0; i < protocolOfLayer.length; i++) if ((layers & protocolOfLayer[i][0]) !== 0) return protocolOfLayer[i][1]
  return Protocol.ethernet
}

function pageOf(request: { from: number, count: number }, total: number): { from: number, count: number } {
  const from = Math.min(Math.max(0, Math.floor(request.from) || 0), total)
  const count = Math.min(Math.max(0, Math.floor(request.count) || 0), maxPageRows, total - from)
  return { from, count }
}
