import { copyBytes, readU16, writeU16 } from '../base/bytes.ts'
import { wireError } from './error.ts'
import type { WireError } from './error.ts'

/*
 * Ethernet II / IEEE 802.3, VLAN tags of IEEE 802.1Q and 802.1ad.
 *
 *   0  destination            6
 *   6  source                 6
 *  12  tags                   4 each: TPID 2, TCI 2 (priority 3 bits, drop eligible 1, VLAN id 12)
 *   n  EtherType (>= 1536) or length of an 802.3 frame (<= 1500)   2
 */

export const EtherType = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, qinq: 0x88a8, oldQinq: 0x9100, mpls: 0x8847, mplsMulticast: 0x8848, pppoe: 0x8864 } as const

/** Up to here it is the length of an IEEE 802.3 frame, and LLC follows; EtherTypes begin at 0x600, and what lies between means nothing. */
export const largestLength = 1500

export const ethernetHeaderBytes = 14
export const vlanTagBytes = 4
/** More tags than this are not followed. */
export const maxVlanTags = 4

export class EthernetHeader {
  readonly destination = new Uint8Array(6)
  readonly source = new Uint8Array(6)
  tagCount = 0
  readonly tagProtocols = new Uint16Array(maxVlanTags)
  readonly tagControls = new Uint16Array(maxVlanTags)
  /** The type after all tags. */
  etherType = 0
  headerLength = ethernetHeaderBytes
}

export function isVlanType(etherType: number): boolean {
  return etherType === EtherType.vlan || etherType === EtherType.qinq || etherType === EtherType.oldQinq
}

/** On `tooManyTags` and a tag cut short the header is good as far as it goes: `etherType` is then the tag protocol that was not followed. */
export function decodeEthernet(bytes: Uint8Array, at: number, length: number, into: EthernetHeader): WireError | null {
  if (length < ethernetHeaderBytes) return wireError('ethernet', at, 'truncated')
  for (let i = 0; i < 6; i++) into.destination[i] = bytes[at + i]
  for (let i = 0; i < 6; i++) into.source[i] = bytes[at + 6 + i]
  let typeAt = at + 12
  let etherType = readU16(bytes, typeAt)
  let count = 0
  let error: WireError | null = null
  while (isVlanType(etherType)) {
    if (count === maxVlanTags) { error = wireError('vlan', typeAt, 'tooManyTags'); break }
    if (typeAt + 2 + vlanTagBytes > at + length) { error = wireError('vlan', typeAt, 'truncated'); break }
    into.tagProtocols[count] = etherType
    into.tagControls[count++] = readU16(bytes, typeAt + 2)
    typeAt += vlanTagBytes
    etherType = readU16(bytes, typeAt)
  }
  into.tagCount = count
  into.etherType = etherType
  into.headerLength = typeAt + 2 - at
  return error
}

/** @returns bytes written: 14, and 4 more for each tag */
export function encodeEthernet(header: EthernetHeader, into: Uint8Array, at: number): number {
  copyBytes(header.destination, 0, into, at, 6)
  copyBytes(header.source, 0, into, at + 6, 6)
  let typeAt = at + 12
  for (let i = 0; i < header.tagCount; i++) {
    writeU16(into, typeAt, header.tagProtocols[i])
    writeU16(into, typeAt + 2, header.tagControls[i])
    typeAt += vlanTagBytes
  }
  writeU16(into, typeAt, header.etherType)
  return typeAt + 2 - at
}
