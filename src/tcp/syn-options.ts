import { copyBytes, writeU16, writeU32 } from '../base/bytes.ts'
import { fastOpenExid, TcpOptionKind } from '../wire/tcp-options.ts'
import type { AccurateEcn } from './accurate-ecn.ts'
import type { SynOptionName } from './config.ts'
import type { TcpSegment } from './segment.ts'

/** What a SYN carries: -1 and false leave an option out. Reused for every SYN. */
export const offer = {
  mss: -1, sackOK: false, timestamp: false, tsVal: 0, tsEcr: 0, windowShift: -1,
  userTimeout: 0, fastOpen: null as Uint8Array | null, isFastOpenTrial: false, accurateEcn: null as AccurateEcn | null,
}

/* Kinds and lengths as the IANA registry of TCP options has them. */
const nop = 1
const maxOptionBytes = 40
const lengths: Readonly<Record<SynOptionName, number>> = { mss: 4, sackOK: 2, TS: 10, wscale: 3 }

/**
 * Writes the {@link offer} into `out`, both as bytes and parsed, in the configured order (RFC 9293 §3.1 leaves it free, so that it tells systems apart).
 * Padding by 'nop' ends each option on a 32-bit word, where SACK-permitted in front of timestamps takes the place of their two NOPs;
 * by 'eol' an option has only the NOPs that its numbers need to be aligned, and End of Option List fills the last word.
 */
export function writeSynOptions(out: TcpSegment, order: string, padding: 'nop' | 'eol'): void {
  const names = orderOf(order)
  let at = 0
  let hasCounters = false
  for (let i = 0; i < names.length; i++) {
    const name = names[i]
    if (!isOffered(name)) continue
    if (offer.accurateEcn !== null && !hasCounters && goesBefore(name, names, i)) {
      hasCounters = true
      at = writeCounters(out, at)
    }
    for (let pad = padding === 'nop' ? nopsToWord(at, name, nextOffered(names, i + 1)) : nopsToAlign(at, name); pad > 0; pad--) out.optionBytes[at++] = nop
    writeOption(out, name, at)
    at += lengths[name]
  }
  if (offer.accurateEcn !== null && !hasCounters) at = writeCounters(out, at)
  if (offer.fastOpen !== null) at = writeFastOpen(out, offer.fastOpen, at, padding)
  if (offer.userTimeout !== 0 && at + userTimeoutBytes <= maxOptionBytes) at = writeUserTimeout(out, offer.userTimeout, at)
  while (at % 4 !== 0) out.optionBytes[at++] = 0
  out.optionLength = at
}

function isOffered(name: SynOptionName): boolean {
  switch (name) {
    case 'mss': return offer.mss >= 0
    case 'sackOK': return offer.sackOK
    case 'TS': return offer.timestamp
    case 'wscale': return offer.windowShift >= 0
  }
}

function nextOffered(names: readonly SynOptionName[], from: number): SynOptionName | null {
  for (let i = from; i < names.length; i++) if (isOffered(names[i])) return names[i]
  return null
}

function nopsToWord(at: number, name: SynOptionName, next: SynOptionName | null): number {
  if (name === 'sackOK' && next === 'TS') return 0
  return -(at + lengths[name]) & 3
}

/** Numbers of 32 bits on words; the shift's option ends on a word; SACK-permitted at an even place. */
function nopsToAlign(at: number, name: SynOptionName): number {
  switch (name) {
    case 'mss': return -at & 3
    case 'sackOK': return at & 1
    case 'TS': return (2 - at) & 3
    case 'wscale': return (1 - at) & 3
  }
}

function writeOption(out: TcpSegment, name: SynOptionName, at: number): void {
  const { options, optionBytes: bytes } = out
  switch (name) {
    case 'mss':
      bytes[at] = 2
      writeU16(bytes, at + 2, offer.mss)
      options.mss = offer.mss
      break
    case 'sackOK':
      bytes[at] = 4
      options.sackPermitted = true
      break
    case 'TS':
      bytes[at] = 8
      writeU32(bytes, at + 2, offer.tsVal)
      writeU32(bytes, at + 6, offer.tsEcr)
      options.hasTimestamp = true
      options.tsVal = offer.tsVal
      options.tsEcr = offer.tsEcr
      break
    case 'wscale':
      bytes[at] = 3
      bytes[at + 2] = offer.windowShift
      options.windowScale = offer.windowShift
  }
  bytes[at + 1] = lengths[name]
}

export const userTimeoutBytes = 4

/** RFC 5482 §3.3. @returns where it ends */
export function writeUserTimeout(out: TcpSegment, field: number, at: number): number {
  out.optionBytes[at] = TcpOptionKind.userTimeout
  out.optionBytes[at + 1] = userTimeoutBytes
  writeU16(out.optionBytes, at + 2, field)
  out.options.userTimeout = field
  return at + userTimeoutBytes
}

/** With its padding. */
export const accurateEcnBytes = 12

/** The three counters behind the kind that has those of ECT(1) first, as one field may be all there is room for (RFC 9768 §3.2.3). */
export function writeAccurateEcn(out: TcpSegment, { rE0b, rCeb, rE1b }: AccurateEcn, at: number): void {
  const { options, optionBytes: bytes } = out
  bytes[at] = TcpOptionKind.accecn1
  bytes[at + 1] = 11
  writeU24(bytes, at + 2, rE1b)
  writeU24(bytes, at + 5, rCeb)
  writeU24(bytes, at + 8, rE0b)
  options.accEcnCount = 3
  options.accEcnCounters[0] = rE0b
  options.accEcnCounters[1] = rCeb
  options.accEcnCounters[2] = rE1b
}

function writeU24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 16
  writeU16(bytes, at + 1, value & 0xffff)
}

/** Behind MSS and timestamps: in front of the scale, or of SACK-permitted where that does not stand in front of timestamps. */
function goesBefore(name: SynOptionName, names: readonly SynOptionName[], i: number): boolean {
  return name === 'wscale' || (name === 'sackOK' && nextOffered(names, i + 1) !== 'TS')
}

function writeCounters(out: TcpSegment, at: number): number {
  if (at + accurateEcnBytes > maxOptionBytes) return at
  writeAccurateEcn(out, offer.accurateEcn!, at)
  out.optionBytes[at + accurateEcnBytes - 1] = nop
  return at + accurateEcnBytes
}

/** The last one, if it fits, NOPs behind it (RFC 7413 §4.1.1). @returns where it ends */
function writeFastOpen(out: TcpSegment, cookie: Uint8Array, start: number, padding: 'nop' | 'eol'): number {
  const { options, optionBytes: bytes } = out
  const head = offer.isFastOpenTrial ? 4 : 2
  let at = start
  if (at + head + cookie.length > maxOptionBytes) return at
  bytes[at] = offer.isFastOpenTrial ? TcpOptionKind.experimental2 : TcpOptionKind.tfo
  bytes[at + 1] = head + cookie.length
  if (offer.isFastOpenTrial) {
    writeU16(bytes, at + 2, fastOpenExid)
    options.fastOpenTrialLength = cookie.length
  } else options.fastOpenCookieLength = cookie.length
  copyBytes(cookie, 0, bytes, at + head, cookie.length)
  options.fastOpenCookie.set(cookie)
  at += head + cookie.length
  while (padding === 'nop' && at % 4 !== 0) bytes[at++] = nop
  return at
}

const parsedOrders = new Map<string, readonly SynOptionName[]>()

function orderOf(text: string): readonly SynOptionName[] {
  let order = parsedOrders.get(text)
  if (order === undefined) {
    order = text.split(',') as SynOptionName[]
    parsedOrders.set(text, order)
  }
  return order
}
