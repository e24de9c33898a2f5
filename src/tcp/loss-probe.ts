import { noteReduced } from './ecn.ts'
import { payloadBytes } from './segment.ts'
import type { TcpSegment } from './segment.ts'
import { keepReduction } from './loss-episode.ts'
import { Reason } from './reasons.ts'
import type { Rack } from './rack.ts'
import { seqAdd, seqDiff } from './seq.ts'
import type { Tcb } from './tcb.ts'

const firstProbeUs = 1_000_000

/** When the tail loss probe is due (RFC 8985 §7.2), Infinity where there is to be none: losses are being repaired, or the last probe has no answer. */
export function probeDeadline(tcb: Tcb, rack: Rack): number {
  if (tcb.inRecovery || tcb.lossRecovery || rack.sent.sackedBytes > 0 || rack.probeEnd >= 0 || !rack.sampledSinceProbe) return Infinity
  return Math.min(rack.probeFromUs + probeTimeoutUs(tcb), tcb.rtoAtUs)
}

/** PTO: two round trips, and where a single segment is out also the time for which the peer may hold its ACK back. */
export function probeTimeoutUs(tcb: Tcb): number {
  const { srttUs } = tcb.rtt
  if (srttUs < 0) return firstProbeUs
  const isAlone = seqDiff(tcb.sndNxt, tcb.sndUna) <= tcb.smss()
  return Math.max(tcb.config.clockGranularityUs, Math.ceil(2 * srttUs)) + (isAlone ? tcb.config.maxAckDelayUs : 0)
}

/** A probe left: nothing else may until a round trip was measured. */
export function noteProbeSent(tcb: Tcb, rack: Rack, wasAgain: boolean): void {
  rack.probeEnd = tcb.ackedOffset + seqDiff(tcb.sndNxt, tcb.sndUna)
  rack.probeWasAgain = wasAgain
  rack.probeFlight = rack.probeEnd - tcb.ackedOffset
  rack.sampledSinceProbe = false
}

/** TLP_process_ack() (§7.4.2): a probe that repaired a loss which nobody saw counts as one; a duplicate shows that there was none. */
export function noteAckOfProbe(tcb: Tcb, rack: Rack, segment: TcpSegment, hasAdvanced: boolean, nowUs: number): void {
  if (rack.probeEnd < 0 || tcb.ackedOffset < rack.probeEnd) return
  const endSeq = seqAdd(tcb.sndUna, rack.probeEnd - tcb.ackedOffset)
  const isDsack = rack.dsackArrived && segment.options.sackEdges[1] === endSeq
  const isBareDuplicate = !hasAdvanced && segment.options.sackCount === 0 && payloadBytes(segment) === 0
  if (rack.probeWasAgain && !isDsack) {
    if (tcb.ackedOffset === rack.probeEnd && !isBareDuplicate) return
    if (tcb.ackedOffset > rack.probeEnd) reduce(tcb, rack, nowUs)
  }
  rack.probeEnd = -1
}

function reduce(tcb: Tcb, rack: Rack, nowUs: number): void {
  const { controller } = tcb
  keepReduction(tcb)
  controller.onLoss(rack.probeFlight)
  controller.onRecovered()
  noteReduced(tcb, nowUs)
  tcb.setting(Reason.setProbeLoss, nowUs, controller.ssthresh, controller.cwnd, rack.probeFlight)
}
