import { defaultDraft, ipv4Draft } from '../../src/craft/draft.ts'
import type { PacketDraft } from '../../src/craft/draft.ts'
import type { LinkState } from '../../src/rpc/contract.ts'
import type { HostState } from '../../src/rpc/host-contract.ts'
import { parseIp, parseMac } from '../../src/wire/addresses.ts'

/** A SYN from the lab host to the link's peer, as far as the lab knows them; otherwise between documentation addresses. */
export function startingDraft(host: HostState | null, link: LinkState | null): PacketDraft {
  const source = host?.running ? parseIp(host.address.split('/')[0]) : null
  const peer = link?.peer?.address ?? host?.gateway ?? null
  const destination = peer === null ? null : parseIp(peer)
  if (source?.length !== 4 || destination?.length !== 4) return defaultDraft
  const neighbour = host?.neighbours.find((each) => each.address === peer)
  return {
    ...defaultDraft,
    ethernet: {
      ...defaultDraft.ethernet,
      source: parseMac(host?.mac ?? '') ?? defaultDraft.ethernet.source,
      destination: parseMac(neighbour?.mac ?? '') ?? defaultDraft.ethernet.destination,
    },
    ip: ipv4Draft(source, destination),
  }
}
