import { setFlagsFromString } from 'node:v8'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { FromLabWorker, LabWorkerSettings, ToLabWorker } from './worker-protocol.ts'

export interface LabWorkerOptions extends LabWorkerSettings {
  /** The built worker; beside the program that starts it unless said. */
  workerUrl?: URL
}

const stopWithinMs = 5000
/** The helpers of a collection of new objects need processors of their own; under a flood there is none, and the thread that collects would wait for them. */
const collectAlone = '--no-parallel-scavenge'

/** The lab core's thread, seen from the thread that starts it. */
export class LabWorker {
  /** Called when the thread ends, asked or not. */
  onExit: ((code: number) => void) | null = null
  private readonly worker: Worker
  private readonly exited: Promise<void>
  private isStopping = false

  constructor({ workerUrl, ...settings }: LabWorkerOptions) {
    const workerData: LabWorkerSettings = settings
    // Node reads this flag at each collection, so it may change while the program runs.
    if (process.versions.electron === undefined) setFlagsFromString(collectAlone)
    this.worker = new Worker(workerUrl ?? new URL('./worker.js', import.meta.url), { workerData, name: 'lab' })
    this.worker.on('error', (error) => console.error('tcplab: lab:', error))
    this.exited = new Promise((resolve) => {
      this.worker.on('exit', (code) => {
        this.onExit?.(code)
        resolve()
      })
    })
  }

  /**
   * A port for one more shell. Messages of birpc pass over it as structured clones: the shell asks `CoreFunctions.call`, the core
   * sends `ShellFunctions.update`. Closing the port is the shell's farewell.
   */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    const message: ToLabWorker = { kind: 'shell', port: port2 }
    this.worker.postMessage(message, [port2])
    return port1
  }

  /** Ends the lab in order: connections are reset, the recording is complete. A lab that does not answer is ended all the same. */
  async stop(): Promise<void> {
    if (!this.isStopping) {
      this.isStopping = true
      const message: ToLabWorker = { kind: 'stop' }
      this.worker.postMessage(message)
      this.worker.on('message', (answer: FromLabWorker) => { if (answer.kind === 'stopped') void this.worker.terminate() })
      setTimeout(() => void this.worker.terminate(), stopWithinMs).unref()
    }
    await this.exited
  }
}
