import { pipe } from './scoreboard.ts'
import { seqDiff } from './seq.ts'
import type { Tcb } from './tcb.ts'

/**
 * Proportional Rate Reduction (RFC 9937 §6): in recovery by SACK cwnd follows what the peer received, so that the window shrinks to
 * ssthresh over the round trip and not at once. `newlySacked` are the bytes that the ACK which begins the recovery reported first. Where losses reduce
 * the window and not the flight, the reduction is counted from it, in whole segments.
 */
export function beginProportionalRate(tcb: Tcb, newlySacked: number, windowBefore: number): void {
  tcb.prrDelivered = 0
  tcb.prrOut = 0
  // What was reported before will not be delivered during the recovery (§6.1).
  const load = tcb.config.lossReducesWindow ? windowBefore : seqDiff(tcb.sndNxt, tcb.sndUna) - (tcb.sackedBytes - newlySacked)
  tcb.recoverFs = Math.max(tcb.smss(), load)
  setWindow(tcb, newlySacked, false)
}

/** One ACK in recovery: `delivered` is the change of SND.UNA and, signed, of the reported bytes; `isSafe` where it advanced and showed no further loss (§6.2). */
export function reduceProportionally(tcb: Tcb, delivered: number, isSafe: boolean): void {
  if (delivered <= 0) return
  setWindow(tcb, delivered, isSafe)
}

function setWindow(tcb: Tcb, delivered: number, isSafe: boolean): void {
  const { ssthresh } = tcb.controller
  const inFlight = pipe(tcb)
  tcb.prrDelivered += delivered
  let allowance: number
  if (inFlight > ssthresh) {
    const share = Math.ceil(tcb.prrDelivered * ssthresh / tcb.recoverFs)
    allowance = (tcb.config.lossReducesWindow ? Math.ceil(share / tcb.smss()) * tcb.smss() : share) - tcb.prrOut
  } else {
    const conservative = Math.max(tcb.prrDelivered - tcb.prrOut, delivered)
    allowance = Math.min(ssthresh - inFlight, conservative + (isSafe ? tcb.smss() : 0))
  }
  // The first retransmission leaves whatever the sums say.
  if (tcb.prrOut === 0 && allowance <= 0) allowance = tcb.smss()
  tcb.controller.setRecoveryWindow(inFlight + Math.max(0, allowance))
}
