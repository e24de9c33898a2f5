import { TcpFlag } from '../wire/tcp.ts'
import { countMark } from './accurate-ecn.ts'
import { acceptAck } from './arrives-ack.ts'
import { checkSequence } from './arrives-sequence.ts'
import { processFin, processText, processUrgent } from './arrives-text.ts'
import { challenge } from './challenge.ts'
import { noteEcnMark } from './ecn.ts'
import { becomeClosed, returnToListen, waitTwoMsl } from './lifecycle.ts'
import { Reason } from './reasons.ts'
import { payloadBytes, segmentLength } from './segment.ts'
import type { TcpSegment } from './segment.ts'
import { seqDiff } from './seq.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'
import { dropWithoutAck } from './time-wait.ts'

/** All other states (RFC 9293 §3.10.7.4), in its order. Each step returns whether the next one follows. */
export function arrivesOtherwise(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  // First, the sequence number; second, the RST bit. (Third, security and compartment: not implemented by anybody.)
  if (dropWithoutAck(tcb, segment, nowUs) || !checkSequence(tcb, segment, nowUs)) return
  if ((segment.flags & TcpFlag.rst) !== 0) return checkReset(tcb, segment, nowUs)
  // Fourth, the SYN bit.
  if ((segment.flags & TcpFlag.syn) !== 0 && !checkSyn(tcb, segment, nowUs)) return
  // Fifth, the ACK field.
  const wasTimeWait = tcb.state === TcpState.timeWait
  if (!acceptAck(tcb, segment, nowUs)) return
  // Sixth, the URG bit; seventh, the text; eighth, the FIN bit.
  if ((segment.flags & TcpFlag.urg) !== 0) processUrgent(tcb, segment, nowUs)
  if (tcb.ecnOn) noteEcnMark(tcb, segment, nowUs)
  else if (tcb.accurateEcn !== null) countMark(tcb, tcb.accurateEcn, segment)
  if (wasTimeWait && segmentLength(segment) > 0) return answerInTimeWait(tcb, segment, nowUs)
  processText(tcb, segment, nowUs)
  processFin(tcb, nowUs)
}

/** Fifth, for TIME-WAIT: what still comes is the FIN again, at whatever number; it is acknowledged, and the wait begins anew. Text is not taken. */
function answerInTimeWait(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  tcb.drop(Reason.dropAfterFin, segment, nowUs, payloadBytes(segment))
  if ((segment.flags & TcpFlag.fin) !== 0) {
    tcb.move('rcvFin', nowUs)
    waitTwoMsl(tcb, nowUs)
  }
  tcb.oweAck(Reason.ackTimeWaitFin, 2 * tcb.config.mslUs)
}

/** RFC 9293 §3.10.7.4, second, with RFC 5961 §3.2: only the exact sequence number resets. */
function checkReset(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  const offset = seqDiff(segment.seq, tcb.rcvNxt)
  if (tcb.state === TcpState.timeWait && tcb.config.timeWaitIgnoresReset) return tcb.drop(Reason.dropTimeWaitRst, segment, nowUs)
  // What reaches into the window from below is acceptable, but it is the number that has to lie there.
  if (offset < 0) return tcb.drop(Reason.dropRstOutside, segment, nowUs, offset, tcb.offeredWindow())
  if (offset !== 0 && !tcb.config.resetAnywhereInWindow) {
    tcb.drop(Reason.dropRstInexact, segment, nowUs, offset, tcb.offeredWindow())
    return challenge(tcb, Reason.challengeRst, segment, nowUs, offset, tcb.offeredWindow())
  }
  switch (tcb.state) {
    case TcpState.synReceived:
      if (tcb.passive && !tcb.acceptedEarly) return returnToListen(tcb, 'rcvRstOfPassive', nowUs)
      return tcb.passive ? becomeClosed(tcb, 'rcvRst', 'reset', 'connectionReset', nowUs) : becomeClosed(tcb, 'rcvRst', 'refused', 'connectionRefused', nowUs)
    case TcpState.timeWait:
      return becomeClosed(tcb, 'rcvRst', 'closed', null, nowUs)
    default:
      return becomeClosed(tcb, 'rcvRst', 'reset', 'connectionReset', nowUs)
  }
}

/** Before RFC 5961 a SYN in the window was an error of the peer that ended the connection. */
function resetBySyn(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  tcb.resetDue = true
  tcb.resetReason = Reason.rstSynInWindow
  tcb.resetPort = tcb.remotePort
  tcb.resetSeq = tcb.sndNxt
  tcb.resetAck = tcb.rcvNxt
  tcb.resetFlags = TcpFlag.rst | TcpFlag.ack
  tcb.resetA = seqDiff(segment.seq, tcb.rcvNxt)
  tcb.resetB = 0
  becomeClosed(tcb, 'rcvRst', 'reset', 'connectionReset', nowUs)
}

/** Fourth: a SYN in a passive SYN_RCVD undoes it; in a synchronized state it may be a forgery and draws a challenge (RFC 5961 §4.2). */
function checkSyn(tcb: Tcb, segment: TcpSegment, nowUs: number): boolean {
  const offset = seqDiff(segment.seq, tcb.rcvNxt)
  const crossedSynAck = tcb.state === TcpState.synReceived && offset === -1 && (segment.flags & TcpFlag.ack) !== 0
  if (crossedSynAck) return true
  tcb.drop(Reason.dropSyn, segment, nowUs, offset)
  if (tcb.state === TcpState.synReceived && tcb.passive && !tcb.acceptedEarly) returnToListen(tcb, 'rcvSynOfPassive', nowUs)
  // An old copy whose text reaches into the window has its SYN to the left of it.
  else if (tcb.config.synInWindowResets && offset >= 0) resetBySyn(tcb, segment, nowUs)
  else challenge(tcb, Reason.challengeSyn, segment, nowUs, offset)
  return false
}
