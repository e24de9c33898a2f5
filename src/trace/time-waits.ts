import { InferredState } from './flow.ts'
import type { Flow, FlowEnd } from './flow.ts'

/**
 * Flows with an end in TIME-WAIT, which ends without a packet that says so. All stay in it equally long, so they stand in the order in which
 * it began; one that began again goes to the end when its turn comes.
 */
export class TimeWaits {
  private waiting: { readonly flow: Flow, readonly sinceSec: number }[] = []

  add(flow: Flow): void {
    this.waiting.push({ flow, sinceSec: sinceOf(flow) })
  }

  /** Calls `over` with each flow of which TIME-WAIT began at `untilSec` or before, and forgets it. */
  take(untilSec: number, over: (flow: Flow) => void): void {
    const { waiting } = this
    let taken = 0
    for (; taken < waiting.length && waiting[taken].sinceSec <= untilSec; taken++) {
      const { flow } = waiting[taken]
      if (sinceOf(flow) > untilSec) this.add(flow)
      else over(flow)
    }
    if (taken > 0) waiting.splice(0, taken)
  }

  /** Forgets flows that have left. */
  forgetLeft(): void {
    this.waiting = this.waiting.filter(({ flow }) => !flow.hasLeft)
  }
}

export function isInTimeWait({ state }: FlowEnd): boolean {
  return state === InferredState.timeWait
}

/** When the latest TIME-WAIT of either end began; 0 where none is in it any more. */
function sinceOf({ client, server }: Flow): number {
  return Math.max(isInTimeWait(client) ? client.timeWaitSince : 0, isInTimeWait(server) ? server.timeWaitSince : 0)
}
