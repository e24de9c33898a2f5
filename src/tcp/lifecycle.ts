import { TcpFlag } from '../wire/tcp.ts'
import type { FaultCode } from '../base/fault.ts'
import { initialWindow } from './congestion.ts'
import type { TcpEvent } from './events.ts'
import { rtoAfterLostSynUs } from './limits.ts'
import { beginRackBehindSyn } from './rack.ts'
import { Reason } from './reasons.ts'
import type { ReasonIndex } from './reasons.ts'
import { RttEstimator } from './rtt.ts'
import { takeRttSample } from './sampling.ts'
import { seqAdd, seqDiff, seqMax } from './seq.ts'
import { segmentLength } from './segment.ts'
import type { TcpSegment } from './segment.ts'
import { startUserTimeout } from './timer-rules.ts'
import { TcpState } from './state.ts'
import type { TcpInput } from './state.ts'
import type { Tcb } from './tcb.ts'
import { Timer } from './timers.ts'

/** The peer's SYN arrives: IRS, RCV.NXT and the window that its header offers (never scaled, RFC 7323 §2.2). */
export function takeSyn(tcb: Tcb, segment: TcpSegment): void {
  tcb.irs = segment.seq
  tcb.rcvNxt = seqAdd(segment.seq, 1)
  tcb.rcvUp = tcb.rcvNxt
  tcb.rcvAdvertisedEdge = seqAdd(tcb.rcvNxt, tcb.synWindow)
  tcb.lastAckSent = tcb.rcvNxt
  tcb.sndWnd = segment.window
  tcb.maxSndWnd = segment.window
  tcb.sndWl1 = segment.seq
  tcb.sndWl2 = segment.ack
}

/** Owes a SYN, or a SYN+ACK once the peer's SYN is known. */
export function oweSyn(tcb: Tcb, reason: ReasonIndex, a = 0, b = 0): void {
  tcb.synDue = true
  tcb.synReason = reason
  tcb.synA = a
  tcb.synB = b
}

/** Our SYN is acknowledged: the timers of the handshake end, the congestion window begins. */
export function acknowledgeSyn(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  tcb.synAcked = true
  tcb.synDue = false
  tcb.sndUna = seqAdd(tcb.iss, 1)
  tcb.ackedOffset = 1
  const synsLost = tcb.retransmitCount
  tcb.retransmitCount = 0
  tcb.timers.clear(Timer.retransmit)
  tcb.rtoAtUs = Infinity
  // Mostly nothing is out yet, and the first data brings the records.
  if (seqDiff(tcb.sndNxt, tcb.sndUna) > 0) beginRackBehindSyn(tcb)
  takeRttSample(tcb, segment, nowUs)
  if (tcb.synWasLost && tcb.rtt.srttUs < 0) {
    tcb.rtt.raiseTo(rtoAfterLostSynUs)
    tcb.setting(Reason.setSynLostRto, nowUs, tcb.rtt.rtoUs(tcb.config))
  }
  if (!tcb.acceptedEarly) {
    const smss = tcb.smss()
    tcb.controller.start(smss, initialWindow(tcb.config, smss, synsLost))
    tcb.setting(Reason.setInitialWindow, nowUs, tcb.controller.cwnd, smss)
  }
  if (tcb.sendRing.length === 0) tcb.timers.clear(Timer.userTimeout)
  else startUserTimeout(tcb, nowUs)
}

export function establish(tcb: Tcb, input: 'rcvSynAck' | 'rcvAckOfSyn', nowUs: number): void {
  tcb.move(input, nowUs)
  tcb.establishedUs = nowUs
  if (tcb.config.receiveBufferWholeSegments) tcb.receiveBuffer.setLimit(Math.ceil(tcb.receiveBuffer.limit / tcb.sndMss) * tcb.sndMss)
  if (tcb.config.windowOfWholeSegments && tcb.scalingOn) {
    const unit = 2 ** tcb.rcvWndShift
    tcb.receiveBuffer.setLimit(Math.ceil(tcb.receiveBuffer.limit / unit) * unit)
    const edge = seqAdd(tcb.rcvNxt, tcb.receiveBuffer.limit - tcb.receiveBuffer.unread())
    // The buffer may have been made smaller meanwhile: what was offered stays.
    tcb.rcvAdvertisedEdge = seqMax(tcb.rcvAdvertisedEdge, edge)
  }
  if (tcb.config.keepAlive) tcb.timers.set(Timer.keepAlive, nowUs + tcb.config.keepAliveIdleUs)
  if (!tcb.acceptedEarly) tcb.events.push(tcb.passive ? 'accepted' : 'connected')
  tcb.events.push('writable')
  if (!tcb.closeRequested) return
  // CLOSE was called in SYN_RCVD with data queued.
  startClosing(tcb, nowUs)
}

/** CLOSE of RFC 9293 §3.10.4: the FIN follows what is queued; the state changes at once. */
export function startClosing(tcb: Tcb, nowUs: number): void {
  tcb.closeRequested = true
  tcb.move('close', nowUs)
  if (!tcb.timers.isSet(Timer.userTimeout)) startUserTimeout(tcb, nowUs)
}

/** (Re)starts the 2 MSL wait and turns the other timers off (RFC 9293 §3.6.1). */
export function waitTwoMsl(tcb: Tcb, nowUs: number): void {
  tcb.timers.clearAll()
  tcb.timers.set(Timer.timeWait, nowUs + 2 * tcb.config.mslUs)
  tcb.sendRing.release()
}

/** The end: CLOSED, timers off, nothing more to send. What the peer sent stays readable unless `error` says why it is flushed. */
export function becomeClosed(tcb: Tcb, input: TcpInput, event: TcpEvent, error: FaultCode | null, nowUs: number): void {
  tcb.move(input, nowUs)
  tcb.timers.clearAll()
  tcb.sendRing.release()
  if (tcb.receiveBuffer.unread() === 0 || (error !== null && !tcb.config.resetKeepsUnread)) tcb.receiveBuffer.release()
  tcb.lastError = error
  tcb.synDue = false
  tcb.promptAcks = 0
  tcb.ackNow = false
  tcb.resending = false
  tcb.sackRecovery = false
  tcb.frontReason = 0
  tcb.probeDue = false
  tcb.keepAliveDue = false
  tcb.windowUpdateDue = false
  tcb.events.push(event)
}

/** SYN_RCVD undone (RFC 9293 §3.10.7.4): as if the SYN had never come. */
export function returnToListen(tcb: Tcb, input: 'rcvRstOfPassive' | 'rcvSynOfPassive', nowUs: number): void {
  tcb.move(input, nowUs)
  tcb.timers.clearAll()
  tcb.remotePort = tcb.boundRemotePort
  tcb.sndUna = tcb.iss
  tcb.sndNxt = tcb.iss
  tcb.sndWndShift = 0
  tcb.rcvWndShift = 0
  tcb.offeredShift = -1
  tcb.synDue = false
  tcb.synSent = false
  tcb.synWasLost = false
  tcb.scalingOn = false
  tcb.openedUs = -1
  tcb.retransmitCount = 0
  tcb.rttTiming = false
  tcb.rtt = new RttEstimator(tcb.config)
  tcb.timestampsOn = false
  tcb.sackOn = false
  tcb.ecnOn = false
  tcb.accurateEcn = null
  tcb.promptAcks = 0
  tcb.ackNow = false
  tcb.synWindow = 0
}

/** Owes an RST that answers `segment` (RFC 9293 §3.5.2): with its ACK as sequence number, or acknowledging all of it. */
export function oweReset(tcb: Tcb, reason: ReasonIndex, segment: TcpSegment, a = 0): void {
  const hasAck = (segment.flags & TcpFlag.ack) !== 0
  tcb.resetDue = true
  tcb.resetReason = reason
  tcb.resetIsOwn = false
  tcb.resetPort = segment.sourcePort
  tcb.resetSeq = hasAck ? segment.ack : 0
  tcb.resetFlags = hasAck ? TcpFlag.rst : TcpFlag.rst | TcpFlag.ack
  tcb.resetAck = hasAck ? 0 : seqAdd(segment.seq, segmentLength(segment))
  tcb.resetA = a
  tcb.resetB = 0
}

/** Owes an RST that answers nothing: it says where both sides stand. */
export function oweOwnReset(tcb: Tcb, reason: ReasonIndex, a = 0, b = 0): void {
  tcb.resetTellsWindow = tcb.config.abortTellsWindow
  tcb.resetDue = true
  tcb.resetReason = reason
  tcb.resetIsOwn = true
  tcb.resetPort = tcb.remotePort
  tcb.resetSeq = tcb.sndNxt
  tcb.resetAck = tcb.rcvNxt
  tcb.resetFlags = TcpFlag.rst | TcpFlag.ack
  tcb.resetA = a
  tcb.resetB = b
}

/** Whether the application may still have data to send in this state. */
export function mayTransmitData({ state, acceptedEarly }: Tcb): boolean {
  if (state === TcpState.synReceived) return acceptedEarly
  return state === TcpState.established || state === TcpState.closeWait || state === TcpState.finWait1 || state === TcpState.closing || state === TcpState.lastAck
}
