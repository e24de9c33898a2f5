import { Ecn } from '../wire/ipv4.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { accurateSynFlags, agreesAccurate, asksAccurate, beginAccurateEcn, synAckFlags } from './accurate-ecn.ts'
import { accepted } from './arrives-sequence.ts'
import { keepReduction } from './loss-episode.ts'
import { beginProportionalRate, reduceProportionally } from './proportional-rate.ts'
import { Reason } from './reasons.ts'
import type { TcpSegment } from './segment.ts'
import { seqDiff, seqGt } from './seq.ts'
import type { Tcb } from './tcb.ts'

const setup = TcpFlag.ece | TcpFlag.cwr

/** The ECN flags of our SYN or SYN+ACK (RFC 3168 §6.1.1). Who does not answer may be behind something that drops ECN: later SYNs do without. */
export function ecnFlagsOfSyn(tcb: Tcb, isAnswer: boolean, nowUs: number): number {
  if (isAnswer) return tcb.accurateEcn !== null ? synAckFlags(tcb.accurateEcn) : tcb.ecnOn ? TcpFlag.ece : 0
  const { ecn, ecnSyns, accurateEcn } = tcb.config
  const asks = (ecn === 'on' || accurateEcn === 'on') && (ecnSyns === 0 || tcb.retransmitCount < ecnSyns)
  if (tcb.ecnAsked && !asks) tcb.setting(Reason.setEcnFallback, nowUs, tcb.retransmitCount)
  // One SYN without is enough for there to be no ECN.
  tcb.ecnAsked = asks && (tcb.ecnAsked || !tcb.synSent)
  return !tcb.ecnAsked ? 0 : accurateEcn === 'on' ? accurateSynFlags : setup
}

/** The peer's SYN asks for ECN with both flags, its SYN+ACK agrees with ECE alone. */
export function takeEcnSetup(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  const hasAck = (segment.flags & TcpFlag.ack) !== 0
  const { accurateEcn } = tcb.config
  const isAccurate = hasAck ? tcb.ecnAsked && accurateEcn === 'on' && agreesAccurate(segment.flags) : accurateEcn !== 'off' && asksAccurate(segment.flags)
  if (isAccurate) return beginAccurateEcn(tcb, segment, hasAck, nowUs)
  const flags = segment.flags & (setup | TcpFlag.ae)
  tcb.ecnOn = hasAck ? tcb.ecnAsked && flags === TcpFlag.ece : tcb.config.ecn !== 'off' && (flags & setup) === setup
  if (tcb.ecnOn) tcb.setting(Reason.setEcn, nowUs)
}

/**
 * The peer's SYN came once more; one that does not ask is enough (§6.1.1). Accurate ECN stays once it was entered (RFC 9768 §3.1.5).
 * @returns false where one handshake asks for both kinds, which no peer does
 */
export function repeatEcnSetup(tcb: Tcb, segment: TcpSegment): boolean {
  const flags = segment.flags & (setup | TcpFlag.ae)
  if (tcb.accurateEcn !== null) return flags !== setup
  if (tcb.ecnOn && flags === accurateSynFlags && tcb.config.accurateEcn !== 'off') return false
  if ((flags & setup) !== setup) tcb.ecnOn = false
  return true
}

/** Marks an outgoing segment: ECT(0) and CWR on new data alone (§6.1.2, §6.1.4 to 6.1.6), ECE on every ACK while it is owed (§6.1.3). */
export function markEcn(tcb: Tcb, out: TcpSegment, isNewData: boolean): void {
  if ((out.flags & (TcpFlag.syn | TcpFlag.ack)) !== TcpFlag.ack) return
  if (tcb.eceDue) out.flags |= TcpFlag.ece
  if (!isNewData) return
  out.ecn = Ecn.ect0
  if (!tcb.cwrDue) return
  tcb.cwrDue = false
  out.flags |= TcpFlag.cwr
}

/** The receiver's side (§6.1.3): from a marked segment on every ACK says so, until the sender says that it has slowed down. Only data in the window counts (§6.1.5). */
export function noteEcnMark(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  if ((segment.flags & TcpFlag.cwr) !== 0 && tcb.eceDue) {
    tcb.eceDue = false
    tcb.setting(Reason.setEcnAnswered, nowUs)
  }
  if (segment.ecn !== Ecn.ce || accepted.textLength === 0) return
  tcb.ecnMarks++
  if (tcb.eceDue) return
  tcb.eceDue = true
  tcb.setting(Reason.setEcnMark, nowUs, accepted.textLength)
}

/** The sender's side (§6.1.2): an echo is a loss without a retransmission, once for all that was out at the last reduction. */
export function noteEcnEcho(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  const flightSize = seqDiff(tcb.sndNxt, tcb.sndUna)
  if (flightSize === 0 || !seqGt(segment.ack, tcb.reducedSeq) || tcb.inRecovery || tcb.lossRecovery) return
  keepReduction(tcb)
  const { cwnd } = tcb.controller
  // It cannot become smaller, but slower.
  if (cwnd <= tcb.smss()) tcb.ecnPaused = true
  tcb.controller.onEcn(flightSize, tcb.config.ecnGentle)
  noteReduced(tcb, nowUs)
  if (tcb.config.lossReducesWindow && tcb.config.proportionalRate) beginMarkedReduction(tcb, cwnd)
  tcb.setting(Reason.setEcnReduced, nowUs, tcb.controller.ssthresh, tcb.controller.cwnd, flightSize)
}

/** The window follows the ACKs down to ssthresh, as after a loss, until something is acknowledged that left behind the reduction. */
function beginMarkedReduction(tcb: Tcb, cwnd: number): void {
  beginProportionalRate(tcb, 0, cwnd)
  tcb.controller.setRecoveryWindow(cwnd)
  tcb.markReducing = true
}

/** An ACK of new bytes during that reduction. @returns whether it still goes on */
export function reduceByMark(tcb: Tcb, ackedBytes: number): boolean {
  if (seqGt(tcb.sndUna, tcb.reducedSeq)) {
    tcb.markReducing = false
    tcb.controller.onRecovered()
    return false
  }
  reduceProportionally(tcb, ackedBytes, true)
  return true
}

/** cwnd was reduced: what is out now is no reason for another reduction by ECN, and the peer is told. */
export function noteReduced(tcb: Tcb, nowUs: number): void {
  tcb.markReducing = false
  tcb.reducedUs = nowUs
  tcb.reducedSeq = tcb.sndNxt
  tcb.cwrDue = tcb.ecnOn
}
