import { TcpFlag } from '../wire/tcp.ts'
import type { DecisionVerb } from './decision.ts'
import { initialWindow } from './congestion.ts'
import { ecnFlagsOfSyn } from './ecn.ts'
import { effectiveMss, emit, emitReset, offerableWindow, windowGain } from './header.ts'
import { abandonFastOpen, beginFastOpen } from './fast-open.ts'
import type { FastOpen } from './fast-open.ts'
import { isTestingTimeout } from './frto.ts'
import { holdNow } from './hold.ts'
import { mayTransmitData } from './lifecycle.ts'
import { Frto, noteResent } from './loss-episode.ts'
import { noteProbeSent } from './loss-probe.ts'
import { stopResending } from './loss.ts'
import { mtuProbeLength, noteMtuProbeResent, noteMtuProbeSent } from './path-mtu.ts'
import { rackOfNew } from './rack.ts'
import type { Rack } from './rack.ts'
import { chooseLost, hasRoomForLost, lostPiece } from './rack-recovery.ts'
import { Reason } from './reasons.ts'
import type { ReasonIndex } from './reasons.ts'
import { chosen, nextLost, nextRescue, nextUnlost, noteHoleResent } from './sack-recovery.ts'
import { spoilTiming, startTiming } from './sampling.ts'
import { bytesInNetwork, firstHole, holeLength, offsetOf, pipe, sackedBetween } from './scoreboard.ts'
import { seqAdd, seqDiff, seqGe, seqMax } from './seq.ts'
import { noteSending } from './send-times.ts'
import { dataPermit, isPushed, mostOfBurst, permit } from './send-permit.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'
import { restartRto, settleSendTimers } from './timer-rules.ts'
import { Timer } from './timers.ts'
import { noteWindowUse } from './window-use.ts'

/** Puts the next segment to send into `tcb.out`, most urgent first; what is closed has nothing left but its RST. @returns whether there is one */
export function transmit(tcb: Tcb, nowUs: number): boolean {
  return sendReset(tcb, nowUs) || (tcb.state !== TcpState.closed && sendNext(tcb, nowUs))
}

function sendNext(tcb: Tcb, nowUs: number): boolean {
  return sendSyn(tcb, nowUs)
    || sendPromptAck(tcb, nowUs)
    || sendFront(tcb, nowUs)
    || sendToTest(tcb, nowUs)
    || sendAgain(tcb, nowUs)
    || sendLost(tcb, nowUs)
    || sendProbe(tcb, nowUs)
    || sendLossProbe(tcb, nowUs)
    || sendData(tcb, nowUs)
    || sendUnlost(tcb, nowUs)
    || sendAck(tcb, nowUs)
    || sendKeepAlive(tcb, nowUs)
    || sendNothing(tcb, nowUs)
}

function sendReset(tcb: Tcb, nowUs: number): boolean {
  if (!tcb.resetDue) return false
  tcb.resetDue = false
  emitReset(tcb, nowUs)
  return true
}

/** SYN, or SYN+ACK where the peer's SYN is known. */
function sendSyn(tcb: Tcb, nowUs: number): boolean {
  if (!tcb.synDue) return false
  tcb.synDue = false
  const isAnswer = tcb.state !== TcpState.synSent
  const isAgain = tcb.synSent
  if (isAgain) spoilTiming(tcb)
  else startTiming(tcb, seqAdd(tcb.iss, 1), nowUs)
  if (isAgain && tcb.fastOpen !== null) abandonFastOpen(tcb, tcb.fastOpen, nowUs)
  const flags = (isAnswer ? TcpFlag.syn | TcpFlag.ack : TcpFlag.syn) | ecnFlagsOfSyn(tcb, isAnswer, nowUs)
  tcb.synSent = true
  if (tcb.fastOpen !== null && !isAnswer && !isAgain) emitFastOpen(tcb, tcb.fastOpen, flags, nowUs)
  else emit(tcb, nowUs, isAgain ? 'again' : 'sent', tcb.synReason, tcb.iss, flags, 0, tcb.synA, tcb.synB)
  if (!tcb.timers.isSet(Timer.retransmit)) tcb.timers.set(Timer.retransmit, nowUs + tcb.rtt.rtoUs(tcb.config))
  return true
}

/** The first SYN of a fast open: with a cookie, and data where there is some, or asking for a cookie (RFC 7413 §4.2). */
function emitFastOpen(tcb: Tcb, fastOpen: FastOpen, flags: number, nowUs: number): void {
  const length = beginFastOpen(tcb, fastOpen, nowUs)
  const cookieBytes = fastOpen.offered === null ? 0 : fastOpen.offered.length
  tcb.sndNxt = seqAdd(tcb.iss, 1 + length)
  emit(tcb, nowUs, 'sent', fastOpen.outcome === 'asked' ? Reason.synCookieRequest : Reason.synFastOpen, tcb.iss, flags, length, length, cookieBytes, tcb.rcvMss)
}

/** ACKs that data must not swallow: duplicates that the sender counts, answers to what was refused. */
function sendPromptAck(tcb: Tcb, nowUs: number): boolean {
  if (tcb.promptAcks === 0) return false
  tcb.promptAcks--
  emit(tcb, nowUs, 'ack', tcb.ackReason, tcb.sndNxt, TcpFlag.ack, 0, tcb.ackA, tcb.ackB, tcb.ackC)
  return true
}

/** The oldest segment, whatever cwnd says: fast retransmit and partial ACKs (RFC 5681 §3.2, RFC 6582 §3.2). */
function sendFront(tcb: Tcb, nowUs: number): boolean {
  const reason = tcb.frontReason
  if (reason === 0) return false
  tcb.frontReason = 0
  if (tcb.sndWnd === 0 || tcb.sndUna === tcb.sndNxt) return false
  if (!tcb.leavesRto) restartRto(tcb, nowUs)
  if (tcb.rack !== null) {
    if (!chooseLost(tcb, tcb.rack)) return false
    resend(tcb, nowUs, reason, lostPiece.seq, lostPiece.length)
    return true
  }
  const length = resend(tcb, nowUs, reason, tcb.sndUna, tcb.sndWnd)
  if (tcb.sackRecovery) noteHoleResent(tcb, tcb.sndUna, length)
  return true
}

/** What is out, from the front on, as far as cwnd and the window allow, past what the peer reported to have. */
function sendAgain(tcb: Tcb, nowUs: number): boolean {
  if (!tcb.resending || (isTestingTimeout(tcb) && (tcb.episode!.frto === Frto.second || tcb.resendNxt !== tcb.sndUna))) return false
  skipSacked(tcb)
  if (seqGe(tcb.resendNxt, tcb.sndNxt)) {
    stopResending(tcb)
    return false
  }
  const ahead = seqDiff(tcb.resendNxt, tcb.sndUna)
  const inNetwork = ahead - sackedBetween(tcb, tcb.ackedOffset, tcb.ackedOffset + ahead)
  const room = Math.min(tcb.sndWnd - ahead, Math.min(tcb.controller.cwnd, tcb.resendLimit) - inNetwork)
  if (room <= 0) return false
  const length = resend(tcb, nowUs, tcb.resendReason, tcb.resendNxt, room)
  tcb.resendNxt = seqAdd(tcb.resendNxt, length)
  if (tcb.resendReason === Reason.retransmitTimeout) tcb.resendReason = Reason.lossRecovery
  return true
}

/** Holes that count as lost go before new data (RFC 8985 §6.2; RFC 6675 §4, rule 1 of NextSeg). */
function sendLost(tcb: Tcb, nowUs: number): boolean {
  const { rack } = tcb
  if (rack !== null) {
    if (tcb.sndWnd === 0 || isTestingTimeout(tcb) || !chooseLost(tcb, rack) || !hasRoomForLost(tcb, rack)) return false
    resend(tcb, nowUs, tcb.lossRecovery ? Reason.lossRecovery : Reason.rackLost, lostPiece.seq, lostPiece.length)
    return true
  }
  if (!tcb.sackRecovery || !nextLost(tcb)) return false
  noteHoleResent(tcb, chosen.seq, resend(tcb, nowUs, Reason.sackLost, chosen.seq, chosen.length))
  return true
}

/** Rules 3 and 4: behind the new data, holes that are not known to be lost, then once the tail. */
function sendUnlost(tcb: Tcb, nowUs: number): boolean {
  if (!tcb.sackRecovery || tcb.rack !== null) return false
  if (nextUnlost(tcb)) {
    noteHoleResent(tcb, chosen.seq, resend(tcb, nowUs, Reason.sackUnlost, chosen.seq, chosen.length))
    return true
  }
  if (!nextRescue(tcb)) return false
  tcb.rescued = true
  resend(tcb, nowUs, Reason.sackRescue, chosen.seq, chosen.length)
  return true
}

/** Old sequence space from `seq` on, at most one segment and `room` bytes. @returns sequence numbers sent */
function resend(tcb: Tcb, nowUs: number, reason: ReasonIndex, seq: number, room: number): number {
  const queueEnd = tcb.sendRing.endSeq()
  const sentEnd = tcb.resendGrows || tcb.finSent ? queueEnd : tcb.sndNxt
  const length = Math.max(0, Math.min(effectiveMss(tcb), room, seqDiff(sentEnd, seq), holeLength(tcb, offsetOf(tcb, seq))))
  const end = seqAdd(seq, length)
  const withFin = tcb.finSent && end === tcb.finSeq && room > length
  const flags = TcpFlag.ack | (end === queueEnd && length > 0 && isPushed(tcb, seq) ? TcpFlag.psh : 0) | (withFin ? TcpFlag.fin : 0)
  spoilTiming(tcb)
  setResendOperands(tcb, reason, length)
  emit(tcb, nowUs, 'again', reason, seq, flags, length, told.a, told.b, told.c)
  const taken = length + (withFin ? 1 : 0)
  if (tcb.mtuProbe > 0) noteMtuProbeResent(tcb, seq, length, nowUs)
  if (tcb.episode !== null) noteResent(tcb, tcb.episode, length, nowUs)
  if (tcb.rack !== null) recordAgain(tcb, tcb.rack, seq, taken, nowUs)
  tcb.bytesSent += Math.max(0, seqDiff(end, tcb.sndNxt))
  tcb.sndNxt = seqMax(tcb.sndNxt, seqAdd(seq, taken))
  tcb.lastSendUs = nowUs
  return taken
}

/** A closed window's probe may have been shorter than what goes in its place. */
function recordAgain(tcb: Tcb, rack: Rack, seq: number, taken: number, nowUs: number): void {
  const from = offsetOf(tcb, seq)
  const wasEnd = offsetOf(tcb, tcb.sndNxt)
  rack.sent.append(from + taken, nowUs)
  rack.sent.sendAgain(from, Math.min(from + taken, wasEnd), nowUs)
}

/** Operands of the reason of a retransmission. */
const told = { a: 0, b: 0, c: 0 }

function tell(a: number, b: number, c = 0): void {
  told.a = a
  told.b = b
  told.c = c
}

function setResendOperands(tcb: Tcb, reason: ReasonIndex, length: number): void {
  const { cwnd, ssthresh } = tcb.controller
  const inFlight = seqDiff(tcb.sndNxt, tcb.sndUna)
  switch (reason) {
    case Reason.retransmitTimeout: return tell(tcb.retransmitCount, tcb.rtt.rtoUs(tcb.config), inFlight)
    case Reason.fastRetransmit: return tell(tcb.dupAcks, ssthresh, cwnd)
    case Reason.partialAck: return tell(tcb.recover, cwnd)
    case Reason.packetTooBig: return tell(length, tcb.pathMtu)
    case Reason.windowOpened: return tell(length, tcb.sndWnd)
    case Reason.rackFirst: return tell(length, tcb.rack!.rttUs, tcb.rack!.reoWndUs)
    case Reason.probeLast: return tell(length, Math.max(0, tcb.rtt.srttUs), inFlight)
    case Reason.sackFirstHole: return tell(tcb.sackedBytes, tcb.dupAcks, ssthresh)
    case Reason.sackLost: case Reason.sackUnlost: case Reason.sackRescue: case Reason.rackLost: return tell(length, pipe(tcb), cwnd)
    default: return tell(cwnd, inFlight)
  }
}

/** The window is closed: one byte, or the FIN, beyond it (RFC 9293 §3.8.6.1). */
function sendProbe(tcb: Tcb, nowUs: number): boolean {
  if (!tcb.probeDue) return false
  tcb.probeDue = false
  if (tcb.sndWnd > 0 || !mayTransmitData(tcb)) return false
  const isAgain = tcb.sndUna !== tcb.sndNxt
  const unsent = tcb.unsentBytes()
  if (!isAgain && unsent === 0 && !tcb.finPending()) return false
  const seq = tcb.sndUna
  if (tcb.config.emptyWindowProbes) {
    emit(tcb, nowUs, 'sent', Reason.windowProbe, seqAdd(seq, -1), TcpFlag.ack, 0, unsent, tcb.persistBackoff, tcb.sndWnd)
    return true
  }
  const isFin = isAgain ? tcb.finSent && seq === tcb.finSeq : unsent === 0
  const verb: DecisionVerb = isAgain ? 'again' : 'sent'
  if (isAgain) spoilTiming(tcb)
  emit(tcb, nowUs, verb, Reason.windowProbe, seq, TcpFlag.ack | (isFin ? TcpFlag.fin : 0), isFin ? 0 : 1, unsent, tcb.persistBackoff, tcb.sndWnd)
  const offset = offsetOf(tcb, seq)
  if (isAgain) {
    tcb.rack?.sent.sendAgain(offset, offset + 1, nowUs)
  } else {
    tcb.probeOut = true
    tcb.probeSeq = seq
    tcb.sndNxt = seqAdd(seq, 1)
    rackOfNew(tcb)?.sent.append(offset + 1, nowUs)
    if (isFin) noteFinSent(tcb, seq)
  }
  tcb.lastSendUs = nowUs
  return true
}

/** New data and the FIN behind it, as the windows, Nagle and silly window avoidance permit. */
function sendData(tcb: Tcb, nowUs: number): boolean {
  if (!mayTransmitData(tcb) || tcb.resending || tcb.finSent || isTestingTimeout(tcb)) return false
  if (tcb.sendRing.endSeq() === tcb.sndNxt) return tcb.closeRequested && sendFin(tcb, nowUs)
  restartAfterIdle(tcb, nowUs)
  dataPermit(tcb)
  if (permit.reason === 0) return false
  if (tcb.pathMtu < tcb.linkMtu && sendMtuProbe(tcb, nowUs)) return true
  if (permit.reason === Reason.limitedTransmit) tcb.limitedTransmitBytes += permit.length
  return emitData(tcb, nowUs)
}

/** The segment that `permit` describes, with the FIN where it is the last and there is room. */
function emitData(tcb: Tcb, nowUs: number): true {
  const { length, reason } = permit
  const seq = tcb.sndNxt
  const isLast = length === permit.queued
  const withFin = isLast && tcb.closeRequested && permit.windowRoom > length
  const isForced = tcb.config.overrideAwaitsRto && reason === Reason.dataOverride
  const isBurstEnd = tcb.config.burstSegments > 0 && endsBurst(tcb)
  const flags = TcpFlag.ack | ((isLast && (isForced || isPushed(tcb, seq))) || isBurstEnd ? TcpFlag.psh : 0) | (withFin ? TcpFlag.fin : 0)
  noteAnswer(tcb, nowUs)
  if (tcb.burstSegments++ === 0) tcb.burstWasIdle = tcb.sndUna === seq
  if (length < effectiveMss(tcb)) tcb.smallEnd = tcb.ackedOffset + seqDiff(seq, tcb.sndUna) + length
  emit(tcb, nowUs, 'sent', reason, seq, flags, length, length, permit.b, permit.c, permit.d)
  sentNew(tcb, seqAdd(seq, length + (withFin ? 1 : 0)), nowUs)
  if (withFin) noteFinSent(tcb, seqAdd(seq, length))
  return true
}

/** Whether the segment is the last of a burst of several: bursts take half of cwnd at most. */
function endsBurst(tcb: Tcb): boolean {
  const most = mostOfBurst(tcb)
  if (most < 2) return false
  const place = tcb.burstSegments % most
  return place === most - 1 || (permit.isBurstEnd && place > 0)
}

/** Where the application answers what it was told, the ACK of what comes next can go with its next answer. */
function noteAnswer(tcb: Tcb, nowUs: number): void {
  const { acksEndQuickly, delayedAckUs } = tcb.config
  if (acksEndQuickly && tcb.lastTextUs >= 0 && nowUs - tcb.lastTextUs < delayedAckUs) tcb.isInteractive = true
}

/** New data that shows whether a timeout was right, whatever cwnd says (RFC 5682 §2.1, step 2b). */
function sendToTest(tcb: Tcb, nowUs: number): boolean {
  const { episode } = tcb
  if (episode === null || episode.frto !== Frto.second || episode.frtoLeft === 0) return false
  episode.frtoLeft--
  return mayTransmitData(tcb) && permitNext(tcb, Reason.frtoData) && emitData(tcb, nowUs)
}

/** Fills `permit` for the next new segment, whatever cwnd says. @returns whether there is one */
function permitNext(tcb: Tcb, reason: ReasonIndex): boolean {
  permit.queued = tcb.unsentBytes()
  permit.windowRoom = seqDiff(seqAdd(tcb.sndUna, tcb.sndWnd), tcb.sndNxt)
  permit.length = Math.min(permit.queued, permit.windowRoom, effectiveMss(tcb))
  permit.reason = reason
  permit.b = Math.max(0, tcb.rtt.srttUs)
  permit.c = seqDiff(tcb.sndNxt, tcb.sndUna)
  permit.d = 0
  return permit.length > 0
}

/** Tail loss probe (RFC 8985 §7.3): new data if there is any, whatever cwnd says, else the last segment once more. */
function sendLossProbe(tcb: Tcb, nowUs: number): boolean {
  const { rack } = tcb
  if (rack === null || !rack.probeDue) return false
  rack.probeDue = false
  // Where the window has no room for a probe either, the timeout is next.
  rack.sampledSinceProbe = false
  if (tcb.sndWnd === 0 || tcb.sndUna === tcb.sndNxt || tcb.inRecovery || tcb.lossRecovery) return false
  if (mayTransmitData(tcb) && permitNext(tcb, Reason.probeNew)) {
    emitData(tcb, nowUs)
    noteProbeSent(tcb, rack, false)
    return true
  }
  const seq = seqAdd(tcb.sndUna, Math.max(0, rack.lastStart - tcb.ackedOffset))
  const room = seqDiff(seqAdd(tcb.sndUna, tcb.sndWnd), seq)
  if (room <= 0) return false
  resend(tcb, nowUs, Reason.probeLast, seq, room)
  noteProbeSent(tcb, rack, true)
  return true
}

/** One segment larger than the path is known to take, in place of an ordinary one. */
function sendMtuProbe(tcb: Tcb, nowUs: number): boolean {
  const seq = tcb.sndNxt
  const length = mtuProbeLength(tcb, permit.queued, Math.min(permit.windowRoom, tcb.controller.cwnd - bytesInNetwork(tcb)), nowUs)
  if (length === 0) return false
  noteMtuProbeSent(tcb, seq, length)
  emit(tcb, nowUs, 'sent', Reason.mtuProbe, seq, TcpFlag.ack | (length === permit.queued && isPushed(tcb, seq) ? TcpFlag.psh : 0), length, length, tcb.mtuProbe, tcb.pathMtu)
  sentNew(tcb, seqAdd(seq, length), nowUs)
  return true
}

/** A FIN takes a sequence number of its own, so it needs window like a byte does. */
function sendFin(tcb: Tcb, nowUs: number): boolean {
  const seq = tcb.sndNxt
  if (seqDiff(seqAdd(tcb.sndUna, tcb.sndWnd), seq) < 1) return false
  emit(tcb, nowUs, 'sent', Reason.fin, seq, TcpFlag.fin | TcpFlag.ack, 0)
  sentNew(tcb, seqAdd(seq, 1), nowUs)
  noteFinSent(tcb, seq)
  return true
}

function sentNew(tcb: Tcb, sndNxt: number, nowUs: number): void {
  startTiming(tcb, sndNxt, nowUs)
  const rack = rackOfNew(tcb)
  if (rack !== null) {
    rack.lastStart = offsetOf(tcb, tcb.sndNxt)
    rack.probeFromUs = nowUs
    rack.sent.append(offsetOf(tcb, sndNxt), nowUs)
  }
  tcb.sndNxt = sndNxt
  if (tcb.windowUse !== null) noteWindowUse(tcb, tcb.windowUse)
  tcb.overrideDue = false
  tcb.lastSendUs = nowUs
  // Before that the timer is the SYN+ACK's.
  if (tcb.rtoAtUs === Infinity && tcb.synAcked) {
    restartRto(tcb, nowUs)
    tcb.timers.set(Timer.retransmit, tcb.rtoAtUs)
  }
}

function noteFinSent(tcb: Tcb, seq: number): void {
  tcb.finSent = true
  tcb.finSeq = seq
}

/** After an RTO of silence the network is unknown again (RFC 5681 §4.1). */
function restartAfterIdle(tcb: Tcb, nowUs: number): void {
  if (tcb.sndUna !== tcb.sndNxt || tcb.lastSendUs < 0) return
  tcb.controller.onResume(nowUs)
  if (!tcb.config.restartAfterIdle) return
  const idleUs = nowUs - tcb.lastSendUs
  if (idleUs <= tcb.rtt.rtoUs(tcb.config)) return
  const before = tcb.controller.cwnd
  tcb.controller.onIdle(initialWindow(tcb.config, tcb.smss(), 0))
  tcb.lastSendUs = nowUs
  if (tcb.controller.cwnd !== before) tcb.setting(Reason.setIdleRestart, nowUs, tcb.controller.cwnd, idleUs)
}

/** An ACK alone: one that is due, or a window that opened (RFC 9293 §3.8.6.2.2). */
function sendAck(tcb: Tcb, nowUs: number): boolean {
  if (tcb.ackNow) {
    emit(tcb, nowUs, 'ack', tcb.ackReason, tcb.sndNxt, TcpFlag.ack, 0, tcb.ackA, tcb.ackB, tcb.ackC)
    return true
  }
  if (!tcb.windowUpdateDue) return false
  tcb.windowUpdateDue = false
  emit(tcb, nowUs, 'ack', Reason.windowUpdate, tcb.sndNxt, TcpFlag.ack, 0, windowGain(tcb), offerableWindow(tcb))
  return true
}

/** The peer has acknowledged what stood there, so it does not matter what it is. */
const garbage = new Uint8Array(1)

/** An old sequence number, no data, or a byte of no meaning: a peer that is alive answers it (RFC 9293 §3.8.4). */
function sendKeepAlive(tcb: Tcb, nowUs: number): boolean {
  if (!tcb.keepAliveDue) return false
  tcb.keepAliveDue = false
  emit(tcb, nowUs, 'ack', Reason.keepAliveProbe, seqAdd(tcb.sndNxt, -1), TcpFlag.ack, 0, tcb.keepAliveCount, nowUs - tcb.lastHeardUs)
  if (tcb.config.keepAliveGarbage) {
    tcb.out.payload = garbage
    tcb.out.payloadAt = 0
    tcb.out.payloadLength = 1
  }
  return true
}

function sendNothing(tcb: Tcb, nowUs: number): boolean {
  tcb.burstSegments = 0
  settleSendTimers(tcb, nowUs)
  holdNow(tcb, nowUs)
  if (tcb.synAcked) noteSending(tcb, nowUs)
  return false
}

function skipSacked(tcb: Tcb): void {
  const offset = offsetOf(tcb, tcb.resendNxt)
  tcb.resendNxt = seqAdd(tcb.resendNxt, firstHole(tcb, offset) - offset)
}
