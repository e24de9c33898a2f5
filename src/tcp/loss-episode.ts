import { ackNews } from './ack-news.ts'
import { initialWindow } from './congestion.ts'
import { Reason } from './reasons.ts'
import type { ReasonIndex } from './reasons.ts'
import { echoedRoundTrip, timestampNow } from './sampling.ts'
import { offsetOf } from './scoreboard.ts'
import type { TcpSegment } from './segment.ts'
import { seqDiff } from './seq.ts'
import type { Tcb } from './tcb.ts'

/** What the last reduction of cwnd by a loss was for; `none` where it can no longer turn out to have been mistaken. */
export const Episode = { none: 0, timeout: 1, fast: 2 } as const
/** Steps of F-RTO (RFC 5682 §2.1): the front was sent again; an ACK advanced, and new data goes out to see. */
export const Frto = { off: 0, first: 1, second: 2 } as const

/** What has to be known to take a reduction back (RFC 4015 §3.2). */
export class LossEpisode {
  kind: 0 | 1 | 2 = Episode.none
  /** SND.UNA as a distance from ISS when it began. */
  start = 0
  /** pipe_prev, SRTT_prev, RTTVAR_prev. */
  priorPipe = 0
  priorCwnd = 0
  priorSrttUs = -1
  priorRttvarUs = 0
  /** Bytes sent again and not reported as duplicates. */
  resentBytes = 0
  /** The timestamp of the first retransmission; -1 before it, and once an ACK was compared with it. */
  firstStamp = -1
  isStampDue = false
  frto: 0 | 1 | 2 = Frto.off
  /** New segments that F-RTO may still send beside cwnd. */
  frtoLeft = 0
}

/** A loss is about to reduce cwnd. A timeout that follows another of the same data belongs to that one's episode. */
export function beginEpisode(tcb: Tcb, kind: 1 | 2, flightSize: number): void {
  const episode = tcb.episode ??= new LossEpisode()
  const isFurther = kind === Episode.timeout && tcb.lossRecovery
  episode.frto = kind === Episode.timeout && !isFurther && tcb.config.frto ? Frto.first : Frto.off
  if (isFurther) return
  episode.kind = kind
  episode.start = tcb.ackedOffset
  episode.priorPipe = Math.max(flightSize, tcb.controller.ssthresh)
  episode.priorCwnd = tcb.controller.cwnd
  episode.priorSrttUs = tcb.rtt.srttUs + 2 * tcb.config.clockGranularityUs
  episode.priorRttvarUs = tcb.rtt.rttvarUs
  episode.resentBytes = 0
  episode.firstStamp = -1
  episode.isStampDue = tcb.timestampsOn
}

/** There was congestion for certain. */
export function keepReduction(tcb: Tcb): void {
  if (tcb.episode !== null) tcb.episode.kind = Episode.none
}

export function noteResent(tcb: Tcb, episode: LossEpisode, bytes: number, nowUs: number): void {
  episode.resentBytes += bytes
  if (!episode.isStampDue) return
  episode.isStampDue = false
  episode.firstStamp = timestampNow(tcb, nowUs)
}

/** The Eifel algorithm (RFC 3522 §3.2): the first ACK that advances SND.UNA echoes a timestamp from before the first retransmission. */
export function compareEcho(tcb: Tcb, episode: LossEpisode, segment: TcpSegment, ackedBytes: number, nowUs: number): void {
  const stamp = episode.firstStamp
  episode.firstStamp = -1
  const { options } = segment
  if (stamp < 0 || episode.kind === Episode.none || !tcb.config.undoSpurious || !options.hasTimestamp || options.tsEcr === 0) return
  if (seqDiff(options.tsEcr, stamp) < 0) takeBack(tcb, episode, Reason.setEifelSpurious, ackedBytes, echoedRoundTrip(tcb, segment, nowUs), nowUs)
}

/** The peer has had everything twice that was sent again (RFC 3708 §2). */
export function noteDuplicateOfEpisode(tcb: Tcb, episode: LossEpisode, segment: TcpSegment, nowUs: number): void {
  const { sackEdges } = segment.options
  if (episode.kind === Episode.none || !tcb.config.undoSpurious || episode.resentBytes === 0 || offsetOf(tcb, sackEdges[0]) < episode.start) return
  episode.resentBytes -= seqDiff(sackEdges[1], sackEdges[0])
  if (episode.resentBytes <= 0) takeBack(tcb, episode, Reason.setDsackSpurious, 0, -1, nowUs)
}

/** Recovery ends, cwnd and ssthresh become what they were, but for a burst (RFC 4015 §3.2, steps 5 to 8). */
export function takeBack(tcb: Tcb, episode: LossEpisode, reason: ReasonIndex, ackedBytes: number, sampleUs: number, nowUs: number): void {
  const { controller } = tcb
  const wasTimeout = episode.kind === Episode.timeout
  episode.kind = Episode.none
  episode.frto = Frto.off
  // A mark is congestion, whatever else was mistaken.
  if (ackNews.isEcho) return
  tcb.inRecovery = false
  tcb.sackRecovery = false
  tcb.lossRecovery = false
  tcb.resending = false
  tcb.frontReason = 0
  tcb.rack?.sent.forgetLost()
  const flightSize = seqDiff(tcb.sndNxt, tcb.sndUna)
  const window = flightSize + Math.min(ackedBytes, initialWindow(tcb.config, tcb.smss(), 0))
  controller.undo(Math.max(controller.cwnd, tcb.config.undoRestoresWindow ? episode.priorCwnd : window), episode.priorPipe)
  if (wasTimeout) tcb.rtt.noteSpurious(episode.priorSrttUs, episode.priorRttvarUs, sampleUs, tcb.config)
  tcb.setting(reason, nowUs, controller.cwnd, controller.ssthresh, flightSize)
}
