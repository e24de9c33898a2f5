import type { FaultCode } from '../base/fault.ts'
import { acceptAnsweredSyn } from './arrives-listen.ts'
import type { TcpConfig } from './config.ts'
import type { DecisionSink } from './decision.ts'
import type { TcpEvent } from './events.ts'
import { synRoom } from './fast-open.ts'
import type { FastOpen, FastOpenTerms } from './fast-open.ts'
import { becomeClosed } from './lifecycle.ts'
import { packetTooBig } from './path-mtu.ts'
import type { TcpSegment } from './segment.ts'
import { SendFlag } from './send-flags.ts'
import { segmentArrives } from './segment-arrives.ts'
import type { TcpSnapshot } from './snapshot.ts'
import { TcpState } from './state.ts'
import { takeSnapshot } from './take-snapshot.ts'
import { Tcb } from './tcb.ts'
import { reopenFromTimeWait } from './time-wait.ts'
import { timeoutsExpire } from './timeouts.ts'
import { settleSendTimers } from './timer-rules.ts'
import { transmit } from './transmit.ts'
import { abortConnection, changeOption, closeBothWays, closeSending, discardConnection, openActive, openPassive, receiveBytes, refuseText, sendBytes, unreadUrgentBytes } from './user-calls.ts'

export interface TcpConnectionOptions {
  readonly config: TcpConfig
  readonly localPort: number
  /** 0 in a passive open that takes any peer. */
  readonly remotePort: number
  readonly ipVersion: 4 | 6
  /** Bytes of the largest IP packet on the path, as far as known. */
  readonly pathMtu: number
  /** Of the first hop, which is what the MSS option speaks of and how far the path MTU may grow again; `pathMtu` unless said. */
  readonly linkMtu?: number
  readonly isn: number
  /** Where the timestamp clock begins unless the configuration says a number; 0 unless said. */
  readonly timestampOffset?: number
  /** What is known for TCP Fast Open; without it there is none, whatever the configuration says. */
  readonly fastOpen?: FastOpenTerms | undefined
  readonly sink?: DecisionSink
  readonly id: number
  /** What `pollTransmit` returns; connections that one host polls one after another may share it. */
  readonly segment?: TcpSegment
}

/**
 * One end of a TCP connection (RFC 9293), sans IO: segments, times (integer µs, never going back) and calls go in, segments, deadlines
 * and events come out. After each call that may have changed something: `pollTransmit` until null, `pollEvent` until null, then
 * `pollTimeout` for the time by which `handleTimeout` wants to be called.
 */
export class TcpConnection {
  readonly id: number
  readonly localPort: number
  readonly #tcb: Tcb

  constructor(options: TcpConnectionOptions) {
    this.id = options.id
    this.localPort = options.localPort
    this.#tcb = new Tcb(this, options)
  }

  get state(): TcpState {
    return this.#tcb.state
  }

  get config(): TcpConfig {
    return this.#tcb.config
  }

  /** The peer's port; 0 in a LISTEN that takes any. */
  get remotePort(): number {
    return this.#tcb.remotePort
  }

  /** Congestion window and slow start threshold in bytes (RFC 5681 §3.1). */
  get cwnd(): number {
    return this.#tcb.controller.cwnd
  }

  get ssthresh(): number {
    return this.#tcb.controller.ssthresh
  }

  /** TCP Fast Open of this connection (RFC 7413); null where there is none. */
  get fastOpen(): FastOpen | null {
    return this.#tcb.fastOpen
  }

  /** Bytes of data that the SYN will carry, if they are sent before it leaves. */
  get synRoomBytes(): number {
    return synRoom(this.#tcb)
  }

  /** It was accepted, with data, by its SYN alone. */
  get isAcceptedEarly(): boolean {
    return this.#tcb.acceptedEarly
  }

  /** Bytes that `receive` would give now. */
  get receivableBytes(): number {
    return this.#tcb.receiveBuffer.unread()
  }

  /** Bytes that `send` would take now. */
  get sendableBytes(): number {
    const { state, closeRequested, sendRing } = this.#tcb
    return state === TcpState.closed || closeRequested ? 0 : sendRing.capacity - sendRing.length
  }

  /** Bytes, of those received or still to come, up to the end of the peer's urgent data (RFC 9293 §3.8.5 MUST-33); 0 where none is urgent. */
  get urgentBytes(): number {
    return unreadUrgentBytes(this.#tcb)
  }

  /** The peer has sent its FIN and everything before it was read. */
  get endOfStream(): boolean {
    return this.#tcb.finReceived && this.#tcb.receiveBuffer.unread() === 0
  }

  /** Why the last call failed or the connection ended; null where it ended well. */
  get lastError(): FaultCode | null {
    return this.#tcb.lastError
  }

  /** OPEN, active. @returns false with `lastError` 'connectionExists' where it is open already, 'addressInvalid' without a remote port */
  open(nowUs: number): boolean {
    return openActive(this.#tcb, nowUs)
  }

  /** OPEN, passive. @returns false with `lastError` 'connectionExists' where it is open already */
  listen(nowUs = 0): boolean {
    return openPassive(this.#tcb, nowUs)
  }

  /**
   * In LISTEN: a SYN was answered without a connection, with `isn` as sequence number (RFC 4987 §3.6), and has now been acknowledged. `syn` is the peer's
   * SYN as far as it is known; the acknowledging segment follows by {@link handleSegment}.
   */
  acceptCookie(syn: TcpSegment, nowUs: number): void {
    acceptAnsweredSyn(this.#tcb, syn, nowUs)
  }

  /** SEND. @param flags of {@link SendFlag} @returns bytes taken, 0 where the buffer is full ('writable' tells when it no longer is), -1 with `lastError` */
  send(bytes: Uint8Array, at: number, length: number, nowUs: number, flags: number = SendFlag.push): number {
    return sendBytes(this.#tcb, bytes, at, length, flags, nowUs)
  }

  /** RECEIVE. @returns bytes copied, 0 where there are none now, -1 with `lastError` where the connection is gone */
  receive(into: Uint8Array, at: number, length: number, _nowUs: number): number {
    return receiveBytes(this.#tcb, into, at, length)
  }

  /** CLOSE: no more to send; receiving goes on. @returns false with `lastError` where it was closed before */
  close(nowUs: number): boolean {
    return closeSending(this.#tcb, nowUs)
  }

  /** CLOSE of both directions, as the end of a process does it: what is unread or comes later draws an RST. @returns false with `lastError` where there is none to close */
  closeBoth(nowUs: number): boolean {
    return closeBothWays(this.#tcb, nowUs)
  }

  /** What comes from now on draws an RST; what is here can still be read, and sending goes on. */
  refuseText(): void {
    refuseText(this.#tcb)
  }

  abort(nowUs: number): void {
    abortConnection(this.#tcb, nowUs)
  }

  /** An abort that the peer does not hear of. */
  discard(nowUs: number): void {
    discardConnection(this.#tcb, nowUs)
  }

  /** @returns null, 'badArgument' for a value outside the table, 'connectionExists' for a knob that an open connection cannot turn */
  setOption<K extends keyof TcpConfig>(name: K, value: TcpConfig[K], nowUs: number): FaultCode | null {
    return changeOption(this.#tcb, name, value, nowUs)
  }

  /** The network says that the peer cannot be reached. Ends an attempt to connect; later it is only advice (RFC 9293 §3.9.2.2, RFC 5461). */
  handleUnreachable(nowUs: number): void {
    if (this.state === TcpState.synSent || this.state === TcpState.synReceived) becomeClosed(this.#tcb, 'unreachable', 'unreachable', 'hostUnreachable', nowUs)
  }

  /**
   * ICMP "fragmentation needed" or ICMPv6 "packet too big", or what another connection learned of the same path: segments shrink, what was too big is
   * sent again without a congestion reaction (RFC 1191 §6.4). Poll for segments afterwards.
   * @param mtu bytes of the largest IP packet that passes; 0 where the router did not say (RFC 1191 §4)
   * @param quotedSeq sequence number of the quoted segment, believed only while it is under way (RFC 5927 §4.1); null where nothing is quoted
   * @returns whether the path MTU of this connection became smaller
   */
  handlePacketTooBig(mtu: number, quotedSeq: number | null, nowUs: number): boolean {
    return packetTooBig(this.#tcb, mtu, quotedSeq, nowUs)
  }

  /**
   * A SYN has come for a connection in TIME-WAIT whose port is listened on. @returns whether it is surely new (RFC 6191 §2): then this connection is closed,
   * and the SYN may open another, with sequence numbers above {@link nextSequence}; else it was dropped
   */
  reopen(syn: TcpSegment, nowUs: number): boolean {
    return reopenFromTimeWait(this.#tcb, syn, nowUs)
  }

  /** SND.NXT. */
  get nextSequence(): number {
    return this.#tcb.sndNxt
  }

  /** A segment of this connection with a good checksum. It is not kept, nor is its payload. */
  handleSegment(segment: TcpSegment, nowUs: number): void {
    segmentArrives(this.#tcb, segment, nowUs)
    settleSendTimers(this.#tcb, nowUs)
  }

  handleTimeout(nowUs: number): void {
    timeoutsExpire(this.#tcb, nowUs)
  }

  /** @returns the next segment to send, good until the next call; null where nothing is to be sent now */
  pollTransmit(nowUs: number): TcpSegment | null {
    return transmit(this.#tcb, nowUs) ? this.#tcb.out : null
  }

  /** The time of the earliest deadline, Infinity where there is none. */
  pollTimeout(): number {
    return this.#tcb.timers.next()
  }

  pollEvent(): TcpEvent | null {
    return this.#tcb.events.shift()
  }

  snapshot(into: TcpSnapshot): void {
    takeSnapshot(this.#tcb, into)
  }
}
