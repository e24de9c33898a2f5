import type { LabUpdate } from '../../src/rpc/contract.ts'
import type { Task } from './driver.ts'

/** At most 30 updates a second. */
const intervalUs = 1e6 / 30
/** After the last change one more update tells what has only grown older, such as when the recording was flushed. */
const settleUs = 700_000
const decisionsAtMost = 300
const flowsAtMost = 200

export interface UpdateSource {
  /** Everything but what differs from shell to shell. */
  common(nowUs: number, flowsAtMost: number): Omit<LabUpdate, 'connection' | 'decisions'>
  connection(id: number, nowUs: number): LabUpdate['connection']
  decisions(after: number, atMost: number): LabUpdate['decisions']
  latestDecision(): number
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

  add(push: (update: LabUpdate) => void): Listener {
    const listener: Listener = { watched: null, decision: Math.max(0, this.source.latestDecision() - decisionsAtMost), push }
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
    for (const listener of this.listeners) this.tell(listener, common, nowUs)
  }

  private tell(listener: Listener, common: Omit<LabUpdate, 'connection' | 'decisions'>, nowUs: number): void {
    const decisions = this.source.decisions(listener.decision, decisionsAtMost)
    listener.decision = this.source.latestDecision()
    listener.push({ ...common, connection: listener.watched === null ? null : this.source.connection(listener.watched, nowUs), decisions })
  }
}
