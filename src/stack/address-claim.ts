import { bytesEqual } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import type { ArpHeader } from '../wire/arp.ts'

/** Times of RFC 5227 §1.1, in µs. */
export interface ClaimTimings {
  /** The first probe waits a random time up to this. */
  readonly probeWaitUs: number
  readonly probes: number
  readonly probeMinUs: number
  readonly probeMaxUs: number
  /** Silence after the last probe that makes the address ours. */
  readonly announceWaitUs: number
  readonly announcements: number
  readonly announceIntervalUs: number
  /** A second conflict within this time costs us the address. */
  readonly defendIntervalUs: number
}

/** The RFC's own values: about six seconds until an address may be used. */
export const rfc5227Timings: ClaimTimings = {
  probeWaitUs: 1e6, probes: 3, probeMinUs: 1e6, probeMaxUs: 2e6, announceWaitUs: 2e6, announcements: 2, announceIntervalUs: 2e6, defendIntervalUs: 10e6,
}

/** The same exchange for a wired network that answers within a tenth of a second; about half a second. */
export const quickTimings: ClaimTimings = {
  ...rfc5227Timings, probeWaitUs: 50e3, probeMinUs: 100e3, probeMaxUs: 150e3, announceWaitUs: 200e3,
}

export type ClaimPhase = 'idle' | 'probing' | 'waiting' | 'announcing' | 'held' | 'conflict'

export interface ClaimActions {
  probe(): void
  announce(): void
  ready(): void
  /** Somebody else has the address; it is not ours (any more). */
  lost(mac: Uint8Array): void
  /** Somebody else used the address once, and was told that it is ours. */
  defended(mac: Uint8Array): void
}

/** Claims one IPv4 address: probes, announces, and defends it (RFC 5227 §2). */
export class AddressClaim {
  phase: ClaimPhase = 'idle'
  readonly address: number
  private readonly mac: Uint8Array
  private readonly timings: ClaimTimings
  private readonly random: Random
  private readonly actions: ClaimActions
  private sent = 0
  private deadlineUs = Infinity
  private lastConflictUs = -Infinity

  constructor(address: number, mac: Uint8Array, timings: ClaimTimings, random: Random, actions: ClaimActions) {
    this.address = address
    this.mac = mac
    this.timings = timings
    this.random = random
    this.actions = actions
  }

  /** Begins, or begins again after a conflict. */
  start(nowUs: number, probe: boolean): void {
    this.sent = 0
    this.lastConflictUs = -Infinity
    if (!probe) {
      this.hold(nowUs)
      return
    }
    this.phase = 'probing'
    this.deadlineUs = nowUs + this.random.nextBelow(this.timings.probeWaitUs + 1)
  }

  stop(): void {
    this.phase = 'idle'
    this.deadlineUs = Infinity
  }

  get isOurs(): boolean {
    return this.phase === 'announcing' || this.phase === 'held'
  }

  nextDeadlineUs(): number {
    return this.deadlineUs
  }

  handleTimeout(nowUs: number): void {
    if (nowUs < this.deadlineUs) return
    const { timings } = this
    switch (this.phase) {
      case 'probing':
        this.actions.probe()
        this.sent++
        if (this.sent < timings.probes) {
          this.deadlineUs = nowUs + timings.probeMinUs + this.random.nextBelow(timings.probeMaxUs - timings.probeMinUs + 1)
        } else {
          this.phase = 'waiting'
          this.deadlineUs = nowUs + timings.announceWaitUs
        }
        break
      case 'waiting':
        this.hold(nowUs)
        break
      case 'announcing':
        this.announce(nowUs)
        break
      default:
        this.deadlineUs = Infinity
    }
  }

  /** Looks at every ARP packet received: does somebody else use or want the address? */
  judge(arp: ArpHeader, nowUs: number): void {
    if (this.phase === 'idle' || this.phase === 'conflict' || bytesEqual(arp.senderMac, this.mac)) return
    const isUsed = arp.senderIp === this.address
    if (this.isOurs) {
      if (isUsed) this.defend(arp, nowUs)
      return
    }
    // RFC 5227 §2.1.1: while probing, another host's probe for the same address is a conflict too.
    const isWanted = arp.senderIp === 0 && arp.targetIp === this.address
    if (isUsed || isWanted) this.lose(arp.senderMac)
  }

  private hold(nowUs: number): void {
    this.phase = 'announcing'
    this.sent = 0
    this.announce(nowUs)
    this.actions.ready()
  }

  private announce(nowUs: number): void {
    this.actions.announce()
    this.sent++
    if (this.sent < this.timings.announcements) {
      this.deadlineUs = nowUs + this.timings.announceIntervalUs
    } else {
      this.phase = 'held'
      this.deadlineUs = Infinity
    }
  }

  /** RFC 5227 §2.4 (b): one defence in an interval, then the address is given up, so that two hosts never fight for it. */
  private defend(arp: ArpHeader, nowUs: number): void {
    const isFirst = nowUs - this.lastConflictUs >= this.timings.defendIntervalUs
    this.lastConflictUs = nowUs
    if (!isFirst) {
      this.lose(arp.senderMac)
      return
    }
    this.actions.announce()
    this.actions.defended(arp.senderMac.slice())
  }

  private lose(mac: Uint8Array): void {
    this.phase = 'conflict'
    this.deadlineUs = Infinity
    this.actions.lost(mac.slice())
  }
}
