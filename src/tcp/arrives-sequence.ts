import { TcpFlag } from '../wire/tcp.ts'
import { challenge } from './challenge.ts'
import { noteDuplicateArrival } from './dsack.ts'
import { repeatEcnSetup } from './ecn.ts'
import { becomeClosed, oweReset, oweSyn, returnToListen, waitTwoMsl } from './lifecycle.ts'
import { timestampAgeLimitUs } from './limits.ts'
import { Reason } from './reasons.ts'
import { payloadBytes, segmentLength } from './segment.ts'
import type { TcpSegment } from './segment.ts'
import { seqAdd, seqDiff, seqLe, seqLt } from './seq.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'

/**
 * The part of the arriving segment that lies in the window, as the first step leaves it for the later ones:
 * `textLength` bytes that begin `textSkip` bytes into the payload and at `seq`; `fin` where a FIN behind them is in the window too.
 */
export const accepted = { seq: 0, textSkip: 0, textLength: 0, fin: false }

/** First (RFC 9293 §3.10.7.4): timestamps (RFC 7323 §5.3), acceptability (§3.4), trimming to the window. */
export function checkSequence(tcb: Tcb, segment: TcpSegment, nowUs: number): boolean {
  const isRst = (segment.flags & TcpFlag.rst) !== 0
  const isSynAgain = tcb.state === TcpState.synReceived && (segment.flags & TcpFlag.syn) !== 0
  if (isSynAgain && !isRst && tcb.passive && tcb.config.firstSynCounts && !tcb.acceptedEarly) return answerByFirstSyn(tcb, segment, nowUs)
  if (tcb.timestampsOn && !isRst && !checkTimestamp(tcb, segment, nowUs)) return false
  if (isSynAgain && segment.seq === tcb.irs) return repeatedSyn(tcb, segment, nowUs)
  const length = segmentLength(segment)
  const window = tcb.receiveWindow()
  const offset = seqDiff(segment.seq, tcb.rcvNxt)
  if (!isAcceptable(offset, length, window)) {
    if (offset === 0) return acceptWithoutText(tcb, segment, length, nowUs)
    refuse(tcb, segment, offset, length, window, isRst, nowUs)
    return false
  }
  if (tcb.timestampsOn && segment.options.hasTimestamp && !isRst) updateTsRecent(tcb, segment, nowUs)
  trim(tcb, segment, offset, window, nowUs)
  return true
}

/** The four cases of RFC 9293 §3.4; `offset` is SEG.SEQ - RCV.NXT. */
export function isAcceptable(offset: number, length: number, window: number): boolean {
  if (length === 0) return window === 0 ? offset === 0 : offset >= 0 && offset < window
  if (window === 0) return false
  const last = offset + length - 1
  return (offset >= 0 && offset < window) || (last >= 0 && last < window)
}

/** PAWS rule R1, and the option that has to be on every segment once it is agreed on (RFC 7323 §3.2, §5.3). */
function checkTimestamp(tcb: Tcb, segment: TcpSegment, nowUs: number): boolean {
  const { options } = segment
  if (!options.hasTimestamp) {
    if (tcb.config.toleratesMissingTimestamps) return true
    tcb.drop(Reason.dropNoTimestamp, segment, nowUs)
    return false
  }
  if (!seqLt(options.tsVal, tcb.tsRecent) || nowUs - tcb.tsRecentUs > timestampAgeLimitUs) return true
  tcb.drop(Reason.dropOldTimestamp, segment, nowUs, options.tsVal, tcb.tsRecent)
  challenge(tcb, Reason.ackOldTimestamp, segment, nowUs, options.tsVal, tcb.tsRecent)
  return false
}

/** RFC 7323 §4.3 (2): only a segment that reaches back to the last ACK sets what the next ACK echoes. */
function updateTsRecent(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  if (!seqLe(segment.seq, tcb.lastAckSent) || seqLt(segment.options.tsVal, tcb.tsRecent)) return
  tcb.tsRecent = segment.options.tsVal
  tcb.tsRecentUs = nowUs
}

/** In SYN_RCVD the peer's SYN comes again: alone, our SYN+ACK was lost; with an ACK, both opened at once, and below the window as it is, it counts and is answered (§3.5). */
function repeatedSyn(tcb: Tcb, segment: TcpSegment, nowUs: number): boolean {
  if ((segment.flags & TcpFlag.rst) !== 0) {
    tcb.drop(Reason.dropRstOutside, segment, nowUs, -1, tcb.offeredWindow())
    return false
  }
  if ((segment.flags & TcpFlag.ack) === 0) {
    tcb.drop(Reason.dropDuplicateSyn, segment, nowUs)
    if (!repeatEcnSetup(tcb, segment)) return resetMixedEcn(tcb, segment, nowUs)
    oweSyn(tcb, Reason.synAckDuplicateSyn, tcb.irs)
    return false
  }
  tcb.oweAckNow(Reason.ackHandshake, tcb.irs)
  accepted.seq = tcb.rcvNxt
  accepted.textSkip = 0
  accepted.textLength = 0
  accepted.fin = false
  return true
}

/** A handshake that is no more than a note of its first SYN: nothing of a later one is looked at, and a SYN+ACK cannot be for a port that listens. */
function answerByFirstSyn(tcb: Tcb, segment: TcpSegment, nowUs: number): boolean {
  const offset = seqDiff(segment.seq, tcb.rcvNxt)
  if (offset === -1) tcb.drop(Reason.dropDuplicateSyn, segment, nowUs)
  else tcb.drop(Reason.dropSyn, segment, nowUs, offset)
  if ((segment.flags & TcpFlag.ack) !== 0) {
    oweReset(tcb, Reason.rstListenAck, segment)
    returnToListen(tcb, 'rcvSynOfPassive', nowUs)
    return false
  }
  if (!repeatEcnSetup(tcb, segment)) return resetMixedEcn(tcb, segment, nowUs)
  oweSyn(tcb, offset === -1 ? Reason.synAckDuplicateSyn : Reason.synAckOtherSyn, tcb.irs)
  return false
}

/** One handshake cannot be of both kinds of ECN (RFC 9768 §3.1.5). */
function resetMixedEcn(tcb: Tcb, segment: TcpSegment, nowUs: number): boolean {
  oweReset(tcb, Reason.rstEcnMixed, segment)
  if (tcb.passive && !tcb.acceptedEarly) returnToListen(tcb, 'rcvSynOfPassive', nowUs)
  else becomeClosed(tcb, 'rcvRst', 'reset', 'connectionReset', nowUs)
  return false
}

/** A closed window takes no text, but an ACK, RST or URG at its edge counts (§3.10.7.4, MUST-66); the answer says that it is closed. */
function acceptWithoutText(tcb: Tcb, segment: TcpSegment, length: number, nowUs: number): boolean {
  if ((segment.flags & TcpFlag.rst) === 0) {
    const unread = tcb.receiveBuffer.unread()
    tcb.drop(Reason.dropZeroWindow, segment, nowUs, length, unread)
    tcb.oweAck(Reason.ackZeroWindow, length, unread)
  }
  accepted.seq = segment.seq
  accepted.textSkip = 0
  accepted.textLength = 0
  accepted.fin = false
  return true
}

function refuse(tcb: Tcb, segment: TcpSegment, offset: number, length: number, window: number, isRst: boolean, nowUs: number): void {
  if (isRst) return tcb.drop(Reason.dropRstOutside, segment, nowUs, offset, window)
  if ((segment.flags & TcpFlag.syn) !== 0) {
    tcb.drop(Reason.dropSyn, segment, nowUs, offset)
    return challenge(tcb, Reason.challengeSyn, segment, nowUs, offset)
  }
  const isFinAgain = (segment.flags & TcpFlag.fin) !== 0 && tcb.state === TcpState.timeWait && offset + length === 0
  if (isFinAgain) {
    tcb.drop(Reason.dropOldData, segment, nowUs, -offset, length)
    tcb.move('rcvFin', nowUs)
    waitTwoMsl(tcb, nowUs)
    return tcb.oweAck(Reason.ackTimeWaitFin, 2 * tcb.config.mslUs)
  }
  if (offset < 0 && length > 0 && offset + length <= 0) {
    tcb.drop(Reason.dropOldData, segment, nowUs, -offset, length)
    noteDuplicateArrival(tcb, segment.seq, seqAdd(segment.seq, payloadBytes(segment)))
    return tcb.oweAck(Reason.ackOldData, -offset, length)
  }
  tcb.drop(Reason.dropUnacceptable, segment, nowUs, offset, length, window)
  // Two ends that disagree would answer each other's empty segments for ever.
  if (length === 0) challenge(tcb, Reason.ackUnacceptable, segment, nowUs, offset, length, window)
  else tcb.oweAck(Reason.ackUnacceptable, offset, length, window)
}

function trim(tcb: Tcb, segment: TcpSegment, offset: number, window: number, nowUs: number): void {
  const length = payloadBytes(segment)
  const skip = offset < 0 ? Math.min(-offset, length) : 0
  const start = Math.max(offset, 0)
  const excess = Math.max(0, start + length - skip - window)
  const textLength = length - skip - excess
  const hasFin = (segment.flags & TcpFlag.fin) !== 0
  accepted.seq = offset < 0 ? tcb.rcvNxt : segment.seq
  accepted.textSkip = skip
  accepted.textLength = textLength
  accepted.fin = hasFin && excess === 0 && start + textLength < window
  if (skip > 0) {
    tcb.decide('dropped', Reason.dropTrimmedLeft, nowUs, segment.seq, skip, skip, length)
    noteDuplicateArrival(tcb, segment.seq, seqAdd(segment.seq, skip))
  }
  if (excess > 0 || (hasFin && !accepted.fin)) tcb.decide('dropped', Reason.dropTrimmedRight, nowUs, segment.seq, excess, excess, length, window)
}
