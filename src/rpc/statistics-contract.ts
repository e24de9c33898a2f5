import type { FindingName } from '../trace/finding.ts'
import type { PairLayer } from '../trace/statistics/capture-statistics.ts'
import type { LengthRow } from '../trace/statistics/length-counts.ts'
import type { ProtocolNode } from '../trace/statistics/protocol-tree.ts'

export const pairLayers = ['eth', 'ipv4', 'ipv6', 'tcp', 'udp'] as const satisfies readonly PairLayer[]

/** Of all packets since the capture began (or was cleared); bytes are those on the wire. */
export interface StatisticsSummary {
  packets: number
  bytes: number
  /** From the first packet to the latest. */
  seconds: number
  protocols: ProtocolNode[]
  lengths: LengthRow[]
  /** Packets with each finding, and the first of them. */
  findings: { name: FindingName, packets: number, first: number }[]
  conversations: Record<PairLayer, number>
}

export const pairSorts = ['number', 'a', 'b', 'packets', 'bytes', 'packetsA', 'bytesA', 'packetsB', 'bytesB', 'start', 'duration'] as const
export type PairSort = typeof pairSorts[number]

/** `from` is a position among the rows as they are sorted: by number unless said. At most 500 rows a call. */
export interface PairRequest { layer: PairLayer, from: number, count: number, sort?: PairSort, descending?: boolean }

export interface ConversationPage { total: number, from: number, rows: ConversationRow[] }

/** The first end is the client of a TCP connection, otherwise who sent first. */
export interface ConversationRow {
  a: string
  /** -1 where the layer has none. */
  aPort: number
  b: string
  bPort: number
  /** Sent by the first end. */
  packetsA: number
  bytesA: number
  packetsB: number
  bytesB: number
  /** Seconds since the capture began. */
  start: number
  duration: number
  /** Flow of a TCP connection, otherwise -1. */
  flow: number
}

export interface EndpointPage { total: number, from: number, rows: EndpointRow[] }

/** `A` counts what the end sent, `B` what it received. */
export interface EndpointRow { a: string, aPort: number, packetsA: number, bytesA: number, packetsB: number, bytesB: number }

/** A filter each, '' for all packets; at most 8. `intervalMs` is one of `ioIntervalsMs`, or absent: as narrow as the length of the capture allows. */
export interface IoRequest { filters: string[], intervalMs?: number }

/** `scanned`: packets looked at so far, of `total`; ask again while there are more. */
export interface IoAnswer {
  intervalMs: number
  total: number
  series: { packets: Float64Array, bytes: Float64Array, scanned: number }[]
}
