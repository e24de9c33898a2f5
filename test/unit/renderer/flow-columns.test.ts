import { describe, expect, it } from 'vitest'
import { widened } from '../../../renderer/capture/flow-columns.ts'
import type { FlowRow } from '../../../src/rpc/flows-contract.ts'

const least = { number: 3, clientPackets: 6, serverPackets: 6, clientBytes: 7, serverBytes: 6, rtt: 8, retransmissions: 5, findings: 5 }

function row(more: { flow?: number, packets?: number, bytes?: number, rttUs?: number }): FlowRow {
  const { flow = 1, packets = 10, bytes = 10, rttUs = 500 } = more
  const end = { address: '10.0.0.1', port: 80, state: 4, known: false, proof: 1, packets, bytes }
  return {
    flow, protocol: 'TCP', client: end, server: end, firstTime: 0, lastTime: 1, rttUs, retransmissions: 0, findings: 0, resets: 0, activity: [],
  } as FlowRow
}

describe('columns of figures', () => {
  it('stay as they are while everything fits', () => {
    expect(widened(least, [row({}), undefined, row({ flow: 999, packets: 9_999 })])).toBeNull()
  })

  it('grow with counts above 100,000, long numbers of flows and long round trips, and with nothing else', () => {
    expect(widened(least, [row({ packets: 123_456 })])).toEqual({ ...least, clientPackets: 7, serverPackets: 7 })
    expect(widened(least, [row({ flow: 123_456 })])).toEqual({ ...least, number: 6 })
    expect(widened(least, [row({ rttUs: 12_345_678 })])).toEqual({ ...least, rtt: 12 })
  })
})
