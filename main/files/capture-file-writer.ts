import os from 'node:os'
import { utf8Bytes } from '../../src/base/bytes.ts'
import { fault, FaultError } from '../../src/base/fault.ts'
import { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { commentBytesBound, copyWithComment, packetComments } from '../../src/capture-file/packet-comment.ts'
import { blockBytesBound, enhancedPacketBytes, writeEnhancedPacket, writeInterfaceDescription, writeSectionHeader } from '../../src/capture-file/pcapng-writer.ts'
import { pcapHeaderBytes, pcapRecordBytes, writePcapHeader, writePcapRecord } from '../../src/capture-file/pcap-writer.ts'
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

const noComment = new Uint8Array(0)

/**
 * Writes frames that readers hand out to a new file: pcap where its name ends with `.pcap` or `.cap`, pcapng otherwise. Between files of the same
 * format records and blocks are copied as they are, with every option and with the blocks that are no frames.
 */
export class CaptureFileWriter {
  frames = 0
  private readonly out: PartFile
  private readonly isPcap: boolean
  private readonly options: WriterOptions
  private scratch = new Uint8Array(4096)
  /** Where a reader's interface 0 stands in the output. */
  private readonly firstInterface = new Map<FrameSource, { first: number, count: number }>()
  private interfaces = 0
  private linkType = -1

  /** @throws FaultError fileExists, fileNotWritable, diskFull */
  constructor(options: WriterOptions) {
    this.options = options
    this.isPcap = /\.p?cap$/i.test(options.path)
    this.out = new PartFile(options.path, options.overwrite)
    if (options.isMerged && !this.isPcap) this.writeSection()
  }

  get bytes(): number { return this.out.bytes }

  /** Before anything is read: the blocks of the file are wanted too. */
  follow(reader: CaptureReader): void {
    reader.onBlock = (block) => { if (this.isCopied(reader)) this.out.write(block) }
  }

  /**
   * Takes the frames of a batch.
   * @param chosen 0 for each that is left out; null: none
   * @param commentOf words to add to a frame, by its position in the batch; pcapng only
   * @throws FaultError manyLinkTypes, diskFull, fileNotWritable
   */
  write(batch: FrameBatch, reader: FrameSource, chosen: Uint8Array | null = null, commentOf: ((i: number) => string) | null = null): void {
    for (let i = 0; i < batch.count; i++) {
      if (chosen !== null && chosen[i] === 0) continue
      this.writeFrame(batch, reader, i, commentOf === null ? noComment : utf8Bytes(commentOf(i)))
    }
  }

  /** Takes one frame of a batch. */
  writeOne(batch: FrameBatch, reader: FrameSource, i: number): void {
    this.writeFrame(batch, reader, i, noComment)
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

  private writeFrame(batch: FrameBatch, reader: FrameSource, i: number, comment: Uint8Array): void {
    this.frames++
    if (this.isCopied(reader)) this.copyFrame(batch.bytes, reader, i, comment)
    else if (this.isPcap) this.writePcap(batch, reader, i)
    else this.writePcapng(batch, reader, i, comment)
  }

  private copyFrame(area: Uint8Array, reader: CaptureReader, i: number, comment: Uint8Array): void {
    const start = reader.blockStarts[i]
    const length = reader.blockLengths[i]
    if (this.isPcap || comment.length === 0) return this.out.write(area.subarray(start, start + length))
    const scratch = this.room(length + commentBytesBound(comment))
    this.out.write(scratch.subarray(0, copyWithComment(area, start, length, reader.isLittle, comment, scratch, 0)))
  }

  private writePcapng(batch: FrameBatch, reader: FrameSource, i: number, comment: Uint8Array): void {
    if (this.out.bytes === 0) this.writeSection()
    const length = batch.capturedLength[i]
    const first = this.describeInterfaces(reader)
    const hasComments = reader instanceof CaptureReader && reader.format === 'pcapng' && reader.onBlock !== null
    const kept = hasComments ? packetComments(batch.bytes, reader.blockStarts[i], reader.blockLengths[i], reader.isLittle) : noComment
    const needed = enhancedPacketBytes(length)
    const scratch = this.room(2 * needed + commentBytesBound(comment) + 2 * commentBytesBound(kept))
    const direction = batch.direction[i] as 0 | 1 | 2
    const interfaceId = first + reader.frameInterfaces[i]
    let at = writeEnhancedPacket(scratch, 0, interfaceId, batch.timeSec[i], batch.timeNsec[i], direction, batch.bytes, batch.offset[i], length, batch.originalLength[i])
    let from = 0
    for (const each of [comment, kept]) {
      if (each.length === 0) continue
      const next = copyWithComment(scratch, from, at - from, true, each, scratch, at)
      from = at
      at += next
    }
    this.out.write(scratch.subarray(from, at))
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
    const scratch = this.room(blockBytesBound(words.hardware.length + words.os.length + words.application.length))
    this.out.write(scratch.subarray(0, writeSectionHeader(scratch, 0, words)))
  }

  /** @returns number of the reader's interface 0 in the output */
  private describeInterfaces(reader: FrameSource): number {
    let known = this.firstInterface.get(reader)
    // Another file's interfaces may have come between: then all of this one are described again.
    if (known === undefined || (known.count < reader.interfaces.length && known.first + known.count !== this.interfaces)) {
      known = { first: this.interfaces, count: 0 }
      this.firstInterface.set(reader, known)
    }
    for (; known.count < reader.interfaces.length; known.count++, this.interfaces++) {
      const found = reader.interfaces[known.count]
      const scratch = this.room(blockBytesBound(found.name.length + found.description.length + found.filter.length + found.os.length))
      this.out.write(scratch.subarray(0, writeInterfaceDescription(scratch, 0, found)))
    }
    return known.first
  }

  private room(bytes: number): Uint8Array {
    if (this.scratch.length < bytes) this.scratch = new Uint8Array(Math.max(bytes, pcapHeaderBytes))
    return this.scratch
  }
}
