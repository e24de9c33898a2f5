import { visibleWindow, windowGain, worthwhileGain } from './header.ts'
import { mayTransmitData } from './lifecycle.ts'
import { Reason } from './reasons.ts'
import type { ReasonIndex } from './reasons.ts'
import { dataPermit, permit } from './send-permit.ts'
import { seqDiff } from './seq.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'
import { Timer } from './timers.ts'

/** Reports why nothing leaves now; once, until something is sent or the reason is another. */
export function holdNow(tcb: Tcb, nowUs: number): void {
  const reason = holdReason(tcb, nowUs)
  if (reason === tcb.lastHold || reason === 0) return
  tcb.lastHold = reason
  tcb.decide('held', reason, nowUs, tcb.sndNxt, 0, permit.a, permit.b, permit.c)
}

function holdReason(tcb: Tcb, nowUs: number): ReasonIndex {
  const { state, timers } = tcb
  if (state === TcpState.closed || state === TcpState.listen) return 0
  if (state === TcpState.timeWait) return operands(Reason.heldTimeWait, timers.deadline(Timer.timeWait) - nowUs)
  const unsent = tcb.unsentBytes()
  if (!mayTransmitData(tcb) && unsent > 0) return operands(Reason.heldHandshake, unsent)
  if (tcb.sndWnd === 0 && tcb.synAcked && (unsent > 0 || tcb.sndUna !== tcb.sndNxt || tcb.finPending())) {
    return operands(Reason.heldZeroWindow, unsent, seqDiff(tcb.sndNxt, tcb.sndUna), timers.deadline(Timer.persist) - nowUs)
  }
  if (unsent > 0) return dataHold(tcb, unsent)
  if (tcb.finPending()) return operands(Reason.heldWindow, 0, tcb.sndWnd, seqDiff(tcb.sndNxt, tcb.sndUna))
  if (timers.isSet(Timer.delayedAck)) return operands(Reason.heldAckDelay, tcb.delayedBytes, timers.deadline(Timer.delayedAck) - nowUs)
  if (tcb.rack !== null && timers.isSet(Timer.reorder)) return operands(Reason.heldReordering, seqDiff(tcb.sndNxt, tcb.sndUna), timers.deadline(Timer.reorder) - nowUs)
  if (tcb.sndUna !== tcb.sndNxt) return operands(Reason.heldAwaitingAck, seqDiff(tcb.sndNxt, tcb.sndUna), tcb.rtt.rtoUs(tcb.config))
  const gain = windowGain(tcb)
  if (gain > 0 && gain < worthwhileGain(tcb) && visibleWindow(tcb) < worthwhileGain(tcb)) return operands(Reason.heldWindowUpdate, gain, worthwhileGain(tcb))
  return operands(Reason.heldNothingQueued)
}

/** While old data is being resent new data waits for cwnd, else for what {@link dataPermit} says. */
function dataHold(tcb: Tcb, unsent: number): ReasonIndex {
  if (tcb.resending) return operands(Reason.heldCongestion, unsent, tcb.controller.cwnd, seqDiff(tcb.sndNxt, tcb.sndUna))
  dataPermit(tcb)
  return permit.hold
}

function operands(reason: ReasonIndex, a = 0, b = 0, c = 0): ReasonIndex {
  permit.a = a
  permit.b = b
  permit.c = c
  return reason
}
