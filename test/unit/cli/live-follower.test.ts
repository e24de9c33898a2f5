import { describe, expect, it } from 'vitest'
import { findingLine } from '../../../main/cli/finding-line.ts'
import { followerOf } from '../../../main/cli/live-follower.ts'
import { compileFilter, Filter } from '../../../src/filter/filter.ts'
import { Trace } from '../../../src/trace/trace.ts'
import { batchesOf } from '../../support/batches-of.ts'
import { frames } from '../../support/frames.ts'
import { nastySegments } from '../../support/nasty-segments.ts'

const timed = [...Object.values(frames).map((bytes, i) => ({ timeNs: i, bytes })), ...nastySegments({ seed: 7, streams: 100, segments: 60 })]

/** What a trace of all packets prints. */
function wholeLines(format: 'tsv' | 'json'): (string | null)[] {
  const trace = new Trace()
  for (const batch of batchesOf(timed, 4096)) trace.append(batch, 1, null)
  return timed.map((_, i) => {
    const bits = trace.store.findingsOf(i)
    return bits === 0 ? null : findingLine(trace.tracker.proofs, i + 1, bits, format === 'json')
  })
}

function liveLines(format: 'tsv' | 'json', filterText: string | null, framesEach: number, lookBack?: number): (string | null)[] {
  const filter = filterText === null ? null : compileFilter(filterText)
  if (filter !== null && !(filter instanceof Filter)) throw new Error(filterText!)
  const follower = followerOf(filter, format, 1, lookBack)!
  const lines: (string | null)[] = []
  for (const batch of batchesOf(timed, framesEach)) {
    follower.take(batch)
    for (let i = 0; i < batch.count; i++) lines.push(follower.shown?.[i] === 0 ? null : follower.findings(i))
  }
  return lines
}

describe('following a capture while it goes on', () => {
  it.each(['tsv', 'json'] as const)('prints the findings of a trace of all packets, as %s, whatever the batches', (format) => {
    const whole = wholeLines(format)
    expect(whole.filter((line) => line !== null).length).toBeGreaterThan(1000)
    for (const framesEach of [1, 97, 4096]) expect(liveLines(format, null, framesEach)).toEqual(whole)
  })

  it('proves findings by packets of earlier batches', () => {
    const distances = liveLines('json', null, 10).flatMap((line, i) => {
      const { findings } = JSON.parse(line ?? '{"findings":[]}') as { findings: { packets?: (number | null)[] }[] }
      return findings.flatMap(({ packets = [] }) => packets.map((packet) => packet === null ? 0 : i + 1 - packet))
    })
    expect(Math.min(...distances)).toBe(0)
    expect(Math.max(...distances)).toBeGreaterThan(10)
  })

  it.each(['tsv', 'json'] as const)('leaves out what a display filter leaves out, as %s', (format) => {
    const whole = wholeLines(format)
    const shown = liveLines(format, 'tcp.analysis.retransmission', 97)
    expect(shown).toEqual(whole.map((line) => line?.includes('retransmission') ? line : null))
    expect(shown.some((line) => line !== null)).toBe(true)
  })

  it('keeps only the latest packets for a display filter, and finds what a trace of all packets finds', () => {
    const open = timed.filter(({ bytes }) => (bytes[47] & 0x07) === 0)
    const trace = new Trace()
    const filter = compileFilter('tcp.analysis.flags') as Filter
    const follower = followerOf(filter, 'tsv', 1, 500)!
    const bounded: (string | null)[] = []
    const whole: (string | null)[] = []
    for (const batch of batchesOf(open, 50)) {
      const first = trace.packetCount
      trace.append(batch, 1, null)
      follower.take(batch)
      for (let i = 0; i < batch.count; i++) {
        const bits = trace.store.findingsOf(first + i)
        whole.push(bits === 0 ? null : findingLine(trace.tracker.proofs, first + i + 1, bits, false))
        bounded.push(follower.shown![i] === 0 ? null : follower.findings(i))
      }
      expect(follower.packetsKept).toBeLessThanOrEqual(675)
    }
    expect(bounded).toEqual(whole)
    expect(whole.filter((line) => line !== null).length).toBeGreaterThan(500)
    expect(open.length).toBeGreaterThan(2000)
  })

  it('follows nothing where frames are shown as they come', () => {
    expect(followerOf(null, undefined, 1)).toBeNull()
  })
})
