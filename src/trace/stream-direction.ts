import { seqAdd, seqDiff } from '../tcp/seq.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { Finding } from './finding.ts'
import { PacketMark } from './packet-store.ts'
import type { PacketRecord } from './packet-store.ts'
import type { PayloadReader } from './payload-cache.ts'
import { nowhere, StretchIndex } from './stretch-index.ts'
import { StretchKind } from './stretch-kind.ts'

/** RFC 7323 §2.3: no window reaches further, so no segment stands further ahead of what has been sent. */
const widestWindow = 2 ** 30
/** Far enough from where numbers lose their ones. */
const furthest = 2 ** 52
/** A packet may claim gigabytes that were cut off; it is named for so many stretches of them. */
const cutsNamed = 1024

/**
 * What one end of a TCP flow has sent, put together packet by packet in the order of the capture. A byte belongs to the first packet that
 * holds it; a later one repeats or contradicts it. Each step takes one segment on by one stretch, so that no packet can make one long.
 *
 * Offsets count from the byte behind the SYN; where that was not seen, from the first byte captured, and may be negative.
 */
export class StreamDirection {
  /** Pieces that do not overlap. */
  readonly data = new StretchIndex()
  /** Bytes that a packet carried and the capture cut off. They do not overlap each other, and data may have come over them. */
  readonly cut = new StretchIndex()
  /** Overlaps and conflicts; a conflict reaches from the first byte that differs to the last. */
  readonly repeats = new StretchIndex()
  /** Of the longest of them. */
  longestRepeat = 0
  conflicts = 0
  /** Bytes that are there. */
  bytes = 0
  /** Bytes that came again. */
  repeatedBytes = 0
  /** Packets that were left out because their numbers fit no window. */
  outside = 0
  /** Sequence number of offset 0. */
  zeroSeq = 0

  private refSeq = 0
  private refOffset = -1
  private ackedTo = 0
  private finAt = -Infinity
  private lowest = Infinity
  private highest = 0

  /** The segment that is being taken: its payload stands at `start`, `from` to `to` is left of it. */
  private packet = 0
  private start = 0
  private from = 0
  private to = 0
  private sentTo = 0
  private runFrom = -1
  private differsFrom = -1
  private differsTo = -1

  /** @param isn of this end; -1 where its SYN was not seen */
  constructor(readonly isn: number, private readonly payloadOf: PayloadReader) {
    if (isn >= 0) this.countFrom(seqAdd(isn, 1))
  }

  /** Offset of the first byte that is known to have been sent. */
  get begin(): number { return this.isn >= 0 || this.lowest === Infinity ? 0 : this.lowest }

  /** Behind the last byte that is known to have been sent. */
  get end(): number {
    const end = Math.max(this.highest, this.begin)
    if (this.finAt !== -Infinity) return Math.max(end, this.finAt)
    // One number more may be a FIN that was not captured.
    return this.ackedTo > end + 1 ? this.ackedTo : end
  }

  /** Begins with a segment of this end; {@link step} follows until there is nothing left of it. */
  take(record: PacketRecord, packet: number): void {
    const start = this.place(record)
    if (start === null || record.payloadLength === 0) return
    const captured = isWhole(record) ? record.payloadLength : Math.min(record.payloadLength, this.payloadOf(packet).length)
    this.packet = packet
    this.start = start
    this.sentTo = start + record.payloadLength
    this.lowest = Math.min(this.lowest, start)
    this.highest = Math.max(this.highest, this.sentTo)
    const least = this.isn >= 0 ? 0 : -Infinity
    this.from = Math.max(least, start)
    this.to = Math.max(this.from, start + captured)
    if (this.from >= this.to) this.noteCut()
  }

  get isTaking(): boolean { return this.from < this.to }

  step(): void {
    const { data, from } = this
    const place = data.endingAfter(from)
    const owned = place === nowhere ? Infinity : data.offset(place)
    if (owned > from) {
      this.endRun()
      const end = Math.min(this.to, owned)
      data.add(from, end - from, this.packet, from - this.start, StretchKind.data)
      this.bytes += end - from
      this.from = end
    } else {
      this.compare(place, Math.min(this.to, owned + data.length(place)))
    }
    if (this.from < this.to) return
    this.endRun()
    this.noteCut()
  }

  /** Takes an acknowledgment of the other end. */
  takeAck({ flags, ack }: PacketRecord): void {
    if (this.refOffset < 0 || (flags & TcpFlag.ack) === 0) return
    const ahead = seqDiff(ack, this.refSeq)
    if (ahead <= widestWindow) this.ackedTo = Math.max(this.ackedTo, this.refOffset + ahead)
  }

  /** @returns offset of the payload, or null where it has none or fits nowhere */
  private place(record: PacketRecord): number | null {
    const { payloadLength, flags } = record
    // What a keep-alive carries is garbage (RFC 9293 §3.8.4).
    if ((record.findings & Finding.keepAlive) !== 0) return null
    const seq = (flags & TcpFlag.syn) !== 0 ? seqAdd(record.seq, 1) : record.seq
    if (payloadLength === 0 && (flags & TcpFlag.fin) === 0) return null
    if (this.refOffset < 0) this.countFrom(seq)
    const ahead = seqDiff(seq, this.refSeq)
    const start = this.refOffset + ahead
    if (ahead > widestWindow || ahead < -widestWindow || start > furthest) {
      this.outside++
      return null
    }
    const end = start + payloadLength
    if ((flags & TcpFlag.fin) !== 0) this.finAt = end
    if (end > this.refOffset) {
      this.refOffset = end
      this.refSeq = seqAdd(seq, payloadLength)
    }
    return start
  }

  private countFrom(seq: number): void {
    this.zeroSeq = seq
    this.refSeq = seq
    this.refOffset = 0
  }

  private compare(place: number, end: number): void {
    const { data, from, packet, start } = this
    if (this.runFrom < 0) {
      this.runFrom = from - start
      this.differsFrom = -1
    }
    const mine = this.payloadOf(packet)
    const theirs = this.payloadOf(data.packet(place))
    const shift = data.at(place) - data.offset(place)
    const compared = Math.min(end, start + mine.length, theirs.length - shift)
    for (let k = from; k < compared; k++) {
      if (mine[k - start] === theirs[k + shift]) continue
      if (this.differsFrom < 0) this.differsFrom = k
      this.differsTo = k + 1
    }
    this.from = end
  }

  private endRun(): void {
    if (this.runFrom < 0) return
    const from = this.start + this.runFrom
    const to = this.from
    this.runFrom = -1
    this.repeatedBytes += to - from
    if (this.differsFrom < 0) return this.addRepeat(from, to, StretchKind.overlap)
    this.conflicts++
    this.addRepeat(from, this.differsFrom, StretchKind.overlap)
    this.addRepeat(this.differsFrom, this.differsTo, StretchKind.conflict)
    this.addRepeat(this.differsTo, to, StretchKind.overlap)
    this.differsFrom = -1
  }

  private addRepeat(from: number, to: number, kind: number): void {
    if (to <= from) return
    this.repeats.add(from, to - from, this.packet, from - this.start, kind)
    this.longestRepeat = Math.max(this.longestRepeat, to - from)
  }

  /** What the segment carried beyond what was captured of it. */
  private noteCut(): void {
    const { cut } = this
    let from = this.to
    for (let named = 0; from < this.sentTo && named < cutsNamed; named++) {
      const place = cut.endingAfter(from)
      const known = place === nowhere ? Infinity : cut.offset(place)
      const behind = place === nowhere ? Infinity : known + cut.length(place)
      const end = Math.min(this.sentTo, known)
      if (end > from) cut.add(from, end - from, this.packet, from - this.start, StretchKind.hole)
      from = Math.max(end, behind)
    }
  }
}

function isWhole({ capturedLength, originalLength, marks }: PacketRecord): boolean {
  return capturedLength >= originalLength && (marks & PacketMark.fragment) === 0
}
