import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placeByTime } from '../../../renderer/capture/ladder-time.ts'
import '../../support/random-seed.ts'

describe('ladder true to time', () => {
  it('places rows by one scale that fills the height', () => {
    expect(placeByTime([5, 5.1, 5.3, 5.6], 180)).toEqual({
      tops: [0, expect.closeTo(30), expect.closeTo(90), expect.closeTo(180)], gaps: [0, expect.closeTo(0.1), expect.closeTo(0.2), expect.closeTo(0.3)],
      breaks: [], secondsPerRow: expect.closeTo(0.06) as number,
    })
  })

  it('shortens a long silence, tells how long it was, and gives the rest its room', () => {
    const { tops, breaks } = placeByTime([0, 1, 2, 3, 1003, 1004], 200)
    expect(tops).toEqual([0, 30, 60, 90, 170, 200].map((top) => expect.closeTo(top) as number))
    expect(breaks).toEqual([{ top: expect.closeTo(90) as number, bottom: expect.closeTo(170) as number, seconds: 1000 }])
  })

  it('leaves rows of one moment on one spot, and rows that are not drawn where the one before is', () => {
    expect(placeByTime([1, 1, 1], 100)).toEqual({ tops: [0, 0, 0], gaps: [0, 0, 0], breaks: [], secondsPerRow: 0 })
    expect(placeByTime([null, 1, null, 2], 100).tops).toEqual([0, 0, 0, 100])
    expect(placeByTime([], 100).tops).toEqual([])
  })

  it('never goes back, never leaves the height, and keeps lengths true between breaks', () => {
    const gaps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60_000_000 })), { minLength: 1, maxLength: 60 })
    fc.assert(fc.property(gaps, fc.integer({ min: 40, max: 1200 }), (microseconds, height) => {
      let at = 0
      const times = microseconds.map((gap) => (at += gap) / 1e6)
      const { tops, gaps: seconds, breaks, secondsPerRow } = placeByTime(times, height)
      expect(tops.at(-1)!).toBeLessThanOrEqual(height * (1 + 1e-9))
      for (let i = 1; i < tops.length; i++) {
        const drawn = tops[i] - tops[i - 1]
        expect(drawn).toBeGreaterThanOrEqual(0)
        const broken = breaks.find(({ bottom, top }) => bottom === tops[i] && top === tops[i - 1])
        if (broken !== undefined) expect(broken.seconds / secondsPerRow * 18).toBeGreaterThan(drawn)
        else expect(drawn).toBeCloseTo(secondsPerRow === 0 ? 0 : seconds[i] / secondsPerRow * 18, 5)
      }
    }), { numRuns: 200 })
  })
})
