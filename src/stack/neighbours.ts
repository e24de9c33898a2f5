import { formatMac } from '../wire/addresses.ts'
import { WaitingFrames, type WaitedFor } from './waiting-frames.ts'

/**
 * - `incomplete`: asked, no answer yet; packets wait
 * - `reachable`: answered lately
 * - `refreshing`: old, still used, and asked again by unicast (RFC 1122 §2.3.2.1)
 * - `failed`: no answer
 */
export type NeighbourState = 'incomplete' | 'reachable' | 'refreshing' | 'failed'

export const neighbourLimits = {
  entries: 256,
  /** A mapping older than this is asked for again before it is used further. */
  reachableUs: 60e6,
  /** An entry that nobody has used for this long is forgotten. */
  unusedUs: 600e6,
  /** At most one request a second for one address (RFC 1122 §2.3.2.1). */
  requestIntervalUs: 1e6,
  requests: 3,
} as const

/** What the stack knows of a host on the same network. */
export class Neighbour implements WaitedFor {
  readonly address: number
  readonly mac = new Uint8Array(6)
  state: NeighbourState = 'incomplete'
  hasMac = false
  /** False when the table has dropped it: whoever keeps a reference asks the table again. */
  isListed = true
  confirmedUs = -Infinity
  usedUs = -Infinity
  requestedUs = -Infinity
  /** Requests since the last answer. */
  requests = 0
  /** When the next request is due, or Infinity. */
  deadlineUs = Infinity
  pending: Uint8Array[] = []

  constructor(address: number) {
    this.address = address
  }

  /** Frames may be sent to `mac` now, without asking anybody. */
  isUsable(nowUs: number): boolean {
    return this.state === 'reachable' && nowUs - this.confirmedUs < neighbourLimits.reachableUs
  }
}

export interface NeighbourRow { address: number, mac: string | null, state: NeighbourState, ageUs: number }

/** What the table wants done; it sends nothing itself. */
export interface NeighbourActions {
  request(neighbour: Neighbour): void
  /** An answer came: `frame` may leave. */
  release(neighbour: Neighbour, frame: Uint8Array): void
  /** No answer came; the frames that waited are gone. */
  unreachable(neighbour: Neighbour): void
  pendingDropped(): void
}

/** The ARP cache (RFC 826, RFC 1122 §2.3.2): bounded, ageing, and with the packets that wait for an answer. */
export class NeighbourTable {
  private readonly entries = new Map<number, Neighbour>()
  private readonly actions: NeighbourActions
  private readonly waiting: WaitingFrames
  private earliestUs = Infinity

  constructor(actions: NeighbourActions) {
    this.actions = actions
    this.waiting = new WaitingFrames(() => actions.pendingDropped())
  }

  find(address: number): Neighbour | undefined {
    return this.entries.get(address)
  }

  /** The entry of a next hop that a packet is about to use, asking for its MAC where that is not known or old. */
  resolve(address: number, nowUs: number): Neighbour {
    let neighbour = this.entries.get(address)
    if (neighbour === undefined) {
      neighbour = new Neighbour(address)
      this.insert(neighbour, nowUs)
    }
    this.refresh(neighbour, nowUs)
    return neighbour
  }

  /** Notes that an entry is used, and starts asking where it has to be. */
  refresh(neighbour: Neighbour, nowUs: number): void {
    neighbour.usedUs = nowUs
    if (neighbour.isUsable(nowUs) || neighbour.deadlineUs !== Infinity) return
    neighbour.state = neighbour.hasMac ? 'refreshing' : 'incomplete'
    neighbour.requests = 0
    if (nowUs - neighbour.requestedUs >= neighbourLimits.requestIntervalUs) this.request(neighbour, nowUs)
    else this.schedule(neighbour, neighbour.requestedUs + neighbourLimits.requestIntervalUs)
  }

  /** Lets a frame wait for the answer; it is kept, not copied. */
  hold(neighbour: Neighbour, frame: Uint8Array): void {
    this.waiting.hold(neighbour, frame)
  }

  /**
   * A sender's addresses were seen in an ARP packet: the merge step of RFC 826.
   * @param mayAdd the packet was for us
   */
  learn(address: number, mac: Uint8Array, nowUs: number, mayAdd: boolean): void {
    let neighbour = this.entries.get(address)
    if (neighbour === undefined) {
      if (!mayAdd) return
      neighbour = new Neighbour(address)
      neighbour.usedUs = nowUs
      this.insert(neighbour, nowUs)
    }
    neighbour.mac.set(mac)
    neighbour.hasMac = true
    neighbour.state = 'reachable'
    neighbour.confirmedUs = nowUs
    neighbour.requests = 0
    neighbour.deadlineUs = Infinity
    if (neighbour.pending.length === 0) return
    for (const frame of this.waiting.take(neighbour)) this.actions.release(neighbour, frame)
  }

  nextDeadlineUs(): number {
    return this.earliestUs
  }

  handleTimeout(nowUs: number): void {
    if (nowUs < this.earliestUs) return
    this.earliestUs = Infinity
    for (const neighbour of this.entries.values()) {
      if (neighbour.deadlineUs <= nowUs) this.retry(neighbour, nowUs)
      this.earliestUs = Math.min(this.earliestUs, neighbour.deadlineUs)
    }
  }

  clear(): void {
    for (const neighbour of this.entries.values()) this.drop(neighbour)
    this.earliestUs = Infinity
  }

  rows(nowUs: number): NeighbourRow[] {
    const rows: NeighbourRow[] = []
    for (const neighbour of this.entries.values()) {
      if (isForgotten(neighbour, nowUs)) continue
      const ageUs = neighbour.hasMac ? nowUs - neighbour.confirmedUs : nowUs - neighbour.usedUs
      rows.push({ address: neighbour.address, mac: neighbour.hasMac ? formatMac(neighbour.mac) : null, state: neighbour.state, ageUs })
    }
    return rows
  }

  private request(neighbour: Neighbour, nowUs: number): void {
    neighbour.requests++
    neighbour.requestedUs = nowUs
    this.schedule(neighbour, nowUs + neighbourLimits.requestIntervalUs)
    this.actions.request(neighbour)
  }

  private retry(neighbour: Neighbour, nowUs: number): void {
    if (neighbour.requests < neighbourLimits.requests) {
      this.request(neighbour, nowUs)
      return
    }
    neighbour.state = 'failed'
    neighbour.hasMac = false
    neighbour.deadlineUs = Infinity
    this.waiting.take(neighbour)
    this.actions.unreachable(neighbour)
  }

  private schedule(neighbour: Neighbour, deadlineUs: number): void {
    neighbour.deadlineUs = deadlineUs
    this.earliestUs = Math.min(this.earliestUs, deadlineUs)
  }

  private insert(neighbour: Neighbour, nowUs: number): void {
    for (const other of this.entries.values()) if (isForgotten(other, nowUs)) this.drop(other)
    if (this.entries.size >= neighbourLimits.entries) this.drop(this.leastUsed())
    this.entries.set(neighbour.address, neighbour)
  }

  private leastUsed(): Neighbour {
    let found: Neighbour | null = null
    for (const neighbour of this.entries.values()) if (found === null || neighbour.usedUs < found.usedUs) found = neighbour
    return found!
  }

  private drop(neighbour: Neighbour): void {
    neighbour.isListed = false
    this.waiting.take(neighbour)
    this.entries.delete(neighbour.address)
  }
}

function isForgotten(neighbour: Neighbour, nowUs: number): boolean {
  return neighbour.deadlineUs === Infinity && nowUs - neighbour.usedUs > neighbourLimits.unusedUs
}
