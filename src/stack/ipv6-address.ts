import { copyBytes } from '../base/bytes.ts'
import { sipHash24 } from '../tcp/siphash.ts'
import { isLinkLocalIpv6, isLoopbackIpv6, isMulticastIpv6, isUnspecifiedIpv6 } from '../wire/addresses.ts'

/** Every path takes packets of so many bytes (RFC 8200 §5). */
export const minIpv6Mtu = 1280
export const unspecifiedIpv6: Readonly<Uint8Array> = new Uint8Array(16)
export const allNodes: Uint8Array = group(1)
export const allRouters: Uint8Array = group(2)
export const linkLocalPrefix: Uint8Array = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0)

/** Interface identifier from a MAC: its halves around ff:fe, the universal bit turned over (RFC 4291 appendix A). */
export function eui64(mac: Uint8Array): Uint8Array {
  return Uint8Array.of(mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5])
}

/**
 * Interface identifier that stays the same in one network and tells nothing in another: F(prefix, interface, DAD counter, secret) with SipHash-2-4 (RFC 7217 §5).
 * @param prefix its first 8 bytes count
 * @param secret at least 128 bits
 */
export function stableInterfaceId(prefix: Uint8Array, mac: Uint8Array, dadCounter: number, secret: Uint32Array): Uint8Array {
  const input = new Uint8Array(15)
  copyBytes(prefix, 0, input, 0, 8)
  copyBytes(mac, 0, input, 8, 6)
  input[14] = dadCounter
  const hash = new Uint32Array(2)
  sipHash24(secret, input, input.length, hash)
  const [low, high] = hash
  return Uint8Array.of(high >>> 24, high >>> 16, high >>> 8, high, low >>> 24, low >>> 16, low >>> 8, low)
}

/** A /64 prefix, its first 8 bytes, and an interface identifier. */
export function joinIpv6(prefix: Uint8Array, interfaceId: Uint8Array): Uint8Array {
  const address = new Uint8Array(16)
  copyBytes(prefix, 0, address, 0, 8)
  copyBytes(interfaceId, 0, address, 8, 8)
  return address
}

/** ff02::1:ffxx:xxxx with the last 24 bits of the address (RFC 4291 §2.7.1). */
export function solicitedNode(address: Uint8Array): Uint8Array {
  const found = group(1)
  found[11] = 1
  found[12] = 0xff
  copyBytes(address, 13, found, 13, 3)
  return found
}

/** Writes 33:33 and the last 32 bits of a group (RFC 2464 §7). */
export function writeMulticastMac(group: Uint8Array, into: Uint8Array, at: number): void {
  into[at] = into[at + 1] = 0x33
  copyBytes(group, 12, into, at + 2, 4)
}

/** Whether one host can be meant: no group, not `::`, not `::1`. */
export function isUnicastIpv6(address: Uint8Array): boolean {
  return !isMulticastIpv6(address) && !isUnspecifiedIpv6(address) && !isLoopbackIpv6(address)
}

/** Leading bits that two addresses have in common, 0 to 128. */
export function commonPrefixBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 16; i++) {
    const difference = a[i] ^ b[i]
    if (difference !== 0) return i * 8 + Math.clz32(difference) - 24
  }
  return 128
}

/** Scopes as RFC 6724 §3.1 compares them, as far as unicast has them. */
export function hasSameScope(a: Uint8Array, b: Uint8Array): boolean {
  return isLinkLocalIpv6(a) === isLinkLocalIpv6(b)
}

function group(last: number): Uint8Array {
  const address = new Uint8Array(16)
  address[0] = 0xff
  address[1] = 2
  address[15] = last
  return address
}
