import type { FlowInsights, LimitedTimes } from '../../rpc/flows-contract.ts'
import type { PacketInsight } from '../../rpc/packets-contract.ts'
import type { Flow } from '../flow.ts'
import type { FlowTracker } from '../flow-tracker.ts'
import { PacketMark, PacketRecord } from '../packet-store.ts'
import type { PacketStore } from '../packet-store.ts'
import type { InsightRow } from './insight-rows.ts'
import type { Insights } from './insights.ts'
import { insightNames, insightTable } from './insight.ts'
import type { InsightRule } from './insight.ts'
import { Limit, limitNames } from './limit.ts'
import type { LimitName } from './limit.ts'
import type { LimitedSpans } from './limited-spans.ts'
import type { LimitedTime } from './limited-time.ts'
import { flowVerdicts } from './verdicts.ts'

/** What was found in a packet, with relative numbers. @param number counts from 1 and must exist */
export function packetInsights(number: number, insights: Insights, store: PacketStore, tracker: FlowTracker): PacketInsight[] {
  if (!insights.has(number)) return []
  const record = new PacketRecord()
  store.read(number - 1, record)
  const flow = tracker.flows[record.flow]
  const isFromServer = (record.marks & PacketMark.fromServer) !== 0
  const own = (isFromServer ? flow.server : flow.client).analysis.base
  const other = (isFromServer ? flow.client : flow.server).analysis.base
  return insights.of(number).map((row) => shown(row, own, other))
}

/** @returns null where nothing was gathered of the flow */
export function flowInsights(number: number, insights: Insights): FlowInsights | null {
  const insight = insights.flow(number)
  if (insight === null) return null
  return { flow: number, verdicts: flowVerdicts(insight), client: timesOf(insight.client.time), server: timesOf(insight.server.time) }
}

/** One thing kept an end from sending; seconds since the flow's first packet. */
export interface LimitedSpan { limit: LimitName, from: number, to: number }
/** Of the data of each end, in the order of time. */
export interface FlowLimits { client: LimitedSpan[], server: LimitedSpan[] }

/** @returns null where nothing was gathered of the flow */
export function flowLimits({ number, firstSec, firstNsec }: Flow, insights: Insights): FlowLimits | null {
  const insight = insights.flow(number)
  if (insight === null) return null
  const originUs = insights.timeUsOf(firstSec, firstNsec)
  return { client: spansOf(insight.client.time.spans, originUs), server: spansOf(insight.server.time.spans, originUs) }
}

function spansOf(spans: LimitedSpans | null, originUs: number): LimitedSpan[] {
  const seconds = (us: number) => (us - originUs) / 1e6
  return Array.from({ length: spans?.count ?? 0 }, (_, i) => ({ limit: limitNames[spans!.limitAt(i)], from: seconds(spans!.fromUs(i)), to: seconds(spans!.toUs(i)) }))
}

function shown({ kind, values, packets }: InsightRow, own: number, other: number): PacketInsight {
  const name = insightNames[kind]
  const { severity, source, operands }: InsightRule = insightTable[name]
  const shownOperands = Object.entries(operands).map(([operand, of], i) => [operand, of === 'plain' ? values[i] : (values[i] - (of === 'own' ? own : other)) >>> 0])
  return { name, severity, source, operands: Object.fromEntries(shownOperands) as Record<string, number>, packets: [...new Set(packets)].filter((packet) => packet > 0) }
}

function timesOf(time: LimitedTime): LimitedTimes {
  const rounded = (times: Record<LimitName, number>) => Object.fromEntries(limitNames.map((name) => [name, Math.round(times[name])])) as Record<LimitName, number>
  const totals = Object.fromEntries(limitNames.map((name) => [name, time.totalUs(Limit[name])])) as Record<LimitName, number>
  return { widthUs: time.widthUs, totals: rounded(totals), intervals: time.intervals().map(rounded) }
}
