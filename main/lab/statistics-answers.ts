import type { ConversationPage, EndpointPage, EndpointRow, IoAnswer, IoRequest, PairRequest, StatisticsSummary } from '../../src/rpc/statistics-contract.ts'
import { pairLayers, pairSorts } from '../../src/rpc/statistics-contract.ts'
import type { CaptureStatistics } from '../../src/trace/statistics/capture-statistics.ts'
import { ioIntervalsMs } from '../../src/trace/statistics/io-bins.ts'
import { conversationRow, sortedEndpoints, sortedPairs } from '../../src/trace/statistics/pair-rows.ts'
import { statisticsSummary } from '../../src/trace/statistics/summary.ts'
import { choiceOf, fieldsOf, integerOf, listOf, optional, textOf } from './arguments.ts'
import { IoSeries } from './io-series.ts'
import type { Lab } from './lab.ts'

const rowsAtMost = 500
const seriesAtMost = 8
/** Longest that one call counts; the shell asks again for the rest. */
const atOnceUs = 20_000
/** Share of the time that sorting may take while packets come: an order is kept so many times as long as it took. */
const keptFor = 20
const whole = Number.MAX_SAFE_INTEGER
const intervals = ioIntervalsMs.map(String)

interface Order<T> { key: string, packets: number, madeAtUs: number, tookUs: number, rows: T }

/** Answers about what is counted of all packets. */
export function statisticsAnswers(lab: Lab) {
  const capture = () => lab.requireOpen().capture
  const pairs = new WeakMap<CaptureStatistics, Order<Uint32Array>>()
  const ends = new WeakMap<CaptureStatistics, Order<EndpointRow[]>>()
  const pageOf = (request: unknown) => {
    const { layer, from, count, sort, descending } = fieldsOf(request, 'request')
    return {
      layer: choiceOf(layer, 'layer', pairLayers), from: integerOf(from, 'from', 0, whole), count: Math.min(integerOf(count, 'count', 0, whole), rowsAtMost),
      sort: optional(sort, (name) => choiceOf(name, 'sort', pairSorts)) ?? 'number', descending: descending === true,
    }
  }
  function inOrder<T>(orders: WeakMap<CaptureStatistics, Order<T>>, statistics: CaptureStatistics, key: string, make: () => T): T {
    const known = orders.get(statistics)
    const nowUs = lab.clock()
    if (known?.key === key && (known.packets === statistics.packets || nowUs < known.madeAtUs + keptFor * known.tookUs)) return known.rows
    const rows = make()
    const madeAtUs = lab.clock()
    orders.set(statistics, { key, packets: statistics.packets, madeAtUs, tookUs: madeAtUs - nowUs, rows })
    return rows
  }
  return {
    getStatistics: (): StatisticsSummary => statisticsSummary(capture().statistics),
    getConversations: (request: PairRequest): ConversationPage => {
      const { layer, from, count, sort, descending } = pageOf(request)
      const { statistics, trace: { tracker } } = capture()
      const order = inOrder(pairs, statistics, [layer, sort, descending, statistics.pairsLeft].join(' '), () => sortedPairs(statistics, tracker, layer, sort, descending))
      return { total: order.length, from, rows: Array.from(order.subarray(from, from + count), (pair) => conversationRow(statistics, tracker, layer, pair)) }
    },
    getEndpoints: (request: PairRequest): EndpointPage => {
      const { layer, from, count, sort, descending } = pageOf(request)
      const { statistics, trace: { tracker } } = capture()
      const rows = inOrder(ends, statistics, [layer, sort, descending, statistics.pairsLeft].join(' '), () => sortedEndpoints(statistics, tracker, layer, sort, descending))
      return { total: rows.length, from, rows: rows.slice(from, from + count) }
    },
    getIoSeries: (request: IoRequest): IoAnswer => {
      const { filters, intervalMs } = fieldsOf(request, 'request')
      const wanted = optional(intervalMs, (given) => Number(choiceOf(String(given), 'intervalMs', intervals)))
      const expressions = listOf(filters, 'filters', (filter, name) => textOf(filter, name, 65_536).trim())
      integerOf(expressions.length, 'filters.length', 1, seriesAtMost)
      const { trace, bytesOf } = capture()
      const series = expressions.map((expression) => IoSeries.of(trace, expression, wanted, bytesOf))
      const untilUs = lab.clock() + atOnceUs
      for (const each of series) each.advance(lab.clock, untilUs)
      const interval = Math.max(...series.map(({ bins }) => bins.intervalMs))
      for (const { bins } of series) bins.widenTo(interval)
      return {
        intervalMs: interval, total: trace.packetCount,
        series: series.map(({ bins, scanned }) => ({ packets: bins.packets.slice(0, bins.count), bytes: bins.bytes.slice(0, bins.count), scanned })),
      }
    },
  }
}
