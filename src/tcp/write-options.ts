import { writeU32 } from '../base/bytes.ts'
import { TcpFlag } from '../wire/tcp.ts'
import type { AccurateEcn } from './accurate-ecn.ts'
import { offeredWindowShift } from './negotiation.ts'
import { Reason } from './reasons.ts'
import { seqAdd } from './seq.ts'
import type { TcpSegment } from './segment.ts'
import { TcpState } from './state.ts'
import { accurateEcnBytes, offer, userTimeoutBytes, writeAccurateEcn, writeSynOptions, writeUserTimeout } from './syn-options.ts'
import type { Tcb } from './tcb.ts'
import { userTimeoutField } from './user-timeout.ts'

/* Kinds and lengths as the IANA registry of TCP options has them. */
const nop = 1
const timestampBytes = 12
const pairs = new Float64Array(8)

/** Bytes that the options of a data segment take now: timestamps, and SACK blocks while there are holes. */
export function dataOptionLength(tcb: Tcb): number {
  const others = (hasCounters(tcb) ? accurateEcnBytes : 0) + (tcb.userTimeout !== null && tcb.userTimeout.isDue ? userTimeoutBytes : 0)
  const timestamp = (tcb.timestampsOn ? timestampBytes : 0) + others
  if (!hasSackBlocks(tcb)) return timestamp
  const dsack = tcb.dsackDue ? 1 : 0
  return timestamp + 4 + 8 * (dsack + tcb.receiveBuffer.sackRanges(pairs, maxSackBlocks(tcb) - dsack))
}

/** An option with the counters waits, and there is room for it: SACK blocks go before. */
function hasCounters(tcb: Tcb): boolean {
  return tcb.accurateEcn !== null && tcb.accurateEcn.optionDue && tcb.config.accurateEcnOption && !hasSackBlocks(tcb)
}

function writeCounters(accurate: AccurateEcn, out: TcpSegment, at: number): number {
  accurate.optionDue = false
  writeAccurateEcn(out, accurate, at)
  out.optionBytes[at + accurateEcnBytes - 1] = nop
  return at + accurateEcnBytes
}

/** Writes options both as bytes and parsed. On a SYN what we offer, or accept; later what was agreed on. Words are aligned with NOPs in front. */
export function writeOptions(tcb: Tcb, out: TcpSegment, tsVal: number): void {
  if ((out.flags & TcpFlag.syn) !== 0) {
    offerNow(tcb, out, tsVal)
    return writeSynOptions(out, tcb.config.synOptionOrder, tcb.config.synOptionPadding)
  }
  let length = 0
  if (tcb.timestampsOn) length = writeTimestamp(tcb, out, tsVal)
  if (hasSackBlocks(tcb)) length = writeSackBlocks(tcb, out, length)
  if (tcb.userTimeout !== null && tcb.userTimeout.isDue && length + userTimeoutBytes <= 40) {
    tcb.userTimeout.isDue = false
    length = writeUserTimeout(out, userTimeoutField(tcb.config.userTimeoutAdvertisedUs), length)
  }
  if (hasCounters(tcb)) length = writeCounters(tcb.accurateEcn!, out, length)
  out.optionLength = length
}

export function writeResetOptions(tcb: Tcb, out: TcpSegment, tsVal: number): void {
  out.optionLength = writeTimestamp(tcb, out, tsVal)
}

/** On the first SYN what we offer, on an answer what both sides have. */
function offerNow(tcb: Tcb, out: TcpSegment, tsVal: number): void {
  const { config } = tcb
  const isFirst = tcb.state === TcpState.synSent
  // An answer may still agree to what an earlier SYN offered.
  const isPlain = isFirst && (config.bareSyn || (config.plainSynAfter > 0 && tcb.retransmitCount >= config.plainSynAfter))
  offer.mss = config.bareSyn ? -1 : tcb.rcvMss
  offer.sackOK = isFirst ? config.sackPermitted && !isPlain : tcb.sackOn
  offer.timestamp = isFirst ? config.timestamps && !isPlain : tcb.timestampsOn
  offer.tsVal = tsVal
  offer.tsEcr = echoed(tcb, out)
  // Not on a SYN, and not on a SYN+ACK that comes again (RFC 9768 §3.2.3.2).
  offer.accurateEcn = isFirst || !config.accurateEcnOption || tcb.synReason === Reason.synTimeout ? null : tcb.accurateEcn
  offer.userTimeout = tcb.userTimeout === null ? 0 : userTimeoutField(config.userTimeoutAdvertisedUs)
  offer.fastOpen = tcb.fastOpen === null ? null : tcb.fastOpen.offered
  offer.isFastOpenTrial = tcb.fastOpen !== null && tcb.fastOpen.isTrial
  offer.windowShift = (isFirst ? config.windowScaling && !isPlain : tcb.scalingOn) ? offeredWindowShift(tcb) : -1
}

/** TSecr is valid where ACK is set, else 0 (RFC 7323 §3.2). */
function echoed(tcb: Tcb, out: TcpSegment): number {
  return (out.flags & TcpFlag.ack) !== 0 ? tcb.tsRecent : 0
}

function writeTimestamp(tcb: Tcb, out: TcpSegment, tsVal: number): number {
  const bytes = out.optionBytes
  const { options } = out
  options.hasTimestamp = true
  options.tsVal = tsVal
  options.tsEcr = echoed(tcb, out)
  bytes[0] = nop
  bytes[1] = nop
  bytes[2] = 8
  bytes[3] = 10
  writeU32(bytes, 4, options.tsVal)
  writeU32(bytes, 8, options.tsEcr)
  return timestampBytes
}

/** RFC 2018 §4: the range of the latest arrival first, then those before it. A duplicate goes before all, once (RFC 2883 §4). */
function writeSackBlocks(tcb: Tcb, out: TcpSegment, start: number): number {
  const bytes = out.optionBytes
  const { options } = out
  const buffer = tcb.receiveBuffer
  let count = 0
  if (tcb.dsackDue) {
    tcb.dsackDue = false
    writeEdge(out, start, 0, tcb.dsackStart)
    writeEdge(out, start, 1, tcb.dsackEnd)
    count = 1
  }
  const first = 2 * count
  count += buffer.sackRanges(pairs, maxSackBlocks(tcb) - count)
  bytes[start] = nop
  bytes[start + 1] = nop
  bytes[start + 2] = 5
  bytes[start + 3] = 2 + 8 * count
  for (let i = first; i < 2 * count; i++) writeEdge(out, start, i, seqAdd(tcb.rcvNxt, pairs[i - first] - buffer.nextOffset))
  options.sackCount = count
  return start + 4 + 8 * count
}

function writeEdge(out: TcpSegment, start: number, index: number, edge: number): void {
  out.options.sackEdges[index] = edge
  writeU32(out.optionBytes, start + 4 + 4 * index, edge)
}

function hasSackBlocks(tcb: Tcb): boolean {
  return tcb.sackOn && (tcb.dsackDue || tcb.receiveBuffer.hasHoles())
}

/** 40 bytes of options hold four blocks, three beside timestamps. */
function maxSackBlocks(tcb: Tcb): number {
  return tcb.timestampsOn ? 3 : 4
}
