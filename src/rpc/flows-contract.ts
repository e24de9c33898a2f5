import type { GraphKind, Side } from '../graph/graph.ts'
import type { GraphView } from '../graph/view.ts'
import type { LimitName } from '../trace/insight/limit.ts'
import type { VerdictName } from '../trace/insight/verdicts.ts'

/** What a flow comes to (src/trace/insight/verdicts.ts). */
export interface FlowVerdict {
  name: VerdictName
  /** Whose data, or who did it: 0 client, 1 server. */
  side: 0 | 1
  params: Record<string, number>
  /** Packets that show it. */
  packets: number[]
}

/** How long an end was kept from sending by what, in µs. */
export interface LimitedTimes { widthUs: number, totals: Record<LimitName, number>, intervals: Record<LimitName, number>[] }

export interface FlowInsights {
  flow: number
  verdicts: FlowVerdict[]
  client: LimitedTimes
  server: LimitedTimes
}

/** What flows can be sorted by; `age` puts the youngest first. */
export const flowSorts = ['number', 'client', 'server', 'age', 'clientPackets', 'serverPackets', 'clientBytes', 'serverBytes', 'rtt', 'retransmissions', 'findings'] as const
export type FlowSort = typeof flowSorts[number]

export interface FlowRequest { from: number, count: number, sort?: FlowSort, descending?: boolean }

export interface FlowPage { total: number, from: number, flows: FlowRow[] }

export interface FlowRow {
  flow: number
  protocol: 'TCP' | 'UDP' | 'ICMP'
  client: FlowEnd
  server: FlowEnd
  /** Seconds since the first packet of the capture. */
  firstTime: number
  lastTime: number
  /** Handshake round trip in microseconds; -1 unknown. */
  rttUs: number
  retransmissions: number
  /** Packets in which something was found. */
  findings: number
  resets: number
  /** Packets in each of the last 32 seconds, oldest first. */
  activity: number[]
}

/** From `from` to `to` seconds behind the flow's first packet, the whole flow unless said, in at most 4,096 columns of time. */
export interface FlowSeriesRequest {
  flow: number
  kind: GraphKind
  /** Whose data a sequence graph shows; the end that sent more unless said. */
  sender?: Side
  from?: number
  to?: number
  columns: number
}

/** `stream` as Wireshark counts. Packets of the flow that the view knows of: ask again while there are more. */
export interface FlowSeriesAnswer { stream: number, sender: Side, taken: number, total: number, view: GraphView }

export interface FlowEnd {
  address: string
  port: number
  /** Index of TcpState; -1 unknown. */
  state: number
  /** True when this end is a host of the lab, so that its state is known and not inferred. */
  known: boolean
  /** The packet that proves the inferred state; -1 none. */
  proof: number
  packets: number
  bytes: number
}
