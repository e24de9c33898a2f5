import type { PacketRow } from '../../src/rpc/packets-contract.ts'

/**
 * Which rows in view show their sender in another state than the sender's row before: those stand out in the list. A change that came with
 * what was received shows on the next row of that end. Where no earlier row is at hand, the core's own mark decides.
 * @param lookBack rows above the view that are read for the states before
 */
export function changedStates(at: (index: number) => PacketRow | undefined, first: number, count: number, lookBack = 200): Set<number> {
  const changed = new Set<number>()
  const before = new Map<number, number>()
  for (let index = Math.max(0, first - lookBack); index < first + count; index++) {
    const row = at(index)
    if (!row?.tcp) continue
    const end = row.flow * 2 + row.tcp.from
    const known = before.get(end)
    if (index >= first && (known === undefined ? row.tcp.stateChanged : known !== row.tcp.state)) changed.add(index)
    before.set(end, row.tcp.state)
  }
  return changed
}
