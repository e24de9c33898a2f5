import { DirectionBuilder, maxSackBlocks } from './direction-series.ts'
import type { DirectionSeries } from './direction-series.ts'
import type { Flow } from './flow.ts'
import type { FlowTracker } from './flow-tracker.ts'
import { PacketMark, PacketRecord, Protocol } from './packet-store.ts'
import type { PacketStore } from './packet-store.ts'

/** Reads the SACK blocks of a packet back: left and right edge of each in turn. @returns the number of blocks, 0 where the bytes are not there */
export type SackReader = (packet: number, edges: Uint32Array, record: PacketRecord) => number

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
export function flowSeries(store: PacketStore, tracker: FlowTracker, flowNumber: number, sackOf?: SackReader): FlowSeries {
  const builder = new FlowSeriesBuilder(store, tracker.flows[flowNumber], sackOf)
  builder.advance(Infinity)
  return builder.series()
}

/** The same piece by piece, while packets come. */
export class FlowSeriesBuilder {
  /** Packets of the flow that have been taken. */
  taken = 0
  private duration = 0
  private fromClient: DirectionBuilder
  private fromServer: DirectionBuilder
  private readonly record = new PacketRecord()
  private readonly acked = new PacketRecord()
  private readonly edges = new Uint32Array(2 * maxSackBlocks)

  constructor(private readonly store: PacketStore, private readonly flow: Flow, private readonly sackOf: SackReader = () => 0) {
    this.fromClient = new DirectionBuilder(flow.client, flow.server)
    this.fromServer = new DirectionBuilder(flow.server, flow.client)
  }

  get isComplete(): boolean { return this.taken === this.flow.packets.length }

  /** Takes so many more packets at most; begins again where what the numbers are relative to has changed. */
  advance(packets: number): void {
    if (this.fromClient.isStale || this.fromServer.isStale) this.restart()
    const until = Math.min(this.flow.packets.length, this.taken + packets)
    while (this.taken < until) this.take(this.flow.packets.at(this.taken++))
  }

  series(): FlowSeries {
    return { duration: this.duration, fromClient: this.fromClient.series(this.duration), fromServer: this.fromServer.series(this.duration) }
  }

  private take(packet: number): void {
    const { record, acked, edges, flow } = this
    this.store.read(packet - 1, record)
    if (record.protocol !== Protocol.tcp) return
    const time = record.timeSec - flow.firstSec + (record.timeNsec - flow.firstNsec) / 1e9
    if (time > this.duration) this.duration = time
    const isFromServer = (record.marks & PacketMark.fromServer) !== 0
    const sent = isFromServer ? this.fromServer : this.fromClient
    const answered = isFromServer ? this.fromClient : this.fromServer
    sent.takeSegment(time, packet, record)
    answered.takeAck(time, packet, record, this.sackOf(packet, edges, record), edges)
    if (!this.store.has(record.acksPacket - 1)) return
    this.store.read(record.acksPacket - 1, acked)
    answered.takeRtt(time, packet, (record.timeSec - acked.timeSec) * 1e3 + (record.timeNsec - acked.timeNsec) / 1e6)
  }

  private restart(): void {
    this.taken = 0
    this.duration = 0
    this.fromClient = new DirectionBuilder(this.flow.client, this.flow.server)
    this.fromServer = new DirectionBuilder(this.flow.server, this.flow.client)
  }
}
