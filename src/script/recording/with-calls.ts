import { RangeSet } from '../../base/range-set.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import type { RecordedCall, RecordedEvent, RecordedSegment } from './recording.ts'

/** Pieces with holes between them that are remembered; what is beyond does not count as received. */
const piecesAtMost = 4096

/**
 * Segments and the calls that are known of the stack's program in one order. Their clocks need not be the same to the µs, so what must be true is kept
 * true: nothing is read before it came, nothing leaves before it was asked for.
 * @param segments as the stack had them; times of both from the same begin
 */
export function withCalls(segments: readonly RecordedSegment[], calls: readonly RecordedCall[]): RecordedEvent[] {
  const order = new CallOrder(calls)
  for (const segment of segments) order.take(segment)
  return order.end()
}

class CallOrder {
  private readonly out: RecordedEvent[] = []
  private readonly calls: readonly RecordedCall[]
  private next = 0
  private written = 0
  private isOpened = false
  private isClosed = false
  private lastCallUs = -Infinity
  private isEstablished = false
  private read = 0
  private ourIsn = -1
  private theirIsn = -1
  private readonly received = new RangeSet(piecesAtMost)

  constructor(calls: readonly RecordedCall[]) {
    this.calls = calls
  }

  take(segment: RecordedSegment): void {
    const { direction, timeUs } = segment
    // What was asked before it came in, or at the moment it left.
    this.place((call) => call.timeUs < timeUs || (direction === 'out' && call.timeUs === timeUs))
    if (direction === 'out') this.placeBehind(segment)
    this.out.push(segment)
    if (direction === 'in') this.note(segment)
  }

  end(): RecordedEvent[] {
    this.place(() => true)
    return this.out
  }

  /** Calls that a segment shows to have been made, whatever their clock says. */
  private placeBehind({ seq, length, flags, timeUs }: RecordedSegment): void {
    const has = (flag: number) => (flags & flag) !== 0
    if (has(TcpFlag.syn) && this.ourIsn < 0) this.ourIsn = seq
    const sent = this.ourIsn < 0 || has(TcpFlag.syn) ? 0 : ((seq - this.ourIsn) >>> 0) - 1 + length
    const isBehind = () => (has(TcpFlag.syn) && !has(TcpFlag.ack) && !this.isOpened) || (sent > this.written && length > 0) || (has(TcpFlag.fin) && !this.isClosed)
    this.place(isBehind, timeUs)
  }

  /** Calls in their order as long as the next one may come; none is read that has not come. */
  private place(may: (call: RecordedCall) => boolean, latestUs = Infinity): void {
    for (let call = this.calls.at(this.next); call !== undefined && may(call); call = this.calls.at(this.next)) {
      if (call.kind !== 'connect' && call.kind !== 'abort' && !this.isEstablished) return
      if (call.kind === 'read' && this.read + call.bytes > this.available()) return
      this.next++
      // Who has said that nothing more will be sent may say so again: nothing comes of it.
      if (call.kind === 'shutdown' && this.isClosed) continue
      if (call.kind === 'read') this.read += call.bytes
      else if (call.kind === 'write') this.written += call.bytes
      else if (call.kind === 'connect') this.isOpened = true
      else this.isClosed = true
      const before = this.out.at(-1)
      // What is asked in one moment leaves together.
      if (before?.kind === 'write' && call.kind !== 'read' && this.lastCallUs === call.timeUs) this.out[this.out.length - 1] = { ...before, isHeld: true }
      this.lastCallUs = call.timeUs
      this.out.push({ ...call, timeUs: Math.max(before?.timeUs ?? -Infinity, Math.min(call.timeUs, latestUs)) })
    }
  }

  private note({ seq, length, flags, isDamaged }: RecordedSegment): void {
    if (isDamaged) return
    // A peer's SYN answers ours, or its ACK ends what it began.
    this.isEstablished ||= (flags & TcpFlag.ack) !== 0 && this.ourIsn >= 0
    if ((flags & TcpFlag.syn) !== 0 && this.theirIsn < 0) this.theirIsn = seq
    if (length === 0 || this.theirIsn < 0) return
    const start = ((seq - this.theirIsn) >>> 0) - 1
    if (start >= 0 && start <= 0x7fff_ffff) this.received.add(start, start + length)
  }

  /** Bytes in order from the first on. */
  private available(): number {
    const piece = this.received.indexOf(0)
    return piece < 0 ? 0 : this.received.endAt(piece)
  }
}
