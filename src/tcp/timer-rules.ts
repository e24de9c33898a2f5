import { probeDeadline } from './loss-probe.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'
import { Timer } from './timers.ts'

/** Spans of `Tcb.persistKind`. */
export const Persist = { off: 0, override: 1, probe: 2, marked: 3 } as const

/**
 * Exactly one of persist, retransmit, reorder and loss probe runs while something is out or waits: persist while the window is closed
 * (RFC 9293 §3.8.6.1) or too small to use with nothing out (§3.8.6.2.1), else one of the others while something is out (RFC 6298 §5.1,
 * RFC 8985 §8).
 */
export function settleSendTimers(tcb: Tcb, nowUs: number): void {
  const { state } = tcb
  if (state <= TcpState.synReceived || state === TcpState.timeWait || !tcb.synAcked) return
  const outstanding = tcb.sndUna !== tcb.sndNxt
  const waiting = tcb.unsentBytes() > 0 || tcb.finPending()
  if (tcb.sndWnd === 0 && (outstanding || waiting)) {
    stopLossTimers(tcb)
    return persist(tcb, Persist.probe, persistDelayUs(tcb), nowUs)
  }
  if (outstanding) {
    stopPersist(tcb)
    return armLossTimer(tcb, nowUs)
  }
  stopLossTimers(tcb)
  if (waiting && tcb.ecnPaused) persist(tcb, Persist.marked, tcb.rtt.rtoUs(tcb.config), nowUs)
  else if (waiting) persist(tcb, Persist.override, overrideDelayUs(tcb), nowUs)
  else {
    tcb.ecnPaused = false
    stopPersist(tcb)
  }
}

/** USER TIMEOUT counts from now: from the last progress, or from what was asked of the connection (RFC 9293 §3.9.1); 0 is none. Opening has a limit of its own. */
export function startUserTimeout(tcb: Tcb, nowUs: number): void {
  if (tcb.config.userTimeoutFromTrouble && tcb.synAcked) {
    // A peer that keeps its window closed is no success.
    if (tcb.sndWnd > 0) tcb.timers.clear(Timer.userTimeout)
    return
  }
  const adoptedUs = tcb.userTimeout === null ? 0 : tcb.userTimeout.adoptedUs
  const userUs = adoptedUs || tcb.config.userTimeoutUs || Infinity
  const openUs = tcb.synAcked ? Infinity : tcb.config.openTimeoutUs || Infinity
  tcb.timers.set(Timer.userTimeout, nowUs + Math.min(userUs, openUs))
}

/** Something goes again: where the user timeout counts from that, it begins. */
export function noteTrouble({ config, timers, userTimeout }: Tcb, nowUs: number): void {
  const timeoutUs = (userTimeout === null ? 0 : userTimeout.adoptedUs) || config.userTimeoutUs
  if (!config.userTimeoutFromTrouble || timeoutUs === 0 || timers.isSet(Timer.userTimeout)) return
  timers.set(Timer.userTimeout, nowUs + timeoutUs)
}

/** A peer that never closes does not hold FIN-WAIT-2 for ever once nobody reads. */
export function startFinWait2Timer(tcb: Tcb, nowUs: number): void {
  const { finWait2TimeoutUs } = tcb.config
  if (finWait2TimeoutUs > 0) tcb.timers.set(Timer.timeWait, nowUs + finWait2TimeoutUs)
}

function overrideDelayUs({ config, rtt }: Tcb): number {
  return config.overrideAwaitsRto ? Math.max(config.sillyWindowOverrideUs, rtt.rtoUs(config)) : config.sillyWindowOverrideUs
}

/** How long until the closed window is probed (next). */
export function persistDelayUs(tcb: Tcb): number {
  const { persistMinUs, persistMaxUs } = tcb.config
  return Math.min(persistMaxUs, Math.max(persistMinUs, tcb.rtt.backedOff(tcb.rtt.backoff + tcb.persistBackoff, tcb.config)))
}

/** The time to the next window probe counts from the answer to the last. */
export function restartProbing(tcb: Tcb, nowUs: number): void {
  tcb.probeAwaited = false
  if (tcb.persistKind === Persist.probe && tcb.timers.isSet(Timer.persist)) tcb.timers.set(Timer.persist, nowUs + persistDelayUs(tcb))
}

/** The retransmission timeout counts from now, and so does the loss probe's (RFC 6298 §5.3, RFC 8985 §7.2). */
export function restartRto(tcb: Tcb, nowUs: number): void {
  tcb.rtoAtUs = nowUs + tcb.rtt.rtoUs(tcb.config)
  if (tcb.rack !== null) tcb.rack.probeFromUs = nowUs
}

/** The end of the wait for reordered segments goes before the probe, and the probe, which is never later, before the timeout. */
function armLossTimer(tcb: Tcb, nowUs: number): void {
  const { rack } = tcb
  if (tcb.rtoAtUs === Infinity) restartRto(tcb, nowUs)
  if (rack === null) return tcb.timers.set(Timer.retransmit, tcb.rtoAtUs)
  const isReordering = rack.reorderAtUs < tcb.rtoAtUs
  const probeAtUs = isReordering ? Infinity : probeDeadline(tcb, rack)
  const isProbing = probeAtUs !== Infinity
  tcb.timers.set(Timer.reorder, isReordering ? rack.reorderAtUs : Infinity)
  tcb.timers.set(Timer.lossProbe, probeAtUs)
  tcb.timers.set(Timer.retransmit, isReordering || isProbing ? Infinity : tcb.rtoAtUs)
}

function stopLossTimers(tcb: Tcb): void {
  tcb.rtoAtUs = Infinity
  tcb.timers.clear(Timer.retransmit)
  if (tcb.rack === null) return
  tcb.rack.reorderAtUs = Infinity
  tcb.timers.clear(Timer.reorder)
  tcb.timers.clear(Timer.lossProbe)
}

function persist(tcb: Tcb, kind: 1 | 2 | 3, delayUs: number, nowUs: number): void {
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
