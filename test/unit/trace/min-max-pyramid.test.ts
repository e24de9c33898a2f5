import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MinMaxPyramid } from '../../../src/trace/min-max-pyramid.ts'
import { Extract } from '../../../src/trace/extract.ts'
import { SeqUnwrapper } from '../../../src/trace/seq-unwrapper.ts'

interface Bar { time: number, low: number, high: number }

const bars = fc.array(fc.record({ time: fc.integer({ min: 0, max: 60 }), low: fc.integer({ min: -1000, max: 1000 }), length: fc.nat({ max: 50 }) }), { maxLength: 300 })
  .map((all) => all.map(({ time, low, length }): Bar => ({ time, low, high: low + length })))

function pyramidOf(all: readonly Bar[]): MinMaxPyramid {
  const pyramid = new MinMaxPyramid()
  for (const { time, low, high } of all) pyramid.add(time, low, high)
  return pyramid
}

/** The same question, answered by looking at every bar. */
function naive(all: readonly Bar[], from: number, to: number, room: number) {
  const inside = all.filter(({ time }) => time >= from && time <= to).sort((a, b) => a.time - b.time)
  const width = (to - from) / room
  const groups = inside.length <= room
    ? inside.map((bar) => [bar])
    : Array.from({ length: room }, (_, column) => inside.filter(({ time }) => time >= from + column * width || column === 0)
        .filter(({ time }) => column === room - 1 || time < from + (column + 1) * width)).filter((group) => group.length > 0)
  return groups.map((group) => ({
    from: group[0].time, to: group[group.length - 1].time, first: group[0].high, last: group[group.length - 1].high,
    low: Math.min(...group.map(({ low }) => low)), high: Math.max(...group.map(({ high }) => high)),
  }))
}

function entriesOf({ count, from, to, first, last, low, high }: Extract) {
  return Array.from({ length: count }, (_, i) => ({ from: from[i], to: to[i], first: first[i], last: last[i], low: low[i], high: high[i] }))
}

describe('min/max pyramid', () => {
  it('answers any span of time as a look at every bar does', () => {
    fc.assert(fc.property(bars, fc.integer({ min: -5, max: 65 }), fc.integer({ min: 0, max: 70 }), fc.integer({ min: 1, max: 40 }), (all, from, span, room) => {
      const extract = new Extract(room)
      pyramidOf(all).extract(from, from + span, extract)
      expect(entriesOf(extract)).toEqual(naive(all, from, from + span, room))
    }), { seed: 4, numRuns: 500 })
  })

  it('answers in between what it answers when all points have come', () => {
    fc.assert(fc.property(bars, fc.nat({ max: 300 }), fc.integer({ min: 1, max: 40 }), (all, looks, room) => {
      const pyramid = new MinMaxPyramid()
      const extract = new Extract(room)
      for (const [i, { time, low, high }] of all.entries()) {
        pyramid.add(time, low, high, i + 1)
        if (i % (looks + 1) !== 0) continue
        pyramid.extract(0, 60, extract)
        expect(entriesOf(extract)).toEqual(naive(all.slice(0, i + 1), 0, 60, room))
      }
    }), { seed: 7, numRuns: 100 })
  })

  it('brings a line into the span and out of it', () => {
    const pyramid = pyramidOf([1, 2, 3, 4, 5, 6].map((time) => ({ time, low: time, high: time })))
    const extract = new Extract(8)
    const times = (from: number, to: number) => {
      pyramid.extractLine(from, to, extract)
      return entriesOf(extract).map((entry) => entry.from)
    }
    expect([times(2.5, 4.5), times(0, 9), times(7, 9), times(2.2, 2.3)]).toEqual([[2, 3, 4, 5], [1, 2, 3, 4, 5, 6], [6], [2, 3]])
  })

  it('knows its extremes', () => {
    fc.assert(fc.property(bars, (all) => {
      const pyramid = pyramidOf(all)
      expect([pyramid.least, pyramid.greatest]).toEqual([Math.min(...all.map(({ low }) => low)), Math.max(...all.map(({ high }) => high))])
    }), { seed: 5 })
  })

  it('gives nothing for a span that ends before it begins, or is none, or has no room', () => {
    const pyramid = pyramidOf([{ time: 1, low: 0, high: 1 }])
    const extract = new Extract(10)
    for (const [from, to] of [[2, 0], [Number.NaN, 5], [0, Number.NaN]]) {
      pyramid.extract(from, to, extract)
      expect(extract.count).toBe(0)
    }
    const none = new Extract(0)
    pyramid.extract(0, 2, none)
    expect(none.count).toBe(0)
  })
})

describe('unwrapped sequence numbers', () => {
  it('follow a stream over any number of wraps', () => {
    fc.assert(fc.property(fc.nat({ max: 2 ** 32 - 1 }), fc.array(fc.integer({ min: -(2 ** 28), max: 2 ** 30 }), { maxLength: 200 }), (base, steps) => {
      const unwrapper = new SeqUnwrapper(base | 0)
      let furthest = 0
      for (const step of steps) {
        const position = furthest + step
        expect(unwrapper.take((base + position) % 2 ** 32)).toBe(position)
        furthest = Math.max(furthest, position)
      }
    }), { seed: 6 })
  })
})
