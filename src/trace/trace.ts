import type { Keep } from '../rpc/contract.ts'
import type { FlowInsights, FlowPage, FlowRow } from '../rpc/flows-contract.ts'
import type { PacketBytes, PacketInsight, PacketRow, PacketRowPage, PacketRowRequest } from '../rpc/packets-contract.ts'
import { FrameTracker } from './frame-tracker.ts'
import type { FrameColumns } from './frame-tracker.ts'
import type { Flow } from './flow.ts'
import { flowRow } from './flow-rows.ts'
import type { KnownEnds } from './flow-rows.ts'
import { FlowTracker } from './flow-tracker.ts'
import type { FlowTrackerOptions } from './flow-tracker.ts'
import { flowInsights, flowLimits, packetInsights } from './insight/insight-views.ts'
import type { FlowLimits } from './insight/insight-views.ts'
import { Insights } from './insight/insights.ts'
import { firstToKeep, keepAll } from './keep.ts'
import type { PacketComments } from './packet-comments.ts'
import { PacketAnalyses } from './packet-analysis.ts'
import type { PacketAnalysis } from './packet-analysis.ts'
import { PacketRows } from './packet-rows.ts'
import type { ByteReader } from './packet-rows.ts'
import { PacketRecord, PacketStore } from './packet-store.ts'

/** The id of the reason why a TCP segment was sent or dropped by a host of the lab; null where none of them decided it. */
export type ReasonReader = (record: PacketRecord, flow: Flow) => string | null

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
  /** What a host of the lab decided of a packet, where one did. */
  reasonOf: ReasonReader | null = null
  /** Null where nobody reads or writes comments. */
  comments: PacketComments | null = null
  /** What stays in {@link trim}. */
  keep: Keep = keepAll
  /** Another object each time that packets have left: what was worked out of all of them is worked out anew. */
  kept: object = {}
  /** Somebody goes through the packets piece by piece: none leaves meanwhile. */
  private holds = 0
  private keptBytes = 0

  private readonly builder: PacketRows
  private readonly analyses: PacketAnalyses
  private readonly record = new PacketRecord()
  private readonly frames: FrameTracker

  constructor(options: FlowTrackerOptions & { insights?: boolean } = {}) {
    this.tracker = new FlowTracker(options)
    this.insights = options.insights ? new Insights(this.store, this.tracker) : null
    this.frames = new FrameTracker(this.tracker, this.insights)
    this.builder = new PacketRows(this.store, this.tracker)
    this.analyses = new PacketAnalyses(this.store, this.tracker)
  }

  /** Packets that came. */
  get packetCount(): number { return this.store.count }
  /** Packets that have left. */
  get packetsLeft(): number { return this.store.first }
  get flowCount(): number { return this.tracker.flowCount }

  /**
   * Takes a batch. Nothing of it is kept but numbers.
   * @param linkType of all frames, or of each
   * @param fileOffsets where each frame's bytes stand in the recording, -1 for nowhere; null: nowhere
   */
  append(batch: FrameColumns, linkType: number | Uint16Array, fileOffsets: Float64Array | null): void {
    const isOne = typeof linkType === 'number'
    this.store.prepare(batch, linkType, fileOffsets)
    for (let i = 0; i < batch.count; i++) {
      this.frames.take(batch, i, isOne ? linkType : linkType[i], this.store.count + 1)
      this.store.append(this.frames.record)
      this.keptBytes += batch.capturedLength[i]
    }
  }

  /**
   * Lets packets leave that {@link keep} does not keep, with the flows that end with them. Packet numbers stay; numbers of flows go to later ones.
   * @returns numbers of the flows that left; null where nothing did
   */
  trim(): number[] | null {
    const { store } = this
    const first = this.holds > 0 ? store.first : firstToKeep(this.keep, store, this.keptBytes)
    if (first === store.first) return null
    this.keptBytes -= store.leaveBefore(first)
    this.kept = {}
    const flows = this.tracker.leaveBefore(first + 1)
    this.insights?.leaveBefore(first + 1, flows)
    this.comments?.leaveBefore(first + 1)
    return flows
  }

  /** No packet leaves until what is returned is called. */
  hold(): () => void {
    this.holds++
    return () => { this.holds-- }
  }

  /** Where the first packet stands of those that are there and recorded; -1 where none is. */
  get firstKeptOffset(): number {
    const { store, record } = this
    for (let index = store.first; index < store.count; index++) {
      store.read(index, record)
      if (record.fileOffset >= 0) return record.fileOffset
    }
    return -1
  }

  /** Seconds from the first packet of all to the first that is there. */
  get firstKeptTime(): number {
    const { store, record } = this
    if (store.first === store.count) return 0
    store.read(0, record)
    const { timeSec, timeNsec } = record
    store.read(store.first, record)
    return record.timeSec - timeSec + (record.timeNsec - timeNsec) / 1e9
  }

  rows(request: PacketRowRequest, bytesOf: ByteReader): PacketRowPage {
    const flow = request.flow ?? null
    const list = flow === null ? null : this.tracker.flows[flow]?.packets
    if (list === undefined) return { total: 0, from: 0, rows: [] }
    const total = list ? list.length : this.store.count - this.store.first
    const { from, count } = pageOf(request, total)
    const rows: PacketRow[] = []
    for (let i = from; i < from + count; i++) rows.push(this.builder.row(list ? list.at(i) : this.store.first + i + 1, bytesOf, this.comments))
    return { total, from, rows }
  }

  /** Rows of given packets, which must exist. */
  rowsOf(numbers: readonly number[], bytesOf: ByteReader): PacketRow[] {
    return numbers.map((number) => this.builder.row(number, bytesOf, this.comments))
  }

  /** @returns null where there is no such packet */
  packet(number: number, bytesOf: ByteReader): PacketBytes | null {
    return this.has(number) ? { ...this.builder.packetBytes(number, bytesOf, this.comments), insights: this.packetInsights(number) } : null
  }

  /** The comments of a packet; null where there is no such packet. */
  commentsOf(number: number): readonly string[] | null {
    if (!this.has(number)) return null
    this.store.read(number - 1, this.record)
    return this.comments?.of(number, this.record) ?? []
  }

  /** Writes, or with '' deletes, the comment of a packet that is there; filters look at all packets anew. */
  comment(number: number, text: string): void {
    this.store.read(number - 1, this.record)
    this.comments!.write(number, this.record, text)
    this.kept = {}
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

  /** What kept the ends of a flow from sending, and when; null where nothing was gathered of it. @param number must exist */
  flowLimits(number: number): FlowLimits | null {
    return this.insights === null ? null : flowLimits(this.tracker.flows[number], this.insights)
  }

  /** Position of a packet among all rows, or among a flow's; -1 when it is not there. */
  findRow(packet: number, flow: number | null = null): number {
    if (flow !== null) return this.tracker.flows[flow]?.packets.indexOf(packet) ?? -1
    return this.has(packet) ? packet - 1 - this.store.first : -1
  }

  flowPage(from: number, count: number): FlowPage {
    const { flows, flowsLeft } = this.tracker
    const there = flowsLeft === 0 ? flows : flows.filter(({ hasLeft }) => !hasLeft)
    const page = pageOf({ from, count }, there.length)
    return { total: there.length, from: page.from, flows: there.slice(page.from, page.from + page.count).map((flow) => this.flowRow(flow.number)) }
  }

  /** Flows that had packets since they were taken last, at most `limit`; the others come with the next call. */
  changedFlows(limit: number): FlowRow[] {
    return this.tracker.takeChanged(limit).map((flow) => this.flowRow(flow.number))
  }

  flowRow(number: number): FlowRow {
    this.store.read(0, this.record)
    return flowRow(this.tracker.flows[number], this.tracker, this.record.timeSec, this.record.timeNsec, this.isKnown)
  }

  private has(number: number): boolean {
    return Number.isInteger(number) && this.store.has(number - 1)
  }
}

function pageOf(request: { from: number, count: number }, total: number): { from: number, count: number } {
  const from = Math.min(Math.max(0, Math.floor(request.from) || 0), total)
  const count = Math.min(Math.max(0, Math.floor(request.count) || 0), maxPageRows, total - from)
  return { from, count }
}
