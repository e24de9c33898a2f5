import { describe, expect, it } from 'vitest'
import { Direction, FrameWriter } from '../../../src/link/frame-batch.ts'
import type { FrameBatch } from '../../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../../src/link/link.ts'
import { MemoryHub, memoryLinkPair } from '../../../src/link/memory.ts'
import type { MemoryLink } from '../../../src/link/memory.ts'

function frames(count: number, length = 60, first = 0): FrameWriter {
  const writer = new FrameWriter(count, count * (length + 8))
  for (let i = 0; i < count; i++) writer.write(new Uint8Array(length).fill(first + i))
  return writer
}

function drained(link: MemoryLink, max = 10_000): { value: number, length: number, direction: number, sec: number, nsec: number }[] {
  const found: ReturnType<typeof drained> = []
  link.drain((batch: FrameBatch) => {
    for (let i = 0; i < batch.count; i++) {
      found.push({ value: batch.bytes[batch.offset[i]], length: batch.capturedLength[i], direction: batch.direction[i], sec: batch.timeSec[i], nsec: batch.timeNsec[i] })
    }
  }, max)
  return found
}

describe('in-memory links', () => {
  it('a hub gives a frame to every port but the sender\'s', () => {
    const hub = new MemoryHub()
    const [a, b, c] = [hub.attach(), hub.attach(), hub.attach()]
    a.send(frames(3).batch)
    expect([a, b, c].map((port) => drained(port).map(({ value }) => value))).toEqual([[], [0, 1, 2], [0, 1, 2]])
    c.close()
    b.send(frames(1).batch)
    expect([a, b, c].map((port) => drained(port).length)).toEqual([1, 0, 0])
  })

  it('stamps with the clock it is given, to the nanosecond', () => {
    const [a, b] = memoryLinkPair({ clock: () => 1_700_000_000_123_456 })
    a.send(frames(1).batch)
    expect(drained(b)).toMatchObject([{ sec: 1_700_000_000, nsec: 123_456_000, direction: Direction.received }])
  })

  it('drops what does not fit and counts it: frames in the queue, and bytes', () => {
    const [a, b] = memoryLinkPair({ queueFrames: 10 })
    expect(a.send(frames(25).batch)).toBe(25)
    expect(drained(b)).toHaveLength(10)
    const [c, d] = memoryLinkPair({ queueBytes: 1000 })
    c.send(frames(25, 96).batch)
    expect(drained(d)).toHaveLength(10)
    const counts = [b, d].map((link) => {
      const into = emptyStatistics()
      link.statistics(into)
      return into
    })
    expect(counts).toMatchObject([{ received: 10, droppedByRing: 15 }, { received: 10, droppedByRing: 15 }])
  })

  it('takes frames that arrive while others are handed out, in order', () => {
    const [a, b] = memoryLinkPair({ queueFrames: 16 })
    const seen: number[] = []
    a.send(frames(5).batch)
    let round = 0
    b.drain((batch) => {
      for (let i = 0; i < batch.count; i++) seen.push(batch.bytes[batch.offset[i]])
      if (round++ < 3) a.send(frames(5, 60, round * 5).batch)
    }, 100)
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  it('copies frames that do not lie one behind the other', () => {
    const [a, b] = memoryLinkPair()
    const { batch } = frames(6)
    batch.dropFirst(1)
    batch.offset.copyWithin(1, 2, batch.count)
    batch.count--
    a.send(batch)
    expect(drained(b).map(({ value }) => value)).toEqual([1, 3, 4, 5])
  })

  it('says what it cannot do', () => {
    const [a] = memoryLinkPair()
    expect(a.setFilter('')).toBeNull()
    expect(a.setFilter('tcp')).toMatchObject({ code: 'badFilter', params: { expression: 'tcp' } })
  })
})
