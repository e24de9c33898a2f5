import type { AckNews } from './ack-news.ts'
import type { CongestionControlName, TcpConfig } from './config.ts'
import { Cubic } from './cubic.ts'
import { NewReno } from './new-reno.ts'
import { NoCongestionControl } from './no-congestion-control.ts'
import { SegmentCubic } from './segment-cubic.ts'

export interface CongestionMetrics { cwnd: number, ssthresh: number, smss: number, slowStart: boolean }

/**
 * Decides how much may be in flight; loss detection tells it what happened. Sizes in bytes, `smss` the bytes of a full segment.
 * A controller never looks at a clock or at sequence numbers: what it has to know of them is in the {@link AckNews}.
 */
export interface CongestionController {
  readonly name: CongestionControlName
  readonly cwnd: number
  readonly ssthresh: number
  /** Slow start has seen the round trip grow and goes on with care (RFC 9406). */
  readonly conservative: boolean
  /** The connection is established. */
  start(smss: number, initialWindow: number): void
  /** Full segments became smaller or larger; cwnd stays. */
  changeMss(smss: number): void
  /** New data was acknowledged outside of fast recovery. @returns whether slow start ended with it */
  onAck(news: AckNews): boolean
  /** Third duplicate ACK; `flightSize` without what limited transmit added. */
  onFastRetransmit(flightSize: number): void
  /** One more duplicate ACK in fast recovery. */
  onRecoveryDuplicate(): void
  /** SACK shows a loss: a new `ssthresh`, which is the window of the recovery. */
  onLoss(flightSize: number): void
  /** The window of this moment in recovery by SACK (RFC 9937). */
  setRecoveryWindow(bytes: number): void
  /** The peer echoes a congestion mark: as at a loss, or `gentle` (RFC 8511); cwnd may fall to one segment. */
  onEcn(flightSize: number, gentle: boolean): void
  /** Recovery by SACK is over. */
  onRecovered(): void
  /** The last reduction was mistaken. */
  undo(cwnd: number, ssthresh: number): void
  onPartialAck(ackedBytes: number): void
  onFullAck(flightSize: number): void
  /** The retransmission timer expired; `again` when it already had for this segment. */
  onTimeout(flightSize: number, again: boolean): void
  /** Nothing was sent for longer than an RTO. */
  onIdle(restartWindow: number): void
  /** New data leaves with nothing in flight. */
  onResume(nowUs: number): void
  metrics(into: CongestionMetrics): CongestionMetrics
}

export function createController(config: TcpConfig): CongestionController {
  switch (config.congestionControl) {
    case 'newReno': return new NewReno(config.hystart, config)
    case 'cubic': return config.cubicWholeSegments ? new SegmentCubic(config.hystart, config) : new Cubic(config.hystart, config)
    case 'none': return new NoCongestionControl()
  }
}

/** Bytes that may leave before the first ACK (RFC 6928 §2, or RFC 5681 §3.1 where `initialWindowSegments` is 0); one segment after a lost SYN, which RFC 6928 takes to be two. */
export function initialWindow(config: TcpConfig, smss: number, synsLost: number): number {
  const segments = config.initialWindowSegments
  if (synsLost > (segments === 0 ? 0 : 1)) return smss
  if (segments === 0) return smss > 2190 ? 2 * smss : smss > 1095 ? 3 * smss : 4 * smss
  return Math.min(segments * smss, Math.max(2 * smss, segments * 1460))
}
