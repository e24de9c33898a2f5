import { wireError } from './error.ts'
import { EtherType } from './ethernet.ts'
import type { WireError } from './error.ts'
import type { LinkShims } from './link-shim.ts'

/*
 * MPLS label stack entry (RFC 3032 §2.1): label 20 bits, traffic class 3, bottom of stack 1, TTL 8.
 */
const entryBytes = 4

/** Nothing says what follows the last label; the first four bits tell IPv4 from IPv6 (RFC 4928 §3). */
export function decodeMpls(bytes: Uint8Array, at: number, end: number, into: LinkShims): WireError | null {
  into.etherType = 0
  for (let entryAt = at; ; entryAt += entryBytes) {
    if (entryAt + entryBytes > end) return wireError('mpls', entryAt, 'truncated')
    if (!into.add('mpls', entryAt, entryBytes)) return wireError('mpls', entryAt, 'tooManyTags')
    if ((bytes[entryAt + 2] & 1) === 0) continue
    const version = into.end < end ? bytes[into.end] >>> 4 : 0
    if (version === 4) into.etherType = EtherType.ipv4
    else if (version === 6) into.etherType = EtherType.ipv6
    return null
  }
}
