import { concatBytes, readU16, readU32, writeU16, writeU32 } from '../base/bytes.ts'
import type { WireReason } from './error.ts'

/*
 * TCP options (RFC 9293 §3.2): kind 1, and but for kinds 0 and 1 length 1 (kind and length included), data.
 * Nothing is aligned; behind End of Option List all is padding.
 */

export const TcpOptionKind = {
  eol: 0, nop: 1, mss: 2, wscale: 3, sackOK: 4, sack: 5, ts: 8, md5: 19, userTimeout: 28, ao: 29, mptcp: 30, tfo: 34,
  accecn0: 172, accecn1: 174, experimental1: 253, experimental2: 254,
} as const

/** The experiment id of TCP Fast Open before it had a kind (RFC 7413 appendix, RFC 6994). */
export const fastOpenExid = 0xf989

/** The longest fast open cookie (RFC 7413 §4.1.1). */
export const maxFastOpenCookieBytes = 16

export interface SackBlock {
  readonly left: number
  readonly right: number
}

/**
 * One option as it stands. A kind we know in a length its RFC does not give is `unknown`, with its data; a length that is illegal
 * (0, 1, or beyond the header) ends the list as `malformed`, with all the bytes that are left.
 */
export type TcpOption =
  | { readonly name: 'eol' | 'nop' | 'sackOK' }
  | { readonly name: 'mss', readonly mss: number }
  | { readonly name: 'wscale', readonly shift: number }
  | { readonly name: 'sack', readonly blocks: readonly SackBlock[] }
  | { readonly name: 'ts', readonly val: number, readonly ecr: number }
  | { readonly name: 'md5', readonly digest: Uint8Array }
  | { readonly name: 'user-timeout', readonly isMinutes: boolean, readonly value: number }
  | { readonly name: 'tcp-ao', readonly keyId: number, readonly rNextKeyId: number, readonly mac: Uint8Array }
  | { readonly name: 'mptcp', readonly data: Uint8Array }
  | { readonly name: 'tfo', readonly cookie: Uint8Array }
  | { readonly name: 'accecn', readonly order: 0 | 1, readonly counters: readonly number[] }
  | { readonly name: 'experimental', readonly kind: 253 | 254, readonly exid: number, readonly data: Uint8Array }
  | { readonly name: 'unknown', readonly kind: number, readonly data: Uint8Array }
  | { readonly name: 'padding', readonly bytes: Uint8Array }
  | { readonly name: 'malformed', readonly bytes: Uint8Array }

export type TcpOptionName = TcpOption['name']

/** The options of a header, for display and editing. {@link encodeTcpOptions} of the result gives the same bytes. */
export function decodeTcpOptions(bytes: Uint8Array, at: number, length: number): TcpOption[] {
  return tcpOptionSpans(bytes, at, length).map((span) => span.option)
}

export interface TcpOptionSpan {
  readonly option: TcpOption
  readonly offset: number
  readonly length: number
}

/** As {@link decodeTcpOptions}, with where each stands. */
export function tcpOptionSpans(bytes: Uint8Array, at: number, length: number): TcpOptionSpan[] {
  const found: TcpOptionSpan[] = []
  const end = at + length
  for (let i = at; i < end;) {
    const kind = bytes[i]
    const optionLength = kind <= TcpOptionKind.nop ? 1 : i + 1 < end ? bytes[i + 1] : 0
    if ((kind > TcpOptionKind.nop && optionLength < 2) || i + optionLength > end) {
      found.push({ option: { name: 'malformed', bytes: bytes.slice(i, end) }, offset: i, length: end - i })
      break
    }
    found.push({ option: decodeOne(bytes, i, kind, optionLength), offset: i, length: optionLength })
    i += optionLength
    if (kind === TcpOptionKind.eol) {
      if (i < end) found.push({ option: { name: 'padding', bytes: bytes.slice(i, end) }, offset: i, length: end - i })
      break
    }
  }
  return found
}

function decodeOne(bytes: Uint8Array, at: number, kind: number, length: number): TcpOption {
  const data = () => bytes.slice(at + 2, at + length)
  switch (kind) {
    case TcpOptionKind.eol: return { name: 'eol' }
    case TcpOptionKind.nop: return { name: 'nop' }
    case TcpOptionKind.mss: if (length === 4) return { name: 'mss', mss: readU16(bytes, at + 2) }; break
    case TcpOptionKind.wscale: if (length === 3) return { name: 'wscale', shift: bytes[at + 2] }; break
    case TcpOptionKind.sackOK: if (length === 2) return { name: 'sackOK' }; break
    case TcpOptionKind.sack: if (length >= 10 && length % 8 === 2) return { name: 'sack', blocks: decodeBlocks(bytes, at + 2, (length - 2) / 8) }; break
    case TcpOptionKind.ts: if (length === 10) return { name: 'ts', val: readU32(bytes, at + 2), ecr: readU32(bytes, at + 6) }; break
    case TcpOptionKind.md5: if (length === 18) return { name: 'md5', digest: data() }; break
    case TcpOptionKind.userTimeout: if (length === 4) return { name: 'user-timeout', isMinutes: bytes[at + 2] >= 0x80, value: readU16(bytes, at + 2) & 0x7fff }; break
    case TcpOptionKind.ao: if (length >= 4) return { name: 'tcp-ao', keyId: bytes[at + 2], rNextKeyId: bytes[at + 3], mac: bytes.slice(at + 4, at + length) }; break
    case TcpOptionKind.mptcp: if (length > 2) return { name: 'mptcp', data: data() }; break
    case TcpOptionKind.tfo: return { name: 'tfo', cookie: data() }
    case TcpOptionKind.accecn0: case TcpOptionKind.accecn1:
      if (length <= 11 && length % 3 === 2) return { name: 'accecn', order: kind === TcpOptionKind.accecn0 ? 0 : 1, counters: decodeCounters(bytes, at + 2, (length - 2) / 3) }
      break
    case TcpOptionKind.experimental1: case TcpOptionKind.experimental2:
      if (length >= 4) return { name: 'experimental', kind: kind === 253 ? 253 : 254, exid: readU16(bytes, at + 2), data: bytes.slice(at + 4, at + length) }
      break
  }
  return { name: 'unknown', kind, data: data() }
}

function decodeBlocks(bytes: Uint8Array, at: number, count: number): SackBlock[] {
  return Array.from({ length: count }, (_, i) => ({ left: readU32(bytes, at + 8 * i), right: readU32(bytes, at + 8 * i + 4) }))
}

function decodeCounters(bytes: Uint8Array, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (bytes[at + 3 * i] << 16) | readU16(bytes, at + 3 * i + 1))
}

/** The options in order, exactly as listed: padding to a multiple of 4 is {@link padTcpOptions}. Data beyond 253 bytes does not fit a length byte and is cut. */
export function encodeTcpOptions(options: readonly TcpOption[]): Uint8Array {
  return concatBytes(options.map(encodeTcpOption))
}

/** Appends End of Option List and zeros up to a multiple of 4 (RFC 9293 §3.1); a multiple stays as it is. */
export function padTcpOptions(options: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(options.length / 4) * 4)
  padded.set(options)
  return padded
}

export function encodeTcpOption(option: TcpOption): Uint8Array {
  switch (option.name) {
    case 'eol': return Uint8Array.of(TcpOptionKind.eol)
    case 'nop': return Uint8Array.of(TcpOptionKind.nop)
    case 'sackOK': return withLength(TcpOptionKind.sackOK, new Uint8Array(0))
    case 'mss': return withLength(TcpOptionKind.mss, u16(option.mss))
    case 'wscale': return withLength(TcpOptionKind.wscale, Uint8Array.of(option.shift))
    case 'sack': return withLength(TcpOptionKind.sack, u32s(option.blocks.flatMap((block) => [block.left, block.right])))
    case 'ts': return withLength(TcpOptionKind.ts, u32s([option.val, option.ecr]))
    case 'md5': return withLength(TcpOptionKind.md5, option.digest)
    case 'user-timeout': return withLength(TcpOptionKind.userTimeout, u16((option.isMinutes ? 0x8000 : 0) | option.value))
    case 'tcp-ao': return withLength(TcpOptionKind.ao, Uint8Array.of(option.keyId, option.rNextKeyId), option.mac)
    case 'mptcp': return withLength(TcpOptionKind.mptcp, option.data)
    case 'tfo': return withLength(TcpOptionKind.tfo, option.cookie)
    case 'accecn': return withLength(option.order === 0 ? TcpOptionKind.accecn0 : TcpOptionKind.accecn1, ...option.counters.map(u24))
    case 'experimental': return withLength(option.kind, u16(option.exid), option.data)
    case 'unknown': return withLength(option.kind, option.data)
    case 'padding': case 'malformed': return option.bytes
  }
}

function withLength(kind: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const data = concatBytes(parts).subarray(0, 253)
  return concatBytes([Uint8Array.of(kind, data.length + 2), data])
}

function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2)
  writeU16(bytes, 0, value)
  return bytes
}

function u24(value: number): Uint8Array {
  return Uint8Array.of(value >>> 16, value >>> 8, value)
}

function u32s(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  values.forEach((value, i) => writeU32(bytes, 4 * i, value))
  return bytes
}

/** What an engine reads from a header's options; reused from segment to segment. */
export class TcpOptionFields {
  /** -1: absent. */
  mss = -1
  /** The shift as sent, also above 14; -1: absent. */
  windowScale = -1
  sackPermitted = false
  hasTimestamp = false
  /** Of a fast open cookie (RFC 7413 §4.1.1): 0 where one is asked for, -1 without the option. */
  fastOpenCookieLength = -1
  /** The same of the option by which it was tried out (RFC 6994). */
  fastOpenTrialLength = -1
  /** The cookie of either, as far as it is no longer than it may be. */
  readonly fastOpenCookie = new Uint8Array(maxFastOpenCookieBytes)
  /** A bit for each subtype of Multipath TCP options (RFC 8684 §3); `keylessCapable` for MP_CAPABLE without a key. */
  mptcpSubtypes = 0
  /** The 16 bits of a user timeout (RFC 5482 §3.3); -1: absent. */
  userTimeout = -1
  /** Counters of an accurate ECN option that are there, and their values as e0b, ceb, e1b (RFC 9768 §3.2.3), whatever order they came in. */
  accEcnCount = 0
  readonly accEcnCounters = new Uint32Array(3)
  tsVal = 0
  tsEcr = 0
  /** Blocks in `sackEdges`: left and right of each in turn. */
  sackCount = 0
  readonly sackEdges = new Uint32Array(8)
}

/**
 * One pass over the options without allocating. Options in a length their RFC does not give are skipped; an illegal length ends the
 * scan (RFC 9293 MUST-7), what was read before it stays. Of repeated options the last one counts.
 * @returns 0, or why the scan ended early
 */
export function scanTcpOptions(bytes: Uint8Array, at: number, length: number, into: TcpOptionFields, isCut = false): WireReason | 0 {
  into.mss = -1
  into.windowScale = -1
  into.sackPermitted = false
  into.hasTimestamp = false
  into.fastOpenCookieLength = -1
  into.fastOpenTrialLength = -1
  into.mptcpSubtypes = 0
  into.userTimeout = -1
  into.accEcnCount = 0
  into.sackCount = 0
  const end = at + length
  let i = at
  while (i < end) {
    const kind = bytes[i]
    if (kind === TcpOptionKind.nop) { i++; continue }
    if (kind === TcpOptionKind.eol) return 0
    const optionLength = i + 1 < end ? bytes[i + 1] : 0
    if (optionLength < 2 || i + optionLength > end) {
      if (isCut && kind === TcpOptionKind.sack && i + optionLength > end) scanSack(bytes, i, optionLength, into, (end - i - 2) >> 3)
      return 'badOptionLength'
    }
    switch (kind) {
      case TcpOptionKind.ts:
        if (optionLength !== 10) break
        into.hasTimestamp = true
        into.tsVal = readU32(bytes, i + 2)
        into.tsEcr = readU32(bytes, i + 6)
        break
      case TcpOptionKind.sack: scanSack(bytes, i, optionLength, into); break
      case TcpOptionKind.mss: if (optionLength === 4) into.mss = readU16(bytes, i + 2); break
      case TcpOptionKind.wscale: if (optionLength === 3) into.windowScale = bytes[i + 2]; break
      case TcpOptionKind.sackOK: if (optionLength === 2) into.sackPermitted = true; break
      case TcpOptionKind.mptcp: if (optionLength > 2) into.mptcpSubtypes |= multipathBit(bytes[i + 2] >>> 4, optionLength); break
      case TcpOptionKind.tfo:
        into.fastOpenCookieLength = optionLength - 2
        keepCookie(bytes, i + 2, optionLength - 2, into)
        break
      case TcpOptionKind.userTimeout: if (optionLength === 4) into.userTimeout = readU16(bytes, i + 2); break
      case TcpOptionKind.accecn0: case TcpOptionKind.accecn1: scanCounters(bytes, i, optionLength, into); break
      case TcpOptionKind.experimental2:
        if (optionLength < 4 || readU16(bytes, i + 2) !== fastOpenExid) break
        into.fastOpenTrialLength = optionLength - 4
        keepCookie(bytes, i + 4, optionLength - 4, into)
        break
    }
    i += optionLength
  }
  return 0
}

/** As many whole counters as fit (RFC 9768 §3.2.3). */
function scanCounters(bytes: Uint8Array, at: number, optionLength: number, into: TcpOptionFields): void {
  const count = Math.min(3, Math.floor((optionLength - 2) / 3))
  const isSecond = bytes[at] === TcpOptionKind.accecn1
  into.accEcnCount = count
  for (let i = 0; i < count; i++) into.accEcnCounters[isSecond ? 2 - i : i] = (bytes[at + 2 + 3 * i] << 16) | readU16(bytes, at + 3 + 3 * i)
}

function keepCookie(bytes: Uint8Array, at: number, length: number, into: TcpOptionFields): void {
  for (let i = 0; i < Math.min(length, maxFastOpenCookieBytes); i++) into.fastOpenCookie[i] = bytes[at + i]
}

/** Beside the bits of subtypes, which are below it. */
export const keylessCapable = 0x1_0000

function multipathBit(subtype: number, optionLength: number): number {
  const hasKey = optionLength === 12 || optionLength === 20 || optionLength === 22 || optionLength === 24
  return subtype === 0 && !hasKey ? keylessCapable : 1 << subtype
}

function scanSack(bytes: Uint8Array, at: number, optionLength: number, into: TcpOptionFields, blocksHere = 4): void {
  if (optionLength % 8 !== 2 || optionLength > 34) return
  into.sackCount = Math.min((optionLength - 2) / 8, blocksHere)
  const edges = 2 * into.sackCount
  for (let edge = 0; edge < edges; edge++) into.sackEdges[edge] = readU32(bytes, at + 2 + 4 * edge)
}
