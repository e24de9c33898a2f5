import { TcpFlag } from '../wire/tcp.ts'
import { unknownScale } from './end-analysis.ts'
import { Finding } from './finding.ts'
import type { FlowEnd } from './flow.ts'
import { MinMaxPyramid } from './min-max-pyramid.ts'
import type { PacketRecord } from './packet-store.ts'
import { rateSeries } from './rate-series.ts'
import { SeqUnwrapper } from './seq-unwrapper.ts'

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

const repeated = Finding.retransmission | Finding.fastRetransmission | Finding.spuriousRetransmission

/** Puts a direction's series together, packet by packet. */
export class DirectionBuilder {
  private readonly numbers: SeqUnwrapper
  private readonly segments = new MinMaxPyramid()
  private readonly retransmissions = new MinMaxPyramid()
  private readonly outOfOrder = new MinMaxPyramid()
  private readonly acks = new MinMaxPyramid()
  private readonly windowEdges = new MinMaxPyramid()
  private readonly sackBlocks = new MinMaxPyramid()
  private readonly rtt = new MinMaxPyramid()
  private readonly bytesInFlight = new MinMaxPyramid()
  private readonly window = new MinMaxPyramid()
  private readonly payload = new MinMaxPyramid()
  private readonly delivered = new MinMaxPyramid()
  private readonly throughput = new Rates(this.payload)
  private readonly goodput = new Rates(this.delivered)
  /** Behind the last byte of payload, behind the last retransmission, behind what was acknowledged; SYN counts, so data begins at 1. */
  private dataEnd = 1
  private repeatedEnd = 0
  private ackedEnd = 1
  /** Highest acknowledgment, and what it was before the last one. */
  private highestAck = 0
  private ackBefore = 0
  private readonly base: number
  private readonly scale: number
  private readonly shift: number

  constructor(private readonly sender: FlowEnd, private readonly receiver: FlowEnd) {
    this.base = sender.analysis.base
    this.scale = receiver.analysis.scale
    this.numbers = new SeqUnwrapper(this.base)
    this.shift = Math.max(0, this.scale)
  }

  /** The number that everything is relative to, and the scale of the windows, are others than when this began. */
  get isStale(): boolean {
    return this.base !== this.sender.analysis.base || this.scale !== this.receiver.analysis.scale
  }

  takeSegment(time: number, packet: number, record: PacketRecord): void {
    const { flags, findings, payloadLength } = record
    if (record.bytesInFlight > 0) this.bytesInFlight.add(time, record.bytesInFlight, record.bytesInFlight, packet)
    const span = payloadLength + ((flags & TcpFlag.syn) !== 0 ? 1 : 0) + ((flags & TcpFlag.fin) !== 0 ? 1 : 0)
    if (span === 0) return
    const seq = this.numbers.take(record.seq)
    const isRepeated = (findings & repeated) !== 0
    const columns = isRepeated ? this.retransmissions : (findings & Finding.outOfOrder) !== 0 ? this.outOfOrder : this.segments
    columns.add(time, seq, seq + span, packet)
    if (isRepeated) this.repeatedEnd = Math.max(this.repeatedEnd, seq + span)
    if (payloadLength === 0) return
    this.payload.add(time, payloadLength, payloadLength, packet)
    this.dataEnd = Math.max(this.dataEnd, seq + ((flags & TcpFlag.syn) !== 0 ? 1 : 0) + payloadLength)
  }

  /** Takes what the other end says; a RST's window and mostly its acknowledgment mean nothing (RFC 9293 §3.10.7). */
  takeAck(time: number, packet: number, record: PacketRecord, sackCount: number, edges: Uint32Array): void {
    if ((record.flags & (TcpFlag.ack | TcpFlag.rst)) !== TcpFlag.ack) return
    // Where only one direction was captured, nothing but its acknowledgments says how far the other has come.
    const ack = this.sender.bytes === 0 ? this.numbers.take(record.ack) : this.numbers.place(record.ack)
    this.ackBefore = this.highestAck
    this.highestAck = Math.max(this.highestAck, ack)
    const window = (record.flags & TcpFlag.syn) !== 0 ? record.window : record.window * 2 ** this.shift
    this.acks.add(time, ack, ack, packet)
    this.window.add(time, window, window, packet)
    this.windowEdges.add(time, ack + window, ack + window, packet)
    for (let i = 0; i < Math.min(sackCount, maxSackBlocks); i++) {
      const left = this.numbers.place(edges[2 * i])
      const right = this.numbers.place(edges[2 * i + 1])
      if (left < right) this.sackBlocks.add(time, left, right, packet)
    }
    const end = Math.min(ack, this.dataEnd)
    if (end <= this.ackedEnd) return
    this.delivered.add(time, end - this.ackedEnd, end - this.ackedEnd, packet)
    this.ackedEnd = end
  }

  /** Takes a sample of the acknowledgment that was taken last. */
  takeRtt(time: number, packet: number, milliseconds: number): void {
    if (milliseconds >= 0 && this.ackBefore >= this.repeatedEnd) this.rtt.add(time, milliseconds, milliseconds, packet)
  }

  /** @param duration of the flow, over which rates are counted */
  series(duration: number): DirectionSeries {
    const { segments, retransmissions, outOfOrder, acks, windowEdges, sackBlocks, rtt, bytesInFlight, window, throughput, goodput } = this
    return {
      segments, retransmissions, outOfOrder, acks, windowEdges, sackBlocks, rtt, bytesInFlight, window, isWindowScaleUnseen: this.scale === unknownScale,
      get throughput() { return throughput.over(duration) },
      get goodput() { return goodput.over(duration) },
    }
  }
}

/** Rates are counted when somebody looks, and again only when there is more to count. */
class Rates {
  private rates = new MinMaxPyramid()
  private counted = 0
  private duration = 0

  constructor(private readonly amounts: MinMaxPyramid) {}

  over(duration: number): MinMaxPyramid {
    if (this.counted === this.amounts.count && this.duration === duration) return this.rates
    this.counted = this.amounts.count
    this.duration = duration
    this.rates = rateSeries(this.amounts, duration)
    return this.rates
  }
}
