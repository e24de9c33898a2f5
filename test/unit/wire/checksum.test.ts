import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { foldChecksum, foldSum, sumBytes, updateChecksum } from '../../../src/wire/checksum.ts'
import { longestSum, summedBytes, wordSumOf } from '../../../src/wire/summed-memory.ts'

/** RFC 1071 §4.1 as it stands there. */
function naive(bytes: Uint8Array, at: number, length: number): number {
  let sum = 0
  for (let i = 0; i < length; i += 2) {
    sum += (bytes[at + i] << 8) | (i + 1 < length ? bytes[at + i + 1] : 0)
    if (sum > 0xffff) sum = (sum & 0xffff) + 1
  }
  return ~sum & 0xffff
}

describe('checksum', () => {
  it('RFC9293/MUST-2 agrees with the byte-wise sum at any offset and length', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 0, maxLength: 3000 }), fc.nat(), fc.nat(), (bytes, atSeed, lengthSeed) => {
      const at = bytes.length === 0 ? 0 : atSeed % bytes.length
      const length = bytes.length === at ? 0 : lengthSeed % (bytes.length - at + 1)
      expect(foldChecksum(sumBytes(bytes, at, length))).toBe(naive(bytes, at, length))
    }), { numRuns: 2000 })
  })

  it('sums what a view shows, in its own or in shared memory, one memory after the other', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(4096))
    const own = new Uint8Array(4096)
    fc.assert(fc.property(fc.uint8Array({ minLength: 300, maxLength: 2000 }), fc.nat(2000), fc.boolean(), (bytes, start, isShared) => {
      const memory = isShared ? shared : own
      memory.set(bytes, start)
      expect(foldChecksum(sumBytes(memory.subarray(start, start + bytes.length), 3, bytes.length - 3))).toBe(naive(bytes, 3, bytes.length - 3))
    }))
  })

  it('gives the same in memory that WebAssembly sees', () => {
    const area = summedBytes(5000)
    expect([wordSumOf(area.buffer) !== null, area.length]).toEqual([true, 5000])
    fc.assert(fc.property(fc.uint8Array({ minLength: 128, maxLength: 3000 }), fc.nat(1999), (bytes, start) => {
      area.set(bytes, start)
      expect(foldChecksum(sumBytes(area, start, bytes.length))).toBe(naive(bytes, 0, bytes.length))
      expect(foldChecksum(sumBytes(area.subarray(start), 1, bytes.length - 1))).toBe(naive(bytes, 1, bytes.length - 1))
    }))
  })

  it('does not overflow there on the longest stretch of ones, nor on a longer one', () => {
    const ones = summedBytes(2 * longestSum).fill(0xff)
    expect(wordSumOf(ones.buffer)!(0, longestSum) >>> 0).toBe(0xffff * (longestSum / 2))
    for (const length of [longestSum, longestSum + 32, 2 * longestSum]) expect(foldSum(sumBytes(ones, 0, length))).toBe(0xffff)
  })

  it('falls back to ordinary bytes where no such memory can be had', () => {
    const refuses = { Memory: class { constructor() { throw new RangeError('could not allocate memory') } } }
    for (const webAssembly of [undefined, refuses]) {
      vi.stubGlobal('WebAssembly', webAssembly)
      const bytes = summedBytes(300)
      vi.unstubAllGlobals()
      expect([wordSumOf(bytes.buffer), bytes.length]).toEqual([null, 300])
      expect(foldSum(sumBytes(bytes.fill(0xff), 0, 300))).toBe(0xffff)
    }
  })

  it('does not overflow on 256 KiB of ones', () => {
    const ones = new Uint8Array(262_144).fill(0xff)
    expect(foldChecksum(sumBytes(ones, 0, ones.length))).toBe(0)
    expect(foldSum(sumBytes(ones, 0, ones.length))).toBe(0xffff)
  })

  it('adds parts of even length', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(99), (bytes, half) => {
      const cut = Math.min(2 * half, bytes.length - (bytes.length % 2))
      expect(foldChecksum(sumBytes(bytes, cut, bytes.length - cut, sumBytes(bytes, 0, cut)))).toBe(naive(bytes, 0, bytes.length))
    }))
  })

  it('keeps 0 and 0xffff apart as ones-complement sums do', () => {
    expect(foldSum(0)).toBe(0)
    expect(foldSum(0x1fffe)).toBe(0xffff)
  })

  it('updates a stored checksum (RFC 1624)', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.integer({ min: 0, max: 0xffff }), (bytes, after) => {
      fc.pre(bytes.some((byte, i) => i > 1 && byte !== 0)) // ones-complement zero has two forms
      const stored = naive(bytes, 0, 20)
      const before = (bytes[0] << 8) | bytes[1]
      const changed = bytes.slice()
      changed[0] = after >>> 8
      changed[1] = after
      expect(updateChecksum(stored, before, after)).toBe(naive(changed, 0, 20))
    }))
  })
})
