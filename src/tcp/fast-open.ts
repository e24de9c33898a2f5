import { bytesEqual } from '../base/bytes.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { takeSynText } from './arrives-text.ts'
import { initialWindow } from './congestion.ts'
import { Reason } from './reasons.ts'
import { payloadBytes } from './segment.ts'
import type { TcpSegment } from './segment.ts'
import { seqAdd, seqDiff } from './seq.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'
import { Timer } from './timers.ts'

/** What the host knows for one connection; see {@link FastOpen}. */
export interface FastOpenTerms {
  /** Opening: the one cookie of that server, or none where it has still to be asked for. Listening: the cookies that are good for this peer, the newest first. */
  readonly cookies: readonly Uint8Array[]
  /** Opening: the MSS that the server said when it gave the cookie; 0 where none is known. */
  readonly mss: number
  /** Listening: whether one more connection may be accepted before its handshake is over (RFC 7413 §5.1). */
  readonly hasRoom: boolean
}

/**
 * How far it came. Opening: `asked` for a cookie, `tried` with a cookie on the SYN, whose data the peer has `taken` or `refused`; `fellBack` to a plain SYN.
 * Listening: `accepted` before the handshake was over, `granted` a cookie for the next time, `full` where too many were accepted so.
 */
export const fastOpenOutcomes = ['none', 'asked', 'tried', 'taken', 'refused', 'fellBack', 'accepted', 'granted', 'full'] as const
export type FastOpenOutcome = typeof fastOpenOutcomes[number]

/** TCP Fast Open of one connection (RFC 7413). Connections that do without have none. */
export class FastOpen {
  readonly terms: FastOpenTerms
  outcome: FastOpenOutcome = 'none'
  /** When the outcome was last another. */
  changedUs = 0
  /** Data bytes on the SYN that the peer has not answered. */
  synBytes = 0
  /** The cookie that our SYN, or SYN+ACK, carries; empty to ask for one, null for no option. */
  offered: Uint8Array | null = null
  /** It goes by the option of the trial (RFC 6994), as the peer's did. */
  isTrial = false
  /** The cookie that came with the peer's SYN+ACK. */
  granted: Uint8Array | null = null
  grantedMss = 0

  constructor(terms: FastOpenTerms) {
    this.terms = terms
  }

  become(outcome: FastOpenOutcome, nowUs: number): void {
    this.outcome = outcome
    this.changedUs = nowUs
  }
}

/** SYNs have at most this many bytes of options, so that what is left of the MSS is there for data. */
const maxOptionBytes = 40
/** Of a server that is not known (RFC 7413 §4.2.2). */
const usualMss = { 4: 536, 6: 1220 } as const

/** Settles what the first SYN carries: a cookie and as much data as waits, or the question for a cookie (§4.2.1, §4.2.2). @returns bytes of data */
export function beginFastOpen(tcb: Tcb, fastOpen: FastOpen, nowUs: number): number {
  const { terms } = fastOpen
  const needsCookie = tcb.config.fastOpenCookies
  if (needsCookie && terms.cookies.length === 0) {
    fastOpen.offered = new Uint8Array(0)
    fastOpen.become('asked', nowUs)
    return 0
  }
  fastOpen.offered = needsCookie ? terms.cookies[0] : null
  fastOpen.synBytes = Math.min(tcb.sendRing.length, synRoom(tcb))
  fastOpen.become('tried', nowUs)
  return fastOpen.synBytes
}

/** How many bytes of data the first SYN takes: none where a cookie has still to be asked for. */
export function synRoom({ fastOpen, config, sndMss, ipVersion }: Tcb): number {
  if (fastOpen === null || (config.fastOpenCookies && fastOpen.terms.cookies.length === 0)) return 0
  const { mss } = fastOpen.terms
  return Math.max(0, Math.min(sndMss, mss === 0 ? usualMss[ipVersion] : mss) - maxOptionBytes)
}

/** A SYN or SYN+ACK goes again: without option and data, for paths that choke on them (§4.2.2). */
export function abandonFastOpen(tcb: Tcb, fastOpen: FastOpen, nowUs: number): void {
  if (fastOpen.offered === null && fastOpen.synBytes === 0) return
  fastOpen.offered = null
  if (tcb.state !== TcpState.synSent || (fastOpen.outcome !== 'asked' && fastOpen.outcome !== 'tried')) return
  fastOpen.become('fellBack', nowUs)
  tcb.setting(Reason.setFastOpenFallback, nowUs, fastOpen.synBytes, tcb.retransmitCount)
}

/** The peer's SYN+ACK may bring a cookie (§4.1.1). */
export function takeGrantedCookie(tcb: Tcb, fastOpen: FastOpen, segment: TcpSegment, nowUs: number): void {
  const cookie = cookieOf(segment)
  if (cookie === null || cookie.length === 0) return
  fastOpen.granted = cookie
  fastOpen.grantedMss = tcb.peerMss
  tcb.setting(Reason.setFastOpenCookie, nowUs, cookie.length, tcb.peerMss)
}

/** Our SYN is acknowledged, and as much of its data as `ack` says; the rest is data like any other that was not sent yet (§4.2.2). */
export function settleSynText(tcb: Tcb, fastOpen: FastOpen, ack: number, nowUs: number): void {
  const { synBytes } = fastOpen
  if (synBytes === 0) return
  fastOpen.synBytes = 0
  const taken = Math.max(0, Math.min(synBytes, seqDiff(ack, tcb.sndUna)))
  tcb.sndUna = seqAdd(tcb.sndUna, taken)
  tcb.sndNxt = tcb.sndUna
  tcb.ackedOffset += taken
  tcb.bytesAcked += tcb.sendRing.discardTo(tcb.sndUna)
  tcb.bytesSent -= synBytes - taken
  if (tcb.sendRing.length === 0) tcb.timers.clear(Timer.userTimeout)
  if (fastOpen.outcome === 'tried') fastOpen.become(taken > 0 ? 'taken' : 'refused', nowUs)
  if (taken > 0) tcb.setting(Reason.setFastOpenTaken, nowUs, taken, synBytes)
  else tcb.setting(Reason.setFastOpenRefused, nowUs, synBytes)
}

/** What the option on the peer's SYN means (§4.1.2, §4.2.2). @returns whether the data of the SYN is to be taken at once */
export function judgeFastOpen(tcb: Tcb, fastOpen: FastOpen, segment: TcpSegment, nowUs: number): boolean {
  const { cookies, hasRoom } = fastOpen.terms
  const cookie = cookieOf(segment)
  const isGood = !tcb.config.fastOpenCookies || (cookie !== null && cookies.some((own) => bytesEqual(own, cookie)))
  if (cookie === null && !isGood) return false
  fastOpen.isTrial = segment.options.fastOpenCookieLength < 0
  if (isGood && !hasRoom) {
    fastOpen.become('full', nowUs)
    tcb.setting(Reason.setFastOpenLimit, nowUs, tcb.config.fastOpenPending)
    return false
  }
  if (cookie !== null && !bytesEqual(cookies[0], cookie)) {
    fastOpen.offered = cookies[0]
    tcb.setting(Reason.setFastOpenGranted, nowUs, cookies[0].length, cookie.length)
  }
  fastOpen.become(isGood ? 'accepted' : 'granted', nowUs)
  return isGood
}

/** In SYN-RECEIVED, with the application told and the data of the SYN at hand; ours may leave as far as the initial window (§4.2.2). */
export function acceptEarly(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  tcb.acceptedEarly = true
  const smss = tcb.smss()
  tcb.controller.start(smss, initialWindow(tcb.config, smss, 0))
  const taken = takeSynText(tcb, segment)
  tcb.setting(Reason.setFastOpenAccepted, nowUs, taken, tcb.controller.cwnd)
  tcb.events.push('accepted')
  if (taken > 0) tcb.events.push('readable')
  tcb.events.push('writable')
  if (taken < payloadBytes(segment)) tcb.drop(Reason.dropSynData, segment, nowUs, payloadBytes(segment) - taken)
}

/** A copy of the cookie of a SYN; empty where one is asked for, null without the option or in a length it cannot have (§4.1.1). */
function cookieOf({ flags, options }: TcpSegment): Uint8Array | null {
  const length = options.fastOpenCookieLength >= 0 ? options.fastOpenCookieLength : options.fastOpenTrialLength
  if ((flags & TcpFlag.syn) === 0 || (length !== 0 && (length < 4 || length > 16 || length % 2 !== 0))) return null
  return options.fastOpenCookie.slice(0, length)
}
