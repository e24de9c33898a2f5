import type { LabUpdate } from '../../src/rpc/contract.ts'
import type { FlowRow } from '../../src/rpc/flows-contract.ts'

const decisionsAtMost = 2000

/** Two updates as one: states of the later, and everything that happened in either. Bounded, because a hidden window applies nothing for hours. */
export function mergeUpdates(earlier: LabUpdate, later: LabUpdate): LabUpdate {
  return {
    ...later,
    flows: { ...later.flows, changed: mergeFlows(earlier.flows.changed, later.flows.changed) },
    decisions: [...earlier.decisions, ...later.decisions].slice(-decisionsAtMost),
    faults: [...earlier.faults, ...later.faults].slice(-20),
  }
}

function mergeFlows(earlier: readonly FlowRow[], later: readonly FlowRow[]): FlowRow[] {
  if (later.length === 0) return [...earlier]
  const byFlow = new Map<number, FlowRow>()
  for (const row of earlier) byFlow.set(row.flow, row)
  for (const row of later) byFlow.set(row.flow, row)
  return [...byFlow.values()]
}
