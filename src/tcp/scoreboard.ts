import { RangeSet } from '../base/range-set.ts'
import { duplicateThreshold } from './limits.ts'
import { rackPipe, rackSacked } from './rack.ts'
import type { TcpSegment } from './segment.ts'
import { seqDiff, seqLe, seqLt, seqMax } from './seq.ts'
import type { Tcb } from './tcb.ts'

/** What would make more separate ranges than these is not remembered. */
const maxSackedRanges = 128

/**
 * The scoreboard of RFC 6675: which outstanding bytes the peer reported to have. Places are distances from ISS, so that they order
 * without wrapping. Update() of §4: takes the blocks of an arriving segment; what lies outside of the outstanding bytes (D-SACK,
 * garbage) is ignored, and so is all before the SYN is acknowledged: a SYN is no data that could arrive ahead of its turn.
 * @returns bytes that were not reported before
 */
export function takeSackBlocks(tcb: Tcb, segment: TcpSegment, nowUs: number): number {
  const { sackEdges, sackCount } = segment.options
  const before = tcb.sackedBytes
  if (!tcb.synAcked) return 0
  for (let i = 0; i < sackCount; i++) {
    const left = sackEdges[2 * i]
    const right = sackEdges[2 * i + 1]
    if (!seqLt(left, right) || !seqLt(segment.ack, left) || !seqLe(right, tcb.sndNxt) || !seqLt(tcb.sndUna, right)) continue
    tcb.sacked ??= new RangeSet(maxSackedRanges)
    const start = offsetOf(tcb, seqMax(left, tcb.sndUna))
    const end = offsetOf(tcb, right)
    const fresh = firstHole(tcb, start)
    if (tcb.sacked.add(start, end) && tcb.rack !== null && fresh < end) rackSacked(tcb, tcb.rack, fresh, end, nowUs)
  }
  if (tcb.sacked !== null) tcb.sackedBytes = tcb.sacked.total()
  return tcb.sackedBytes - before
}

/** What is acknowledged cumulatively leaves the scoreboard. */
export function trimScoreboard(tcb: Tcb): void {
  if (tcb.sackedBytes === 0) return
  tcb.sacked!.removeBelow(tcb.ackedOffset)
  tcb.sackedBytes = tcb.sacked!.total()
}

/** The receiver may have thrown away what it reported (RFC 2018 §8). */
export function clearScoreboard(tcb: Tcb): void {
  tcb.sacked?.clear()
  tcb.sackedBytes = 0
  tcb.rack?.sent.forgetSacked()
}

/**
 * IsLost() of §4 for all bytes at once: those below this place that were not reported are lost, the others are not (yet). Lost is what
 * has three reported ranges above it, or more than two segments of reported bytes.
 */
export function lostEdge(tcb: Tcb): number {
  const { sacked } = tcb
  if (tcb.sackedBytes === 0) return tcb.ackedOffset
  const enough = (duplicateThreshold - 1) * tcb.smss()
  let bytes = 0
  const top = sacked!.count - 1
  for (let i = top; i >= 0; i--) {
    bytes += sacked!.endAt(i) - sacked!.startAt(i)
    if (top - i + 1 >= duplicateThreshold || bytes > enough) return sacked!.startAt(i)
  }
  return tcb.ackedOffset
}

/** SetPipe() of §4: bytes thought to be in the network. */
export function pipe(tcb: Tcb): number {
  if (tcb.rack !== null) return rackPipe(tcb, tcb.rack)
  const una = tcb.ackedOffset
  const lost = lostEdge(tcb)
  const end = una + seqDiff(tcb.sndNxt, tcb.sndUna)
  const resent = Math.max(una, tcb.highRxt)
  return end - lost - sackedBetween(tcb, lost, end) + resent - una - sackedBetween(tcb, una, resent)
}

/** What counts as in flight against cwnd: all that is out but for what the peer is known to have and, in recovery, what is lost. */
export function bytesInNetwork(tcb: Tcb): number {
  if (tcb.sackRecovery || (tcb.rack !== null && tcb.lossRecovery)) return pipe(tcb)
  const flightSize = seqDiff(tcb.sndNxt, tcb.sndUna)
  return tcb.lossRecovery || tcb.config.limitedTransmit ? flightSize - tcb.sackedBytes : flightSize
}

/** The first byte at or after `offset` that was not reported. */
export function firstHole(tcb: Tcb, offset: number): number {
  if (tcb.sackedBytes === 0) return offset
  const index = tcb.sacked!.indexOf(offset)
  return index < 0 ? offset : tcb.sacked!.endAt(index)
}

/** Bytes from `offset` to the next reported one, Infinity where there is none. */
export function holeLength(tcb: Tcb, offset: number): number {
  if (tcb.sackedBytes === 0) return Infinity
  const sacked = tcb.sacked!
  const index = sacked.indexAfter(offset)
  return index < sacked.count && sacked.startAt(index) > offset ? sacked.startAt(index) - offset : Infinity
}

/** The end of the highest reported byte. */
export function highestSacked(tcb: Tcb): number {
  return tcb.sackedBytes === 0 ? tcb.ackedOffset : tcb.sacked!.endAt(tcb.sacked!.count - 1)
}

/** Reported bytes in [from, to). */
export function sackedBetween(tcb: Tcb, from: number, to: number): number {
  if (tcb.sackedBytes === 0 || to <= from) return 0
  const sacked = tcb.sacked!
  let sum = 0
  for (let i = sacked.indexAfter(from); i < sacked.count && sacked.startAt(i) < to; i++) {
    sum += Math.min(sacked.endAt(i), to) - Math.max(sacked.startAt(i), from)
  }
  return sum
}

/** The distance from ISS of an outstanding sequence number. */
export function offsetOf(tcb: Tcb, seq: number): number {
  return tcb.ackedOffset + seqDiff(seq, tcb.sndUna)
}
