import { TcpFlag } from '../../wire/tcp.ts'
import type { FlowTracker } from '../flow-tracker.ts'
import { PacketMark, PacketRecord } from '../packet-store.ts'
import type { PacketStore } from '../packet-store.ts'
import type { SegmentHeader } from '../segment-header.ts'
import { FlowInsight } from './flow-insight.ts'
import { InsightRows } from './insight-rows.ts'
import type { InsightRow } from './insight-rows.ts'
import { Insight } from './insight.ts'
import { judgeAck } from './judge-ack.ts'
import { judgeData } from './judge-data.ts'
import { hasUnfinishedChecksum } from './judge-offload.ts'
import { judgeReset } from './judge-reset.ts'
import { Limit } from './limit.ts'
import { Notes } from './notes.ts'
import type { OneWay } from './one-way.ts'
import { SegmentFacts } from './segment-facts.ts'

/** Flows that are followed at once; beyond, those that began first are forgotten. */
const flowsAtMost = 50_000

/** Bits of {@link InsightRows.marksOf}. */
export const InsightMark = { superSegment: 1, unfinishedChecksum: 2 } as const

/**
 * Follows TCP flows beyond the findings of Wireshark: reads segments as the RFCs do, keeps what proves each, and what it comes to in a
 * flow. It takes one look at each segment, after the tracker, and its memory is bounded.
 */
export class Insights {
  readonly rows: InsightRows
  private readonly flows = new Map<number, FlowInsight>()
  private readonly segment = new SegmentFacts()
  private readonly notes: Notes
  private readonly record = new PacketRecord()
  private baseSec = -1

  constructor(private readonly store: PacketStore, private readonly tracker: FlowTracker, options: { rowsAtMost?: number, flowsAtMost?: number } = {}) {
    this.rows = new InsightRows(options.rowsAtMost)
    this.notes = new Notes(this.segment, this.rows)
    this.flowsAtMost = options.flowsAtMost ?? flowsAtMost
  }

  private readonly flowsAtMost: number

  /** What was gathered of a flow; null where it is none of TCP, or forgotten. */
  flow(number: number): FlowInsight | null { return this.flows.get(number) ?? null }

  get flowsFollowed(): number { return this.flows.size }

  /**
   * Takes a segment whose record stands.
   * @param headerBytes where `header.optionsAt` counts
   * @param frame,ipAt,frameEnd the IP header and the end of what was captured: in other bytes where the segment came in fragments
   */
  take(header: SegmentHeader, headerBytes: Uint8Array, frame: Uint8Array, ipAt: number, frameEnd: number, direction: number, record: PacketRecord, packet: number): void {
    if (!header.hasLength || header.isCut || (record.marks & PacketMark.quoting) !== 0) return
    if (this.baseSec < 0) this.baseSec = record.timeSec
    const { segment, notes } = this
    segment.direction = direction
    segment.read(header, headerBytes, frame, ipAt, record, packet, this.timeUsOf(record.timeSec, record.timeNsec))
    const flow = this.flowOf(record)
    notes.sent = segment.isFromClient ? flow.client : flow.server
    notes.heard = segment.isFromClient ? flow.server : flow.client
    flow.lastUs = segment.timeUs
    passTime(flow, segment.timeUs)
    this.judgeOffload(header, headerBytes, frame, ipAt, frameEnd)
    this.judge(flow, record)
    holdTime(flow.client, segment.timeUs)
    holdTime(flow.server, segment.timeUs)
  }

  /** A time of the capture as everything here counts it. */
  timeUsOf(sec: number, nsec: number): number { return (sec - this.baseSec) * 1e6 + nsec / 1e3 }

  /** Packets before `packet` leave, and these flows, whose numbers others get. */
  leaveBefore(packet: number, flows: readonly number[]): void {
    this.rows.forgetBefore(packet)
    for (const flow of flows) this.flows.delete(flow)
  }

  /** What was found in a packet, in the order in which it was found. */
  of(packet: number): InsightRow[] {
    const found = this.rows.of(packet)
    const marks = this.rows.marksOf(packet)
    if (marks === 0) return found
    this.store.read(packet - 1, this.record)
    const { record } = this
    const flow = this.tracker.flows[record.flow]
    const receiver = (record.marks & PacketMark.fromServer) === 0 ? flow.server : flow.client
    if ((marks & InsightMark.superSegment) !== 0) found.push({ kind: Insight.superSegment, values: [record.payloadLength, receiver.mss, 0], packets: [0, 0] })
    if ((marks & InsightMark.unfinishedChecksum) !== 0) found.push({ kind: Insight.unfinishedChecksum, values: [0, 0, 0], packets: [0, 0] })
    return found
  }

  has(packet: number): boolean { return this.rows.has(packet) || this.rows.marksOf(packet) !== 0 }

  private judge(flow: FlowInsight, record: PacketRecord): void {
    const { segment, notes } = this
    const { flags } = segment
    const { sent } = notes
    if ((flags & TcpFlag.rst) !== 0) {
      judgeReset(notes, flow)
    } else {
      if ((flags & TcpFlag.syn) !== 0) this.takeSyn(flow, record)
      else takeOpening(flow, segment)
      judgeAck(notes, record.windowShift)
      judgeData(notes)
      if (segment.hasTimestamp) {
        if (!sent.hasTimestamps || ((segment.tsVal - sent.anyTsVal) | 0) > 0) sent.anyTsVal = segment.tsVal
        sent.hasTimestamps = true
      }
      sent.ttl = segment.ttl
    }
    sent.anyPacket = segment.packet
    sent.anyUs = segment.timeUs
    sent.anyFlags = flags
    sent.anySeq = segment.seq
    sent.anyAck = segment.ack
    sent.anyLength = segment.length
  }

  private takeSyn(flow: FlowInsight, record: PacketRecord): void {
    const { segment, notes } = this
    const { sent, heard } = notes
    const isSynAck = (segment.flags & TcpFlag.ack) !== 0
    const ends = this.tracker.flows[record.flow]
    heard.mss = (segment.isFromClient ? ends.client : ends.server).mss
    if (isSynAck) flow.synAckPacket = segment.packet
    else flow.hasSyn = true
    if (isSynAck && heard.syns === 1 && sent.syns === 0) heard.pathUs = Math.min(heard.pathUs, segment.timeUs - heard.synUs)
    if (sent.syns++ > 0 && segment.seq === sent.synSeq) notes.add(isSynAck ? 'synAckRetry' : 'synRetry', [sent.syns - 1, Math.round(segment.timeUs - sent.synUs)], sent.synPacket)
    sent.synSeq = segment.seq
    sent.synPacket = segment.packet
    sent.synUs = segment.timeUs
  }

  private judgeOffload(header: SegmentHeader, headerBytes: Uint8Array, frame: Uint8Array, ipAt: number, frameEnd: number): void {
    const { segment, notes: { sent }, rows } = this
    const { counts } = sent
    // The longest segment that the receiver takes is what its own SYN said.
    if (sent.mss > 0 && segment.length > sent.mss) {
      rows.mark(segment.packet, InsightMark.superSegment)
      if (counts.superSegments++ === 0) counts.superPacket = segment.packet
    }
    if (headerBytes !== frame || !hasUnfinishedChecksum(segment, header, frame, ipAt, frameEnd)) return
    rows.mark(segment.packet, InsightMark.unfinishedChecksum)
    if (counts.unfinishedChecksums++ === 0) counts.unfinishedPacket = segment.packet
  }

  private flowOf(record: PacketRecord): FlowInsight {
    let flow = this.flows.get(record.flow)
    if (flow !== undefined) return flow
    flow = new FlowInsight(record.previousInFlow === 0)
    this.flows.set(record.flow, flow)
    if (this.flows.size > this.flowsAtMost) this.flows.delete(this.flows.keys().next().value!)
    return flow
  }
}

function takeOpening(flow: FlowInsight, segment: SegmentFacts): void {
  const sent = segment.isFromClient ? flow.client : flow.server
  const heard = segment.isFromClient ? flow.server : flow.client
  if (sent.syns > 0) sent.isOpen = true
  if (flow.isOpened || flow.synAckPacket === 0 || !segment.isFromClient || (segment.flags & TcpFlag.ack) === 0) return
  flow.isOpened = true
  if (heard.syns === 1) heard.pathUs = Math.min(heard.pathUs, segment.timeUs - heard.synUs)
}

function passTime({ client, server }: FlowInsight, nowUs: number): void {
  client.time.pass(nowUs, server.pathUs)
  server.time.pass(nowUs, client.pathUs)
}

/** What keeps an end from sending from now on; nothing is said before its first data, nor once everything behind its FIN is acknowledged. */
function holdTime(way: OneWay, nowUs: number): void {
  if (way.segments === 0) return
  const { time } = way
  const { outstanding } = way
  if (way.resetPacket > 0 || (way.finSent && outstanding === 0)) {
    time.stop()
    return
  }
  time.wasSending = outstanding === 0 && !way.isSmall(way.lastLength)
  time.change(limitOf(way, outstanding), nowUs)
}

function limitOf(way: OneWay, outstanding: number): Limit {
  if (way.hasEdge && way.window === 0) return Limit.zeroWindow
  if (way.growth.recovering && outstanding > 0) return Limit.recovery
  const isSmall = way.isSmall(way.lastLength)
  const room = (way.edge - way.nxt) | 0
  if (way.hasEdge && room < way.full && !(isSmall && room >= way.lastLength)) return Limit.window
  return outstanding === 0 || isSmall ? Limit.application : Limit.network
}
