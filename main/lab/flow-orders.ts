import type { FlowSort } from '../../src/rpc/flows-contract.ts'
import { sortFlows } from '../../src/trace/flow-order.ts'
import type { Trace } from '../../src/trace/trace.ts'

interface Order { key: string, packets: number, madeAtUs: number, tookUs: number, numbers: Uint32Array }

/** Share of the time that sorting may take while packets come: an order is kept so many times as long as it took. */
const keptFor = 20

/** The latest order of each capture; sorted again when packets have come, though never for more than a twentieth of the time. */
const latest = new WeakMap<object, Order>()

export function flowsInOrder(trace: Trace, sort: FlowSort, descending: boolean, clock: () => number): Uint32Array {
  const key = `${sort} ${descending}`
  const known = latest.get(trace.kept)
  const nowUs = clock()
  if (known?.key === key && (known.packets === trace.packetCount || nowUs < known.madeAtUs + keptFor * known.tookUs)) return known.numbers
  const numbers = sortFlows(trace.tracker, sort, descending)
  const madeAtUs = clock()
  latest.set(trace.kept, { key, packets: trace.packetCount, madeAtUs, tookUs: madeAtUs - nowUs, numbers })
  return numbers
}
