import { ackNews } from './ack-news.ts'
import { noteReduced, reduceByMark } from './ecn.ts'
import { beginEpisode, Episode } from './loss-episode.ts'
import { effectiveMss } from './header.ts'
import { Reason } from './reasons.ts'
import { advanceSackRecovery } from './sack-recovery.ts'
import { duplicateThreshold } from './limits.ts'
import { markRackTimeout } from './rack.ts'
import { clearScoreboard, trimScoreboard } from './scoreboard.ts'
import { seqDiff, seqGe, seqGt, seqMax } from './seq.ts'
import type { Tcb } from './tcb.ts'
import { isWindowUsed } from './window-use.ts'

/** What an ACK that advanced SND.UNA means for fast recovery, for resending after a timeout, and for cwnd; `echoedUs` is the round trip its timestamp shows, or -1. */
export function noteNewAck(tcb: Tcb, ackedBytes: number, echoedUs: number, nowUs: number): void {
  trimScoreboard(tcb)
  tcb.leavesRto = false
  if (tcb.sackRecovery) advanceSackRecovery(tcb, nowUs)
  else if (tcb.inRecovery) inFastRecovery(tcb, ackedBytes, nowUs)
  else if (!tcb.markReducing || !reduceByMark(tcb, ackedBytes)) {
    if (!tcb.config.growsByDelivery) tellController(tcb, ackedBytes, ackedBytes, echoedUs, nowUs)
  }
  tcb.dupAcks = 0
  tcb.limitedTransmitBytes = 0
  if (tcb.lossRecovery && seqGe(tcb.sndUna, tcb.recover)) endLossRecovery(tcb)
  if (tcb.resending) {
    tcb.resendLimit += Math.min(ackedBytes, tcb.smss())
    tcb.resendNxt = seqMax(tcb.resendNxt, tcb.sndUna)
    if (seqGe(tcb.resendNxt, tcb.sndNxt)) stopResending(tcb)
    else if (tcb.lossRecovery) tcb.resendReason = Reason.lossRecovery
  }
}

/** One more ACK for the same byte, where SACK is off (RFC 5681 §3.2, RFC 6582 §3.2). */
export function noteDuplicateAck(tcb: Tcb, nowUs: number): void {
  tcb.dupAcks++
  if (tcb.inRecovery) return tcb.controller.onRecoveryDuplicate()
  // Below `recover` the duplicates may answer what a timeout resent.
  if (tcb.dupAcks !== duplicateThreshold || !seqGt(tcb.sndUna, tcb.recover)) return
  const flightSize = seqDiff(tcb.sndNxt, tcb.sndUna) - tcb.limitedTransmitBytes
  tcb.inRecovery = true
  tcb.recover = tcb.sndNxt
  tcb.partialAcked = false
  beginEpisode(tcb, Episode.fast, flightSize)
  tcb.controller.onFastRetransmit(flightSize)
  noteReduced(tcb, nowUs)
  tcb.frontReason = Reason.fastRetransmit
  tcb.setting(Reason.setFastRecovery, nowUs, tcb.controller.ssthresh, tcb.controller.cwnd, flightSize)
}

/** The retransmission timer expired: all that is out may be lost; it is resent from the front as slow start allows (RFC 5681 §3.1, RFC 6582 §4). */
export function noteTimeout(tcb: Tcb, nowUs: number): void {
  const flightSize = seqDiff(tcb.sndNxt, tcb.sndUna)
  // A retransmission was lost too: a second reduction, from what the first one left (RFC 5681 §4.3).
  const load = tcb.inRecovery ? Math.min(flightSize, tcb.controller.ssthresh) : flightSize
  beginEpisode(tcb, Episode.timeout, flightSize)
  tcb.controller.onTimeout(load, tcb.retransmitCount > 1)
  tcb.setting(Reason.setTimeoutLoss, nowUs, tcb.controller.ssthresh, tcb.controller.cwnd, flightSize)
  tcb.inRecovery = false
  tcb.sackRecovery = false
  tcb.frontReason = 0
  tcb.dupAcks = 0
  tcb.limitedTransmitBytes = 0
  tcb.recover = tcb.sndNxt
  tcb.lossRecovery = true
  tcb.leavesRto = false
  noteReduced(tcb, nowUs)
  clearScoreboard(tcb)
  if (tcb.rack !== null) {
    markRackTimeout(tcb, tcb.rack, effectiveMss(tcb), nowUs)
    tcb.rack.probeEnd = -1
    tcb.frontReason = Reason.retransmitTimeout
    return stopResending(tcb)
  }
  tcb.resending = true
  tcb.resendNxt = tcb.sndUna
  tcb.resendReason = Reason.retransmitTimeout
  tcb.resendLimit = Infinity
}

function endLossRecovery(tcb: Tcb): void {
  tcb.lossRecovery = false
  if (tcb.rack !== null) tcb.rack.recoveryEnded = true
}

export function stopResending(tcb: Tcb): void {
  tcb.resending = false
  tcb.resendGrows = false
  tcb.resendLimit = Infinity
}

/** The end of an ACK that advanced: the window grows by what it delivered, unless it is being reduced. Without SACK each duplicate before it was a segment delivered. */
export function growByDelivery(tcb: Tcb, ackedBytes: number, newlySacked: number, wasDuplicates: number, echoedUs: number, nowUs: number): void {
  if (tcb.inRecovery || tcb.markReducing || ackedBytes === 0) return
  const known = tcb.sackOn ? -newlySacked : wasDuplicates * tcb.smss()
  tellController(tcb, Math.max(tcb.sackOn ? 0 : Math.min(ackedBytes, tcb.smss()), ackedBytes - known), ackedBytes, echoedUs, nowUs)
}

function tellController(tcb: Tcb, grownBytes: number, ackedBytes: number, echoedUs: number, nowUs: number): void {
  const { controller, windowUse } = tcb
  if (ackNews.isEcho || (windowUse !== null && controller.cwnd < controller.ssthresh && !isWindowUsed(windowUse, controller.cwnd))) return
  const outstanding = seqDiff(tcb.sndNxt, tcb.sndUna)
  const wasConservative = controller.conservative
  ackNews.nowUs = nowUs
  ackNews.ackedBytes = grownBytes
  ackNews.flightSize = outstanding + ackedBytes
  ackNews.ackedTo = tcb.ackedOffset
  ackNews.sentTo = tcb.ackedOffset + outstanding
  ackNews.srttUs = tcb.rtt.srttUs
  ackNews.sampleUs = echoedUs
  if (controller.onAck(ackNews)) tcb.setting(Reason.setAvoidance, nowUs, controller.cwnd, controller.ssthresh)
  else if (controller.conservative !== wasConservative) tcb.setting(wasConservative ? Reason.setSlowStartAgain : Reason.setConservativeStart, nowUs, controller.cwnd, echoedUs)
}

/** A partial ACK uncovers the next hole, a full one ends recovery (RFC 6582 §3.2). */
function inFastRecovery(tcb: Tcb, ackedBytes: number, nowUs: number): void {
  if (seqGe(tcb.sndUna, tcb.recover)) {
    tcb.inRecovery = false
    tcb.frontReason = 0
    tcb.controller.onFullAck(seqDiff(tcb.sndNxt, tcb.sndUna))
    tcb.setting(Reason.setRecovered, nowUs, tcb.controller.cwnd, tcb.controller.ssthresh)
    return
  }
  tcb.leavesRto = tcb.partialAcked
  tcb.partialAcked = true
  tcb.controller.onPartialAck(ackedBytes)
  tcb.frontReason = Reason.partialAck
}
