import { TcpFlag } from '../wire/tcp.ts'
import { acceptEarly, judgeFastOpen } from './fast-open.ts'
import { oweReset, oweSyn, takeSyn } from './lifecycle.ts'
import { takeSynOptions } from './negotiation.ts'
import { Reason } from './reasons.ts'
import { payloadBytes } from './segment.ts'
import type { TcpSegment } from './segment.ts'
import { seqAdd } from './seq.ts'
import type { Tcb } from './tcb.ts'
import { startUserTimeout } from './timer-rules.ts'

/** LISTEN (RFC 9293 §3.10.7.2). */
export function arrivesListen(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  // First, an RST: nothing of ours can have caused it.
  if ((segment.flags & TcpFlag.rst) !== 0) return tcb.drop(Reason.dropListenRst, segment, nowUs)
  // Second, an ACK: nothing has been sent that it could acknowledge.
  if ((segment.flags & TcpFlag.ack) !== 0) {
    tcb.drop(Reason.dropListenAck, segment, nowUs)
    return oweReset(tcb, Reason.rstListenAck, segment)
  }
  // Third, a SYN.
  if ((segment.flags & TcpFlag.syn) !== 0) return acceptSyn(tcb, segment, nowUs)
  // Fourth, anything else.
  tcb.drop(Reason.dropListenOther, segment, nowUs)
}

/** A SYN that was answered by a cookie: as in SYN_RCVD, with the SYN+ACK out and nothing to repeat it. */
export function acceptAnsweredSyn(tcb: Tcb, syn: TcpSegment, nowUs: number): void {
  acceptSyn(tcb, syn, nowUs)
  tcb.synDue = false
  tcb.synSent = true
  tcb.synWindow = Math.min(0xffff, tcb.receiveBuffer.limit)
  tcb.rcvAdvertisedEdge = seqAdd(tcb.rcvNxt, tcb.synWindow)
  tcb.setting(Reason.setSynCookie, nowUs, tcb.sndMss)
}

/** Data or a FIN on the SYN are kept only with a good fast open cookie: else the peer sends them again after the handshake. */
function acceptSyn(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  const isEarly = tcb.fastOpen !== null && judgeFastOpen(tcb, tcb.fastOpen, segment, nowUs)
  if (payloadBytes(segment) > 0 && !isEarly) tcb.drop(Reason.dropSynData, segment, nowUs, payloadBytes(segment))
  tcb.remotePort = segment.sourcePort
  takeSyn(tcb, segment)
  takeSynOptions(tcb, segment, nowUs)
  tcb.sndNxt = seqAdd(tcb.iss, 1)
  tcb.sndUna = tcb.iss
  tcb.openedUs = nowUs
  oweSyn(tcb, Reason.synAckReply, tcb.rcvMss, Math.min(0xffff, tcb.receiveBuffer.limit))
  startUserTimeout(tcb, nowUs)
  tcb.move('rcvSyn', nowUs)
  if (isEarly) acceptEarly(tcb, segment, nowUs)
}
