import { bytesEqual } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import { neighbourLimits } from './neighbours.ts'
import { WaitingFrames, type WaitedFor } from './waiting-frames.ts'

/** RFC 4861 §7.3.2. An entry that has failed is dropped: there is no state for it. */
export type NdpState = 'incomplete' | 'reachable' | 'stale' | 'delay' | 'probe'

/** RFC 4861 §10, in µs. */
export const ndpTimes = { reachableUs: 30e6, retransmitUs: 1e6, delayFirstProbeUs: 5e6 } as const
export const ndpSolicits = 3

/** What the stack knows of an IPv6 host or router on the same link. */
export class NdpNeighbour implements WaitedFor {
  readonly address: Uint8Array
  readonly mac = new Uint8Array(6)
  state: NdpState = 'incomplete'
  isRouter = false
  /** False when the cache has dropped it: whoever keeps a reference asks the cache again. */
  isListed = true
  reachableUntilUs = -Infinity
  usedUs = -Infinity
  /** Solicitations since the state was entered. */
  solicits = 0
  deadlineUs = Infinity
  pending: Uint8Array[] = []

  constructor(address: Uint8Array) {
    this.address = address
  }

  get hasMac(): boolean {
    return this.state !== 'incomplete'
  }
}

/** What the cache wants done; it sends nothing itself. */
export interface NdpCacheActions {
  /** Multicast while the state is incomplete, else unicast. */
  solicit(neighbour: NdpNeighbour, nowUs: number): void
  release(neighbour: NdpNeighbour, frame: Uint8Array): void
  unreachable(neighbour: NdpNeighbour): void
  pendingDropped(): void
}

export interface Advertisement { readonly mac: Uint8Array | null, readonly isSolicited: boolean, readonly isOverride: boolean, readonly isRouter: boolean }

/** The neighbour cache with address resolution and unreachability detection (RFC 4861 §7.2, §7.3); bounded like the one of ARP. */
export class NdpCache {
  private readonly entries: NdpNeighbour[] = []
  private readonly actions: NdpCacheActions
  private readonly random: Random
  private readonly waiting: WaitingFrames
  private baseReachableUs: number = ndpTimes.reachableUs
  private reachableUs: number
  private retransmitUs: number = ndpTimes.retransmitUs

  constructor(random: Random, actions: NdpCacheActions) {
    this.random = random
    this.actions = actions
    this.waiting = new WaitingFrames(() => actions.pendingDropped())
    this.reachableUs = this.drawReachable()
  }

  find(address: Uint8Array): NdpNeighbour | null {
    for (const neighbour of this.entries) if (bytesEqual(neighbour.address, address)) return neighbour
    return null
  }

  /** The entry of a next hop that a packet is about to use; asks for its MAC where that is not known. */
  resolve(address: Uint8Array, nowUs: number): NdpNeighbour {
    const known = this.find(address)
    if (known !== null) {
      this.use(known, nowUs)
      return known
    }
    const neighbour = this.insert(address, nowUs)
    neighbour.usedUs = nowUs
    this.solicit(neighbour, nowUs)
    return neighbour
  }

  /** A packet is about to be sent there: what is no longer surely reachable gets five seconds to prove itself (§7.3.3). */
  use(neighbour: NdpNeighbour, nowUs: number): void {
    neighbour.usedUs = nowUs
    if (neighbour.state === 'reachable' && nowUs >= neighbour.reachableUntilUs) neighbour.state = 'stale'
    if (neighbour.state !== 'stale') return
    neighbour.state = 'delay'
    neighbour.deadlineUs = nowUs + ndpTimes.delayFirstProbeUs
  }

  /** A layer above has seen its packets arrive there (§7.3.1). */
  confirm(neighbour: NdpNeighbour, nowUs: number): void {
    if (neighbour.hasMac) this.becomeReachable(neighbour, nowUs)
  }

  /** Lets a frame wait for the answer; it is kept, not copied. */
  hold(neighbour: NdpNeighbour, frame: Uint8Array): void {
    this.waiting.hold(neighbour, frame)
  }

  /** A source link-layer option of a solicitation or router advertisement: what is new in it is stale until proven (§7.2.3, §6.3.4). */
  learn(address: Uint8Array, mac: Uint8Array, nowUs: number): NdpNeighbour {
    const neighbour = this.find(address) ?? this.insert(address, nowUs)
    if (neighbour.hasMac && bytesEqual(neighbour.mac, mac)) return neighbour
    neighbour.mac.set(mac)
    this.becomeStale(neighbour)
    this.release(neighbour)
    return neighbour
  }

  /** The rules of §7.2.5 for a valid advertisement of `target`; without an entry there is nothing to update. */
  advertised(target: Uint8Array, advertisement: Advertisement, nowUs: number): void {
    const neighbour = this.find(target)
    const { mac, isSolicited, isOverride } = advertisement
    if (neighbour === null) return
    if (neighbour.state === 'incomplete') {
      if (mac === null) return
      neighbour.mac.set(mac)
      neighbour.isRouter = advertisement.isRouter
      if (isSolicited) this.becomeReachable(neighbour, nowUs)
      else this.becomeStale(neighbour)
      this.release(neighbour)
      return
    }
    const isOther = mac !== null && !bytesEqual(mac, neighbour.mac)
    if (isOther && !isOverride) {
      if (neighbour.state === 'reachable') this.becomeStale(neighbour)
      return
    }
    if (isOther) neighbour.mac.set(mac)
    if (isSolicited) this.becomeReachable(neighbour, nowUs)
    else if (isOther) this.becomeStale(neighbour)
    neighbour.isRouter = advertisement.isRouter
  }

  /** Times that a router has advertised, in ms; 0 leaves them (§6.3.4). */
  setTimes(reachableMs: number, retransmitMs: number): void {
    if (reachableMs > 0 && reachableMs <= 3_600_000 && reachableMs * 1000 !== this.baseReachableUs) {
      this.baseReachableUs = reachableMs * 1000
      this.reachableUs = this.drawReachable()
    }
    if (retransmitMs >= 100 && retransmitMs <= 60_000) this.retransmitUs = retransmitMs * 1000
  }

  nextDeadlineUs(): number {
    let earliest = Infinity
    for (const neighbour of this.entries) earliest = Math.min(earliest, neighbour.deadlineUs)
    return earliest
  }

  handleTimeout(nowUs: number): void {
    // From the end: an entry that fails leaves the list.
    for (let i = this.entries.length - 1; i >= 0; i--) if (this.entries[i].deadlineUs <= nowUs) this.expire(this.entries[i], nowUs)
  }

  clear(): void {
    while (this.entries.length > 0) this.drop(this.entries[this.entries.length - 1])
  }

  all(): readonly NdpNeighbour[] {
    return this.entries
  }

  private expire(neighbour: NdpNeighbour, nowUs: number): void {
    if (neighbour.state === 'delay') {
      neighbour.state = 'probe'
      neighbour.solicits = 0
    }
    if (neighbour.solicits < ndpSolicits) {
      this.solicit(neighbour, nowUs)
      return
    }
    const wasIncomplete = neighbour.state === 'incomplete'
    this.drop(neighbour)
    if (wasIncomplete) this.actions.unreachable(neighbour)
  }

  private solicit(neighbour: NdpNeighbour, nowUs: number): void {
    neighbour.solicits++
    neighbour.deadlineUs = nowUs + this.retransmitUs
    this.actions.solicit(neighbour, nowUs)
  }

  private becomeReachable(neighbour: NdpNeighbour, nowUs: number): void {
    neighbour.state = 'reachable'
    neighbour.reachableUntilUs = nowUs + this.reachableUs
    neighbour.deadlineUs = Infinity
  }

  private becomeStale(neighbour: NdpNeighbour): void {
    neighbour.state = 'stale'
    neighbour.deadlineUs = Infinity
  }

  private release(neighbour: NdpNeighbour): void {
    for (const frame of this.waiting.take(neighbour)) this.actions.release(neighbour, frame)
  }

  private insert(address: Uint8Array, nowUs: number): NdpNeighbour {
    if (this.entries.length >= neighbourLimits.entries) this.drop(this.leastUsed())
    const neighbour = new NdpNeighbour(address.slice())
    neighbour.usedUs = nowUs
    this.entries.push(neighbour)
    return neighbour
  }

  private leastUsed(): NdpNeighbour {
    let found = this.entries[0]
    for (const neighbour of this.entries) if (neighbour.usedUs < found.usedUs) found = neighbour
    return found
  }

  private drop(neighbour: NdpNeighbour): void {
    neighbour.isListed = false
    neighbour.deadlineUs = Infinity
    this.waiting.take(neighbour)
    this.entries.splice(this.entries.indexOf(neighbour), 1)
  }

  /** Between half and one and a half of the base, so that hosts do not probe in step (§6.3.2). */
  private drawReachable(): number {
    return Math.floor(this.baseReachableUs * (0.5 + this.random.nextFloat()))
  }
}
