export const activitySeconds = 32
const flowBits = 9
const flowsEach = 1 << flowBits
const flowMask = flowsEach - 1
const secondMask = activitySeconds - 1

/** Packets of each flow in each of the last 32 seconds: rings of counters, one behind the other in blocks. */
export class Activity {
  private readonly counts: Uint32Array[] = []
  /** The second that a flow's ring ends with. */
  private readonly ends: Uint32Array[] = []

  count(flow: number, second: number): void {
    const block = flow >>> flowBits
    while (block >= this.counts.length) {
      this.counts.push(new Uint32Array(flowsEach * activitySeconds))
      this.ends.push(new Uint32Array(flowsEach))
    }
    const ends = this.ends[block]
    const slot = flow & flowMask
    const counts = this.counts[block]
    const base = slot * activitySeconds
    if (second > ends[slot]) {
      // Seconds in which nothing came lose what they held a ring ago.
      const from = Math.max(ends[slot] + 1, second - activitySeconds + 1)
      for (let silent = from; silent <= second; silent++) counts[base + (silent & secondMask)] = 0
      ends[slot] = second
    } else if (ends[slot] - second >= activitySeconds) {
      return
    }
    counts[base + (second & secondMask)]++
  }

  /** The number is another flow's from now on. */
  clear(flow: number): void {
    const block = flow >>> flowBits
    if (block >= this.counts.length) return
    const base = (flow & flowMask) * activitySeconds
    this.counts[block].fill(0, base, base + activitySeconds)
    this.ends[block][flow & flowMask] = 0
  }

  /** Counts of the 32 seconds that end with `second`, oldest first. */
  read(flow: number, second: number): number[] {
    const block = flow >>> flowBits
    const found = new Array<number>(activitySeconds).fill(0)
    if (block >= this.counts.length) return found
    const end = this.ends[block][flow & flowMask]
    const base = (flow & flowMask) * activitySeconds
    for (let i = 0; i < activitySeconds; i++) {
      const asked = second - activitySeconds + 1 + i
      if (asked <= end && end - asked < activitySeconds) found[i] = this.counts[block][base + (asked & secondMask)]
    }
    return found
  }
}
