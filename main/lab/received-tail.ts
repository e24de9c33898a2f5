/** The latest bytes of a stream: a ring that grows to its limit, and the count of all. */
export class ReceivedTail {
  total = 0
  private bytes = new Uint8Array(0)
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  add(from: Uint8Array, at: number, length: number): void {
    this.grow(length)
    const capacity = this.bytes.length
    const kept = Math.min(length, capacity)
    const start = (this.total + length - kept) % capacity
    const first = Math.min(kept, capacity - start)
    const source = at + length - kept
    this.bytes.set(from.subarray(source, source + first), start)
    this.bytes.set(from.subarray(source + first, source + kept), 0)
    this.total += length
  }

  /** A copy of the latest `count` bytes, or of as many as are kept. */
  latest(count: number): Uint8Array {
    const kept = Math.min(count, this.total, this.bytes.length)
    const latest = new Uint8Array(kept)
    if (kept === 0) return latest
    const capacity = this.bytes.length
    const start = (this.total - kept) % capacity
    const first = Math.min(kept, capacity - start)
    latest.set(this.bytes.subarray(start, start + first))
    latest.set(this.bytes.subarray(0, kept - first), first)
    return latest
  }

  /** Doubles while everything that came still fits; then the oldest give way. */
  private grow(length: number): void {
    const need = Math.min(this.total + length, this.limit)
    if (need <= this.bytes.length) return
    let size = Math.max(1024, this.bytes.length)
    while (size < need) size *= 2
    const larger = new Uint8Array(Math.min(size, this.limit))
    // Before the limit is reached nothing has wrapped.
    larger.set(this.bytes.subarray(0, this.total))
    this.bytes = larger
  }
}
