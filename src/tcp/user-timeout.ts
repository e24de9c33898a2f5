import { Reason } from './reasons.ts'
import type { Tcb } from './tcb.ts'

/** The user timeout option of one connection (RFC 5482). Connections that do without have none. */
export class UserTimeout {
  /** What the peer says how long it waits; 0 before it said anything. */
  remoteUs = 0
  /** In force in the place of the configured timeout; 0 while that counts. */
  adoptedUs = 0
  /** The application has set a timeout, which nothing from the peer changes (§3: CHANGEABLE is false). */
  isFixed = false
  /** The next segment says ours. */
  isDue = true
}

const second = 1_000_000
const minute = 60 * second
const inMinutes = 0x8000
const largest = 0x7fff

/** The 16 bits of the option: seconds, or minutes where those do not fit, and never zero (§3.3). */
export function userTimeoutField(timeoutUs: number): number {
  const seconds = Math.max(1, Math.round(timeoutUs / second))
  return seconds <= largest ? seconds : inMinutes | Math.min(largest, Math.round(timeoutUs / minute))
}

export function userTimeoutOf(field: number): number {
  return (field & largest) * ((field & inMinutes) !== 0 ? minute : second)
}

/** The peer's option has come: the longer wait of both, within the limits, and never shorter than the RTO (§3.1). Zero means nothing (§3.3). */
export function takeUserTimeout(tcb: Tcb, timeout: UserTimeout, field: number, nowUs: number): void {
  if (userTimeoutOf(field) === 0) return
  timeout.remoteUs = userTimeoutOf(field)
  adoptUserTimeout(tcb, timeout, nowUs)
}

export function adoptUserTimeout(tcb: Tcb, timeout: UserTimeout, nowUs: number): void {
  const { userTimeoutAdvertisedUs: ownUs, userTimeoutLowerUs, userTimeoutUpperUs } = tcb.config
  if (timeout.isFixed || timeout.remoteUs === 0) return
  const lowerUs = Math.max(userTimeoutLowerUs, tcb.rtt.rtoUs(tcb.config) + 1)
  const adoptedUs = Math.max(lowerUs, Math.min(userTimeoutUpperUs, Math.max(ownUs, timeout.remoteUs)))
  if (adoptedUs === timeout.adoptedUs) return
  timeout.adoptedUs = adoptedUs
  tcb.setting(Reason.setUserTimeout, nowUs, adoptedUs, timeout.remoteUs, ownUs)
}
