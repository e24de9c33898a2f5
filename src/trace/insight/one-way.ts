import { seqGt, seqLe, seqLt } from '../../tcp/seq.ts'
import { Growth } from './growth.ts'
import { LimitedTime } from './limited-time.ts'
import { RecentSegments } from './recent-segments.ts'

/** Timestamps take 12 bytes of options in every segment (RFC 7323, appendix A). */
const timestampBytes = 12
/** Bytes by which full segments may stay below the MSS: for SACK blocks, or a shorter path. */
const slackBytes = 40
/** RFC 9293 §3.7.1: what everybody takes. */
const defaultMss = 536
const holesAtMost = 8

/** What is known of the data of one end, and of what the other end says of it. Sequence numbers are signed words; `hasSent`, `hasAck` say whether they mean anything. */
export class OneWay {
  /** Beyond what was sent, and the highest acknowledgment. */
  nxt = 0
  una = 0
  hasSent = false
  hasAck = false
  /** The packet that brought it. */
  unaPacket = 0
  unaUs = 0

  segments = 0
  bytes = 0
  /** Longest segment that fits the MSS. */
  longest = 0
  /** As the other end's SYN says; -1 unknown. */
  mss = -1
  hasTimestamps = false
  lastUs = 0
  lastPacket = 0
  lastLength = 0
  /** Before that: for what was under way as the last one left. */
  smallPacket = 0
  smallEnd = 0

  /** IP id of the newest data, -1 none, and how many in a row counted on. */
  ipIdHighest = -1
  steadyIds = 0
  ttl = -1
  finSent = false
  finUs = 0
  /** It sent something behind its SYN. */
  isOpen = false
  resetPacket = 0
  /** Its latest segment of any kind; packet 0 none. */
  anyPacket = 0
  anyUs = 0
  anyFlags = 0
  anySeq = 0
  anyAck = 0
  anyLength = 0
  anyTsVal = 0

  /** From the point of capture to the other end and back, the shortest seen; Infinity unknown. */
  pathUs = Infinity

  /** One segment at a time is timed (RFC 6298 §3): where it ends and when it left; -1 none. */
  timedEnd = 0
  timedUs = -1
  /** ACKs since the last progress that repeat the number or bring SACK blocks: what tells a sender of a loss before a timeout does. */
  repeatedAcks = 0
  /** The latest delayed ACK: what it acknowledged, when it passed and how long it had waited; packet 0 none. */
  delayedPacket = 0
  delayedEnd = 0
  delayedAtUs = 0
  delayedWaitUs = 0

  /** What the other end offers: the right edge at its furthest, the window now and the largest; -1 unknown. */
  edge = 0
  hasEdge = false
  window = -1
  largestWindow = 0
  zeroSinceUs = -1
  zeroPacket = 0
  /** As it stood in the latest header. */
  lastWindow = -1

  /** Sent again and not acknowledged: since when, how often, the first packet that was not answered. */
  unansweredRepeats = 0
  unansweredPacket = 0
  unansweredUs = 0

  synPacket = 0
  synUs = 0
  synSeq = 0
  syns = 0

  readonly counts = new OneWayCounts()
  readonly time = new LimitedTime()
  readonly growth = new Growth()
  /** First flight: where it began and what it held. */
  flightUs = -1
  flightSegments = 0
  flightBytes = 0
  isFlightShort = false
  flightState: 'none' | 'open' | 'whole' | 'atLeast' = 'none'

  private recentSegments: RecentSegments | null = null
  private repeatedSegments: RecentSegments | null = null
  /** [left, right, timestamp, IP id, packet of what came behind it] of each. */
  private holes: number[] | null = null

  /** The latest segments of data. */
  get recent(): RecentSegments { return this.recentSegments ??= new RecentSegments(32) }
  /** The latest that were sent again; null before the first. */
  get repeated(): RecentSegments | null { return this.repeatedSegments }

  noteRepeated(): RecentSegments { return this.repeatedSegments ??= new RecentSegments(16) }

  get outstanding(): number { return this.hasSent && this.hasAck ? Math.max(0, (this.nxt - this.una) | 0) : 0 }

  /** Payload of a full segment. */
  get full(): number {
    if (this.mss <= 0) return Math.max(defaultMss, this.longest)
    const most = this.mss - (this.hasTimestamps ? timestampBytes : 0)
    return this.longest >= most - slackBytes && this.longest <= most ? this.longest : most
  }

  /** Whether it ends before a full segment would: there was no more to send, or no room. Several segments in one frame count by their last. */
  isSmall(length: number): boolean {
    const { full } = this
    return length < full ? length < full - slackBytes : length % full !== 0
  }

  openHole(left: number, right: number, tsVal: number, ipId: number, packet: number): void {
    this.holes ??= []
    if (this.holes.length >= holesAtMost * 5) this.holes.splice(0, 5)
    this.holes.push(left, right, tsVal, ipId, packet)
  }

  /** Index of the hole that a segment lies in, at least in part; -1 none. */
  holeOf(seq: number, end: number): number {
    const { holes } = this
    if (holes !== null) for (let i = 0; i < holes.length; i += 5) if (seqLt(seq, holes[i + 1]) && seqGt(end, holes[i])) return i
    return -1
  }

  hole(i: number, field: 2 | 3 | 4): number { return this.holes![i + field] }

  /** What a segment fills of the holes is none any more. */
  fillHoles(seq: number, end: number): void {
    const { holes } = this
    if (holes === null || holes.length === 0) return
    for (let i = holes.length - 5; i >= 0; i -= 5) {
      const left = holes[i]
      const right = holes[i + 1]
      if (!seqLt(seq, right) || !seqGt(end, left)) continue
      const isLeftCovered = seqLe(seq, left)
      const isRightCovered = !seqLt(end, right)
      if (isLeftCovered && isRightCovered) {
        holes.splice(i, 5)
      } else if (isLeftCovered) {
        holes[i] = end
      } else if (isRightCovered) {
        holes[i + 1] = seq
      } else {
        const [, , tsVal, ipId, packet] = holes.slice(i, i + 5)
        holes[i + 1] = seq
        if (holes.length < holesAtMost * 5) holes.push(end, right, tsVal, ipId, packet)
      }
    }
  }
}

/** How often what was found in one direction, with the packet that shows it first. */
export class OneWayCounts {
  retransmissions = 0
  needlessByDsack = 0
  needlessByEifel = 0
  reordered = 0
  duplicateFrames = 0
  dsackOfDuplicate = 0
  delayedAcks = 0
  delayedUs = 0
  nagleDelayed = 0
  nagleDelayedUs = 0
  naglePacket = 0
  sillyWindows = 0
  sillySegments = 0
  windowShrunk = 0
  zeroStalls = 0
  zeroStalledUs = 0
  longestStallUs = 0
  longestStallPacket = 0
  superSegments = 0
  superPacket = 0
  unfinishedChecksums = 0
  unfinishedPacket = 0
  /** Segments below a tenth of a full one, and those of them that left while another small one was under way. */
  tiny = 0
  tinyAhead = 0
  tinyPacket = 0
  tinyBytes = 0
}
