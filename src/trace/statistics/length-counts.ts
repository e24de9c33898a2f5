/** Lengths of frames on the wire, in classes that each reach to the next one's beginning. */
export const lengthClasses = [0, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120] as const

export interface LengthRow {
  readonly from: number
  /** Inclusive; null for no end. */
  readonly to: number | null
  readonly packets: number
  readonly bytes: number
  readonly least: number
  readonly most: number
}

export class LengthCounts {
  private readonly packets = new Float64Array(lengthClasses.length)
  private readonly bytes = new Float64Array(lengthClasses.length)
  private readonly least = new Float64Array(lengthClasses.length).fill(Infinity)
  private readonly most = new Float64Array(lengthClasses.length)

  add(length: number): void {
    // From 20 on, each class is twice as wide as the one before.
    const i = length < 20 ? 0 : Math.min(lengthClasses.length - 1, 32 - Math.clz32(length / 20))
    this.packets[i]++
    this.bytes[i] += length
    if (length < this.least[i]) this.least[i] = length
    if (length > this.most[i]) this.most[i] = length
  }

  rows(): LengthRow[] {
    return lengthClasses.map((from, i) => ({
      from, to: i + 1 < lengthClasses.length ? lengthClasses[i + 1] - 1 : null, packets: this.packets[i], bytes: this.bytes[i],
      least: this.packets[i] === 0 ? 0 : this.least[i], most: this.most[i],
    }))
  }
}
