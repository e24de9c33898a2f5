import type { Stretch } from '../wire/common-memory.ts'

/** Which way a frame went, seen from this machine. */
export const Direction = { unknown: 0, received: 1, sent: 2 } as const
export type Direction = typeof Direction[keyof typeof Direction]

/**
 * Frames in column form over one byte area:
 *
 *     bytes   ........[frame 0]....[frame 1][frame 2]........
 *                     ^offset[0]   ^offset[1]
 *
 * Frame `i` is `bytes[offset[i] .. offset[i] + capturedLength[i])`. Whoever hands out a batch owns it and everything it
 * points to, until the callback that received it returns: who keeps a frame copies it.
 */
export class FrameBatch {
  count = 0
  bytes: Uint8Array
  readonly capacity: number
  readonly offset: Uint32Array
  /** Bytes present here. */
  readonly capturedLength: Uint32Array
  /** Bytes on the wire; larger than `capturedLength` where the snap length cut the frame. */
  readonly originalLength: Uint32Array
  /** Arrival (or departure) in seconds since 1970 and nanoseconds within the second. */
  readonly timeSec: Uint32Array
  readonly timeNsec: Uint32Array
  readonly direction: Uint8Array

  /**
   * @param capacity frames
   * @param bytes the area the frames lie in
   */
  constructor(capacity: number, bytes: Uint8Array = new Uint8Array(0)) {
    this.capacity = capacity
    this.bytes = bytes
    this.offset = new Uint32Array(capacity)
    this.capturedLength = new Uint32Array(capacity)
    this.originalLength = new Uint32Array(capacity)
    this.timeSec = new Uint32Array(capacity)
    this.timeNsec = new Uint32Array(capacity)
    this.direction = new Uint8Array(capacity)
  }

  /** Adds a frame that already lies in `bytes`; false when the batch is full. */
  add(offset: number, length: number, originalLength: number, timeSec: number, timeNsec: number, direction: Direction): boolean {
    const i = this.count
    if (i === this.capacity) return false
    this.offset[i] = offset
    this.capturedLength[i] = length
    this.originalLength[i] = originalLength
    this.timeSec[i] = timeSec
    this.timeNsec[i] = timeNsec
    this.direction[i] = direction
    this.count = i + 1
    return true
  }

  /** Takes the first `count` frames off; the others move up, their bytes stay where they are. */
  dropFirst(count: number): void {
    if (count === 0) return
    for (const column of [this.offset, this.capturedLength, this.originalLength, this.timeSec, this.timeNsec, this.direction]) column.copyWithin(0, count, this.count)
    this.count -= count
  }

  clear(): void {
    this.count = 0
  }
}

/**
 * A batch that owns its bytes: frames are written one behind the other, then the whole is sent.
 * `reserve` gives the place for the next frame, `commit` closes it.
 */
export class FrameWriter {
  readonly batch: FrameBatch
  readonly capacityBytes: number
  private readonly stretch: Stretch
  private end: number

  /** @param stretch what to write to; for frames of connections, one of the common memory */
  constructor(capacityFrames: number, capacityBytes: number, stretch: Stretch = { bytes: new Uint8Array(capacityBytes), at: 0, length: capacityBytes }) {
    this.batch = new FrameBatch(capacityFrames, stretch.bytes)
    this.capacityBytes = capacityBytes
    this.stretch = stretch
    this.end = stretch.at
  }

  get bytes(): Uint8Array { return this.batch.bytes }
  get count(): number { return this.batch.count }

  /** Offset in `bytes` at which a frame of up to `maxLength` bytes may be written, or -1 when there is no room. */
  reserve(maxLength: number): number {
    if (this.batch.count === this.batch.capacity || this.end + maxLength > this.stretch.at + this.capacityBytes) return -1
    return this.end
  }

  /** The reserved frame is `length` bytes long. Frames start on multiples of 8, so that 32-bit reads stay aligned. */
  commit(length: number): void {
    this.batch.add(this.end, length, length, 0, 0, Direction.sent)
    this.end = (this.end + length + 7) & ~7
  }

  /** Copies a whole frame in; false when there is no room. */
  write(frame: Uint8Array): boolean {
    const at = this.reserve(frame.length)
    if (at < 0) return false
    this.batch.bytes.set(frame, at)
    this.commit(frame.length)
    return true
  }

  clear(): void {
    this.batch.clear()
    this.end = this.stretch.at
  }
}
