import { parentPort, workerData } from 'node:worker_threads'
import { runJob } from './script-job.ts'
import type { ScriptRules } from './script-job.ts'

/* A thread of `tcplab run -j`: a text comes, its outcome goes back. */
parentPort!.on('message', (text: string) => { parentPort!.postMessage(runJob(text, workerData as ScriptRules)) })
