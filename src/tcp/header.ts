import { TcpFlag } from '../wire/tcp.ts'
import { markAccurately } from './accurate-ecn.ts'
import type { DecisionVerb } from './decision.ts'
import { markEcn } from './ecn.ts'
import { sillyWindowFraction } from './limits.ts'
import { allReasons, Reason } from './reasons.ts'
import type { ReasonIndex } from './reasons.ts'
import { timestampNow } from './sampling.ts'
import { seqAdd, seqDiff, seqGe, seqGt } from './seq.ts'
import { segmentLength } from './segment.ts'
import type { TcpSegment } from './segment.ts'
import { clearBody } from './stateless.ts'
import type { Tcb } from './tcb.ts'
import { Timer } from './timers.ts'
import { dataOptionLength, writeOptions, writeResetOptions } from './write-options.ts'

/**
 * Makes the connection's segment: header, options, `length` bytes of the send ring from `seq` on. An ACK on it settles what was owed.
 * Reports the decision. The caller moves SND.NXT.
 */
export function emit(
  tcb: Tcb, nowUs: number, verb: DecisionVerb, reason: ReasonIndex, seq: number, flags: number, length: number, a = 0, b = 0, c = 0, d = 0,
): void {
  const { out } = tcb
  clearBody(out)
  out.sourcePort = tcb.localPort
  out.destinationPort = tcb.remotePort
  out.seq = seq
  out.flags = flags
  out.ack = 0
  if ((flags & TcpFlag.syn) !== 0) out.window = synWindowField(tcb, flags)
  else out.window = windowField(tcb)
  if ((flags & TcpFlag.ack) !== 0) acknowledge(tcb)
  const isNewData = verb === 'sent' && length > 0 && reason !== Reason.windowProbe
  if (tcb.ecnOn) markEcn(tcb, out, isNewData)
  else if (tcb.accurateEcn !== null) markAccurately(tcb.accurateEcn, out, length, isNewData)
  writeOptions(tcb, out, timestampNow(tcb, nowUs))
  if (length > 0) tcb.dataSegmentsSent++
  if (length > 0) tcb.sendRing.view((flags & TcpFlag.syn) !== 0 ? seqAdd(seq, 1) : seq, length, out)
  if (tcb.urgentOut) pointToUrgent(tcb, out)
  if (tcb.sackRecovery || tcb.markReducing) tcb.prrOut += length
  explain(tcb, out, verb, reason, a, b, c, d)
  tcb.bytesSent += verb === 'again' ? 0 : length
  report(tcb, out, verb, reason, nowUs, a, b, c, d)
}

/** URG and the distance to the end of urgent data, as long as that lies ahead (RFC 9293 §3.8.5); further than 16 bits say, the largest there is. */
function pointToUrgent(tcb: Tcb, out: TcpSegment): void {
  if (seqGe(tcb.sndUna, tcb.sndUp)) {
    tcb.urgentOut = false
    return
  }
  if ((out.flags & TcpFlag.syn) !== 0 || !seqGt(tcb.sndUp, out.seq)) return
  out.flags |= TcpFlag.urg
  out.urgentPointer = Math.min(0xffff, seqDiff(tcb.sndUp, out.seq))
}

/** An RST has no window, no text, and no options but timestamps where those were agreed on (RFC 7323 §3.2). */
export function emitReset(tcb: Tcb, nowUs: number): void {
  const { out } = tcb
  clearBody(out)
  out.sourcePort = tcb.localPort
  out.destinationPort = tcb.resetPort
  out.seq = tcb.resetSeq
  out.ack = tcb.resetAck
  out.flags = tcb.resetFlags
  if (tcb.resetTellsWindow) out.window = windowField(tcb)
  const { resetTimestamps } = tcb.config
  if (tcb.timestampsOn && (resetTimestamps === 'all' || (resetTimestamps === 'own' && tcb.resetIsOwn))) writeResetOptions(tcb, out, timestampNow(tcb, nowUs))
  explain(tcb, out, 'reset', tcb.resetReason, tcb.resetA, tcb.resetB, 0, 0)
  report(tcb, out, 'reset', tcb.resetReason, nowUs, tcb.resetA, tcb.resetB, 0, 0)
}

/** Data bytes that fit into one segment now: the peer's and the path's limit less the options (RFC 9293 §3.7.1, RFC 6691 §2). */
export function effectiveMss(tcb: Tcb): number {
  return tcb.sndMss - dataOptionLength(tcb)
}

/** How far the window that the peer sees would move if it were offered anew: both rounded to what the header can say. */
export function windowGain(tcb: Tcb): number {
  return expressible(tcb, freeSpace(tcb)) - visibleWindow(tcb)
}

/** What is left to the peer of the window offered so far. */
export function visibleWindow(tcb: Tcb): number {
  return expressible(tcb, tcb.offeredWindow())
}

/** Of a window of so many bytes what the header can say, in whole units of the scale (RFC 7323 §2.3). */
export function expressible(tcb: Tcb, bytes: number): number {
  return Math.min(0xffff, bytes >>> tcb.rcvWndShift) << tcb.rcvWndShift
}

/** The least gain worth telling (RFC 9293 §3.8.6.2.2). */
export function worthwhileGain(tcb: Tcb): number {
  return Math.min(tcb.receiveBuffer.limit * sillyWindowFraction, tcb.rcvMss)
}

/** The window to offer now: the edge stays where it is until a worthwhile piece is free, and never moves left (§3.8.6). */
export function offerableWindow(tcb: Tcb): number {
  const free = freeSpace(tcb)
  const offered = tcb.offeredWindow()
  const gain = expressible(tcb, free) - expressible(tcb, offered)
  if (gain <= 0) return offered
  const worthwhile = worthwhileGain(tcb)
  return gain >= worthwhile || (tcb.config.offerAllSpace && free >= worthwhile) ? free : offered
}

function freeSpace(tcb: Tcb): number {
  return Math.max(0, tcb.receiveBuffer.limit - tcb.receiveBuffer.unread())
}

/**
 * The 16 bits of the header. With a shift the offer is rounded down (unless a knob says up), so what is on the wire may seem to shrink by less than one unit;
 * what was offered before is honoured (RFC 7323 §2.4).
 */
function windowField(tcb: Tcb): number {
  const offered = offerableWindow(tcb)
  const field = Math.min(0xffff, (tcb.config.windowRoundsUp ? roundedUp(tcb, offered) : offered) >>> tcb.rcvWndShift)
  const edge = seqAdd(tcb.rcvNxt, field << tcb.rcvWndShift)
  if (seqGt(edge, tcb.rcvAdvertisedEdge)) tcb.rcvAdvertisedEdge = edge
  return field
}

/** To the unit of the scale, as long as an eighth of the buffer more holds what is promised by that. */
function roundedUp({ rcvWndShift, receiveBuffer }: Tcb, bytes: number): number {
  const rounded = bytes + (1 << rcvWndShift) - 1
  return receiveBuffer.unread() + rounded <= receiveBuffer.limit + (receiveBuffer.limit >>> 3) ? rounded : bytes
}

/** The window of a SYN is never scaled (RFC 7323 §2.2). */
function synWindowField(tcb: Tcb, flags: number): number {
  const field = Math.min(0xffff, freeSpace(tcb))
  tcb.synWindow = field
  if ((flags & TcpFlag.ack) === 0) return field
  const edge = seqAdd(tcb.rcvNxt, field)
  if (seqGt(edge, tcb.rcvAdvertisedEdge)) tcb.rcvAdvertisedEdge = edge
  return field
}

function acknowledge(tcb: Tcb): void {
  tcb.out.ack = tcb.rcvNxt
  tcb.lastAckSent = tcb.rcvNxt
  tcb.ackNow = false
  tcb.delayedBytes = 0
  tcb.delayedSegments = 0
  tcb.windowUpdateDue = false
  tcb.timers.clear(Timer.delayedAck)
}

function explain(tcb: Tcb, out: TcpSegment, verb: DecisionVerb, reason: ReasonIndex, a: number, b: number, c: number, d: number): void {
  out.reason = allReasons[reason].id
  out.operands[0] = a
  out.operands[1] = b
  out.operands[2] = c
  out.operands[3] = d
  out.isRetransmission = verb === 'again'
  tcb.segmentsSent++
  tcb.lastHold = 0
}

function report(tcb: Tcb, out: TcpSegment, verb: DecisionVerb, reason: ReasonIndex, nowUs: number, a: number, b: number, c: number, d: number): void {
  const length = segmentLength(out)
  if (verb === 'again') {
    tcb.retransmissions++
    tcb.retransmittedBytes += out.payloadLength + out.payload2Length
  }
  tcb.sink.decide(tcb.connection, verb, reason, nowUs, out.seq, length, a, b, c, d)
}
