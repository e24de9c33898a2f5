import { becomeClosed, oweOwnReset, oweSyn } from './lifecycle.ts'
import { noteTimeout } from './loss.ts'
import { suspectBlackHole } from './path-mtu.ts'
import type { Rack } from './rack.ts'
import { noteReorderTimeout } from './rack-recovery.ts'
import { Reason } from './reasons.ts'
import { seqDiff } from './seq.ts'
import { noteTrouble, Persist, persistDelayUs, restartRto } from './timer-rules.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'
import { Timer } from './timers.ts'

/** What is due at `nowUs` (RFC 9293 §3.10.8). Segments that follow from it leave with the next transmit. */
export function timeoutsExpire(tcb: Tcb, nowUs: number): void {
  const { timers } = tcb
  if (timers.takeExpired(Timer.userTimeout, nowUs)) return giveUp(tcb, nowUs)
  if (timers.takeExpired(Timer.timeWait, nowUs)) return becomeClosed(tcb, tcb.state === TcpState.timeWait ? 'timeout2Msl' : 'userTimeout', 'closed', null, nowUs)
  if (timers.takeExpired(Timer.retransmit, nowUs)) retransmit(tcb, nowUs)
  if (timers.takeExpired(Timer.reorder, nowUs) && tcb.rack !== null) noteReorderTimeout(tcb, tcb.rack, nowUs)
  if (timers.takeExpired(Timer.lossProbe, nowUs) && tcb.rack !== null) probeForLoss(tcb, tcb.rack, nowUs)
  if (timers.takeExpired(Timer.persist, nowUs)) probe(tcb, nowUs)
  if (timers.takeExpired(Timer.delayedAck, nowUs)) acknowledgeAfterDelay(tcb)
  if (timers.takeExpired(Timer.keepAlive, nowUs)) keepAlive(tcb, nowUs)
}

/** No answer came that the ACK could have gone with. */
function acknowledgeAfterDelay(tcb: Tcb): void {
  tcb.isInteractive = false
  tcb.oweAckNow(Reason.ackDelayTimer, tcb.delayedBytes, tcb.config.delayedAckUs)
}

/** USER TIMEOUT, the end of the retries, a peer that is dead: flush, report, close. */
function giveUp(tcb: Tcb, nowUs: number): void {
  if (tcb.config.giveUpResets === 'always' && tcb.synAcked) oweOwnReset(tcb, Reason.rstGaveUp, tcb.retransmitCount)
  becomeClosed(tcb, 'userTimeout', 'timedOut', 'connectionTimedOut', nowUs)
}

/** RETRANSMISSION TIMEOUT (RFC 6298 §5.4 to 5.7): double the timeout, resend the front. */
function retransmit(tcb: Tcb, nowUs: number): void {
  tcb.retransmitCount++
  if (tcb.retransmitCount > r2Retries(tcb)) return giveUp(tcb, nowUs)
  tcb.rtt.backoff++
  if (tcb.rtt.backoff === tcb.config.forgetRttAfter) tcb.rtt.forget(tcb.config)
  const rtoUs = tcb.rtt.rtoUs(tcb.config)
  tcb.setting(Reason.setBackoff, nowUs, rtoUs, tcb.retransmitCount)
  if (tcb.retransmitCount === tcb.config.r1Retries) tellTrouble(tcb, nowUs)
  tcb.rtoAtUs = nowUs + rtoUs
  tcb.timers.set(Timer.retransmit, tcb.rtoAtUs)
  if (tcb.synAcked) {
    if (tcb.retransmitCount === 1) noteTrouble(tcb, nowUs)
    suspectBlackHole(tcb, nowUs)
    return noteTimeout(tcb, nowUs)
  }
  tcb.synWasLost = true
  oweSyn(tcb, Reason.synTimeout, tcb.retransmitCount, rtoUs)
}

/** R2 (RFC 9293 §3.8.3); for data 0 is no limit. */
function r2Retries(tcb: Tcb): number {
  const { dataRetries, synAckRetries, synRetries } = tcb.config
  if (!tcb.synAcked) return tcb.passive ? synAckRetries : synRetries
  return dataRetries === 0 ? Infinity : dataRetries
}

/** R1: the application hears of the trouble, and the host may look for another way (RFC 9293 §3.8.3). */
function tellTrouble(tcb: Tcb, nowUs: number): void {
  tcb.setting(Reason.setTrouble, nowUs, tcb.retransmitCount, seqDiff(tcb.sndNxt, tcb.sndUna))
  tcb.events.push('trouble')
}

/** PTO (RFC 8985 §7.3): one segment, and the retransmission timer behind it. */
function probeForLoss(tcb: Tcb, rack: Rack, nowUs: number): void {
  rack.probeDue = true
  restartRto(tcb, nowUs)
}

function probe(tcb: Tcb, nowUs: number): void {
  if (tcb.persistKind === Persist.override) {
    tcb.overrideDue = true
    return
  }
  if (tcb.persistKind === Persist.marked) {
    tcb.ecnPaused = false
    return
  }
  tcb.persistBackoff++
  tcb.probesOut++
  tcb.probeDue = true
  tcb.probeAwaited = true
  noteTrouble(tcb, nowUs)
  tcb.timers.set(Timer.persist, nowUs + persistDelayUs(tcb))
}

/** Silence since the last segment is what counts; data in flight speaks for itself (RFC 9293 §3.8.4). */
function keepAlive(tcb: Tcb, nowUs: number): void {
  const { keepAlive: isOn, keepAliveIdleUs, keepAliveIntervalUs, keepAliveProbes } = tcb.config
  if (!isOn) return
  // Probes would end a connection that the adopted timeout lets live (RFC 5482 §4.2).
  const leastIdleUs = tcb.userTimeout === null || tcb.userTimeout.adoptedUs === 0 ? 0 : tcb.userTimeout.adoptedUs + keepAliveIntervalUs
  const idleEnds = tcb.lastHeardUs + Math.max(keepAliveIdleUs, leastIdleUs)
  if (idleEnds > nowUs || tcb.sndUna !== tcb.sndNxt) {
    tcb.timers.set(Timer.keepAlive, idleEnds > nowUs ? idleEnds : nowUs + keepAliveIdleUs)
    return
  }
  const isTimed = tcb.config.userTimeoutFromTrouble && tcb.config.userTimeoutUs > 0
  const isDead = isTimed ? tcb.keepAliveCount > 0 && nowUs - tcb.lastHeardUs >= tcb.config.userTimeoutUs : tcb.keepAliveCount >= keepAliveProbes
  if (isDead) {
    if (tcb.config.giveUpResets === 'keepAlive') oweOwnReset(tcb, Reason.rstGaveUp, tcb.keepAliveCount)
    return giveUp(tcb, nowUs)
  }
  tcb.keepAliveCount++
  tcb.probesOut++
  tcb.keepAliveDue = true
  tcb.timers.set(Timer.keepAlive, nowUs + keepAliveIntervalUs)
}
