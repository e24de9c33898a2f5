import { copyBytes, writeU16, writeU32 } from '../base/bytes.ts'
import type { TcpSegment } from '../tcp/segment.ts'
import { copyText } from '../wire/common-memory.ts'
import { scanTcpOptions } from '../wire/tcp-options.ts'
import { decodeTcp, TcpHeader, tcpHeaderBytes } from '../wire/tcp.ts'

const header = new TcpHeader()

/**
 * Reads a segment in place: its payload stays in `bytes`. The checksum is the caller's to judge.
 * @returns false where the header is broken
 */
export function readSegment(bytes: Uint8Array, at: number, length: number, into: TcpSegment): boolean {
  if (decodeTcp(bytes, at, length, header) !== null) return false
  into.sourcePort = header.sourcePort
  into.destinationPort = header.destinationPort
  into.seq = header.seq
  into.ack = header.ack
  into.flags = header.flags
  into.reserved = header.reserved
  into.window = header.window
  into.urgentPointer = header.urgentPointer
  scanTcpOptions(bytes, header.optionsOffset, header.optionsLength, into.options)
  const headerLength = tcpHeaderBytes + header.optionsLength
  into.payload = bytes
  into.payloadAt = at + headerLength
  into.payloadLength = length - headerLength
  into.payload2Length = 0
  return true
}

/** Writes header, options and payload, with a checksum of 0. @returns bytes written, or -1 where they do not fit into `room` */
export function writeSegment(segment: TcpSegment, into: Uint8Array, at: number, room: number): number {
  const headerLength = tcpHeaderBytes + segment.optionLength
  const { payloadLength, payload2Length } = segment
  const length = headerLength + payloadLength + payload2Length
  if (length > room) return -1
  writeU16(into, at, segment.sourcePort)
  writeU16(into, at + 2, segment.destinationPort)
  writeU32(into, at + 4, segment.seq)
  writeU32(into, at + 8, segment.ack)
  into[at + 12] = (headerLength << 2) | (segment.reserved << 1) | (segment.flags >>> 8)
  into[at + 13] = segment.flags
  writeU16(into, at + 14, segment.window)
  writeU16(into, at + 16, 0)
  writeU16(into, at + 18, segment.urgentPointer)
  if (segment.optionLength > 0) copyBytes(segment.optionBytes, 0, into, at + tcpHeaderBytes, segment.optionLength)
  if (payloadLength > 0) copyText(segment.payload, segment.payloadAt, into, at + headerLength, payloadLength)
  if (payload2Length > 0) copyText(segment.payload, segment.payload2At, into, at + headerLength + payloadLength, payload2Length)
  return length
}
