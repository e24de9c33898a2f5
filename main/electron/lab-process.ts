import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { FromLabWorker, LabWorkerSettings, ToLabWorker } from '../lab/worker-protocol.ts'

/** One shell's line to the lab. */
export interface LabConnection {
  post(message: unknown): void
  close(): void
}

const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'worker.js')
const stopWithinMs = 3000

/** The lab core in its worker thread. */
export class LabProcess {
  /** The lab ended without being asked to. */
  onEnded: (reason: string) => void = () => {}
  private worker: Worker | null = null

  start(settings: LabWorkerSettings): void {
    const worker = new Worker(program, { workerData: settings })
    let failure = ''
    worker.on('error', (error) => { failure = error instanceof Error ? error.message : String(error) })
    worker.on('exit', (status) => {
      this.worker = null
      this.onEnded(failure || `exit code ${status}`)
    })
    this.worker = worker
  }

  connect(onMessage: (message: unknown) => void): LabConnection {
    const { port1, port2 } = new MessageChannel()
    port1.on('message', onMessage)
    const shell: ToLabWorker = { kind: 'shell', port: port2 }
    this.worker?.postMessage(shell, [port2])
    return { post: (message) => port1.postMessage(message), close: () => port1.close() }
  }

  /** Lets the lab close its link and write its recording to the end, within bounds. */
  async stop(): Promise<void> {
    const { worker } = this
    if (worker === null) return
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    worker.on('message', ({ kind }: FromLabWorker) => { if (kind === 'stopped') void worker.terminate() })
    worker.postMessage({ kind: 'stop' } satisfies ToLabWorker)
    const tooLate = setTimeout(() => { void worker.terminate() }, stopWithinMs)
    await ended
    clearTimeout(tooLate)
  }
}
