import { pairLayers } from '../../src/rpc/statistics-contract.ts'
import type { ConversationRow, EndpointRow } from '../../src/rpc/statistics-contract.ts'
import { wiresharkNames } from '../../src/trace/finding.ts'
import { CaptureStatistics } from '../../src/trace/statistics/capture-statistics.ts'
import { IoBins } from '../../src/trace/statistics/io-bins.ts'
import { conversationRow, sortedEndpoints, sortedPairs } from '../../src/trace/statistics/pair-rows.ts'
import { statisticsSummary } from '../../src/trace/statistics/summary.ts'
import { PacketRecord } from '../../src/trace/packet-store.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { formatEndpoint } from '../../src/wire/addresses.ts'
import type { View } from './analyze.ts'
import type { Output } from './output.ts'
import type { Words } from './words.ts'

/** `analyze --statistics`: protocols, conversations, endpoints, lengths, packets over time and findings of what the display filter leaves. */
export function statisticsView(trace: Trace, output: Output, options: { intervalMs: number | undefined, json: boolean, words: Words }): View {
  const statistics = new CaptureStatistics()
  const bins = new IoBins(options.intervalMs)
  const start = new PacketRecord()
  return {
    take(batch, reader, first, chosen) {
      statistics.take(batch, reader.frameLinkTypes, trace, first, chosen)
      trace.store.read(0, start)
      for (let i = 0; i < batch.count; i++) {
        if (chosen?.[i] === 0) continue
        const nsec = batch.timeNsec[i] - start.timeNsec
        bins.add(batch.timeSec[i] - start.timeSec - (nsec < 0 ? 1 : 0), nsec < 0 ? nsec + 1e9 : nsec, batch.originalLength[i])
      }
    },
    async end() {
      if (options.json) output.line(JSON.stringify(asObject(statistics, trace, bins)))
      else for (const line of asText(statistics, trace, bins, options.words)) await print(output, line)
    },
  }
}

async function print(output: Output, line: string): Promise<void> {
  output.line(line)
  await output.room()
}

function asObject(statistics: CaptureStatistics, { tracker }: Trace, bins: IoBins): unknown {
  const { packets, bytes, seconds, protocols, lengths, findings } = statisticsSummary(statistics)
  const pages = pairLayers.map((layer) => [layer, Array.from(sortedPairs(statistics, tracker, layer, 'number', false), (pair) => conversationRow(statistics, tracker, layer, pair))] as const)
  return {
    packets, bytes, seconds, protocols, lengths,
    findings: findings.map(({ name, packets, first }) => ({ name: wiresharkNames[name], packets, first })),
    conversations: Object.fromEntries(pages.map(([layer, rows]) => [layer, rows.map(({ flow, ...row }) => flow < 0 ? row : { ...row, flow })])),
    endpoints: Object.fromEntries(pairLayers.map((layer) => [layer, sortedEndpoints(statistics, tracker, layer, 'number', false)])),
    io: { intervalMs: bins.intervalMs, packets: [...bins.packets.subarray(0, bins.count)], bytes: [...bins.bytes.subarray(0, bins.count)], before: bins.before },
  }
}

/** Sections with a heading each; columns are separated by tabs, as everywhere on this command line. */
function* asText(statistics: CaptureStatistics, { tracker }: Trace, bins: IoBins, words: Words): Generator<string> {
  const { packets, bytes, seconds, protocols, lengths, findings } = statisticsSummary(statistics)
  yield words('cli.analyze.packets', { packets, bytes, seconds: seconds.toFixed(6) })
  const percent = (part: number, all: number): string => all === 0 ? '0.0%' : `${(100 * part / all).toFixed(1)}%`
  yield `\n# ${words('cli.statistics.protocols')}`
  for (const node of protocols) yield [`${'  '.repeat(node.depth)}${node.name}`, node.packets, percent(node.packets, packets), node.bytes, percent(node.bytes, bytes)].join('\t')
  for (const layer of pairLayers) {
    const pairs = sortedPairs(statistics, tracker, layer, 'bytes', true)
    if (pairs.length === 0) continue
    yield `\n# ${words('cli.statistics.conversations', { layer })}`
    for (const pair of pairs) yield conversationText(conversationRow(statistics, tracker, layer, pair))
  }
  for (const layer of pairLayers) {
    const ends = sortedEndpoints(statistics, tracker, layer, 'bytes', true)
    if (ends.length === 0) continue
    yield `\n# ${words('cli.statistics.endpoints', { layer })}`
    for (const end of ends) yield endpointText(end)
  }
  yield `\n# ${words('cli.statistics.lengths')}`
  for (const { from, to, packets: count, bytes: sum, least, most } of lengths) {
    yield [to === null ? `${from}-` : `${from}-${to}`, count, percent(count, packets), ...(count === 0 ? ['-', '-', '-'] : [(sum / count).toFixed(2), least, most])].join('\t')
  }
  yield `\n# ${words('cli.statistics.io', { seconds: bins.intervalMs / 1000 })}`
  for (let i = 0; i < bins.count; i++) yield [(i * bins.intervalMs / 1000).toFixed(3), bins.packets[i], bins.bytes[i]].join('\t')
  if (findings.length > 0) yield `\n# ${words('cli.statistics.findings')}`
  for (const { name, packets: count, first } of findings) yield [wiresharkNames[name], count, first].join('\t')
}

function conversationText({ a, aPort, b, bPort, packetsA, bytesA, packetsB, bytesB, start, duration, flow }: ConversationRow): string {
  return [...(flow < 0 ? [] : [flow]), endText(a, aPort), endText(b, bPort), packetsA, bytesA, packetsB, bytesB, start.toFixed(6), duration.toFixed(6)].join('\t')
}

function endpointText({ a, aPort, packetsA, bytesA, packetsB, bytesB }: EndpointRow): string {
  return [endText(a, aPort), packetsA, bytesA, packetsB, bytesB].join('\t')
}

const endText = (address: string, port: number): string => port < 0 ? address : formatEndpoint(address, port)
