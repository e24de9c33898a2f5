import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangeSet } from '../../../src/base/range-set.ts'

const size = 40

const operation = fc.record({
  kind: fc.constantFrom('add' as const, 'add' as const, 'remove' as const, 'removeBelow' as const),
  start: fc.nat(size),
  length: fc.nat(12),
})

/** The set as one flag a number. */
function rangesOf(flags: readonly boolean[]): [number, number][] {
  const ranges: [number, number][] = []
  flags.forEach((isIn, i) => {
    if (!isIn) return
    if (i > 0 && flags[i - 1]) ranges.at(-1)![1] = i + 1
    else ranges.push([i, i + 1])
  })
  return ranges
}

describe('RangeSet', () => {
  it('agrees with a naive set after any operations, and refuses what does not fit with nothing changed', () => {
    fc.assert(fc.property(fc.array(operation, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (operations, capacity) => {
      const set = new RangeSet(capacity)
      let flags = Array<boolean>(size + 13).fill(false)
      for (const { kind, start, length } of operations) {
        const end = start + length
        const next = flags.map((isIn, i) => (kind === 'add' ? isIn || (i >= start && i < end) : kind === 'remove' ? isIn && (i < start || i >= end) : isIn && i >= start))
        const done = kind === 'removeBelow' ? (set.removeBelow(start), true) : set[kind](start, end)
        expect(done).toBe(rangesOf(next).length <= capacity)
        if (done) flags = next
        const ranges = rangesOf(flags)
        expect(Array.from({ length: set.count }, (_, i) => [set.startAt(i), set.endAt(i)])).toEqual(ranges)
        expect(set.total()).toBe(flags.filter(Boolean).length)
        expect(set.has(start)).toBe(flags[start])
        expect(set.covers(start, end)).toBe(flags.slice(start, end).every(Boolean))
        expect(set.overlaps(start, end)).toBe(flags.slice(start, end).some(Boolean))
        expect(set.indexOf(start)).toBe(ranges.findIndex(([from, to]) => from <= start && start < to))
        expect(set.indexAfter(start)).toBe(ranges.filter(([, to]) => to <= start).length)
      }
    }), { numRuns: 1000 })
  })

  it('holds numbers beyond 32 bits, and takes out by index', () => {
    const set = new RangeSet(4)
    set.add(2 ** 40, 2 ** 40 + 5)
    set.add(7, 9)
    expect([set.count, set.startAt(1), set.has(2 ** 40 + 4)]).toEqual([2, 2 ** 40, true])
    set.removeAt(0)
    expect([set.count, set.startAt(0)]).toEqual([1, 2 ** 40])
    set.clear()
    expect(set.count).toBe(0)
  })
})
