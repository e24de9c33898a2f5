import { readSync } from 'node:fs'
import path from 'node:path'
import { fault, FaultError } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import type { CaptureInterface } from '../../src/capture-file/format.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { FrameSink, LinkInfo, LinkStatistics } from '../../src/link/link.ts'
import type { LocatedLink } from '../../src/link/record.ts'
import { openBackingFile } from '../files/backing-file.ts'
import type { BackingFile } from '../files/backing-file.ts'
import { notReadable } from '../files/open-file.ts'
import { PageCache } from '../lab/page-cache.ts'

const chunkBytes = 1024 * 1024
const batchFrames = 4096
const probeBytes = 64 * 1024

/**
 * Opens a capture file as a link that only gives; a compressed one is unpacked beside, while it is read.
 * @throws FaultError fileNotFound, fileNotReadable, fileFormatUnknown, fileDamaged
 */
export async function openFileLink(filePath: string): Promise<FileLink> {
  const file = await openBackingFile(filePath)
  try {
    const probe = await probeFile(file)
    if (probe.format === 'unknown') throw new FaultError(file.fault ?? fault('fileFormatUnknown', { path: filePath }))
    return new FileLink(filePath, file, infoOf(filePath, probe))
  } catch (error) {
    file.close()
    if (error instanceof FaultError) throw error
    throw notReadable(filePath, error)
  }
}

/**
 * The frames of a capture file, handed out as fast as they are asked for, with their own times. A damaged file is handed out
 * up to the damage, then the link closes with `fileDamaged`. Its raw bytes stay where they are.
 */
export class FileLink implements LocatedLink {
  readonly info: LinkInfo
  readonly path: string
  captured = new FrameBatch(0)
  frameOffsets: Float64Array = new Float64Array(0)
  linkTypes: Uint16Array = new Uint16Array(0)
  /** What ended the file too early. */
  damage: Fault | null = null
  onClosed: ((reason: Fault) => void) | null = null

  private readonly file: BackingFile
  private isOpen = true
  private readonly reader = new CaptureReader()
  private readonly batch = new FrameBatch(batchFrames)
  private readonly cache = new PageCache()
  private readonly counts = emptyStatistics()
  private readAt = 0
  private isAllRead = false
  private isStopped = false
  private readable: (() => void) | null = null
  private wake: NodeJS.Immediate | null = null

  constructor(filePath: string, file: BackingFile, info: LinkInfo) {
    this.path = filePath
    this.file = file
    this.info = info
    file.onGrown = () => this.wakeSoon()
  }

  /** Everything has been handed out. */
  get atEnd(): boolean { return !this.isOpen || this.damage !== null || this.isStopped || (this.isAllRead && this.reader.isAtEnd && !this.reader.damage) }
  /** How far the file has been handed out, of `sizeBytes`; both grow while a compressed file is unpacked. */
  get positionBytes(): number { return this.reader.position }
  get sizeBytes(): number { return this.file.sizeBytes }
  get isSizeKnown(): boolean { return this.file.isComplete }

  get format(): CaptureReader['format'] { return this.reader.format }

  /** Hands out nothing more; what has been handed out can still be read. */
  stopReading(): void {
    this.isAllRead = true
    this.isStopped = true
    this.file.stop()
  }

  get onReadable(): (() => void) | null { return this.readable }
  set onReadable(listener: (() => void) | null) {
    this.readable = listener
    this.wakeSoon()
  }

  drain(sink: FrameSink, maxFrames: number): number {
    let handedOut = 0
    while (handedOut < maxFrames && !this.atEnd) {
      const count = this.reader.read(this.batch, Math.min(batchFrames, maxFrames - handedOut))
      if (count > 0) handedOut += this.handOut(sink)
      else if (this.reader.damage) this.endDamaged()
      else if (this.isAllRead || !this.readMore()) break
    }
    if (handedOut === maxFrames) this.wakeSoon()
    return handedOut
  }

  /** A file takes nothing. */
  send(): number {
    return 0
  }

  /** Capture filters belong to interfaces; what a file holds is there. */
  setFilter(expression: string): Fault | null {
    return expression === '' ? null : fault('badFilter', { expression, reason: 'fileLink' })
  }

  statistics(into: LinkStatistics): void {
    Object.assign(into, this.counts)
  }

  nextDeadlineUs(): number {
    return Infinity
  }

  /** Bytes of the file. @returns a copy, or null where they are not there */
  readBytes(offset: number, length: number): Uint8Array | null {
    return this.isOpen ? this.cache.read(this.file.descriptor, offset, length, this.sizeBytes) : null
  }

  close(): void {
    if (this.wake) clearImmediate(this.wake)
    this.wake = null
    if (this.isOpen) this.file.close()
    this.isOpen = false
    this.cache.clear()
  }

  private handOut(sink: FrameSink): number {
    const { batch, counts } = this
    this.captured = batch
    this.frameOffsets = this.reader.frameOffsets
    this.linkTypes = this.reader.frameLinkTypes
    for (let i = 0; i < batch.count; i++) if (batch.capturedLength[i] < batch.originalLength[i]) counts.truncated++
    counts.received += batch.count
    sink(batch)
    return batch.count
  }

  /** @returns false where no more is there yet; `onGrown` says when it is */
  private readMore(): boolean {
    const { file, reader } = this
    try {
      const count = readSync(file.descriptor, reader.space(chunkBytes), 0, chunkBytes, this.readAt)
      reader.filled(count)
      this.readAt += count
      if (count > 0) return true
      if (!file.isComplete) return false
      this.isAllRead = true
      if (file.fault === null) reader.finish()
      else this.end(file.fault)
    } catch (error) {
      this.end(notReadable(this.path, error).fault)
    }
    return true
  }

  private endDamaged(): void {
    const { offset, frame, reason } = this.reader.damage!
    this.end(fault('fileDamaged', { path: this.path, offset, frame, reason }))
  }

  private end(reason: Fault): void {
    this.damage = reason
    this.onClosed?.(reason)
  }

  private wakeSoon(): void {
    if (this.wake || !this.readable || this.atEnd) return
    this.wake = setImmediate(() => {
      this.wake = null
      this.readable?.()
    })
  }
}

interface Probe { format: CaptureReader['format'], first: CaptureInterface | null }

/** Reads just enough to know the format and the first interface. */
async function probeFile(file: BackingFile): Promise<Probe> {
  const reader = new CaptureReader()
  const batch = new FrameBatch(1)
  for (let at = 0; ;) {
    const count = readSync(file.descriptor, reader.space(probeBytes), 0, probeBytes, at)
    if (count === 0 && !file.isComplete) {
      await new Promise<void>((resolve) => { file.onGrown = resolve })
      continue
    }
    reader.filled(count)
    at += count
    if (reader.read(batch, 1) > 0 || reader.interfaces.length > 0 || reader.damage || count === 0) break
  }
  return { format: reader.format, first: reader.interfaces[0] ?? null }
}

function infoOf(filePath: string, { format, first }: Probe): LinkInfo {
  const snapLength = first?.snapLength ?? 0
  return {
    kind: 'file',
    name: path.basename(filePath),
    description: [first?.name, first?.description].filter(Boolean).join(', '),
    linkType: first?.linkType ?? 1,
    mtu: 65_535,
    snapLength: snapLength === 0 ? 262_144 : snapLength,
    mac: null,
    addresses: [],
    mayInject: false,
    timestamps: 'kernel',
    timestampUnit: (first?.unitsPerSecond ?? 1e9) >= 1e9 ? 'ns' : 'us',
    reportsDirection: format === 'pcapng',
    unknownCounters: ['droppedByKernel', 'droppedByRing'],
  }
}
