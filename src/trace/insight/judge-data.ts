import { seqGt, seqLe, seqLt } from '../../tcp/seq.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import { Finding } from '../finding.ts'
import type { Notes } from './notes.ts'
import { Limit } from './limit.ts'
import type { OneWay } from './one-way.ts'
import type { SegmentFacts } from './segment-facts.ts'

const asRepetition = Finding.retransmission | Finding.fastRetransmission | Finding.spuriousRetransmission
/** IP ids of one sender that lie so close count on from one another, unless they are random. */
const nearIds = 256
/** So many in a row that count on are taken to do so. */
const steadyIds = 4
/** RFC 1122 §4.2.3.4: a segment may go on its own once so much time has passed. */
const overrideUs = 100_000
/** How long a host takes at most to send what it held, once the ACK is there. */
const promptUs = 2000

/** What a segment with data, SYN or FIN says of its sender. */
export function judgeData(notes: Notes): void {
  const { segment, sent } = notes
  const { flags, length, seq } = segment
  const isControl = (flags & (TcpFlag.syn | TcpFlag.fin)) !== 0
  if (!isControl && length <= 1 && sent.hasSent && seq === ((sent.nxt - 1) | 0) && !judgeQuestion(notes)) return
  if (length === 0 && !isControl) return
  if (sent.hasSent && seqLt(seq, sent.nxt)) {
    if (!judgeOld(notes)) return
  } else if (length > 0) {
    judgeNew(notes)
  }
  if ((flags & TcpFlag.fin) !== 0 && !sent.finSent) {
    sent.finSent = true
    sent.finUs = segment.timeUs
  }
  remember(notes)
}

/** One below the next number: a keep-alive, a probe of a closed window, or a last byte sent again. @returns whether it is data after all */
function judgeQuestion(notes: Notes): boolean {
  const { segment, sent } = notes
  if (segment.length === 1 && sent.outstanding > 0 && seqLe(sent.una, segment.seq)) {
    if ((segment.findings & Finding.keepAlive) !== 0) notes.add('byteResent', [segment.seq], sent.unaPacket)
    return true
  }
  if (sent.window === 0 && (segment.findings & Finding.keepAlive) !== 0) notes.add('closedWindowProbe', [], sent.zeroPacket)
  noteUnanswered(segment, sent)
  return false
}

/** @returns false where it is no transmission of its own: the network made it, or it was only late */
function judgeOld(notes: Notes): boolean {
  const { segment, sent } = notes
  const { seq, ipId, tsVal, packet } = segment
  const end = endOf(segment)
  const same = ipId > 0 && segment.length > 0 ? sent.recent.same(seq, end, tsVal, ipId) : -1
  if (same >= 0) {
    sent.counts.duplicateFrames++
    notes.add('duplicateFrame', [ipId], sent.recent.packetAt(same))
    return false
  }
  const hole = sent.holeOf(seq, end)
  if (hole >= 0 && judgeHole(notes, hole)) return true
  sent.counts.retransmissions++
  noteUnanswered(segment, sent)
  sent.noteRepeated().add(seq, end, tsVal, ipId, packet)
  if (segment.length > 0) sent.growth.lost(sent.nxt, sent.repeatedAcks === 0, sent.full)
  return true
}

/** What came where something was missing was either late or sent again: its timestamp or its IP id tell. @returns whether it was late */
function judgeHole(notes: Notes, hole: number): boolean {
  const { segment, sent } = notes
  const { tsVal, ipId, findings } = segment
  const tsBehind = sent.hole(hole, 2)
  const idBehind = sent.hole(hole, 3)
  const packet = sent.hole(hole, 4)
  const byTime = segment.hasTimestamp ? (tsVal - tsBehind) | 0 : 0
  const idStep = ((ipId - idBehind) << 16) >> 16
  const byId = byTime === 0 && ipId > 0 && idBehind > 0 && sent.steadyIds >= steadyIds && Math.abs(idStep) < nearIds ? idStep : 0
  if (byTime < 0 || byId < 0) {
    sent.counts.reordered++
    if ((findings & asRepetition) !== 0) {
      if (byTime < 0) notes.add('reorderedByTimestamp', [tsVal >>> 0, tsBehind >>> 0], packet)
      else notes.add('reorderedByIpId', [ipId, idBehind], packet)
    }
    return true
  }
  if ((findings & Finding.outOfOrder) !== 0) {
    if (byTime > 0) notes.add('resentByTimestamp', [tsVal >>> 0, tsBehind >>> 0], packet)
    else if (byId > 0) notes.add('resentByIpId', [ipId, idBehind], packet)
  }
  return false
}

function judgeNew(notes: Notes): void {
  const { segment, sent, heard } = notes
  const { seq, length, timeUs, packet } = segment
  const isSmall = sent.isSmall(length)
  countFlight(segment, sent, heard, isSmall)
  if (isSmall) {
    judgeHeld(notes)
    judgeSillySegment(notes)
  }
  if (length * 10 < sent.full) {
    const { counts } = sent
    counts.tiny++
    counts.tinyBytes += length
    if (sent.smallPacket > 0 && sent.outstanding > 0 && seqGt(sent.smallEnd, sent.una)) {
      if (counts.tinyAhead++ === 0) counts.tinyPacket = packet
    }
  }
  if (sent.timedUs < 0 && sent.outstanding === 0) {
    sent.timedEnd = (seq + length) | 0
    sent.timedUs = timeUs
  }
  if (isSmall) {
    sent.smallPacket = packet
    sent.smallEnd = (seq + length) | 0
  }
}

/** RFC 1122 §4.2.3.4 with §4.2.3.2: one end waits for the other's ACK before it sends a small segment, and the other waits with it. */
function judgeHeld(notes: Notes): void {
  const { segment, sent, heard } = notes
  if (sent.delayedPacket === 0 || segment.seq !== sent.delayedEnd || sent.smallEnd !== sent.delayedEnd || heard.lastUs > sent.delayedAtUs) return
  if (segment.timeUs - sent.delayedAtUs > promptUs + 1.5 * finiteOr0(heard.pathUs)) return
  const { counts } = sent
  counts.nagleDelayed++
  counts.nagleDelayedUs += sent.delayedWaitUs
  counts.naglePacket ||= segment.packet
  notes.add('nagleDelayedAck', [sent.delayedWaitUs, segment.length], sent.delayedPacket, sent.smallPacket)
}

/** A segment that is small because the window was, while a larger one was to be expected. */
function judgeSillySegment(notes: Notes): void {
  const { segment, sent } = notes
  const { length, seq, timeUs } = segment
  const least = Math.min(sent.full, sent.largestWindow >>> 1)
  if (!sent.hasEdge || length >= least || (segment.flags & TcpFlag.psh) !== 0 || ((seq + length) | 0) !== sent.edge) return
  if (timeUs - sent.unaUs >= overrideUs && timeUs - sent.lastUs >= overrideUs) return
  sent.counts.sillySegments++
  notes.add('sillySegment', [length, least], sent.unaPacket)
}

/** RFC 6928: what a sender sends before it hears of any of it. */
function countFlight(segment: SegmentFacts, sent: OneWay, heard: OneWay, isSmall: boolean): void {
  const { timeUs } = segment
  if (sent.flightState === 'whole' || sent.flightState === 'atLeast') return
  if (sent.flightState === 'none') {
    sent.flightState = 'open'
    sent.flightUs = timeUs
  } else if (isFlightOver(sent, heard, timeUs)) {
    endFlight(sent)
    return
  }
  sent.flightSegments += Math.max(1, Math.ceil(segment.length / sent.full))
  sent.flightBytes += segment.length
  sent.isFlightShort = isSmall || (sent.hasEdge && ((sent.edge - segment.seq - segment.length) | 0) < sent.full)
}

/** What leaves so much later answers an ACK, seen or not. */
export function isFlightOver(sent: OneWay, heard: OneWay, nowUs: number): boolean {
  return nowUs - sent.flightUs > 0.75 * (sent.pathUs + heard.pathUs)
}

export function endFlight(sent: OneWay): void {
  sent.flightState = sent.isFlightShort ? 'atLeast' : 'whole'
}

function noteUnanswered(segment: SegmentFacts, sent: OneWay): void {
  if (sent.unansweredRepeats++ > 0) return
  sent.unansweredPacket = segment.packet
  sent.unansweredUs = segment.timeUs
}

function remember({ segment, sent, heard }: Notes): void {
  const { seq, length, tsVal, ipId, packet, timeUs } = segment
  const end = endOf(segment)
  const isNew = !sent.hasSent || seqGt(end, sent.nxt)
  if (sent.hasSent && seqGt(seq, sent.nxt)) sent.openHole(sent.nxt, seq, tsVal, ipId, packet)
  else if (sent.hasSent && seqLt(seq, sent.nxt)) sent.fillHoles(seq, end)
  if (isNew && ipId > 0) {
    const step = ((ipId - sent.ipIdHighest) << 16) >> 16
    sent.steadyIds = sent.ipIdHighest >= 0 && step > 0 && step < nearIds ? sent.steadyIds + 1 : 0
    sent.ipIdHighest = ipId
  }
  if (isNew) sent.nxt = end
  sent.hasSent = true
  if (length === 0) return
  sent.segments++
  sent.bytes += length
  if (length > sent.longest && (sent.mss <= 0 || length <= sent.mss)) sent.longest = length
  if (ipId > 0) sent.recent.add(seq, end, tsVal, ipId, packet)
  sent.lastUs = timeUs
  sent.lastPacket = packet
  sent.lastLength = length
  // What the first duplicates let out comes on top of the window (RFC 3042).
  if (isNew && sent.repeatedAcks === 0) sent.growth.sent(sent.nxt, sent.outstanding, wasHeldBack(segment, sent, heard))
}

/** Whether something else than the network kept the sender from sending this earlier. Where everything was acknowledged it may have followed at once. */
function wasHeldBack({ timeUs }: SegmentFacts, { time, unaUs }: OneWay, { pathUs }: OneWay): boolean {
  if (time.limit === Limit.window || time.limit === Limit.zeroWindow) return true
  return time.limit === Limit.application && !(time.wasSending && timeUs - unaUs <= promptUs + 1.5 * finiteOr0(pathUs))
}

export function endOf({ seq, length, flags }: SegmentFacts): number {
  return (seq + length + ((flags & TcpFlag.syn) !== 0 ? 1 : 0) + ((flags & TcpFlag.fin) !== 0 ? 1 : 0)) | 0
}

function finiteOr0(value: number): number {
  return Number.isFinite(value) ? value : 0
}
