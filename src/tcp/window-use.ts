import { seqDiff, seqGe } from './seq.ts'
import type { Tcb } from './tcb.ts'

/** How much of cwnd the last flight took (RFC 7661 §4): its largest size, whether cwnd was what ended it, and the sequence number behind it. */
export class WindowUse {
  isFull = false
  flightSize = 0
  end = 0
}

/** New data left. */
export function noteWindowUse(tcb: Tcb, use: WindowUse): void {
  const flightSize = seqDiff(tcb.sndNxt, tcb.sndUna)
  const isFull = flightSize + tcb.smss() > tcb.controller.cwnd
  if (!seqGe(tcb.sndUna, use.end) && !isFull && (use.isFull || flightSize <= use.flightSize)) return
  use.isFull = isFull
  use.flightSize = flightSize
  use.end = tcb.sndNxt
}

/** Whether slow start has a reason to go on. */
export function isWindowUsed({ isFull, flightSize }: WindowUse, cwnd: number): boolean {
  return isFull || cwnd < 2 * flightSize
}
