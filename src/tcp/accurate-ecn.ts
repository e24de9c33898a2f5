import { Ecn } from '../wire/ipv4.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { Reason } from './reasons.ts'
import { payloadBytes } from './segment.ts'
import type { TcpSegment } from './segment.ts'
import { seqDiff, seqLt } from './seq.ts'
import type { Tcb } from './tcb.ts'

/** Accurate ECN of one connection (RFC 9768): counters as they are received (r.) and as the peer reports its own (s.), of §3.2. */
export class AccurateEcn {
  rCep = 5
  rE0b = 1
  rCeb = 0
  rE1b = 1
  sCep = 5
  sCeb = 0
  readonly isClient: boolean
  /** What the IP header of the peer's SYN, or SYN+ACK, said. */
  readonly synEcn: number
  /** The next pure ACK answers the SYN+ACK, and says what that one's IP header said (§3.2.2.1). */
  answersSynAck: boolean
  /** The first segment without SYN has still to come: it shows whether the field gets through (§3.2.2.4). */
  awaitsFirst = true
  /** New data goes with ECT. */
  sendsEct = true
  /** A counter of bytes has moved since the last option. */
  optionDue = true
  /** CE that no ACK has told of, and whether the segment before had it. */
  marksDue = 0
  wasMarked = false

  constructor(synEcn: number, isClient: boolean) {
    this.synEcn = synEcn
    this.isClient = isClient
    this.answersSynAck = isClient
    if (isClient && synEcn === Ecn.ce) this.rCep++
  }
}

/** AE, CWR and ECE as one number (§3.2.2); on a SYN all three ask for accurate ECN. */
const { ae, cwr, ece } = TcpFlag
const allThree = ae | cwr | ece
/** For each value of the two bits in the IP header: not ECT, ECT(1), ECT(0), CE (tables 2 and 3). */
const handshakeCodes = [0b010, 0b011, 0b100, 0b110] as const
const classicCode = 0b001
const classicSynCode = 0b011
const reflectedCode = 0b111
const counterMask = 0xff_ffff

/** Of a SYN that asks. */
export const accurateSynFlags = allThree

export function aceOf(flags: number): number {
  return (flags & ae ? 4 : 0) | (flags & cwr ? 2 : 0) | (flags & ece ? 1 : 0)
}

function flagsOf(ace: number): number {
  return (ace & 4 ? ae : 0) | (ace & 2 ? cwr : 0) | (ace & 1 ? ece : 0)
}

/** A SYN that asks: with all three flags, or in a way that is not known yet (§3.1.1, §3.1.3). */
export function asksAccurate(flags: number): boolean {
  const code = aceOf(flags)
  return code !== 0 && code !== classicSynCode
}

/** A SYN+ACK that agrees: not the classic one, none, or one that only repeats our flags (§3.1.2, §3.1.3). */
export function agreesAccurate(flags: number): boolean {
  const code = aceOf(flags)
  return code !== 0 && code !== classicCode && code !== reflectedCode
}

export function beginAccurateEcn(tcb: Tcb, segment: TcpSegment, isClient: boolean, nowUs: number): void {
  tcb.accurateEcn = new AccurateEcn(segment.ecn, isClient)
  tcb.setting(Reason.setAccurateEcn, nowUs, aceOf(segment.flags), segment.ecn)
}

/** The flags of our SYN+ACK: what the IP header of the SYN said (table 2). */
export function synAckFlags(accurate: AccurateEcn): number {
  return flagsOf(handshakeCodes[accurate.synEcn])
}

/** Puts the ACE field on an outgoing segment, and ECT on new data; there is no CWR (§3.1.5, §3.2.2). */
export function markAccurately(accurate: AccurateEcn, out: TcpSegment, length: number, isNewData: boolean): void {
  if ((out.flags & (TcpFlag.syn | TcpFlag.ack)) !== TcpFlag.ack) return
  const isAnswer = accurate.answersSynAck && length === 0 && (out.flags & TcpFlag.fin) === 0
  accurate.answersSynAck = false
  out.flags |= flagsOf(isAnswer ? handshakeCodes[accurate.synEcn] : accurate.rCep & 7)
  accurate.marksDue = 0
  if (isNewData && accurate.sendsEct) out.ecn = Ecn.ect0
}

/** The receiver's side (§3.2.1): counts packets with CE and bytes of each kind, and tells of CE soon (§3.2.2.5.1). */
export function countMark(tcb: Tcb, accurate: AccurateEcn, segment: TcpSegment): void {
  const length = payloadBytes(segment)
  if (segment.ecn === Ecn.ce) {
    accurate.rCep++
    accurate.rCeb = (accurate.rCeb + length) & counterMask
    tcb.ecnMarks++
    const isNews = !accurate.wasMarked && length > 0
    const enough = length > 0 || tcb.delayedBytes > 0 ? 2 : 3
    if (++accurate.marksDue >= enough || isNews) tcb.oweAckNow(Reason.ackMarks, accurate.marksDue)
  } else if (segment.ecn === Ecn.ect0) accurate.rE0b = (accurate.rE0b + length) & counterMask
  else if (segment.ecn === Ecn.ect1) accurate.rE1b = (accurate.rE1b + length) & counterMask
  if (length > 0) accurate.wasMarked = segment.ecn === Ecn.ce
  if (length > 0 && segment.ecn !== Ecn.notEct) accurate.optionDue = true
}

/** The sender's side (§3.2.2.2): packets of ours that arrived with CE since the last ACK. @returns whether there are any */
export function readAce(tcb: Tcb, accurate: AccurateEcn, segment: TcpSegment, nowUs: number): boolean {
  if ((segment.flags & TcpFlag.syn) !== 0 || seqLt(segment.ack, tcb.sndUna)) return false
  const ace = aceOf(segment.flags)
  const isFirst = accurate.awaitsFirst
  accurate.awaitsFirst = false
  if (isFirst && ace === 0) {
    accurate.sendsEct = false
    tcb.setting(Reason.setAccurateEcnOff, nowUs)
    return false
  }
  if (isFirst && !accurate.isClient && payloadBytes(segment) === 0 && (segment.flags & TcpFlag.fin) === 0) {
    // The answer to our SYN+ACK says what the IP header of that one said (table 4).
    if (ace === handshakeCodes[Ecn.ce]) accurate.sCep++
    return false
  }
  const marks = newMarks(tcb, accurate, segment, ace)
  if (marks === 0) return false
  accurate.sCep += marks
  tcb.setting(Reason.setAccurateMarks, nowUs, marks, accurate.sCep - 5)
  return true
}

/** The field counts modulo eight. An ACK of more packets than that may hide turns: bytes with CE tell how many, and without them as many as there can be (appendix A.2). */
function newMarks(tcb: Tcb, accurate: AccurateEcn, segment: TcpSegment, ace: number): number {
  const least = (ace - accurate.sCep) & 7
  const { options } = segment
  const smss = tcb.smss()
  const packets = Math.ceil(Math.max(0, seqDiff(segment.ack, tcb.sndUna)) / smss)
  if (options.accEcnCount >= 2) {
    const bytes = (options.accEcnCounters[1] - accurate.sCeb) & counterMask
    accurate.sCeb = options.accEcnCounters[1]
    return least + 8 * Math.max(0, Math.round((bytes / smss - least) / 8))
  }
  return packets < 8 ? least : packets - ((packets - least) & 7)
}
