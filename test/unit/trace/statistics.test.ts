import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/bytes.ts'
import { FrameBatch } from '../../../src/link/frame-batch.ts'
import { CaptureStatistics } from '../../../src/trace/statistics/capture-statistics.ts'
import { IoBins, ioBinsAtMost, ioIntervalsMs } from '../../../src/trace/statistics/io-bins.ts'
import { LengthCounts, lengthClasses } from '../../../src/trace/statistics/length-counts.ts'
import { conversationRow, sortedEndpoints, sortedPairs } from '../../../src/trace/statistics/pair-rows.ts'
import { ProtocolTree } from '../../../src/trace/statistics/protocol-tree.ts'
import { Trace } from '../../../src/trace/trace.ts'
import { frames } from '../../support/frames.ts'
import { manyFlowFrames } from '../../support/many-flows.ts'

/** The frames in batches of so many, each a millisecond after the other. */
function counted(all: readonly Uint8Array[], batchFrames: number): { trace: Trace, statistics: CaptureStatistics } {
  const trace = new Trace()
  const statistics = new CaptureStatistics()
  for (let at = 0; at < all.length; at += batchFrames) {
    const some = all.slice(at, at + batchFrames)
    const batch = new FrameBatch(batchFrames, concatBytes(some))
    let offset = 0
    some.forEach((frame, i) => {
      batch.add(offset, frame.length, frame.length, 1000, (at + i) * 1e6, 1)
      offset += frame.length
    })
    const first = trace.packetCount
    trace.append(batch, 1, null)
    statistics.take(batch, 1, trace, first)
  }
  return { trace, statistics }
}

const shown = ({ trace, statistics }: ReturnType<typeof counted>) => ({
  protocols: statistics.protocols.nodes(), lengths: statistics.lengths.rows(), findings: [...statistics.findings],
  pairs: (['eth', 'ipv4', 'ipv6', 'tcp', 'udp'] as const).map((layer) => (
    Array.from(sortedPairs(statistics, trace.tracker, layer, 'number', false), (pair) => conversationRow(statistics, trace.tracker, layer, pair))
  )),
})

describe('statistics', () => {
  it('come to the same however packets are batched', () => {
    const all = [...Object.values(frames), ...manyFlowFrames(30, (flow) => flow % 3)]
    const whole = shown(counted(all, 64))
    for (const size of [1, 7, 30]) expect(shown(counted(all, size))).toEqual(whole)
  })

  it('count each packet once in each layer', () => {
    const all = [...Object.values(frames), ...manyFlowFrames(30, () => 1)]
    const { trace, statistics } = counted(all, 10)
    const packetsOf = (layer: 'eth' | 'tcp') => Array.from(sortedPairs(statistics, trace.tracker, layer, 'number', false), (pair) => conversationRow(statistics, trace.tracker, layer, pair))
      .reduce((sum, row) => sum + row.packetsA + row.packetsB, 0)
    expect(packetsOf('eth')).toBe(all.length)
    expect(packetsOf('tcp')).toBe(statistics.protocols.nodes().filter(({ name }) => name === 'tcp').reduce((sum, node) => sum + node.packets, 0))
    expect(statistics.protocols.nodes()[0]).toEqual({ name: 'eth', depth: 0, packets: all.length, bytes: all.reduce((sum, frame) => sum + frame.length, 0) })
  })

  it('give an end what all of its conversations come to, and sort by any of it', () => {
    const { trace, statistics } = counted(manyFlowFrames(12, (flow) => flow), 8)
    const ends = sortedEndpoints(statistics, trace.tracker, 'ipv4', 'bytesA', true)
    expect(ends.map(({ a }) => a)).toEqual(['10.77.0.2', '10.77.0.80'])
    expect(ends[0].bytesA).toBe(ends[1].bytesB)
    const bySize = Array.from(sortedPairs(statistics, trace.tracker, 'tcp', 'bytes', true), (pair) => conversationRow(statistics, trace.tracker, 'tcp', pair))
    expect(bySize.map(({ bytesA, bytesB }) => bytesA + bytesB)).toEqual(bySize.map(({ bytesA, bytesB }) => bytesA + bytesB).sort((x, y) => y - x))
    expect(bySize[0].flow).toBe(10)
  })
})

describe('intervals', () => {
  it('hold every packet, however often they were widened', () => {
    const times = fc.array(fc.record({ ms: fc.double({ min: -5, max: 8e7, noNaN: true }), bytes: fc.integer({ min: 14, max: 1514 }) }), { minLength: 1, maxLength: 200 })
    fc.assert(fc.property(times, (all) => {
      const bins = new IoBins()
      const nsOf = (ms: number) => Math.floor(ms * 1e6)
      for (const { ms, bytes } of all) {
        const sec = Math.floor(nsOf(ms) / 1e9)
        bins.add(sec, nsOf(ms) - sec * 1e9, bytes)
      }
      const inTime = all.filter(({ ms }) => nsOf(ms) >= 0)
      expect(bins.before).toBe(all.length - inTime.length)
      expect(bins.count).toBeLessThanOrEqual(ioBinsAtMost)
      const model = new Map<number, [packets: number, bytes: number]>()
      for (const { ms, bytes } of inTime) {
        const bin = Math.floor(nsOf(ms) / (bins.intervalMs * 1e6))
        const [packets, sum] = model.get(bin) ?? [0, 0]
        model.set(bin, [packets + 1, sum + bytes])
      }
      for (let i = 0; i < bins.count; i++) expect([bins.packets[i], bins.bytes[i]]).toEqual(model.get(i) ?? [0, 0])
      const narrower = ioIntervalsMs[ioIntervalsMs.findIndex((ms) => ms === bins.intervalMs) - 1] as number | undefined
      if (narrower !== undefined) expect(Math.max(...inTime.map(({ ms }) => Math.floor(ms / narrower)))).toBeGreaterThanOrEqual(ioBinsAtMost)
    }), { seed: 31, numRuns: 100 })
  })
})

describe('lengths', () => {
  it('fall into the class that reaches over them', () => {
    for (const length of [0, 19, 20, 39, 40, 79, 80, 159, 160, 319, 320, 639, 640, 1279, 1280, 2559, 2560, 5119, 5120, 65_536]) {
      const counts = new LengthCounts()
      counts.add(length)
      const row = counts.rows().find(({ packets }) => packets === 1)!
      expect([row.from <= length && (row.to === null || length <= row.to), row.least, row.most]).toEqual([true, length, length])
    }
    expect(new LengthCounts().rows()).toHaveLength(lengthClasses.length)
  })
})

describe('protocols within protocols', () => {
  it('add up towards the outermost', () => {
    const tree = new ProtocolTree()
    const ip = tree.within(tree.within(0, 'eth'), 'ip')
    tree.add(tree.within(ip, 'tcp'), 60)
    tree.add(tree.within(ip, 'udp'), 80)
    tree.add(ip, 40)
    expect(tree.nodes().map(({ name, depth, packets, bytes }) => [name, depth, packets, bytes])).toEqual([['eth', 0, 3, 180], ['ip', 1, 3, 180], ['tcp', 2, 1, 60], ['udp', 2, 1, 80]])
  })
})
