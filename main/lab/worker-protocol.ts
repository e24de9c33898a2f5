import type { MessagePort } from 'node:worker_threads'
import type { Keep, LinkSpec } from '../../src/rpc/contract.ts'

/** `workerData` of the lab's thread. */
export interface LabWorkerSettings {
  version: string
  recordingFolder: string
  electron: boolean
  defaultLink?: LinkSpec
  keep?: Keep
}

/** What the thread that started the lab tells it. */
export type ToLabWorker =
  /** A new shell: birpc messages (`CoreFunctions`, answered; `ShellFunctions`, sent as events) pass over the port until it closes. */
  | { kind: 'shell', port: MessagePort }
  /** Close link and recording, then end. */
  | { kind: 'stop' }

export type FromLabWorker = { kind: 'stopped' }
