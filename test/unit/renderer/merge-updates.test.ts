import { describe, expect, it } from 'vitest'
import { mergeUpdates } from '../../../renderer/lab/merge-updates.ts'
import { fault } from '../../../src/base/fault.ts'
import type { LabUpdate } from '../../../src/rpc/contract.ts'
import type { FlowRow } from '../../../src/rpc/flows-contract.ts'
import type { Decision } from '../../../src/rpc/host-contract.ts'
import { createFixtureCore } from '../../support/fixture-core.ts'

const base = createFixtureCore({ bulkPackets: 4 }).update()
const update = (more: Partial<LabUpdate>): LabUpdate => ({ ...base, flows: { total: 0, left: 0, changed: [] }, decisions: [], faults: [], ...more })
const decision = (id: number) => ({ id }) as Decision
const flow = (number: number, retransmissions: number) => ({ flow: number, retransmissions }) as FlowRow

describe('updates that arrive within one frame', () => {
  it('come to the later state and everything that happened', () => {
    const merged = mergeUpdates(
      update({ timeUs: 1, flows: { total: 2, left: 0, changed: [flow(0, 1), flow(1, 0)] }, decisions: [decision(1)], faults: [fault('interfaceGone', { name: 'eth0' })] }),
      update({ timeUs: 2, flows: { total: 3, left: 0, changed: [flow(1, 4), flow(2, 0)] }, decisions: [decision(2)] }),
    )
    expect(merged.timeUs).toBe(2)
    expect(merged.flows).toEqual({ total: 3, left: 0, changed: [flow(0, 1), flow(1, 4), flow(2, 0)] })
    expect(merged.decisions.map(({ id }) => id)).toEqual([1, 2])
    expect(merged.faults).toHaveLength(1)
  })

  it('stay bounded however long the window is hidden', () => {
    let merged = update({})
    for (let i = 0; i < 300; i++) {
      merged = mergeUpdates(merged, update({ decisions: Array.from({ length: 20 }, (_, n) => decision(i * 20 + n)), faults: [fault('internal', { message: String(i) })] }))
    }
    expect(merged.decisions).toHaveLength(2000)
    expect(merged.decisions.at(-1)?.id).toBe(5999)
    expect(merged.faults).toHaveLength(20)
  })
})
