import { seqGe, seqGt, seqLe, seqLt } from '../../tcp/seq.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import { Finding } from '../finding.ts'
import { endFlight } from './judge-data.ts'
import type { Notes } from './notes.ts'
import type { OneWay } from './one-way.ts'

/** What an ACK has to wait beyond its way before it is taken to be delayed on purpose. */
const delayUs = 20_000
/** RFC 1122 §4.2.3.2: less than half a second. */
const delayAtMostUs = 500_000

/**
 * What a segment says of the data of the other end, `notes.heard`: acknowledgments, SACK, windows.
 * @param shift of its window; -1 where it was not seen, -2 where there is none
 */
export function judgeAck(notes: Notes, shift: number): void {
  const { segment, heard } = notes
  if ((segment.flags & (TcpFlag.ack | TcpFlag.rst)) !== TcpFlag.ack) return
  if (!heard.hasAck) {
    heard.hasAck = true
    heard.una = segment.ack
    heard.unaUs = segment.timeUs
    heard.unaPacket = segment.packet
  }
  const advance = (segment.ack - heard.una) | 0
  // Of what was sent before an acknowledgment that has passed already, windows and numbers are old (RFC 9293 §3.10.7.4).
  if (advance < 0 || (heard.hasSent && seqGt(segment.ack, heard.nxt)) || isLate(notes)) return
  if (segment.sackCount > 0) judgeDsack(notes)
  if (advance > 0) takeProgress(notes, advance)
  else judgeRepeatedAck(notes)
  judgeWindow(notes, shift)
}

/** RFC 7323 §5.3: whoever sent it has sent a later one before it came by. */
function isLate({ segment, sent }: Notes): boolean {
  return segment.hasTimestamp && sent.hasTimestamps && ((segment.tsVal - sent.anyTsVal) | 0) < 0
}

/** RFC 2883 §4: the first block reports what came twice where it lies below the acknowledgment or within the second. */
function isDsack({ segment }: Notes): boolean {
  if (segment.sackCount === 0 || !seqLt(segment.left(0), segment.right(0))) return false
  if (seqLe(segment.right(0), segment.ack)) return true
  return segment.sackCount > 1 && seqGe(segment.left(0), segment.left(1)) && seqLe(segment.right(0), segment.right(1))
}

function judgeDsack(notes: Notes): void {
  const { segment, heard } = notes
  if (!isDsack(notes)) return
  const [left, right] = [segment.left(0), segment.right(0)]
  const { repeated } = heard
  const place = repeated?.latestIn(left, right) ?? -1
  if (place < 0) {
    heard.counts.dsackOfDuplicate++
    notes.add('dsackOfDuplicate', [left, right])
    return
  }
  repeated!.judge(place)
  heard.counts.needlessByDsack++
  notes.add('dsackOfRetransmission', [left, right], repeated!.packetAt(place))
  notes.of(repeated!.packetAt(place), 'needlessByDsack', [], segment.packet)
}

function takeProgress(notes: Notes, advance: number): void {
  const { segment, heard } = notes
  judgeEifel(notes)
  judgeDelay(notes, advance)
  if (heard.timedUs >= 0 && seqGe(segment.ack, heard.timedEnd)) {
    if (heard.unansweredRepeats === 0) heard.pathUs = Math.min(heard.pathUs, segment.timeUs - heard.timedUs)
    heard.timedUs = -1
  }
  heard.una = segment.ack
  heard.unaUs = segment.timeUs
  heard.unaPacket = segment.packet
  heard.unansweredRepeats = 0
  heard.repeatedAcks = 0
  if (heard.flightState === 'open') noteAnsweredFlight(heard, notes.sent.pathUs, segment.timeUs)
  heard.growth.acknowledged(heard.una, heard.nxt, segment.timeUs, heard.full)
}

/** Near the receiver its ACKs pass long before the sender has them. Where no round trip is known, as behind a SYN that was sent again, more may have been on its way. */
function noteAnsweredFlight(heard: OneWay, otherPathUs: number, nowUs: number): void {
  const roundTripUs = heard.pathUs + otherPathUs
  if (!Number.isFinite(roundTripUs)) heard.isFlightShort = true
  else if (nowUs - heard.flightUs <= 0.5 * roundTripUs) return
  endFlight(heard)
}

/** RFC 3522 §3.2: the first ACK for what was sent again echoes an earlier timestamp, so it answers the original. */
function judgeEifel(notes: Notes): void {
  const { segment, heard } = notes
  if (!segment.hasTimestamp || segment.tsEcr === 0 || heard.repeated === null) return
  const place = heard.repeated.firstWith(heard.una)
  if (place < 0) return
  const tsVal = heard.repeated.tsValAt(place)
  const packet = heard.repeated.packetAt(place)
  if (tsVal === 0) return
  if (((segment.tsEcr - tsVal) | 0) < 0) {
    heard.counts.needlessByEifel++
    notes.of(packet, 'needlessByEifel', [segment.tsEcr >>> 0, tsVal >>> 0], segment.packet)
  }
}

function judgeDelay(notes: Notes, advance: number): void {
  const { segment, heard } = notes
  const { counts } = heard
  if (segment.length > 0 || segment.ack !== heard.nxt || (segment.flags & (TcpFlag.syn | TcpFlag.fin)) !== 0) return
  if (heard.lastPacket === 0 || heard.unansweredRepeats > 0 || heard.finSent || !Number.isFinite(heard.pathUs)) return
  const waitedUs = segment.timeUs - heard.lastUs - heard.pathUs
  if (waitedUs < delayUs || advance >= 2 * heard.full) return
  counts.delayedAcks++
  counts.delayedUs += waitedUs
  heard.delayedPacket = segment.packet
  heard.delayedEnd = segment.ack
  heard.delayedAtUs = segment.timeUs
  heard.delayedWaitUs = Math.round(waitedUs)
  notes.add('delayedAck', [Math.round(waitedUs), Math.round(heard.pathUs)], heard.lastPacket)
  if (waitedUs > delayAtMostUs) notes.add('ackTooLate', [Math.round(waitedUs)], heard.lastPacket)
}

/** RFC 5681 §2 asks for something outstanding and an unchanged window; RFC 6675 §2 takes new SACK blocks instead. */
function judgeRepeatedAck(notes: Notes): void {
  const { segment, heard } = notes
  const isDuplicateThere = (segment.findings & Finding.duplicateAck) !== 0
  const isBare = segment.length === 0 && (segment.flags & (TcpFlag.syn | TcpFlag.fin)) === 0
  const isOutstanding = heard.outstanding > 0
  if (!isBare) return
  if (isDuplicateThere && !isOutstanding) {
    notes.add('notDuplicateAck', [segment.ack], heard.unaPacket)
    return
  }
  if (!isOutstanding) return
  const hasNews = segment.sackCount > 0 && !isDsack(notes) && seqGt(segment.left(0), segment.ack)
  const isByRfc = heard.lastWindow === segment.window
  if (isByRfc || hasNews) heard.repeatedAcks++
  if (isDuplicateThere) return
  if (isByRfc) notes.add('duplicateAckByRfc', [segment.ack], heard.unaPacket)
  else if (hasNews) notes.add('duplicateAckBySack', [segment.ack, segment.left(0), segment.right(0)], heard.unaPacket)
}

function judgeWindow(notes: Notes, shift: number): void {
  const { segment, heard } = notes
  heard.lastWindow = segment.window
  if (shift === -1) return
  const unit = 2 ** Math.max(0, shift)
  const window = segment.window * unit
  const edge = (segment.ack + window) | 0
  if (heard.hasEdge) {
    const moved = (edge - heard.edge) | 0
    if (moved <= -unit) {
      heard.counts.windowShrunk++
      notes.add('windowShrunk', [heard.edge, edge])
    }
    judgeSillyWindow(notes, window, moved)
    judgeZeroWindow(notes, window)
  }
  heard.edge = edge
  heard.hasEdge = true
  heard.window = window
  if (window > heard.largestWindow) heard.largestWindow = window
}

/** RFC 1122 §4.2.3.3: a receiver that has little room waits until it has a segment's worth, or half its buffer. */
function judgeSillyWindow(notes: Notes, window: number, moved: number): void {
  const { heard } = notes
  const least = Math.min(heard.full, heard.largestWindow >>> 1)
  if (moved <= 0 || moved >= least || window >= least || window === 0) return
  heard.counts.sillyWindows++
  notes.add('sillyWindow', [moved, least])
}

function judgeZeroWindow(notes: Notes, window: number): void {
  const { segment, heard } = notes
  if (window === 0) {
    if (heard.zeroSinceUs < 0) {
      heard.zeroSinceUs = segment.timeUs
      heard.zeroPacket = segment.packet
    }
    return
  }
  if (heard.zeroSinceUs < 0) return
  const stalledUs = segment.timeUs - heard.zeroSinceUs
  endStall(heard, stalledUs)
  notes.add('windowReopened', [Math.round(stalledUs), window], heard.zeroPacket)
  heard.zeroSinceUs = -1
}

function endStall(heard: OneWay, stalledUs: number): void {
  const { counts } = heard
  counts.zeroStalls++
  counts.zeroStalledUs += stalledUs
  if (stalledUs <= counts.longestStallUs) return
  counts.longestStallUs = stalledUs
  counts.longestStallPacket = heard.zeroPacket
}
