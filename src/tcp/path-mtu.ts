import { effectiveMss } from './header.ts'
import { ipHeaderAndTcpHeaderBytes } from './limits.ts'
import { markRackResent } from './rack.ts'
import { Reason } from './reasons.ts'
import type { ReasonIndex } from './reasons.ts'
import { seqAdd, seqDiff, seqGe, seqGt, seqLe, seqLt } from './seq.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'
import { restartRto } from './timer-rules.ts'

/** MTUs of common links (after RFC 1191 §7), for routers that do not say theirs and for steps upwards. */
const plateaus = [68, 296, 508, 1006, 1280, 1400, 1492, 1500, 2002, 4352, 8166, 9000, 17_914, 32_000, 65_535] as const
/** Every path takes this much (RFC 1191 §3, RFC 8201 §4). */
const leastMtu = { 4: 68, 6: 1280 } as const

/**
 * A router could not pass on a packet of ours: what is out and too big is sent again in smaller segments, one at first, cwnd as it is (RFC 1191 §6.4).
 * @param mtu what it takes; 0 where it did not say (RFC 1191 §4)
 * @param quotedSeq of the segment that the message quotes: only one that is under way is believed (RFC 5927 §4.1); null where the host learned it otherwise
 * @returns whether the path MTU became smaller; it never grows by a message (RFC 8201 §4)
 */
export function packetTooBig(tcb: Tcb, mtu: number, quotedSeq: number | null, nowUs: number): boolean {
  const { state } = tcb
  if (state === TcpState.closed || state === TcpState.listen || state === TcpState.timeWait) return false
  if (quotedSeq !== null && !isUnderWay(tcb, quotedSeq, nowUs)) return false
  if (quotedSeq !== null && tcb.mtuProbe > 0 && quotedSeq === tcb.mtuProbeSeq && (mtu === 0 || mtu >= tcb.pathMtu)) {
    giveUpProbe(tcb, nowUs)
    resendSmaller(tcb, quotedSeq, nowUs)
    return false
  }
  const wanted = mtu === 0 ? plateauBelow(tcb.pathMtu) : mtu
  const reduced = Math.max(wanted, floor(tcb))
  if (wanted < leastMtu[tcb.ipVersion] || reduced >= tcb.pathMtu) {
    tcb.decide('dropped', Reason.dropPathMtu, nowUs, quotedSeq ?? 0, 0, mtu, tcb.pathMtu)
    return false
  }
  const mss = tcb.sndMss
  changePathMtu(tcb, reduced, Reason.setPathMtu, nowUs)
  if (tcb.sndMss < mss) resendSmaller(tcb, tcb.sndUna, nowUs)
  return true
}

/** Whether a message of the network speaks of bytes that are out (RFC 5927 §4.1); says so where it does not. */
export function isUnderWay(tcb: Tcb, quotedSeq: number, nowUs: number): boolean {
  if (seqLe(tcb.sndUna, quotedSeq) && seqLt(quotedSeq, tcb.sndNxt)) return true
  tcb.decide('dropped', Reason.dropQuoteOutside, nowUs, quotedSeq, 0, seqDiff(quotedSeq, tcb.sndUna), seqDiff(tcb.sndNxt, tcb.sndUna))
  return false
}

/** The same bytes were sent R1 times in vain: perhaps segments of this size never arrive and nobody says so (RFC 4821 §7.7). */
export function suspectBlackHole(tcb: Tcb, nowUs: number): void {
  const { blackHoleDetection, blackHoleMtuBytes, r1Retries } = tcb.config
  if (!blackHoleDetection || tcb.retransmitCount < r1Retries) return
  const smaller = Math.max(tcb.pathMtu > blackHoleMtuBytes ? blackHoleMtuBytes : tcb.pathMtu >> 1, floor(tcb))
  const headers = ipHeaderAndTcpHeaderBytes[tcb.ipVersion]
  if (smaller >= tcb.pathMtu || seqDiff(tcb.sndNxt, tcb.sndUna) <= smaller - headers || tcb.sndMss <= smaller - headers) return
  changePathMtu(tcb, smaller, Reason.setBlackHole, nowUs, tcb.retransmitCount)
}

/** What the path and the peer take, before options (RFC 9293 §3.7.1; the peer's limit stands, RFC 1191 §6.4). */
export function limitSendMss(tcb: Tcb): void {
  tcb.sndMss = Math.max(Math.min(tcb.peerMss, tcb.pathMtu - ipHeaderAndTcpHeaderBytes[tcb.ipVersion]), tcb.config.minMssBytes)
}

/**
 * The path may have become wider: long after a decrease one segment of the next common size goes out, and only its own ACK raises the MTU
 * (RFC 1191 §6.3, RFC 4821 §7). @returns data bytes of that segment; 0 where it is not time, or there is not enough to send
 */
export function mtuProbeLength(tcb: Tcb, queued: number, room: number, nowUs: number): number {
  if (tcb.pathMtu >= tcb.linkMtu || nowUs - tcb.pathMtuSetUs < tcb.config.pathMtuProbeUs) return 0
  if (tcb.mtuProbe > 0 || tcb.inRecovery || tcb.lossRecovery) return 0
  const gain = Math.min(plateauAbove(tcb.pathMtu), tcb.linkMtu) - tcb.pathMtu
  const length = effectiveMss(tcb) + gain
  return tcb.sndMss + gain <= tcb.peerMss && length <= queued && length <= room ? length : 0
}

export function noteMtuProbeSent(tcb: Tcb, seq: number, length: number): void {
  tcb.mtuProbe = Math.min(plateauAbove(tcb.pathMtu), tcb.linkMtu)
  tcb.mtuProbeSeq = seq
  tcb.mtuProbeEnd = seqAdd(seq, length)
}

/** SND.UNA has advanced. */
export function noteAckOfMtuProbe(tcb: Tcb, nowUs: number): void {
  if (seqGe(tcb.sndUna, tcb.mtuProbeEnd)) changePathMtu(tcb, tcb.mtuProbe, Reason.setPathMtuRaised, nowUs)
}

/** Bytes from `seq` on leave again, in segments that fit for sure: if a probe had carried them, it did not arrive. */
export function noteMtuProbeResent(tcb: Tcb, seq: number, length: number, nowUs: number): void {
  if (seqLt(seq, tcb.mtuProbeEnd) && seqGt(seqAdd(seq, length), tcb.mtuProbeSeq)) giveUpProbe(tcb, nowUs)
}

function giveUpProbe(tcb: Tcb, nowUs: number): void {
  tcb.mtuProbe = 0
  tcb.pathMtuSetUs = nowUs
}

function changePathMtu(tcb: Tcb, mtu: number, reason: ReasonIndex, nowUs: number, attempt = 0): void {
  const before = tcb.pathMtu
  tcb.pathMtu = mtu
  tcb.pathMtuSetUs = nowUs
  tcb.mtuProbe = 0
  limitSendMss(tcb)
  tcb.controller.changeMss(tcb.smss())
  tcb.setting(reason, nowUs, mtu, before, attempt > 0 ? attempt : tcb.sndMss)
}

/** From `seq` on what is out leaves again, clocked by ACKs as in slow start, while recovery goes by its own order. */
function resendSmaller(tcb: Tcb, seq: number, nowUs: number): void {
  if (!tcb.synAcked || seqDiff(tcb.sndNxt, seq) <= effectiveMss(tcb)) return
  restartRto(tcb, nowUs)
  if (tcb.inRecovery) {
    if (tcb.rack !== null) markRackResent(tcb.rack, effectiveMss(tcb))
    tcb.highRxt = tcb.ackedOffset
    tcb.rescued = false
    tcb.frontReason = Reason.packetTooBig
    return
  }
  // Duplicate ACKs for what follows the segment tell nothing about congestion.
  tcb.recover = tcb.sndNxt
  tcb.dupAcks = 0
  tcb.resending = true
  tcb.resendNxt = seq
  tcb.resendReason = Reason.packetTooBig
  tcb.resendLimit = tcb.config.resendsTooBigAtOnce ? Infinity : tcb.smss() + seqDiff(seq, tcb.sndUna)
}

function floor(tcb: Tcb): number {
  return Math.max(tcb.config.minPathMtuBytes, leastMtu[tcb.ipVersion])
}

function plateauBelow(mtu: number): number {
  return plateaus.findLast((plateau) => plateau < mtu) ?? 0
}

function plateauAbove(mtu: number): number {
  return plateaus.find((plateau) => plateau > mtu) ?? mtu
}
