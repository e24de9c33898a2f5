import type { ConversationRow, EndpointRow, PairSort } from '../../rpc/statistics-contract.ts'
import { formatIpv4 } from '../../wire/addresses.ts'
import type { FlowTracker } from '../flow-tracker.ts'
import type { CaptureStatistics, PairLayer } from './capture-statistics.ts'

/** Numbers of the pairs of a layer that have packets, sorted; equal ones stay in the order in which they began. */
export function sortedPairs(statistics: CaptureStatistics, tracker: FlowTracker, layer: PairLayer, sort: PairSort, descending: boolean): Uint32Array {
  const pairs = statistics.pairs[layer]
  const { packets, bytes, first, last } = pairs
  const numbers = new Uint32Array(pairs.count)
  let count = 0
  for (let pair = 0; pair < pairs.count; pair++) if (pairs.has(pair)) numbers[count++] = pair
  const value: Record<Exclude<PairSort, 'a' | 'b'>, (pair: number) => number> = {
    number: (pair) => pair, packets: (pair) => packets[2 * pair] + packets[2 * pair + 1], bytes: (pair) => bytes[2 * pair] + bytes[2 * pair + 1],
    packetsA: (pair) => packets[2 * pair], packetsB: (pair) => packets[2 * pair + 1], bytesA: (pair) => bytes[2 * pair], bytesB: (pair) => bytes[2 * pair + 1],
    start: (pair) => first[pair], duration: (pair) => last[pair] - first[pair],
  }
  return sortBy(numbers.subarray(0, count), sort === 'a' || sort === 'b' ? (pair) => endsOf(statistics, tracker, layer, pair)[sort] : value[sort], descending)
}

export function conversationRow(statistics: CaptureStatistics, tracker: FlowTracker, layer: PairLayer, pair: number): ConversationRow {
  const { packets, bytes, first, last } = statistics.pairs[layer]
  return {
    ...endsOf(statistics, tracker, layer, pair), packetsA: packets[2 * pair], bytesA: bytes[2 * pair], packetsB: packets[2 * pair + 1], bytesB: bytes[2 * pair + 1],
    start: first[pair], duration: last[pair] - first[pair], flow: layer === 'tcp' ? pair : -1,
  }
}

/** What each end of a layer has sent and received, sorted; `start` and `duration` sort by number. */
export function sortedEndpoints(statistics: CaptureStatistics, tracker: FlowTracker, layer: PairLayer, sort: PairSort, descending: boolean): EndpointRow[] {
  const rows: EndpointRow[] = []
  const known = new Map<string, EndpointRow>()
  const rowOf = (address: string, port: number): EndpointRow => {
    const key = `${address} ${port}`
    let row = known.get(key)
    if (row === undefined) {
      known.set(key, row = { a: address, aPort: port, packetsA: 0, bytesA: 0, packetsB: 0, bytesB: 0 })
      rows.push(row)
    }
    return row
  }
  for (const pair of sortedPairs(statistics, tracker, layer, 'number', false)) {
    const { a, aPort, b, bPort, packetsA, bytesA, packetsB, bytesB } = conversationRow(statistics, tracker, layer, pair)
    const first = rowOf(a, aPort)
    first.packetsA += packetsA
    first.bytesA += bytesA
    first.packetsB += packetsB
    first.bytesB += bytesB
    const second = rowOf(b, bPort)
    second.packetsA += packetsB
    second.bytesA += bytesB
    second.packetsB += packetsA
    second.bytesB += bytesA
  }
  const value: Partial<Record<PairSort, (row: EndpointRow) => number | string>> = {
    a: ({ a }) => a, b: ({ a }) => a, packets: ({ packetsA, packetsB }) => packetsA + packetsB, bytes: ({ bytesA, bytesB }) => bytesA + bytesB,
    packetsA: ({ packetsA }) => packetsA, packetsB: ({ packetsB }) => packetsB, bytesA: ({ bytesA }) => bytesA, bytesB: ({ bytesB }) => bytesB,
  }
  const by = value[sort] ?? (() => 0)
  const order = sortBy(Uint32Array.from(rows.keys()), (i) => by(rows[i]), descending)
  return Array.from(order, (i) => rows[i])
}

function sortBy(numbers: Uint32Array, value: (number: number) => number | string, descending: boolean): Uint32Array {
  const values = new Map<number, number | string>()
  for (const number of numbers) values.set(number, value(number))
  const sign = descending ? -1 : 1
  return numbers.sort((x, y) => {
    const [a, b] = [values.get(x)!, values.get(y)!]
    return a < b ? -sign : a > b ? sign : x - y
  })
}

function endsOf(statistics: CaptureStatistics, tracker: FlowTracker, layer: PairLayer, pair: number): Pick<ConversationRow, 'a' | 'aPort' | 'b' | 'bPort'> {
  const { addresses, pairs, udpPorts } = statistics
  if (layer === 'tcp') {
    const { client, server } = tracker.flows[pair]
    return { a: tracker.addresses.text(client.address), aPort: client.port, b: tracker.addresses.text(server.address), bPort: server.port }
  }
  const { a, b } = pairs[layer]
  if (layer === 'ipv4') return { a: formatIpv4(a[pair] >>> 0), aPort: -1, b: formatIpv4(b[pair] >>> 0), bPort: -1 }
  const isUdp = layer === 'udp'
  return { a: addresses.text(a[pair]), aPort: isUdp ? udpPorts[2 * pair] : -1, b: addresses.text(b[pair]), bPort: isUdp ? udpPorts[2 * pair + 1] : -1 }
}
