import { TcpFlag } from '../wire/tcp.ts'
import { unknownScale } from './end-analysis.ts'
import { Finding } from './finding.ts'
import type { FlowEnd } from './flow.ts'
import type { FlowTracker } from './flow-tracker.ts'
import type { MinMaxPyramid } from './min-max-pyramid.ts'
import { PacketMark, PacketRecord, Protocol } from './packet-store.ts'
import type { PacketStore } from './packet-store.ts'
import { rateSeries } from './rate-series.ts'
import { SeqUnwrapper } from './seq-unwrapper.ts'
import { SeriesColumns } from './series-columns.ts'

/** Reads the SACK blocks of a packet back: left and right edge of each in turn. @returns the number of blocks, 0 where the bytes are not there */
export type SackReader = (packet: number, edges: Uint32Array) => number

/** SACK blocks of a segment at most (RFC 2018 §3). */
export const maxSackBlocks = 4

/**
 * What one end sent and what the other said of it. Times are seconds since the flow's first packet; sequence numbers are relative to the
 * direction's first, do not wrap, and count SYN and FIN.
 */
export interface DirectionSeries {
  /** Bars from the first number of a segment to behind its last; without the two below. */
  segments: MinMaxPyramid
  retransmissions: MinMaxPyramid
  outOfOrder: MinMaxPyramid
  /** Acknowledgments by the other end, and how far its window let this one send. */
  acks: MinMaxPyramid
  windowEdges: MinMaxPyramid
  sackBlocks: MinMaxPyramid
  /** Bytes a second: of payload, repeated ones included, and of payload acknowledged for the first time. */
  throughput: MinMaxPyramid
  goodput: MinMaxPyramid
  /** Milliseconds from a segment to its acknowledgment, unless that covers retransmitted data too: then it waited for them (RFC 6298 §3). */
  rtt: MinMaxPyramid
  bytesInFlight: MinMaxPyramid
  /** Receive window that the other end offers, in bytes. */
  window: MinMaxPyramid
  /** The SYN that tells the scale of that window was not captured: windows are as they stand in the headers. */
  isWindowScaleUnseen: boolean
}

export interface FlowSeries {
  /** Of the last packet, in seconds since the first. */
  duration: number
  fromClient: DirectionSeries
  fromServer: DirectionSeries
}

/**
 * The graphs of a TCP flow, from its packets' columns. Takes room for the flow's own packets, four SACK blocks each at most.
 * @param flowNumber among all flows; must exist
 */
export function flowSeries(store: PacketStore, tracker: FlowTracker, flowNumber: number, sackOf: SackReader = () => 0): FlowSeries {
  const flow = tracker.flows[flowNumber]
  const fromClient = new DirectionBuilder(flow.client, flow.server)
  const fromServer = new DirectionBuilder(flow.server, flow.client)
  const record = new PacketRecord()
  const acked = new PacketRecord()
  const edges = new Uint32Array(2 * maxSackBlocks)
  let duration = 0
  for (let i = 0; i < flow.packets.length; i++) {
    const packet = flow.packets.at(i)
    store.read(packet - 1, record)
    if (record.protocol !== Protocol.tcp) continue
    const time = record.timeSec - flow.firstSec + (record.timeNsec - flow.firstNsec) / 1e9
    if (time > duration) duration = time
    const isFromServer = (record.marks & PacketMark.fromServer) !== 0
    const sent = isFromServer ? fromServer : fromClient
    const answered = isFromServer ? fromClient : fromServer
    sent.takeSegment(time, record)
    answered.takeAck(time, record, sackOf(packet, edges), edges)
    if (record.acksPacket === 0) continue
    store.read(record.acksPacket - 1, acked)
    answered.takeRtt(time, (record.timeSec - acked.timeSec) * 1e3 + (record.timeNsec - acked.timeNsec) / 1e6)
  }
  return { duration, fromClient: fromClient.series(duration), fromServer: fromServer.series(duration) }
}

const repeated = Finding.retransmission | Finding.fastRetransmission | Finding.spuriousRetransmission

class DirectionBuilder {
  private readonly numbers: SeqUnwrapper
  private readonly segments = new SeriesColumns()
  private readonly retransmissions = new SeriesColumns()
  private readonly outOfOrder = new SeriesColumns()
  private readonly acks = new SeriesColumns()
  private readonly windowEdges = new SeriesColumns()
  private readonly sackBlocks = new SeriesColumns()
  private readonly rtt = new SeriesColumns()
  private readonly bytesInFlight = new SeriesColumns()
  private readonly window = new SeriesColumns()
  private readonly payload = new SeriesColumns()
  private readonly delivered = new SeriesColumns()
  /** Behind the last byte of payload, behind the last retransmission, behind what was acknowledged; SYN counts, so data begins at 1. */
  private dataEnd = 1
  private repeatedEnd = 0
  private ackedEnd = 1
  /** Highest acknowledgment, and what it was before the last one. */
  private highestAck = 0
  private ackBefore = 0
  private readonly shift: number

  constructor(private readonly sender: FlowEnd, private readonly receiver: FlowEnd) {
    this.numbers = new SeqUnwrapper(sender.analysis.base)
    this.shift = Math.max(0, receiver.analysis.scale)
  }

  takeSegment(time: number, record: PacketRecord): void {
    const { flags, findings, payloadLength } = record
    if (record.bytesInFlight > 0) this.bytesInFlight.add(time, record.bytesInFlight, record.bytesInFlight)
    const span = payloadLength + ((flags & TcpFlag.syn) !== 0 ? 1 : 0) + ((flags & TcpFlag.fin) !== 0 ? 1 : 0)
    if (span === 0) return
    const seq = this.numbers.take(record.seq)
    const isRepeated = (findings & repeated) !== 0
    const columns = isRepeated ? this.retransmissions : (findings & Finding.outOfOrder) !== 0 ? this.outOfOrder : this.segments
    columns.add(time, seq, seq + span)
    if (isRepeated) this.repeatedEnd = Math.max(this.repeatedEnd, seq + span)
    if (payloadLength === 0) return
    this.payload.add(time, payloadLength, payloadLength)
    this.dataEnd = Math.max(this.dataEnd, seq + ((flags & TcpFlag.syn) !== 0 ? 1 : 0) + payloadLength)
  }

  /** Takes what the other end says; a RST's window and mostly its acknowledgment mean nothing (RFC 9293 §3.10.7). */
  takeAck(time: number, record: PacketRecord, sackCount: number, edges: Uint32Array): void {
    if ((record.flags & (TcpFlag.ack | TcpFlag.rst)) !== TcpFlag.ack) return
    // Where only one direction was captured, nothing but its acknowledgments says how far the other has come.
    const ack = this.sender.bytes === 0 ? this.numbers.take(record.ack) : this.numbers.place(record.ack)
    this.ackBefore = this.highestAck
    this.highestAck = Math.max(this.highestAck, ack)
    const window = (record.flags & TcpFlag.syn) !== 0 ? record.window : record.window * 2 ** this.shift
    this.acks.add(time, ack, ack)
    this.window.add(time, window, window)
    this.windowEdges.add(time, ack + window, ack + window)
    for (let i = 0; i < Math.min(sackCount, maxSackBlocks); i++) {
      const left = this.numbers.place(edges[2 * i])
      const right = this.numbers.place(edges[2 * i + 1])
      if (left < right) this.sackBlocks.add(time, left, right)
    }
    const end = Math.min(ack, this.dataEnd)
    if (end <= this.ackedEnd) return
    this.delivered.add(time, end - this.ackedEnd, end - this.ackedEnd)
    this.ackedEnd = end
  }

  /** Takes a sample of the acknowledgment that was taken last. */
  takeRtt(time: number, milliseconds: number): void {
    if (milliseconds >= 0 && this.ackBefore >= this.repeatedEnd) this.rtt.add(time, milliseconds, milliseconds)
  }

  series(duration: number): DirectionSeries {
    return {
      segments: this.segments.pyramid(),
      retransmissions: this.retransmissions.pyramid(),
      outOfOrder: this.outOfOrder.pyramid(),
      acks: this.acks.pyramid(),
      windowEdges: this.windowEdges.pyramid(),
      sackBlocks: this.sackBlocks.pyramid(),
      throughput: rateSeries(this.payload.pyramid(), duration),
      goodput: rateSeries(this.delivered.pyramid(), duration),
      rtt: this.rtt.pyramid(),
      bytesInFlight: this.bytesInFlight.pyramid(),
      window: this.window.pyramid(),
      isWindowScaleUnseen: this.receiver.analysis.scale === unknownScale,
    }
  }
}
