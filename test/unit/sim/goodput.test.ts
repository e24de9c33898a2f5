import { describe, expect, it } from 'vitest'
import { measureGoodput, theoreticalLimit } from '../../../src/sim/goodput.ts'

const path = { lossRate: 0, roundTripUs: 10_000, bufferBytes: 65_536, controller: 'newReno', rateBitsPerSecond: 10_000_000 } as const

describe('goodput over a path', () => {
  it('fills the wire, or the window where that is smaller', () => {
    for (const each of [path, { ...path, roundTripUs: 100_000, bufferBytes: 32_768 }]) {
      const ratio = measureGoodput(each, 10, 1) / theoreticalLimit(each)
      expect(ratio).toBeGreaterThan(0.85)
      expect(ratio).toBeLessThanOrEqual(1)
    }
  })

  it('falls with loss as the model says, more or less', () => {
    const lossy = { ...path, lossRate: 0.02, roundTripUs: 40_000 }
    const ratio = measureGoodput(lossy, 20, 1) / theoreticalLimit(lossy)
    expect(ratio).toBeGreaterThan(0.5)
    expect(ratio).toBeLessThan(1.3)
  })
})
