import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { MessageType, frameRecordBytes, headerBytes, longestFrameBytes, padded, targetBodyBytes, withHeader } from './helper-protocol.ts'

/** Writes a finished message; `done` gives its memory back. */
export type MessageSink = (message: Uint8Array, done: () => void) => void

const usualBytes = headerBytes + targetBodyBytes
const keptBuffers = 64

/** Packs frames into messages of up to 64 KiB, as far as the other side has given credit. Buffers are used again once written. */
export class FrameSender {
  credit = 0
  /** Frames that no message can carry; they count as taken. */
  tooLong = 0
  private readonly write: MessageSink
  private readonly pool: Uint8Array[] = []
  private message: Uint8Array | null = null
  private words: Uint32Array = new Uint32Array(0)
  private end = headerBytes
  private count = 0

  constructor(write: MessageSink) {
    this.write = write
  }

  /** Copies frames of a batch from `from` on. @returns frames taken; fewer than offered means that the credit is used up */
  push(batch: FrameBatch, from = 0): number {
    for (let i = from; i < batch.count; i++) {
      const length = batch.capturedLength[i]
      const bytes = frameRecordBytes + padded(length)
      if (length > longestFrameBytes) { this.tooLong++; continue }
      if (bytes > this.credit) return i - from
      this.credit -= bytes
      this.place(bytes)
      this.record(batch, i, length)
      this.end += bytes
      this.count++
    }
    return batch.count - from
  }

  /** Sends what has been packed. */
  flush(): void {
    const { message } = this
    if (message === null || this.count === 0) return
    const whole = withHeader(message.subarray(0, this.end), this.end - headerBytes, MessageType.frames, this.count)
    this.message = null
    this.write(whole, () => { if (message.length === usualBytes && this.pool.length < keptBuffers) this.pool.push(message) })
  }

  private place(bytes: number): void {
    if (this.message !== null && this.end + bytes > this.message.length) this.flush()
    if (this.message !== null) return
    this.message = bytes > targetBodyBytes ? new Uint8Array(headerBytes + bytes) : this.pool.pop() ?? new Uint8Array(usualBytes)
    this.words = new Uint32Array(this.message.buffer)
    this.end = headerBytes
    this.count = 0
  }

  private record(batch: FrameBatch, i: number, length: number): void {
    const { words } = this
    const word = this.end >> 2
    words[word] = length
    words[word + 1] = batch.originalLength[i]
    words[word + 2] = batch.timeSec[i]
    words[word + 3] = batch.timeNsec[i]
    words[word + 4] = batch.direction[i]
    words[word + 5] = 0
    const start = batch.offset[i]
    this.message!.set(batch.bytes.subarray(start, start + length), this.end + frameRecordBytes)
  }
}
