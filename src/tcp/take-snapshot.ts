import type { RangeSet } from '../base/range-set.ts'
import { effectiveMss, offerableWindow } from './header.ts'
import { usesRack } from './rack.ts'
import { bytesInNetwork } from './scoreboard.ts'
import { Sent } from './sent-records.ts'
import type { SentRecords } from './sent-records.ts'
import { seqAdd, seqDiff } from './seq.ts'
import type { AccurateEcn } from './accurate-ecn.ts'
import type { AccurateEcnView, CongestionPhase, RackView, SequenceRange, TcpSnapshot } from './snapshot.ts'
import type { Tcb } from './tcb.ts'
import { Timer } from './timers.ts'

/** Copies the TCB for display. Allocates nothing but ranges and path entries that `into` has no room for. */
export function takeSnapshot(tcb: Tcb, into: TcpSnapshot): void {
  into.id = tcb.id
  into.state = tcb.state
  into.localPort = tcb.localPort
  into.remotePort = tcb.remotePort
  tcb.path.copy(into.path)
  sendSide(tcb, into)
  receiveSide(tcb, into)
  congestion(tcb, into)
  rackView(tcb, into.rack)
  timing(tcb, into)
  counters(tcb, into)
}

function sendSide(tcb: Tcb, into: TcpSnapshot): void {
  into.iss = tcb.iss
  into.sndUna = tcb.sndUna
  into.sndNxt = tcb.sndNxt
  into.sndResendNxt = tcb.resending ? tcb.resendNxt : tcb.sndNxt
  into.sndMax = tcb.sndNxt
  into.sndWnd = tcb.sndWnd
  into.sndWl1 = tcb.sndWl1
  into.sndWl2 = tcb.sndWl2
  into.sndWndShift = tcb.sndWndShift
  into.maxSndWnd = tcb.maxSndWnd
  into.sendBufferBytes = tcb.sendRing.capacity
  into.sendQueuedBytes = tcb.unsentBytes()
  into.sendUnackedBytes = tcb.sendRing.length - into.sendQueuedBytes
  into.sndMss = effectiveMss(tcb)
  into.pathMtu = tcb.pathMtu
  copyRanges(tcb.sacked, into.sackedRanges, tcb.sndUna, tcb.ackedOffset)
}

function receiveSide(tcb: Tcb, into: TcpSnapshot): void {
  const buffer = tcb.receiveBuffer
  into.irs = tcb.irs
  into.rcvNxt = tcb.rcvNxt
  into.rcvWnd = offerableWindow(tcb)
  into.rcvWndShift = tcb.rcvWndShift
  into.rcvAdvertisedEdge = tcb.rcvAdvertisedEdge
  into.rcvUp = tcb.rcvUp
  into.receiveBufferBytes = buffer.limit
  into.receiveUnreadBytes = buffer.unread()
  into.receiveOutOfOrderBytes = buffer.outOfOrderBytes()
  into.rcvMss = tcb.rcvMss
  into.largestReceived = tcb.largestReceived
  copyRanges(buffer.ranges, into.receiveRanges, tcb.rcvNxt, buffer.nextOffset)
}

/** Offsets become sequence numbers: `offset` stands where `seq` does. */
function copyRanges(ranges: RangeSet | null, into: SequenceRange[], seq: number, offset: number): void {
  const count = ranges === null ? 0 : ranges.count
  into.length = Math.min(into.length, count)
  for (let i = 0; i < count; i++) {
    into[i] ??= { start: 0, end: 0 }
    into[i].start = seqAdd(seq, ranges!.startAt(i) - offset)
    into[i].end = seqAdd(seq, ranges!.endAt(i) - offset)
  }
}

function congestion(tcb: Tcb, into: TcpSnapshot): void {
  const { controller } = tcb
  into.cwnd = controller.cwnd
  into.ssthresh = controller.ssthresh
  into.flightSize = seqDiff(tcb.sndNxt, tcb.sndUna)
  into.pipe = bytesInNetwork(tcb)
  into.dupAcks = tcb.dupAcks
  into.dsacks = tcb.dsacks
  into.recover = tcb.recover
  into.prrDelivered = tcb.prrDelivered
  into.prrOut = tcb.prrOut
  into.recoverFs = tcb.recoverFs
  into.inRecovery = tcb.inRecovery
  into.congestionPhase = phase(tcb)
  into.controller = controller.name
}

function rackView(tcb: Tcb, into: RackView): void {
  const { rack } = tcb
  into.on = usesRack(tcb)
  into.xmitUs = rack?.xmitUs ?? -1
  into.endSeq = rack === null || rack.xmitUs < 0 ? 0 : seqAdd(tcb.sndUna, rack.endOffset - tcb.ackedOffset)
  into.rttUs = rack === null || rack.xmitUs < 0 ? -1 : rack.rttUs
  // Before there is anything to record, the round trip of the handshake.
  into.minRttUs = rack === null ? (into.on ? tcb.rtt.srttUs : -1) : rack.minRtt.us === Infinity ? -1 : rack.minRtt.us
  into.reoWndUs = rack?.reoWndUs ?? 0
  into.reoWndMult = rack?.reoWndMult ?? (into.on ? 1 : 0)
  into.reorderingSeen = rack?.reorderingSeen ?? false
  into.lost = rack?.sent.lostBytes ?? 0
  into.resent = rack === null ? 0 : resentBytes(rack.sent)
  into.probeEnd = rack === null || rack.probeEnd < 0 ? 0 : seqAdd(tcb.sndUna, rack.probeEnd - tcb.ackedOffset)
}

function resentBytes(sent: SentRecords): number {
  let bytes = 0
  for (let i = 0; i < sent.count; i++) if ((sent.flagsAt(i) & (Sent.again | Sent.sacked | Sent.lost)) === Sent.again) bytes += sent.endAt(i) - sent.startAt(i)
  return bytes
}

function phase(tcb: Tcb): CongestionPhase {
  if (tcb.inRecovery) return 'fastRecovery'
  if (tcb.lossRecovery) return 'lossRecovery'
  return tcb.controller.cwnd < tcb.controller.ssthresh ? 'slowStart' : 'avoidance'
}

function timing(tcb: Tcb, into: TcpSnapshot): void {
  const { rtt, timers } = tcb
  into.srttUs = rtt.srttUs
  into.rttvarUs = rtt.rttvarUs
  into.rtoUs = rtt.rtoUs(tcb.config)
  into.backoff = rtt.backoff
  into.persistBackoff = tcb.persistBackoff
  into.probesOut = tcb.probesOut
  into.isInteractive = tcb.isInteractive
  into.timeouts = tcb.retransmitCount
  into.lastTextUs = tcb.lastTextUs
  Object.assign(into.sending, tcb.sendTimes)
  into.fastOpen = tcb.fastOpen === null ? 'none' : tcb.fastOpen.outcome
  into.synBytes = tcb.fastOpen === null ? 0 : tcb.fastOpen.synBytes
  into.adoptedUserTimeoutUs = tcb.userTimeout === null ? 0 : tcb.userTimeout.adoptedUs
  into.timestampsOn = tcb.timestampsOn
  into.tsRecent = tcb.tsRecent
  into.sackOn = tcb.sackOn
  into.ecnOn = tcb.ecnOn
  accurateEcnView(tcb.accurateEcn, into.accurateEcn)
  into.ecnMarks = tcb.ecnMarks
  into.eceDue = tcb.eceDue
  into.cwrDue = tcb.cwrDue
  into.timers.retransmit = orOff(timers.deadline(Timer.retransmit))
  into.timers.persist = orOff(timers.deadline(Timer.persist))
  into.timers.delayedAck = orOff(timers.deadline(Timer.delayedAck))
  into.timers.keepAlive = orOff(timers.deadline(Timer.keepAlive))
  into.timers.timeWait = orOff(timers.deadline(Timer.timeWait))
  into.timers.reorder = orOff(timers.deadline(Timer.reorder))
  into.timers.lossProbe = orOff(timers.deadline(Timer.lossProbe))
  into.timers.userTimeout = orOff(timers.deadline(Timer.userTimeout))
}

function accurateEcnView(accurate: AccurateEcn | null, into: AccurateEcnView): void {
  into.on = accurate !== null
  into.rCep = accurate?.rCep ?? 0
  into.rE0b = accurate?.rE0b ?? 0
  into.rCeb = accurate?.rCeb ?? 0
  into.rE1b = accurate?.rE1b ?? 0
  into.sCep = accurate?.sCep ?? 0
  into.sCeb = accurate?.sCeb ?? 0
}

function orOff(deadline: number): number {
  return deadline === Infinity ? -1 : deadline
}

function counters(tcb: Tcb, into: TcpSnapshot): void {
  into.segmentsSent = tcb.segmentsSent
  into.segmentsReceived = tcb.segmentsReceived
  into.bytesSent = tcb.bytesSent
  into.bytesReceived = tcb.bytesReceived
  into.bytesAcked = tcb.bytesAcked
  into.bytesDelivered = tcb.bytesDelivered
  into.retransmissions = tcb.retransmissions
  into.retransmittedBytes = tcb.retransmittedBytes
  into.dataSegmentsSent = tcb.dataSegmentsSent
  into.dataSegmentsReceived = tcb.dataSegmentsReceived
  into.outOfOrderSegments = tcb.outOfOrderSegments
  into.dropped = tcb.dropped
  into.finSent = tcb.finSent
  into.finReceived = tcb.finReceived
  into.openedUs = tcb.openedUs
  into.establishedUs = tcb.establishedUs
}
