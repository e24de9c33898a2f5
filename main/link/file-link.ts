import { closeSync, fstatSync, readSync } from 'node:fs'
import path from 'node:path'
import { fault, FaultError } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import type { CaptureInterface } from '../../src/capture-file/format.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { FrameSink, LinkInfo, LinkStatistics } from '../../src/link/link.ts'
import type { LocatedLink } from '../../src/link/record.ts'
import { notReadable, openForReading } from '../files/open-file.ts'
import { PageCache } from '../lab/page-cache.ts'

const chunkBytes = 256 * 1024
const batchFrames = 1024

/**
 * Opens a pcap or pcapng file as a link that only gives.
 * @throws FaultError fileNotFound, fileNotReadable, fileFormatUnknown
 */
export function openFileLink(filePath: string): FileLink {
  const descriptor = openForReading(filePath)
  try {
    const probe = probeFile(descriptor)
    if (probe.format === 'unknown') throw new FaultError(fault('fileFormatUnknown', { path: filePath }))
    return new FileLink(filePath, descriptor, infoOf(filePath, probe))
  } catch (error) {
    closeSync(descriptor)
    if (error instanceof FaultError) throw error
    throw notReadable(filePath, error)
  }
}

/**
 * The frames of a capture file, handed out as fast as they are asked for, with their own times. A damaged file is handed out
 * up to the damage, then the link closes with `fileDamaged`. Frames of another link type than the file's first interface
 * are left out and counted as dropped by the interface.
 */
export class FileLink implements LocatedLink {
  readonly info: LinkInfo
  readonly path: string
  readonly sizeBytes: number
  captured = new FrameBatch(0)
  frameOffsets: Float64Array = new Float64Array(0)
  /** What ended the file too early. */
  damage: Fault | null = null
  onClosed: ((reason: Fault) => void) | null = null

  private descriptor: number
  private readonly reader = new CaptureReader()
  private batch = new FrameBatch(batchFrames)
  private readonly kept = new FrameBatch(batchFrames)
  private readonly keptOffsets = new Float64Array(batchFrames)
  private readonly cache = new PageCache()
  private readonly counts = emptyStatistics()
  private readAt = 0
  private isAllRead = false
  private readable: (() => void) | null = null
  private wake: NodeJS.Immediate | null = null

  constructor(filePath: string, descriptor: number, info: LinkInfo) {
    this.path = filePath
    this.descriptor = descriptor
    this.info = info
    this.sizeBytes = fstatSync(descriptor).size
  }

  /** Everything has been handed out. */
  get atEnd(): boolean { return this.descriptor < 0 || this.damage !== null || (this.isAllRead && this.reader.isAtEnd && !this.reader.damage) }
  /** How far the file has been handed out. */
  get positionBytes(): number { return this.reader.position }

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
      else if (!this.isAllRead) this.readMore()
    }
    if (!this.atEnd) this.wakeSoon()
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
    return this.descriptor < 0 ? null : this.cache.read(this.descriptor, offset, length, this.sizeBytes)
  }

  close(): void {
    if (this.wake) clearImmediate(this.wake)
    this.wake = null
    if (this.descriptor >= 0) closeSync(this.descriptor)
    this.descriptor = -1
    this.cache.clear()
  }

  private handOut(sink: FrameSink): number {
    const batch = this.isOneLinkType() ? this.batch : this.keepOwnLinkType()
    this.captured = batch
    this.frameOffsets = batch === this.batch ? this.reader.frameOffsets : this.keptOffsets
    for (let i = 0; i < batch.count; i++) if (batch.capturedLength[i] < batch.originalLength[i]) this.counts.truncated++
    this.counts.received += batch.count
    if (batch.count > 0) sink(batch)
    return batch.count
  }

  private isOneLinkType(): boolean {
    return this.reader.interfaces.every((found) => found.linkType === this.info.linkType)
  }

  private keepOwnLinkType(): FrameBatch {
    const { batch, kept, reader } = this
    kept.clear()
    kept.bytes = batch.bytes
    for (let i = 0; i < batch.count; i++) {
      if (reader.interfaces[reader.frameInterfaces[i]].linkType !== this.info.linkType) {
        this.counts.droppedByInterface++
        continue
      }
      this.keptOffsets[kept.count] = reader.frameOffsets[i]
      kept.add(batch.offset[i], batch.capturedLength[i], batch.originalLength[i], batch.timeSec[i], batch.timeNsec[i], batch.direction[i] as 0 | 1 | 2)
    }
    return kept
  }

  private readMore(): void {
    try {
      const space = this.reader.space(chunkBytes)
      const count = readSync(this.descriptor, space, 0, space.length, this.readAt)
      this.reader.filled(count)
      this.readAt += count
      if (count > 0) return
      this.isAllRead = true
      this.reader.finish()
    } catch (error) {
      this.end(notReadable(this.path, error).fault)
    }
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
function probeFile(descriptor: number): Probe {
  const reader = new CaptureReader()
  const batch = new FrameBatch(1)
  for (let at = 0; ;) {
    const space = reader.space(chunkBytes)
    const count = readSync(descriptor, space, 0, space.length, at)
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
