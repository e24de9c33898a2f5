import { seqGt, seqLt } from '../../tcp/seq.ts'

const wordsEach = 6

/**
 * The latest segments of one direction, in a ring.
 *
 *     words   [first number, number behind the last, timestamp, IP id, packet, judged] for each
 */
export class RecentSegments {
  count = 0
  private readonly words: Int32Array
  private next = 0

  constructor(private readonly capacity: number) {
    this.words = new Int32Array(capacity * wordsEach)
  }

  add(seq: number, end: number, tsVal: number, ipId: number, packet: number): void {
    const w = this.next * wordsEach
    this.words[w] = seq
    this.words[w + 1] = end
    this.words[w + 2] = tsVal
    this.words[w + 3] = ipId
    this.words[w + 4] = packet
    this.words[w + 5] = 0
    this.next = (this.next + 1) % this.capacity
    if (this.count < this.capacity) this.count++
  }

  /** Place of a segment with the very same numbers and IP id; -1 none. */
  same(seq: number, end: number, tsVal: number, ipId: number): number {
    const { words } = this
    for (let i = 0; i < this.count; i++) {
      const w = i * wordsEach
      if (words[w] === seq && words[w + 1] === end && words[w + 2] === tsVal && words[w + 3] === ipId) return i
    }
    return -1
  }

  /** Place of the latest one that holds a number of the span and is not judged yet; -1 none. */
  latestIn(left: number, right: number): number {
    const { words, capacity } = this
    for (let back = 1; back <= this.count; back++) {
      const i = (this.next - back + capacity) % capacity
      const w = i * wordsEach
      if (words[w + 5] === 0 && seqLt(words[w], right) && seqGt(words[w + 1], left)) return i
    }
    return -1
  }

  /** Place of the first one that was sent of those that hold a number and are not judged; -1 none. */
  firstWith(number: number): number {
    const { words, capacity } = this
    for (let back = this.count; back >= 1; back--) {
      const i = (this.next - back + capacity) % capacity
      const w = i * wordsEach
      if (words[w + 5] === 0 && !seqGt(words[w], number) && seqGt(words[w + 1], number)) return i
    }
    return -1
  }

  /** What is acknowledged need not be asked for again. */
  judge(i: number): void { this.words[i * wordsEach + 5] = 1 }

  tsValAt(i: number): number { return this.words[i * wordsEach + 2] }
  packetAt(i: number): number { return this.words[i * wordsEach + 4] }
}
