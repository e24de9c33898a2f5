import { readU16 } from '../base/bytes.ts'
import { wireError } from './error.ts'
import type { WireError } from './error.ts'
import type { LinkShims } from './link-shim.ts'

/*
 * IEEE 802.2 LLC                  SNAP, behind DSAP = SSAP = 0xaa and control 3 (RFC 1042)
 *   0  DSAP      1                  3  organization   3
 *   1  SSAP      1                  6  EtherType      2, where the organization is 0
 *   2  control   1
 */
const llcBytes = 3
const snapBytes = 5
const sap = 0xaa
const unnumberedInformation = 3

/** Sets `etherType` where SNAP says one; other LLC is left alone. */
export function decodeLlc(bytes: Uint8Array, at: number, end: number, into: LinkShims): WireError | null {
  into.etherType = 0
  if (at + llcBytes > end) return wireError('llc', at, 'truncated')
  into.add('llc', at, llcBytes)
  if (bytes[at] !== sap || bytes[at + 1] !== sap || bytes[at + 2] !== unnumberedInformation) return null
  if (at + llcBytes + snapBytes > end) return wireError('llc', at + llcBytes, 'truncated')
  into.add('snap', at + llcBytes, snapBytes)
  // 0 is RFC 1042's; 0000f8 is for bridging it over Ethernet (IEEE 802.1H).
  const organization = (bytes[at + 3] << 16) | readU16(bytes, at + 4)
  if (organization === 0 || organization === 0xf8) into.etherType = readU16(bytes, at + 6)
  return null
}
