import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Limit } from '../../../src/trace/insight/limit.ts'
import { LimitedSpans, spansAtMost } from '../../../src/trace/insight/limited-spans.ts'
import '../../support/random-seed.ts'
import { TraceUnderTest } from './segments.ts'

const shown = (spans: LimitedSpans) => Array.from({ length: spans.count }, (_, i) => [spans.limitAt(i), spans.fromUs(i), spans.toUs(i)])

describe('spans of what kept a sender back', () => {
  it('grow while the same holds', () => {
    const spans = new LimitedSpans()
    spans.add(Limit.network, 100, 200)
    spans.add(Limit.network, 200, 250)
    spans.add(Limit.window, 250, 300)
    expect(shown(spans)).toEqual([[Limit.network, 100, 250], [Limit.window, 250, 300]])
  })

  it('cover the whole time without a gap, bounded, and exact while they are few', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 100_000 })), { minLength: 1, maxLength: 2000 })
    fc.assert(fc.property(steps, (changes) => {
      const spans = new LimitedSpans()
      const naive: number[][] = []
      let nowUs = 7
      for (const [limit, us] of changes) {
        spans.add(limit as Limit, nowUs, nowUs + us)
        if (naive.at(-1)?.[0] === limit) naive.at(-1)![2] += us
        else naive.push([limit, nowUs, nowUs + us])
        nowUs += us
      }
      const found = shown(spans)
      expect(found.length).toBeLessThanOrEqual(spansAtMost)
      expect([found[0][1], found.at(-1)![2]]).toEqual([7, nowUs])
      found.forEach(([limit, from, to], i) => {
        expect(to).toBeGreaterThan(from)
        if (i > 0) expect([from, limit === found[i - 1][0]]).toEqual([found[i - 1][2], false])
      })
      if (naive.length <= spansAtMost) expect(found).toEqual(naive)
    }), { numRuns: 60 })
  })

  it('keep what lasts long when many short ones come, and give a stretch to what held longest in it', () => {
    const spans = new LimitedSpans()
    let nowUs = 0
    const add = (limit: Limit, us: number) => { spans.add(limit, nowUs, nowUs += us) }
    add(Limit.zeroWindow, 1_000_000)
    for (let i = 0; i < 3000; i++) {
      add(Limit.network, 30)
      add(Limit.application, 10)
    }
    add(Limit.window, 500_000)
    expect(shown(spans)).toEqual(expect.arrayContaining([[Limit.zeroWindow, 0, 1_000_000], [Limit.window, nowUs - 500_000, nowUs]]))
    const between = shown(spans).filter(([, from, to]) => from >= 1_000_000 && to <= nowUs - 500_000)
    const networkUs = between.filter(([limit]) => limit === Limit.network).reduce((sum, [, from, to]) => sum + to - from, 0)
    expect(networkUs).toBeGreaterThan(0.7 * 120_000)
  })
})

describe('limits of a flow', () => {
  const lines = [
    '@9.5 c> S 100:100(0) win 60000 <mss 1460>', '@9.6 s> S. 500:500(0) ack 101 win 60000 <mss 1460>', '@9.7 c> . 101:101(0) ack 501 win 60000',
    '@10.5 c> . 101:1561(1460) ack 501 win 60000', '@10.6 s> . 501:501(0) ack 1561 win 0', '@11 s> . 501:501(0) ack 1561 win 60000', '@12 c> P. 1561:1661(100) ack 501 win 60000',
  ]

  it('count from its first packet, one behind the other', () => {
    const test = new TraceUnderTest(undefined, true)
    for (const line of lines) test.send(line)
    const { client, server } = test.trace.flowLimits(0)!
    expect(server).toEqual([])
    // For 100 ms behind the opened window the sender may be silent only because nobody can have heard of it yet.
    const expected = ['network 1.000000-1.100000', 'zeroWindow 1.100000-1.500000', 'network 1.500000-1.600000', 'application 1.600000-2.500000']
    expect(client.map(({ limit, from, to }) => `${limit} ${from.toFixed(6)}-${to.toFixed(6)}`)).toEqual(expected)
  })

  it('are null where nobody asked for insights', () => {
    const test = new TraceUnderTest()
    for (const line of lines) test.send(line)
    expect(test.trace.flowLimits(0)).toBeNull()
  })
})
