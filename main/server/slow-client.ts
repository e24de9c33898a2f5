import type { LabUpdate } from '../../src/rpc/contract.ts'

const decisionsAtMost = 1000
const flowsAtMost = 2000
const faultsAtMost = 50

/** Two updates as one, for a client that takes them slower than they come: the later states, and a bounded part of what happened in either. */
export function joinUpdates(earlier: LabUpdate, later: LabUpdate): LabUpdate {
  const changed = new Map(earlier.flows.changed.map((row) => [row.flow, row]))
  for (const row of later.flows.changed) {
    changed.delete(row.flow)
    changed.set(row.flow, row)
  }
  return {
    ...later,
    flows: { ...later.flows, changed: [...changed.values()].slice(-flowsAtMost) },
    decisions: [...earlier.decisions, ...later.decisions].slice(-decisionsAtMost),
    faults: [...earlier.faults, ...later.faults].slice(-faultsAtMost),
  }
}
