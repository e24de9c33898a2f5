import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'

describe('Random', () => {
  const draw = (random: Random, count: number) => Array.from({ length: count }, () => random.nextU32())

  it('gives the same numbers for the same seed and others for another, also a seed beyond 32 bits', () => {
    expect(draw(new Random(7), 100)).toEqual(draw(new Random(7), 100))
    expect(draw(new Random(7), 4)).not.toEqual(draw(new Random(8), 4))
    expect(draw(new Random(7), 4)).not.toEqual(draw(new Random(7 + 2 ** 32), 4))
  })

  it('a fork draws on its own', () => {
    const one = new Random(7)
    const two = new Random(7)
    const fork = one.fork()
    const same = two.fork()
    draw(fork, 50)
    expect(draw(one, 10)).toEqual(draw(two, 10))
    expect(draw(same, 10)).not.toEqual(draw(one, 10))
  })

  it('spreads evenly: chi-squared of bytes and of 10 buckets stays within 5 sigma', () => {
    const random = new Random(1)
    const bytes = new Float64Array(256)
    const tens = new Float64Array(10)
    const floats = new Float64Array(10)
    const count = 256_000
    for (let i = 0; i < count; i++) {
      bytes[random.nextU32() >>> 24]++
      tens[random.nextBelow(10)]++
      floats[Math.floor(random.nextFloat() * 10)]++
    }
    for (const buckets of [bytes, tens, floats]) {
      const expected = count / buckets.length
      const chi = buckets.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0)
      expect(chi).toBeLessThan(buckets.length + 5 * Math.sqrt(2 * buckets.length))
    }
  })
})
