import { TcpFlag } from '../wire/tcp.ts'
import { accepted } from './arrives-sequence.ts'
import { noteDuplicateArrival } from './dsack.ts'
import { becomeClosed, oweReset, waitTwoMsl } from './lifecycle.ts'
import { Reason } from './reasons.ts'
import { payloadBytes } from './segment.ts'
import type { TcpSegment } from './segment.ts'
import { seqAdd, seqDiff, seqGt } from './seq.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'
import { startFinWait2Timer } from './timer-rules.ts'
import { Timer } from './timers.ts'

/** Sixth (RFC 9293 §3.10.7.4): the urgent pointer names the byte after the urgent data; the application hears when it moves on. */
export function processUrgent(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  if (!takesText(tcb.state)) return
  const pointer = seqAdd(segment.seq, segment.urgentPointer)
  if (!seqGt(pointer, tcb.rcvNxt) || (tcb.urgentIn && !seqGt(pointer, tcb.rcvUp))) return
  tcb.urgentIn = true
  tcb.rcvUp = pointer
  tcb.setting(Reason.setUrgent, nowUs, seqDiff(pointer, tcb.rcvNxt))
  tcb.events.push('urgent')
}

/** Seventh: the text that step one left in the window. */
export function processText(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  if (tcb.pendingFinOffset >= 0) endAtFin(tcb, segment, nowUs)
  const length = accepted.textLength
  if (!takesText(tcb.state)) {
    if (length > 0) tcb.drop(Reason.dropAfterFin, segment, nowUs, length)
    return
  }
  if (length > 0 && tcb.readingClosed) return refuseText(tcb, segment, length, nowUs)
  if (length === 0 && !accepted.fin) return
  if (length > 0) tcb.dataSegmentsReceived++
  const gap = seqDiff(accepted.seq, tcb.rcvNxt)
  const buffer = tcb.receiveBuffer
  const offset = buffer.nextOffset + gap
  const hadHoles = buffer.hasHoles()
  const before = buffer.nextOffset
  // Of the duplicate pieces of one segment the first is reported (RFC 2883 §4); what was trimmed on the left lies before all others.
  if (hadHoles && length > 0 && accepted.textSkip === 0) noteHeldAlready(tcb, offset, length)
  // Before the text is put in front of it: what is held behind the FIN is no part of the stream.
  if (accepted.fin) buffer.forgetFrom(offset + length)
  if (!storePieces(tcb, segment, offset)) {
    tcb.drop(Reason.dropTooManyHoles, segment, nowUs, length, buffer.ranges!.count)
    return tcb.oweAck(Reason.ackOutOfOrder, gap, buffer.outOfOrderBytes())
  }
  if (accepted.fin) tcb.pendingFinOffset = offset + length
  const whole = buffer.nextOffset - before
  tcb.rcvNxt = seqAdd(tcb.rcvNxt, whole)
  tcb.bytesReceived += length
  if (whole === 0) {
    if (gap > 0 && length > 0) tcb.outOfOrderSegments++
    if (gap > 0) tcb.oweAck(Reason.ackOutOfOrder, gap, hadHoles || buffer.hasHoles() ? buffer.outOfOrderBytes() : 0)
    return
  }
  tcb.events.push('readable')
  acknowledgeText(tcb, length, whole, hadHoles, nowUs)
}

/** The text of a SYN that is taken with it (RFC 7413 §4.2.2), as far as the buffer has room; a FIN behind it waits for the handshake. @returns bytes taken */
export function takeSynText(tcb: Tcb, segment: TcpSegment): number {
  const buffer = tcb.receiveBuffer
  accepted.seq = tcb.rcvNxt
  accepted.textSkip = 0
  accepted.textLength = Math.min(payloadBytes(segment), buffer.limit)
  storePieces(tcb, segment, buffer.nextOffset)
  tcb.rcvNxt = seqAdd(tcb.rcvNxt, accepted.textLength)
  tcb.bytesReceived += accepted.textLength
  if ((segment.flags & TcpFlag.fin) !== 0 && accepted.textLength === payloadBytes(segment)) tcb.pendingFinOffset = buffer.nextOffset
  return accepted.textLength
}

/** The stream ends at a FIN that waits for what is missing before it: text and another FIN behind it are no part of it. */
function endAtFin(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  const beyond = tcb.receiveBuffer.nextOffset + seqDiff(accepted.seq, tcb.rcvNxt) + accepted.textLength - tcb.pendingFinOffset
  if (beyond <= 0) return
  tcb.drop(Reason.dropAfterFin, segment, nowUs, beyond)
  accepted.textLength = Math.max(0, accepted.textLength - beyond)
  accepted.fin = false
}

/** Eighth: a FIN counts when all before it has arrived. Here FIN-WAIT-1 also learns that its own FIN was acknowledged. */
export function processFin(tcb: Tcb, nowUs: number): void {
  const isHere = tcb.pendingFinOffset >= 0 && tcb.receiveBuffer.nextOffset >= tcb.pendingFinOffset && !tcb.finReceived
  if (isHere && takesText(tcb.state)) return takeFin(tcb, nowUs)
  if (tcb.state !== TcpState.finWait1 || !tcb.finAcked) return
  tcb.move('rcvAckOfFin', nowUs)
  if (tcb.readingClosed) startFinWait2Timer(tcb, nowUs)
}

function takeFin(tcb: Tcb, nowUs: number): void {
  tcb.finReceived = true
  tcb.rcvNxt = seqAdd(tcb.rcvNxt, 1)
  tcb.promptAcks = 0
  acknowledgeFin(tcb, nowUs)
  tcb.events.push('remoteClosed')
  if (tcb.state === TcpState.established) return tcb.move('rcvFin', nowUs)
  if (tcb.state === TcpState.finWait1 && !tcb.finAcked) return tcb.move('rcvFin', nowUs)
  tcb.move(tcb.state === TcpState.finWait1 ? 'rcvFinAckOfFin' : 'rcvFin', nowUs)
  waitTwoMsl(tcb, nowUs)
}

/** At once, but for a FIN behind data where the ACK of that may be delayed: the application is likely to answer with a FIN of its own. */
function acknowledgeFin(tcb: Tcb, nowUs: number): void {
  const { acksEndQuickly, delayedAckUs } = tcb.config
  if (!acksEndQuickly || tcb.bytesReceived === 0 || tcb.state !== TcpState.established) return tcb.oweAckNow(Reason.ackFin)
  tcb.ackNow = false
  tcb.isInteractive = true
  if (!tcb.timers.isSet(Timer.delayedAck)) tcb.timers.set(Timer.delayedAck, nowUs + delayedAckUs)
}

/** Nobody will ever read it, and the peer has to know that it is lost (RFC 9293 §3.6.1 SHLD-3): the answer of a closed connection (§3.5.2). */
function refuseText(tcb: Tcb, segment: TcpSegment, length: number, nowUs: number): void {
  tcb.drop(Reason.dropReadingClosed, segment, nowUs, length)
  oweReset(tcb, Reason.rstReadingClosed, segment, length)
  becomeClosed(tcb, 'abort', 'reset', 'connectionReset', nowUs)
}

function takesText(state: TcpState): boolean {
  return state === TcpState.established || state === TcpState.finWait1 || state === TcpState.finWait2
}

/** The first stretch of an arriving segment that was held behind a hole already. */
function noteHeldAlready(tcb: Tcb, offset: number, length: number): void {
  const ranges = tcb.receiveBuffer.ranges!
  const index = ranges.indexAfter(offset)
  if (index === ranges.count) return
  const start = Math.max(offset, ranges.startAt(index))
  const end = Math.min(offset + length, ranges.endAt(index))
  const seqAtZero = seqAdd(tcb.rcvNxt, -tcb.receiveBuffer.nextOffset)
  if (start < end) noteDuplicateArrival(tcb, seqAdd(seqAtZero, start), seqAdd(seqAtZero, end))
}

function storePieces(tcb: Tcb, segment: TcpSegment, offset: number): boolean {
  const { payload, payloadAt, payloadLength, payload2At } = segment
  const { textSkip, textLength } = accepted
  const buffer = tcb.receiveBuffer
  const first = Math.max(0, Math.min(textLength, payloadLength - textSkip))
  if (!buffer.store(offset, payload, payloadAt + textSkip, first)) return false
  const skip2 = Math.max(0, textSkip - payloadLength)
  return buffer.store(offset + first, payload, payload2At + skip2, textLength - first)
}

/**
 * RFC 9293 §3.8.6.3 and RFC 5681 §4.2: at once behind a hole, at once for every second full-sized segment, else when the delay is over.
 * Duplicate ACKs that were still owed are answered by the new one.
 */
function acknowledgeText(tcb: Tcb, length: number, whole: number, hadHoles: boolean, nowUs: number): void {
  const { delayedAck, ackEverySegments, delayedAckUs } = tcb.config
  tcb.promptAcks = 0
  tcb.lastTextUs = nowUs
  tcb.delayedBytes += whole
  if (length >= tcb.largestReceived || tcb.config.ackCountsSmallSegments) tcb.delayedSegments++
  if (length > tcb.largestReceived) tcb.largestReceived = length
  if (hadHoles) return tcb.oweAckNow(Reason.ackGapFilled, whole, tcb.receiveBuffer.outOfOrderBytes())
  if (!delayedAck) return tcb.oweAckNow(Reason.ackImmediate, tcb.delayedBytes)
  if (tcb.quickAcksLeft > 0 && !tcb.isInteractive) return tcb.oweAckNow(Reason.ackQuick, tcb.delayedBytes, --tcb.quickAcksLeft)
  const isEnough = tcb.delayedSegments >= ackEverySegments || tcb.delayedBytes >= ackEverySegments * tcb.rcvMss
  if (isEnough) return tcb.oweAckNow(Reason.ackSecondSegment, tcb.delayedBytes, tcb.delayedSegments)
  if (!tcb.ackNow && !tcb.timers.isSet(Timer.delayedAck)) tcb.timers.set(Timer.delayedAck, nowUs + delayedAckUs)
}
