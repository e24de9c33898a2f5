import { FrameBatch } from '../../src/link/frame-batch.ts'
import type { TimedFrame } from './nasty-segments.ts'

/** Frames in batches, as a link or a file brings them. */
export function batchesOf(timed: readonly TimedFrame[], framesEach: number): FrameBatch[] {
  const batches: FrameBatch[] = []
  for (let from = 0; from < timed.length; from += framesEach) {
    const some = timed.slice(from, from + framesEach)
    const batch = new FrameBatch(some.length, new Uint8Array(some.reduce((sum, { bytes }) => sum + bytes.length, 0)))
    let at = 0
    for (const { timeNs, bytes } of some) {
      batch.bytes.set(bytes, at)
      const sec = Math.floor(timeNs / 1e9)
      batch.add(at, bytes.length, bytes.length, 1_700_000_000 + sec, timeNs - sec * 1e9, 0)
      at += bytes.length
    }
    batches.push(batch)
  }
  return batches
}
