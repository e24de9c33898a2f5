import { TcpFlag } from '../wire/tcp.ts'
import { readAce } from './accurate-ecn.ts'
import { ackNews } from './ack-news.ts'
import { challenge } from './challenge.ts'
import { detectDsack } from './dsack.ts'
import { noteEcnEcho } from './ecn.ts'
import { settleSynText } from './fast-open.ts'
import { advanceFrto, isTestingTimeout } from './frto.ts'
import { acknowledgeSyn, becomeClosed, establish, oweReset, waitTwoMsl } from './lifecycle.ts'
import { compareEcho, noteDuplicateOfEpisode } from './loss-episode.ts'
import { noteAckOfProbe } from './loss-probe.ts'
import { growByDelivery, noteDuplicateAck, noteNewAck } from './loss.ts'
import { noteAckOfMtuProbe } from './path-mtu.ts'
import { beginRackAck, rackAcked } from './rack.ts'
import { noteRackAck } from './rack-recovery.ts'
import { Reason } from './reasons.ts'
import { noteAckInRecovery, noteSackedMore } from './sack-recovery.ts'
import { echoedRoundTrip, takeRttSample } from './sampling.ts'
import { lostEdge, takeSackBlocks } from './scoreboard.ts'
import { payloadBytes } from './segment.ts'
import type { TcpSegment } from './segment.ts'
import { seqDiff, seqGt, seqLe, seqLt } from './seq.ts'
import { accepted } from './arrives-sequence.ts'
import { startUserTimeout } from './timer-rules.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'
import { restartProbing, restartRto } from './timer-rules.ts'
import { Timer } from './timers.ts'
import { takeUserTimeout } from './user-timeout.ts'

/** Fifth (RFC 9293 §3.10.7.4): the ACK field. Returns whether the rest of the segment counts. */
export function acceptAck(tcb: Tcb, segment: TcpSegment, nowUs: number): boolean {
  if ((segment.flags & TcpFlag.ack) === 0) {
    tcb.drop(Reason.dropNoAck, segment, nowUs)
    return false
  }
  if (tcb.state === TcpState.synReceived && !acceptAckOfSyn(tcb, segment, nowUs)) return false
  if (!checkAckRange(tcb, segment, nowUs)) return false
  if (tcb.userTimeout !== null && segment.options.userTimeout >= 0) takeUserTimeout(tcb, tcb.userTimeout, segment.options.userTimeout, nowUs)
  const isAdvance = seqGt(segment.ack, tcb.sndUna)
  ackNews.isEcho = tcb.ecnOn && (segment.flags & (TcpFlag.ece | TcpFlag.syn)) === TcpFlag.ece
  if (tcb.accurateEcn !== null) ackNews.isEcho = readAce(tcb, tcb.accurateEcn, segment, nowUs)
  if (ackNews.isEcho) noteEcnEcho(tcb, segment, nowUs)
  const wasOffset = tcb.ackedOffset
  const wasSacked = tcb.sackedBytes
  const wasDuplicates = tcb.dupAcks
  const isDuplicate = isDuplicateAck(tcb, segment)
  if (tcb.sackOn) takeAckAndSack(tcb, segment, nowUs)
  else if (seqGt(segment.ack, tcb.sndUna)) advance(tcb, segment, nowUs)
  else if (isDuplicate) noteDuplicateAck(tcb, nowUs)
  if (isTestingTimeout(tcb)) advanceFrto(tcb, tcb.episode!, tcb.ackedOffset - wasOffset, isDuplicate, tcb.sackedBytes > wasSacked, nowUs)
  if (tcb.config.growsByDelivery) growByDelivery(tcb, tcb.ackedOffset - wasOffset, tcb.sackedBytes - wasSacked, wasDuplicates, echoedForHystart(tcb, segment, nowUs), nowUs)
  updateSendWindow(tcb, segment, isAdvance)
  if (tcb.probeAwaited && tcb.config.emptyWindowProbes && tcb.sndWnd === 0) restartProbing(tcb, nowUs)
  // A peer that keeps its window closed is alive (MUST-37).
  if (tcb.sndWnd === 0 && tcb.timers.isSet(Timer.userTimeout)) startUserTimeout(tcb, nowUs)
  return finIsAcknowledged(tcb, nowUs)
}

/** Of a host that only receives nothing is out that an ACK could speak of; a probe may still wait for its second answer. */
function hasNews(tcb: Tcb, segment: TcpSegment): boolean {
  return segment.ack !== tcb.sndNxt || tcb.sndUna !== tcb.sndNxt || segment.options.sackCount > 0 || (tcb.rack !== null && tcb.rack.probeEnd >= 0)
}

/** Both say what arrived: first the blocks, which lie above the ACK, then what it covers, then what follows from the two. */
function takeAckAndSack(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  if (!hasNews(tcb, segment)) return
  const { rack, sackRecovery: inRecovery } = tcb
  const wasUna = tcb.ackedOffset
  const wasKnown = wasUna + tcb.sackedBytes
  const wasLostEdge = inRecovery && rack === null ? lostEdge(tcb) : 0
  let newlySacked = 0
  if (rack !== null) beginRackAck(tcb, rack, segment)
  if (segment.options.sackCount > 0) {
    const isDsack = detectDsack(tcb, segment, nowUs)
    if (rack !== null) rack.dsackArrived = isDsack
    if (isDsack && tcb.episode !== null) noteDuplicateOfEpisode(tcb, tcb.episode, segment, nowUs)
    newlySacked = takeSackBlocks(tcb, segment, nowUs)
  }
  if (seqGt(segment.ack, tcb.sndUna)) advance(tcb, segment, nowUs)
  if (rack !== null) {
    const hasAdvanced = tcb.ackedOffset > wasUna
    noteAckOfProbe(tcb, rack, segment, hasAdvanced, nowUs)
    noteRackAck(tcb, rack, newlySacked, tcb.ackedOffset + tcb.sackedBytes - wasKnown, hasAdvanced, nowUs)
  } else if (inRecovery && tcb.sackRecovery) noteAckInRecovery(tcb, wasKnown, wasUna, wasLostEdge)
  else if (newlySacked > 0) noteSackedMore(tcb, newlySacked, nowUs)
}

/** SYN_RCVD: the handshake's last step, or an RST to an ACK of something never sent. */
function acceptAckOfSyn(tcb: Tcb, segment: TcpSegment, nowUs: number): boolean {
  if (!seqGt(segment.ack, tcb.sndUna) || seqGt(segment.ack, tcb.sndNxt)) {
    const offset = seqDiff(segment.ack, tcb.sndNxt)
    tcb.drop(Reason.dropSynReceivedAck, segment, nowUs, offset)
    oweReset(tcb, Reason.rstSynReceivedAck, segment, offset)
    return false
  }
  acknowledgeSyn(tcb, segment, nowUs)
  if (tcb.fastOpen !== null) settleSynText(tcb, tcb.fastOpen, segment.ack, nowUs)
  establish(tcb, 'rcvAckOfSyn', nowUs)
  // The window of a SYN is not scaled, so it says little about those to come.
  if (tcb.config.fillsWindow) tcb.maxSndWnd = 0
  setSendWindow(tcb, segment)
  return true
}

/** SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT (RFC 5961 §5.2). */
function checkAckRange(tcb: Tcb, segment: TcpSegment, nowUs: number): boolean {
  const ahead = seqDiff(segment.ack, tcb.sndNxt)
  if (ahead > 0) {
    tcb.drop(Reason.dropFutureAck, segment, nowUs, ahead)
    challenge(tcb, Reason.ackFuture, segment, nowUs, ahead)
    return false
  }
  const behind = seqDiff(tcb.sndUna, segment.ack)
  if (behind > tcb.maxSndWnd) {
    tcb.drop(Reason.dropOldAck, segment, nowUs, behind, tcb.maxSndWnd)
    challenge(tcb, Reason.challengeOldAck, segment, nowUs, behind, tcb.maxSndWnd)
    return false
  }
  return true
}

/** SND.UNA < SEG.ACK: what it covers leaves the ring, the timers begin anew. */
function advance(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  if (!tcb.synAcked) acknowledgeSyn(tcb, segment, nowUs)
  const ack = segment.ack
  const ackedBytes = seqDiff(ack, tcb.sndUna)
  if (ackedBytes === 0) return
  tcb.sndUna = ack
  tcb.ackedOffset += ackedBytes
  if (tcb.rack !== null) rackAcked(tcb, tcb.rack, tcb.ackedOffset, nowUs)
  const freed = tcb.sendRing.discardTo(ack)
  tcb.bytesAcked += freed
  if (tcb.finSent && seqGt(ack, tcb.finSeq)) tcb.finAcked = true
  if (tcb.probeOut && seqGt(ack, tcb.probeSeq)) tcb.probeOut = false
  if (tcb.mtuProbe > 0) noteAckOfMtuProbe(tcb, nowUs)
  tcb.retransmitCount = 0
  takeRttSample(tcb, segment, nowUs)
  if (tcb.episode !== null) compareEcho(tcb, tcb.episode, segment, ackedBytes, nowUs)
  noteNewAck(tcb, ackedBytes, echoedForHystart(tcb, segment, nowUs), nowUs)
  restartTimers(tcb, nowUs)
  if (tcb.sendBlocked && freed > 0) {
    tcb.sendBlocked = false
    tcb.events.push('writable')
  }
}

function echoedForHystart(tcb: Tcb, segment: TcpSegment, nowUs: number): number {
  return tcb.config.hystart ? echoedRoundTrip(tcb, segment, nowUs) : -1
}

/** RFC 6298 §5.2, §5.3; the user timeout counts from the last progress. */
function restartTimers(tcb: Tcb, nowUs: number): void {
  const outstanding = tcb.sndUna !== tcb.sndNxt
  if (outstanding && !tcb.leavesRto) restartRto(tcb, nowUs)
  if (outstanding || tcb.sendRing.length > 0 || tcb.finPending()) startUserTimeout(tcb, nowUs)
  else tcb.timers.clear(Timer.userTimeout)
}

/** RFC 5681 §2: something is out, and this ACK says nothing but that a segment arrived elsewhere. */
function isDuplicateAck(tcb: Tcb, segment: TcpSegment): boolean {
  return segment.ack === tcb.sndUna
    && tcb.sndUna !== tcb.sndNxt
    && payloadBytes(segment) === 0
    && (segment.flags & (TcpFlag.syn | TcpFlag.fin)) === 0
    && tcb.sndWnd > 0
    && segment.window << tcb.sndWndShift === tcb.sndWnd
}

/**
 * Old segments do not set the window (RFC 9293 §3.10.7.4). One that advances SND.UNA is not old, whatever its sequence number: data
 * sent again comes with the latest window, and the one before it, counted from the new SND.UNA, would reach too far.
 */
function updateSendWindow(tcb: Tcb, segment: TcpSegment, isAdvance: boolean): void {
  if (seqLt(segment.ack, tcb.sndUna)) return
  const isNewer = isAdvance || seqLt(tcb.sndWl1, accepted.seq) || (tcb.sndWl1 === accepted.seq && seqLe(tcb.sndWl2, segment.ack))
  if (isNewer) setSendWindow(tcb, segment)
}

function setSendWindow(tcb: Tcb, segment: TcpSegment): void {
  const shift = (segment.flags & TcpFlag.syn) !== 0 ? 0 : tcb.sndWndShift
  const wasZero = tcb.sndWnd === 0
  tcb.sndWnd = segment.window << shift
  tcb.sndWl1 = accepted.seq
  tcb.sndWl2 = segment.ack
  if (tcb.sndWnd > tcb.maxSndWnd) tcb.maxSndWnd = tcb.sndWnd
  if (wasZero && tcb.sndWnd > 0) windowOpened(tcb)
}

/** A probe that the closed window refused, so that SND.UNA still stands at it, goes out again at once, with what follows it. */
function windowOpened(tcb: Tcb): void {
  if (tcb.config.userTimeoutFromTrouble) tcb.timers.clear(Timer.userTimeout)
  if (!tcb.probeOut) return
  tcb.probeOut = false
  tcb.resending = true
  tcb.resendGrows = true
  tcb.resendNxt = tcb.sndUna
  tcb.resendReason = Reason.windowOpened
}

/** What the ACK of our FIN means in CLOSING and LAST-ACK; FIN-WAIT-1 waits for the eighth step, where a FIN may come with it. */
function finIsAcknowledged(tcb: Tcb, nowUs: number): boolean {
  if (!tcb.finAcked) return true
  if (tcb.state === TcpState.closing) {
    tcb.move('rcvAckOfFin', nowUs)
    waitTwoMsl(tcb, nowUs)
  } else if (tcb.state === TcpState.lastAck) {
    becomeClosed(tcb, 'rcvAckOfFin', 'closed', null, nowUs)
    return false
  }
  return true
}
