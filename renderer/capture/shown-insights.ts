import type { FlowVerdict } from '../../src/rpc/flows-contract.ts'
import type { Decision } from '../../src/rpc/host-contract.ts'
import type { PacketInsight } from '../../src/rpc/packets-contract.ts'
import type { InsightSeverity } from '../../src/trace/insight/insight.ts'
import { verdictTable } from '../../src/trace/insight/verdicts.ts'
import { reasonParams } from '../../src/words/reason-params.ts'

type Translate = (key: string, params?: Record<string, string | number>) => string

export interface InsightLine { key: string, name: string, severity: InsightSeverity, text: string, packets: readonly number[] }

const sides = ['client', 'server'] as const

/** What a packet shows, in words with the source of each rule. */
export function insightLines(insights: readonly PacketInsight[], t: Translate): InsightLine[] {
  return insights.map(({ name, severity, source, operands, packets }, i) => ({
    key: `${name} ${i}`, name: t(`insights.names.${name}`), severity, packets, text: `${t(`insights.proofs.${name}`, reasonParams('', operands))} (${source})`,
  }))
}

/** What a flow comes to, the gravest first. */
export function verdictLines(verdicts: readonly FlowVerdict[], t: Translate): InsightLine[] {
  const lines = verdicts.map(({ name, side, params, packets }, i) => ({
    key: `${name} ${i}`, name, severity: verdictTable[name], packets,
    text: t(`insights.verdicts.${name}`, { ...reasonParams('', params), side: t(`insights.sides.${sides[side]}`), whose: t(`insights.whose.${sides[side]}`) }),
  }))
  const order: readonly InsightSeverity[] = ['error', 'warn', 'note']
  return lines.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}

/** Whether the segment was sent or dropped by a host of the lab, as a heading. */
export function reasonTitle({ verb }: Decision): string {
  return verb === 'dropped' ? 'insights.reasonReceived' : 'insights.reason'
}

/** ` [No. 3, No. 5]`, for lines of text. */
export function packetsText(packets: readonly number[], t: Translate): string {
  return packets.length === 0 ? '' : ` [${packets.map((number) => t('findings.packet', { number })).join(', ')}]`
}
