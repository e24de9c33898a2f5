import type { FrameWriter } from '../link/frame-batch.ts'

/**
 * Frames that the host has made by itself (ARP, ICMP, resets) and that wait for the next `pollTransmit`: a ring of slots, allocated
 * when first used and then used again. `take` gives a slot, which is the caller's until `commit` or the next `take`.
 */
export class FrameQueue {
  private readonly slots: Uint8Array[] = []
  private readonly lengths: Uint16Array
  private readonly slotBytes: number
  private readonly capacity: number
  private first = 0
  private count = 0

  constructor(capacity: number, slotBytes: number) {
    this.capacity = capacity
    this.slotBytes = slotBytes
    this.lengths = new Uint16Array(capacity)
  }

  get waiting(): number {
    return this.count
  }

  /** @returns null when the queue is full */
  take(): Uint8Array | null {
    if (this.count === this.capacity) return null
    const index = (this.first + this.count) % this.capacity
    return this.slots[index] ??= new Uint8Array(this.slotBytes)
  }

  /** The slot of the latest `take` holds a frame of `length` bytes. */
  commit(length: number): void {
    this.lengths[(this.first + this.count) % this.capacity] = length
    this.count++
  }

  /** Copies a whole frame in; false when the queue is full. */
  add(frame: Uint8Array): boolean {
    const slot = this.take()
    if (slot === null) return false
    slot.set(frame)
    this.commit(frame.length)
    return true
  }

  /** @returns frames written, fewer than wait when the writer is full */
  flush(writer: FrameWriter): number {
    let written = 0
    while (this.count > 0) {
      const length = this.lengths[this.first]
      const at = writer.reserve(length)
      if (at < 0) break
      writer.bytes.set(this.slots[this.first].subarray(0, length), at)
      writer.commit(length)
      this.first = (this.first + 1) % this.capacity
      this.count--
      written++
    }
    return written
  }
}
