/** Widths of intervals in milliseconds; each is a multiple of those before it. */
export const ioIntervalsMs = [1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000] as const

/** Intervals that are kept at most; beyond, they are put together to wider ones. */
export const ioBinsAtMost = 4000

/** Packets and bytes in each interval since the capture began. Intervals widen by themselves as the capture grows longer. */
export class IoBins {
  packets = new Float64Array(256)
  bytes = new Float64Array(256)
  /** Intervals up to the last packet. */
  count = 0
  /** Packets that are older than the first one. */
  before = 0
  private width: number

  /** @param intervalMs of {@link ioIntervalsMs}; the narrowest at first */
  constructor(intervalMs: number = ioIntervalsMs[0]) {
    this.width = Math.max(0, ioIntervalsMs.indexOf(intervalMs as typeof ioIntervalsMs[number]))
  }

  get intervalMs(): number { return ioIntervalsMs[this.width] }

  /** @param timeSec,timeNsec since the capture began; negative seconds for what is older */
  add(timeSec: number, timeNsec: number, lengthBytes: number): void {
    if (timeSec < 0) {
      this.before++
      return
    }
    let bin = this.binOf(timeSec, timeNsec)
    while (bin >= ioBinsAtMost && this.width < ioIntervalsMs.length - 1) {
      this.widen(this.width + 1)
      bin = this.binOf(timeSec, timeNsec)
    }
    bin = Math.min(bin, ioBinsAtMost - 1)
    while (bin >= this.packets.length) this.grow()
    this.packets[bin]++
    this.bytes[bin] += lengthBytes
    this.count = Math.max(this.count, bin + 1)
  }

  /** Makes intervals as wide as another's, where they are narrower. */
  widenTo(intervalMs: number): void {
    const width = ioIntervalsMs.indexOf(intervalMs as typeof ioIntervalsMs[number])
    if (width > this.width) this.widen(width)
  }

  private binOf(timeSec: number, timeNsec: number): number {
    // Seconds and what is below them apart: no rounding at the edges of intervals.
    return this.intervalMs >= 1000 ? Math.floor(timeSec / (this.intervalMs / 1000)) : timeSec * (1000 / this.intervalMs) + Math.floor(timeNsec / (this.intervalMs * 1e6))
  }

  private widen(width: number): void {
    const ratio = ioIntervalsMs[width] / this.intervalMs
    for (let i = 0; i < this.count; i++) {
      const into = Math.floor(i / ratio)
      const [packets, bytes] = [this.packets[i], this.bytes[i]]
      this.packets[i] = this.bytes[i] = 0
      this.packets[into] += packets
      this.bytes[into] += bytes
    }
    this.count = Math.ceil(this.count / ratio)
    this.width = width
  }

  private grow(): void {
    const [packets, bytes] = [this.packets, this.bytes]
    this.packets = new Float64Array(2 * packets.length)
    this.bytes = new Float64Array(2 * bytes.length)
    this.packets.set(packets)
    this.bytes.set(bytes)
  }
}
