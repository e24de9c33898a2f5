import { TcpFlag } from '../wire/tcp.ts'
import { challenge } from './challenge.ts'
import { becomeClosed } from './lifecycle.ts'
import { Reason } from './reasons.ts'
import type { TcpSegment } from './segment.ts'
import { seqDiff, seqGe, seqGt } from './seq.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'

/**
 * A SYN meets TIME-WAIT, and somebody listens (or `timeWaitNeedsAck`). Where it is surely no old duplicate, by its timestamp or else by its number, this connection ends and
 * the SYN may open the next one (RFC 9293 §3.6.1 MAY-2, RFC 6191 §2); else it is dropped, in silence (RFC 6191) or with a challenge (RFC 9293 §3.10.7.4).
 * @returns whether the connection has ended
 */
export function reopenFromTimeWait(tcb: Tcb, syn: TcpSegment, nowUs: number): boolean {
  if (tcb.state !== TcpState.timeWait) return false
  if (!isNew(tcb, syn)) {
    tcb.drop(Reason.dropTimeWaitSyn, syn, nowUs, seqDiff(syn.seq, tcb.rcvNxt), tcb.timestampsOn && syn.options.hasTimestamp ? seqDiff(syn.options.tsVal, tcb.tsRecent) : 0)
    if (tcb.config.timeWaitChallengesSyn) challenge(tcb, Reason.challengeSyn, syn, nowUs, seqDiff(syn.seq, tcb.rcvNxt))
    return false
  }
  becomeClosed(tcb, 'reopen', 'closed', null, nowUs)
  return true
}

/** TIME-WAIT answers only what acknowledges, where it is told so. @returns whether the segment was dropped */
export function dropWithoutAck(tcb: Tcb, segment: TcpSegment, nowUs: number): boolean {
  if (tcb.state !== TcpState.timeWait || !tcb.config.timeWaitNeedsAck || (segment.flags & (TcpFlag.ack | TcpFlag.rst)) !== 0) return false
  tcb.drop(Reason.dropNoAck, segment, nowUs)
  return true
}

/** A later timestamp; with the same one, or where a side had none, a number above the last one that was received. */
function isNew(tcb: Tcb, syn: TcpSegment): boolean {
  const { options } = syn
  const isLater = tcb.config.timeWaitNeedsAck ? seqGt(syn.seq, tcb.rcvNxt) : seqGe(syn.seq, tcb.rcvNxt)
  if (!tcb.timestampsOn || !options.hasTimestamp) return isLater
  const age = seqDiff(options.tsVal, tcb.tsRecent)
  return age > 0 || (age === 0 && isLater)
}
