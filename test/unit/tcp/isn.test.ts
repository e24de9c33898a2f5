import { describe, expect, it } from 'vitest'
import { hashTuple, initialSequence } from '../../../src/tcp/isn.ts'
import { sipHash24 } from '../../../src/tcp/siphash.ts'
import { seqDiff } from '../../../src/tcp/seq.ts'

const tuple = { localAddress: 0x0a4d0002, localPort: 40_000, remoteAddress: 0x0a4d0050, remotePort: 80 }
const secret = Uint32Array.of(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c)

describe('SipHash-2-4', () => {
  // The reference vectors: key 00 01 … 0f, input 00 01 … of each length.
  it.each([
    [0, 0xdd0e0e31, 0x726fdb47],
    [1, 0x93dc67fd, 0x74f839c5],
    [2, 0xd9a94f5a, 0x0d6c8009],
    [7, 0x8b01d137, 0xab0200f5],
    [8, 0x9a932462, 0x93f5f579],
    [15, 0x49be45e5, 0xa129ca61],
  ])('hashes %i bytes as published', (length, low, high) => {
    const hash = new Uint32Array(2)
    // What lies behind does not count.
    sipHash24(secret, Uint8Array.from({ length: length + 9 }, (_, i) => i), length, hash)
    expect([...hash]).toEqual([low, high])
  })
})

describe('initial sequence numbers', () => {
  it('advance by one every 4 µs for the same tuple [RFC9293/MUST-8] [RFC9293/SHLD-1]', () => {
    const first = initialSequence(hashTuple(secret, tuple), 1000)
    expect(seqDiff(initialSequence(hashTuple(secret, tuple), 1004), first)).toBe(1)
    expect(seqDiff(initialSequence(hashTuple(secret, tuple), 1_001_000), first)).toBe(250_000)
  })

  it('cannot be computed without the secret [RFC9293/MUST-9]', () => {
    const other = Uint32Array.of(1, 2, 3, 4)
    expect(initialSequence(hashTuple(other, tuple), 0)).not.toBe(initialSequence(hashTuple(secret, tuple), 0))
    const offsets = [80, 81, 82, 83].map((remotePort) => initialSequence(hashTuple(secret, { ...tuple, remotePort }), 0))
    const steps = offsets.slice(1).map((offset, i) => seqDiff(offset, offsets[i]))
    expect(new Set(steps).size).toBe(3)
    expect(Math.min(...steps.map(Math.abs))).toBeGreaterThan(1000)
  })

  it('work for IPv6 and refuse a short secret [RFC6528/secret-random]', () => {
    const v6 = { ...tuple, localAddress: new Uint8Array(16).fill(1), remoteAddress: new Uint8Array(16).fill(2) }
    const swapped = { ...v6, localAddress: v6.remoteAddress, remoteAddress: v6.localAddress }
    expect(initialSequence(hashTuple(secret, v6), 0)).not.toBe(initialSequence(hashTuple(secret, swapped), 0))
    expect(() => hashTuple(new Uint32Array(3), tuple)).toThrow('128 bits')
  })
})
