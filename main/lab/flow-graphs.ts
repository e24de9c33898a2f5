import { fault, FaultError } from '../../src/base/fault.ts'
import { PacketView } from '../../src/filter/packet-view.ts'
import { busierSide, graphOf } from '../../src/graph/graph.ts'
import type { EndsCongestion } from '../../src/graph/graph.ts'
import { viewOf } from '../../src/graph/view.ts'
import type { FlowRow, FlowSeriesAnswer, FlowSeriesRequest } from '../../src/rpc/flows-contract.ts'
import type { Flow } from '../../src/trace/flow.ts'
import { PacketMark, Protocol } from '../../src/trace/packet-store.ts'
import type { ByteReader } from '../../src/trace/packet-rows.ts'
import { FlowSeriesBuilder } from '../../src/trace/series.ts'
import type { SackReader } from '../../src/trace/series.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { TcpFlag } from '../../src/wire/tcp.ts'
import { SackOptions } from '../files/sack-options.ts'

const noCongestion: EndsCongestion = { client: null, server: null }
/** Flows whose series are kept: they take up to 300 bytes a packet. */
const flowsKept = 2
/** Packets that are taken between two looks at the clock. */
const stepPackets = 256

/** The graphs of the flows that are looked at, brought up to date within a bounded time whenever somebody asks. */
export class FlowGraphs {
  private readonly builders = new Map<number, FlowSeriesBuilder>()

  /** @param congestionOf what the lab knows of ends that are its own */
  constructor(
    private readonly trace: Trace, private readonly bytesOf: ByteReader,
    private readonly congestionOf: (flow: FlowRow, originUs: number) => EndsCongestion = () => noCongestion,
  ) {}

  /** @throws FaultError noSuchFlow */
  answer(request: FlowSeriesRequest, clock: () => number, budgetUs: number): FlowSeriesAnswer {
    const flow = this.trace.tracker.flows.at(request.flow)
    if (flow === undefined || flow.hasLeft || flow.protocol !== Protocol.tcp) throw new FaultError(fault('noSuchFlow', { flow: request.flow, count: this.trace.flowCount }))
    const builder = this.builderOf(request.flow)
    const untilUs = clock() + budgetUs
    do builder.advance(stepPackets)
    while (!builder.isComplete && clock() < untilUs)
    const series = builder.series()
    const sender = request.sender ?? busierSide(flow)
    const { from = 0, to = series.duration } = request
    const view = viewOf(graphOf(request.kind, series, sender, this.trace.flowLimits(request.flow), request.kind === 'window' ? this.congestion(flow) : noCongestion), from, Math.max(from, to), request.columns)
    return { stream: flow.stream, sender, taken: builder.taken, total: flow.packets.length, view }
  }

  private congestion({ number, firstSec, firstNsec }: Flow): EndsCongestion {
    return this.congestionOf(this.trace.flowRow(number), firstSec * 1e6 + firstNsec / 1e3)
  }

  private builderOf(number: number): FlowSeriesBuilder {
    const { store, tracker } = this.trace
    const builder = this.builders.get(number) ?? new FlowSeriesBuilder(store, tracker.flows[number], this.sackReader())
    this.builders.delete(number)
    this.builders.set(number, builder)
    for (const old of this.builders.keys()) if (this.builders.size > flowsKept) this.builders.delete(old)
    return builder
  }

  /** Reads bytes back only of packets with more header than the leanest that its sender has sent: the others have no room for SACK blocks. */
  private sackReader(): SackReader {
    const view = new PacketView(this.trace, (_index, record) => record.fileOffset < 0 ? null : this.bytesOf(record.fileOffset, record.capturedLength))
    const options = new SackOptions()
    const leanest = [Infinity, Infinity]
    return (packet, edges, record) => {
      if ((record.flags & (TcpFlag.ack | TcpFlag.syn | TcpFlag.rst)) !== TcpFlag.ack) return 0
      const headers = record.originalLength - record.payloadLength
      const from = (record.marks & PacketMark.fromServer) === 0 ? 0 : 1
      const isLean = headers <= leanest[from]
      if (isLean) {
        const isFirst = leanest[from] === Infinity
        leanest[from] = headers
        if (!isFirst) return 0
      }
      view.moveTo(packet - 1)
      const found = options.of(view)
      edges.set(found)
      return found.length / 2
    }
  }
}
