import { copyBytes } from '../base/bytes.ts'
import { PcapMagic, writeU16In, writeU32In } from './format.ts'

export const pcapHeaderBytes = 24
const recordHeaderBytes = 16
const snapLength = 262_144

/** A pcap file header, little endian, times in nanoseconds. @returns bytes written */
export function writePcapHeader(into: Uint8Array, linkType: number): number {
  into.fill(0, 0, pcapHeaderBytes)
  writeU32In(into, 0, PcapMagic.nanoseconds, true)
  writeU16In(into, 4, 2, true)
  writeU16In(into, 6, 4, true)
  writeU32In(into, 16, snapLength, true)
  writeU32In(into, 20, linkType, true)
  return pcapHeaderBytes
}

export function pcapRecordBytes(length: number): number {
  return recordHeaderBytes + length
}

/** One frame: `bytes[offset .. offset + length)`. @returns bytes written */
export function writePcapRecord(
  into: Uint8Array, at: number, timeSec: number, timeNsec: number, bytes: Uint8Array, offset: number, length: number, originalLength: number,
): number {
  writeU32In(into, at, timeSec, true)
  writeU32In(into, at + 4, timeNsec, true)
  writeU32In(into, at + 8, length, true)
  writeU32In(into, at + 12, originalLength, true)
  copyBytes(bytes, offset, into, at + recordHeaderBytes, length)
  return pcapRecordBytes(length)
}
