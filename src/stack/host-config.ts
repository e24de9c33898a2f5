import type { TcpConfig } from '../tcp/config.ts'
import type { ClaimTimings } from './address-claim.ts'

/** What a host is. Everything but `tcp` is fixed while it runs. */
export interface HostConfig {
  readonly mac: Uint8Array
  /** Primary address; the source of what the host sends by itself. */
  readonly ipv4: number
  readonly prefixLength: number
  /** Further addresses in the same network. */
  readonly moreIpv4?: readonly number[]
  /** Next hop for destinations outside the network; without one they are unreachable. */
  readonly gateway?: number
  /** Speak IPv6 too, with a link-local address and those that routers advertise; false unless said. Needs an MTU of at least 1280 (RFC 8200 §5). */
  readonly ipv6?: boolean
  /** Make sure that nobody else has an IPv6 address before using it (RFC 4862 §5.4); as `probeAddress` says unless said. */
  readonly probeIpv6?: boolean
  /** Ask for routers (RFC 4861 §6.3.7); true unless said. What routers say by themselves is always heard. */
  readonly solicitRouters?: boolean
  /** Tell routers and switches which IPv6 groups we listen to (RFC 3810); true unless said. */
  readonly multicastReports?: boolean
  /** Further IPv6 addresses, each on a network of ours. */
  readonly ipv6Addresses?: readonly { readonly address: Uint8Array, readonly prefixLength: number }[]
  /** Default router beside those that advertise themselves. */
  readonly ipv6Gateway?: Uint8Array
  /** Four random words: automatic addresses are stable and opaque (RFC 7217) instead of made from the MAC. */
  readonly stableIpv6Secret?: Uint32Array
  /** Largest IP packet in bytes. */
  readonly mtu: number
  /** Defaults for new connections. */
  readonly tcp: TcpConfig
  /** Answer ICMP echo requests; true unless said. */
  readonly answerEcho?: boolean
  /** Follow routers that know a better first hop (RFC 1122 §3.2.2.2, RFC 4861 §8.3); true unless said. */
  readonly acceptRedirects?: boolean
  /** Make sure that nobody else has the address before using it (RFC 5227); true unless said. */
  readonly probeAddress?: boolean
  readonly claimTimings?: Partial<ClaimTimings>
  /**
   * Take TCP and UDP checksums that a local sender has left to its network card: only the pseudo-header's sum stands in the field.
   * For links whose far end is a kernel with transmit offload.
   */
  readonly acceptUnfinishedChecksums?: boolean
  /** Connections at one time, TIME-WAIT included. */
  readonly maxConnections?: number
  /** Closed connections kept for inspection. */
  readonly historyLength?: number
  /** Local ports for connections without one of their own; RFC 6335 §6 unless said. */
  readonly ephemeralPorts?: { readonly first: number, readonly last: number }
}

export const hostDefaults = {
  answerEcho: true,
  probeAddress: true,
  solicitRouters: true,
  acceptRedirects: true,
  multicastReports: true,
  acceptUnfinishedChecksums: false,
  maxConnections: 100_000,
  historyLength: 64,
  ephemeralPorts: { first: 49152, last: 65535 },
  backlog: 256,
  /** TTL of everything but TCP (RFC 1700). */
  ttl: 64,
} as const
