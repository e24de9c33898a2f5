/** Text and kinds of addresses. A MAC is 6 bytes, an IPv4 address an unsigned 32-bit number, an IPv6 address 16 bytes. */

import { hex, readU16, readU32 } from '../base/bytes.ts'

export const broadcastMac: Readonly<Uint8Array> = new Uint8Array(6).fill(0xff)

export function formatMac(mac: Uint8Array, at = 0): string {
  return hex(mac.subarray(at, at + 6), ':')
}

/** `02:00:5e:10:00:01`, also with dashes; null where it is something else. */
export function parseMac(text: string): Uint8Array | null {
  if (!/^[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}$/i.test(text)) return null
  return Uint8Array.from(text.split(/[:-]/), (part) => parseInt(part, 16))
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`
}

/** Four decimal parts without leading zeros (which some read as octal); null where it is something else. */
export function parseIpv4(text: string): number | null {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return null
  const parts = text.split('.').map(Number)
  if (parts.some((part) => part > 255)) return null
  return ((parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3]) >>> 0
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`; IPv4-mapped ones with a dotted tail (§5). */
export function formatIpv6(bytes: Uint8Array, at = 0): string {
  if (isMapped(bytes, at)) return `::ffff:${formatIpv4(readU32(bytes, at + 12))}`
  let bestStart = -1
  let bestLength = 1
  for (let i = 0; i < 8;) {
    let run = 0
    while (i + run < 8 && readU16(bytes, at + 2 * (i + run)) === 0) run++
    if (run > bestLength) { bestStart = i; bestLength = run }
    i += Math.max(run, 1)
  }
  let text = ''
  for (let i = 0; i < 8; i++) {
    if (i === bestStart) {
      text += '::'
      i += bestLength - 1
      continue
    }
    if (text !== '' && !text.endsWith(':')) text += ':'
    text += readU16(bytes, at + 2 * i).toString(16)
  }
  return text
}

/** RFC 4291 §2.2 text, with an optional dotted IPv4 tail, without a zone; null where it is something else. */
export function parseIpv6(text: string): Uint8Array | null {
  let source = text
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(source)
  if (tail) {
    const address = parseIpv4(tail[2])
    if (address === null) return null
    source = `${tail[1]}${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`
  }
  const halves = source.split('::')
  if (halves.length > 2) return null
  const groupsOf = (half: string) => (half === '' ? [] : half.split(':'))
  const head = groupsOf(halves[0])
  const rest = halves.length === 2 ? groupsOf(halves[1]) : []
  const zeros = 8 - head.length - rest.length
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return null
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...rest]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null
  const bytes = new Uint8Array(16)
  groups.forEach((group, i) => {
    const value = parseInt(group, 16)
    bytes[2 * i] = value >>> 8
    bytes[2 * i + 1] = value
  })
  return bytes
}

/** The address that starts at `at`: 4 bytes for version 4, 16 for version 6. */
export function formatIpAt(bytes: Uint8Array, at: number, version: number): string {
  return version === 6 ? formatIpv6(bytes, at) : formatIpv4(readU32(bytes, at))
}

/** 4 or 16 bytes of an address's text; null where it is neither. */
export function parseIp(text: string): Uint8Array | null {
  const address = parseIpv4(text)
  return address === null ? parseIpv6(text) : ipv4Bytes(address)
}

/** Text of 4 or 16 bytes. */
export function formatIp(address: Uint8Array): string {
  return formatIpAt(address, 0, address.length === 16 ? 6 : 4)
}

/** Address and port as one text: IPv6 in brackets (RFC 3986 §3.2.2). */
export function formatEndpoint(address: string, port: number | string): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

export function ipv4Bytes(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address)
}

export interface Cidr {
  readonly version: 4 | 6
  /** 4 or 16 bytes, host bits kept: `10.0.0.7/24` says both the address and its network. */
  readonly address: Uint8Array
  readonly prefixLength: number
}

/** `10.77.0.2/24`, `fd00::2/64`; an address alone has the full prefix. Null where it is something else. */
export function parseCidr(text: string): Cidr | null {
  const parts = text.split('/')
  const address = parts.length <= 2 ? parseIp(parts[0]) : null
  if (!address) return null
  const full = address.length * 8
  if (parts.length === 2 && !/^\d{1,3}$/.test(parts[1])) return null
  const prefixLength = parts.length === 2 ? Number(parts[1]) : full
  return prefixLength <= full ? { version: address.length === 16 ? 6 : 4, address, prefixLength } : null
}

export function formatCidr(cidr: Cidr): string {
  return `${formatIp(cidr.address)}/${cidr.prefixLength}`
}

export function ipv4Mask(prefixLength: number): number {
  return prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0
}

export function isSameIpv4Network(a: number, b: number, prefixLength: number): boolean {
  return ((a ^ b) & ipv4Mask(prefixLength)) === 0
}

/** Whether two addresses of one version (4 or 16 bytes each) agree in their first `prefixLength` bits. */
export function isSamePrefix(a: Uint8Array, b: Uint8Array, prefixLength: number): boolean {
  if (a.length !== b.length) return false
  for (let bit = 0; bit < prefixLength; bit += 8) {
    const mask = prefixLength - bit >= 8 ? 0xff : (0xff00 >> (prefixLength - bit)) & 0xff
    if (((a[bit >> 3] ^ b[bit >> 3]) & mask) !== 0) return false
  }
  return true
}

/** Group bit of the first byte (IEEE 802): multicast or broadcast. */
export function isMulticastMac(mac: Uint8Array, at = 0): boolean {
  return (mac[at] & 1) === 1
}

export function isBroadcastMac(mac: Uint8Array, at = 0): boolean {
  for (let i = 0; i < 6; i++) if (mac[at + i] !== 0xff) return false
  return true
}

/** 224.0.0.0/4 (RFC 5771). */
export function isMulticastIpv4(address: number): boolean {
  return address >>> 28 === 0xe
}

/** 255.255.255.255, or all host bits set in a prefix short enough to have a broadcast address (RFC 919, RFC 3021). */
export function isBroadcastIpv4(address: number, prefixLength = 32): boolean {
  if (address === 0xffff_ffff) return true
  if (prefixLength >= 31) return false
  const hostBits = ~ipv4Mask(prefixLength) >>> 0
  return ((address & hostBits) >>> 0) === hostBits
}

type Block = readonly [network: number, prefixLength: number]

const privateBlocks: readonly Block[] = [[0x0a000000, 8], [0xac100000, 12], [0xc0a80000, 16]] // RFC 1918
const documentationBlocks: readonly Block[] = [[0xc0000200, 24], [0xc6336400, 24], [0xcb007100, 24], [0xc6120000, 15]] // RFC 5737; 198.18.0.0/15 benchmarking, RFC 2544

function isInBlocks(address: number, blocks: readonly Block[]): boolean {
  return blocks.some(([network, prefixLength]) => isSameIpv4Network(address, network, prefixLength))
}

export function isPrivateIpv4(address: number): boolean {
  return isInBlocks(address, privateBlocks)
}

/** 169.254.0.0/16 (RFC 3927). */
export function isLinkLocalIpv4(address: number): boolean {
  return address >>> 16 === 0xa9fe
}

/** 127.0.0.0/8. */
export function isLoopbackIpv4(address: number): boolean {
  return address >>> 24 === 127
}

/** The blocks of RFC 5737, and the benchmarking block of RFC 2544. */
export function isDocumentationIpv4(address: number): boolean {
  return isInBlocks(address, documentationBlocks)
}

/** ff00::/8. */
export function isMulticastIpv6(bytes: Uint8Array, at = 0): boolean {
  return bytes[at] === 0xff
}

/** fc00::/7, unique local (RFC 4193). */
export function isPrivateIpv6(bytes: Uint8Array, at = 0): boolean {
  return (bytes[at] & 0xfe) === 0xfc
}

/** fe80::/10. */
export function isLinkLocalIpv6(bytes: Uint8Array, at = 0): boolean {
  return bytes[at] === 0xfe && (bytes[at + 1] & 0xc0) === 0x80
}

/** ::1. */
export function isLoopbackIpv6(bytes: Uint8Array, at = 0): boolean {
  return isZero(bytes, at, 15) && bytes[at + 15] === 1
}

/** ::. */
export function isUnspecifiedIpv6(bytes: Uint8Array, at = 0): boolean {
  return isZero(bytes, at, 16)
}

/** 2001:db8::/32 (RFC 3849) and 3fff::/20 (RFC 9637). */
export function isDocumentationIpv6(bytes: Uint8Array, at = 0): boolean {
  return readU32(bytes, at) === 0x20010db8 || (readU16(bytes, at) === 0x3fff && bytes[at + 2] >>> 4 === 0)
}

function isMapped(bytes: Uint8Array, at: number): boolean {
  return isZero(bytes, at, 10) && readU16(bytes, at + 10) === 0xffff
}

function isZero(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== 0) return false
  return true
}
