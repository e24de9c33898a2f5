import type { FaultCode } from '../base/fault.ts'
import type { RangeSet } from '../base/range-set.ts'
import type { AccurateEcn } from './accurate-ecn.ts'
import type { TcpConfig } from './config.ts'
import { createController } from './congestion.ts'
import type { CongestionController } from './congestion.ts'
import type { TcpConnection, TcpConnectionOptions } from './connection.ts'
import { silentSink } from './decision.ts'
import type { DecisionSink, DecisionVerb } from './decision.ts'
import { EventQueue } from './events.ts'
import { ipHeaderAndTcpHeaderBytes } from './limits.ts'
import { FastOpen } from './fast-open.ts'
import type { LossEpisode } from './loss-episode.ts'
import type { Rack } from './rack.ts'
import { firstStateReason, Reason } from './reasons.ts'
import type { ReasonIndex } from './reasons.ts'
import { ReceiveBuffer } from './receive-buffer.ts'
import { RttEstimator } from './rtt.ts'
import { SendRing } from './send-ring.ts'
import { SendTimes } from './send-times.ts'
import { seqAdd, seqDiff, seqMax } from './seq.ts'
import { segmentLength, TcpSegment } from './segment.ts'
import { inputNumber, nextState, TcpState } from './state.ts'
import type { TcpInput } from './state.ts'
import { StatePath } from './state-path.ts'
import { Timers } from './timers.ts'
import { UserTimeout } from './user-timeout.ts'
import { WindowUse } from './window-use.ts'

/**
 * The transmission control block (RFC 9293 §3.3.1): everything one connection knows. The steps of the engine are functions over it;
 * only they write to it. Sequence numbers are u32, sizes bytes, times µs.
 */
export class Tcb {
  readonly connection: TcpConnection
  readonly id: number
  readonly sink: DecisionSink
  readonly out: TcpSegment
  readonly events = new EventQueue()
  readonly timers = new Timers()
  readonly localPort: number
  readonly ipVersion: 4 | 6
  /** Largest IP packet that the first hop takes. */
  readonly linkMtu: number
  /** The remote port given with a passive open; 0 takes any. */
  readonly boundRemotePort: number
  readonly iss: number
  readonly timestampOffset: number

  config: TcpConfig
  state: TcpState = TcpState.closed
  remotePort: number
  /** Whether LISTEN led here (RFC 9293 MUST-11). */
  passive = false
  lastError: FaultCode | null = null
  /** Null where the connection does without. */
  readonly fastOpen: FastOpen | null
  /** The application had the connection, and its data, before the handshake was over (RFC 7413 §4.2.2). */
  acceptedEarly = false
  readonly path = new StatePath()

  // Send sequence space.
  sndUna: number
  sndNxt: number
  sndWnd = 0
  sndWl1 = 0
  sndWl2 = 0
  maxSndWnd = 0
  sndWndShift = 0
  synAcked = false
  synDue = false
  synSent = false
  synReason: ReasonIndex = Reason.synOpen
  synA = 0
  synB = 0
  closeRequested = false
  /** The application takes no more data: what comes draws an RST. */
  readingClosed = false
  finSent = false
  /** The end of what the application wants to be sent without waiting for more. */
  pushSeq: number
  /** SND.UP, while `urgentOut`. */
  sndUp = 0
  urgentOut = false
  finSeq = 0
  finAcked = false
  sendRing: SendRing
  /** The application was told that the buffer is full and waits to hear otherwise. */
  sendBlocked = false
  lastSendUs = -1
  /** Segments of new data that left since there was nothing to send. */
  burstSegments = 0
  /** Nothing was in flight when the first of them left. */
  burstWasIdle = false
  /** End of the last segment smaller than the MSS, as a distance from ISS. */
  smallEnd = 0

  // Receive sequence space.
  irs = 0
  rcvNxt = 0
  /** The end of the peer's urgent data, while `urgentIn`: until it was read. */
  rcvUp = 0
  urgentIn = false
  rcvAdvertisedEdge = 0
  rcvWndShift = 0
  /** What our SYN says; -1 before it. */
  offeredShift = -1
  /** Window in our SYN, which had no RCV.NXT to count from yet. */
  synWindow = 0
  receiveBuffer: ReceiveBuffer
  finReceived = false
  /** Stream offset of a FIN that waits for data before it; -1 when there is none. */
  pendingFinOffset = -1
  lastAckSent = 0

  // What the two sides agreed on.
  /** MSS we advertise. */
  rcvMss: number
  /** Limit of what we send, before options are taken off. */
  sndMss: number
  /** What the peer's SYN said, or the default. */
  peerMss = 0xffff
  /** Largest IP packet that the path is known to take, and since when. */
  pathMtu: number
  pathMtuSetUs = 0
  /** The MTU that the segment from `mtuProbeSeq` to `mtuProbeEnd` tries; 0 where none is out. */
  mtuProbe = 0
  mtuProbeSeq = 0
  mtuProbeEnd = 0
  scalingOn = false
  timestampsOn = false
  sackOn = false
  ecnOn = false
  tsRecent = 0
  tsRecentUs = 0

  // Acknowledgments owed.
  /** Owed one by one, before any data: duplicate ACKs, challenges, answers. */
  promptAcks = 0
  /** Owed at once, on data or alone. */
  ackNow = false
  ackReason: ReasonIndex = Reason.ackHandshake
  ackA = 0
  ackB = 0
  ackC = 0
  delayedBytes = 0
  delayedSegments = 0
  quickAcksLeft = 0
  /** The application answers what comes: ACKs can go with the next answer. */
  isInteractive = false
  /** The largest data segment so far: what counts as full-sized here. */
  largestReceived = 536
  windowUpdateDue = false

  // Retransmission.
  controller: CongestionController
  /** Null where nobody asks. */
  readonly windowUse: WindowUse | null
  rtt: RttEstimator
  retransmitCount = 0
  rttTiming = false
  rttSpoiled = false
  rttSeq = 0
  rttStartUs = 0
  synWasLost = false
  dupAcks = 0
  limitedTransmitBytes = 0
  recover: number
  inRecovery = false
  lossRecovery = false
  /** A partial ACK came in this fast recovery without SACK; those after the first leave the timer alone (RFC 6582 §3.2, step 3). */
  partialAcked = false
  leavesRto = false
  /** Resending goes on from `resendNxt` up to SND.NXT. */
  resending = false
  resendNxt = 0
  resendReason: ReasonIndex = Reason.retransmitTimeout
  /** Bytes that may be in flight while segments that were too big are sent again: one segment, and more with each ACK. */
  resendLimit = Infinity
  /** Resending may take new data along: what was out was a refused window probe. */
  resendGrows = false
  /** Reason to resend the front at once, beside cwnd; 0 when there is none. */
  frontReason: ReasonIndex = 0
  /** What the peer's SACK blocks cover, as distances from ISS; null before the first block. */
  sacked: RangeSet | null = null
  /** Their sum. */
  sackedBytes = 0
  /** Fast recovery goes by the scoreboard (RFC 6675), not by counting duplicate ACKs (RFC 6582). */
  sackRecovery = false
  /** Holes below this distance from ISS were resent in this recovery. */
  highRxt = 0
  /** The one rescue retransmission of this recovery was made. */
  rescued = false
  /** RFC 9937: bytes delivered and sent in this recovery, and those in flight when it began. */
  /** A reduction by ECN is spread over the round trip. */
  markReducing = false
  prrDelivered = 0
  prrOut = 0
  recoverFs = 0
  /** A duplicate that the next ACK reports. */
  dsackDue = false
  dsackStart = 0
  dsackEnd = 0
  /** Duplicates that the peer reported. */
  dsacks = 0
  /** The last reduction by a loss, which may turn out to be mistaken; null before the first. */
  episode: LossEpisode | null = null
  /** RACK-TLP (RFC 8985); null where it is off or SACK is, and before anything was sent. */
  rack: Rack | null = null
  /** A retransmission that left after the last reduction of cwnd was found lost. */
  retransmissionLost = false
  /** When cwnd was reduced last, and SND.NXT then. */
  reducedUs = -1
  reducedSeq: number
  /** Null where the option is off. */
  readonly userTimeout: UserTimeout | null
  /** The new data that waits has to wait for the RTO: a mark came at a window of one segment (RFC 3168 §6.1.2). */
  ecnPaused = false
  /** Null where it was not agreed on. */
  accurateEcn: AccurateEcn | null = null
  /** All of our SYNs asked for ECN. */
  ecnAsked = false
  /** A marked segment came, and the peer has not said CWR since. */
  eceDue = false
  /** New data shall say CWR. */
  cwrDue = false
  /** Segments with CE that counted. */
  ecnMarks = 0
  /** When the retransmission timeout is due, whichever loss timer runs in its place; Infinity with nothing out. */
  rtoAtUs = Infinity
  /** SND.UNA as an unwrapped distance from ISS. */
  ackedOffset = 0

  // Window probing.
  persistKind: 0 | 1 | 2 | 3 = 0
  persistBackoff = 0
  probeDue = false
  /** A window probe left, and nothing came back yet. */
  probeAwaited = false
  overrideDue = false
  probeOut = false
  probeSeq = 0

  /** Window probes and keep-alives since something was last heard. */
  probesOut = 0
  readonly sendTimes = new SendTimes()
  dataSegmentsSent = 0
  dataSegmentsReceived = 0
  outOfOrderSegments = 0
  keepAliveDue = false
  keepAliveCount = 0
  lastHeardUs = 0
  /** When text came last; -1 before any. */
  lastTextUs = -1
  challengeWindowUs = 0
  challengeCount = 0

  // A reset owed; it may answer another port than the connection's (LISTEN).
  resetDue = false
  resetTellsWindow = false
  resetSeq = 0
  resetAck = 0
  resetFlags = 0
  resetPort = 0
  /** It answers nothing, but says where both sides stand. */
  resetIsOwn = false
  resetReason: ReasonIndex = Reason.rstAbort
  resetA = 0
  resetB = 0

  /** The hold reported last; 0 after something was sent. */
  lastHold: ReasonIndex = 0

  segmentsSent = 0
  segmentsReceived = 0
  bytesSent = 0
  bytesReceived = 0
  bytesAcked = 0
  bytesDelivered = 0
  retransmissions = 0
  retransmittedBytes = 0
  dropped = 0
  openedUs = -1
  establishedUs = -1

  constructor(connection: TcpConnection, options: TcpConnectionOptions) {
    const { config, pathMtu, ipVersion, isn } = options
    this.connection = connection
    this.id = options.id
    this.sink = options.sink ?? silentSink
    this.out = options.segment ?? new TcpSegment()
    this.config = config
    this.fastOpen = options.fastOpen === undefined ? null : new FastOpen(options.fastOpen)
    this.localPort = options.localPort
    this.remotePort = options.remotePort
    this.boundRemotePort = options.remotePort
    this.ipVersion = ipVersion
    this.linkMtu = Math.max(options.linkMtu ?? pathMtu, pathMtu)
    this.pathMtu = pathMtu
    this.iss = isn >>> 0
    this.timestampOffset = typeof config.timestampOffset === 'number' ? config.timestampOffset : options.timestampOffset ?? 0
    this.sndUna = this.iss
    this.sndNxt = this.iss
    this.recover = this.iss
    this.reducedSeq = this.iss
    this.pushSeq = seqAdd(this.iss, 1)
    this.sendRing = new SendRing(config.sendBufferBytes, seqAdd(this.iss, 1))
    this.receiveBuffer = new ReceiveBuffer(config.receiveBufferBytes)
    this.controller = createController(config)
    this.rtt = new RttEstimator(config)
    this.userTimeout = config.userTimeoutOption ? new UserTimeout() : null
    this.windowUse = config.growsWhenUsed ? new WindowUse() : null
    this.quickAcksLeft = config.quickAckSegments
    const headers = ipHeaderAndTcpHeaderBytes[ipVersion]
    const largest = Math.min(this.linkMtu, config.reassemblyLimitBytes) - headers
    this.rcvMss = config.mss === 0 ? largest : Math.min(config.mss, largest)
    if (config.windowOfWholeSegments && config.receiveBufferBytes > this.rcvMss) this.receiveBuffer.setLimit(config.receiveBufferBytes - config.receiveBufferBytes % this.rcvMss)
    this.sndMss = pathMtu - headers
  }

  decide(verb: DecisionVerb, reason: ReasonIndex, nowUs: number, seq: number, lengthBytes: number, a = 0, b = 0, c = 0, d = 0): void {
    this.sink.decide(this.connection, verb, reason, nowUs, seq, lengthBytes, a, b, c, d)
  }

  setting(reason: ReasonIndex, nowUs: number, a = 0, b = 0, c = 0, d = 0): void {
    this.sink.decide(this.connection, 'setting', reason, nowUs, 0, 0, a, b, c, d)
  }

  /** An arriving segment is not taken. */
  drop(reason: ReasonIndex, segment: TcpSegment, nowUs: number, a = 0, b = 0, c = 0): void {
    this.dropped++
    this.sink.decide(this.connection, 'dropped', reason, nowUs, segment.seq, segmentLength(segment), a, b, c, 0)
  }

  /** The only way a state changes. */
  move(input: TcpInput, nowUs: number): void {
    const from = this.state
    const to = nextState(from, input)
    if (to === null) throw new Error(`no transition from ${from} on ${input}`)
    const number = inputNumber(input)
    this.state = to
    this.path.add(input)
    this.sink.decide(this.connection, 'state', firstStateReason + number, nowUs, 0, 0, from, to, number, 0)
  }

  /** Owes one pure ACK for one arrived segment. */
  oweAck(reason: ReasonIndex, a = 0, b = 0, c = 0): void {
    if (this.promptAcks < maxPromptAcks) this.promptAcks++
    this.noteAck(reason, a, b, c)
  }

  /** Owes an ACK at once that data may carry. */
  oweAckNow(reason: ReasonIndex, a = 0, b = 0, c = 0): void {
    this.ackNow = true
    this.noteAck(reason, a, b, c)
  }

  /** The data bytes of a full segment without SACK blocks: SMSS. */
  smss(): number {
    return this.sndMss - (this.timestampsOn ? 12 : 0)
  }

  /** The window offered to the peer so far, from RCV.NXT. */
  offeredWindow(): number {
    return Math.max(0, seqDiff(this.rcvAdvertisedEdge, this.rcvNxt))
  }

  /** RCV.WND: what was offered, or with that knob all that there is room for. A connection that came in has its buffer only when it is established. */
  receiveWindow(): number {
    const offered = this.offeredWindow()
    if (!this.config.acceptWholeBuffer || (this.passive && this.state === TcpState.synReceived)) return offered
    return Math.max(offered, this.receiveBuffer.limit - this.receiveBuffer.unread())
  }

  /** Bytes queued and never sent. */
  unsentBytes(): number {
    return this.finSent ? 0 : Math.max(0, seqDiff(this.sendRing.endSeq(), seqMax(this.sndNxt, this.sendRing.startSeq)))
  }

  finPending(): boolean {
    return this.closeRequested && !this.finSent
  }

  private noteAck(reason: ReasonIndex, a: number, b: number, c: number): void {
    this.ackReason = reason
    this.ackA = a
    this.ackB = b
    this.ackC = c
  }
}

/** More than a batch of duplicate ACKs tells the sender nothing more. */
const maxPromptAcks = 64
