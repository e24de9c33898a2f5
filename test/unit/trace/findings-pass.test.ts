import { describe, expect, it } from 'vitest'
import { FindingsPass } from '../../../src/trace/findings-pass.ts'
import { Trace } from '../../../src/trace/trace.ts'
import { batchesOf } from '../../support/batches-of.ts'
import { carriedBy, carriers } from '../../support/carry.ts'
import { frames } from '../../support/frames.ts'
import { nastySegments } from '../../support/nasty-segments.ts'
import type { TimedFrame } from '../../support/nasty-segments.ts'
import { simulatedCapture } from '../../support/simulated-capture.ts'

const transfer = simulatedCapture({ seed: 3, impair: { lossRate: 0.03, reorderRate: 0.02, reorderUs: 4000, delayUs: 5000 }, seenBy: 'client', transfers: 2, bytes: 150_000 })
const nasty = nastySegments({ seed: 6, streams: 60, segments: 40 }).filter(({ bytes }) => bytes[14] === 0x45)

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
      expect([...pass.found.subarray(0, pass.foundCount)]).toEqual([...expected.keys()].filter((i) => expected[i] !== 0))
      found += pass.foundCount
    }
    expect(found).toBeGreaterThan(1000)
    expect([pass.packetCount, pass.flowCount]).toEqual([trace.packetCount, trace.flowCount])
  })

  it.each(carriers)('finds in segments carried by %s what it finds in those of IPv4', (carrier) => {
    for (const timed of [transfer, nasty]) {
      const found = findingsOf(timed)
      expect(found.filter((bits) => bits !== 0).length).toBeGreaterThan(10)
      expect(findingsOf(timed.map(({ timeNs, bytes }) => ({ timeNs, bytes: carriedBy(bytes, carrier) })))).toEqual(found)
    }
  })

  it.each([4, 5])('proves of the latest batch what the whole trace proves, and keeps no other proofs, seed %i', (seed) => {
    const trace = new Trace()
    const pass = new FindingsPass({ proofs: true })
    let proven = 0
    for (const batch of batchesOf(nastySegments({ seed, streams: 200, segments: 60 }), 97)) {
      const first = trace.packetCount + 1
      const before = trace.tracker.proofs.count
      trace.append(batch, 1, null)
      pass.append(batch, 1)
      const proofs = (of: typeof trace.tracker) => Array.from({ length: batch.count }, (_, i) => of.proofs.of(first + i))
      expect(proofs(pass.tracker)).toEqual(proofs(trace.tracker))
      expect(pass.tracker.proofs.count).toBe(trace.tracker.proofs.count - before)
      proven += pass.tracker.proofs.count
    }
    expect(proven).toBeGreaterThan(1000)
  })
})

function findingsOf(timed: readonly TimedFrame[]): number[] {
  const pass = new FindingsPass()
  return batchesOf(timed, 97).flatMap((batch) => {
    pass.append(batch, 1)
    return [...pass.findings.subarray(0, batch.count)]
  })
}
