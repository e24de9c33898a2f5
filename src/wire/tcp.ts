import { copyBytes, readU16, readU32, writeU16, writeU32 } from '../base/bytes.ts'
import { foldChecksum, sumBytes } from './checksum.ts'
import { wireError } from './error.ts'
import type { WireError } from './error.ts'

/*
 * TCP (RFC 9293 §3.1; AE is RFC 9768's, formerly NS).
 *
 *   0  source port                2       12  data offset in words 4 bits, reserved 3 bits, AE 1 bit       1
 *   2  destination port           2       13  CWR ECE URG ACK PSH RST SYN FIN                              1
 *   4  sequence number            4       14  window                                                       2
 *   8  acknowledgment number      4       16  checksum                                                     2
 *                                         18  urgent pointer                                               2
 *                                         20  options                                                      0 to 40
 */

/** Bits of `TcpHeader.flags`. */
export const TcpFlag = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10, urg: 0x20, ece: 0x40, cwr: 0x80, ae: 0x100 } as const

export const tcpHeaderBytes = 20
export const maxTcpOptionsBytes = 40

export class TcpHeader {
  sourcePort = 0
  destinationPort = 0
  seq = 0
  ack = 0
  dataOffsetWords = 5
  /** The 3 bits between data offset and AE. */
  reserved = 0
  /** 9 bits, see {@link TcpFlag}. */
  flags = 0
  window = 0
  checksum = 0
  urgentPointer = 0
  /** Where the options stand in the bytes that were decoded. */
  optionsOffset = 0
  optionsLength = 0
}

/** On `badHeaderLength` and `headerTooLong` the fixed fields are good; `optionsLength` is then what there is of the options. */
export function decodeTcp(bytes: Uint8Array, at: number, length: number, into: TcpHeader): WireError | null {
  if (length < tcpHeaderBytes) return wireError('tcp', at, 'truncated')
  into.sourcePort = readU16(bytes, at)
  into.destinationPort = readU16(bytes, at + 2)
  into.seq = readU32(bytes, at + 4)
  into.ack = readU32(bytes, at + 8)
  const twelfth = bytes[at + 12]
  const words = twelfth >>> 4
  into.dataOffsetWords = words
  into.reserved = (twelfth >>> 1) & 7
  into.flags = ((twelfth & 1) << 8) | bytes[at + 13]
  into.window = readU16(bytes, at + 14)
  into.checksum = readU16(bytes, at + 16)
  into.urgentPointer = readU16(bytes, at + 18)
  into.optionsOffset = at + tcpHeaderBytes
  const optionsLength = words * 4 - tcpHeaderBytes
  if (optionsLength < 0) {
    into.optionsLength = 0
    return wireError('tcp', at + 12, 'badHeaderLength')
  }
  if (tcpHeaderBytes + optionsLength > length) {
    into.optionsLength = length - tcpHeaderBytes
    return wireError('tcp', at + 12, 'headerTooLong')
  }
  into.optionsLength = optionsLength
  return null
}

/**
 * Writes every field as given, the data offset included; {@link fillTcpChecksum} computes the checksum afterwards.
 * @returns bytes written: 20 + optionsLength
 */
export function encodeTcp(header: TcpHeader, options: Uint8Array, optionsAt: number, optionsLength: number, into: Uint8Array, at: number): number {
  writeU16(into, at, header.sourcePort)
  writeU16(into, at + 2, header.destinationPort)
  writeU32(into, at + 4, header.seq)
  writeU32(into, at + 8, header.ack)
  into[at + 12] = (header.dataOffsetWords << 4) | ((header.reserved & 7) << 1) | ((header.flags >>> 8) & 1)
  into[at + 13] = header.flags
  writeU16(into, at + 14, header.window)
  writeU16(into, at + 16, header.checksum)
  writeU16(into, at + 18, header.urgentPointer)
  copyBytes(options, optionsAt, into, at + tcpHeaderBytes, optionsLength)
  return tcpHeaderBytes + optionsLength
}

/** Writes the checksum of a whole segment of `length` bytes (header, options, data); `pseudoSum` is its pseudo-header's (RFC 9293 §3.1). */
export function fillTcpChecksum(bytes: Uint8Array, at: number, length: number, pseudoSum: number): void {
  writeU16(bytes, at + 16, 0)
  writeU16(bytes, at + 16, foldChecksum(sumBytes(bytes, at, length, pseudoSum)))
}

export function isTcpChecksumGood(bytes: Uint8Array, at: number, length: number, pseudoSum: number): boolean {
  return foldChecksum(sumBytes(bytes, at, length, pseudoSum)) === 0
}
