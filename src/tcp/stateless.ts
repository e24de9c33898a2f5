import { TcpFlag } from '../wire/tcp.ts'
import { seqAdd } from './seq.ts'
import { segmentLength } from './segment.ts'
import type { TcpSegment } from './segment.ts'

/**
 * What CLOSED answers (RFC 9293 §3.10.7.1): an RST that the sender of `segment` will accept, none for an RST.
 * `out` is filled as a segment to send back, ports swapped.
 * @returns whether there is an answer
 */
export function replyToUnknown(segment: TcpSegment, out: TcpSegment): boolean {
  if ((segment.flags & TcpFlag.rst) !== 0) return false
  const hasAck = (segment.flags & TcpFlag.ack) !== 0
  out.sourcePort = segment.destinationPort
  out.destinationPort = segment.sourcePort
  out.seq = hasAck ? segment.ack : 0
  out.ack = hasAck ? 0 : seqAdd(segment.seq, segmentLength(segment))
  out.flags = hasAck ? TcpFlag.rst : TcpFlag.rst | TcpFlag.ack
  out.reason = hasAck ? 'rstClosedAck' : 'rstClosedNoAck'
  clearBody(out)
  return true
}

/** Makes a segment to send bare: no window, no urgent data, no options, no payload. */
export function clearBody(out: TcpSegment): void {
  out.reserved = 0
  out.window = 0
  out.urgentPointer = 0
  out.ecn = 0
  out.payloadLength = 0
  out.payload2Length = 0
  out.optionLength = 0
  out.options.mss = -1
  out.options.windowScale = -1
  out.options.sackPermitted = false
  out.options.hasTimestamp = false
  out.options.sackCount = 0
  out.options.accEcnCount = 0
  out.options.userTimeout = -1
  out.options.fastOpenCookieLength = -1
  out.options.fastOpenTrialLength = -1
  out.operands[0] = out.operands[1] = out.operands[2] = out.operands[3] = 0
  out.isRetransmission = false
}
