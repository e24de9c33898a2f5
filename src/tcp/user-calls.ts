import { TcpFlag } from '../wire/tcp.ts'
import { createController } from './congestion.ts'
import { checkTcpOption, tcpConfigTable } from './config.ts'
import type { ConfigEntry, TcpConfig } from './config.ts'
import type { FaultCode } from '../base/fault.ts'
import { expressible, visibleWindow, windowGain, worthwhileGain } from './header.ts'
import { becomeClosed, oweOwnReset, oweSyn, startClosing } from './lifecycle.ts'
import { windowUnit } from './negotiation.ts'
import { Reason } from './reasons.ts'
import { seqAdd, seqDiff } from './seq.ts'
import { startFinWait2Timer, startUserTimeout } from './timer-rules.ts'
import { SendFlag } from './send-flags.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'
import { Timer } from './timers.ts'
import { adoptUserTimeout } from './user-timeout.ts'

/** OPEN, active (RFC 9293 §3.10.1). @returns false with `lastError` where there is a connection already */
export function openActive(tcb: Tcb, nowUs: number): boolean {
  if ((tcb.state !== TcpState.closed && tcb.state !== TcpState.listen) || tcb.openedUs >= 0) return refuse(tcb, 'connectionExists')
  if (tcb.remotePort === 0) return refuse(tcb, 'addressInvalid')
  sendFirstSyn(tcb, 'activeOpen', nowUs)
  return true
}

/** OPEN, passive. */
export function openPassive(tcb: Tcb, nowUs: number): boolean {
  if (tcb.state !== TcpState.closed || tcb.openedUs >= 0) return refuse(tcb, 'connectionExists')
  tcb.passive = true
  tcb.move('passiveOpen', nowUs)
  return true
}

/** SEND (§3.10.2). @returns bytes taken into the buffer, 0 where it is full, -1 with `lastError` where nothing may be sent */
export function sendBytes(tcb: Tcb, bytes: Uint8Array, at: number, length: number, flags: number, nowUs: number): number {
  if (tcb.closeRequested) return notTaken(tcb, 'connectionClosing')
  switch (tcb.state) {
    case TcpState.closed:
    case TcpState.closing:
    case TcpState.lastAck:
    case TcpState.timeWait:
    case TcpState.finWait1:
    case TcpState.finWait2:
      return notTaken(tcb, tcb.state === TcpState.closed ? tcb.lastError ?? 'noSuchConnection' : 'connectionClosing')
    case TcpState.listen:
      if (tcb.remotePort === 0) return notTaken(tcb, 'addressInvalid')
      sendFirstSyn(tcb, 'send', nowUs)
  }
  const taken = tcb.sendRing.write(bytes, at, length)
  if ((flags & SendFlag.push) !== 0 || taken < length) tcb.pushSeq = tcb.sendRing.endSeq()
  if ((flags & SendFlag.urgent) !== 0 && taken > 0) markUrgent(tcb, nowUs)
  // Who asks for room before it sends never offers too much: a full buffer is a promise of 'writable' too.
  if (taken < length || tcb.sendRing.length === tcb.sendRing.capacity) tcb.sendBlocked = true
  if (taken > 0 && !tcb.timers.isSet(Timer.userTimeout)) startUserTimeout(tcb, nowUs)
  return taken
}

/** SND.UP: the end of what is queued (§3.8.5 MUST-62). */
function markUrgent(tcb: Tcb, nowUs: number): void {
  tcb.urgentOut = true
  tcb.sndUp = tcb.sendRing.endSeq()
  tcb.setting(Reason.setSendUrgent, nowUs, seqDiff(tcb.sndUp, tcb.synSent ? tcb.sndNxt : tcb.sendRing.startSeq))
}

/** How far the urgent data of the peer reaches beyond what was read. */
export function unreadUrgentBytes(tcb: Tcb): number {
  return tcb.urgentIn ? Math.max(0, seqDiff(tcb.rcvUp, tcb.rcvNxt) + tcb.receiveBuffer.unread()) : 0
}

/** RECEIVE (§3.10.3). @returns bytes copied, 0 where there are none, -1 with `lastError` where there will be none */
export function receiveBytes(tcb: Tcb, into: Uint8Array, at: number, length: number): number {
  if (tcb.readingClosed && tcb.receiveBuffer.unread() === 0) return notTaken(tcb, 'connectionClosing')
  const taken = tcb.receiveBuffer.read(into, at, length)
  if (taken > 0) {
    tcb.bytesDelivered += taken
    if (tcb.urgentIn && unreadUrgentBytes(tcb) === 0) tcb.urgentIn = false
    noteSpace(tcb)
    return taken
  }
  if (tcb.state === TcpState.closed && !tcb.finReceived) return notTaken(tcb, tcb.lastError ?? 'noSuchConnection')
  return 0
}

/** CLOSE (§3.10.4). Repeating it changes nothing. @returns false with `lastError` where the connection is closing or closed already */
export function closeSending(tcb: Tcb, nowUs: number): boolean {
  if (tcb.closeRequested) return refuse(tcb, 'connectionClosing')
  switch (tcb.state) {
    case TcpState.closed:
      return refuse(tcb, 'noSuchConnection')
    case TcpState.listen:
    case TcpState.synSent:
      if (tcb.state === TcpState.synSent && tcb.config.closeAwaitsSyn && !tcb.readingClosed) tcb.closeRequested = true
      else becomeClosed(tcb, 'close', 'closed', 'connectionClosing', nowUs)
      return true
    case TcpState.synReceived:
      // With data queued the FIN has to wait for ESTABLISHED, unless that may leave before.
      if (tcb.sendRing.length > 0 && !tcb.acceptedEarly) tcb.closeRequested = true
      else startClosing(tcb, nowUs)
      return true
    default:
      startClosing(tcb, nowUs)
      return true
  }
}

/**
 * CLOSE of both directions (§3.6.1 MAY-1): nothing is read any more, so what is unread or comes later is lost, and an RST says so (SHLD-3).
 * @returns false with `lastError` where there is no connection
 */
export function closeBothWays(tcb: Tcb, nowUs: number): boolean {
  const unread = tcb.receiveBuffer.unread()
  if (unread > 0 && tcb.state >= TcpState.synReceived && tcb.state <= TcpState.closeWait) {
    oweOwnReset(tcb, Reason.rstUnread, unread)
    becomeClosed(tcb, 'abort', 'closed', 'connectionReset', nowUs)
    return true
  }
  tcb.readingClosed = true
  if (tcb.state === TcpState.synSent) tcb.closeRequested = false
  else if (tcb.state === TcpState.finWait2) startFinWait2Timer(tcb, nowUs)
  return tcb.closeRequested && tcb.state !== TcpState.closed ? true : closeSending(tcb, nowUs)
}

/** Nobody will read what comes from now on: it draws an RST. What is here can still be read. */
export function refuseText(tcb: Tcb): void {
  tcb.readingClosed = true
}

/** ABORT (§3.10.5): an RST where the peer may still send or wait, then nothing is left. */
export function abortConnection(tcb: Tcb, nowUs: number): void {
  const { state } = tcb
  if (state === TcpState.closed) return
  const last = tcb.config.abortTellsClosing ? TcpState.lastAck : TcpState.closeWait
  const tellsPeer = state >= TcpState.synReceived && state <= last
  if (tellsPeer) {
    oweOwnReset(tcb, Reason.rstAbort, tcb.unsentBytes(), seqDiff(tcb.sndNxt, tcb.sndUna))
    if (!tcb.config.abortAcknowledges) {
      tcb.resetAck = 0
      tcb.resetFlags = TcpFlag.rst
    }
  }
  discardConnection(tcb, nowUs)
}

/** The TCB is deleted and the peer not told: it learns by its next segment (§3.5.1). */
export function discardConnection(tcb: Tcb, nowUs: number): void {
  if (tcb.state !== TcpState.closed) becomeClosed(tcb, 'abort', 'closed', 'connectionReset', nowUs)
}

/** A running connection takes what the table calls live; the others only before it opens. @returns the fault's code, or null */
export function changeOption<K extends keyof TcpConfig>(tcb: Tcb, name: K, value: TcpConfig[K], nowUs: number): FaultCode | null {
  const wrong = checkTcpOption(name, value)
  if (wrong !== null) return wrong.code
  if (!isLive(name) && tcb.openedUs >= 0) return 'connectionExists'
  tcb.config = { ...tcb.config, [name]: value }
  tcb.setting(Reason.setOption, nowUs, typeof value === 'string' ? choiceNumber(name, value) : Number(value))
  if (name === 'receiveBufferBytes') {
    tcb.receiveBuffer.setLimit(Math.max(tcb.config.receiveBufferBytes, windowUnit(tcb)))
    noteSpace(tcb)
  } else if (name === 'keepAlive' || name === 'keepAliveIdleUs') {
    if (tcb.config.keepAlive && tcb.state >= TcpState.established && tcb.state !== TcpState.timeWait) tcb.timers.set(Timer.keepAlive, nowUs + tcb.config.keepAliveIdleUs)
    else tcb.timers.clear(Timer.keepAlive)
  } else if (name === 'congestionControl') {
    changeController(tcb)
  } else if (name === 'quickAckSegments') {
    setQuickAcks(tcb)
  } else if (name === 'userTimeoutAdvertisedUs' && tcb.userTimeout !== null) {
    tcb.userTimeout.isDue = true
    adoptUserTimeout(tcb, tcb.userTimeout, nowUs)
  } else if (name === 'userTimeoutUs') {
    if (tcb.userTimeout !== null) {
      tcb.userTimeout.isFixed = true
      tcb.userTimeout.adoptedUs = 0
    }
    if (tcb.timers.isSet(Timer.userTimeout)) startUserTimeout(tcb, nowUs)
  }
  return null
}

/** Another controller goes on with the windows of the one before. */
function changeController(tcb: Tcb): void {
  const { cwnd, ssthresh } = tcb.controller
  tcb.controller = createController(tcb.config)
  if (tcb.establishedUs < 0) return
  tcb.controller.start(tcb.smss(), cwnd)
  tcb.controller.undo(cwnd, ssthresh)
}

/** Quick ACKs begin anew, with one that waits for what the application has read, or end. */
function setQuickAcks(tcb: Tcb): void {
  tcb.quickAcksLeft = tcb.config.quickAckSegments
  tcb.isInteractive = tcb.quickAcksLeft === 0
  const isWaiting = tcb.timers.isSet(Timer.delayedAck) && tcb.receiveBuffer.unread() === 0
  if (tcb.quickAcksLeft > 0 && isWaiting) tcb.oweAckNow(Reason.ackQuick, tcb.delayedBytes, tcb.quickAcksLeft)
}

/** A choice is told by its place among the others. */
function choiceNumber(name: keyof TcpConfig, value: string): number {
  const entry: ConfigEntry = tcpConfigTable[name]
  return entry.choices?.indexOf(value) ?? -1
}

function sendFirstSyn(tcb: Tcb, input: 'activeOpen' | 'send', nowUs: number): void {
  tcb.passive = false
  tcb.openedUs = nowUs
  tcb.sndUna = tcb.iss
  tcb.sndNxt = seqAdd(tcb.iss, 1)
  tcb.move(input, nowUs)
  oweSyn(tcb, Reason.synOpen, tcb.rcvMss, Math.min(0xffff, tcb.receiveBuffer.limit))
  startUserTimeout(tcb, nowUs)
}

/** Space became free: worth a window update when the peer has little left to send into (RFC 9293 §3.8.6.2.2). */
function noteSpace(tcb: Tcb): void {
  const { state } = tcb
  if (state !== TcpState.established && state !== TcpState.finWait1 && state !== TcpState.finWait2) return
  if (visibleWindow(tcb) >= expressible(tcb, tcb.receiveBuffer.limit) / 2) return
  if (windowGain(tcb) >= worthwhileGain(tcb)) tcb.windowUpdateDue = true
}

function isLive(name: keyof TcpConfig): boolean {
  return tcpConfigTable[name].live
}

function notTaken(tcb: Tcb, error: FaultCode): -1 {
  tcb.lastError = error
  return -1
}

function refuse(tcb: Tcb, error: FaultCode): false {
  tcb.lastError = error
  return false
}
