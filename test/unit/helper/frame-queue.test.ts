import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameQueue } from '../../../main/link/frame-queue.ts'
import { frameRecordBytes, longestBodyBytes, padded } from '../../../main/link/helper-protocol.ts'

const areaBytes = longestBodyBytes * 2

/** Writes a body of one frame into its place, as the reader does. */
function fill(queue: FrameQueue, start: number, bytes: number, mark: number): void {
  const words = new Uint32Array(queue.area.buffer)
  words.fill(0, start >> 2, (start + frameRecordBytes) >> 2)
  words[start >> 2] = bytes - frameRecordBytes
  queue.area[start + frameRecordBytes] = mark
}

const marks = (queue: FrameQueue, most: number): number[] => {
  const seen: number[] = []
  queue.drain((batch) => {
    for (let i = 0; i < batch.count; i++) seen.push(batch.bytes[batch.offset[i]])
    return batch.count
  }, most)
  return seen
}

describe('the queue of received frames', () => {
  it('begins anew when the last message ended exactly at the end of its area', () => {
    const queue = new FrameQueue(areaBytes)
    const half = areaBytes / 2
    for (const mark of [1, 2]) {
      const start = queue.reserve(half)
      fill(queue, start, half, mark)
      expect(queue.commit(start, half, 1)).toBe(true)
    }
    expect(queue.reserve(64)).toBe(-1)
    expect(marks(queue, 1)).toEqual([1])
    expect(queue.reserve(64)).toBe(0)
    fill(queue, 0, 64, 3)
    expect(queue.commit(0, 64, 1)).toBe(true)
    expect(marks(queue, 10)).toEqual([2, 3])
  })

  it('keeps order and finds a place for whatever its credit allows, drained at any moment', () => {
    const step = fc.record({ bytes: fc.integer({ min: 1, max: longestBodyBytes - frameRecordBytes - 8 }), drainBefore: fc.nat(3), drainWhileComing: fc.nat(3) })
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const queue = new FrameQueue(areaBytes)
      let credit = queue.credit
      let next = 0
      let expected = 0
      const drain = (most: number) => {
        for (const mark of marks(queue, most)) expect(mark).toBe(expected++ & 0xff)
        credit += queue.takeFreed()
      }
      for (const { bytes: wanted, drainBefore, drainWhileComing } of steps) {
        const bytes = padded(frameRecordBytes + wanted)
        drain(drainBefore)
        while (credit < bytes) drain(1)
        credit -= bytes
        const start = queue.reserve(bytes)
        expect(start).toBeGreaterThanOrEqual(0)
        expect(start + bytes).toBeLessThanOrEqual(areaBytes)
        drain(drainWhileComing)
        fill(queue, start, bytes, next++ & 0xff)
        expect(queue.commit(start, bytes, 1)).toBe(true)
      }
      drain(1000)
      expect(expected).toBe(next)
    }), { numRuns: 500, seed: 7 })
  })
})
