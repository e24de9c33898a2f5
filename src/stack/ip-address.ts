import { formatIp, formatIpv4, parseIp } from '../wire/addresses.ts'
import { bytesEqual, readU32 } from '../base/bytes.ts'

/** An address of either version: IPv4 as an unsigned number or 4 bytes, IPv6 as 16 bytes. */
export type IpAddress = number | Uint8Array

/** The IPv4 address as an unsigned number; null for IPv6 and for arrays of other lengths. */
export function asIpv4(address: IpAddress): number | null {
  if (typeof address === 'number') return address >>> 0
  return address.length === 4 ? readU32(address, 0) : null
}

export function isSameAddress(a: IpAddress, b: IpAddress): boolean {
  return typeof a === 'number' || typeof b === 'number' ? a === b : bytesEqual(a, b)
}

export function formatAddress(address: IpAddress): string {
  return typeof address === 'number' ? formatIpv4(address) : formatIp(address)
}

/** IPv6 also in brackets, as in URLs. */
export function parseAddress(text: string): IpAddress | null {
  const bytes = parseIp(text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text)
  return bytes?.length === 4 ? readU32(bytes, 0) : bytes
}
