import { Reason } from './reasons.ts'
import { offsetOf } from './scoreboard.ts'
import type { TcpSegment } from './segment.ts'
import { seqDiff, seqGe, seqLe, seqLt } from './seq.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'

/** What arrived twice is the first block of the next ACK, once (RFC 2883 §4). TIME-WAIT has nothing to tell any more. */
export function noteDuplicateArrival(tcb: Tcb, start: number, end: number): void {
  if (!tcb.sackOn || !tcb.config.dsack || tcb.state === TcpState.timeWait || !seqLt(start, end)) return
  tcb.dsackDue = true
  tcb.dsackStart = start
  tcb.dsackEnd = end
}

/**
 * Whether the first SACK block reports a duplicate: it lies below the ACK number of the same segment, or inside the second block
 * (RFC 2883 §5). Counted; the scoreboard has nothing to learn from it.
 * @returns whether it does
 */
export function detectDsack(tcb: Tcb, segment: TcpSegment, nowUs: number): boolean {
  const { sackEdges, sackCount } = segment.options
  const left = sackEdges[0]
  const right = sackEdges[1]
  if (!seqLt(left, right) || offsetOf(tcb, left) < 1 || !seqLe(right, tcb.sndNxt)) return false
  const isBelowAck = seqLe(right, segment.ack)
  const isInsideSecond = sackCount > 1 && seqGe(left, sackEdges[2]) && seqLe(right, sackEdges[3])
  if (!isBelowAck && !isInsideSecond) return false
  tcb.dsacks++
  tcb.setting(Reason.setDsack, nowUs, seqDiff(right, left), seqDiff(segment.ack, left))
  return true
}
