import { seqGe, seqGt } from '../../tcp/seq.ts'

/** Controllers that growth tells apart. */
export const controllerNames = ['unknown', 'reno', 'cubic', 'bbr'] as const
export type ControllerName = typeof controllerNames[number]

export interface ControllerEvidence {
  controller: ControllerName
  /** Reductions that could be measured. */
  reductions: number
  /** Median of what was left of the flight after one, in percent; 0 none. */
  keptPercent: number
  /** Stretches of growth that look like the one or the other. */
  straight: number
  curved: number
  /** Median growth of the straight ones, in percent of a segment a round trip; 0 none. */
  slopePercent: number
}

const samplesAtMost = 256
const reductionsAtMost = 64
/** Below so many segments a reduction says little: windows are whole segments. */
const leastSegments = 8
const leastRounds = 8
/** RFC 9438 §4.1, §4.6. */
const cubicC = 0.4

/**
 * How a sender's flight grows from loss to loss, by rounds: the most that was under way in each. Only the flight between two losses counts,
 * and of that only rounds in which nothing but the network held the sender back. Near the receiver all of this is invisible.
 */
export class Growth {
  private roundEnd = 0
  private hasRound = false
  private roundFlight = 0
  private beforeFlight = 0
  private isRoundLimited = false
  private wasLimited = false

  private isRecovering = false
  private recoveryEnd = 0
  private flightAtLoss = 0
  private isTimeout = false
  private losses = 0
  private beganUs = -1
  private rounds = 0
  private readonly times: number[] = []
  private readonly flights: number[] = []
  private readonly kept: number[] = []
  private readonly slopes: number[] = []
  private curved = 0

  get recovering(): boolean { return this.isRecovering }

  /** New data left; `flight` is all that is under way now. */
  sent(nxt: number, flight: number, isLimited: boolean): void {
    if (!this.hasRound) {
      this.hasRound = true
      this.roundEnd = nxt
    }
    if (flight > this.roundFlight) this.roundFlight = flight
    if (isLimited) this.isRoundLimited = true
  }

  /** Data is sent again because it was lost. @param byTimeout nothing had told the sender but silence: it starts from one segment */
  lost(nxt: number, byTimeout: boolean, full: number): void {
    if (this.isRecovering) {
      this.isTimeout ||= byTimeout
      return
    }
    this.judgeStretch(full)
    // The first loss ends slow start, which overshoots: what is left then says little.
    this.flightAtLoss = this.wasLimited || this.isRoundLimited || this.losses++ === 0 ? 0 : Math.max(this.roundFlight, this.beforeFlight)
    this.isRecovering = true
    this.recoveryEnd = nxt
    this.isTimeout = byTimeout
    this.beganUs = -1
    this.clearStretch()
  }

  acknowledged(una: number, nxt: number, nowUs: number, full: number): void {
    if (this.isRecovering && seqGe(una, this.recoveryEnd)) {
      this.isRecovering = false
      if (!this.isTimeout) this.beganUs = nowUs
      this.beginRound(nxt)
      this.rounds = 0
      return
    }
    if (!this.hasRound || !seqGt(una, this.roundEnd)) return
    this.endRound(nowUs, full)
    this.beginRound(nxt)
  }

  evidence(): ControllerEvidence {
    const kept = this.kept.toSorted((a, b) => a - b)
    const keptPercent = kept.length === 0 ? 0 : Math.round(100 * kept[kept.length >>> 1])
    const { curved, slopes } = this
    const slopePercent = slopes.length === 0 ? 0 : Math.round(100 * slopes.toSorted((a, b) => a - b)[slopes.length >>> 1])
    return { controller: controllerOf(kept, keptPercent, slopes.length, slopePercent, curved), reductions: kept.length, keptPercent, straight: slopes.length, curved, slopePercent }
  }

  private beginRound(nxt: number): void {
    this.beforeFlight = this.roundFlight
    this.wasLimited = this.isRoundLimited
    this.roundFlight = 0
    this.isRoundLimited = false
    this.roundEnd = nxt
  }

  private endRound(nowUs: number, full: number): void {
    if (this.isRecovering || this.beganUs < 0) return
    if (this.isRoundLimited || this.roundFlight === 0) {
      this.beganUs = -1
      this.clearStretch()
      return
    }
    const flight = this.roundFlight / full
    if (++this.rounds === 1 && this.flightAtLoss >= leastSegments * full && this.kept.length < reductionsAtMost) {
      // By the end of the first round one segment has come to what was left.
      this.kept.push((flight - 1) * full / this.flightAtLoss)
    }
    if (this.times.length >= samplesAtMost) return
    this.times.push((nowUs - this.beganUs) / 1e6)
    this.flights.push(flight)
  }

  private clearStretch(): void {
    this.times.length = this.flights.length = 0
    this.rounds = 0
  }

  /** Whether the growth since the last reduction is straight (Reno), or a cubic that comes back to where the loss was (CUBIC). */
  private judgeStretch(full: number): void {
    const { times, flights } = this
    if (times.length < leastRounds || this.flightAtLoss === 0) return
    const most = this.flightAtLoss / full
    const scale = flights[flights.length - 1]
    const line = lineError(times, flights)
    // With fast convergence (RFC 9438 §4.7) the plateau lies below the last loss.
    const cubic = Math.min(cubicError(times, flights, most), cubicError(times, flights, most * (1 + 0.7) / 2))
    if (cubic < 0.7 * line && cubic < 0.06 * scale) this.curved++
    else if (line < 0.7 * cubic && line < 0.06 * scale && this.slopes.length < reductionsAtMost) this.slopes.push((scale - flights[0]) / (flights.length - 1))
  }
}

/**
 * Two reductions at least, and two thirds of them alike. Reno halves and grows by a segment a round trip (RFC 5681 §3); CUBIC keeps 0.7
 * (RFC 9438 §4.6) and grows along its cubic or, where Reno would be faster, by about half a segment (§4.3); BBR does not let go for a loss.
 */
function controllerOf(kept: readonly number[], keptPercent: number, straight: number, slopePercent: number, curved: number): ControllerName {
  const share = (low: number, high: number): boolean => kept.filter((part) => part >= low && part <= high).length * 3 >= kept.length * 2
  if (kept.length < 2) return 'unknown'
  if (keptPercent >= 40 && keptPercent <= 58 && share(0.36, 0.6) && curved <= straight) return 'reno'
  if (keptPercent >= 61 && keptPercent <= 80 && share(0.58, 0.84) && (curved > 0 || (straight > 0 && slopePercent <= 80))) return 'cubic'
  if (keptPercent >= 80 && kept.length >= 5 && share(0.75, 1.5)) return 'bbr'
  return 'unknown'
}

/** Root of the mean square distance from the straight line that fits best. */
function lineError(times: readonly number[], values: readonly number[]): number {
  const n = times.length
  const meanT = times.reduce((sum, t) => sum + t, 0) / n
  const meanV = values.reduce((sum, v) => sum + v, 0) / n
  let tt = 0
  let tv = 0
  for (let i = 0; i < n; i++) {
    tt += (times[i] - meanT) ** 2
    tv += (times[i] - meanT) * (values[i] - meanV)
  }
  const slope = tt === 0 ? 0 : tv / tt
  let sum = 0
  for (let i = 0; i < n; i++) sum += (values[i] - meanV - slope * (times[i] - meanT)) ** 2
  return Math.sqrt(sum / n)
}

/** The same for W(t) = C(t - K)³ + Wmax (RFC 9438 §4.2) through the first sample. */
function cubicError(times: readonly number[], values: readonly number[], most: number): number {
  const k = Math.cbrt(Math.max(0, most - values[0]) / cubicC)
  let sum = 0
  for (let i = 0; i < times.length; i++) sum += (cubicC * (times[i] - times[0] - k) ** 3 + most - values[i]) ** 2
  return Math.sqrt(sum / times.length)
}
