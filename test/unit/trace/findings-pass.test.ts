import { describe, expect, it } from 'vitest'
import { FrameBatch } from '../../../src/link/frame-batch.ts'
import { FindingsPass } from '../../../src/trace/findings-pass.ts'
import { Trace } from '../../../src/trace/trace.ts'
import { frames } from '../../support/frames.ts'
import { nastySegments } from '../../support/nasty-segments.ts'
import type { TimedFrame } from '../../support/nasty-segments.ts'

function batchesOf(timed: readonly TimedFrame[], framesEach: number): FrameBatch[] {
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

describe('a pass for findings alone', () => {
  it.each([1, 2, 3])('finds what the whole trace finds, in each packet, seed %i', (seed) => {
    const kinds = Object.values(frames).map((bytes, i) => ({ timeNs: i, bytes }))
    const trace = new Trace()
    const pass = new FindingsPass()
    let found = 0
    for (const batch of batchesOf([...kinds, ...nastySegments({ seed, streams: 200, segments: 60 })], 97)) {
      const first = trace.packetCount
      trace.append(batch, 1, null)
      pass.append(batch, 1)
      const expected = Array.from({ length: batch.count }, (_, i) => trace.store.findingsOf(first + i))
      expect([...pass.findings.subarray(0, batch.count)]).toEqual(expected)
      found += expected.filter((bits) => bits !== 0).length
    }
    expect(found).toBeGreaterThan(1000)
    expect([pass.packetCount, pass.flowCount]).toEqual([trace.packetCount, trace.flowCount])
  })
})
