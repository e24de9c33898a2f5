import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'
import { Timer } from './timers.ts'

/** Spans of `Tcb.persistKind`. */
export const Persist = { off: 0, override: 1, probe: 2 } as const

/**
 * Exactly one of retransmit and persist runs while something is out or waits: persist while the window is closed (RFC 9293 §3.8.6.1)
 * or too small to use with nothing out (§3.8.6.2.1), else retransmit while something is out (RFC 6298 §5.1).
 */
export function settleSendTimers(tcb: Tcb, nowUs: number): void {
  const { timers, state } = tcb
  if (state <= TcpState.synReceived || state === TcpState.timeWait || !tcb.synAcked) return
  const outstanding = tcb.sndUna !== tcb.sndNxt
  const waiting = tcb.unsentBytes() > 0 || tcb.finPending()
  if (tcb.sndWnd === 0 && (outstanding || waiting)) {
    timers.clear(Timer.retransmit)
    return persist(tcb, Persist.probe, tcb.rtt.backedOff(tcb.rtt.backoff + tcb.persistBackoff, tcb.config), nowUs)
  }
  if (outstanding) {
    stopPersist(tcb)
    if (!timers.isSet(Timer.retransmit)) timers.set(Timer.retransmit, nowUs + tcb.rtt.rtoUs(tcb.config))
    return
  }
  timers.clear(Timer.retransmit)
  if (waiting) persist(tcb, Persist.override, tcb.config.sillyWindowOverrideUs, nowUs)
  else stopPersist(tcb)
}

function persist(tcb: Tcb, kind: 1 | 2, delayUs: number, nowUs: number): void {
  if (tcb.persistKind === kind && tcb.timers.isSet(Timer.persist)) return
  if (tcb.persistKind !== kind) {
    tcb.persistBackoff = 0
    tcb.overrideDue = false
  }
  tcb.persistKind = kind
  tcb.timers.set(Timer.persist, nowUs + delayUs)
}

function stopPersist(tcb: Tcb): void {
  tcb.persistKind = Persist.off
  tcb.persistBackoff = 0
  tcb.probeDue = false
  tcb.overrideDue = false
  tcb.timers.clear(Timer.persist)
}
