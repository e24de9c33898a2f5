import type { ByteWindow } from './byte-window.ts'
import type { CaptureParser, FrameOutput, Step } from './capture-reader.ts'
import { maxBlockBytes, newCaptureInterface, readU16In, readU32In } from './format.ts'

/*
 * pcap file header                            record header
 *
 *    0  magic                     4             0  seconds                    4
 *    4  major version             2             4  micro- or nanoseconds      4
 *    6  minor version             2             8  bytes kept                 4
 *    8  zone offset, unused       4            12  bytes on the wire          4
 *   12  accuracy, unused          4
 *   16  snap length               4
 *   20  link type, low 28 bits    4
 */
const fileHeaderBytes = 24
const recordHeaderBytes = 16

export class PcapParser implements CaptureParser {
  private hasHeader = false

  constructor(private readonly isLittle: boolean, private readonly unitsPerSecond: 1e6 | 1e9) {}

  step(window: ByteWindow, out: FrameOutput): Step {
    return this.hasHeader ? this.readRecord(window, out) : this.readHeader(window, out)
  }

  private readHeader(window: ByteWindow, out: FrameOutput): Step {
    if (window.length < fileHeaderBytes) return 'more'
    const at = window.start
    if (readU16In(window.area, at + 4, this.isLittle) !== 2) return out.damaged(window.position + 4, 'badVersion')
    const linkType = readU32In(window.area, at + 20, this.isLittle) & 0x0fff_ffff
    out.addInterface(newCaptureInterface(linkType, readU32In(window.area, at + 16, this.isLittle), this.unitsPerSecond))
    this.hasHeader = true
    window.consume(fileHeaderBytes)
    return 'skipped'
  }

  private readRecord(window: ByteWindow, out: FrameOutput): Step {
    if (window.length < recordHeaderBytes) return 'more'
    const { area, start } = window
    const length = readU32In(area, start + 8, this.isLittle)
    if (length > maxBlockBytes) return out.damaged(window.position, 'frameTooLong')
    if (window.length < recordHeaderBytes + length) return 'more'
    const fraction = readU32In(area, start + 4, this.isLittle)
    const carry = Math.floor(fraction / this.unitsPerSecond)
    const timeSec = readU32In(area, start, this.isLittle) + carry
    const timeNsec = (fraction - carry * this.unitsPerSecond) * (1e9 / this.unitsPerSecond)
    const originalLength = Math.max(length, readU32In(area, start + 12, this.isLittle))
    if (!out.addFrame(start + recordHeaderBytes, length, originalLength, timeSec, timeNsec, 0, 0)) return 'full'
    window.consume(recordHeaderBytes + length)
    return 'frame'
  }
}
