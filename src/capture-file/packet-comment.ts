import { copyBytes, utf8Text } from '../base/bytes.ts'
import { BlockType, maxBlockBytes, OptionCode, readU16In, readU32In, writeU16In, writeU32In } from './format.ts'

/** Bytes of text that an option can hold (draft-ietf-opsawg-pcapng §3.5). */
export const commentBytesAtMost = 0xffff

/** What becomes of the comments of a packet block: `add` come first, in UTF-8; with `drops`, those that it has are left out. */
export interface CommentChange { readonly add: readonly Uint8Array[], readonly drops: boolean }

/** Bytes that a change adds to a block at most: its options, and the end of options where there were none. */
export function commentBytesBound({ add }: CommentChange): number {
  return 4 + add.reduce((sum, { length }) => sum + 8 + length, 0)
}

/** Whether a block can have comments: a simple packet cannot. */
export function takesComments(area: Uint8Array, start: number, isLittle: boolean): boolean {
  const type = readU32In(area, start, isLittle)
  return type === BlockType.enhancedPacket || type === BlockType.packet
}

/**
 * Copies a pcapng packet block with other comments; all else of it stays. Comments that are empty or too long for an option are left out, and a block
 * that takes none is copied alone.
 * @returns bytes written
 */
export function copyWithComments(area: Uint8Array, start: number, length: number, isLittle: boolean, change: CommentChange, into: Uint8Array, at: number): number {
  const add = change.add.filter((comment) => comment.length > 0 && comment.length <= commentBytesAtMost)
  if (!takesComments(area, start, isLittle) || (add.length === 0 && !change.drops)) {
    copyBytes(area, start, into, at, length)
    return length
  }
  const optionsAt = start + 28 + padded(readU32In(area, start + 20, isLittle))
  const optionsEnd = start + length - 4
  copyBytes(area, start, into, at, optionsAt - start)
  const first = at + optionsAt - start
  let end = first
  for (const comment of add) end = putComment(comment, isLittle, into, end)
  end = copyOptions(area, optionsAt, optionsEnd, isLittle, change.drops, into, end)
  if (optionsEnd === optionsAt && end > first) {
    into.fill(0, end, end + 4)
    end += 4
  }
  const total = end + 4 - at
  writeU32In(into, at + 4, total, isLittle)
  writeU32In(into, end, total, isLittle)
  return total
}

/**
 * The comments of a frame in a pcapng file, in their order; none where it does not stand in a block that has any.
 * @param read bytes of the file; null where they are not there
 * @param frameOffset where the frame's own bytes stand
 */
export function readPacketComments(read: (offset: number, length: number) => Uint8Array | null, frameOffset: number): string[] {
  const head = frameOffset < headBytes ? null : read(frameOffset - headBytes, headBytes)
  const isLittle = head !== null && takesComments(head, 0, true)
  if (head === null || !(isLittle || takesComments(head, 0, false))) return []
  const total = readU32In(head, 4, isLittle)
  const frame = padded(readU32In(head, 20, isLittle))
  const length = total - headBytes - frame - 4
  const options = length < 8 || total > maxBlockBytes ? null : read(frameOffset + frame, length)
  const found: string[] = []
  if (options === null) return found
  for (const { code, at, bytes } of optionsIn(options, 0, options.length, isLittle)) {
    if (code === OptionCode.comment) found.push(utf8Text(options.subarray(at + 4, at + 4 + bytes)))
  }
  return found
}

const headBytes = 28

function putComment(comment: Uint8Array, isLittle: boolean, into: Uint8Array, at: number): number {
  writeU16In(into, at, OptionCode.comment, isLittle)
  writeU16In(into, at + 2, comment.length, isLittle)
  copyBytes(comment, 0, into, at + 4, comment.length)
  const next = at + 4 + padded(comment.length)
  into.fill(0, at + 4 + comment.length, next)
  return next
}

/** What does not read as options is copied as it stands. */
function copyOptions(area: Uint8Array, from: number, end: number, isLittle: boolean, dropsComments: boolean, into: Uint8Array, to: number): number {
  let at = from
  if (dropsComments) {
    for (const option of optionsIn(area, from, end, isLittle)) {
      if (option.code !== OptionCode.comment) {
        copyBytes(area, option.at, into, to, option.next - option.at)
        to += option.next - option.at
      }
      at = option.next
    }
  }
  copyBytes(area, at, into, to, end - at)
  return to + end - at
}

interface Option { readonly code: number, readonly at: number, readonly bytes: number, readonly next: number }

/** Up to the end mark or the first that does not fit. */
function* optionsIn(area: Uint8Array, from: number, end: number, isLittle: boolean): Generator<Option> {
  for (let at = from; at + 4 <= end;) {
    const code = readU16In(area, at, isLittle)
    const bytes = readU16In(area, at + 2, isLittle)
    const next = at + 4 + padded(bytes)
    if (code === OptionCode.end || next > end) return
    yield { code, at, bytes, next }
    at = next
  }
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4
}
