import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import { openNicLink } from '../../main/link/nic-link.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'

export interface ReaderResult {
  handedOut: number
  droppedByKernel: number
  droppedByRing: number
  droppedByInterface: number
  /** When the last frame was handed out, ms since 1970. */
  lastAtMs: number
  longestPauseMs: number
  /** Keeps the decode from being optimized away. */
  sum: number
}

/** The capturing thread: drains as the lab does, looks at each frame's TCP header, stops when told. */
const { name } = workerData as { name: string }
const port = parentPort!
const framesATurn = 8192
const resolutionMs = 2

const link = openNicLink({ name, seeSent: false })
const delay = monitorEventLoopDelay({ resolution: resolutionMs })
let handedOut = 0
let lastAtMs = 0
let sum = 0

link.onReadable = turn
port.on('message', finish)
delay.enable()
port.postMessage('ready')

function turn(): void {
  const count = link.drain(look, framesATurn)
  handedOut += count
  if (count > 0) lastAtMs = performance.timeOrigin + performance.now()
  if (count === framesATurn) setImmediate(turn)
}

function look(batch: FrameBatch): void {
  const { bytes, offset, count } = batch
  for (let i = 0; i < count; i++) {
    const at = offset[i]
    if ((bytes[at + 12] << 8 | bytes[at + 13]) !== 0x0800 || bytes[at + 23] !== 6) continue
    const tcp = at + 14 + (bytes[at + 14] & 15) * 4
    sum = (sum + (bytes[tcp] << 8 | bytes[tcp + 1]) + (bytes[tcp + 4] << 24 | bytes[tcp + 5] << 16 | bytes[tcp + 6] << 8 | bytes[tcp + 7]) + bytes[tcp + 13]) | 0
  }
}

function finish(): void {
  turn()
  const counts = emptyStatistics()
  link.statistics(counts)
  link.close()
  const { droppedByKernel, droppedByRing, droppedByInterface } = counts
  const result: ReaderResult = {
    handedOut, droppedByKernel, droppedByRing, droppedByInterface, lastAtMs, longestPauseMs: Math.max(0, delay.max / 1e6 - resolutionMs), sum,
  }
  port.postMessage(result)
  port.close()
}
