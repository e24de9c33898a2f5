import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tickText, ticksOf, Units } from '../../../src/graph/ticks.ts'

describe('ticks', () => {
  it('are round, in order, within the axis, and never too many', () => {
    fc.assert(fc.property(fc.double({ min: 1e-9, max: 1e15, noNaN: true }), fc.integer({ min: 1, max: 20 }), (high, most) => {
      const { values, step } = ticksOf(0, high, most)
      expect(values.length).toBeGreaterThan(0)
      expect(values.length).toBeLessThanOrEqual(most + 1)
      expect(values.every((value, i) => value >= 0 && value <= high * (1 + 1e-6) && (i === 0 || value > values[i - 1]))).toBe(true)
      expect(['1', '2', '5']).toContain(step.toExponential(3)[0])
    }), { seed: 7 })
  })

  it('have figures as short as tells them apart, in a fitting unit', () => {
    const texts = (high: number, unit: keyof typeof Units) => {
      const scale = Units[unit](high)
      const { values, step } = ticksOf(0, high, 4)
      return [...values.map((value) => tickText(value, step, scale)), scale.unit].join(' ')
    }
    expect(texts(400_000, 'bytes')).toBe('0 100 200 300 400 kB')
    expect(texts(0.0035, 'seconds')).toBe('0 1 2 3 ms')
    expect(texts(2.5e6, 'bitRate')).toBe('0 1 2 Mbit/s')
    expect(texts(0.9, 'milliseconds')).toBe('0 500 µs')
  })
})
