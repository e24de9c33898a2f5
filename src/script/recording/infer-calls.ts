import { RangeSet } from '../../base/range-set.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import type { RecordedCall, RecordedEvent, RecordedSegment, Recording } from './recording.ts'

/** How the program under test is taken to read: what comes at once, or only when its window opens again. */
export type ReadHabit = 'atOnce' | 'whenWindowOpens'

/** Pieces with holes between them that are remembered; what is beyond does not count as read. */
const piecesAtMost = 4096
/** A reset this soon behind a segment that came is the stack's own answer to it. */
const answerUs = 2000

/**
 * The system calls that the packets of a connection tell of: a write begins with the first of its bytes and ends with a PSH or FIN, what comes in order
 * is read, a FIN is a close, or a shutdown where data came after it. A recording that has its calls is given back as it is.
 */
export function inferCalls(recording: Recording, habit: ReadHabit): Recording {
  const { events } = recording
  if (events.some(({ kind }) => kind !== 'segment')) return recording
  return { ...recording, events: new CallInference(events as readonly RecordedSegment[], habit).run() }
}

class CallInference {
  private readonly out: RecordedEvent[] = []
  private readonly segments: readonly RecordedSegment[]
  private readonly habit: ReadHabit
  /** Sequence numbers from here on are new: offsets from the first SYN. */
  private sentEnd = 0
  private ourIsn = -1
  private theirIsn = -1
  /** What came in, as offsets from the other side's first SYN. */
  private readonly received = new RangeSet(piecesAtMost)
  private readEnd = 1
  private finSent = false
  private isClosed = false
  private synSent = false
  /** The write that is under way, as an index of `out`. */
  private writeAt = -1
  private lastIn: RecordedSegment | null = null
  private lastOut: RecordedSegment | null = null

  constructor(segments: readonly RecordedSegment[], habit: ReadHabit) {
    this.segments = segments
    this.habit = habit
  }

  run(): RecordedEvent[] {
    this.segments.forEach((segment, i) => {
      if (segment.direction === 'out') this.takeSent(segment, i)
      else this.takeReceived(segment)
    })
    return this.out
  }

  private takeSent(segment: RecordedSegment, index: number): void {
    const { flags, length, timeUs } = segment
    const has = (flag: number) => (flags & flag) !== 0
    if (has(TcpFlag.syn)) {
      if (!this.synSent && !has(TcpFlag.ack)) this.call('connect', timeUs, 0)
      this.synSent = true
      if (this.ourIsn < 0) this.ourIsn = segment.seq
      this.sentEnd = Math.max(this.sentEnd, 1)
    }
    const end = ((segment.seq - this.ourIsn) >>> 0) + length + (has(TcpFlag.syn) ? 1 : 0)
    const isNewFin = has(TcpFlag.fin) && !this.finSent
    if (length > 0 && end > this.sentEnd) this.write(segment, end - Math.max(this.sentEnd, end - length), isNewFin)
    this.sentEnd = Math.max(this.sentEnd, end)
    if (isNewFin) {
      this.finSent = true
      this.isClosed = !this.hearsLater(index)
      this.call(this.isClosed ? 'close' : 'shutdown', timeUs, 0)
    }
    if (has(TcpFlag.rst) && !this.isAnswer(segment)) this.call('abort', timeUs, 0)
    if (this.habit === 'whenWindowOpens' && this.isWindowUpdate(segment)) this.read(timeUs)
    this.lastOut = segment
    this.out.push(segment)
  }

  private takeReceived(segment: RecordedSegment): void {
    const { flags, length, isDamaged } = segment
    this.lastIn = segment
    this.out.push(segment)
    if (isDamaged) return
    if ((flags & TcpFlag.syn) !== 0 && this.theirIsn < 0) this.theirIsn = segment.seq
    if (length === 0 || this.theirIsn < 0) return
    const start = (segment.seq - this.theirIsn) >>> 0
    if (start > 0x7fff_ffff) return
    this.received.add(start, start + length)
    if (this.habit === 'atOnce') this.read(segment.timeUs)
  }

  private write({ timeUs, flags }: RecordedSegment, bytes: number, endsStream: boolean): void {
    const before = this.writeAt < 0 ? null : this.out[this.writeAt] as RecordedCall
    if (before === null) {
      this.writeAt = this.out.length
      this.call('write', timeUs, bytes, endsStream)
    } else this.out[this.writeAt] = { ...before, bytes: before.bytes + bytes, isHeld: endsStream }
    if ((flags & (TcpFlag.psh | TcpFlag.fin)) !== 0) this.writeAt = -1
  }

  /** What is there in order and was not read. */
  private read(timeUs: number): void {
    if (this.isClosed) return
    const piece = this.received.indexOf(this.readEnd)
    if (piece < 0) return
    const end = this.received.endAt(piece)
    this.call('read', timeUs, end - this.readEnd)
    this.received.removeBelow(end)
    this.readEnd = end
  }

  private call(kind: RecordedCall['kind'], timeUs: number, bytes: number, isHeld = false): void {
    this.out.push({ kind, timeUs, bytes, isHeld })
  }

  /** Whether data comes after our FIN, and is taken. */
  private hearsLater(index: number): boolean {
    return this.segments.slice(index + 1).some(({ direction, length, isDamaged }, i, later) =>
      direction === 'in' && length > 0 && !isDamaged && !later.slice(i + 1, i + 3).some((next) => next.direction === 'out' && (next.flags & TcpFlag.rst) !== 0))
  }

  private isAnswer({ timeUs }: RecordedSegment): boolean {
    return this.lastIn !== null && timeUs - this.lastIn.timeUs < answerUs
  }

  /** The same acknowledgment with more room. */
  private isWindowUpdate({ ack, window, length, flags }: RecordedSegment): boolean {
    if (length > 0 || (flags & (TcpFlag.syn | TcpFlag.fin | TcpFlag.rst)) !== 0) return false
    return this.lastOut !== null && this.lastOut.ack === ack && window > this.lastOut.window
  }
}
