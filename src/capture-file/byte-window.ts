/**
 * The part of a file that has been read and not yet consumed:
 *
 *     area   ....[start ........ end]........
 *                 ^ file offset `position`
 *
 * It grows by what is fed, never by a length that stands in the file. Bytes keep their place until the next `space`.
 */
export class ByteWindow {
  area: Uint8Array
  /** Of the same bytes. */
  view: DataView
  start = 0
  end = 0
  /** File offset of `area[start]`. */
  position = 0
  /** No more will come. */
  isComplete = false

  constructor(initialBytes = 64 * 1024) {
    this.area = new Uint8Array(initialBytes)
    this.view = new DataView(this.area.buffer)
  }

  get length(): number { return this.end - this.start }

  /** A place for at least `minBytes` more; call {@link filled} with how many were put there. */
  space(minBytes: number): Uint8Array {
    if (this.area.length - this.end < minBytes) this.makeRoom(minBytes)
    return this.area.subarray(this.end)
  }

  filled(count: number): void {
    this.end += count
  }

  consume(count: number): void {
    this.start += count
    this.position += count
  }

  private makeRoom(minBytes: number): void {
    const kept = this.length
    if (kept + minBytes <= this.area.length) {
      this.area.copyWithin(0, this.start, this.end)
    } else {
      const larger = new Uint8Array(Math.max(this.area.length * 2, kept + minBytes))
      larger.set(this.area.subarray(this.start, this.end))
      this.area = larger
      this.view = new DataView(larger.buffer)
    }
    this.start = 0
    this.end = kept
  }
}
