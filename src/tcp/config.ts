import { fault } from '../base/fault.ts'
import type { Fault } from '../base/fault.ts'

/** Every number of the engine that a user may turn. Shared between connections and never changed in place. */
export interface TcpConfig {
  /** MSS to advertise; 0 takes it from the path MTU. */
  readonly mss: number
  readonly reassemblyLimitBytes: number
  /** No message makes the path MTU smaller than this; IPv6 has 1280 at least. */
  readonly minPathMtuBytes: number
  /** Try smaller segments when the same bytes were sent R1 times in vain. */
  readonly blackHoleDetection: boolean
  /** The first of those sizes; it is halved as long as nothing arrives. */
  readonly blackHoleMtuBytes: number
  /** How long after a change of the path MTU a larger one is tried. */
  readonly pathMtuProbeUs: number
  readonly sendBufferBytes: number
  readonly receiveBufferBytes: number
  /** Rounds the receive buffer up to whole segments when the connection is established. */
  readonly receiveBufferWholeSegments: boolean
  /** What the peer is told of a window is rounded up to the unit of its scale, not down: what was offered never seems to shrink. */
  readonly windowRoundsUp: boolean
  /** Offers all free space with each segment, not only when it grew by a piece worth telling. */
  readonly offerAllSpace: boolean
  /** Takes what the buffer has room for, though less was offered (a window field holds 65,535 at most). */
  readonly acceptWholeBuffer: boolean
  readonly windowScaling: boolean
  /** Window shift to offer; -1 takes the smallest that lets the receive buffer be advertised. */
  readonly windowShift: number
  readonly sackPermitted: boolean
  readonly dsack: boolean
  readonly timestamps: boolean
  readonly timestampTickUs: number
  /** Where the timestamp clock begins: 'rfc7323', a secret place for each tuple, or the same number for all. */
  readonly timestampOffset: 'rfc7323' | number
  readonly delayedAck: boolean
  readonly delayedAckUs: number
  readonly ackEverySegments: number
  /** Every segment counts, also those smaller than the largest so far. */
  readonly ackCountsSmallSegments: boolean
  readonly quickAckSegments: number
  readonly nagle: boolean
  readonly sillyWindowOverrideUs: number
  /** It is over no sooner than the RTO, and what it lets go is pushed. */
  readonly overrideAwaitsRto: boolean
  readonly congestionControl: CongestionControlName
  /** HyStart++ in the first slow start; it needs timestamps. */
  readonly hystart: boolean
  /** 0 is the size rule of RFC 5681 §3.1 (2 to 4 segments), n the rule of RFC 6928 with n in place of 10. */
  readonly initialWindowSegments: number
  /** What one ACK may add to cwnd in slow start at most (L of RFC 3465); HyStart++ has its own. */
  readonly slowStartSegments: number
  /** In slow start cwnd grows only while it is what holds data back, or half of it was used. */
  readonly growsWhenUsed: boolean
  /** cwnd grows last, by what an ACK delivered: what was reported before does not count again, and the ACK that ends a recovery counts too. */
  readonly growsByDelivery: boolean
  /** CUBIC in whole segments, as where its curve is computed with integers. */
  readonly cubicWholeSegments: boolean
  /** Loss of a retransmission reduces once more. */
  readonly lostAgainReduces: boolean
  /** What a loss reduces: the window, in whole segments, rather than what is in flight. */
  readonly lossReducesWindow: boolean
  /** A reduction that was mistaken gives all of cwnd back, burst or not. */
  readonly undoRestoresWindow: boolean
  /** A probe of a closed window repeats the number before the next byte, with no text, as a keep-alive does. */
  readonly emptyWindowProbes: boolean
  /** The least and the longest time between two of them. */
  readonly persistMinUs: number
  readonly persistMaxUs: number
  readonly limitedTransmit: boolean
  /** Proportional rate reduction in recovery by SACK. */
  readonly proportionalRate: boolean
  /** After a timeout, new data tests whether it was right before more is sent again. */
  readonly frto: boolean
  /** Take a reduction back that timestamps or reported duplicates show to be mistaken. */
  readonly undoSpurious: boolean
  /** Explicit congestion notification: not at all, where the peer asks for it, or asked for with the first SYN. */
  readonly ecn: EcnMode
  /** Accurate ECN, with more than one echo a round trip, in place of the above: not at all, where the peer asks for it, or asked for. */
  readonly accurateEcn: AccurateEcnMode
  /** It tells bytes too, by an option. */
  readonly accurateEcnOption: boolean
  /** SYNs that ask for ECN before one goes without; 0 lets all ask. */
  readonly ecnSyns: number
  /** Reduce less after a mark than after a loss. */
  readonly ecnGentle: boolean
  /** Loss detection by time with tail loss probes in place of counting; it needs SACK. */
  readonly rackTlp: boolean
  /** For how long a peer may hold back the ACK of a single segment. */
  readonly maxAckDelayUs: number
  readonly restartAfterIdle: boolean
  readonly minRtoUs: number
  readonly initialRtoUs: number
  readonly maxRtoUs: number
  readonly clockGranularityUs: number
  /** R2 for SYNs: with the other defaults they go on for 183 s. */
  readonly synRetries: number
  /** R2 for the SYN+ACK of a connection that came in. */
  readonly synAckRetries: number
  /** A SYN that goes again for the n-th time offers nothing but the MSS, for peers that choke on options; 0: all offer what the first did. */
  readonly plainSynAfter: number
  /** How long opening may take; 0 is as long as the retries last. */
  readonly openTimeoutUs: number
  /** CLOSE in SYN-SENT waits for the connection and sends its FIN then, instead of giving it up. */
  readonly closeAwaitsSyn: boolean
  /** Takes text and FIN of a SYN+ACK; else they have to come again. */
  readonly synAckText: boolean
  /** R2 for data: resends of the same bytes; 0 is no limit. */
  readonly dataRetries: number
  /** R1: resends of the same bytes after which the trouble is told. */
  readonly r1Retries: number
  /** Tell the application of R1 and of soft ICMP errors. */
  readonly reportTrouble: boolean
  /** How long without progress; 0 is for ever. */
  readonly userTimeoutUs: number
  /** The user timeout counts from the first retransmission or window probe that had no success, and where keep-alives are on it takes the place of their number. */
  readonly userTimeoutFromTrouble: boolean
  /** Tell the peer how long we wait, and follow what it tells. */
  readonly userTimeoutOption: boolean
  readonly userTimeoutAdvertisedUs: number
  /** Between these two, whatever the peer says. */
  readonly userTimeoutLowerUs: number
  readonly userTimeoutUpperUs: number
  /** After so many timeouts in a row the round trip is measured anew; 0 keeps it. */
  readonly forgetRttAfter: number
  /** A soft ICMP error ends an attempt to connect, as it does in many systems; it ends no established connection. */
  readonly softErrorsEndOpening: boolean
  readonly mslUs: number
  /** How long FIN-WAIT-2 waits for a peer whose data nobody reads any more; 0 is for ever. */
  readonly finWait2TimeoutUs: number
  /** A SYN that is surely new ends TIME_WAIT where somebody listens. */
  readonly timeWaitReuse: boolean
  readonly keepAlive: boolean
  readonly keepAliveIdleUs: number
  readonly keepAliveIntervalUs: number
  readonly keepAliveProbes: number
  /** Its probes carry a byte that was acknowledged long ago, for peers that answer no other. */
  readonly keepAliveGarbage: boolean
  readonly challengeAckLimit: number
  readonly challengeAckIntervalUs: number
  /** Answer SYNs that the backlog has no room for without remembering them. */
  readonly synCookies: boolean
  /** What a small segment waits for: 'inFlight' any byte in flight, 'small' a small segment in flight, 'burst' what was in flight before the segments that leave with it. */
  readonly nagleWaitsFor: NagleRule
  /** What the peer's window has room for behind the full segments of a burst goes with them, however little, and the largest window is that of segments with ACK. */
  readonly fillsWindow: boolean
  /** Segments that leave together go in bursts of so many, at most half of cwnd, with PSH on the last of each that is longer than one segment; 0: there are no bursts. */
  readonly burstSegments: number
  /** The least that the variance of the round trip adds to the RTO. */
  readonly rtoVarianceFloorUs: number
  /** Added to each RTO. */
  readonly rtoSlopUs: number
  /** The RST of an abort tells the window. */
  readonly abortTellsWindow: boolean
  /** The RST of an abort acknowledges too. */
  readonly abortAcknowledges: boolean
  /** An abort tells the peer also after both have closed. */
  readonly abortTellsClosing: boolean
  /** An RST anywhere in the window resets, as before RFC 5961. */
  readonly resetAnywhereInWindow: boolean
  /** A SYN in the window resets, as before RFC 5961. */
  readonly synInWindowResets: boolean
  /** A handshake that came in knows its first SYN alone: any other repeats the SYN+ACK, and a SYN+ACK is refused and ends it. */
  readonly firstSynCounts: boolean
  /** TIME-WAIT is not cut short by an RST. */
  readonly timeWaitIgnoresReset: boolean
  /** TIME-WAIT drops in silence what has no ACK, but for a SYN above RCV.NXT: that ends it, whether anybody listens or not. */
  readonly timeWaitNeedsAck: boolean
  /** A SYN that TIME-WAIT takes for an old one draws a challenge where somebody listens too, not only where nobody does. */
  readonly timeWaitChallengesSyn: boolean
  /** What arrived before a reset can still be read. */
  readonly resetKeepsUnread: boolean
  /** Whether a peer that does not answer is told with an RST when it is given up: never, when keep-alives were in vain, or always. */
  readonly giveUpResets: GiveUpRule
  /** RSTs with timestamps, where those were agreed on: none, those that answer nothing, or all. */
  readonly resetTimestamps: ResetTimestampRule
  /** A peer that takes less gets segments of this size all the same. */
  readonly minMssBytes: number
  /** TCP Fast Open: not at all, when opening, when listening, or both. */
  readonly fastOpen: FastOpenMode
  /** It goes by cookies; without them anybody's SYN may bring data, from a forged address too. */
  readonly fastOpenCookies: boolean
  /** Connections of a listener that may be accepted before their handshake is over. */
  readonly fastOpenPending: number
  /** How long a server is opened without it after it was in vain. */
  readonly fastOpenPauseUs: number
  /** SYNs have no options at all, and of the peer's only the MSS counts. */
  readonly bareSyn: boolean
  /** A segment without the timestamps that were agreed on is taken. */
  readonly toleratesMissingTimestamps: boolean
  /** Segments that were too big for the path go again as fast as cwnd allows, not one by one. */
  readonly resendsTooBigAtOnce: boolean
  /** Quick ACKs end when the application answers, and the ACK of a FIN behind data may be delayed. */
  readonly acksEndQuickly: boolean
  /** The first window is a whole number of segments, and the buffer behind it of the units that its scale can say. */
  readonly windowOfWholeSegments: boolean
  /** 'rfc6528', or a fixed initial sequence number. */
  readonly isn: 'rfc6528' | number
  readonly ttl: number
  /** The Diffserv field of every packet of the connection (RFC 2474). */
  readonly dscp: number
  /** Options of a SYN, in their order: a permutation of {@link synOptionNames}; those that are off are left out. */
  readonly synOptionOrder: string
  /** 'nop' fills words with NOPs in front of each option, 'eol' with End of Option List behind the last. */
  readonly synOptionPadding: SynOptionPadding
}

export const accurateEcnModes = ['off', 'passive', 'on'] as const
export type AccurateEcnMode = typeof accurateEcnModes[number]
export const ecnModes = ['off', 'passive', 'on'] as const
export type EcnMode = typeof ecnModes[number]
export const congestionControlNames = ['newReno', 'cubic', 'none'] as const
export type CongestionControlName = typeof congestionControlNames[number]

export const fastOpenModes = ['off', 'client', 'server', 'both'] as const
export type FastOpenMode = typeof fastOpenModes[number]

export const giveUpRules = ['never', 'keepAlive', 'always'] as const
export type GiveUpRule = typeof giveUpRules[number]

export const resetTimestampRules = ['none', 'own', 'all'] as const
export type ResetTimestampRule = typeof resetTimestampRules[number]

export const nagleRules = ['inFlight', 'small', 'burst'] as const
export type NagleRule = typeof nagleRules[number]

export const synOptionNames = ['mss', 'sackOK', 'TS', 'wscale'] as const
export type SynOptionName = typeof synOptionNames[number]
export const synOptionPaddings = ['nop', 'eol'] as const
export type SynOptionPadding = typeof synOptionPaddings[number]

export interface ConfigEntry {
  readonly default: number | boolean | string
  readonly unit: 'bytes' | 'us' | 'segments' | 'count' | 'bits' | 'switch' | 'choice' | 'order'
  readonly min?: number
  readonly max?: number
  /** Of a choice its values, of an order the names that it puts into one. */
  readonly choices?: readonly string[]
  /** Whether a running connection takes a new value. */
  readonly live: boolean
  readonly rfc: string
}

const seconds = 1_000_000

/** One row a knob. A knob with choices and a minimum takes either. */
export const tcpConfigTable = {
  mss: { default: 0, unit: 'bytes', min: 0, max: 65_495, live: false, rfc: 'RFC 9293 §3.7.1' },
  reassemblyLimitBytes: { default: 65_535, unit: 'bytes', min: 576, max: 65_535, live: false, rfc: 'RFC 9293 §3.7.1' },
  minPathMtuBytes: { default: 68, unit: 'bytes', min: 68, max: 1500, live: true, rfc: 'RFC 1191 §3' },
  blackHoleDetection: { default: true, unit: 'switch', live: true, rfc: 'RFC 4821 §7.7' },
  blackHoleMtuBytes: { default: 1024, unit: 'bytes', min: 68, max: 1500, live: true, rfc: 'RFC 4821 §7.2' },
  pathMtuProbeUs: { default: 600 * seconds, unit: 'us', min: 300 * seconds, max: 86_400 * seconds, live: true, rfc: 'RFC 1191 §6.3' },
  sendBufferBytes: { default: 262_144, unit: 'bytes', min: 1, max: 1 << 28, live: false, rfc: 'RFC 9293 §3.9.1' },
  receiveBufferBytes: { default: 262_144, unit: 'bytes', min: 1, max: 1 << 28, live: true, rfc: 'RFC 9293 §3.8.6' },
  receiveBufferWholeSegments: { default: false, unit: 'switch', live: false, rfc: 'RFC 9293 §3.8.6' },
  windowRoundsUp: { default: false, unit: 'switch', live: false, rfc: 'RFC 7323 §2.4' },
  offerAllSpace: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.8.6.2.2' },
  acceptWholeBuffer: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.10.7.4' },
  windowScaling: { default: true, unit: 'switch', live: false, rfc: 'RFC 7323 §2' },
  windowShift: { default: -1, unit: 'bits', min: -1, max: 14, live: false, rfc: 'RFC 7323 §2.3' },
  sackPermitted: { default: true, unit: 'switch', live: false, rfc: 'RFC 2018 §2' },
  dsack: { default: true, unit: 'switch', live: true, rfc: 'RFC 2883 §4' },
  timestamps: { default: true, unit: 'switch', live: false, rfc: 'RFC 7323 §3' },
  timestampTickUs: { default: 1000, unit: 'us', min: 1, max: 1 * seconds, live: false, rfc: 'RFC 7323 §5.4' },
  timestampOffset: { default: 'rfc7323', unit: 'count', choices: ['rfc7323'], min: 0, max: 0xffff_ffff, live: false, rfc: 'RFC 7323 §5.4' },
  delayedAck: { default: true, unit: 'switch', live: true, rfc: 'RFC 9293 §3.8.6.3' },
  delayedAckUs: { default: 200_000, unit: 'us', min: 0, max: 499_999, live: true, rfc: 'RFC 9293 §3.8.6.3' },
  ackEverySegments: { default: 2, unit: 'segments', min: 1, max: 64, live: true, rfc: 'RFC 9293 §3.8.6.3' },
  ackCountsSmallSegments: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.8.6.3' },
  quickAckSegments: { default: 0, unit: 'segments', min: 0, max: 64, live: true, rfc: 'RFC 5681 §4.2' },
  nagle: { default: true, unit: 'switch', live: true, rfc: 'RFC 9293 §3.7.4' },
  sillyWindowOverrideUs: { default: 200_000, unit: 'us', min: 100_000, max: 1 * seconds, live: true, rfc: 'RFC 9293 §3.8.6.2.1' },
  overrideAwaitsRto: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.8.6.2.1' },
  congestionControl: { default: 'newReno', unit: 'choice', choices: congestionControlNames, live: true, rfc: 'RFC 5681 §3' },
  hystart: { default: false, unit: 'switch', live: false, rfc: 'RFC 9406 §4' },
  initialWindowSegments: { default: 10, unit: 'segments', min: 0, max: 1000, live: false, rfc: 'RFC 6928 §2' },
  slowStartSegments: { default: 1, unit: 'segments', min: 1, max: 65_535, live: false, rfc: 'RFC 3465 §2.2' },
  growsWhenUsed: { default: false, unit: 'switch', live: false, rfc: 'RFC 7661 §4.2' },
  growsByDelivery: { default: false, unit: 'switch', live: false, rfc: 'RFC 5681 §3.1' },
  cubicWholeSegments: { default: false, unit: 'switch', live: false, rfc: 'RFC 9438 §4' },
  lostAgainReduces: { default: true, unit: 'switch', live: false, rfc: 'RFC 8985 §9.3' },
  lossReducesWindow: { default: false, unit: 'switch', live: false, rfc: 'RFC 5681 §3.1' },
  undoRestoresWindow: { default: false, unit: 'switch', live: false, rfc: 'RFC 4015 §3.2' },
  emptyWindowProbes: { default: false, unit: 'switch', live: false, rfc: 'RFC 9293 §3.8.6.1' },
  persistMinUs: { default: 0, unit: 'us', min: 0, max: 60 * seconds, live: true, rfc: 'RFC 9293 §3.8.6.1' },
  persistMaxUs: { default: 3600 * seconds, unit: 'us', min: 1000, max: 3600 * seconds, live: true, rfc: 'RFC 9293 §3.8.6.1' },
  limitedTransmit: { default: true, unit: 'switch', live: true, rfc: 'RFC 3042 §2' },
  proportionalRate: { default: true, unit: 'switch', live: true, rfc: 'RFC 9937 §6' },
  frto: { default: true, unit: 'switch', live: true, rfc: 'RFC 5682 §2.1' },
  undoSpurious: { default: true, unit: 'switch', live: true, rfc: 'RFC 4015 §3' },
  ecn: { default: 'passive', unit: 'choice', choices: ecnModes, live: false, rfc: 'RFC 3168 §6.1.1' },
  accurateEcn: { default: 'off', unit: 'choice', choices: accurateEcnModes, live: false, rfc: 'RFC 9768 §3.1' },
  accurateEcnOption: { default: true, unit: 'switch', live: false, rfc: 'RFC 9768 §3.2.3' },
  ecnSyns: { default: 2, unit: 'count', min: 0, max: 100, live: true, rfc: 'RFC 3168 §6.1.1.1' },
  ecnGentle: { default: false, unit: 'switch', live: true, rfc: 'RFC 8511 §3' },
  rackTlp: { default: true, unit: 'switch', live: false, rfc: 'RFC 8985 §4' },
  maxAckDelayUs: { default: 200_000, unit: 'us', min: 0, max: 1 * seconds, live: true, rfc: 'RFC 8985 §7.2' },
  restartAfterIdle: { default: true, unit: 'switch', live: true, rfc: 'RFC 5681 §4.1' },
  minRtoUs: { default: 1 * seconds, unit: 'us', min: 1000, max: 60 * seconds, live: true, rfc: 'RFC 6298 §2.4' },
  initialRtoUs: { default: 1 * seconds, unit: 'us', min: 1000, max: 60 * seconds, live: false, rfc: 'RFC 6298 §2.1' },
  maxRtoUs: { default: 60 * seconds, unit: 'us', min: 60 * seconds, max: 3600 * seconds, live: true, rfc: 'RFC 6298 §2.5' },
  clockGranularityUs: { default: 1000, unit: 'us', min: 1, max: 500_000, live: false, rfc: 'RFC 6298 §4' },
  synRetries: { default: 7, unit: 'count', min: 0, max: 127, live: true, rfc: 'RFC 9293 §3.8.3' },
  synAckRetries: { default: 7, unit: 'count', min: 0, max: 100, live: true, rfc: 'RFC 9293 §3.8.3' },
  plainSynAfter: { default: 0, unit: 'count', min: 0, max: 100, live: true, rfc: 'RFC 9293 §3.2' },
  openTimeoutUs: { default: 0, unit: 'us', min: 0, max: 86_400 * seconds, live: true, rfc: 'RFC 9293 §3.9.1' },
  closeAwaitsSyn: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.10.4' },
  synAckText: { default: true, unit: 'switch', live: false, rfc: 'RFC 9293 §3.10.7.3' },
  dataRetries: { default: 15, unit: 'count', min: 0, max: 100, live: true, rfc: 'RFC 9293 §3.8.3' },
  r1Retries: { default: 3, unit: 'count', min: 1, max: 100, live: true, rfc: 'RFC 9293 §3.8.3' },
  reportTrouble: { default: true, unit: 'switch', live: true, rfc: 'RFC 9293 §3.9.1.8' },
  userTimeoutUs: { default: 300 * seconds, unit: 'us', min: 0, max: 365 * 86_400 * seconds, live: true, rfc: 'RFC 9293 §3.9.1' },
  userTimeoutFromTrouble: { default: false, unit: 'switch', live: false, rfc: 'RFC 9293 §3.9.1' },
  userTimeoutOption: { default: false, unit: 'switch', live: false, rfc: 'RFC 5482 §3' },
  userTimeoutAdvertisedUs: { default: 300 * seconds, unit: 'us', min: 1 * seconds, max: 365 * 86_400 * seconds, live: true, rfc: 'RFC 5482 §3.1' },
  userTimeoutLowerUs: { default: 100 * seconds, unit: 'us', min: 1 * seconds, max: 365 * 86_400 * seconds, live: true, rfc: 'RFC 5482 §3.1' },
  userTimeoutUpperUs: { default: 3600 * seconds, unit: 'us', min: 1 * seconds, max: 365 * 86_400 * seconds, live: true, rfc: 'RFC 5482 §3.1' },
  forgetRttAfter: { default: 0, unit: 'count', min: 0, max: 100, live: true, rfc: 'RFC 6298 §5' },
  softErrorsEndOpening: { default: false, unit: 'switch', live: true, rfc: 'RFC 5461 §4.1' },
  mslUs: { default: 120 * seconds, unit: 'us', min: 0, max: 3600 * seconds, live: true, rfc: 'RFC 9293 §3.4.2' },
  finWait2TimeoutUs: { default: 0, unit: 'us', min: 0, max: 86_400 * seconds, live: true, rfc: 'RFC 9293 §3.6' },
  timeWaitReuse: { default: true, unit: 'switch', live: true, rfc: 'RFC 6191 §2' },
  keepAlive: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.8.4' },
  keepAliveIdleUs: { default: 7200 * seconds, unit: 'us', min: 1000, max: 365 * 86_400 * seconds, live: true, rfc: 'RFC 9293 §3.8.4' },
  keepAliveIntervalUs: { default: 75 * seconds, unit: 'us', min: 1000, max: 86_400 * seconds, live: true, rfc: 'RFC 9293 §3.8.4' },
  keepAliveProbes: { default: 9, unit: 'count', min: 1, max: 127, live: true, rfc: 'RFC 9293 §3.8.4' },
  keepAliveGarbage: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.8.4' },
  challengeAckLimit: { default: 10, unit: 'count', min: 1, max: 1_000_000, live: true, rfc: 'RFC 5961 §7' },
  challengeAckIntervalUs: { default: 5 * seconds, unit: 'us', min: 1000, max: 3600 * seconds, live: true, rfc: 'RFC 5961 §7' },
  synCookies: { default: true, unit: 'switch', live: false, rfc: 'RFC 4987 §3.6' },
  nagleWaitsFor: { default: 'inFlight', unit: 'choice', choices: nagleRules, live: false, rfc: 'RFC 9293 §3.7.4' },
  fillsWindow: { default: false, unit: 'switch', live: false, rfc: 'RFC 9293 §3.8.6.2.1' },
  burstSegments: { default: 0, unit: 'segments', min: 0, max: 64, live: false, rfc: 'RFC 9293 §3.9.1.2' },
  rtoVarianceFloorUs: { default: 0, unit: 'us', min: 0, max: 60 * seconds, live: false, rfc: 'RFC 6298 §2.3' },
  rtoSlopUs: { default: 0, unit: 'us', min: 0, max: 60 * seconds, live: false, rfc: 'RFC 6298 §2.3' },
  abortTellsWindow: { default: false, unit: 'switch', live: false, rfc: 'RFC 9293 §3.10.5' },
  abortAcknowledges: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.10.5' },
  abortTellsClosing: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.10.5' },
  resetAnywhereInWindow: { default: false, unit: 'switch', live: true, rfc: 'RFC 5961 §3' },
  synInWindowResets: { default: false, unit: 'switch', live: true, rfc: 'RFC 5961 §4' },
  firstSynCounts: { default: false, unit: 'switch', live: false, rfc: 'RFC 9293 §3.10.7.4' },
  timeWaitIgnoresReset: { default: false, unit: 'switch', live: true, rfc: 'RFC 1337 §3' },
  timeWaitNeedsAck: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.10.7.4' },
  timeWaitChallengesSyn: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.10.7.4' },
  resetKeepsUnread: { default: false, unit: 'switch', live: true, rfc: 'RFC 9293 §3.10.7.4' },
  giveUpResets: { default: 'never', unit: 'choice', choices: giveUpRules, live: true, rfc: 'RFC 9293 §3.8.3' },
  resetTimestamps: { default: 'all', unit: 'choice', choices: resetTimestampRules, live: true, rfc: 'RFC 7323 §3.2' },
  minMssBytes: { default: 64, unit: 'bytes', min: 28, max: 536, live: false, rfc: 'RFC 9293 §3.7.1' },
  fastOpen: { default: 'off', unit: 'choice', choices: fastOpenModes, live: false, rfc: 'RFC 7413 §2' },
  fastOpenCookies: { default: true, unit: 'switch', live: false, rfc: 'RFC 7413 §7.3' },
  fastOpenPending: { default: 16, unit: 'count', min: 0, max: 65_535, live: false, rfc: 'RFC 7413 §5.1' },
  fastOpenPauseUs: { default: 3600 * seconds, unit: 'us', min: 0, max: 365 * 86_400 * seconds, live: false, rfc: 'RFC 7413 §4.1.3.1' },
  bareSyn: { default: false, unit: 'switch', live: false, rfc: 'RFC 9293 §3.2' },
  toleratesMissingTimestamps: { default: false, unit: 'switch', live: true, rfc: 'RFC 7323 §3.2' },
  resendsTooBigAtOnce: { default: false, unit: 'switch', live: true, rfc: 'RFC 1191 §6.5' },
  acksEndQuickly: { default: false, unit: 'switch', live: true, rfc: 'RFC 5681 §4.2' },
  windowOfWholeSegments: { default: false, unit: 'switch', live: false, rfc: 'RFC 9293 §3.8.6' },
  isn: { default: 'rfc6528', unit: 'count', choices: ['rfc6528'], min: 0, max: 0xffff_ffff, live: false, rfc: 'RFC 6528 §3' },
  synOptionOrder: { default: 'mss,sackOK,TS,wscale', unit: 'order', choices: synOptionNames, live: false, rfc: 'RFC 9293 §3.1' },
  synOptionPadding: { default: 'nop', unit: 'choice', choices: synOptionPaddings, live: false, rfc: 'RFC 9293 §3.1' },
  ttl: { default: 64, unit: 'count', min: 1, max: 255, live: true, rfc: 'RFC 9293 §3.9.2' },
  dscp: { default: 0, unit: 'count', min: 0, max: 63, live: true, rfc: 'RFC 9293 §3.9.1.9' },
} as const satisfies { readonly [name in keyof TcpConfig]: ConfigEntry }

/** As the RFCs of the table say it. */
export const defaultTcpConfig = Object.fromEntries(Object.entries(tcpConfigTable).map(([name, entry]) => [name, entry.default])) as unknown as TcpConfig

export const tcpPresets = {
  rfc: {},
  linux: {
    abortTellsWindow: true, windowRoundsUp: true, fillsWindow: true, timeWaitChallengesSyn: true,
    abortAcknowledges: true, receiveBufferBytes: 131_072, windowShift: 7, minPathMtuBytes: 552, blackHoleDetection: false, delayedAckUs: 40_000, quickAckSegments: 16,
    congestionControl: 'cubic', hystart: true, minRtoUs: 200_000, maxRtoUs: 120 * seconds, synRetries: 6, synAckRetries: 5, synAckText: false,
    finWait2TimeoutUs: 60 * seconds, softErrorsEndOpening: true, userTimeoutUs: 1200 * seconds, mslUs: 30 * seconds,
    ecnSyns: 1, burstSegments: 2, nagleWaitsFor: 'small', rtoVarianceFloorUs: 200_000,
    resetTimestamps: 'own', resetKeepsUnread: true, giveUpResets: 'keepAlive', minMssBytes: 48, resendsTooBigAtOnce: true, acksEndQuickly: true, windowOfWholeSegments: true, overrideAwaitsRto: true,
    growsByDelivery: true, cubicWholeSegments: true, lostAgainReduces: false,
    slowStartSegments: 65_535, growsWhenUsed: true, lossReducesWindow: true, undoRestoresWindow: true, emptyWindowProbes: true,
  },
  // FreeBSD 14: tcp(4) and the defaults of its net.inet.tcp sysctls.
  freebsd: {
    sendBufferBytes: 32_768, receiveBufferBytes: 65_536, windowShift: 6, delayedAckUs: 40_000, congestionControl: 'cubic', minRtoUs: 230_000,
    maxRtoUs: 64 * seconds, dataRetries: 12,
    userTimeoutUs: 1200 * seconds, mslUs: 30 * seconds, keepAlive: true, keepAliveProbes: 8, challengeAckLimit: 5, challengeAckIntervalUs: 1 * seconds, rackTlp: false, frto: false,
    minPathMtuBytes: 256, blackHoleDetection: false, synOptionOrder: 'mss,wscale,sackOK,TS', synOptionPadding: 'eol',
    rtoSlopUs: 200_000, nagleWaitsFor: 'burst',
    receiveBufferWholeSegments: true, offerAllSpace: true, acceptWholeBuffer: true, ackCountsSmallSegments: true, abortAcknowledges: true,
    timeWaitIgnoresReset: true, timeWaitNeedsAck: true,
    firstSynCounts: true, slowStartSegments: 2, undoRestoresWindow: true, synAckRetries: 3, openTimeoutUs: 75 * seconds, closeAwaitsSyn: true, abortTellsClosing: true,
    resetKeepsUnread: true, giveUpResets: 'always', minMssBytes: 216, resendsTooBigAtOnce: true,
    finWait2TimeoutUs: 600 * seconds, persistMinUs: 5 * seconds, persistMaxUs: 60 * seconds,
  },
  // Windows 11: the Internet template of Get-NetTCPSetting, and the documented defaults of its registry values.
  windows: {
    sendBufferBytes: 65_536, receiveBufferBytes: 65_535, windowShift: 8, timestamps: false, delayedAckUs: 40_000, congestionControl: 'cubic', hystart: true, minRtoUs: 300_000,
    synRetries: 4, dataRetries: 5, mslUs: 60 * seconds, keepAliveIntervalUs: 1 * seconds, keepAliveProbes: 10, ttl: 128,
    minPathMtuBytes: 576, blackHoleDetection: false, synOptionOrder: 'mss,wscale,sackOK,TS',
  },
  // The numbers of first lessons: 100 and 2000 to begin with, nothing negotiated.
  textbook: {
    sendBufferBytes: 65_535, receiveBufferBytes: 65_535, windowScaling: false, sackPermitted: false, timestamps: false, delayedAck: false, nagle: false, congestionControl: 'none',
    initialWindowSegments: 1, limitedTransmit: false, frto: false, undoSpurious: false, ecn: 'off', blackHoleDetection: false, isn: 100,
  },
} as const satisfies Readonly<Record<string, Partial<TcpConfig>>>

export type TcpPresetName = keyof typeof tcpPresets

export function tcpPreset(name: TcpPresetName): TcpConfig {
  return { ...defaultTcpConfig, ...tcpPresets[name] }
}

/** @returns a `badArgument` fault that names the knob and what it takes, or null */
export function checkTcpOption<K extends keyof TcpConfig>(name: K, value: unknown): Fault | null {
  const entry: ConfigEntry | undefined = Object.hasOwn(tcpConfigTable, name) ? tcpConfigTable[name] : undefined
  if (entry === undefined) return fault('badArgument', { name, value: String(value), expected: Object.keys(tcpConfigTable).join(' ') })
  if (isLegal(entry, value)) return null
  return fault('badArgument', { name, value: String(value), expected: expectation(entry) })
}

/** What people write for a knob (on, off, a number, a word) as its own kind of value; whether it is legal is {@link checkTcpOption}'s to say. */
export function knobValue(name: keyof TcpConfig, written: number | boolean | string): number | boolean | string {
  const entry: ConfigEntry | undefined = Object.hasOwn(tcpConfigTable, name) ? tcpConfigTable[name] : undefined
  if (entry?.unit === 'switch' && typeof written === 'number') return written !== 0
  if (entry?.unit === 'choice' && typeof written === 'boolean') return written ? 'on' : 'off'
  return written
}

/** The first fault of a whole configuration, or null. */
export function checkTcpConfig(config: TcpConfig): Fault | null {
  for (const name of Object.keys(tcpConfigTable) as (keyof TcpConfig)[]) {
    const wrong = checkTcpOption(name, config[name])
    if (wrong !== null) return wrong
  }
  return null
}

function isLegal(entry: ConfigEntry, value: unknown): boolean {
  if (entry.unit === 'switch') return typeof value === 'boolean'
  if (entry.unit === 'order') return typeof value === 'string' && value.split(',').toSorted().join() === entry.choices!.toSorted().join()
  if (typeof value === 'string') return entry.choices?.includes(value) ?? false
  return typeof value === 'number' && Number.isInteger(value) && entry.min !== undefined && entry.max !== undefined && value >= entry.min && value <= entry.max
}

function expectation(entry: ConfigEntry): string {
  if (entry.unit === 'switch') return 'true | false'
  if (entry.unit === 'order') return `${entry.choices!.join()} | ${entry.choices!.toReversed().join()} | …`
  const range = entry.min === undefined ? [] : [`${entry.min} .. ${entry.max} ${entry.unit}`]
  return [...(entry.choices ?? []), ...range].join(' | ')
}
