import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameQueue } from '../../../main/link/frame-queue.ts'
import { FrameSender } from '../../../main/link/frame-sender.ts'
import { MessageReader, encodeControl, encodeCounts, encodeCredit, headerBytes, longestBodyBytes } from '../../../main/link/helper-protocol.ts'
import type { LabControl, MessageHandler } from '../../../main/link/helper-protocol.ts'
import type { FrameBatch } from '../../../src/link/frame-batch.ts'
import { Direction, FrameWriter } from '../../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../../src/link/link.ts'
import type { LinkStatistics } from '../../../src/link/link.ts'

/** One end of the socket: keeps what it was told. */
class Listener implements MessageHandler<LabControl> {
  readonly queue: FrameQueue
  readonly credits: number[] = []
  readonly counted: LinkStatistics[] = []
  readonly controls: LabControl[] = []
  readonly complaints: string[] = []
  readonly reader: MessageReader<LabControl>

  constructor(areaBytes = longestBodyBytes * 2) {
    this.queue = new FrameQueue(areaBytes)
    this.reader = new MessageReader(this)
  }

  get frameArea(): Uint8Array { return this.queue.area }
  reserveFrames(bodyBytes: number): number { return this.queue.reserve(bodyBytes) }
  frames(offset: number, bodyBytes: number, count: number): boolean { return this.queue.commit(offset, bodyBytes, count) }
  credit(bytes: number): void { this.credits.push(bytes) }
  counts(statistics: LinkStatistics): void { this.counted.push(statistics) }
  control(control: LabControl): void { this.controls.push(control) }
  broken(reason: string): void { this.complaints.push(reason) }
}

function batchOf(lengths: readonly number[], first = 0): FrameBatch {
  const writer = new FrameWriter(lengths.length, lengths.reduce((sum, length) => sum + length + 8, 8))
  lengths.forEach((length, i) => writer.write(Uint8Array.from({ length }, (_, k) => first + i + k)))
  const { batch } = writer
  for (let i = 0; i < batch.count; i++) {
    batch.timeSec[i] = 1_700_000_000 + first + i
    batch.timeNsec[i] = i
    batch.direction[i] = i % 2 === 0 ? Direction.received : Direction.sent
  }
  return batch
}

interface SeenFrame { bytes: Uint8Array, timeSec: number, direction: number }

function copyOf(batch: FrameBatch): SeenFrame[] {
  return Array.from({ length: batch.count }, (_, i) => ({
    bytes: batch.bytes.slice(batch.offset[i], batch.offset[i] + batch.capturedLength[i]), timeSec: batch.timeSec[i], direction: batch.direction[i],
  }))
}

function feedInPieces(reader: MessageReader<LabControl>, bytes: Uint8Array, sizes: readonly number[]): void {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]
    reader.feed(bytes.subarray(at, at + size))
    at += size
  }
}

const pieces = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 })

describe('helper protocol', () => {
  it('carries frames, counts and control however the stream is cut', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 60 }), pieces, (lengths, sizes) => {
      const stream: Uint8Array[] = []
      const sender = new FrameSender((message, done) => { stream.push(message.slice()); done() })
      sender.credit = longestBodyBytes
      const batch = batchOf(lengths)
      expect(sender.push(batch)).toBe(lengths.length)
      sender.flush()
      stream.push(encodeControl({ kind: 'setFilter', expression: 'tcp port 80' }), encodeCredit(12_345), encodeCounts({ ...emptyStatistics(), received: 2 ** 40 }))
      const listener = new Listener()
      feedInPieces(listener.reader, Buffer.concat(stream), sizes)
      const seen: SeenFrame[] = []
      listener.queue.drain((part) => { seen.push(...copyOf(part)); return part.count }, Infinity)
      expect(seen).toEqual(copyOf(batch))
      expect(listener).toMatchObject({ controls: [{ kind: 'setFilter', expression: 'tcp port 80' }], credits: [12_345], complaints: [] })
      expect(listener.counted).toEqual([{ ...emptyStatistics(), received: 2 ** 40 }])
    }), { numRuns: 100 })
  })

  it('takes no more frames than there is credit, and never runs out of place with it', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 40 })
    const turns = fc.array(fc.record({ lengths, drained: fc.integer({ min: 0, max: 60 }) }), { maxLength: 60 })
    fc.assert(fc.property(turns, (steps) => {
      const listener = new Listener()
      const sender = new FrameSender((message, done) => { listener.reader.feed(message); done() })
      sender.credit = listener.queue.credit
      let sent = 0
      let received = 0
      const take = (part: FrameBatch) => {
        for (const { timeSec } of copyOf(part)) expect(timeSec).toBe(1_700_000_000 + received++)
        return part.count
      }
      for (const { lengths: offered, drained } of steps) {
        sent += sender.push(batchOf(offered, sent))
        sender.flush()
        listener.queue.drain(take, drained)
        sender.credit += listener.queue.takeFreed()
      }
      listener.queue.drain(take, Infinity)
      expect(received).toBe(sent)
      expect(listener.complaints).toEqual([])
      expect(sender.credit + listener.queue.takeFreed()).toBe(listener.queue.credit)
    }), { numRuns: 60 })
  })

  it('leaves in place what was not taken', () => {
    const listener = new Listener()
    const sender = new FrameSender((message, done) => { listener.reader.feed(message); done() })
    sender.credit = listener.queue.credit
    sender.push(batchOf([60, 61, 62, 63]))
    sender.flush()
    const lengths: number[] = []
    const takeUpTo = (most: number) => (part: FrameBatch) => {
      const count = Math.min(most, part.count)
      lengths.push(...copyOf(part).slice(0, count).map(({ bytes }) => bytes.length))
      return count
    }
    expect(listener.queue.drain(takeUpTo(1), 10)).toBe(1)
    expect(() => listener.queue.drain(() => { throw new Error('a sink of the test') }, 1)).toThrow('a sink of the test')
    expect(listener.queue.drain(takeUpTo(9), 10)).toBe(2)
    expect(lengths).toEqual([60, 62, 63])
    expect(listener.queue.isEmpty).toBe(true)
  })

  it('counts a frame that no message can carry, and goes on', () => {
    const sender = new FrameSender(() => {})
    sender.credit = 10_000_000
    expect(sender.push(batchOf([60, 300_000, 60]))).toBe(3)
    expect(sender.tooLong).toBe(1)
  })

  it('meets any bytes with one complaint at most, and never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 4000 }), pieces, (bytes, sizes) => {
      const listener = new Listener()
      feedInPieces(listener.reader, bytes, sizes)
      expect(listener.complaints.length).toBeLessThanOrEqual(1)
    }), { numRuns: 300 })
  })

  it('refuses damaged frames: lengths that lie, directions that are none, counts that do not fit', () => {
    const damage: [number, number][] = [[headerBytes, 1_000_000], [headerBytes + 16, 3], [8, 2], [8, 0], [0, longestBodyBytes + 8]]
    for (const [at, value] of damage) {
      const stream: Uint8Array[] = []
      const sender = new FrameSender((message, done) => { stream.push(message.slice()); done() })
      sender.credit = longestBodyBytes
      sender.push(batchOf([60]))
      sender.flush()
      new Uint32Array(stream[0].buffer)[at / 4] = value
      const listener = new Listener()
      listener.reader.feed(stream[0])
      expect(listener.complaints.length).toBe(1)
      expect(listener.queue.isEmpty).toBe(true)
    }
  })
})
