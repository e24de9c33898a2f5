import { copyBytes } from '../base/bytes.ts'
import { BlockType, OptionCode, readU32In, writeU16In, writeU32In } from './format.ts'

const commentBytesAtMost = 0xffff

/** Bytes that a comment adds to a block: its option, and the end of options where there were none. */
export function commentBytesBound(comment: Uint8Array): number {
  return 12 + comment.length
}

/**
 * Copies a pcapng packet block and gives it one comment more; what it has stays. A block that cannot have options, as a simple packet, is copied alone.
 * @returns bytes written
 */
export function copyWithComment(area: Uint8Array, start: number, length: number, isLittle: boolean, comment: Uint8Array, into: Uint8Array, at: number): number {
  const type = readU32In(area, start, isLittle)
  const isPacket = type === BlockType.enhancedPacket || type === BlockType.packet
  if (!isPacket || comment.length === 0 || comment.length > commentBytesAtMost) {
    copyBytes(area, start, into, at, length)
    return length
  }
  const optionsAt = 28 + ((readU32In(area, start + 20, isLittle) + 3) & ~3)
  const optionsEnd = length - 4
  copyBytes(area, start, into, at, optionsAt)
  let end = at + optionsAt
  writeU16In(into, end, OptionCode.comment, isLittle)
  writeU16In(into, end + 2, comment.length, isLittle)
  copyBytes(comment, 0, into, end + 4, comment.length)
  const padded = (comment.length + 3) & ~3
  into.fill(0, end + 4 + comment.length, end + 4 + padded)
  end += 4 + padded
  copyBytes(area, start + optionsAt, into, end, optionsEnd - optionsAt)
  end += optionsEnd - optionsAt
  if (optionsEnd === optionsAt) {
    into.fill(0, end, end + 4)
    end += 4
  }
  const total = end + 4 - at
  writeU32In(into, at + 4, total, isLittle)
  writeU32In(into, end, total, isLittle)
  return total
}
