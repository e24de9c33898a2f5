import { noteReduced } from './ecn.ts'
import { effectiveMss } from './header.ts'
import { beginEpisode, Episode, keepReduction } from './loss-episode.ts'
import { beginProportionalRate, reduceProportionally } from './proportional-rate.ts'
import { detectRackLosses, rackPipe } from './rack.ts'
import type { Rack } from './rack.ts'
import { Reason } from './reasons.ts'
import { Sent } from './sent-records.ts'
import { seqAdd, seqDiff } from './seq.ts'
import type { Tcb } from './tcb.ts'

/** A stretch of lost bytes that {@link chooseLost} found. */
export const lostPiece = { seq: 0, length: 0 }

/** Every ACK, once SND.UNA and the records are up to date: what of the rest is lost, and what follows from that for cwnd. `delivered` as RFC 9937 counts it. */
export function noteRackAck(tcb: Tcb, rack: Rack, newlySacked: number, delivered: number, hasAdvanced: boolean, nowUs: number): void {
  if (newlySacked > 0 && !tcb.inRecovery) tcb.dupAcks++
  const wasInRecovery = tcb.inRecovery
  const lost = detectRackLosses(tcb, rack, nowUs)
  if (respondToLosses(tcb, rack, newlySacked, nowUs)) return
  if (wasInRecovery && tcb.inRecovery && tcb.config.proportionalRate) reduceProportionally(tcb, delivered, hasAdvanced && lost === 0)
}

/** The wait for reordered segments is over (RFC 8985 §6.2, step 5). */
export function noteReorderTimeout(tcb: Tcb, rack: Rack, nowUs: number): void {
  detectRackLosses(tcb, rack, nowUs)
  respondToLosses(tcb, rack, 0, nowUs)
}

/** The first stretch that is lost and within the window, at most a segment. */
export function chooseLost(tcb: Tcb, rack: Rack): boolean {
  const { sent } = rack
  if (sent.lostBytes === 0) return false
  let i = 0
  while ((sent.flagsAt(i) & Sent.lost) === 0) i++
  const start = sent.startAt(i)
  const most = start + effectiveMss(tcb)
  let end = sent.endAt(i)
  while (end < most && ++i < sent.count && (sent.flagsAt(i) & Sent.lost) !== 0) end = sent.endAt(i)
  const ahead = start - tcb.ackedOffset
  lostPiece.seq = seqAdd(tcb.sndUna, ahead)
  lostPiece.length = Math.min(end - start, tcb.sndWnd - ahead)
  return lostPiece.length > 0
}

/** Whether cwnd has room for the stretch that {@link chooseLost} found. */
export function hasRoomForLost(tcb: Tcb, rack: Rack): boolean {
  return tcb.controller.cwnd - rackPipe(tcb, rack) >= Math.min(lostPiece.length, effectiveMss(tcb))
}

/** @returns whether cwnd was reduced */
function respondToLosses(tcb: Tcb, rack: Rack, newlySacked: number, nowUs: number): boolean {
  const isRepairing = tcb.inRecovery || tcb.lossRecovery
  const isReduced = isRepairing ? tcb.retransmissionLost && tcb.config.lostAgainReduces : rack.sent.lostBytes > 0
  tcb.retransmissionLost = false
  if (!isReduced) return false
  if (isRepairing) reduceAgain(tcb, rack, newlySacked, nowUs)
  else enter(tcb, rack, newlySacked, nowUs)
  return true
}

function enter(tcb: Tcb, rack: Rack, newlySacked: number, nowUs: number): void {
  const flightSize = seqDiff(tcb.sndNxt, tcb.sndUna) - tcb.limitedTransmitBytes
  tcb.inRecovery = true
  tcb.sackRecovery = true
  tcb.recover = tcb.sndNxt
  noteReduced(tcb, nowUs)
  tcb.frontReason = Reason.rackFirst
  rack.probeEnd = -1
  beginEpisode(tcb, Episode.fast, flightSize)
  const { cwnd } = tcb.controller
  tcb.controller.onLoss(flightSize)
  if (tcb.config.proportionalRate) beginProportionalRate(tcb, newlySacked, cwnd)
  tcb.setting(Reason.setRackRecovery, nowUs, tcb.controller.ssthresh, rackPipe(tcb, rack), flightSize, rack.sent.lostBytes)
}

/** Loss of a retransmission is a second sign of congestion, on top of what the first one left (RFC 5681 §4.3, RFC 8985 §9.3). */
function reduceAgain(tcb: Tcb, rack: Rack, newlySacked: number, nowUs: number): void {
  const { controller } = tcb
  keepReduction(tcb)
  const left = tcb.lossRecovery ? controller.cwnd : controller.ssthresh
  controller.onLoss(Math.min(seqDiff(tcb.sndNxt, tcb.sndUna), left))
  noteReduced(tcb, nowUs)
  tcb.frontReason = tcb.inRecovery ? Reason.rackLost : Reason.lossRecovery
  if (tcb.inRecovery && tcb.config.proportionalRate) beginProportionalRate(tcb, newlySacked, left)
  tcb.setting(Reason.setLostAgain, nowUs, controller.ssthresh, controller.cwnd, rackPipe(tcb, rack))
}
