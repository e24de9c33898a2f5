import { describe, expect, it } from 'vitest'
import { nastySegments } from '../support/nasty-segments.ts'
import { simulatedCapture } from '../support/simulated-capture.ts'
import { hasTshark } from '../support/tshark.ts'
import { differences } from '../support/tshark-differences.ts'

if (!hasTshark) it('is compared with tshark', ({ skip }) => skip('needs tshark'))

describe.runIf(hasTshark)('findings, fields and stream numbers agree with tshark, packet by packet', () => {
  it.each([1, 2, 3])('in conversations that go wrong in every way we can think of, seed %i', (seed) => {
    const frames = nastySegments({ seed, streams: 300, segments: 40 })
    expect(differences(frames, 1)).toEqual([])
  })
})

describe.runIf(hasTshark)('findings agree with tshark in transfers of our own hosts', () => {
  it.each([
    ['with loss', { lossRate: 0.03, delayUs: 10_000 }],
    ['with reordering', { reorderRate: 0.05, reorderUs: 4000, delayUs: 5000 }],
    ['with duplicates and jitter', { duplicateRate: 0.02, delayUs: 3000, jitterUs: 3000 }],
    ['through a short queue', { rateBitsPerSecond: 5_000_000, queueFrames: 12, delayUs: 20_000 }],
  ] as const)('%s, seen from either end', (_name, impair) => {
    for (const seenBy of ['client', 'server'] as const) {
      const frames = simulatedCapture({ seed: 5, impair, seenBy, transfers: 3, bytes: 200_000 })
      expect(frames.length).toBeGreaterThan(500)
      expect(differences(frames, 1)).toEqual([])
      expect(differences(frames, 2)).toEqual([])
    }
  })
})

describe.runIf(hasTshark)('what is cut short', () => {
  it.each([54, 60, 66, 70])('agrees with tshark where only %i bytes of each frame were captured', (snapLength) => {
    const frames = simulatedCapture({ seed: 9, impair: { lossRate: 0.05, delayUs: 10_000 }, seenBy: 'client', transfers: 2, bytes: 50_000 })
      .map(({ timeNs, bytes }) => ({ timeNs, bytes: bytes.slice(0, snapLength), originalLength: bytes.length }))
    expect(differences(frames, 1)).toEqual([])
  })
})
