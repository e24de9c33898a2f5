import { RangeSet } from '../../base/range-set.ts'
import { payloadBytes } from '../../tcp/segment.ts'
import type { TcpSegment } from '../../tcp/segment.ts'
import { seqDiff, seqLe, seqLt } from '../../tcp/seq.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import { spokenByte } from './talker.ts'

const maxRanges = 2048
/** RFC 9293 §3.7.1; an MSS below the last is not taken at its word by our engine. */
const defaultMss = { 4: 536, 6: 1220 } as const
const smallestMss = 64

/** What one end put on the wire and got from it. Offsets are distances from an initial sequence number: 0 is the SYN, 1 the first byte. */
class Side {
  iss = -1
  /** What left may begin behind it: frames that wait in vain for a neighbour never do. */
  sentEnd = 0
  finAt = -1
  /** The right edge that this end offered, and the furthest one that reached it. */
  offered = 0
  synWindow = 0
  seen = 0
  /** What of the other end's sequence space reached this one. */
  readonly delivered = new RangeSet(maxRanges)
  acked = 0
  mss = -1
  shift = -1
  timestamps = false
  sack = false
  tsVal = -1
  /** The latest TSval that reached this end. */
  tsHeard = -1
}

/**
 * Watches one connection from its frames alone and tells what no right TCP does: acknowledging what never arrived, moving a window's
 * edge to the left, sending beyond the other's window, other bytes or another length the second time, options that were not agreed on.
 */
export class Witness {
  /** Set to look away. */
  isOff = false
  private readonly sides = [new Side(), new Side()] as const
  private readonly voices: readonly [number, number]
  private readonly ipVersion: 4 | 6

  /** @param voices of the streams that side 0 and side 1 speak, see {@link spokenByte} */
  constructor(voices: readonly [number, number], ipVersion: 4 | 6) {
    this.voices = voices
    this.ipVersion = ipVersion
  }

  /** Side `who` sends. @returns what is wrong with it, or null */
  sent(who: 0 | 1, segment: TcpSegment): string | null {
    if (this.isOff) return null
    if ((segment.flags & TcpFlag.rst) !== 0) return payloadBytes(segment) > 0 ? 'an RST with data' : null
    const us = this.sides[who]
    const them = this.sides[1 - who]
    if ((segment.flags & TcpFlag.syn) !== 0) this.noteSyn(us, segment)
    if (this.isOff) return null
    if (us.iss < 0) return 'a segment before the SYN'
    return this.wrongText(who, segment) ?? wrongAck(us, them, segment) ?? wrongWindow(us, them, segment) ?? wrongOptions(us, them, segment)
  }

  /** A segment with a good checksum reaches side `who`. */
  delivered(who: 0 | 1, segment: TcpSegment): void {
    const us = this.sides[who]
    const them = this.sides[1 - who]
    if (this.isOff || (segment.flags & TcpFlag.rst) !== 0 || them.iss < 0) return
    const offset = seqDiff(segment.seq, them.iss)
    const end = endOf(segment, offset)
    // A leftover of an earlier attempt with another initial sequence number says nothing here.
    if (offset < 0 || end > them.sentEnd) return
    if (!us.delivered.add(offset, end)) throw new Error(`more than ${maxRanges} holes`)
    const { options } = segment
    if (options.hasTimestamp && (us.tsHeard < 0 || seqLt(us.tsHeard, options.tsVal))) us.tsHeard = options.tsVal
    const isSyn = (segment.flags & TcpFlag.syn) !== 0
    if ((segment.flags & TcpFlag.ack) === 0) {
      if (isSyn) us.seen = Math.max(us.seen, 1 + segment.window)
      return
    }
    const acked = us.iss < 0 ? -1 : seqDiff(segment.ack, us.iss)
    if (acked >= 0 && acked <= us.sentEnd) us.seen = Math.max(us.seen, acked + segment.window * (isSyn ? 1 : 2 ** shiftOf(them, us)))
  }

  private noteSyn(us: Side, segment: TcpSegment): void {
    // Another attempt, with another initial sequence number, while segments of the first are on their way: too much may be true now.
    if (us.iss >= 0 && us.iss !== segment.seq) this.isOff = true
    us.iss = segment.seq
    const { options } = segment
    us.mss = options.mss
    us.shift = options.windowScale
    us.timestamps = options.hasTimestamp
    us.sack = options.sackPermitted
    if ((segment.flags & TcpFlag.ack) === 0) us.synWindow = segment.window
  }

  /** The same sequence number always carries the same byte, in a segment that the other end's MSS and window allow. */
  private wrongText(who: 0 | 1, segment: TcpSegment): string | null {
    const us = this.sides[who]
    const them = this.sides[1 - who]
    const length = payloadBytes(segment)
    const offset = seqDiff(segment.seq, us.iss)
    const end = endOf(segment, offset)
    const isSyn = (segment.flags & TcpFlag.syn) !== 0
    if (offset < 0) return `a segment at ${offset}`
    if (isSyn) {
      us.sentEnd = Math.max(us.sentEnd, end)
      if (length > 0 && (segment.flags & TcpFlag.ack) !== 0) return 'a SYN+ACK with data'
    }
    const textAt = isSyn ? 0 : offset - 1
    for (let i = 0; i < length; i++) {
      if (segment.payload[segment.payloadAt + i] !== spokenByte(this.voices[who], textAt + i)) return `byte ${textAt + i} of the stream is another one than was written`
    }
    if (isSyn) return null
    if ((segment.flags & TcpFlag.fin) !== 0) {
      if (us.finAt >= 0 && us.finAt !== end - 1) return `a FIN at ${end - 1} that was at ${us.finAt}`
      us.finAt = end - 1
      if (us.sentEnd > end) return `a FIN at ${end - 1} behind which bytes were sent`
    } else if (us.finAt >= 0 && length > 0 && end > us.finAt) {
      return `bytes up to ${end} behind the FIN at ${us.finAt}`
    }
    us.sentEnd = Math.max(us.sentEnd, end)
    // A closed window may be probed by one byte, or by the FIN.
    if (end > offset && end > us.seen && !(end - offset === 1 && offset <= us.seen)) return `sequence numbers up to ${end}, where the window ends at ${us.seen}`
    const mss = Math.max(smallestMss, them.mss < 0 ? defaultMss[this.ipVersion] : them.mss)
    return length + segment.optionLength > mss ? `${length} bytes and ${segment.optionLength} of options, where the MSS is ${mss}` : null
  }
}

function wrongAck(us: Side, them: Side, segment: TcpSegment): string | null {
  if ((segment.flags & TcpFlag.ack) === 0) return null
  const acked = them.iss < 0 ? -1 : seqDiff(segment.ack, them.iss)
  if (acked < 0 || acked > them.sentEnd) return `an acknowledgment of ${acked}, where ${them.sentEnd} were sent`
  if (!us.delivered.covers(0, acked)) return `an acknowledgment of ${acked}, which did not all arrive`
  if (acked < us.acked) return `an acknowledgment of ${acked} after one of ${us.acked}`
  us.acked = acked
  const { sackCount, sackEdges } = segment.options
  for (let i = 0; i < sackCount; i++) {
    const start = seqDiff(sackEdges[2 * i], them.iss)
    const end = seqDiff(sackEdges[2 * i + 1], them.iss)
    if (end <= start || !us.delivered.covers(start, end)) return `a SACK block ${start} to ${end}, which did not all arrive`
    if (i > 0 && end <= acked) return `a SACK block ${start} to ${end} below the ACK ${acked}`
  }
  return null
}

/** Less than one unit of the scale may be lost by rounding (RFC 7323 §2.4), and a SYN+ACK that comes again has no scale at all. */
function wrongWindow(us: Side, them: Side, segment: TcpSegment): string | null {
  if ((segment.flags & TcpFlag.ack) === 0) return null
  const isSyn = (segment.flags & TcpFlag.syn) !== 0
  const unit = isSyn ? 1 : 2 ** shiftOf(us, them)
  const edge = us.acked + segment.window * unit
  const before = Math.max(us.offered, 1 + us.synWindow)
  if (!isSyn && edge <= before - unit) return `a window that ends at ${edge}, where it ended at ${before}`
  us.offered = Math.max(us.offered, edge)
  return null
}

function wrongOptions(us: Side, them: Side, segment: TcpSegment): string | null {
  const { options } = segment
  if ((segment.flags & TcpFlag.syn) === 0) {
    if (options.mss >= 0 || options.windowScale >= 0 || options.sackPermitted) return 'an option of a SYN on another segment'
    if (options.hasTimestamp !== (us.timestamps && them.timestamps)) return options.hasTimestamp ? 'a timestamp that was not agreed on' : 'no timestamp, where that was agreed on'
    if (options.sackCount > 0 && !(us.sack && them.sack)) return 'SACK blocks that were not agreed on'
  }
  if (!options.hasTimestamp) return null
  if (us.tsVal >= 0 && seqLt(options.tsVal, us.tsVal)) return `TSval ${options.tsVal} after ${us.tsVal}`
  us.tsVal = options.tsVal
  if ((segment.flags & TcpFlag.ack) !== 0 && us.tsHeard >= 0 && !seqLe(options.tsEcr, us.tsHeard)) return `TSecr ${options.tsEcr}, which was not heard yet`
  return null
}

/** How the windows of `us` are scaled once both SYNs are known. */
function shiftOf(us: Side, them: Side): number {
  return us.shift >= 0 && them.shift >= 0 ? Math.min(14, us.shift) : 0
}

function endOf(segment: TcpSegment, offset: number): number {
  return offset + payloadBytes(segment) + ((segment.flags & TcpFlag.syn) >>> 1) + (segment.flags & TcpFlag.fin)
}
