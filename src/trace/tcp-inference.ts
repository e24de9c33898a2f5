import { seqGe, seqGt, seqLe } from '../tcp/seq.ts'
import { TcpFlag } from '../wire/tcp.ts'
import type { FlowEnd } from './flow.ts'
import { InferredState } from './flow.ts'

/**
 * What a segment says of the states of both ends (RFC 9293 §3.3.2, §3.5, §3.6, §3.10.7).
 *
 * Two questions are kept apart. What the sender's own segment proves holds at the moment it was sent. What the receiver will
 * be holds once the segment has arrived, and is taken back where a later segment of its own proves that it had not.
 */

interface HandshakeRule { readonly synSent: boolean, readonly peerSynTaken: boolean, readonly synAcked: boolean, readonly state: InferredState | 'open' }

/** Rows are tried in order; `open` goes on to the table below. */
export const handshakeRules = [
  { synSent: false, peerSynTaken: false, synAcked: false, state: InferredState.unknown },
  { synSent: false, peerSynTaken: true, synAcked: false, state: InferredState.unknown },
  { synSent: true, peerSynTaken: false, synAcked: false, state: InferredState.synSent },
  { synSent: true, peerSynTaken: false, synAcked: true, state: InferredState.synSent },
  { synSent: true, peerSynTaken: true, synAcked: false, state: InferredState.synReceived },
  { synSent: true, peerSynTaken: true, synAcked: true, state: 'open' },
] as const satisfies readonly HandshakeRule[]

interface ClosingRule { readonly finSent: boolean, readonly finAcked: boolean, readonly peerFinTaken: boolean, readonly closedFirst: boolean | 'either', readonly state: InferredState }

/** Who has sent, had acknowledged and taken a FIN is in which state. */
export const closingRules = [
  { finSent: false, finAcked: false, peerFinTaken: false, closedFirst: 'either', state: InferredState.established },
  { finSent: false, finAcked: false, peerFinTaken: true, closedFirst: 'either', state: InferredState.closeWait },
  { finSent: true, finAcked: false, peerFinTaken: false, closedFirst: 'either', state: InferredState.finWait1 },
  { finSent: true, finAcked: true, peerFinTaken: false, closedFirst: 'either', state: InferredState.finWait2 },
  { finSent: true, finAcked: false, peerFinTaken: true, closedFirst: true, state: InferredState.closing },
  { finSent: true, finAcked: false, peerFinTaken: true, closedFirst: false, state: InferredState.lastAck },
  { finSent: true, finAcked: true, peerFinTaken: true, closedFirst: true, state: InferredState.timeWait },
  { finSent: true, finAcked: true, peerFinTaken: true, closedFirst: false, state: InferredState.closed },
] as const satisfies readonly ClosingRule[]

/** A segment, as far as states depend on it. */
export interface SegmentFacts {
  flags: number
  seq: number
  ack: number
  payloadLength: number
  /** Its first byte, SYN or FIN had been sent before. */
  isRetransmission: boolean
}

/**
 * Takes the segment from its sender's side.
 * @returns the sender's state at the moment it sent it
 */
export function inferSender(sender: FlowEnd, receiver: FlowEnd, segment: SegmentFacts): InferredState {
  if ((segment.flags & TcpFlag.rst) !== 0) return takeSentReset(sender, receiver, segment)
  takeLifeSign(sender, segment)
  const atSending = (segment.flags & TcpFlag.syn) !== 0 ? takeSentSyn(sender, receiver, segment) : takeSentOther(sender, receiver, segment)
  sender.state = stateOf(sender, receiver)
  return atSending
}

/**
 * Whether nothing but {@link inferEstablished} can follow from the segment: both ends are ESTABLISHED, so neither has sent or taken a FIN
 * or a RST, and nothing of the segment can change that.
 */
export function staysEstablished(sender: FlowEnd, receiver: FlowEnd, segment: SegmentFacts): boolean {
  return (segment.flags & (TcpFlag.syn | TcpFlag.fin | TcpFlag.rst | TcpFlag.ack)) === TcpFlag.ack && !segment.isRetransmission
    && sender.state === InferredState.established && receiver.state === InferredState.established
}

/** As {@link inferSender} and {@link inferReceiver} where {@link staysEstablished} holds: both states stay. */
export function inferEstablished(sender: FlowEnd, segment: SegmentFacts): void {
  if (segment.payloadLength > 0) sender.sentNewData = true
  if (!sender.peerSynProven && sender.synSent && seqGt(segment.seq, sender.isn)) sender.synAcked = sender.peerSynTaken = sender.peerSynProven = true
}

/** Takes the segment from its receiver's side: the receiver's state will be the one that stands in it then. */
export function inferReceiver(receiver: FlowEnd, sender: FlowEnd, segment: SegmentFacts, nowSec: number): void {
  const { flags } = segment
  if ((flags & TcpFlag.rst) !== 0) {
    takeReset(receiver, sender, segment)
  } else {
    if ((flags & TcpFlag.syn) !== 0) receiver.peerSynTaken = true
    if ((flags & TcpFlag.ack) !== 0) takeAcknowledgment(receiver, sender, segment.ack)
    if ((flags & TcpFlag.fin) !== 0) {
      receiver.peerFinTaken = true
      // A repeated FIN starts TIME-WAIT again (RFC 9293 §3.10.7.4, eighth).
      if (receiver.state === InferredState.timeWait) receiver.timeWaitSince = nowSec
    }
  }
  const before = receiver.state
  receiver.state = stateOf(receiver, sender)
  if (receiver.state === InferredState.timeWait && before !== InferredState.timeWait) receiver.timeWaitSince = nowSec
}

/** TIME-WAIT ends by the time of the packets: nobody says so on the wire. */
export function isTimeWaitOver(end: FlowEnd, nowSec: number, timeWaitSec: number): boolean {
  return end.state === InferredState.timeWait && nowSec - end.timeWaitSince >= timeWaitSec
}

export function stateOf(end: FlowEnd, peer: FlowEnd): InferredState {
  if (end.resetTo >= 0) return end.resetTo
  return stateWithoutReset(end, peer)
}

function stateWithoutReset(end: FlowEnd, peer: FlowEnd): InferredState {
  if (!end.isMidStream) {
    const state = handshakeTable[(end.synSent ? 1 : 0) | (end.peerSynTaken ? 2 : 0) | (end.synAcked ? 4 : 0)]
    if (state !== open) return state
  }
  return openState(end, peer, end.peerFinTaken)
}

function openState(end: FlowEnd, peer: FlowEnd, peerFinTaken: boolean): InferredState {
  if (!knowsIfClosed(end) || !(knowsIfClosed(peer) || (end.synSent && !peer.isMidStream))) return InferredState.unknown
  const state = closingTable[(end.finSent ? 1 : 0) | (end.finAcked ? 2 : 0) | (peerFinTaken ? 4 : 0) | (end.closedFirst ? 8 : 0)]
  return state === InferredState.timeWait && end.isTimeWaitOver ? InferredState.closed : state
}

/** An end whose beginning we missed may have closed before: only new data, or the FIN itself, tells. One that never spoke has not. */
function knowsIfClosed(end: FlowEnd): boolean {
  return !end.isMidStream ? end.synSent : end.finSent || end.sentNewData
}

function takeSentReset(sender: FlowEnd, receiver: FlowEnd, segment: SegmentFacts): InferredState {
  // In SYN-SENT and SYN-RECEIVED a RST with the other's acknowledgment as its number refuses an old segment, and nothing ends (§3.5.1, figure 9).
  const isOpening = sender.state === InferredState.synSent || sender.state === InferredState.synReceived
  const isOwnNumber = sender.nxt >= 0 && (segment.seq === sender.nxt || segment.seq === sender.isn)
  if (isOpening && !isOwnNumber && segment.seq === receiver.maxAck) return sender.state
  sender.resetTo = InferredState.closed
  sender.isResetSender = true
  sender.state = InferredState.closed
  return InferredState.closed
}

/**
 * Whoever goes on sending was not reset: at once where the RST was in its own name (then somebody else sent it), by a new
 * SYN, or by a repetition where it was to take one (then that got lost). Other segments may have crossed the RST.
 */
function takeLifeSign(sender: FlowEnd, segment: SegmentFacts): void {
  sender.isTimeWaitOver = false
  if (sender.resetTo < 0) return
  if (!sender.isResetSender && !segment.isRetransmission && (segment.flags & TcpFlag.syn) === 0) return
  sender.resetTo = -1
  sender.isResetSender = false
}

function takeSentSyn(sender: FlowEnd, receiver: FlowEnd, segment: SegmentFacts): InferredState {
  const hasAck = (segment.flags & TcpFlag.ack) !== 0
  if (!sender.synSent) sender.isPassive = hasAck
  sender.synSent = true
  sender.isMidStream = false
  if (hasAck) {
    sender.peerSynTaken = true
    sender.peerSynProven = true
    // A repeated one proves that the acknowledgment has not come; the first one of a simultaneous open may have crossed it.
    if (sender.synAckSent || !receiver.synSent) sender.synAcked = false
    sender.synAckSent = true
    return InferredState.synReceived
  }
  if (segment.isRetransmission && !sender.peerSynProven) {
    sender.peerSynTaken = false
    sender.synAcked = false
  }
  return sender.peerSynProven ? stateWithoutReset(sender, receiver) : InferredState.synSent
}

function takeSentOther(sender: FlowEnd, receiver: FlowEnd, segment: SegmentFacts): InferredState {
  const hasAck = (segment.flags & TcpFlag.ack) !== 0
  if (!sender.synSent) sender.isMidStream = true
  else if (hasAck && seqGt(segment.seq, sender.isn)) {
    // Only a synchronised end, or one that closes in SYN-RECEIVED, sends without SYN.
    sender.synAcked = true
    sender.peerSynTaken = true
    sender.peerSynProven = true
  }
  if (segment.payloadLength > 0 && !segment.isRetransmission) sender.sentNewData = true
  let peerFinTaken = sender.peerFinTaken
  if (hasAck && receiver.finSent) {
    if (seqGe(segment.ack, receiver.finEnd)) sender.peerFinProven = sender.peerFinTaken = true
    const isOld = sender.maxAck >= 0 && !seqGe(segment.ack, sender.maxAck)
    if (!isOld) peerFinTaken = sender.peerFinProven
  }
  if ((segment.flags & TcpFlag.fin) !== 0) {
    if (!sender.finSent) sender.closedFirst = !peerFinTaken
    sender.finSent = true
  }
  // Whoever repeats what it sent has not heard of it, so nor of its FIN, which comes last.
  if (segment.isRetransmission) sender.finAcked = false
  const state = stateWithoutReset(sender, receiver)
  const isOpen = state === InferredState.unknown || state >= InferredState.established || state === InferredState.closed
  return isOpen && peerFinTaken !== sender.peerFinTaken ? openState(sender, receiver, peerFinTaken) : state
}

function takeAcknowledgment(receiver: FlowEnd, sender: FlowEnd, ack: number): void {
  if (receiver.synSent && !receiver.synAcked && seqGt(ack, receiver.isn) && (receiver.nxt < 0 || seqLe(ack, receiver.nxt))) {
    // An end that answers without a SYN we saw sent one that we missed.
    if (!sender.synSent) receiver.peerSynTaken = true
    receiver.synAcked = receiver.peerSynTaken
  }
  if (receiver.finSent && seqGe(ack, receiver.finEnd) && (receiver.nxt < 0 || seqLe(ack, receiver.nxt))) receiver.finAcked = true
}

function takeReset(receiver: FlowEnd, sender: FlowEnd, segment: SegmentFacts): void {
  if (receiver.resetTo >= 0 || !isResetAcceptable(receiver, sender, segment)) return
  // RFC 9293 §3.10.7.4, second: SYN-RECEIVED goes back to LISTEN where it came from there.
  receiver.resetTo = receiver.state === InferredState.synReceived && receiver.isPassive ? InferredState.listen : InferredState.closed
  receiver.isResetSender = false
}

/** RFC 9293 §3.10.7.3 in SYN-SENT, elsewhere a number that is expected now or was on its way (RFC 5961 §3.2 asks for the exact one). */
function isResetAcceptable(receiver: FlowEnd, sender: FlowEnd, segment: SegmentFacts): boolean {
  if (receiver.state === InferredState.synSent) {
    return (segment.flags & TcpFlag.ack) !== 0 && seqGt(segment.ack, receiver.isn) && (receiver.nxt < 0 || seqLe(segment.ack, receiver.nxt))
  }
  if (receiver.maxAck < 0) return true
  const latest = sender.nxt >= 0 && seqGt(sender.nxt, receiver.maxAck) ? sender.nxt : receiver.maxAck
  return seqGe(segment.seq, receiver.maxAck) && seqLe(segment.seq, latest)
}

const open = 99

const handshakeTable = Array.from({ length: 8 }, (_, bits): number => {
  const rule = handshakeRules.find((row) => row.synSent === ((bits & 1) !== 0) && row.peerSynTaken === ((bits & 2) !== 0) && row.synAcked === ((bits & 4) !== 0))
  return rule === undefined ? InferredState.unknown : rule.state === 'open' ? open : rule.state
}) as (InferredState | typeof open)[]

const closingTable = Array.from({ length: 16 }, (_, bits): InferredState => {
  const rule = (closingRules as readonly ClosingRule[]).find((row) => row.finSent === ((bits & 1) !== 0) && row.finAcked === ((bits & 2) !== 0)
    && row.peerFinTaken === ((bits & 4) !== 0) && (row.closedFirst === 'either' || row.closedFirst === ((bits & 8) !== 0)))
  return rule ? rule.state : InferredState.unknown
})
