import { copyBytes, readU16, writeU16 } from '../base/bytes.ts'
import { icmpHeaderBytes } from './icmp.ts'

/*
 * Multicast Listener Discovery (RFC 3810; version 1: RFC 2710), behind the ICMPv6 header.
 *
 *   query     0  maximum response code 2, in bytes 4 and 5 of the header      version 1: milliseconds
 *             8  group 16, `::` for all of them
 *            24  version 2 alone: flags 1, querier's interval 1, number of sources 2, sources
 *   report 2  6  number of records 2, then from byte 8 on: type 1, auxiliary words 1, number of sources 2, group 16, sources, auxiliary data
 *   report 1, done:  8  group 16
 */

/** Without sources: all of them (EX {}), or none (IN {}) (RFC 3810 §5.2.12). */
export const ListenerRecord = { isExclude: 2, toInclude: 3, toExclude: 4 } as const

export const listenerMessageBytes = 24
const queryBytes2 = 28
export const listenerRecordBytes = 20

/** Where all MLDv2 reports go, ff02::16. */
export const allListenerRouters = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16)

/** The hop-by-hop header of every message: router alert 0 and padding (RFC 2711 §2.1). Its first byte names ICMPv6. */
export const routerAlertHeader = Uint8Array.of(58, 0, 5, 2, 0, 0, 1, 0)

export interface ListenerQuery { readonly version: 1 | 2, readonly maxDelayUs: number, readonly group: Uint8Array }

/** `at` and `length` are the whole ICMPv6 message. Null where its length fits no version (RFC 3810 §8.1). */
export function decodeListenerQuery(bytes: Uint8Array, at: number, length: number): ListenerQuery | null {
  if (length < listenerMessageBytes || (length > listenerMessageBytes && length < queryBytes2)) return null
  const version = length === listenerMessageBytes ? 1 : 2
  const code = readU16(bytes, at + 4)
  const delayMs = version === 1 || code < 0x8000 ? code : ((code & 0xfff) | 0x1000) << (((code >>> 12) & 7) + 3)
  return { version, maxDelayUs: delayMs * 1000, group: bytes.slice(at + icmpHeaderBytes, at + listenerMessageBytes) }
}

/** Writes one record without sources. @returns bytes written: 20 */
export function encodeListenerRecord(type: number, group: Uint8Array, into: Uint8Array, at: number): number {
  into[at] = type
  into[at + 1] = 0
  writeU16(into, at + 2, 0)
  copyBytes(group, 0, into, at + 4, 16)
  return listenerRecordBytes
}

/** Whether the hop-by-hop header at `at` alerts routers to MLD; padding may stand before the option. */
export function hasRouterAlert(bytes: Uint8Array, at: number): boolean {
  const end = at + (bytes[at + 1] + 1) * 8
  for (let i = at + 2; i + 4 <= end;) {
    if (bytes[i] === 5) return bytes[i + 1] === 2 && readU16(bytes, i + 2) === 0
    i += bytes[i] === 0 ? 1 : 2 + bytes[i + 1]
  }
  return false
}
