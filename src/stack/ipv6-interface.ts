import { bytesEqual } from '../base/bytes.ts'
import { isLinkLocalIpv6, isMulticastIpv6, isSamePrefix } from '../wire/addresses.ts'
import type { HostConfig } from './host-config.ts'
import { allNodes, commonPrefixBits, eui64, hasSameScope, joinIpv6, linkLocalPrefix, solicitedNode, stableInterfaceId } from './ipv6-address.ts'
import { Redirects } from './redirects.ts'

/** Routers may announce as many prefixes as they like; we follow so many. */
export const ipv6Limits = { addresses: 16, prefixes: 16, routers: 8 } as const

/** `tentative` until duplicate address detection has ended (RFC 4862 §5.4). */
export type Ipv6AddressState = 'tentative' | 'assigned' | 'duplicate'

export class Ipv6Address {
  readonly address: Uint8Array
  readonly prefixLength: number
  readonly solicitedNode: Uint8Array
  readonly isAutomatic: boolean
  state: Ipv6AddressState = 'tentative'
  /** Solicitations of duplicate address detection that were sent. */
  solicits = 0
  deadlineUs = Infinity
  preferredUntilUs = Infinity
  validUntilUs = Infinity

  constructor(address: Uint8Array, prefixLength: number, isAutomatic: boolean) {
    this.address = address
    this.prefixLength = prefixLength
    this.solicitedNode = solicitedNode(address)
    this.isAutomatic = isAutomatic
  }
}

interface Prefix { readonly prefix: Uint8Array, readonly length: number, validUntilUs: number }
interface Router { readonly address: Uint8Array, validUntilUs: number }

/** The addresses, on-link prefixes and default routers of our one interface (RFC 4861 §5.1). */
export class Ipv6Interface {
  readonly addresses: Ipv6Address[] = []
  /** What a router allows on this link (RFC 4861 §4.6.4); the configured MTU at most. */
  mtu: number
  private readonly config: HostConfig
  private readonly prefixes: Prefix[] = []
  private readonly routers: Router[] = []
  /** A hop that is the destination itself: it is on the link after all. */
  readonly redirects = new Redirects()

  constructor(config: HostConfig) {
    this.config = config
    this.mtu = config.mtu
    this.reset()
  }

  /** Forgets what routers have said; the configured addresses are tentative again. */
  reset(): void {
    this.addresses.length = this.prefixes.length = this.routers.length = 0
    this.mtu = this.config.mtu
    this.redirects.clear()
    this.addresses.push(new Ipv6Address(joinIpv6(linkLocalPrefix, this.interfaceId(linkLocalPrefix)), 64, false))
    for (const { address, prefixLength } of this.config.ipv6Addresses ?? []) {
      this.addresses.push(new Ipv6Address(address, prefixLength, false))
      this.setPrefix(address, prefixLength, Infinity)
    }
    if (this.config.ipv6Gateway !== undefined) this.setRouter(this.config.ipv6Gateway, Infinity)
  }

  /** From the MAC, or opaque where there is a secret for it (RFC 7217). */
  interfaceId(prefix: Uint8Array): Uint8Array {
    const { mac, stableIpv6Secret } = this.config
    return stableIpv6Secret === undefined ? eui64(mac) : stableInterfaceId(prefix, mac, 0, stableIpv6Secret)
  }

  find(address: Uint8Array): Ipv6Address | null {
    for (const own of this.addresses) if (bytesEqual(own.address, address)) return own
    return null
  }

  isOurs(address: Uint8Array): boolean {
    const own = this.find(address)
    return own !== null && own.state === 'assigned'
  }

  /** All nodes, and the solicited-node groups of our addresses, tentative ones too (RFC 4291 §2.8). */
  isOurGroup(group: Uint8Array): boolean {
    if (!isMulticastIpv6(group)) return false
    if (bytesEqual(group, allNodes)) return true
    for (const own of this.addresses) if (own.state !== 'duplicate' && bytesEqual(own.solicitedNode, group)) return true
    return false
  }

  /** Whether a frame to this MAC carries one of our groups (RFC 2464 §7). */
  hearsMac(bytes: Uint8Array, at: number): boolean {
    if (bytes[at] !== 0x33 || bytes[at + 1] !== 0x33) return false
    if (bytes[at + 2] === 0) return bytes[at + 3] === 0 && bytes[at + 4] === 0 && bytes[at + 5] === 1
    if (bytes[at + 2] !== 0xff) return false
    for (const { address } of this.addresses) if (address[13] === bytes[at + 3] && address[14] === bytes[at + 4] && address[15] === bytes[at + 5]) return true
    return false
  }

  setPrefix(prefix: Uint8Array, length: number, validUntilUs: number): void {
    const known = this.prefixes.find((other) => other.length === length && isSamePrefix(other.prefix, prefix, length))
    if (known !== undefined) known.validUntilUs = validUntilUs
    else if (this.prefixes.length < ipv6Limits.prefixes) this.prefixes.push({ prefix: prefix.slice(), length, validUntilUs })
  }

  setRouter(address: Uint8Array, validUntilUs: number): void {
    const known = this.routers.find((other) => bytesEqual(other.address, address))
    if (known !== undefined) known.validUntilUs = validUntilUs
    else if (this.routers.length < ipv6Limits.routers) this.routers.push({ address: address.slice(), validUntilUs })
  }

  /** The neighbour through which a destination is reached, itself where it is on the link; null where there is no way (RFC 4861 §5.2). */
  nextHop(destination: Uint8Array, nowUs: number): Uint8Array | null {
    if (this.isOnLink(destination, nowUs)) return destination
    const redirected = this.redirects.find(destination)
    if (redirected !== null) return redirected as Uint8Array
    for (const { address, validUntilUs } of this.routers) if (validUntilUs > nowUs) return address
    return null
  }

  isOnLink(destination: Uint8Array, nowUs: number): boolean {
    if (isLinkLocalIpv6(destination)) return true
    for (const { prefix, length, validUntilUs } of this.prefixes) if (validUntilUs > nowUs && isSamePrefix(prefix, destination, length)) return true
    return false
  }

  /** RFC 6724 §5 as far as one interface needs it: scope, then preferred before deprecated, then the longest match. Null without an address. */
  selectSource(destination: Uint8Array, nowUs: number): Uint8Array | null {
    const isLinkLocal = isLinkLocalIpv6(destination) || isMulticastIpv6(destination)
    let found: Ipv6Address | null = null
    let best = -1
    for (const own of this.addresses) {
      if (own.state !== 'assigned') continue
      const scope = isLinkLocal ? isLinkLocalIpv6(own.address) : hasSameScope(own.address, destination)
      const rank = (scope ? 1024 : 0) + (own.preferredUntilUs > nowUs ? 512 : 0) + Math.min(64, commonPrefixBits(own.address, destination))
      if (rank > best) {
        best = rank
        found = own
      }
    }
    return found === null ? null : found.address
  }

  /** What is on the link, and the router for all else. */
  routes(nowUs: number): { networks: { address: Uint8Array, prefixLength: number }[], router: Uint8Array | null } {
    const networks = this.prefixes.filter(({ validUntilUs }) => validUntilUs > nowUs).map(({ prefix, length }) => ({ address: prefix.slice(), prefixLength: length }))
    return { networks, router: this.routers.find(({ validUntilUs }) => validUntilUs > nowUs)?.address.slice() ?? null }
  }

  nextDeadlineUs(): number {
    let earliest = Infinity
    for (const { deadlineUs, validUntilUs } of this.addresses) earliest = Math.min(earliest, deadlineUs, validUntilUs)
    for (const { validUntilUs } of this.prefixes) earliest = Math.min(earliest, validUntilUs)
    for (const { validUntilUs } of this.routers) earliest = Math.min(earliest, validUntilUs)
    return earliest
  }

  /** Drops what has lived its time. */
  expire(nowUs: number): void {
    for (const list of [this.addresses, this.prefixes, this.routers] as { validUntilUs: number }[][]) {
      for (let i = list.length - 1; i >= 0; i--) if (list[i].validUntilUs <= nowUs) list.splice(i, 1)
    }
  }
}
