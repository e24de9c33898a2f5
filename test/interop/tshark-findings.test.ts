import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { Trace } from '../../src/trace/trace.ts'
import { nastySegments } from '../support/nasty-segments.ts'
import type { TimedFrame } from '../support/nasty-segments.ts'
import { ourFields } from '../support/our-fields.ts'
import { simulatedCapture } from '../support/simulated-capture.ts'
import { hasTshark, nanosecondPcap, tsharkFields } from '../support/tshark.ts'
import type { Fields } from '../support/tshark.ts'

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

/** What differs of which packet, `theirs` before `ours`; at most twenty. */
function differences(frames: readonly TimedFrame[], passes: 1 | 2): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'tshark-findings-'))
  try {
    const file = path.join(folder, 'capture.pcap')
    writeFileSync(file, nanosecondPcap(frames))
    const trace = traceOf(frames)
    const theirs = tsharkFields(file, { passes })
    expect(theirs).toHaveLength(frames.length)
    return theirs.flatMap((their, i) => fieldDifferences(i + 1, their, ourFields(trace, i + 1, passes))).slice(0, 20)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function fieldDifferences(number: number, theirs: Fields, ours: Fields): string[] {
  const names = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])]
  return names.filter((name) => theirs[name] !== ours[name]).map((name) => `#${number} ${name}: ${theirs[name]} ${ours[name]}`)
}

function traceOf(frames: readonly TimedFrame[]): Trace {
  const trace = new Trace()
  for (const { timeNs, bytes, originalLength } of frames) {
    const batch = new FrameBatch(1, bytes)
    const sec = Math.floor(timeNs / 1e9)
    batch.add(0, bytes.length, originalLength ?? bytes.length, 1_700_000_000 + sec, timeNs - sec * 1e9, 1)
    trace.append(batch, 1, null)
  }
  return trace
}
