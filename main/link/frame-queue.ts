import { FrameBatch } from '../../src/link/frame-batch.ts'
import type { Direction } from '../../src/link/frame-batch.ts'
import { frameRecordBytes, longestBodyBytes, padded } from './helper-protocol.ts'

interface Message { readonly start: number, readonly bytes: number, readonly count: number, /** Bytes of the area that go free with it. */ readonly span: number }

const recordWords = frameRecordBytes / 4

/**
 * Received bodies of frames, in order, in one area that is used round and round:
 *
 *     area   [message 3 tail …]........[message 1][message 2][message 3]~~~
 *                               free    ^ oldest                        ^ too short for the next one: skipped
 *
 * Frames are handed out where they lie; a message's place goes free when its last frame has been taken.
 */
export class FrameQueue {
  readonly area: Uint8Array
  private readonly words: Uint32Array
  private readonly batch: FrameBatch
  private readonly messages: Message[] = []
  private write = 0
  private used = 0
  /** Of the oldest message: offset of its next frame, and frames already taken. */
  private cursor = 0
  private taken = 0
  private freed = 0
  private reservedSpan = 0
  private reservedBytes = 0

  constructor(areaBytes: number, batchFrames = 1024) {
    const memory = new ArrayBuffer(areaBytes)
    this.area = new Uint8Array(memory)
    this.words = new Uint32Array(memory)
    this.batch = new FrameBatch(batchFrames, this.area)
  }

  /** What the other side may have on its way: with it, every message finds a place in one piece. */
  get credit(): number {
    return this.area.length - longestBodyBytes
  }

  get isEmpty(): boolean {
    return this.messages.length === 0
  }

  /** Place for a body of `bytes` (a multiple of 8), or -1. */
  reserve(bytes: number): number {
    const wraps = this.write + bytes > this.area.length
    const skipped = wraps ? this.area.length - this.write : 0
    if (this.used + skipped + bytes > this.area.length) return -1
    this.reservedSpan = skipped + bytes
    this.reservedBytes = bytes
    return wraps ? 0 : this.write
  }

  /** Takes in what was written to the reserved place. @returns false when it is no sequence of `count` frames */
  commit(start: number, bytes: number, count: number): boolean {
    if (!this.isWellFormed(start, bytes, count)) return false
    this.write = start + bytes
    this.used += this.reservedSpan
    if (this.messages.length === 0) this.cursor = start
    this.messages.push({ start, bytes, count, span: this.reservedSpan })
    return true
  }

  /**
   * Hands out at most `maxFrames` frames in batches; `take` says how many of a batch it took, and fewer than all ends it;
   * one that throws has seen the whole batch.
   * @returns frames taken
   */
  drain(take: (batch: FrameBatch) => number, maxFrames: number): number {
    let drained = 0
    while (drained < maxFrames && this.messages.length > 0) {
      const offered = this.fill(Math.min(maxFrames - drained, this.batch.capacity))
      let took = offered
      try { took = take(this.batch) } finally { this.advance(took) }
      drained += took
      if (took < offered) break
    }
    return drained
  }

  /** Bytes of bodies that went free since the last call, to be given back as credit. */
  takeFreed(): number {
    const { freed } = this
    this.freed = 0
    return freed
  }

  get freedBytes(): number {
    return this.freed
  }

  private fill(maxFrames: number): number {
    const { batch, words } = this
    const message = this.messages[0]
    const count = Math.min(maxFrames, message.count - this.taken)
    batch.clear()
    let at = this.cursor
    for (let i = 0; i < count; i++) {
      const word = at >> 2
      const length = words[word]
      batch.add(at + frameRecordBytes, length, words[word + 1], words[word + 2], words[word + 3], words[word + 4] as Direction)
      at += frameRecordBytes + padded(length)
    }
    return count
  }

  private advance(frames: number): void {
    for (let i = 0; i < frames; i++) this.cursor += frameRecordBytes + padded(this.words[this.cursor >> 2])
    this.taken += frames
    const message = this.messages[0]
    if (this.taken < message.count) return
    this.messages.shift()
    this.used -= message.span
    this.freed += message.bytes
    this.taken = 0
    if (this.messages.length > 0) this.cursor = this.messages[0].start
    else this.startOver()
  }

  /** Nothing is held any more; the place of a message that is still coming in stays, and nothing in front of it counts. */
  private startOver(): void {
    this.write = this.used = 0
    this.reservedSpan = this.reservedBytes
  }

  private isWellFormed(start: number, bytes: number, count: number): boolean {
    const end = start + bytes
    let at = start
    for (let i = 0; i < count; i++) {
      if (at + frameRecordBytes > end) return false
      const word = at >> 2
      const length = this.words[word]
      if (length > end - at - frameRecordBytes || this.words[word + recordWords - 2] > 2) return false
      at += frameRecordBytes + padded(length)
    }
    return count > 0 && at === end
  }
}
