import { closeSync, fstatSync, ftruncateSync, statSync } from 'node:fs'
import os from 'node:os'
import { fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import {
  blockBytesBound, enhancedPacketBytes, enhancedPacketDataOffset, writeEnhancedPacket, writeInterfaceDescription, writeInterfaceStatistics, writeSectionHeader,
} from '../../src/capture-file/pcapng-writer.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { LinkInfo, LinkStatistics } from '../../src/link/link.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { FrameRecorder } from '../../src/link/record.ts'
import type { RecordingState } from '../../src/rpc/contract.ts'
import { PageCache } from './page-cache.ts'
import { openRecordingFile, reopenRecordingFile, writeUpTo } from './recording-file.ts'
import type { RecordingFile, RecordingFileOptions } from './recording-file.ts'
import { copyRecording } from './save-recording.ts'

export interface RecorderOptions extends RecordingFileOptions {
  info: LinkInfo
  /** Capture filter, for the interface description. */
  filter?: string
  /** Who records, for the section header. */
  application: string
  /** µs since 1970. */
  nowUs: number
}

/** Half of the second that a killed lab may lose, so that a busy turn in between does not break the promise. */
const flushIntervalUs = 500_000
const statisticsIntervalUs = 10_000_000
const bufferBytes = 1024 * 1024
const enhancedPacketType = 6
/** While the file takes nothing, this much is held in memory; frames beyond are counted as lost. */
const maxHeldBytes = 8 * 1024 * 1024

/**
 * Appends frames to a pcapng file:
 *
 *     file    [section][interface][packet]...[packet][statistics]...      `fileBytes` long, always whole blocks
 *     buffer                                              [packet]...     `heldBytes` long, follows the file
 *
 * Nothing here throws on trouble with the file: the trouble is a state ({@link fault}), what cannot be written is held
 * and tried again, and capturing goes on.
 */
export class Recorder implements FrameRecorder {
  /** Where it truly records: another name than asked for where that one was taken. */
  readonly path: string
  /** To be told once: the file was in use and another name was taken. */
  notice: Fault | null = null
  /** What is wrong now. */
  fault: Fault | null = null
  frames = 0
  /** Frames that were captured but neither written nor held. */
  lost = 0

  private readonly file: RecordingFile
  private buffer = new Uint8Array(bufferBytes)
  private heldBytes = 0
  private fileBytes = 0
  private offsets = new Float64Array(1024)
  private readonly cache = new PageCache()

  private interfaceId = -1
  private info!: LinkInfo
  private readonly counts: LinkStatistics = emptyStatistics()
  private hasNewCounts = false
  private flushedAtUs: number
  private statisticsAtUs: number
  private isClosed = false
  /** The last attempt to write failed. */
  private isStuck = false
  /** Somebody cut the file: what stood there is gone, and stays a fault. */
  private isEmptied = false

  static open(options: RecorderOptions): Recorder {
    return new Recorder(options)
  }

  private constructor(options: RecorderOptions) {
    this.file = openRecordingFile(options)
    this.path = this.file.path
    this.notice = this.file.notice
    this.fault = this.file.fault
    this.flushedAtUs = options.nowUs
    this.statisticsAtUs = options.nowUs
    const words = { hardware: os.arch(), os: systemName(), application: options.application }
    this.put(writeSectionHeader(this.room(blockBytesBound(lengthOf(words))), this.heldBytes, words))
    this.describeInterface(options.info, options.filter ?? '')
    if (!this.fault) this.flush(options.nowUs)
  }

  /** Bytes of the recording, held ones included. */
  get bytes(): number { return this.fileBytes + this.heldBytes }

  /** Frames from now on belong to this interface and filter. */
  describeInterface(info: LinkInfo, filter: string): void {
    this.info = info
    this.interfaceId++
    const words = { linkType: info.linkType, snapLength: info.snapLength, name: info.name, description: info.description, filter, os: systemName(), mac: info.mac }
    this.put(writeInterfaceDescription(this.room(blockBytesBound(lengthOf(words))), this.heldBytes, words))
  }

  /** Frames that wait for room in the file. */
  get heldFrames(): number {
    let frames = 0
    for (let at = 0; at < this.heldBytes; at += readLength(this.buffer, at)) if (this.buffer[at] === enhancedPacketType) frames++
    return frames
  }

  record(batch: FrameBatch): Float64Array {
    const { count } = batch
    if (this.offsets.length < count) this.offsets = new Float64Array(Math.max(batch.capacity, count))
    for (let i = 0; i < count; i++) this.offsets[i] = this.recordFrame(batch, i)
    return this.offsets
  }

  /** Remembers the link's counts for the next statistics block. */
  noteStatistics(counts: LinkStatistics): void {
    Object.assign(this.counts, counts)
    this.hasNewCounts = true
  }

  /** When `handleTimeout` wants to be called, in µs since 1970. */
  pollTimeout(): number {
    if (this.isClosed) return Infinity
    const statistics = this.hasNewCounts ? this.statisticsAtUs + statisticsIntervalUs : Infinity
    return Math.min(statistics, this.heldBytes > 0 ? this.flushedAtUs + flushIntervalUs : Infinity)
  }

  handleTimeout(nowUs: number): void {
    if (this.isClosed) return
    if (this.hasNewCounts && nowUs >= this.statisticsAtUs + statisticsIntervalUs) this.putStatistics(nowUs)
    if (this.heldBytes > 0 && nowUs >= this.flushedAtUs + flushIntervalUs) this.flush(nowUs)
  }

  /** Writes what is held. @returns whether all of it is in the file now */
  flush(nowUs: number): boolean {
    this.flushedAtUs = nowUs
    return this.writeHeld(true)
  }

  /**
   * Bytes of the recording, also of its part that is not written yet.
   * @returns a copy, or null where they are not there (any more)
   */
  readBytes(offset: number, length: number): Uint8Array | null {
    if (offset < 0) return null
    const heldAt = offset - this.fileBytes
    if (heldAt >= 0) return heldAt + length <= this.heldBytes ? this.buffer.slice(heldAt, heldAt + length) : null
    return this.cache.read(this.file.descriptor, offset, length, this.fileBytes)
  }

  state(nowUs: number): RecordingState {
    const isOpen = this.file.descriptor >= 0
    const flushedAgoMs = !isOpen ? -1 : this.heldBytes > 0 ? Math.max(0, Math.round((nowUs - this.flushedAtUs) / 1000)) : 0
    return { path: isOpen ? this.path : null, first: isOpen ? this.path : null, frames: this.frames, bytes: this.bytes, flushedAgoMs, fault: this.fault }
  }

  /**
   * Copies the recording up to now to another file, with a statistics block at the end.
   * @throws FaultError fileExists, fileNotWritable, diskFull
   */
  copyTo(target: string, options: { overwrite?: boolean } = {}): { frames: number, bytes: number } {
    this.writeHeld(false)
    const tail = this.isClosed ? this.buffer.slice(0, this.heldBytes) : this.heldWithStatistics()
    const bytes = copyRecording({ path: this.path, descriptor: this.file.descriptor, bytes: this.fileBytes, tail }, target, options.overwrite ?? false)
    return { frames: this.frames, bytes }
  }

  /** Ends the recording with a statistics block. Reading and copying go on until {@link dispose}. */
  close(nowUs: number): void {
    if (this.isClosed) return
    this.flushedAtUs = nowUs
    this.putStatistics(nowUs)
    this.flush(nowUs)
    this.isClosed = true
    if (this.heldBytes === 0) this.buffer = new Uint8Array(0)
    this.file.lock?.release()
  }

  dispose(): void {
    this.close(this.flushedAtUs)
    if (this.file.descriptor >= 0) closeSync(this.file.descriptor)
    this.file.descriptor = -1
    this.cache.clear()
  }

  private recordFrame(batch: FrameBatch, i: number): number {
    const length = batch.capturedLength[i]
    const needed = enhancedPacketBytes(length)
    if (this.isClosed || (this.buffer.length - this.heldBytes < needed && !this.makeRoom(needed))) {
      this.lost++
      return -1
    }
    const offset = this.fileBytes + this.heldBytes + enhancedPacketDataOffset
    this.heldBytes += writeEnhancedPacket(
      this.buffer, this.heldBytes, this.interfaceId, batch.timeSec[i], batch.timeNsec[i], batch.direction[i] as 0 | 1 | 2,
      batch.bytes, batch.offset[i], length, batch.originalLength[i],
    )
    this.frames++
    return offset
  }

  private makeRoom(needed: number): boolean {
    // A file that takes nothing is tried again once a flush interval, not with each frame of a flood.
    if (!this.isStuck) this.writeHeld(false)
    const wanted = this.heldBytes + needed
    if (wanted <= this.buffer.length) return true
    if (wanted > Math.max(maxHeldBytes, needed + bufferBytes)) return false
    const larger = new Uint8Array(Math.max(wanted, Math.min(maxHeldBytes, this.buffer.length * 2)))
    larger.set(this.buffer.subarray(0, this.heldBytes))
    this.buffer = larger
    return true
  }

  /** Buffer with room for a block that is not a frame; these few always fit. */
  private room(bytes: number): Uint8Array {
    if (this.buffer.length - this.heldBytes >= bytes) return this.buffer
    const larger = new Uint8Array(this.heldBytes + bytes)
    larger.set(this.buffer.subarray(0, this.heldBytes))
    this.buffer = larger
    return larger
  }

  private put(bytes: number): void {
    this.heldBytes += bytes
  }

  private putStatistics(nowUs: number): void {
    this.statisticsAtUs = nowUs
    this.hasNewCounts = false
    this.put(this.writeStatistics(this.room(blockBytesBound(0)), this.heldBytes, nowUs))
  }

  private writeStatistics(into: Uint8Array, at: number, nowUs: number): number {
    const { received, droppedByKernel, droppedByInterface, droppedByRing } = this.counts
    const unknown = new Set<string>(this.info.unknownCounters)
    const sec = Math.floor(nowUs / 1e6)
    return writeInterfaceStatistics(into, at, this.interfaceId, sec, (nowUs - sec * 1e6) * 1000, {
      received: unknown.has('received') ? -1 : received + droppedByKernel + droppedByRing,
      dropped: unknown.has('droppedByKernel') ? -1 : droppedByKernel + droppedByInterface + droppedByRing,
      osDropped: unknown.has('droppedByKernel') ? -1 : droppedByKernel,
      delivered: this.frames,
    })
  }

  private heldWithStatistics(): Uint8Array {
    const tail = new Uint8Array(this.heldBytes + blockBytesBound(0))
    tail.set(this.buffer.subarray(0, this.heldBytes))
    return tail.subarray(0, this.heldBytes + this.writeStatistics(tail, this.heldBytes, this.flushedAtUs))
  }

  private writeHeld(checkPath: boolean): boolean {
    const { file } = this
    if (file.isRefused) return false
    if (checkPath && file.descriptor >= 0 && fstatSync(file.descriptor).size < this.fileBytes) this.isEmptied = true
    const obstacle = file.descriptor < 0 ? reopenRecordingFile(file) : null
    const { bytes, error } = obstacle ? { bytes: 0, error: obstacle } : writeUpTo(file.descriptor, this.buffer, this.heldBytes, this.fileBytes)
    const whole = error && bytes > 0 ? this.keepWholeBlocks(bytes) : bytes
    this.buffer.copyWithin(0, whole, this.heldBytes)
    this.fileBytes += whole
    this.heldBytes -= whole
    this.isStuck = error !== null
    if (error) {
      this.setFault(error)
      return false
    }
    if (this.buffer.length > bufferBytes) this.buffer = new Uint8Array(bufferBytes)
    if (checkPath) this.checkPath()
    return true
  }

  /** A block that was written in part is cut off again, so that the file opens; it is still held. */
  private keepWholeBlocks(written: number): number {
    let whole = 0
    for (let next = 0; next <= written; next += readLength(this.buffer, next)) {
      whole = next
      if (next === this.heldBytes) break
    }
    try {
      ftruncateSync(this.file.descriptor, this.fileBytes + whole)
    } catch {
      // Then a reader finds a cut block at the end, which it can cope with.
    }
    return whole
  }

  /** The descriptor goes on working when the name is gone, so only looking tells. */
  private checkPath(): void {
    const found = statSync(this.path, { throwIfNoEntry: false })
    const own = fstatSync(this.file.descriptor)
    if (!found || found.ino !== own.ino || found.dev !== own.dev) this.setFault('removed')
    else if (this.isEmptied) this.setFault('emptied')
    else this.fault = null
  }

  private setFault(reason: string): void {
    this.fault = fault(reason === 'ENOSPC' || reason === 'EDQUOT' ? 'diskFull' : 'fileNotWritable', { path: this.path, reason, lost: this.lost })
  }
}

function readLength(buffer: Uint8Array, at: number): number {
  return (buffer[at + 4] | (buffer[at + 5] << 8) | (buffer[at + 6] << 16) | (buffer[at + 7] << 24)) >>> 0
}

function lengthOf(words: object): number {
  return Object.values(words).reduce((sum: number, word: unknown) => sum + (typeof word === 'string' ? word.length : 0), 0)
}

function systemName(): string {
  return `${os.type()} ${os.release()}`
}
