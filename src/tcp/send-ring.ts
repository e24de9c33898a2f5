import { copyText, giveStretch, takeStretch } from '../wire/common-memory.ts'
import type { Stretch } from '../wire/common-memory.ts'
import { seqAdd, seqDiff } from './seq.ts'
import type { TcpSegment } from './segment.ts'

const nothing: Stretch = { bytes: new Uint8Array(0), at: 0, length: 0 }

/**
 * What the application sent and the peer has not acknowledged, as a ring that is allocated at the first byte and owned by the connection:
 *
 *      startSeq             SND.NXT              endSeq
 *      | sent, unacknowledged | not sent yet       | free …
 *
 * Segments point into it; their bytes stand still until they are acknowledged, or the ring is released.
 */
export class SendRing {
  readonly capacity: number
  #stretch: Stretch = nothing
  #head = 0
  length = 0
  /** Sequence number of the first byte: ISS + 1 at first. */
  startSeq: number

  constructor(capacity: number, startSeq: number) {
    this.capacity = capacity
    this.startSeq = startSeq
  }

  /** The sequence number behind the last byte. */
  endSeq(): number {
    return seqAdd(this.startSeq, this.length)
  }

  /** @returns how many bytes fit and were copied */
  write(from: Uint8Array, at: number, length: number): number {
    const taken = Math.min(length, this.capacity - this.length)
    if (taken <= 0) return 0
    if (this.#stretch === nothing) this.#stretch = takeStretch(this.capacity)
    const { bytes, at: start } = this.#stretch
    const tail = wrapped(this.#head + this.length, this.capacity)
    const first = Math.min(taken, this.capacity - tail)
    copyText(from, at, bytes, start + tail, first)
    if (first < taken) copyText(from, at + first, bytes, start, taken - first)
    this.length += taken
    return taken
  }

  /** Points the segment's payload at `length` bytes from `seq` on; they are in the ring. */
  view(seq: number, length: number, into: TcpSegment): void {
    const start = wrapped(this.#head + seqDiff(seq, this.startSeq), this.capacity)
    const first = Math.min(length, this.capacity - start)
    const { bytes, at } = this.#stretch
    into.payload = bytes
    into.payloadAt = at + start
    into.payloadLength = first
    into.payload2At = at
    into.payload2Length = length - first
  }

  /** Frees everything before `seq`. @returns bytes freed */
  discardTo(seq: number): number {
    const freed = Math.min(seqDiff(seq, this.startSeq), this.length)
    if (freed <= 0) return 0
    this.#head = wrapped(this.#head + freed, this.capacity)
    this.length -= freed
    this.startSeq = seqAdd(this.startSeq, freed)
    return freed
  }

  /** Throws everything away, the memory too. */
  release(): void {
    this.startSeq = this.endSeq()
    this.length = 0
    this.#head = 0
    giveStretch(this.#stretch)
    this.#stretch = nothing
  }
}

function wrapped(index: number, capacity: number): number {
  return index >= capacity ? index - capacity : index
}
