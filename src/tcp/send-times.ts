import { Reason } from './reasons.ts'
import type { Tcb } from './tcb.ts'

/** What a sender is doing: nothing, sending or waiting for ACKs, held by the peer's window, or out of data though the application has more than the buffer took. */
export const Sending = { idle: 0, busy: 1, byWindow: 2, byBuffer: 3 } as const
export type SendingKind = 0 | 1 | 2 | 3

/** How long each of them lasted, in µs (the times that TCP_INFO tells). */
export class SendTimes {
  busyUs = 0
  byWindowUs = 0
  byBufferUs = 0
  /** What lasts since when, and is not in the sums yet. */
  kind: SendingKind = Sending.idle
  sinceUs = 0

  become(kind: SendingKind, nowUs: number): void {
    if (kind === this.kind) return
    const us = nowUs - this.sinceUs
    if (this.kind === Sending.busy) this.busyUs += us
    else if (this.kind === Sending.byWindow) this.byWindowUs += us
    else if (this.kind === Sending.byBuffer) this.byBufferUs += us
    this.kind = kind
    this.sinceUs = nowUs
  }
}

/** Nothing leaves now, for the reason of `tcb.lastHold`. */
export function noteSending(tcb: Tcb, nowUs: number): void {
  const isOut = tcb.sndUna !== tcb.sndNxt
  const unsent = tcb.unsentBytes()
  if (unsent > 0 && isByWindow(tcb.lastHold)) return tcb.sendTimes.become(Sending.byWindow, nowUs)
  if (isOut || unsent > 0) return tcb.sendTimes.become(Sending.busy, nowUs)
  tcb.sendTimes.become(tcb.sendBlocked ? Sending.byBuffer : Sending.idle, nowUs)
}

function isByWindow(hold: number): boolean {
  return hold === Reason.heldWindow || hold === Reason.heldSillyWindow || hold === Reason.heldZeroWindow
}
