import type { ConversationPage, EndpointPage, EndpointRow, StatisticsSummary } from '../../src/rpc/statistics-contract.ts'
import { wiresharkNames } from '../../src/trace/finding.ts'
import { formatEndpoint } from '../../src/wire/addresses.ts'
import { formatBytes, formatCompact, formatCount, formatPercent, formatTime } from '../format.ts'
import { textTable } from './text-table.ts'

type Translate = (key: string, params?: Record<string, unknown>) => string

export const endText = (address: string, port: number): string => port < 0 ? address : formatEndpoint(address, port)

export function printStatistics({ packets, bytes, seconds, protocols, findings }: StatisticsSummary, t: Translate, columns: number): string[] {
  const heads = [
    { head: t('window.statistics.protocol') }, { head: t('window.flows.packets'), align: 'right' }, { head: '%', align: 'right' }, { head: t('window.flows.bytes'), align: 'right' }, { head: '%', align: 'right' },
  ] as const
  const rows = protocols.map((node) => ['  '.repeat(node.depth) + node.name, formatCount(node.packets), formatPercent(node.packets, packets), formatCount(node.bytes), formatPercent(node.bytes, bytes)])
  const found = findings.map(({ name, packets: count, first }) => [t(`findings.names.${name}`), wiresharkNames[name], formatCount(count), `No. ${first}`])
  return [
    t('window.statistics.summary', { packets: formatCount(packets), bytes: formatBytes(bytes), seconds: formatTime(seconds) }), ...textTable(heads, rows, columns),
    ...(found.length === 0 ? [] : ['', ...textTable([{ head: t('findings.title') }, { head: '' }, { head: t('window.flows.packets'), align: 'right' }, { head: t('window.statistics.first') }], found, columns)]),
  ]
}

export function printConversations({ rows }: ConversationPage, t: Translate, columns: number): string[] {
  const heads = [
    { head: 'A' }, { head: 'B' }, { head: `${t('window.flows.packets')} →`, align: 'right' }, { head: '←', align: 'right' }, { head: `${t('window.flows.bytes')} →`, align: 'right' }, { head: '←', align: 'right' },
    { head: t('window.statistics.start'), align: 'right' }, { head: t('window.statistics.duration'), align: 'right' },
  ] as const
  return textTable(heads, rows.map((row) => [endText(row.a, row.aPort), endText(row.b, row.bPort), ...counts(row), formatTime(row.start), formatTime(row.duration)]), columns)
}

export function printEndpoints({ rows }: EndpointPage, t: Translate, columns: number): string[] {
  const heads = [
    { head: t('window.statistics.end') }, { head: `${t('window.flows.packets')} →`, align: 'right' }, { head: '←', align: 'right' }, { head: `${t('window.flows.bytes')} →`, align: 'right' }, { head: '←', align: 'right' },
  ] as const
  return textTable(heads, rows.map((row) => [endText(row.a, row.aPort), ...counts(row)]), columns)
}

function counts({ packetsA, packetsB, bytesA, bytesB }: EndpointRow): string[] {
  return [packetsA, packetsB, bytesA, bytesB].map(formatCompact)
}
