import { nowhere } from './stretch-index.ts'
import type { TcpStream } from './stream.ts'

/** Runs between two questions whether the time is over. */
const stepsAtOnce = 1024

/**
 * The bytes of a stream, one direction or both, as one sequence with positions that count only what is there: each stretch when an
 * application would have had it, which is when the packets up to it were. A run is bytes of one direction without a hole.
 */
export class StreamRuns {
  count = 0
  /** Bytes of all runs. */
  total = 0
  position = new Float64Array(64)
  /** 0 the client's, 1 the server's. */
  end = new Uint8Array(64)
  /** As the direction counts. */
  offset = new Float64Array(64)
  length = new Float64Array(64)
  /** Bytes that are missing before it. */
  hole = new Float64Array(64)

  private readonly next: [Cursor, Cursor] = [new Cursor(), new Cursor()]
  /** Of each direction, its runs. */
  private readonly runsOf: [number[], number[]] = [[], []]
  private builtFrom = ''

  /** @param only 0 or 1 for one direction; null for both */
  constructor(private readonly stream: TcpStream, private readonly only: 0 | 1 | null) {}

  /** Goes on to what the stream has been put together to. @returns false where the time was over before */
  advance(isOver: () => boolean): boolean {
    const { directions, restarts } = this.stream
    const from = `${restarts} ${directions[0].data.disorder} ${directions[1].data.disorder}`
    if (from !== this.builtFrom) this.restart()
    this.builtFrom = from
    for (let steps = 1; ; steps++) {
      const client = this.peek(0)
      const server = this.peek(1)
      if (client === Infinity && server === Infinity) return true
      if (steps % stepsAtOnce === 0 && isOver()) return false
      this.take(server < client ? 1 : 0)
    }
  }

  /** The run that holds a position; the last one behind the end; -1 where there is none. */
  at(position: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.position[middle] <= position) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** Position of a byte of a direction, or of the next one that is there; -1 where none follows. */
  positionOf(end: 0 | 1, offset: number): number {
    const runs = this.runsOf[end]
    let low = 0
    let high = runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.offset[runs[middle]] + this.length[runs[middle]] <= offset) low = middle + 1
      else high = middle
    }
    if (low === runs.length) return -1
    return this.position[runs[low]] + Math.max(0, offset - this.offset[runs[low]])
  }

  /** The packet with which the next stretch of a direction is there; infinite where there is none. */
  private peek(end: 0 | 1): number {
    if (this.only === 1 - end) return Infinity
    const { data } = this.stream.directions[end]
    const cursor = this.next[end]
    const place = cursor.place === nowhere ? data.first : data.next(cursor.place)
    return place === nowhere ? Infinity : Math.max(cursor.ready, data.packet(place))
  }

  private take(end: 0 | 1): void {
    const { data, begin } = this.stream.directions[end]
    const cursor = this.next[end]
    const place = cursor.place === nowhere ? data.first : data.next(cursor.place)
    cursor.ready = Math.max(cursor.ready, data.packet(place))
    const offset = data.offset(place)
    const length = data.length(place)
    const expected = cursor.place === nowhere ? begin : cursor.expected
    cursor.place = place
    cursor.expected = offset + length
    const last = this.count - 1
    this.total += length
    if (last >= 0 && this.end[last] === end && this.offset[last] + this.length[last] === offset) {
      this.length[last] += length
      return
    }
    if (this.count === this.end.length) this.grow()
    const i = this.count++
    this.position[i] = this.total - length
    this.end[i] = end
    this.offset[i] = offset
    this.length[i] = length
    this.hole[i] = offset - expected
    this.runsOf[end].push(i)
  }

  private restart(): void {
    this.count = 0
    this.total = 0
    for (const end of [0, 1] as const) {
      Object.assign(this.next[end], new Cursor())
      this.runsOf[end].length = 0
    }
  }

  private grow(): void {
    const wider = <T extends Float64Array | Uint8Array>(column: T, into: T): T => {
      into.set(column)
      return into
    }
    const capacity = 2 * this.end.length
    this.position = wider(this.position, new Float64Array(capacity))
    this.end = wider(this.end, new Uint8Array(capacity))
    this.offset = wider(this.offset, new Float64Array(capacity))
    this.length = wider(this.length, new Float64Array(capacity))
    this.hole = wider(this.hole, new Float64Array(capacity))
  }
}

class Cursor {
  /** Of the piece that was taken last. */
  place = nowhere
  /** Offset behind it. */
  expected = 0
  /** The latest packet up to here. */
  ready = 0
}
