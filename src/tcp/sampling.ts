import { Reason } from './reasons.ts'
import { seqGe } from './seq.ts'
import type { TcpSegment } from './segment.ts'
import type { Tcb } from './tcb.ts'

/** The clock of the timestamps option (RFC 7323 §5.4). */
export function timestampNow(tcb: Tcb, nowUs: number): number {
  return (Math.floor(nowUs / tcb.config.timestampTickUs) + tcb.timestampOffset) >>> 0
}

/** Times the segment that ends at `endSeq`, unless one is being timed: one sample a round trip (RFC 6298 §3). */
export function startTiming(tcb: Tcb, endSeq: number, nowUs: number): void {
  if (tcb.rttTiming) return
  tcb.rttTiming = true
  tcb.rttSpoiled = false
  tcb.rttSeq = endSeq
  tcb.rttStartUs = nowUs
}

/** Something that is being timed leaves a second time: its ACK will not say which one it answers (Karn's rule). */
export function spoilTiming(tcb: Tcb): void {
  tcb.rttTiming = false
  tcb.rttSpoiled = true
}

/** Time since the timestamp that `segment` echoes was sent, as exact as its ticks; -1 without one. */
export function echoedRoundTrip(tcb: Tcb, segment: TcpSegment, nowUs: number): number {
  const { options } = segment
  if (!tcb.timestampsOn || !options.hasTimestamp || options.tsEcr === 0) return -1
  const ticks = (timestampNow(tcb, nowUs) - options.tsEcr) | 0
  return ticks < 0 ? -1 : ticks * tcb.config.timestampTickUs
}

/**
 * Takes a round-trip sample from an ACK that has just advanced SND.UNA. A segment that was sent once is timed by our own clock;
 * after a retransmission only an echoed timestamp tells which transmission is acknowledged (Karn's rule, RFC 6298 §3, RFC 7323 §4.1).
 */
export function takeRttSample(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  let sampleUs: number
  if (tcb.rttTiming) {
    if (!seqGe(tcb.sndUna, tcb.rttSeq)) return
    tcb.rttTiming = false
    sampleUs = nowUs - tcb.rttStartUs
  } else {
    sampleUs = tcb.rttSpoiled ? echoedRoundTrip(tcb, segment, nowUs) : -1
    if (sampleUs < 0) return
  }
  tcb.rttSpoiled = false
  tcb.rtt.sample(sampleUs, tcb.config)
  if (tcb.rack !== null) {
    tcb.rack.sampledSinceProbe = true
    tcb.rack.minRtt.sample(sampleUs, nowUs)
  }
  tcb.setting(Reason.setRttSample, nowUs, sampleUs, tcb.rtt.srttUs, tcb.rtt.rttvarUs, tcb.rtt.rtoUs(tcb.config))
}
