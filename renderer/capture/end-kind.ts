import type { LinkState } from '../../src/rpc/contract.ts'
import type { FlowEnd } from '../../src/rpc/flows-contract.ts'

/** What answers at an end: L a lab host, whose state is known; K the sandbox's kernel, P any other peer, whose states are read from packets. */
export type EndKind = 'L' | 'K' | 'P'

export function endKind(end: Pick<FlowEnd, 'address' | 'known'>, peer: LinkState['peer']): EndKind {
  if (end.known) return 'L'
  return peer?.kind === 'kernel' && peer.address === end.address ? 'K' : 'P'
}
