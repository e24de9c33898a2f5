import { Reason } from './reasons.ts'
import type { ReasonIndex } from './reasons.ts'
import type { TcpSegment } from './segment.ts'
import type { Tcb } from './tcb.ts'

/** Owes an ACK to a segment that may be forged, or that merely echoes our own answers, unless too many were owed lately (RFC 5961 §7). */
export function challenge(tcb: Tcb, reason: ReasonIndex, segment: TcpSegment, nowUs: number, a = 0, b = 0, c = 0): void {
  const { challengeAckLimit, challengeAckIntervalUs } = tcb.config
  if (tcb.challengeCount === 0 || nowUs - tcb.challengeWindowUs >= challengeAckIntervalUs) {
    tcb.challengeWindowUs = nowUs
    tcb.challengeCount = 0
  }
  if (tcb.challengeCount >= challengeAckLimit) return tcb.drop(Reason.dropChallengeLimit, segment, nowUs, challengeAckLimit, challengeAckIntervalUs)
  tcb.challengeCount++
  tcb.oweAck(reason, a, b, c)
}
