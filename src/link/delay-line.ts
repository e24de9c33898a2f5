import { DeadlineQueue } from '../base/deadline-queue.ts'
import type { Direction, FrameWriter } from './frame-batch.ts'

/**
 * Frames under way, ordered by the time they come out; equal times in the order they went in. Owns copies of the frames,
 * in slots that are used again.
 */
export class DelayLine {
  private readonly queue = new DeadlineQueue()
  private readonly slots: Slot[] = []
  private readonly free: number[] = []

  get count(): number {
    return this.queue.count
  }

  nextDueUs(): number {
    return this.queue.peekTime()
  }

  /** @returns the copy, which may still be changed before the next call */
  add(bytes: Uint8Array, at: number, length: number, originalLength: number, direction: Direction, dueUs: number): Uint8Array {
    const index = this.free.pop() ?? this.slots.push({ bytes: new Uint8Array(0), length: 0, originalLength: 0, direction }) - 1
    const slot = this.slots[index]
    if (slot.bytes.length < length) slot.bytes = new Uint8Array(Math.max(length, 128))
    slot.bytes.set(bytes.subarray(at, at + length))
    slot.length = length
    slot.originalLength = originalLength
    slot.direction = direction
    this.queue.set(index, dueUs)
    return slot.bytes
  }

  /** Moves the first frame into the writer; false, with nothing changed, when the writer has no room or nothing is under way. */
  moveFirst(into: FrameWriter): boolean {
    const index = this.queue.peekId()
    if (index < 0) return false
    const slot = this.slots[index]
    const at = into.reserve(slot.length)
    if (at < 0) return false
    into.bytes.set(slot.bytes.subarray(0, slot.length), at)
    into.commit(slot.length)
    const written = into.count - 1
    into.batch.originalLength[written] = slot.originalLength
    into.batch.direction[written] = slot.direction
    this.queue.delete(index)
    this.free.push(index)
    return true
  }

  clear(): void {
    for (let index = this.queue.pop(); index >= 0; index = this.queue.pop()) this.free.push(index)
  }
}

interface Slot {
  bytes: Uint8Array
  length: number
  originalLength: number
  direction: Direction
}
