import { effectiveMss } from './header.ts'
import { sillyWindowFraction } from './limits.ts'
import { Reason } from './reasons.ts'
import type { ReasonIndex } from './reasons.ts'
import { bytesInNetwork } from './scoreboard.ts'
import { seqAdd, seqDiff, seqGt } from './seq.ts'
import type { Tcb } from './tcb.ts'

/** What {@link dataPermit} found: with a send reason `length` bytes may go; with reason 0 `hold` says why not. Operands as their reason names them. */
export const permit = { reason: 0 as ReasonIndex, hold: 0 as ReasonIndex, length: 0, queued: 0, windowRoom: 0, isBurstEnd: false, a: 0, b: 0, c: 0, d: 0 }

/**
 * Whether new data may leave, and how much. RFC 9293 §3.8.6.2.1: D bytes queued, U usable; a full segment goes, everything goes when
 * nothing is in flight or Nagle is off (§3.7.4), half of the largest window goes, and so does what is left when the override timer is over.
 */
export function dataPermit(tcb: Tcb): void {
  const queued = tcb.unsentBytes()
  // A SYN that is still out takes no room: the window that came with the peer's begins behind it.
  const sndUna = tcb.synAcked ? tcb.sndUna : seqAdd(tcb.iss, 1)
  const inFlight = seqDiff(tcb.sndNxt, sndUna)
  const { cwnd } = tcb.controller
  const windowRoom = seqDiff(seqAdd(sndUna, tcb.sndWnd), tcb.sndNxt)
  const cwndRoom = cwnd - (tcb.synAcked ? bytesInNetwork(tcb) : inFlight)
  const mss = effectiveMss(tcb)
  const allowance = limitedTransmitAllowance(tcb)
  const usable = Math.min(windowRoom, cwndRoom + allowance)
  const length = Math.min(queued, usable, mss)
  permit.queued = queued
  permit.windowRoom = windowRoom
  permit.length = length
  permit.reason = sendReason(tcb, queued, usable, mss, inFlight, windowRoom <= cwndRoom)
  permit.isBurstEnd = usable - length < Math.min(mss, queued - length)
  if (permit.reason === 0) return hold(tcb, queued, windowRoom, cwndRoom, mss, inFlight)
  if (length > cwnd - inFlight && !tcb.inRecovery && !tcb.lossRecovery) permit.reason = Reason.limitedTransmit
  setSendOperands(tcb, queued, usable, inFlight)
}

function sendReason(tcb: Tcb, queued: number, usable: number, mss: number, inFlight: number, isWindowLimit: boolean): ReasonIndex {
  if (usable <= 0 || tcb.ecnPaused) return 0
  if (queued >= mss && usable >= mss) return Reason.dataFull
  if (isPushed(tcb, tcb.sndNxt) && (inFlight === 0 || !tcb.config.nagle || tcb.closeRequested || mayBeSmall(tcb))) {
    if (queued <= usable) return inFlight === 0 ? Reason.dataIdle : tcb.closeRequested ? Reason.dataLast : tcb.config.nagle ? Reason.dataSmallFree : Reason.dataNagleOff
    if (usable >= tcb.maxSndWnd * sillyWindowFraction) return Reason.dataHalfWindow
    // What fits behind a full segment goes with it. Where cwnd is the limit, the rest of a segment waits for it.
    if (tcb.config.fillsWindow && isWindowLimit && tcb.burstSegments % Math.max(1, mostOfBurst(tcb)) > 0) return Reason.dataFillsWindow
  }
  return tcb.overrideDue ? Reason.dataOverride : 0
}

/** Segments of a burst: half of cwnd at most. */
export function mostOfBurst(tcb: Tcb): number {
  return Math.min(tcb.config.burstSegments, Math.floor(tcb.controller.cwnd / tcb.smss() / 2))
}

/** Some of the data from `seq` on shall not wait for more. */
export function isPushed(tcb: Tcb, seq: number): boolean {
  return tcb.closeRequested || seqGt(tcb.pushSeq, seq)
}

/** Variants of Nagle's rule that systems use: a small segment is held only behind another, or not at the end of a burst into an idle connection. */
function mayBeSmall(tcb: Tcb): boolean {
  switch (tcb.config.nagleWaitsFor) {
    case 'inFlight': return false
    case 'small': return tcb.smallEnd <= tcb.ackedOffset
    case 'burst': return tcb.burstSegments > 0 && tcb.burstWasIdle
  }
}

function setSendOperands(tcb: Tcb, queued: number, usable: number, inFlight: number): void {
  const { reason } = permit
  permit.c = 0
  permit.d = 0
  if (reason === Reason.dataFull) {
    permit.b = queued
    permit.c = tcb.sndWnd
    permit.d = tcb.controller.cwnd
  } else if (reason === Reason.limitedTransmit) {
    permit.b = tcb.dupAcks
    permit.c = tcb.controller.cwnd
  } else if (reason === Reason.dataHalfWindow) {
    permit.b = usable
    permit.c = tcb.maxSndWnd
  } else if (reason === Reason.dataIdle) {
    permit.b = queued
  } else if (reason === Reason.dataNagleOff || reason === Reason.dataSmallFree) {
    permit.b = inFlight
  } else if (reason === Reason.dataOverride || reason === Reason.dataFillsWindow) {
    permit.b = usable
  } else {
    permit.b = 0
  }
}

/** Without SACK the first two duplicate ACKs may each bring a new segment beyond cwnd (RFC 3042 §2); with it the bytes that left the network make room. */
function limitedTransmitAllowance(tcb: Tcb): number {
  if (tcb.sackOn || tcb.dupAcks === 0 || tcb.dupAcks > 2 || tcb.inRecovery || tcb.lossRecovery || !tcb.config.limitedTransmit) return 0
  return tcb.dupAcks * tcb.smss()
}

function hold(tcb: Tcb, queued: number, windowRoom: number, cwndRoom: number, mss: number, inFlight: number): void {
  permit.a = queued
  permit.c = inFlight
  const usable = Math.min(windowRoom, cwndRoom)
  if (tcb.ecnPaused && tcb.sndWnd > 0) {
    permit.hold = Reason.heldMarked
    permit.b = tcb.controller.cwnd
  } else if (tcb.sndWnd === 0) {
    permit.hold = Reason.heldZeroWindow
    permit.b = inFlight
    permit.c = 0
  } else if (usable > 0 && queued <= usable) {
    permit.hold = isPushed(tcb, tcb.sndNxt) ? Reason.heldNagle : Reason.heldUnpushed
    permit.b = mss
  } else if (windowRoom > 0 && windowRoom <= cwndRoom) {
    permit.hold = Reason.heldSillyWindow
    permit.b = windowRoom
    permit.c = Math.min(mss, Math.ceil(tcb.maxSndWnd * sillyWindowFraction))
  } else if (windowRoom <= cwndRoom) {
    permit.hold = Reason.heldWindow
    permit.b = tcb.sndWnd
  } else {
    permit.hold = Reason.heldCongestion
    permit.b = tcb.controller.cwnd
  }
}
