import type { FlowEnd, FlowRow } from '../../src/rpc/flows-contract.ts'
import { tcpStateNames } from '../../src/tcp/state.ts'
import { formatEndpoint } from '../../src/wire/addresses.ts'

const columns = [
  'flow', 'protocol', 'stream', 'client', 'server', 'first', 'duration', 'client packets', 'server packets', 'client bytes', 'server bytes',
  'rtt us', 'retransmissions', 'resets', 'client state', 'server state', 'findings',
] as const

/** Names of the columns of {@link flowLine}, with a tab between two. */
export const flowHeader = `# ${columns.join('\t')}`

/**
 * A flow as one line; what is not known is empty.
 * @param stream its number among those of its protocol, as Wireshark counts
 */
export function flowLine(flow: FlowRow, stream: number): string {
  const { client, server } = flow
  return [
    flow.flow, flow.protocol, stream, endText(client), endText(server), flow.firstTime.toFixed(6), (flow.lastTime - flow.firstTime).toFixed(6),
    client.packets, server.packets, client.bytes, server.bytes,
    flow.rttUs < 0 ? '' : flow.rttUs, flow.retransmissions, flow.resets, tcpStateNames[client.state] ?? '', tcpStateNames[server.state] ?? '', flow.findings,
  ].join('\t')
}

/** A flow as a JSON object: the row of the contract without what only draws, states by name. */
export function flowJson({ activity: _, client, server, rttUs, ...rest }: FlowRow, stream: number): string {
  return JSON.stringify({ ...rest, stream, rttUs: rttUs < 0 ? null : rttUs, client: endJson(client), server: endJson(server) })
}

function endText({ address, port }: FlowEnd): string {
  return formatEndpoint(address, port)
}

function endJson({ address, port, state, proof, packets, bytes }: FlowEnd): object {
  return { address, port, state: tcpStateNames[state] ?? null, proof: proof < 0 ? null : proof, packets, bytes }
}
