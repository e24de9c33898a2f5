import type { CongestionController, CongestionMetrics } from './congestion.ts'

/** Only the receiver's window limits: TCP as it was before 1988, for looking at flow control alone. */
export class NoCongestionControl implements CongestionController {
  readonly name = 'none'
  readonly cwnd = 0x7fff_ffff
  readonly ssthresh = 0x7fff_ffff
  readonly conservative = false
  #smss = 0

  start(smss: number): void {
    this.#smss = smss
  }

  changeMss(smss: number): void {
    this.#smss = smss
  }

  onAck(): boolean {
    return false
  }

  onFastRetransmit(): void {}
  onRecoveryDuplicate(): void {}
  onLoss(): void {}
  onEcn(): void {}
  setRecoveryWindow(): void {}
  onRecovered(): void {}
  undo(): void {}
  onPartialAck(): void {}
  onFullAck(): void {}
  onTimeout(): void {}
  onIdle(): void {}
  onResume(): void {}

  metrics(into: CongestionMetrics): CongestionMetrics {
    into.cwnd = this.cwnd
    into.ssthresh = this.ssthresh
    into.smss = this.#smss
    into.slowStart = false
    return into
  }
}
