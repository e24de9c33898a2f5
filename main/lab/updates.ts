import type { LabUpdate } from '../../src/rpc/contract.ts'
import type { Task } from './driver.ts'

/** At most 30 updates a second. */
const intervalUs = 1e6 / 30
/** After the last change one more update tells what has only grown older: that the recording was flushed, that a segment still waits for ARP. */
const settleUs = 1_600_000
const decisionsAtMost = 300
const flowsAtMost = 200

export interface UpdateSource {
  /** Everything but what differs from shell to shell. */
  common(nowUs: number, flowsAtMost: number): Omit<LabUpdate, 'connection' | 'decisions'>
  connection(id: number, nowUs: number): LabUpdate['connection']
  /** Ids from `after` (exclusive) to `until` (inclusive), the latest `atMost`. */
  decisions(after: number, until: number, atMost: number): LabUpdate['decisions']
  /** The latest decision that can be told. */
  latestDecision(nowUs: number): number
}

/** One shell that hears updates. */
export interface Listener {
  watched: number | null
  /** Latest decision it was told. */
  decision: number
  push(update: LabUpdate): void
}

/** Tells every shell what changed, batched. */
export class Updates implements Task {
  private readonly source: UpdateSource
  private readonly listeners = new Set<Listener>()
  private dirty = false
  private settleAtUs = Infinity
  private lastUs = -Infinity

  constructor(source: UpdateSource) {
    this.source = source
  }

  /** A new shell hears of the latest decisions too. */
  add(push: (update: LabUpdate) => void): Listener {
    const listener: Listener = { watched: null, decision: 0, push }
    this.listeners.add(listener)
    this.dirty = true
    return listener
  }

  remove(listener: Listener): void {
    this.listeners.delete(listener)
  }

  /** Something changed. */
  touch(): void {
    this.dirty = true
  }

  pollTimeout(): number {
    if (this.listeners.size === 0) return Infinity
    return this.dirty ? this.lastUs + intervalUs : this.settleAtUs
  }

  handleTimeout(nowUs: number): void {
    this.settleAtUs = this.dirty ? nowUs + settleUs : Infinity
    this.dirty = false
    this.lastUs = nowUs
    const common = this.source.common(nowUs, flowsAtMost)
    const until = this.source.latestDecision(nowUs)
    for (const listener of this.listeners) this.tell(listener, common, until, nowUs)
  }

  private tell(listener: Listener, common: Omit<LabUpdate, 'connection' | 'decisions'>, until: number, nowUs: number): void {
    const decisions = this.source.decisions(listener.decision, until, decisionsAtMost)
    listener.decision = Math.max(listener.decision, until)
    listener.push({ ...common, connection: listener.watched === null ? null : this.source.connection(listener.watched, nowUs), decisions })
  }
}
