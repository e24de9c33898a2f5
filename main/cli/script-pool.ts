import { Worker } from 'node:worker_threads'
import { deferred } from './deferred.ts'
import { runJob } from './script-job.ts'
import type { ScriptOutcome, ScriptRules } from './script-job.ts'

/** Scripts that may be finished or under way before the first that was not taken yet: their outcomes wait in memory. */
const ahead = 64

/** Runs scripts in up to `jobs` threads; the outcomes come in the order of the texts, whoever is done first. */
export async function* runInPool(texts: readonly string[], rules: ScriptRules, jobs: number): AsyncGenerator<ScriptOutcome> {
  if (Math.min(jobs, texts.length) < 2) {
    for (const text of texts) yield runJob(text, rules)
    return
  }
  const pool = new ScriptPool(texts, rules, jobs)
  try {
    for (let i = 0; i < texts.length; i++) yield await pool.take(i)
  } finally {
    await pool.close()
  }
}

class ScriptPool {
  private readonly texts: readonly string[]
  private readonly workers: readonly Worker[]
  private readonly idle: Set<Worker>
  private readonly slots = new Map<number, ReturnType<typeof deferred<ScriptOutcome | Error>>>()
  private next = 0

  constructor(texts: readonly string[], rules: ScriptRules, jobs: number) {
    this.texts = texts
    this.workers = Array.from({ length: Math.min(jobs, texts.length) }, () => new Worker(new URL('./script-worker.js', import.meta.url), { workerData: rules }))
    this.idle = new Set(this.workers)
  }

  /** Asked for in order. @throws what the thread threw */
  async take(index: number): Promise<ScriptOutcome> {
    this.feed(index)
    const outcome = await this.slots.get(index)!.promise
    this.slots.delete(index)
    if (outcome instanceof Error) throw outcome
    return outcome
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()))
  }

  private feed(taken: number): void {
    for (const worker of this.idle) {
      if (this.next === this.texts.length || this.next >= taken + ahead) return
      this.idle.delete(worker)
      this.run(worker, this.next++, taken)
    }
  }

  private run(worker: Worker, index: number, taken: number): void {
    const slot = deferred<ScriptOutcome | Error>()
    this.slots.set(index, slot)
    const failed = (error: Error): void => slot.resolve(error)
    worker.once('error', failed)
    worker.once('message', (outcome: ScriptOutcome) => {
      worker.off('error', failed)
      slot.resolve(outcome)
      this.idle.add(worker)
      this.feed(taken)
    })
    worker.postMessage(this.texts[index])
  }
}
