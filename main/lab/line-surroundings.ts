import { readU32 } from '../../src/base/bytes.ts'
import type { Host } from '../../src/stack/host.ts'
import { isSameAddress } from '../../src/stack/ip-address.ts'
import { isLinkLocalIpv6, parseCidr, parseIpv4, parseMac } from '../../src/wire/addresses.ts'
import type { LineSurroundings } from './line-frames.ts'
import type { OpenedLink } from './links.ts'
import type { NeighbourProbe } from './neighbour-probe.ts'

/** What a packet in one-line form leaves out is the lab host's, or the interface's where no host runs. */
export function lineSurroundings({ link, peer }: OpenedLink, probe: NeighbourProbe, host: Host | null, consent: ReadonlySet<string>): LineSurroundings {
  const config = host?.config
  const own = link.info.addresses.map((text) => parseCidr(text)).filter((cidr) => cidr !== null)
  const own4 = own.find(({ version }) => version === 4)
  const routes6 = host?.ipv6Routes() ?? { networks: own.filter(({ version, address }) => version === 6 && !isLinkLocalIpv6(address)), router: null }
  return {
    mac: config?.mac ?? link.info.mac ?? Uint8Array.of(2, 0, 0, 0, 0, 1),
    source: config?.ipv4 ?? (own4 ? readU32(own4.address, 0) : null),
    destination: peer === null ? null : parseIpv4(peer.address),
    prefixLength: config?.prefixLength ?? own4?.prefixLength ?? 0,
    gateway: config?.gateway ?? null, networks6: routes6.networks, gateway6: routes6.router,
    consent,
    macOf: (address) => {
      const known = [...host?.arpTable() ?? [], ...host?.ndpTable() ?? []].find((row) => isSameAddress(row.address, address))?.mac
      return known ? Promise.resolve(parseMac(known)) : probe.ask(address)
    },
  }
}
