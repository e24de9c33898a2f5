import type { FlowEnd as FlowEndRow, FlowRow } from '../rpc/flows-contract.ts'
import { InferredState } from './flow.ts'
import type { Flow, FlowEnd } from './flow.ts'
import type { FlowTracker } from './flow-tracker.ts'
import { Protocol } from './packet-store.ts'

/** Whether an end is a host of the lab, so that its state is known and not inferred. */
export type KnownEnds = (address: string, port: number) => boolean

const protocolOf: Readonly<Record<number, FlowRow['protocol']>> = { [Protocol.tcp]: 'TCP', [Protocol.udp]: 'UDP', [Protocol.icmp]: 'ICMP' }

/** @param firstSec,firstNsec time of the first packet of the capture */
export function flowRow(flow: Flow, tracker: FlowTracker, firstSec: number, firstNsec: number, isKnown: KnownEnds): FlowRow {
  return {
    flow: flow.number,
    protocol: protocolOf[flow.protocol],
    client: endRow(flow.client, tracker, isKnown),
    server: endRow(flow.server, tracker, isKnown),
    firstTime: flow.firstSec - firstSec + (flow.firstNsec - firstNsec) / 1e9,
    lastTime: flow.lastSec - firstSec + (flow.lastNsec - firstNsec) / 1e9,
    rttUs: flow.handshakeRttUs,
    retransmissions: flow.retransmissions,
    findings: flow.findings,
    resets: flow.resets,
    activity: tracker.activity.read(flow.number, tracker.latestSec),
  }
}

function endRow(end: FlowEnd, tracker: FlowTracker, isKnown: KnownEnds): FlowEndRow {
  const address = tracker.addresses.text(end.address)
  const state = tracker.isTimeWaitOver(end) ? InferredState.closed : end.state
  return { address, port: end.port, state, known: isKnown(address, end.port), proof: end.proof, packets: end.packets, bytes: end.bytes }
}
