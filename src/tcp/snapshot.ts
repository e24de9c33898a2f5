import type { FastOpenOutcome } from './fast-open.ts'
import type { SendingKind } from './send-times.ts'
import type { TcpState } from './state.ts'

/** How congestion control is doing; names of the phases of RFC 5681 and RFC 6582. */
export type CongestionPhase = 'slowStart' | 'avoidance' | 'fastRecovery' | 'lossRecovery'

/** A piece of the receiver's sequence space, [start, end). */
export interface SequenceRange { start: number, end: number }

export interface AccurateEcnView { on: boolean, rCep: number, rE0b: number, rCeb: number, rE1b: number, sCep: number, sCeb: number }

/** Times in µs: -1 where nothing was measured yet. */
export interface RackView {
  on: boolean
  xmitUs: number
  endSeq: number
  rttUs: number
  minRttUs: number
  reoWndUs: number
  reoWndMult: number
  reorderingSeen: boolean
  lost: number
  /** Sent again and not reported since. */
  resent: number
  probeEnd: number
}

/** The whole TCB as plain, cloneable numbers: sequence numbers as on the wire, sizes in bytes, times in µs. */
export interface TcpSnapshot {
  id: number
  state: TcpState
  localPort: number
  remotePort: number
  /** States walked, oldest first, at most the last 32 moves: state, input, state, input, … state (`tcpInputs` numbers). */
  path: number[]

  iss: number
  sndUna: number
  /** RFC 9293's SND.NXT: what the next new byte gets. */
  sndNxt: number
  /** Where resending stands after a timeout; `sndNxt` when nothing is being resent. */
  sndResendNxt: number
  /** The highest sequence number sent plus one. */
  sndMax: number
  sndWnd: number
  sndWl1: number
  sndWl2: number
  sndWndShift: number
  maxSndWnd: number

  irs: number
  rcvNxt: number
  /** The window that a segment leaving now would offer. */
  rcvWnd: number
  rcvWndShift: number
  /** The furthest edge ever offered. */
  rcvAdvertisedEdge: number
  rcvUp: number

  sendBufferBytes: number
  sendQueuedBytes: number
  sendUnackedBytes: number
  receiveBufferBytes: number
  receiveUnreadBytes: number
  receiveOutOfOrderBytes: number
  receiveRanges: SequenceRange[]
  /** What the peer's SACK blocks cover. */
  sackedRanges: SequenceRange[]

  /** Data bytes of a full segment now, options taken off. */
  sndMss: number
  /** Bytes of the largest IP packet that the path is known to take. */
  pathMtu: number
  /** The MSS that this side advertises. */
  rcvMss: number
  /** The largest data segment that came; 536 before one did. */
  largestReceived: number

  cwnd: number
  ssthresh: number
  flightSize: number
  /** What of it is thought to be in the network: less what SACK reports, and in recovery what is lost (RFC 6675 §4). */
  pipe: number
  dupAcks: number
  /** Segments that the peer says arrived twice (RFC 2883). */
  dsacks: number
  recover: number
  /** Proportional rate reduction (RFC 9937): delivered and sent in this recovery, and in flight when it began; of the last one when none runs. */
  prrDelivered: number
  prrOut: number
  recoverFs: number
  /** RACK-TLP (RFC 8985), with `lost` bytes not sent again yet; zeros where it is off. `probeEnd` is 0 where no probe is under way. */
  rack: RackView
  inRecovery: boolean
  congestionPhase: CongestionPhase
  controller: string

  /** -1 before the first sample. */
  srttUs: number
  rttvarUs: number
  rtoUs: number
  backoff: number
  /** Doublings of the time between window probes, and probes of any kind since something was last heard. */
  persistBackoff: number
  probesOut: number
  /** The application answers what comes, so that ACKs wait for its next answer. */
  isInteractive: boolean
  /** The same bytes sent again after timeouts, since something was acknowledged. */
  timeouts: number
  dataSegmentsSent: number
  dataSegmentsReceived: number
  outOfOrderSegments: number
  /** When text came last, -1 before any. */
  lastTextUs: number
  /** How long the sender was busy, held by the peer's window, or by its own buffer, but for what it is now and since when. */
  sending: { busyUs: number, byWindowUs: number, byBufferUs: number, kind: SendingKind, sinceUs: number }

  /** TCP Fast Open (RFC 7413), and the bytes of data that went on our SYN and wait to be answered. */
  fastOpen: FastOpenOutcome
  synBytes: number
  /** Agreed on with the peer (RFC 5482); 0 where the configured one counts. */
  adoptedUserTimeoutUs: number
  timestampsOn: boolean
  tsRecent: number
  sackOn: boolean
  ecnOn: boolean
  /** Accurate ECN (RFC 9768 §3.2): the counters of what came, and of what the peer says to have got; zeros where it is off. */
  accurateEcn: AccurateEcnView
  /** Data segments that arrived with CE; whether ACKs say so now; whether new data will say CWR. */
  ecnMarks: number
  eceDue: boolean
  cwrDue: boolean

  /** Absolute deadlines, -1 when off. */
  timers: { retransmit: number, persist: number, delayedAck: number, keepAlive: number, timeWait: number, userTimeout: number, reorder: number, lossProbe: number }

  segmentsSent: number
  segmentsReceived: number
  bytesSent: number
  bytesReceived: number
  bytesAcked: number
  bytesDelivered: number
  retransmissions: number
  retransmittedBytes: number
  dropped: number
  finSent: boolean
  finReceived: boolean
  /** -1 when it has not happened. */
  openedUs: number
  establishedUs: number
}

export function createTcpSnapshot(): TcpSnapshot {
  return {
    id: 0, state: 0, localPort: 0, remotePort: 0, path: [],
    iss: 0, sndUna: 0, sndNxt: 0, sndResendNxt: 0, sndMax: 0, sndWnd: 0, sndWl1: 0, sndWl2: 0, sndWndShift: 0, maxSndWnd: 0,
    irs: 0, rcvNxt: 0, rcvWnd: 0, rcvWndShift: 0, rcvAdvertisedEdge: 0, rcvUp: 0,
    sendBufferBytes: 0, sendQueuedBytes: 0, sendUnackedBytes: 0,
    receiveBufferBytes: 0, receiveUnreadBytes: 0, receiveOutOfOrderBytes: 0, receiveRanges: [], sackedRanges: [],
    sndMss: 0, pathMtu: 0, rcvMss: 0, largestReceived: 0,
    cwnd: 0, ssthresh: 0, flightSize: 0, pipe: 0, dupAcks: 0, dsacks: 0, recover: 0, prrDelivered: 0, prrOut: 0, recoverFs: 0,
    rack: { on: false, xmitUs: -1, endSeq: 0, rttUs: -1, minRttUs: -1, reoWndUs: 0, reoWndMult: 0, reorderingSeen: false, lost: 0, resent: 0, probeEnd: 0 },
    inRecovery: false, congestionPhase: 'slowStart', controller: '',
    srttUs: -1, rttvarUs: 0, rtoUs: 0, backoff: 0, persistBackoff: 0, probesOut: 0, isInteractive: false, timeouts: 0,
    dataSegmentsSent: 0, dataSegmentsReceived: 0, outOfOrderSegments: 0, lastTextUs: -1, sending: { busyUs: 0, byWindowUs: 0, byBufferUs: 0, kind: 0, sinceUs: 0 },
    adoptedUserTimeoutUs: 0, fastOpen: 'none', synBytes: 0, timestampsOn: false, tsRecent: 0, sackOn: false, ecnOn: false, accurateEcn: { on: false, rCep: 0, rE0b: 0, rCeb: 0, rE1b: 0, sCep: 0, sCeb: 0 }, ecnMarks: 0, eceDue: false, cwrDue: false,
    timers: { retransmit: -1, persist: -1, delayedAck: -1, keepAlive: -1, timeWait: -1, userTimeout: -1, reorder: -1, lossProbe: -1 },
    segmentsSent: 0, segmentsReceived: 0, bytesSent: 0, bytesReceived: 0, bytesAcked: 0, bytesDelivered: 0,
    retransmissions: 0, retransmittedBytes: 0, dropped: 0, finSent: false, finReceived: false, openedUs: -1, establishedUs: -1,
  }
}
