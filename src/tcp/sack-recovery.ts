import { noteReduced } from './ecn.ts'
import { effectiveMss } from './header.ts'
import { duplicateThreshold } from './limits.ts'
import { beginEpisode, Episode } from './loss-episode.ts'
import { beginProportionalRate, reduceProportionally } from './proportional-rate.ts'
import { Reason } from './reasons.ts'
import { bytesInNetwork, firstHole, highestSacked, holeLength, lostEdge, pipe } from './scoreboard.ts'
import { seqAdd, seqDiff, seqGe } from './seq.ts'
import type { Tcb } from './tcb.ts'

/** A stretch of old data that {@link nextLost} or {@link nextRescue} chose: `length` is at most what the windows and the next reported byte leave. */
export const chosen = { seq: 0, length: 0 }

/** An ACK reported `newlySacked` bytes for the first time: RFC 6675's duplicate ACK, whatever else it says (§2, §5). */
export function noteSackedMore(tcb: Tcb, newlySacked: number, nowUs: number): void {
  if (tcb.inRecovery) return
  tcb.dupAcks++
  // After a timeout only once all that was out then is acknowledged (§5.1).
  if (!seqGe(tcb.sndUna, tcb.recover)) return
  if (tcb.dupAcks >= duplicateThreshold || lostEdge(tcb) > tcb.ackedOffset) enter(tcb, newlySacked, nowUs)
}

/** What an ACK that advanced SND.UNA means here: the end, once it covers RecoveryPoint. What was reported above it stays known. */
export function advanceSackRecovery(tcb: Tcb, nowUs: number): void {
  if (!seqGe(tcb.sndUna, tcb.recover)) return
  tcb.inRecovery = false
  tcb.sackRecovery = false
  tcb.frontReason = 0
  if (tcb.rack !== null) tcb.rack.recoveryEnded = true
  tcb.controller.onRecovered()
  tcb.setting(Reason.setRecovered, nowUs, tcb.controller.cwnd, tcb.controller.ssthresh)
}

/** Every ACK of a recovery, once SND.UNA and the scoreboard are up to date; `wasKnown` says what was acknowledged or reported before it. */
export function noteAckInRecovery(tcb: Tcb, wasKnown: number, wasUna: number, wasLostEdge: number): void {
  if (!tcb.config.proportionalRate) return
  const delivered = tcb.ackedOffset + tcb.sackedBytes - wasKnown
  const showsNoLoss = lostEdge(tcb) <= Math.max(wasLostEdge, tcb.ackedOffset)
  reduceProportionally(tcb, delivered, tcb.ackedOffset > wasUna && showsNoLoss)
}

/** NextSeg() rule 1 (§4): the first hole above what was resent that counts as lost. @returns whether `chosen` may leave now */
export function nextLost(tcb: Tcb): boolean {
  return hasRoom(tcb) && chooseHole(tcb, lostEdge(tcb))
}

/** Rules 3 and 4, when there is no new data to send: a hole that is not lost yet, then once a recovery the last bytes that are out. */
export function nextUnlost(tcb: Tcb): boolean {
  return hasRoom(tcb) && chooseHole(tcb, highestSacked(tcb))
}

export function nextRescue(tcb: Tcb): boolean {
  if (tcb.rescued || !hasRoom(tcb)) return false
  const end = tcb.ackedOffset + seqDiff(tcb.sndNxt, tcb.sndUna)
  const above = Math.max(highestSacked(tcb), tcb.highRxt)
  if (above >= end) return false
  return choose(tcb, Math.max(above, end - effectiveMss(tcb)), end)
}

/** The first hole was resent, or one that {@link chosen} named: HighRxt moves behind it. */
export function noteHoleResent(tcb: Tcb, seq: number, length: number): void {
  tcb.highRxt = Math.max(tcb.highRxt, tcb.ackedOffset + seqDiff(seq, tcb.sndUna) + length)
}

/** Step 4 of §5: RecoveryPoint, a smaller window, and the first hole at once. */
function enter(tcb: Tcb, newlySacked: number, nowUs: number): void {
  const flightSize = seqDiff(tcb.sndNxt, tcb.sndUna) - tcb.limitedTransmitBytes
  tcb.inRecovery = true
  tcb.sackRecovery = true
  tcb.rescued = false
  tcb.recover = tcb.sndNxt
  tcb.highRxt = tcb.ackedOffset
  beginEpisode(tcb, Episode.fast, flightSize)
  const { cwnd } = tcb.controller
  tcb.controller.onLoss(flightSize)
  noteReduced(tcb, nowUs)
  tcb.frontReason = Reason.sackFirstHole
  if (tcb.config.proportionalRate) beginProportionalRate(tcb, newlySacked, cwnd)
  tcb.setting(Reason.setSackRecovery, nowUs, tcb.controller.ssthresh, pipe(tcb), flightSize, tcb.sackedBytes)
}

/** §5 (C): a full segment more fits into cwnd. */
function hasRoom(tcb: Tcb): boolean {
  return tcb.sackRecovery && tcb.sndWnd > 0 && tcb.controller.cwnd - bytesInNetwork(tcb) >= tcb.smss()
}

function chooseHole(tcb: Tcb, below: number): boolean {
  const start = firstHole(tcb, Math.max(tcb.ackedOffset, tcb.highRxt))
  return start < below && choose(tcb, start, below)
}

function choose(tcb: Tcb, start: number, end: number): boolean {
  const ahead = start - tcb.ackedOffset
  chosen.seq = seqAdd(tcb.sndUna, ahead)
  chosen.length = Math.min(end - start, holeLength(tcb, start), tcb.sndWnd - ahead)
  return chosen.length > 0
}
