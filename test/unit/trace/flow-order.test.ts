import { describe, expect, it } from 'vitest'
import { sortFlows } from '../../../src/trace/flow-order.ts'
import { FlowTracker } from '../../../src/trace/flow-tracker.ts'
import { Flow } from '../../../src/trace/flow.ts'
import { Protocol } from '../../../src/trace/packet-store.ts'

function trackerOf(...flows: { client: number, port?: number, rtt?: number, findings?: number, first?: number }[]): FlowTracker {
  const tracker = new FlowTracker()
  flows.forEach(({ client, port = 1, rtt = -1, findings = 0, first = 0 }, number) => {
    const flow = new Flow(number, Protocol.tcp, number)
    flow.client.address = client < 0 ? tracker.addresses.internIpv6(new Uint8Array(16).fill(-client)) : tracker.addresses.internIpv4(client)
    flow.client.port = port
    flow.handshakeRttUs = rtt
    flow.findings = findings
    flow.firstSec = first
    tracker.flows.push(flow)
  })
  return tracker
}

describe('flows in order', () => {
  it('keeps equals by number, either way', () => {
    const tracker = trackerOf({ client: 1, findings: 2 }, { client: 1 }, { client: 1, findings: 5 }, { client: 1, findings: 2 })
    expect([...sortFlows(tracker, 'findings', true)]).toEqual([2, 0, 3, 1])
    expect([...sortFlows(tracker, 'findings', false)]).toEqual([1, 0, 3, 2])
  })

  it('puts what is not known last, either way', () => {
    const tracker = trackerOf({ client: 1 }, { client: 1, rtt: 20 }, { client: 1, rtt: 10 })
    expect([...sortFlows(tracker, 'rtt', false)]).toEqual([2, 1, 0])
    expect([...sortFlows(tracker, 'rtt', true)]).toEqual([1, 2, 0])
  })

  it('sorts addresses as numbers, IPv4 before IPv6, then ports; and the youngest first by age', () => {
    const tracker = trackerOf({ client: -1, first: 3 }, { client: 0xc0000201, first: 1 }, { client: 0x0a000001, port: 9, first: 2 }, { client: 0x0a000001, port: 7, first: 9 })
    expect([...sortFlows(tracker, 'client', false)]).toEqual([3, 2, 1, 0])
    expect([...sortFlows(tracker, 'age', false)]).toEqual([3, 0, 2, 1])
  })
})
