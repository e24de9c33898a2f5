import type { ScriptProgress } from '../../src/rpc/script-contract.ts'
import type { ScriptProgress as Progress } from '../../src/script/run-script.ts'
import type { Clock } from './clock.ts'

/** Longest that a script is played before the lab's loop gets its turn. */
const turnUs = 5000

/** Scripts that are being played on the lab's thread: a little of each, again and again, so that the lab goes on meanwhile. */
export class PlayedScripts {
  private readonly clock: Clock
  private readonly onProgress: () => void
  private readonly running = new Set<{ progress: Progress | null, isStopped: boolean }>()

  constructor(clock: Clock, onProgress: () => void) {
    this.clock = clock
    this.onProgress = onProgress
  }

  /** Of the one that began last. */
  get progress(): ScriptProgress | null {
    const last = [...this.running].at(-1)
    if (last === undefined) return null
    return { played: last.progress?.played.length ?? 0, virtualUs: last.progress?.virtualUs ?? 0 }
  }

  stop(): void {
    for (const script of this.running) script.isStopped = true
  }

  /** @returns what the steps come to; or how far they came, where they were stopped */
  async play<R>(steps: Generator<Progress, R>): Promise<{ readonly done: R } | { readonly stopped: Progress | null }> {
    const script = { progress: null as Progress | null, isStopped: false }
    this.running.add(script)
    try {
      for (;;) {
        const untilUs = this.clock() + turnUs
        do {
          const step = steps.next()
          if (step.done) return { done: step.value }
          script.progress = step.value
        } while (this.clock() < untilUs)
        this.onProgress()
        await new Promise(setImmediate)
        if (script.isStopped) return { stopped: script.progress }
      }
    } finally {
      this.running.delete(script)
      this.onProgress()
    }
  }
}
