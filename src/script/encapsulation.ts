import { bytesEqual, readU16, writeU16, writeU32 } from '../base/bytes.ts'
import { formatAddress } from '../stack/ip-address.ts'
import type { IpAddress } from '../stack/ip-address.ts'
import { ipv4Bytes } from '../wire/addresses.ts'
import { ethernetHeaderBytes, EtherType } from '../wire/ethernet.ts'
import { encodeIpv4, fillIpv4, Ipv4Header, ipv4HeaderBytes } from '../wire/ipv4.ts'
import { encodeIpv6, Ipv6Header, ipv6HeaderBytes } from '../wire/ipv6.ts'

/** A header in front of a script's packet, the outermost first; the innermost IP header is that of the packet itself. */
export type Encapsulation =
  | { readonly kind: 'ip', readonly source: IpAddress, readonly destination: IpAddress }
  /** RFC 2784, RFC 2890: what is null is not there. */
  | { readonly kind: 'gre', readonly flags: number, readonly protocol: number | null, readonly checksum: number | null, readonly key: number | null, readonly sequence: number | null }
  | { readonly kind: 'mpls', readonly labels: readonly MplsLabel[] }

/** RFC 3032 §2.1. */
export interface MplsLabel { readonly label: number, readonly trafficClass: number, readonly isBottom: boolean, readonly ttl: number }

export const greFlags = { checksum: 0x8000, key: 0x2000, sequence: 0x1000 } as const
const protocols = { ipip: 4, ipv6: 41, gre: 47, mpls: 137 } as const
const outerTtl = 255

/** Puts headers between the link header and the IP packet of a frame. @returns another frame, behind room for an Ethernet header too */
export function encapsulate(frame: Uint8Array, outer: readonly Encapsulation[]): Uint8Array {
  let packet = frame.subarray(ethernetHeaderBytes)
  let inner: Inner = packet[0] >>> 4 === 6 ? 'ipv6' : 'ipv4'
  for (const header of outer.toReversed()) {
    const bytes = headerBytes(header, inner, packet.length)
    const whole = new Uint8Array(bytes.length + packet.length)
    whole.set(bytes)
    whole.set(packet, bytes.length)
    packet = whole
    inner = header.kind === 'ip' ? typeof header.source === 'number' ? 'ipv4' : 'ipv6' : header.kind
  }
  const made = new Uint8Array(ethernetHeaderBytes + packet.length)
  made.set(packet, ethernetHeaderBytes)
  return made
}

/**
 * Takes the headers off a captured packet.
 * @returns what is within; null where the packet is not encapsulated at all, or where one of its headers is not as expected
 */
export function decapsulate(bytes: Uint8Array, outer: readonly Encapsulation[]): Uint8Array | null {
  let rest = bytes
  for (const [i, header] of outer.entries()) {
    const next = outer.at(i + 1)
    const inner: Inner | null = next === undefined ? null : next.kind === 'ip' ? typeof next.source === 'number' ? 'ipv4' : 'ipv6' : next.kind
    const length = header.kind === 'ip' ? typeof header.source === 'number' ? ipv4HeaderBytes : ipv6HeaderBytes : header.kind === 'mpls' ? 4 * header.labels.length : greLength(header)
    if (rest.length <= length) return null
    const wanted = headerBytes(header, inner ?? (rest[length] >>> 4 === 6 ? 'ipv6' : 'ipv4'), rest.length - length)
    if (!(header.kind === 'ip' ? isSameIp(rest, wanted) : bytesEqual(rest.subarray(0, length), wanted))) return null
    rest = rest.subarray(length)
  }
  return rest
}

/** Whether an IP packet carries another through a tunnel of the kinds above. */
export function isEncapsulated(bytes: Uint8Array): boolean {
  const protocol = bytes[0] >>> 4 === 6 ? bytes[6] : bytes[9]
  return (Object.values(protocols) as number[]).includes(protocol)
}

export function encapsulationText(outer: readonly Encapsulation[]): string {
  return outer.map((header) => {
    if (header.kind === 'ip') return `${typeof header.source === 'number' ? 'ipv4' : 'ipv6'} ${formatAddress(header.source)} > ${formatAddress(header.destination)}:`
    if (header.kind === 'gre') return 'gre:'
    return `mpls ${header.labels.map(({ label, trafficClass, isBottom, ttl }) => `(label ${label}, tc ${trafficClass},${isBottom ? ' [S],' : ''} ttl ${ttl})`).join(' ')}:`
  }).join(' ')
}

type Inner = 'ipv4' | 'ipv6' | 'gre' | 'mpls'

function headerBytes(header: Encapsulation, inner: Inner, length: number): Uint8Array {
  if (header.kind === 'ip') return ipBytes(header.source, header.destination, innerProtocol(inner), length)
  if (header.kind === 'mpls') {
    const bytes = new Uint8Array(4 * header.labels.length)
    for (const [i, { label, trafficClass, isBottom, ttl }] of header.labels.entries()) {
      writeU32(bytes, 4 * i, ((label << 12) | (trafficClass << 9) | (Number(isBottom) << 8) | ttl) >>> 0)
    }
    return bytes
  }
  const bytes = new Uint8Array(greLength(header))
  writeU16(bytes, 0, header.flags)
  writeU16(bytes, 2, header.protocol ?? (inner === 'ipv6' ? EtherType.ipv6 : inner === 'mpls' ? EtherType.mpls : EtherType.ipv4))
  let at = 4
  if ((header.flags & greFlags.checksum) !== 0) {
    writeU16(bytes, at, header.checksum ?? 0)
    at += 4
  }
  if ((header.flags & greFlags.key) !== 0) {
    writeU32(bytes, at, header.key ?? 0)
    at += 4
  }
  if ((header.flags & greFlags.sequence) !== 0) writeU32(bytes, at, header.sequence ?? 0)
  return bytes
}

function greLength({ flags }: { readonly flags: number }): number {
  return 4 + [greFlags.checksum, greFlags.key, greFlags.sequence].filter((bit) => (flags & bit) !== 0).length * 4
}

function innerProtocol(inner: Inner): number {
  return inner === 'ipv4' ? protocols.ipip : protocols[inner]
}

function ipBytes(source: IpAddress, destination: IpAddress, protocol: number, length: number): Uint8Array {
  if (typeof source === 'number' && typeof destination === 'number') {
    const header = new Ipv4Header()
    header.ttl = outerTtl
    header.protocol = protocol
    header.source = source
    header.destination = destination
    const bytes = new Uint8Array(ipv4HeaderBytes)
    encodeIpv4(header, bytes, 0, 0, bytes, 0)
    fillIpv4(bytes, 0, ipv4HeaderBytes + length)
    return bytes
  }
  const header = new Ipv6Header()
  header.hopLimit = outerTtl
  header.nextHeader = protocol
  header.payloadLength = length
  header.source.set(sixteen(source))
  header.destination.set(sixteen(destination))
  const bytes = new Uint8Array(ipv6HeaderBytes)
  encodeIpv6(header, bytes, 0)
  return bytes
}

function sixteen(address: IpAddress): Uint8Array {
  return typeof address === 'number' ? ipv4Bytes(address) : address
}

/** Version, addresses, protocol and length: the rest of an outer header scripts do not write. */
function isSameIp(actual: Uint8Array, wanted: Uint8Array): boolean {
  const isFour = wanted.length === ipv4HeaderBytes
  if (actual[0] >>> 4 !== wanted[0] >>> 4 || (isFour && actual[0] !== wanted[0])) return false
  const [protocolAt, lengthAt, addressesAt] = isFour ? [9, 2, 12] : [6, 4, 8]
  return actual[protocolAt] === wanted[protocolAt] && readU16(actual, lengthAt) === readU16(wanted, lengthAt)
    && bytesEqual(actual.subarray(addressesAt, wanted.length), wanted.subarray(addressesAt))
}
