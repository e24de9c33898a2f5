/** Collects bytes up to a limit in an area that grows as they come; counts all of them. */
export class ByteSink {
  total = 0
  private bytes = new Uint8Array(1024)
  private kept = 0
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  add(from: Uint8Array, at: number, length: number): void {
    this.total += length
    const take = Math.min(length, this.limit - this.kept)
    if (take <= 0) return
    if (this.kept + take > this.bytes.length) {
      const larger = new Uint8Array(Math.min(this.limit, Math.max(this.kept + take, this.bytes.length * 2)))
      larger.set(this.bytes.subarray(0, this.kept))
      this.bytes = larger
    }
    this.bytes.set(from.subarray(at, at + take), this.kept)
    this.kept += take
  }

  /** What was kept; valid until the next `add`. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.kept)
  }
}
