import { TcpOptionFields } from '../wire/tcp-options.ts'
import { TcpFlag } from '../wire/tcp.ts'
import type { ReasonId } from './reasons.ts'

const noBytes = new Uint8Array(0)

/**
 * One TCP segment between the engine and whoever carries it, reused for all segments of its owner.
 *
 * Incoming: the host fills the header fields, `options` and the first piece of the payload; the engine copies what it keeps.
 * Outgoing: the payload is one or two pieces of the send ring (the second where the ring wraps), `optionBytes` holds the encoded
 * options and `options` the same in parsed form. It is good until the next call on the connection that returned it; the rest of
 * the header (reserved bits 0, checksum) is the host's.
 */
export class TcpSegment {
  sourcePort = 0
  destinationPort = 0
  seq = 0
  ack = 0
  /** 9 bits, see `TcpFlag`. */
  flags = 0
  reserved = 0
  /** The 16 bits of the header, unscaled. */
  window = 0
  urgentPointer = 0
  /** The two ECN bits of its IP header (RFC 3168 §5). */
  ecn = 0
  readonly options = new TcpOptionFields()
  payload: Uint8Array = noBytes
  payloadAt = 0
  payloadLength = 0
  payload2At = 0
  payload2Length = 0

  readonly optionBytes = new Uint8Array(40)
  optionLength = 0
  /** Why it is sent. */
  reason: ReasonId = 'ackHandshake'
  /** Values of the reason's operands, in their order. */
  readonly operands = new Float64Array(4)
  isRetransmission = false
}

/** SEG.LEN: the bytes of data, and one each for SYN and FIN (RFC 9293 §3.4). */
export function segmentLength(segment: TcpSegment): number {
  return segment.payloadLength + segment.payload2Length + ((segment.flags & TcpFlag.syn) >>> 1) + (segment.flags & TcpFlag.fin)
}

/** Bytes of data in both pieces. */
export function payloadBytes(segment: TcpSegment): number {
  return segment.payloadLength + segment.payload2Length
}
