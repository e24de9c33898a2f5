import { utf8Bytes } from '../base/bytes.ts'
import { BlockType, byteOrderMagic, OptionCode } from './format.ts'
import type { FrameDirection } from './format.ts'

/*
 * pcapng blocks, little endian, written into the caller's area. Every block:
 *
 *   0  type            4
 *   4  total length    4
 *   8  body, options, padded to 4
 *      total length    4
 */

export interface SectionWords {
  readonly hardware?: string
  readonly os?: string
  readonly application?: string
}

export interface InterfaceWords {
  readonly linkType: number
  /** 0: no limit. */
  readonly snapLength: number
  readonly name?: string
  readonly description?: string
  /** Capture filter in pcap-filter syntax. */
  readonly filter?: string
  readonly os?: string
  /** 6 bytes. */
  readonly mac?: Uint8Array | null
  /** In place of all the words: options as they stand in a description, without time resolution and end mark. */
  readonly options?: Uint8Array
}

/** Counts since the capture began; -1 leaves one out. */
export interface InterfaceCounts {
  readonly received: number
  /** By the interface, for want of resources. */
  readonly dropped: number
  /** By the operating system. */
  readonly osDropped: number
  /** Handed to the user. */
  readonly delivered: number
}

/** Room that is enough for a section header, interface description or statistics block whose texts have `textUnits` UTF-16 units together. */
export function blockBytesBound(textUnits: number): number {
  return 256 + 3 * textUnits
}

/** Bytes of an enhanced packet block with flags, for a frame of `length` bytes. */
export function enhancedPacketBytes(length: number): number {
  return 44 + padded(length)
}

/** Where a frame's bytes stand in its enhanced packet block. */
export const enhancedPacketDataOffset = 28

/** @param comments options without an end mark. @returns bytes written */
export function writeSectionHeader(into: Uint8Array, at: number, words: SectionWords, comments: readonly Uint8Array[] = []): number {
  putU32(into, at + 8, byteOrderMagic)
  putU16(into, at + 12, 1)
  putU16(into, at + 14, 0)
  putU32(into, at + 16, 0xffff_ffff)
  putU32(into, at + 20, 0xffff_ffff)
  let end = at + 24
  for (const options of comments) {
    into.set(options, end)
    end += options.length
  }
  end = putText(into, end, OptionCode.sectionHardware, words.hardware)
  end = putText(into, end, OptionCode.sectionOs, words.os)
  end = putText(into, end, OptionCode.sectionApplication, words.application)
  return closeBlock(into, at, end, BlockType.sectionHeader)
}

/** Times of the interface are in nanoseconds. @returns bytes written */
export function writeInterfaceDescription(into: Uint8Array, at: number, words: InterfaceWords): number {
  putU16(into, at + 8, words.linkType)
  putU16(into, at + 10, 0)
  putU32(into, at + 12, words.snapLength)
  let end = at + 16
  if (words.options !== undefined && words.options.length > 0) {
    into.set(words.options, end)
    end = putOption(into, end + words.options.length, OptionCode.interfaceTimeResolution, nanosecondResolution)
    return closeBlock(into, at, end, BlockType.interfaceDescription)
  }
  end = putText(into, end, OptionCode.interfaceName, words.name)
  end = putText(into, end, OptionCode.interfaceDescription, words.description)
  if (words.mac) end = putOption(into, end, OptionCode.interfaceMac, words.mac)
  end = putOption(into, end, OptionCode.interfaceTimeResolution, nanosecondResolution)
  // The first byte says what the filter is written in; 0 is pcap-filter.
  if (words.filter) end = putOption(into, end, OptionCode.interfaceFilter, Uint8Array.of(0, ...utf8Bytes(words.filter)))
  end = putText(into, end, OptionCode.interfaceOs, words.os)
  return closeBlock(into, at, end, BlockType.interfaceDescription)
}

/**
 * One frame: `bytes[offset .. offset + length)`.
 * @returns bytes written, always `enhancedPacketBytes(length)`
 */
export function writeEnhancedPacket(
  into: Uint8Array, at: number, interfaceId: number, timeSec: number, timeNsec: number, direction: FrameDirection,
  bytes: Uint8Array, offset: number, length: number, originalLength: number,
): number {
  const total = enhancedPacketBytes(length)
  putU32(into, at, BlockType.enhancedPacket)
  putU32(into, at + 4, total)
  putU32(into, at + 8, interfaceId)
  putTime(into, at + 12, timeSec, timeNsec)
  putU32(into, at + 20, length)
  putU32(into, at + 24, originalLength)
  const dataAt = at + enhancedPacketDataOffset
  if (length <= 96) {
    for (let i = 0; i < length; i++) into[dataAt + i] = bytes[offset + i]
  } else {
    into.set(bytes.subarray(offset, offset + length), dataAt)
  }
  let end = dataAt + length
  const dataEnd = dataAt + padded(length)
  while (end < dataEnd) into[end++] = 0
  putU16(into, end, OptionCode.packetFlags)
  putU16(into, end + 2, 4)
  putU32(into, end + 4, direction)
  putU32(into, end + 8, 0)
  putU32(into, end + 12, total)
  return total
}

/**
 * One frame with the options of another block, which need no end mark, in place of the flags.
 * @returns bytes written, at most `enhancedPacketBytes(length) + options.length`
 */
export function writePacketWithOptions(
  into: Uint8Array, at: number, interfaceId: number, timeSec: number, timeNsec: number, options: Uint8Array,
  bytes: Uint8Array, offset: number, length: number, originalLength: number,
): number {
  writeEnhancedPacket(into, at, interfaceId, timeSec, timeNsec, 0, bytes, offset, length, originalLength)
  const end = at + enhancedPacketDataOffset + padded(length)
  into.set(options, end)
  if (options.length > 0) return closeBlock(into, at, end + options.length, BlockType.enhancedPacket)
  const total = end + 4 - at
  putU32(into, at + 4, total)
  putU32(into, end, total)
  return total
}

/** @returns bytes written */
export function writeInterfaceStatistics(into: Uint8Array, at: number, interfaceId: number, timeSec: number, timeNsec: number, counts: InterfaceCounts): number {
  putU32(into, at + 8, interfaceId)
  putTime(into, at + 12, timeSec, timeNsec)
  let end = at + 20
  end = putCount(into, end, OptionCode.statisticsReceived, counts.received)
  end = putCount(into, end, OptionCode.statisticsDropped, counts.dropped)
  end = putCount(into, end, OptionCode.statisticsOsDropped, counts.osDropped)
  end = putCount(into, end, OptionCode.statisticsDelivered, counts.delivered)
  return closeBlock(into, at, end, BlockType.interfaceStatistics)
}

const nanosecondResolution = Uint8Array.of(9)
const maxOptionBytes = 0xffff

function padded(length: number): number {
  return (length + 3) & ~3
}

function putU16(into: Uint8Array, at: number, value: number): void {
  into[at] = value
  into[at + 1] = value >>> 8
}

function putU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value
  into[at + 1] = value >>> 8
  into[at + 2] = value >>> 16
  into[at + 3] = value >>> 24
}

/** Writes nanoseconds since 1970 as two words, the high one first. The product passes 2^53, so the seconds go in two halves. */
export function putTime(into: Uint8Array, at: number, timeSec: number, timeNsec: number): void {
  const upper = (timeSec >>> 16) * 1e9
  const lower = (upper % 0x1_0000) * 0x1_0000 + (timeSec & 0xffff) * 1e9 + timeNsec
  putU32(into, at, Math.floor(upper / 0x1_0000) + Math.floor(lower / 0x1_0000_0000))
  putU32(into, at + 4, lower % 0x1_0000_0000)
}

function putOption(into: Uint8Array, at: number, code: number, value: Uint8Array): number {
  const length = Math.min(value.length, maxOptionBytes)
  putU16(into, at, code)
  putU16(into, at + 2, length)
  into.set(value.subarray(0, length), at + 4)
  const end = at + 4 + padded(length)
  into.fill(0, at + 4 + length, end)
  return end
}

function putText(into: Uint8Array, at: number, code: number, text: string | undefined): number {
  return text ? putOption(into, at, code, utf8Bytes(text)) : at
}

function putCount(into: Uint8Array, at: number, code: number, value: number): number {
  if (value < 0) return at
  putU16(into, at, code)
  putU16(into, at + 2, 8)
  putU32(into, at + 4, value % 0x1_0000_0000)
  putU32(into, at + 8, Math.floor(value / 0x1_0000_0000))
  return at + 12
}

/** Ends the options, then writes type and both lengths. */
function closeBlock(into: Uint8Array, at: number, optionsEnd: number, type: number): number {
  putU32(into, optionsEnd, OptionCode.end)
  const total = optionsEnd + 8 - at
  putU32(into, at, type)
  putU32(into, at + 4, total)
  putU32(into, at + total - 4, total)
  return total
}
