import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import { Direction, FrameWriter } from '../../../src/link/frame-batch.ts'
import { ImpairedLink, ImpairedPath } from '../../../src/link/impair.ts'
import type { Impairments } from '../../../src/link/impair.ts'
import { memoryLinkPair } from '../../../src/link/memory.ts'

interface Out { at: number, number: number, bytes: Uint8Array }

/** Puts `count` numbered frames of 100 bytes on the way, one every `everyUs`, and says when which came out. */
function walk(settings: Impairments, count: number, everyUs = 100, seed = 1): { out: Out[], path: ImpairedPath } {
  const path = new ImpairedPath(settings, new Random(seed))
  const writer = new FrameWriter(64, 64 * 128)
  const out: Out[] = []
  const takeUntil = (untilUs: number) => {
    for (let due = path.nextDueUs(); due <= untilUs && path.inFlight > 0; due = path.nextDueUs()) {
      writer.clear()
      path.takeDue(due, writer)
      const bytes = writer.bytes.slice(writer.batch.offset[0], writer.batch.offset[0] + writer.batch.capturedLength[0])
      out.push({ at: due, number: bytes[0] << 8 | bytes[1], bytes })
    }
  }
  for (let i = 0; i < count; i++) {
    takeUntil(i * everyUs)
    const frame = new Uint8Array(100)
    frame[0] = i >> 8
    frame[1] = i
    path.offer(frame, 0, 100, 100, Direction.sent, i * everyUs)
  }
  takeUntil(Infinity)
  return { out, path }
}

const numbers = (out: Out[]) => out.map(({ number }) => number)
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('impairments', () => {
  it('without any, frames pass at once', () => {
    const { out } = walk({}, 10)
    expect(out.map(({ at, number }) => [number, at])).toEqual(upTo(10).map((i) => [i, i * 100]))
  })

  it('lose as many as asked for, the same ones for the same seed', () => {
    const { out, path } = walk({ lossRate: 0.1 }, 10_000)
    expect(path.counts.lost).toBeGreaterThan(850)
    expect(path.counts.lost).toBeLessThan(1150)
    expect(path.counts.lost + out.length).toBe(10_000)
    expect(numbers(walk({ lossRate: 0.1 }, 10_000).out)).toEqual(numbers(out))
    expect(numbers(walk({ lossRate: 0.1 }, 10_000, 100, 2).out)).not.toEqual(numbers(out))
  })

  it('delay each frame, and keep their order under jitter', () => {
    const { out } = walk({ delayUs: 5000, jitterUs: 2000 }, 500)
    expect(numbers(out)).toEqual(upTo(500))
    const delays = out.map(({ at, number }) => at - number * 100)
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(5000)
    expect(Math.max(...delays)).toBeLessThanOrEqual(7000)
    expect(new Set(delays).size).toBeGreaterThan(100)
  })

  it('reorder: chosen frames are overtaken', () => {
    const { out, path } = walk({ reorderRate: 0.1, reorderUs: 1000 }, 1000)
    expect([...numbers(out)].sort((a, b) => a - b)).toEqual(upTo(1000))
    expect(path.counts.reordered).toBeGreaterThan(60)
    for (const { at, number } of out) expect([0, 1000]).toContain(at - number * 100)
  })

  it('duplicate and corrupt', () => {
    const duplicated = walk({ duplicateRate: 0.5 }, 200)
    expect(duplicated.out.length).toBe(200 + duplicated.path.counts.duplicated)
    expect(duplicated.path.counts.duplicated).toBeGreaterThan(60)
    const corrupted = walk({ corruptRate: 1 }, 50)
    for (const { bytes } of corrupted.out) {
      let bits = 0
      for (let i = 14; i < 100; i++) for (let value = bytes[i]; value > 0; value &= value - 1) bits++
      expect(bits).toBe(1)
    }
    expect(numbers(corrupted.out)).toEqual(upTo(50))
  })

  it('limit the rate, and lose what the queue cannot hold', () => {
    const { out } = walk({ rateBitsPerSecond: 8e6 }, 20, 10)
    expect(out.map(({ at }) => at)).toEqual(upTo(20).map((i) => (i + 1) * 100))
    const full = walk({ rateBitsPerSecond: 8e6, queueFrames: 5 }, 20, 1)
    expect(numbers(full.out)).toEqual(upTo(5))
    expect(full.path.counts.overflowed).toBe(15)
  })

  it('act by meaning: drop the second and every third after it, twice', () => {
    const odd = (bytes: Uint8Array) => (bytes[1] & 1) === 1
    expect(numbers(walk({ rules: [{ matches: odd, action: 'drop', from: 2, every: 3, count: 2 }] }, 12).out)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 10, 11])
    expect(numbers(walk({ rules: [{ matches: odd, action: { delayUs: 250 } }] }, 6).out)).toEqual([0, 2, 3, 1, 4, 5])
    expect(numbers(walk({ rules: [{ matches: odd, action: 'duplicate' }] }, 4).out)).toEqual([0, 1, 1, 2, 3])
  })

  it('a rule does not change the fate of the frames behind it', () => {
    const lossy = { lossRate: 0.3 }
    const plain = new Set(numbers(walk(lossy, 300).out))
    const ruled = new Set(numbers(walk({ ...lossy, rules: [{ matches: () => true, action: 'drop' }] }, 300).out))
    plain.delete(0)
    expect(ruled).toEqual(plain)
  })
})

describe('impaired link', () => {
  it('holds frames both ways until they are due, and asks to be woken then', () => {
    let nowUs = 0
    const clock = () => nowUs
    const [near, far] = memoryLinkPair({ clock })
    const link = new ImpairedLink(near, { send: { delayUs: 300 }, receive: { delayUs: 500 }, random: new Random(1), clock })
    const writer = new FrameWriter(4, 400)
    writer.write(new Uint8Array(60).fill(7))
    expect(link.nextDeadlineUs()).toBe(Infinity)
    expect(link.send(writer.batch)).toBe(1)
    far.send(writer.batch)
    expect(link.drain(() => {}, 10)).toBe(0)
    expect(far.isReadable).toBe(false)
    expect(link.nextDeadlineUs()).toBe(300)
    nowUs = 300
    expect(link.drain(() => {}, 10)).toBe(0)
    expect(far.isReadable).toBe(true)
    nowUs = link.nextDeadlineUs()
    expect(nowUs).toBe(500)
    const stamps: number[] = []
    expect(link.drain((batch) => stamps.push(batch.timeNsec[0]), 10)).toBe(1)
    expect(stamps).toEqual([500_000])
  })
})
