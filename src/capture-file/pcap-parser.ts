import type { ByteWindow } from './byte-window.ts'
import type { CaptureParser, FrameOutput, Step } from './capture-reader.ts'
import type { FrameColumns } from './format.ts'
import { maxBlockBytes, newCaptureInterface, PcapMagic, readU16In, readU32In } from './format.ts'
import { guessRecordHeader, leadsToSecondRecord, RecordHeader } from './pcap-variants.ts'

/*
 * pcap file header                            record header
 *
 *    0  magic                     4             0  seconds                    4
 *    4  major version             2             4  micro- or nanoseconds      4
 *    6  minor version             2             8  bytes kept                 4
 *    8  zone offset, unused       4            12  bytes on the wire          4
 *   12  accuracy, unused          4            16  more, in modified files: see pcap-variants.ts
 *   16  snap length               4
 *   20  link type, low 28 bits    4
 */
const fileHeaderBytes = 24
/** Bytes that are enough to tell variants apart. */
const guessBytes = 64 * 1024

export class PcapParser implements CaptureParser {
  readonly runInterface = 0
  private hasHeader = false
  private recordHeaderBytes = 0
  private readonly unitsPerSecond: number
  private readonly nsecPerUnit: number
  private lengths: Lengths = 'inOrder'

  constructor(readonly isLittle: boolean, private readonly magic: number) {
    this.unitsPerSecond = magic === PcapMagic.nanoseconds ? 1e9 : 1e6
    this.nsecPerUnit = 1e9 / this.unitsPerSecond
  }

  step(window: ByteWindow, out: FrameOutput): Step {
    return this.hasHeader ? this.readRecord(window, out) : this.readHeader(window, out)
  }

  readRun(window: ByteWindow, into: FrameColumns, offsets: Float64Array, limit: number): number {
    if (this.recordHeaderBytes === 0 || this.lengths !== 'inOrder') return 0
    const first = into.count
    const last = this.takeRecords(window, into, offsets, first + limit)
    if (last === first) return 0
    into.direction.fill(0, first, last)
    into.count = last
    window.consume(into.offset[last - 1] + into.capturedLength[last - 1] - window.start)
    return last - first
  }

  /**
   * Nothing but the loop: V8 compiles it while it runs, and code behind it, which never ran then, would throw the result away each time.
   * @returns index behind the last frame
   */
  private takeRecords(window: ByteWindow, into: FrameColumns, offsets: Float64Array, last: number): number {
    const { view, end, start } = window
    const { recordHeaderBytes, isLittle, unitsPerSecond, nsecPerUnit } = this
    const { offset, capturedLength, originalLength, timeSec, timeNsec, count } = into
    const toPosition = window.position - start
    let at = start
    for (let i = count; i < last; i++) {
      if (end - at < recordHeaderBytes) return i
      const fraction = view.getUint32(at + 4, isLittle)
      const length = view.getUint32(at + 8, isLittle)
      const dataAt = at + recordHeaderBytes
      if (length > maxBlockBytes || length > end - dataAt || fraction >= unitsPerSecond) return i
      const onWire = view.getUint32(at + 12, isLittle)
      offset[i] = dataAt
      capturedLength[i] = length
      originalLength[i] = onWire > length ? onWire : length
      timeSec[i] = view.getUint32(at, isLittle)
      timeNsec[i] = fraction * nsecPerUnit
      offsets[i] = toPosition + dataAt
      at = dataAt + length
    }
    return last
  }

  private readHeader(window: ByteWindow, out: FrameOutput): Step {
    if (window.length < fileHeaderBytes) return 'more'
    const { area, start, position } = window
    const lengths = lengthsOf(readU16In(area, start + 4, this.isLittle), readU16In(area, start + 6, this.isLittle))
    if (lengths === null) return out.damaged(position + 4, 'badVersion')
    this.lengths = lengths
    const linkType = readU32In(area, start + 20, this.isLittle) & 0x0fff_ffff
    out.addInterface(newCaptureInterface(linkType, readU32In(area, start + 16, this.isLittle), this.unitsPerSecond))
    this.hasHeader = true
    window.consume(fileHeaderBytes)
    return 'skipped'
  }

  private readRecord(window: ByteWindow, out: FrameOutput): Step {
    if (window.length < RecordHeader.plain) return 'more'
    if (this.recordHeaderBytes === 0 && !this.chooseHeader(window)) return 'more'
    const { area, start } = window
    const { recordHeaderBytes } = this
    const first = readU32In(area, start + 8, this.isLittle)
    const second = readU32In(area, start + 12, this.isLittle)
    const isSwapped = this.lengths === 'swapped' || (this.lengths === 'mayBeSwapped' && first > second)
    const length = isSwapped ? second : first
    if (length > maxBlockBytes) return out.damaged(window.position, 'frameTooLong')
    if (window.length < recordHeaderBytes + length) return 'more'
    const fraction = readU32In(area, start + 4, this.isLittle)
    // Nearly no writer lets the fraction reach a second: the division is for those.
    const carry = fraction < this.unitsPerSecond ? 0 : Math.floor(fraction / this.unitsPerSecond)
    const timeSec = readU32In(area, start, this.isLittle) + carry
    const timeNsec = (fraction - carry * this.unitsPerSecond) * this.nsecPerUnit
    const originalLength = Math.max(length, isSwapped ? first : second)
    if (!out.addFrame(start + recordHeaderBytes, length, originalLength, timeSec, timeNsec, 0, 0)) return 'full'
    window.consume(recordHeaderBytes + length)
    return 'frame'
  }

  /** The magic alone does not tell the variants apart, and the first 16 bytes of a record are the same in all. @returns false where more bytes are needed to see */
  private chooseHeader(window: ByteWindow): boolean {
    const isAnyOrder = this.lengths !== 'inOrder'
    const isModified = this.magic === PcapMagic.modified
    const candidates = isModified ? [RecordHeader.modified, RecordHeader.modifiedWithCpu] : [RecordHeader.plain, RecordHeader.modified, RecordHeader.nokia]
    // A usual file shows itself with its second record: a pipe must not be kept waiting for more.
    const isEnough = window.isComplete || window.length >= guessBytes || leadsToSecondRecord(window, candidates[0], this.isLittle, this.unitsPerSecond, isAnyOrder)
    if (!isEnough) return false
    // A usual file that is cut a few bytes into its second record must not look like a variant that ends there.
    this.recordHeaderBytes = guessRecordHeader(window, candidates, this.isLittle, this.unitsPerSecond, isAnyOrder, isModified ? 0 : 3)
    return true
  }
}

/** In which order a record says its two lengths: files before 2.3 have the one on the wire first, and some of 2.3 too. */
type Lengths = 'inOrder' | 'mayBeSwapped' | 'swapped'

/** 543.0 is what DG/UX writes. @returns null for a version that nobody has defined */
function lengthsOf(major: number, minor: number): Lengths | null {
  if (major === 543 && minor === 0) return 'swapped'
  if (major !== 2) return null
  return minor < 3 ? 'swapped' : minor === 3 ? 'mayBeSwapped' : 'inOrder'
}
