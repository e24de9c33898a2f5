import { seqAdd, seqDiff } from '../tcp/seq.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { Finding } from './finding.ts'
import type { Flow } from './flow.ts'
import { PacketMark, PacketRecord } from './packet-store.ts'
import type { PacketStore } from './packet-store.ts'

/** RFC 7323 §2.3: no window reaches further, so no segment stands further ahead of what has been sent. */
const widestWindow = 2 ** 30
/** Far enough from where numbers lose their ones. */
const furthest = 2 ** 52

/**
 * Payload bytes `[at, at + length)` of a packet, fewer where they were not captured or are not there any more. They stay as they are.
 * @param packet its number
 */
export type PayloadReader = (packet: number, at: number, length: number) => Uint8Array

/** What one end of a flow has sent, in the order of the capture, its sequence numbers unwrapped to offsets. */
export class StreamSegments {
  count = 0
  /** May be negative: repeated from before the stream. */
  readonly start: Float64Array
  readonly length: Uint32Array
  readonly packet: Uint32Array
  /** Segments from here on stand for bytes that were sent but not captured. */
  firstCut = 0
  /** Behind the last byte that is known to have been sent. */
  end = 0
  /** Packets that were left out because they fit no window. */
  outside = 0

  private refSeq = 0
  private refOffset = -1
  private ackedTo = 0
  private finAt = -1

  /** @param from 0 the client's direction, 1 the server's */
  constructor(store: PacketStore, flow: Flow, from: 0 | 1, payloadOf: PayloadReader) {
    // Each packet has a captured part at most, and one that was cut off.
    const room = 2 * flow.packets.length
    this.start = new Float64Array(room)
    this.length = new Uint32Array(room)
    this.packet = new Uint32Array(room)
    const { isn } = from === 0 ? flow.client : flow.server
    if (isn >= 0) this.countFrom(seqAdd(isn, 1))
    const cut = this.collect(store, flow, from, payloadOf)
    this.firstCut = this.count
    for (const [start, length, packet] of cut) this.add(start, length, packet)
    if (isn < 0) this.countFromLowest()
    this.end = this.knownEnd()
  }

  private collect(store: PacketStore, flow: Flow, from: 0 | 1, payloadOf: PayloadReader): [number, number, number][] {
    const record = new PacketRecord()
    const cut: [number, number, number][] = []
    for (let i = 0; i < flow.packets.length; i++) {
      const packet = flow.packets.at(i)
      store.read(packet - 1, record)
      if ((record.marks & PacketMark.quoting) !== 0 || (record.flags & TcpFlag.rst) !== 0) continue
      if (((record.marks & PacketMark.fromServer) !== 0 ? 1 : 0) !== from) {
        this.takeAck(record)
        continue
      }
      const start = this.place(record)
      if (start === null || record.payloadLength === 0) continue
      const captured = isWhole(record) ? record.payloadLength : Math.min(record.payloadLength, payloadOf(packet, 0, record.payloadLength).length)
      if (captured > 0) this.add(start, captured, packet)
      if (captured < record.payloadLength) cut.push([start + captured, record.payloadLength - captured, packet])
    }
    return cut
  }

  private add(start: number, length: number, packet: number): void {
    const i = this.count++
    this.start[i] = start
    this.length[i] = length
    this.packet[i] = packet
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

  private takeAck({ flags, ack }: PacketRecord): void {
    if (this.refOffset < 0 || (flags & TcpFlag.ack) === 0) return
    const ahead = seqDiff(ack, this.refSeq)
    if (ahead <= widestWindow) this.ackedTo = Math.max(this.ackedTo, this.refOffset + ahead)
  }

  private countFrom(seq: number): void {
    this.refSeq = seq
    this.refOffset = 0
  }

  /** Where the SYN was not seen, the stream begins with the earliest byte that was. */
  private countFromLowest(): void {
    let lowest = Infinity
    for (let i = 0; i < this.count; i++) lowest = Math.min(lowest, this.start[i])
    if (lowest === Infinity) return
    for (let i = 0; i < this.count; i++) this.start[i] -= lowest
    this.refOffset -= lowest
    this.ackedTo -= lowest
    if (this.finAt >= 0) this.finAt -= lowest
  }

  private knownEnd(): number {
    let end = 0
    for (let i = 0; i < this.count; i++) end = Math.max(end, this.start[i] + this.length[i])
    if (this.finAt >= 0) return Math.max(end, this.finAt)
    // One number more may be a FIN that was not captured.
    return this.ackedTo > end + 1 ? this.ackedTo : end
  }
}

function isWhole({ capturedLength, originalLength, marks }: PacketRecord): boolean {
  return capturedLength >= originalLength && (marks & PacketMark.fragment) === 0
}
