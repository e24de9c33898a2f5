import { duplicateThreshold } from './limits.ts'
import { MinRtt } from './min-rtt.ts'
import { Reason } from './reasons.ts'
import { timestampNow } from './sampling.ts'
import { Sent, SentRecords } from './sent-records.ts'
import type { TcpSegment } from './segment.ts'
import { seqDiff } from './seq.ts'
import type { Tcb } from './tcb.ts'

const persistRecoveries = 16

/** What RACK-TLP knows of a connection with SACK (RFC 8985 §5.3, §7.1). Places are distances from ISS, times µs, -1 where there is none. */
export class Rack {
  readonly sent: SentRecords
  readonly minRtt = new MinRtt()
  /** Of the segment that was sent last among those delivered: RACK.xmit_ts, RACK.end_seq, RACK.rtt. */
  xmitUs = -1
  endOffset = 0
  rttUs = 0
  /** RACK.fack, and what it was before the ACK at hand. */
  fack = 0
  priorFack = 0
  reorderingSeen = false
  reoWndUs = 0
  reoWndMult = 1
  reoWndPersist = persistRecoveries
  /** RACK.dsack_round. */
  dsackRound = -1
  /** When the wait for reordered segments is over, Infinity where none is waited for. */
  reorderAtUs = Infinity
  /** The ACK at hand: whether it ended a recovery, showed a duplicate, and which timestamp it echoes (-1 without one). */
  recoveryEnded = false
  dsackArrived = false
  echo = -1
  /** TLP.end_seq, TLP.is_retrans. */
  probeEnd = -1
  probeWasAgain = false
  /** In flight when it left. */
  probeFlight = 0
  /** Where the last segment with new data begins. */
  lastStart = 0
  /** A round trip was measured since the last probe. */
  sampledSinceProbe = true
  /** What the probe timer counts from: the last new data or new ACK. */
  probeFromUs = 0
  probeDue = false

  constructor(start: number) {
    this.sent = new SentRecords(start)
    this.fack = start
    this.priorFack = start
  }
}

export function usesRack(tcb: Tcb): boolean {
  return tcb.synAcked && tcb.sackOn && tcb.config.rackTlp
}

/** New data or a FIN is to be recorded: what never sends has no records. Null where RACK-TLP or SACK is off. */
export function rackOfNew(tcb: Tcb): Rack | null {
  return tcb.rack ?? (usesRack(tcb) ? beginRack(tcb) : null)
}

/** Nothing was sent since our SYN, so the one sample there may be is that of the handshake. */
function beginRack(tcb: Tcb): Rack {
  const rack = tcb.rack = new Rack(tcb.ackedOffset)
  if (tcb.rtt.srttUs >= 0) rack.minRtt.sample(tcb.rtt.srttUs, tcb.establishedUs)
  return rack
}

/** Our SYN is acknowledged, and a FIN, or data of an early connection, left before that. */
export function beginRackBehindSyn(tcb: Tcb): void {
  const out = seqDiff(tcb.sndNxt, tcb.sndUna)
  if (out === 0 || !usesRack(tcb) || (tcb.fastOpen !== null && tcb.fastOpen.synBytes > 0)) return
  const rack = tcb.rack = new Rack(tcb.ackedOffset)
  rack.sent.append(tcb.ackedOffset + out, tcb.lastSendUs)
  rack.probeFromUs = tcb.lastSendUs
}

/** An ACK begins to be looked at. */
export function beginRackAck(tcb: Tcb, rack: Rack, segment: TcpSegment): void {
  const { options } = segment
  rack.priorFack = rack.fack
  rack.recoveryEnded = false
  rack.dsackArrived = false
  rack.echo = tcb.timestampsOn && options.hasTimestamp && options.tsEcr !== 0 ? options.tsEcr : -1
}

/** The peer reported [from, to) for the first time. */
export function rackSacked(tcb: Tcb, rack: Rack, from: number, to: number, nowUs: number): void {
  const { sent } = rack
  for (let i = sent.cutOut(from, to); i < sent.count && sent.endAt(i) <= to;) {
    const flags = sent.flagsAt(i)
    const end = sent.endAt(i)
    if ((flags & Sent.sacked) === 0) {
      noteDelivered(tcb, rack, flags, sent.sentUs(i), end, nowUs)
      i = sent.markSacked(i)
    }
    i++
  }
}

/** SND.UNA moved to `ackedTo`. */
export function rackAcked(tcb: Tcb, rack: Rack, ackedTo: number, nowUs: number): void {
  const { sent } = rack
  while (sent.count > 0 && sent.start < ackedTo) {
    const end = Math.min(sent.endAt(0), ackedTo)
    const flags = sent.flagsAt(0)
    if ((flags & Sent.sacked) === 0) noteDelivered(tcb, rack, flags, sent.sentUs(0), end, nowUs)
    sent.discardTo(end)
  }
}

/** Step 5 (§6.2): marks what is lost; a lost retransmission that left after the last reduction calls for another (§9.3). @returns bytes marked */
export function detectRackLosses(tcb: Tcb, rack: Rack, nowUs: number): number {
  const { sent } = rack
  const before = sent.lostBytes
  rack.reorderAtUs = Infinity
  // What is being sent again anyway need not be found lost.
  if (tcb.resending) return 0
  updateReorderingWindow(tcb, rack, nowUs)
  if (rack.xmitUs < 0) return 0
  let isAgainLost = false
  for (let i = 0; i < sent.count; i++) {
    const flags = sent.flagsAt(i)
    if ((flags & (Sent.sacked | Sent.lost)) !== 0) continue
    const sentUs = sent.sentUs(i)
    const end = sent.endAt(i)
    if (!wasSentAfter(rack.xmitUs, rack.endOffset, sentUs, end)) {
      // What left once left in order, so nothing behind it can have left earlier.
      if (sent.startAt(i) >= sent.againEnd) break
      continue
    }
    const dueUs = sentUs + rack.rttUs + rack.reoWndUs
    const isAgain = (flags & Sent.again) !== 0
    // Where a round trip takes no time, what was sent again at this moment cannot have failed to arrive.
    if (isAgain && sentUs === nowUs) continue
    if (dueUs > nowUs) {
      rack.reorderAtUs = rack.reorderAtUs === Infinity ? dueUs : Math.max(rack.reorderAtUs, dueUs)
      continue
    }
    if (isAgain && sentUs >= tcb.reducedUs) isAgainLost = true
    sent.markLost(i)
  }
  const lost = sent.lostBytes - before
  if (lost > 0) tcb.setting(Reason.setRackLost, nowUs, lost, rack.rttUs, rack.reoWndUs)
  tcb.retransmissionLost = isAgainLost
  return lost
}

/** §6.3: after a timeout the first segment is lost, and all that had the time to be acknowledged. */
export function markRackTimeout(tcb: Tcb, rack: Rack, segmentBytes: number, nowUs: number): void {
  const { sent } = rack
  const rttUs = rack.xmitUs < 0 ? Math.max(0, tcb.rtt.srttUs) : rack.rttUs
  rack.reorderAtUs = Infinity
  markFront(rack, segmentBytes)
  for (let i = 1; i < sent.count; i++) {
    if ((sent.flagsAt(i) & Sent.sacked) !== 0) continue
    if (sent.sentUs(i) + rttUs + rack.reoWndUs <= nowUs) sent.markLost(i)
  }
}

/** What this recovery sent again did not get through, nor the first segment. */
export function markRackResent(rack: Rack, segmentBytes: number): void {
  const { sent } = rack
  markFront(rack, segmentBytes)
  for (let i = 1; i < sent.count && sent.startAt(i) < sent.againEnd; i++) if ((sent.flagsAt(i) & Sent.sacked) === 0) sent.markLost(i)
}

/** Bytes in the network (RFC 9937 §6.2): what is out, less what is reported, less what is lost and was not sent again. */
export function rackPipe(tcb: Tcb, rack: Rack): number {
  return seqDiff(tcb.sndNxt, tcb.sndUna) - rack.sent.sackedBytes - rack.sent.lostBytes
}

function markFront(rack: Rack, segmentBytes: number): void {
  const { sent } = rack
  sent.cutOut(sent.start, Math.min(sent.start + segmentBytes, sent.end))
  if (sent.count > 0 && (sent.flagsAt(0) & Sent.sacked) === 0) sent.markLost(0)
}

/** Steps 1 to 3 for a piece that was delivered just now. */
function noteDelivered(tcb: Tcb, rack: Rack, flags: number, sentUs: number, end: number, nowUs: number): void {
  if ((flags & Sent.known) !== 0) return
  const rttUs = nowUs - sentUs
  const isAgain = (flags & Sent.again) !== 0
  if (!isAgain) rack.minRtt.sample(rttUs, nowUs)
  if (end > rack.fack) rack.fack = end
  if (!isAgain && end < rack.priorFack && !rack.reorderingSeen) {
    rack.reorderingSeen = true
    tcb.setting(Reason.setReordering, nowUs, rack.priorFack - end)
  }
  // The ACK may answer the first transmission.
  if (isAgain && ((rack.minRtt.us !== Infinity && rttUs < rack.minRtt.us) || echoesEarlier(tcb, rack, sentUs))) return
  if (!wasSentAfter(sentUs, end, rack.xmitUs, rack.endOffset)) return
  rack.xmitUs = sentUs
  rack.endOffset = end
  rack.rttUs = rttUs
}

function echoesEarlier(tcb: Tcb, rack: Rack, sentUs: number): boolean {
  return rack.echo >= 0 && seqDiff(rack.echo, timestampNow(tcb, sentUs)) < 0
}

function wasSentAfter(aUs: number, aEnd: number, bUs: number, bEnd: number): boolean {
  return aUs > bUs || (aUs === bUs && aEnd > bEnd)
}

/** Step 4: how long a hole may be reordering; wider for each round with a duplicate, as at first after 16 recoveries without. */
function updateReorderingWindow(tcb: Tcb, rack: Rack, nowUs: number): void {
  const before = rack.reoWndMult
  if (rack.dsackRound >= 0 && tcb.ackedOffset >= rack.dsackRound) rack.dsackRound = -1
  if (rack.dsackRound < 0 && rack.dsackArrived) {
    rack.dsackRound = tcb.ackedOffset + seqDiff(tcb.sndNxt, tcb.sndUna)
    rack.reoWndMult++
    rack.reoWndPersist = persistRecoveries
  } else if (rack.recoveryEnded && --rack.reoWndPersist <= 0) {
    rack.reoWndMult = 1
  }
  rack.dsackArrived = false
  rack.recoveryEnded = false
  rack.reoWndUs = isHasty(tcb, rack) ? 0 : Math.floor(Math.min(rack.reoWndMult * rack.minRtt.us / 4, Math.max(0, tcb.rtt.srttUs)))
  const minRttUs = rack.minRtt.us === Infinity ? 0 : rack.minRtt.us
  if (rack.reoWndMult !== before) tcb.setting(Reason.setReorderingWindow, nowUs, rack.reoWndMult, rack.reoWndUs, minRttUs)
}

/** Without a sign of reordering there is no wait once enough is reported, or while losses are repaired anyway. */
function isHasty(tcb: Tcb, rack: Rack): boolean {
  if (rack.reorderingSeen) return false
  if (tcb.inRecovery || tcb.lossRecovery) return true
  return rack.sent.sackedBytes > 0 && (tcb.dupAcks >= duplicateThreshold || rack.sent.sackedBytes >= duplicateThreshold * tcb.smss() || tcb.sacked!.count >= duplicateThreshold)
}
