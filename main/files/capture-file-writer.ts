import os from 'node:os'
import { fault, FaultError } from '../../src/base/fault.ts'
import { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { BlockType, byteOrderMagic, readU32In } from '../../src/capture-file/format.ts'
import { commentBytesBound, copyWithComments, takesComments } from '../../src/capture-file/packet-comment.ts'
import type { CommentChange } from '../../src/capture-file/packet-comment.ts'
import { blockBytesBound, enhancedPacketBytes, writeEnhancedPacket, writeInterfaceDescription, writePacketWithOptions, writeSectionHeader } from '../../src/capture-file/pcapng-writer.ts'
import { pcapHeaderBytes, pcapRecordBytes, writePcapHeader, writePcapRecord } from '../../src/capture-file/pcap-writer.ts'
import { mergedBlock, packetOptions, sectionComments } from '../../src/capture-file/section-merge.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { PartFile } from './part-file.ts'

export interface WriterOptions {
  readonly path: string
  readonly overwrite: boolean
  /** Who writes, for the section header. */
  readonly application: string
  /** Frames come from several files, so that none can be copied as it is. */
  readonly isMerged?: boolean
}

/** Says of which interface each frame of a batch is; a reader does, and then more can be kept. */
export type FrameSource = Pick<CaptureReader, 'frameInterfaces' | 'interfaces'>

const noOptions = new Uint8Array(0)

/**
 * Writes frames that readers hand out to a new file: pcap where its name ends with `.pcap` or `.cap`, pcapng otherwise. Between files of the same
 * format records and blocks are copied as they are, with every option and with the blocks that are no frames; merged ones keep what holds in a section of
 * several files.
 */
export class CaptureFileWriter {
  frames = 0
  /** Frames whose new comments have no place: in a pcap file, or in a simple packet block. */
  commentsLeft = 0
  private readonly out: PartFile
  private readonly isPcap: boolean
  private readonly options: WriterOptions
  private scratch = new Uint8Array(4096)
  /** For each interface of a reader, its number in the output. */
  private readonly numbers = new Map<FrameSource, number[]>()
  private interfaces = 0
  /** Of the sections that are merged; those that come behind the first frame come too late. */
  private readonly comments: Uint8Array[] = []
  /** Blocks of merged files that came before the section was begun. */
  private held: Uint8Array[] = []
  private linkType = -1

  /** @throws FaultError fileExists, fileNotWritable, diskFull */
  constructor(options: WriterOptions) {
    this.options = options
    this.isPcap = /\.p?cap$/i.test(options.path)
    this.out = new PartFile(options.path, options.overwrite)
  }

  get bytes(): number { return this.out.bytes }

  /** Before anything is read: the blocks of the file are wanted too. */
  follow(reader: CaptureReader): void {
    const sections = { isLittle: true, firstInterface: 0 }
    reader.onBlock = (block) => {
      const source: FrameSource = reader
      if (this.isCopied(source)) this.out.write(block)
      else if (reader.format === 'pcapng' && !this.isPcap) this.takeBlock(block, reader, sections)
    }
  }

  /**
   * Takes the frames of a batch.
   * @param chosen 0 for each that is left out; null: none
   * @param changeOf what becomes of the comments of a frame, by its position in the batch; null: they stay
   * @throws FaultError manyLinkTypes, diskFull, fileNotWritable
   */
  write(batch: FrameBatch, reader: FrameSource, chosen: Uint8Array | Float64Array | null = null, changeOf: ((i: number) => CommentChange | null) | null = null): void {
    for (let i = 0; i < batch.count; i++) {
      if (chosen !== null && chosen[i] === 0) continue
      this.writeFrame(batch, reader, i, changeOf?.(i) ?? null)
    }
  }

  /** Takes one frame of a batch. */
  writeOne(batch: FrameBatch, reader: FrameSource, i: number): void {
    this.writeFrame(batch, reader, i, null)
  }

  finish(): void {
    if (this.out.bytes === 0) {
      if (this.isPcap) this.describePcap(1)
      else this.writeSection()
    }
    this.out.finish()
  }

  discard(): void {
    this.out.discard()
  }

  private isCopied(reader: FrameSource): reader is CaptureReader {
    return reader instanceof CaptureReader && !this.options.isMerged && reader.format === (this.isPcap ? 'pcap' : 'pcapng')
  }

  private writeFrame(batch: FrameBatch, reader: FrameSource, i: number, change: CommentChange | null): void {
    this.frames++
    if (this.isPcap && change !== null && change.add.length > 0) this.commentsLeft++
    if (this.isCopied(reader)) this.copyFrame(batch.bytes, reader, i, change)
    else if (this.isPcap) this.writePcap(batch, reader, i)
    else this.writePcapng(batch, reader, i, change)
  }

  private copyFrame(area: Uint8Array, reader: CaptureReader, i: number, change: CommentChange | null): void {
    const start = reader.blockStarts[i]
    const length = reader.blockLengths[i]
    if (this.isPcap || change === null) return this.out.write(area.subarray(start, start + length))
    if (change.add.length > 0 && !takesComments(area, start, reader.isLittle)) this.commentsLeft++
    const scratch = this.room(length + commentBytesBound(change))
    this.out.write(scratch.subarray(0, copyWithComments(area, start, length, reader.isLittle, change, scratch, 0)))
  }

  /** A block of a file that is not copied. The reader tells of a section before anything of it. */
  private takeBlock(block: Uint8Array, reader: CaptureReader, sections: { isLittle: boolean, firstInterface: number }): void {
    if (readU32In(block, 0, true) === BlockType.sectionHeader) {
      sections.isLittle = readU32In(block, 8, true) === byteOrderMagic
      sections.firstInterface = reader.interfaces.length
      if (this.out.bytes === 0) this.comments.push(sectionComments(block, sections.isLittle).slice())
      return
    }
    if (readU32In(block, 0, sections.isLittle) === BlockType.interfaceDescription) {
      this.describeInterfaces(reader)
      return
    }
    const merged = mergedBlock(block, sections.isLittle, (number) => {
      const index = sections.firstInterface + number
      return index < reader.interfaces.length ? { found: reader.interfaces[index], number: this.describeInterfaces(reader)[index] } : null
    })
    if (merged !== null) this.put(merged)
  }

  private put(block: Uint8Array): void {
    if (this.out.bytes === 0) this.held.push(block.slice())
    else this.out.write(block)
  }

  private writePcapng(batch: FrameBatch, reader: FrameSource, i: number, change: CommentChange | null): void {
    const interfaceId = this.describeInterfaces(reader)[reader.frameInterfaces[i]]
    if (this.out.bytes === 0) this.writeSection()
    const length = batch.capturedLength[i]
    const [sec, nsec, original] = [batch.timeSec[i], batch.timeNsec[i], batch.originalLength[i]]
    const isKnown = reader instanceof CaptureReader && reader.format === 'pcapng' && reader.onBlock !== null
    const kept = isKnown ? packetOptions(batch.bytes, reader.blockStarts[i], reader.blockLengths[i], reader.isLittle) : noOptions
    const needed = enhancedPacketBytes(length) + kept.length
    const scratch = this.room(2 * needed + (change === null ? 0 : commentBytesBound(change)))
    const bytes = isKnown
      ? writePacketWithOptions(scratch, 0, interfaceId, sec, nsec, kept, batch.bytes, batch.offset[i], length, original)
      : writeEnhancedPacket(scratch, 0, interfaceId, sec, nsec, batch.direction[i] as 0 | 1 | 2, batch.bytes, batch.offset[i], length, original)
    if (change === null) this.out.write(scratch.subarray(0, bytes))
    else this.out.write(scratch.subarray(bytes, bytes + copyWithComments(scratch, 0, bytes, true, change, scratch, bytes)))
  }

  private writePcap(batch: FrameBatch, reader: FrameSource, i: number): void {
    const { linkType } = reader.interfaces[reader.frameInterfaces[i]]
    if (this.linkType < 0) this.describePcap(linkType)
    if (this.linkType !== linkType) throw new FaultError(fault('manyLinkTypes', { path: this.options.path }))
    const length = batch.capturedLength[i]
    const scratch = this.room(pcapRecordBytes(length))
    const end = writePcapRecord(scratch, 0, batch.timeSec[i], batch.timeNsec[i], batch.bytes, batch.offset[i], length, batch.originalLength[i])
    this.out.write(scratch.subarray(0, end))
  }

  private describePcap(linkType: number): void {
    this.linkType = linkType
    this.out.write(this.scratch.subarray(0, writePcapHeader(this.scratch, linkType)))
  }

  private writeSection(): void {
    const words = { hardware: os.arch(), os: `${os.type()} ${os.release()}`, application: this.options.application }
    const commentBytes = this.comments.reduce((sum, { length }) => sum + length, 0)
    const scratch = this.room(blockBytesBound(words.hardware.length + words.os.length + words.application.length) + commentBytes)
    this.out.write(scratch.subarray(0, writeSectionHeader(scratch, 0, words, this.comments)))
    for (const block of this.held) this.out.write(block)
    this.held = []
  }

  /** Those of the reader that have not been described yet. @returns for each its number in the output */
  private describeInterfaces(reader: FrameSource): number[] {
    let numbers = this.numbers.get(reader)
    if (numbers === undefined) this.numbers.set(reader, numbers = [])
    while (numbers.length < reader.interfaces.length) {
      const found = reader.interfaces[numbers.length]
      const scratch = this.room(blockBytesBound(found.name.length + found.description.length + found.filter.length + found.os.length) + found.options.length)
      this.put(scratch.subarray(0, writeInterfaceDescription(scratch, 0, found)))
      numbers.push(this.interfaces++)
    }
    return numbers
  }

  private room(bytes: number): Uint8Array {
    if (this.scratch.length < bytes) this.scratch = new Uint8Array(Math.max(bytes, pcapHeaderBytes))
    return this.scratch
  }
}
