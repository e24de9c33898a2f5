import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearestEntry } from '../../../src/graph/nearest.ts'
import { graphOf } from '../../../src/graph/graph.ts'
import { isWhole, moved, revealing, zoomed } from '../../../src/graph/sight.ts'
import { valueRange, viewOf } from '../../../src/graph/view.ts'
import { flowSeries } from '../../../src/trace/series.ts'
import { TraceUnderTest } from '../trace/segments.ts'

const spans = fc.tuple(fc.double({ min: 0, max: 90, noNaN: true }), fc.double({ min: 0.001, max: 10, noNaN: true })).map(([from, length]) => ({ from, to: from + length }))

describe('sight of a graph', () => {
  it('stays within the flow however it is moved and zoomed', () => {
    fc.assert(fc.property(spans, fc.double({ min: -500, max: 500, noNaN: true }), fc.double({ min: 1e-9, max: 1e9, noNaN: true }), (span, by, factor) => {
      for (const next of [moved(span, by, 100), zoomed(span, span.from + 0.3 * (span.to - span.from), factor, 100), moved(span, Infinity, 100), moved(span, -Infinity, 100)]) {
        expect(next.from).toBeGreaterThanOrEqual(0)
        expect(next.to).toBeLessThanOrEqual(100 + 1e-9)
        expect(next.to).toBeGreaterThan(next.from)
      }
    }))
  })

  it('keeps what is under the pointer where it is', () => {
    const next = zoomed({ from: 10, to: 20 }, 12, 0.5, 100)
    expect([next.from, next.to]).toEqual([11, 16])
    expect(isWhole(zoomed(next, 12, 1000, 100), 100)).toBe(true)
  })

  it('moves no more than needed to show a time', () => {
    const span = { from: 10, to: 20 }
    expect(revealing(span, 15, 100)).toEqual(span)
    expect(revealing(span, 30, 100).to).toBeCloseTo(30.5)
    expect(revealing(span, 2, 100).from).toBeCloseTo(1.5)
  })
})

describe('view of a graph', () => {
  const test = new TraceUnderTest()
  for (const line of [
    '@0 c> S 100:100(0) win 1000 <mss 1460>', '@0.1 s> S. 500:500(0) ack 101 win 4000 <mss 1460>', '@0.2 c> . 101:101(0) ack 501 win 1000',
    '@0.3 c> . 101:101(1000) ack 501 win 1000', '@1 c> . 101:101(1000) ack 501 win 1000', '@1.1 s> . 501:501(0) ack 1101 win 4000',
  ]) test.send(line)
  const view = viewOf(graphOf('sequence', flowSeries(test.trace.store, test.trace.tracker, 0), 'client'), 0, 1.1, 100)

  it('ends its axis a third above the data where the window goes further', () => {
    expect(valueRange(view, 0, 1.1).high).toBeCloseTo(1001 * 4 / 3 * 1.04)
  })

  it('of a part shows its numbers and the lines that are still there', () => {
    const { low, high } = valueRange(view, 0.5, 0.9)
    expect(low).toBeLessThanOrEqual(1)
    expect(high).toBeGreaterThan(1)
    expect(high).toBeLessThan(1001)
  })

  it('finds the mark that is nearest, and none far away', () => {
    const place = { x: (time: number) => time * 1000, y: (value: number) => 2000 - value }
    const found = nearestEntry(view, place, 1003, 1500, 10, () => true)!
    expect(view.layers[found.layer].label).toBe('retransmission')
    expect(view.layers[found.layer].entries.packet[found.entry]).toBe(5)
    expect(nearestEntry(view, place, 700, 100, 10, () => true)).toBeNull()
    expect(nearestEntry(view, place, 1003, 1500, 10, (layer) => view.layers[layer].label !== 'retransmission')).toBeNull()
  })
})
