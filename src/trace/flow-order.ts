import type { FlowSort } from '../rpc/flows-contract.ts'
import type { Flow } from './flow.ts'
import type { FlowTracker } from './flow-tracker.ts'

/** Numbers of all flows that are there by what is asked for, lowest first unless `descending`; among equals the lower number first, and what is not known last. */
export function sortFlows(tracker: FlowTracker, sort: FlowSort, descending: boolean): Uint32Array {
  const { flows } = tracker
  const keyOf = keyOfSort(tracker, sort)
  const keys = Float64Array.from(flows, (flow) => {
    const key = keyOf(flow)
    return Number.isNaN(key) ? Infinity : descending ? -key : key
  })
  return Uint32Array.from(keys.keys()).filter((number) => !flows[number].hasLeft).sort((a, b) => keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : a - b)
}

function keyOfSort(tracker: FlowTracker, sort: FlowSort): (flow: Flow) => number {
  switch (sort) {
    case 'number': return (flow) => flow.number
    case 'client': case 'server': {
      const ranks = addressRanks(tracker)
      return (flow) => ranks[flow[sort].address] * 65_536 + flow[sort].port
    }
    case 'age': return (flow) => -(flow.firstSec + flow.firstNsec / 1e9)
    case 'clientPackets': return (flow) => flow.client.packets
    case 'serverPackets': return (flow) => flow.server.packets
    case 'clientBytes': return (flow) => flow.client.bytes
    case 'serverBytes': return (flow) => flow.server.bytes
    case 'rtt': return (flow) => flow.handshakeRttUs < 0 ? NaN : flow.handshakeRttUs
    case 'retransmissions': return (flow) => flow.retransmissions
    case 'findings': return (flow) => flow.findings
  }
}

/** Place of each address of the table among them all: IPv4 by number, then IPv6 as written. */
function addressRanks({ addresses }: FlowTracker): Uint32Array {
  const numbers = Array.from({ length: addresses.count }, (_, number) => number)
  numbers.sort((a, b) => {
    const [first, second] = [addresses.ipv4Of(a), addresses.ipv4Of(b)]
    if (first >= 0 && second >= 0) return first - second
    if (first >= 0 || second >= 0) return first >= 0 ? -1 : 1
    return addresses.text(a) < addresses.text(b) ? -1 : 1
  })
  const ranks = new Uint32Array(numbers.length)
  numbers.forEach((number, rank) => { ranks[number] = rank })
  return ranks
}
