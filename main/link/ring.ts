import { Direction } from '../../src/link/frame-batch.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { FrameSink } from '../../src/link/link.ts'
import { summedBytes } from '../../src/wire/summed-memory.ts'
import { controlHead, controlTail, controlWaiting, controlWords } from './native.ts'

/** Layout of a record; native/src/capture.h draws it. */
const headerBytes = 24
const wrapMark = 0xffffffff
const direction = [Direction.unknown, Direction.received, Direction.sent] as const

/**
 * The reader's side of the capture ring: the capture thread appends records and moves `head`, this side reads them in place
 * and moves `tail`. Both count bytes modulo 2^32. The memory belongs to JavaScript and lives as long as this object or the capture. It is no SharedArrayBuffer,
 * as no other thread of JavaScript sees it, and copies out of one go byte by byte; the atomic loads of `control` keep reads of it in order.
 */
export class CaptureRing {
  readonly bytes: Uint8Array
  readonly control: Int32Array
  private readonly words: Uint32Array
  private readonly mask: number
  /** Where reading goes on; equal to the published tail between two batches. */
  private position = 0

  /** @param sizeBytes a power of two */
  constructor(sizeBytes: number) {
    this.bytes = summedBytes(sizeBytes)
    this.words = new Uint32Array(this.bytes.buffer, 0, sizeBytes >>> 2)
    this.control = new Int32Array(new SharedArrayBuffer(controlWords * 4))
    this.mask = sizeBytes - 1
    this.control[controlWaiting] = 1
  }

  /**
   * Hands out at most `maxFrames` of the frames that wait, in batches that lie in the ring, and asks for a wake-up when none is left.
   * @param isOpen asked between two batches, because a sink may close the link that feeds it
   * @returns frames handed out
   */
  drain(batch: FrameBatch, sink: FrameSink, maxFrames: number, isOpen: () => boolean): number {
    let drained = 0
    while (drained < maxFrames && isOpen()) {
      const count = this.read(batch, Math.min(batch.capacity, maxFrames - drained))
      if (count > 0) {
        drained += count
        try { sink(batch) } finally { this.release() }
      } else if (this.sleep()) {
        break
      }
    }
    return drained
  }

  /** Fills the batch with at most `limit` of the frames that wait; they stay in the ring until {@link release}. */
  read(batch: FrameBatch, limit: number): number {
    const head = Atomics.load(this.control, controlHead) >>> 0
    const { words } = this
    let at = this.position
    batch.bytes = this.bytes
    batch.clear()
    while (at !== head && batch.count < limit) {
      const offset = at & this.mask
      const word = offset >>> 2
      const length = words[word]
      if (length === wrapMark) {
        at = (at + this.mask + 1 - offset) >>> 0
        continue
      }
      batch.add(offset + headerBytes, length, words[word + 1], words[word + 2], words[word + 3], direction[words[word + 4]])
      at = (at + words[word + 5]) >>> 0
    }
    this.position = at
    return batch.count
  }

  /** Gives the place of everything read back to the capture thread. */
  release(): void {
    Atomics.store(this.control, controlTail, this.position | 0)
  }

  get isEmpty(): boolean {
    return (Atomics.load(this.control, controlHead) >>> 0) === this.position
  }

  /**
   * Asks for a wake-up at the next frame. False when a frame came in between: then there is something to read now, and
   * the wake-up may come all the same.
   */
  sleep(): boolean {
    Atomics.store(this.control, controlWaiting, 1)
    if (this.isEmpty) return true
    Atomics.store(this.control, controlWaiting, 0)
    return false
  }
}

/** The writer's side, for a link whose frames come to JavaScript one by one. */
export class RingWriter {
  private readonly ring: CaptureRing
  private readonly words: Uint32Array
  private head = 0

  constructor(ring: CaptureRing) {
    this.ring = ring
    this.words = new Uint32Array(ring.bytes.buffer)
  }

  /** Copies a frame in as the capture thread does; false when there is no room. */
  append(source: Uint8Array, length: number, originalLength: number, timeSec: number, timeNsec: number, way: Direction): boolean {
    const { bytes, control } = this.ring
    const size = bytes.length
    const record = (headerBytes + length + 7) & ~7
    const offset = this.head & (size - 1)
    const rest = size - offset
    const need = record > rest ? record + rest : record
    if (need > size - ((this.head - control[controlTail]) >>> 0)) return false
    const at = record > rest ? 0 : offset
    if (record > rest) this.words[offset >>> 2] = wrapMark
    const word = at >>> 2
    this.words[word] = length
    this.words[word + 1] = originalLength
    this.words[word + 2] = timeSec
    this.words[word + 3] = timeNsec
    this.words[word + 4] = way
    this.words[word + 5] = record
    bytes.set(length === source.length ? source : source.subarray(0, length), at + headerBytes)
    this.head = (this.head + need) >>> 0
    control[controlHead] = this.head | 0
    return true
  }

  /** Whether the reader asked to be woken; asking takes the wish back. */
  takeWish(): boolean {
    const { control } = this.ring
    const wished = control[controlWaiting] === 1
    control[controlWaiting] = 0
    return wished
  }
}
