import { Frto, takeBack } from './loss-episode.ts'
import type { LossEpisode } from './loss-episode.ts'
import { Reason } from './reasons.ts'
import { highestSacked } from './scoreboard.ts'
import { seqAdd, seqDiff, seqGe } from './seq.ts'
import type { Tcb } from './tcb.ts'

const newSegments = 2
/** What cwnd is at most once it turns out that there was a loss (RFC 5682 §2.1, step 3a). */
const segmentsAfterLoss = 3

/**
 * F-RTO (RFC 5682 §2.1, with SACK §3.1): after a timeout only the front is sent again. If its ACK advances, new data shows whether the rest
 * was lost: an ACK that goes on says no. `ackedBytes` of the ACK at hand, `isDuplicate` where it counts as one, `hasNewSack` where it
 * reports bytes for the first time.
 */
export function advanceFrto(tcb: Tcb, episode: LossEpisode, ackedBytes: number, isDuplicate: boolean, hasNewSack: boolean, nowUs: number): void {
  if (episode.frto === Frto.first) return firstAck(tcb, episode, ackedBytes, isDuplicate)
  const isNewReported = tcb.sackOn && highestSacked(tcb) > tcb.ackedOffset + Math.max(0, seqDiff(tcb.recover, tcb.sndUna))
  if (!isNewReported && (ackedBytes > 0 || (tcb.sackOn && hasNewSack))) return takeBack(tcb, episode, Reason.setFrtoSpurious, ackedBytes, -1, nowUs)
  if (!isNewReported && !isDuplicate) return
  const { controller } = tcb
  controller.setRecoveryWindow(Math.min(controller.cwnd, segmentsAfterLoss * tcb.smss()))
  episode.frto = Frto.off
}

/** Whether what is out may not be sent again for now. */
export function isTestingTimeout(tcb: Tcb): boolean {
  return tcb.episode !== null && tcb.episode.frto !== Frto.off
}

function firstAck(tcb: Tcb, episode: LossEpisode, ackedBytes: number, isDuplicate: boolean): void {
  if (ackedBytes === 0) {
    // With SACK the ACK of the front is still to come.
    if (isDuplicate && !tcb.sackOn) episode.frto = Frto.off
    return
  }
  const windowRoom = seqDiff(seqAdd(tcb.sndUna, tcb.sndWnd), tcb.sndNxt)
  const canSend = tcb.unsentBytes() > 0 && windowRoom > 0
  episode.frto = seqGe(tcb.sndUna, tcb.recover) || !canSend ? Frto.off : Frto.second
  episode.frtoLeft = newSegments
}
