import { ByteWindow } from './byte-window.ts'
import { byteOrderMagic, BlockType, PcapMagic, readU32In } from './format.ts'
import type { CaptureDamage, CaptureInterface, DamageReason, FrameColumns, FrameDirection } from './format.ts'
import { PcapParser } from './pcap-parser.ts'
import { PcapngParser } from './pcapng-parser.ts'

export type CaptureFormat = 'unknown' | 'pcap' | 'pcapng'

/** Takes what is no frame as it stands in the file: headers, interfaces, names, secrets, blocks of others. Valid during the call. */
export type BlockTaker = (bytes: Uint8Array) => void

const pcapMagics: readonly number[] = Object.values(PcapMagic)

/** What one step of a parser came to: `frame` is in the columns, `more` wants bytes, `full` wants room in the columns, `damaged` is final. */
export type Step = 'frame' | 'skipped' | 'more' | 'full' | 'damaged'

export interface CaptureParser {
  readonly isLittle: boolean
  /** Of the latest run. */
  readonly runInterface: number
  /**
   * Adds frames whose records are whole and usual, at most `limit`, and where each stands in the file to `offsets`; the first record that is
   * neither is left to {@link step}. All are of the interface {@link runInterface}. @returns frames added
   */
  readRun(window: ByteWindow, into: FrameColumns, offsets: Float64Array, limit: number): number
  step(window: ByteWindow, out: FrameOutput): Step
}

/** Where a parser puts a frame, and its complaint. */
export interface FrameOutput {
  /** @returns false when the columns are full */
  addFrame(offset: number, length: number, originalLength: number, timeSec: number, timeNsec: number, direction: FrameDirection, interfaceIndex: number): boolean
  addInterface(found: CaptureInterface): void
  damaged(offset: number, reason: DamageReason): Step
}

/**
 * Reads pcap and pcapng files from pieces: `feed` what there is, `read` until it gives 0, `finish` at the end, `read` once more.
 * Never throws. A damaged file is read up to the damage, which then stands in {@link damage}.
 *
 * Frames lie in the reader's own memory: columns that `read` filled are good until the next `feed` or `space`.
 */
export class CaptureReader implements FrameOutput {
  format: CaptureFormat = 'unknown'
  damage: CaptureDamage | null = null
  /** Of all sections, in the order of the file. */
  readonly interfaces: CaptureInterface[] = []
  /** For each frame of the last `read`: the file offset of its first byte. */
  frameOffsets = new Float64Array(0)
  /** For each frame of the last `read`: its index in {@link interfaces}. */
  frameInterfaces = new Uint32Array(0)
  /** For each frame of the last `read`: the link type of its interface. */
  frameLinkTypes = new Uint16Array(0)

  /** Frames read so far. */
  frames = 0
  /** Set by who copies a file as it is. Each block comes behind the frames that stand before it, of which the last `read` has given the last. */
  onBlock: BlockTaker | null = null
  /** With `onBlock`, for each frame of the last `read`: where its record or block begins in the area, and its bytes. */
  blockStarts = new Uint32Array(0)
  blockLengths = new Uint32Array(0)
  /** With `onBlock`: whether the numbers of these blocks are little endian; a `read` stays within a section. */
  isLittle = true

  private readonly window = new ByteWindow()
  private parser: CaptureParser | null = null
  private columns: FrameColumns | null = null
  private waiting: Uint8Array | null = null

  /** File offset up to which everything has been read. */
  get position(): number { return this.window.position }
  /** Nothing more will come out. */
  get isAtEnd(): boolean { return this.damage !== null || (this.window.isComplete && this.window.length === 0) }

  feed(chunk: Uint8Array): void {
    this.space(chunk.length).set(chunk)
    this.filled(chunk.length)
  }

  /** A place to put at least `minBytes` of the file without a copy; then say {@link filled}. */
  space(minBytes: number): Uint8Array {
    return this.window.space(minBytes)
  }

  filled(count: number): void {
    this.window.filled(count)
  }

  /** Nothing more will be fed: what is left over is damage. */
  finish(): void {
    this.window.isComplete = true
  }

  /**
   * Adds frames to `into`, which it clears first, until `maxFrames`, its capacity or the bytes run out.
   * @returns frames added
   */
  read(into: FrameColumns, maxFrames: number): number {
    const limit = Math.min(maxFrames, into.capacity)
    this.open(into)
    if (this.waiting !== null) this.onBlock?.(this.waiting)
    this.waiting = null
    let added = 0
    while (added < limit && this.damage === null) {
      if (!this.parser && !this.recognise()) break
      if (this.onBlock === null) added += this.takeRun(this.parser!, into, limit - added)
      if (added === limit) break
      const { start } = this.window
      const step = this.parser!.step(this.window, this)
      if (this.onBlock !== null && step === 'frame') this.noteBlock(added, start)
      else if (this.onBlock !== null && step === 'skipped' && this.takeBlock(start, added)) break
      if (step === 'frame') added++
      else if (step === 'more') this.judgeEnd()
      if (step !== 'frame' && step !== 'skipped') break
    }
    this.columns = null
    return added
  }

  addFrame(offset: number, length: number, originalLength: number, timeSec: number, timeNsec: number, direction: FrameDirection, interfaceIndex: number): boolean {
    const columns = this.columns!
    const i = columns.count
    // A frame's time is stored unsigned; garbage beyond it wraps rather than failing the file.
    if (!columns.add(offset, length, originalLength, timeSec, timeNsec, direction)) return false
    this.frameOffsets[i] = this.window.position + offset - this.window.start
    this.frameInterfaces[i] = interfaceIndex
    this.frameLinkTypes[i] = this.interfaces[interfaceIndex].linkType
    this.frames++
    return true
  }

  private takeRun(parser: CaptureParser, into: FrameColumns, limit: number): number {
    const first = into.count
    const added = parser.readRun(this.window, into, this.frameOffsets, limit)
    if (added === 0) return 0
    this.frameInterfaces.fill(parser.runInterface, first, into.count)
    this.frameLinkTypes.fill(this.interfaces[parser.runInterface].linkType, first, into.count)
    this.frames += added
    return added
  }

  addInterface(found: CaptureInterface): void {
    this.interfaces.push(found)
  }

  damaged(offset: number, reason: DamageReason): Step {
    this.damage ??= { offset, frame: this.frames + 1, reason }
    return 'damaged'
  }

  private noteBlock(frame: number, start: number): void {
    if (this.blockStarts.length < this.frameOffsets.length) {
      this.blockStarts = new Uint32Array(this.frameOffsets.length)
      this.blockLengths = new Uint32Array(this.frameOffsets.length)
    }
    this.isLittle = this.parser!.isLittle
    this.blockStarts[frame] = start
    this.blockLengths[frame] = this.window.start - start
  }

  /** @returns whether it has to wait until the frames before it have been taken */
  private takeBlock(start: number, framesBefore: number): boolean {
    const block = this.window.area.subarray(start, this.window.start)
    if (framesBefore === 0) this.onBlock!(block)
    else this.waiting = block.slice()
    return framesBefore > 0
  }

  private open(into: FrameColumns): void {
    into.count = 0
    into.bytes = this.window.area
    this.columns = into
    if (this.frameOffsets.length >= into.capacity) return
    this.frameOffsets = new Float64Array(into.capacity)
    this.frameInterfaces = new Uint32Array(into.capacity)
    this.frameLinkTypes = new Uint16Array(into.capacity)
  }

  private judgeEnd(): void {
    if (this.window.isComplete && this.window.length > 0) this.damaged(this.window.position, 'cut')
  }

  /** The first 4 bytes tell the format; a section header needs 12 to be sure. */
  private recognise(): boolean {
    const { area, start, length } = this.window
    if (length < 12) {
      this.judgeEnd()
      return false
    }
    const first = readU32In(area, start, true)
    const order = readU32In(area, start + 8, true)
    if (first === BlockType.sectionHeader && (order === byteOrderMagic || readU32In(area, start + 8, false) === byteOrderMagic)) {
      this.format = 'pcapng'
      this.parser = new PcapngParser(this.interfaces)
      return true
    }
    for (const isLittle of [true, false]) {
      const magic = readU32In(area, start, isLittle)
      if (!pcapMagics.includes(magic)) continue
      this.format = 'pcap'
      this.parser = new PcapParser(isLittle, magic)
      return true
    }
    this.damaged(this.window.position, 'badMagic')
    return false
  }
}
