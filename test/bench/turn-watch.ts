import { openSync, readSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { BroadcastChannel, isMainThread } from 'node:worker_threads'

/** The longest times in which a thread did not come to its timers, in ms. Each is the most of its kind, not all of one pause. */
export interface Turns {
  thread: 'main' | 'lab'
  byClock: number
  /** Without the time in which the thread could have run and no processor was free: its own work, and what it waited for in the kernel. */
  withoutQueue: number
  /** On a processor. */
  byProcessor: number
}

/** To every thread: count from now; tell what was counted. Threads answer the second with {@link Turns}. */
export type TurnsRequest = 'begin' | 'tell'
export const turnsChannel = 'turns'

/* Loaded before the program with --import, so that it runs in each of its threads and the program stays as it is. */

const everyMs = 2
const counts = openSync('/proc/thread-self/schedstat', 'r')
const text = Buffer.alloc(64)
const channel = new BroadcastChannel(turnsChannel)
const turns: Turns = { thread: isMainThread ? 'main' : 'lab', byClock: 0, withoutQueue: 0, byProcessor: 0 }
let lookedAt = 0
let ranMs = 0
let queuedMs = 0

// The type of DOM events is not Node's.
channel.onmessage = (event) => {
  const { data } = event as { data: TurnsRequest | Turns }
  if (data === 'begin') Object.assign(turns, { byClock: 0, withoutQueue: 0, byProcessor: 0 })
  else if (data === 'tell') channel.postMessage(turns)
}
channel.unref()
look()

function look(): void {
  const [ran, queued] = text.toString('latin1', 0, readSync(counts, text, 0, text.length, 0)).split(' ').map((nanoseconds) => Number(nanoseconds) / 1e6)
  const now = performance.now()
  if (lookedAt > 0) {
    const late = Math.max(0, now - lookedAt - everyMs)
    turns.byClock = Math.max(turns.byClock, late)
    turns.withoutQueue = Math.max(turns.withoutQueue, late - (queued - queuedMs))
    turns.byProcessor = Math.max(turns.byProcessor, ran - ranMs)
  }
  lookedAt = now
  ranMs = ran
  queuedMs = queued
  setTimeout(look, everyMs).unref()
}
