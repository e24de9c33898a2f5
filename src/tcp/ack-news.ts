/**
 * What a congestion controller hears of an ACK that advanced SND.UNA outside of fast recovery. Times in µs, sizes in bytes; `ackedTo`
 * and `sentTo` are distances from ISS.
 */
export interface AckNews {
  nowUs: number
  ackedBytes: number
  /** In flight before this ACK. */
  flightSize: number
  ackedTo: number
  sentTo: number
  /** Smoothed round trip, -1 before the first sample. */
  srttUs: number
  /** The round trip that this ACK's echoed timestamp shows, -1 without one. */
  sampleUs: number
  /** It echoes a congestion mark, so cwnd does not grow by it (RFC 3168 §6.1.2). */
  isEcho: boolean
}

/** The one that the engine fills anew for each ACK. */
export const ackNews: AckNews = { nowUs: 0, ackedBytes: 0, flightSize: 0, ackedTo: 0, sentTo: 0, srttUs: -1, sampleUs: -1, isEcho: false }
