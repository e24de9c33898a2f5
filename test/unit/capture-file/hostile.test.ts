import { describe, expect, it } from 'vitest'
import { readHostileCaptures } from '../../support/hostile-captures.ts'

describe('hostile captures', () => {
  it('2,000 broken files of every format and link type: no throw, no loop, no more memory than they have bytes', () => {
    const { frames, damaged, largestWindow } = readHostileCaptures(2000, 4)
    expect(frames).toBeGreaterThan(10_000)
    expect(damaged).toBeGreaterThan(500)
    expect(largestWindow).toBeLessThanOrEqual(64 * 1024)
  })
})
