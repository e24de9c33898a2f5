import { readU16 } from '../base/bytes.ts'
import { wireError } from './error.ts'
import { EtherType } from './ethernet.ts'
import type { WireError } from './error.ts'
import type { LinkShims } from './link-shim.ts'

/*
 * PPP (RFC 1661, RFC 1662)          PPPoE (RFC 2516)              Cisco HDLC
 *   0  address, control  2, or none   0  version, type  1           0  address    1
 *   n  protocol          2, or 1      1  code           1           1  control    1
 *                                     2  session        2           2  EtherType  2
 *                                     4  length         2
 */
const addressAndControl = 0xff03
const pppoeBytes = 6
const cHdlcBytes = 4
const sessionData = 0

const etherTypes: Readonly<Record<number, number>> = { 0x21: EtherType.ipv4, 0x57: EtherType.ipv6, 0x281: EtherType.mpls, 0x283: EtherType.mplsMulticast }

export function decodePpp(bytes: Uint8Array, at: number, end: number, into: LinkShims): WireError | null {
  into.etherType = 0
  const protocolAt = at + 2 <= end && readU16(bytes, at) === addressAndControl ? at + 2 : at
  if (protocolAt >= end) return wireError('ppp', at, 'truncated')
  // The low bit marks the last byte of the number (RFC 1661 §2), so a compressed one is 1 byte long.
  const isCompressed = (bytes[protocolAt] & 1) === 1
  if (!isCompressed && protocolAt + 2 > end) return wireError('ppp', protocolAt, 'truncated')
  const protocol = isCompressed ? bytes[protocolAt] : readU16(bytes, protocolAt)
  into.add('ppp', at, protocolAt + (isCompressed ? 1 : 2) - at)
  into.etherType = etherTypes[protocol] ?? 0
  return null
}

/** libpcap puts a byte in front that says who sent it. */
export function decodePppWithDirection(bytes: Uint8Array, at: number, end: number, into: LinkShims): WireError | null {
  if (at >= end) return wireError('ppp', at, 'truncated')
  const error = decodePpp(bytes, at + 1, end, into)
  if (into.count > 0) into.takeIn(1)
  return error
}

export function decodePppoe(bytes: Uint8Array, at: number, end: number, into: LinkShims): WireError | null {
  into.etherType = 0
  if (at + pppoeBytes > end) return wireError('pppoe', at, 'truncated')
  into.add('pppoe', at, pppoeBytes)
  if (bytes[at] !== 0x11 || bytes[at + 1] !== sessionData) return null
  return decodePpp(bytes, at + pppoeBytes, end, into)
}

/** PPP in HDLC-like framing, or Cisco's: the first byte tells. */
export function decodeHdlc(bytes: Uint8Array, at: number, end: number, into: LinkShims): WireError | null {
  into.etherType = 0
  if (at >= end) return wireError('ppp', at, 'truncated')
  if (bytes[at] !== 0x0f && bytes[at] !== 0x8f) return decodePpp(bytes, at, end, into)
  if (at + cHdlcBytes > end) return wireError('chdlc', at, 'truncated')
  into.add('chdlc', at, cHdlcBytes)
  into.etherType = readU16(bytes, at + 2)
  return null
}
