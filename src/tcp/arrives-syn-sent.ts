import { TcpFlag } from '../wire/tcp.ts'
import { accepted } from './arrives-sequence.ts'
import { processFin, processText, processUrgent } from './arrives-text.ts'
import { settleSynText, takeGrantedCookie } from './fast-open.ts'
import { acknowledgeSyn, becomeClosed, establish, oweReset, oweSyn, takeSyn } from './lifecycle.ts'
import { takeSynOptions } from './negotiation.ts'
import { Reason } from './reasons.ts'
import { payloadBytes, segmentLength } from './segment.ts'
import type { TcpSegment } from './segment.ts'
import { seqDiff, seqGt, seqLe } from './seq.ts'
import type { Tcb } from './tcb.ts'

/** SYN-SENT (RFC 9293 §3.10.7.3). */
export function arrivesSynSent(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  const { flags } = segment
  const hasAck = (flags & TcpFlag.ack) !== 0
  const hasRst = (flags & TcpFlag.rst) !== 0
  // First, the ACK must be for our SYN.
  const badAck = hasAck && (seqLe(segment.ack, tcb.iss) || seqGt(segment.ack, tcb.sndNxt))
  if (badAck) return refuseAck(tcb, segment, hasRst, nowUs)
  // Second, an RST counts only with such an ACK (RFC 5961 §3.2).
  if (hasRst) return hasAck ? refused(tcb, nowUs) : tcb.drop(Reason.dropSynSentRst, segment, nowUs)
  // Third, security and compartment: not implemented by anybody.
  // Fourth, the SYN; fifth, without one there is nothing to do.
  if ((flags & TcpFlag.syn) === 0) return tcb.drop(Reason.dropSynSentOther, segment, nowUs)
  acceptSyn(tcb, segment, hasAck, nowUs)
}

function refuseAck(tcb: Tcb, segment: TcpSegment, hasRst: boolean, nowUs: number): void {
  if (hasRst) return tcb.drop(Reason.dropSynSentRst, segment, nowUs)
  const offset = seqDiff(segment.ack, tcb.sndNxt)
  tcb.drop(Reason.dropSynSentAck, segment, nowUs, offset)
  oweReset(tcb, Reason.rstSynSentAck, segment, offset)
}

function refused(tcb: Tcb, nowUs: number): void {
  becomeClosed(tcb, 'rcvRst', 'refused', 'connectionRefused', nowUs)
}

/** With our SYN acknowledged the connection stands; without, both sides opened at once (RFC 9293 §3.5). */
function acceptSyn(tcb: Tcb, segment: TcpSegment, hasAck: boolean, nowUs: number): void {
  const takesText = hasAck && tcb.config.synAckText
  if (payloadBytes(segment) > 0 && !takesText) tcb.drop(Reason.dropSynData, segment, nowUs, payloadBytes(segment))
  takeSyn(tcb, segment)
  takeSynOptions(tcb, segment, nowUs)
  if (!hasAck) {
    tcb.move('rcvSyn', nowUs)
    oweSyn(tcb, Reason.synAckSimultaneous, tcb.rcvMss, Math.min(0xffff, tcb.receiveBuffer.limit))
    return
  }
  acknowledgeSyn(tcb, segment, nowUs)
  if (tcb.fastOpen !== null) {
    takeGrantedCookie(tcb, tcb.fastOpen, segment, nowUs)
    settleSynText(tcb, tcb.fastOpen, segment.ack, nowUs)
  }
  establish(tcb, 'rcvSynAck', nowUs)
  tcb.oweAckNow(Reason.ackHandshake, tcb.irs)
  if (takesText && segmentLength(segment) > 1) takeText(tcb, segment, nowUs)
}

/** Other controls and text go on at the sixth step; the ACK that is owed covers them too. */
function takeText(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  const window = tcb.receiveWindow()
  const length = payloadBytes(segment)
  accepted.seq = tcb.rcvNxt
  accepted.textSkip = 0
  accepted.textLength = Math.min(length, window)
  accepted.fin = (segment.flags & TcpFlag.fin) !== 0 && length < window
  if ((segment.flags & TcpFlag.urg) !== 0) processUrgent(tcb, segment, nowUs)
  processText(tcb, segment, nowUs)
  processFin(tcb, nowUs)
}
