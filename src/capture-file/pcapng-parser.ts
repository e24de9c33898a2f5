import { utf8Text } from '../base/bytes.ts'
import type { ByteWindow } from './byte-window.ts'
import type { CaptureParser, FrameOutput, Step } from './capture-reader.ts'
import { CaptureTime, unitsPerSecondOf } from './capture-time.ts'
import { BlockType, byteOrderMagic, maxBlockBytes, newCaptureInterface, OptionCode, PacketFlags, readU16In, readU32In } from './format.ts'
import type { CaptureInterface, DamageReason, FrameColumns, FrameDirection } from './format.ts'
import { interfaceOptions } from './section-merge.ts'

/*
 * Bodies, from the start of the block (type 4, total length 4 before them; options and total length 4 behind them):
 *
 *   section header            interface description     enhanced packet            packet (obsolete)        simple packet
 *    8  byte order magic  4    8  link type       2      8  interface id       4    8  interface id     2    8  bytes on wire  4
 *   12  major version     2   10  reserved        2     12  time high, low     8   10  drops            2   12  frame
 *   14  minor version     2   12  snap length     4     20  bytes kept         4   12  time high, low   8
 *   16  section length    8   16  options               24  bytes on the wire  4   20  bytes kept       4   interface statistics
 *   24  options                                         28  frame, padded          24  bytes on wire    4    8  interface id   4
 *                                                           options                28  frame, options       12  time           8
 *                                                                                                           20  options
 */
const bodyMinimum: Readonly<Record<number, number>> = {
  [BlockType.sectionHeader]: 28, [BlockType.interfaceDescription]: 20, [BlockType.enhancedPacket]: 32, [BlockType.packet]: 32,
  [BlockType.simplePacket]: 16, [BlockType.interfaceStatistics]: 24,
}

const maxInterfaces = 65_536
const enhancedPacketBytes = 32

export class PcapngParser implements CaptureParser {
  isLittle = true
  runInterface = 0
  /** Index in `interfaces` of the current section's interface 0. */
  private sectionStart = 0
  private readonly time = new CaptureTime()

  constructor(private readonly interfaces: readonly CaptureInterface[]) {}

  step(window: ByteWindow, out: FrameOutput): Step {
    if (window.length < 12) return 'more'
    const { area, start } = window
    const isSection = readU32In(area, start, true) === BlockType.sectionHeader
    if (isSection && !this.readByteOrder(area, start)) return out.damaged(window.position + 8, 'badByteOrder')
    const type = readU32In(area, start, this.isLittle)
    const total = readU32In(area, start + 4, this.isLittle)
    const trouble = troubleWithLength(type, total)
    if (trouble) return out.damaged(window.position + 4, trouble)
    if (window.length < total) return 'more'
    if (readU32In(area, start + total - 4, this.isLittle) !== total) return out.damaged(window.position + total - 4, 'lengthMismatch')
    const step = this.readBody(window, out, type, start, total)
    if (step === 'frame' || step === 'skipped') window.consume(total)
    return step
  }

  readRun(window: ByteWindow, into: FrameColumns, offsets: Float64Array, limit: number): number {
    const { view, start } = window
    if (window.length < enhancedPacketBytes || view.getUint32(start, this.isLittle) !== BlockType.enhancedPacket) return 0
    this.runInterface = this.sectionStart + view.getUint32(start + 8, this.isLittle)
    if (this.runInterface >= this.interfaces.length) return 0
    const first = into.count
    const last = this.takePackets(window, into, offsets, first + limit)
    if (last === first) return 0
    into.count = last
    const lastStart = into.offset[last - 1] - 28
    window.consume(lastStart + view.getUint32(lastStart + 4, this.isLittle) - start)
    return last - first
  }

  /** Enhanced packets of one interface; nothing but the loop, as in `PcapParser`. @returns index behind the last frame */
  private takePackets(window: ByteWindow, into: FrameColumns, offsets: Float64Array, last: number): number {
    const { view, area, end, start } = window
    const { isLittle, time, runInterface, sectionStart } = this
    const { offset, capturedLength, originalLength, timeSec, timeNsec, direction, count } = into
    const { unitsPerSecond, timeOffsetSec } = this.interfaces[runInterface]
    const toPosition = window.position - start
    let at = start
    for (let i = count; i < last; i++) {
      if (end - at < enhancedPacketBytes || view.getUint32(at, isLittle) !== BlockType.enhancedPacket) return i
      const total = view.getUint32(at + 4, isLittle)
      const length = view.getUint32(at + 20, isLittle)
      if (total > end - at || (total & 3) !== 0 || total > maxBlockBytes || length > total - enhancedPacketBytes) return i
      if (view.getUint32(at + 8, isLittle) !== runInterface - sectionStart || view.getUint32(at + total - 4, isLittle) !== total) return i
      time.set(view.getUint32(at + 12, isLittle), view.getUint32(at + 16, isLittle), unitsPerSecond)
      const onWire = view.getUint32(at + 24, isLittle)
      offset[i] = at + 28
      capturedLength[i] = length
      originalLength[i] = onWire > length ? onWire : length
      timeSec[i] = time.sec + timeOffsetSec
      timeNsec[i] = time.nsec
      direction[i] = this.readDirection(area, at + 28 + ((length + 3) & ~3), at + total - 4)
      offsets[i] = toPosition + at + 28
      at += total
    }
    return last
  }

  private readByteOrder(area: Uint8Array, start: number): boolean {
    this.isLittle = readU32In(area, start + 8, true) === byteOrderMagic
    return this.isLittle || readU32In(area, start + 8, false) === byteOrderMagic
  }

  private readBody(window: ByteWindow, out: FrameOutput, type: number, at: number, total: number): Step {
    switch (type) {
      case BlockType.enhancedPacket: return this.readPacket(window, out, at, total, readU32In(window.area, at + 8, this.isLittle))
      case BlockType.packet: return this.readPacket(window, out, at, total, readU16In(window.area, at + 8, this.isLittle))
      case BlockType.simplePacket: return this.readSimplePacket(window, out, at, total)
      case BlockType.interfaceDescription: return this.readInterface(window, out, at, total)
      case BlockType.interfaceStatistics: return this.readStatistics(window.area, at, total)
      case BlockType.sectionHeader: return this.openSection(window, out, at)
      default: return 'skipped'
    }
  }

  private openSection(window: ByteWindow, out: FrameOutput, at: number): Step {
    if (readU16In(window.area, at + 12, this.isLittle) !== 1) return out.damaged(window.position + 12, 'badVersion')
    this.sectionStart = this.interfaces.length
    return 'skipped'
  }

  private readInterface(window: ByteWindow, out: FrameOutput, at: number, total: number): Step {
    if (this.interfaces.length >= maxInterfaces) return out.damaged(window.position, 'tooManyInterfaces')
    const { area } = window
    const found = newCaptureInterface(readU16In(area, at + 8, this.isLittle), readU32In(area, at + 12, this.isLittle), 1e6)
    this.eachOption(area, at + 16, at + total - 4, (code, valueAt, length) => this.takeInterfaceOption(found, area, code, valueAt, length))
    found.options = interfaceOptions(area, at, total, this.isLittle)
    if (found.unitsPerSecond === 0) return out.damaged(window.position, 'badTimeResolution')
    out.addInterface(found)
    return 'skipped'
  }

  private takeInterfaceOption(found: CaptureInterface, area: Uint8Array, code: number, at: number, length: number): void {
    const text = () => utf8Text(area.subarray(at, at + length))
    if (code === OptionCode.interfaceName) found.name = text()
    else if (code === OptionCode.interfaceDescription) found.description = text()
    else if (code === OptionCode.interfaceOs) found.os = text()
    else if (code === OptionCode.interfaceFilter && length > 1 && area[at] === 0) found.filter = utf8Text(area.subarray(at + 1, at + length))
    else if (code === OptionCode.interfaceMac && length === 6) found.mac = area.slice(at, at + 6)
    else if (code === OptionCode.interfaceTimeResolution && length === 1) found.unitsPerSecond = unitsPerSecondOf(area[at])
    else if (code === OptionCode.interfaceTimeOffset && length === 8) found.timeOffsetSec = this.readSigned64(area, at)
  }

  private readPacket(window: ByteWindow, out: FrameOutput, at: number, total: number, interfaceId: number): Step {
    const { area } = window
    const index = this.sectionStart + interfaceId
    if (index >= this.interfaces.length) return out.damaged(window.position + 8, 'unknownInterface')
    const length = readU32In(area, at + 20, this.isLittle)
    if (length > total - 32) return out.damaged(window.position + 20, 'frameTooLong')
    const { unitsPerSecond, timeOffsetSec } = this.interfaces[index]
    this.time.set(readU32In(area, at + 12, this.isLittle), readU32In(area, at + 16, this.isLittle), unitsPerSecond)
    const originalLength = Math.max(length, readU32In(area, at + 24, this.isLittle))
    const direction = this.readDirection(area, at + 28 + ((length + 3) & ~3), at + total - 4)
    const isAdded = out.addFrame(at + 28, length, originalLength, this.time.sec + timeOffsetSec, this.time.nsec, direction, index)
    return isAdded ? 'frame' : 'full'
  }

  /** Has neither time nor interface: the section's first one is meant, and its snap length says how much was kept. */
  private readSimplePacket(window: ByteWindow, out: FrameOutput, at: number, total: number): Step {
    const index = this.sectionStart
    if (index >= this.interfaces.length) return out.damaged(window.position, 'unknownInterface')
    const originalLength = readU32In(window.area, at + 8, this.isLittle)
    const { snapLength } = this.interfaces[index]
    const length = Math.min(originalLength, snapLength === 0 ? originalLength : snapLength, total - 16)
    return out.addFrame(at + 12, length, originalLength, 0, 0, 0, index) ? 'frame' : 'full'
  }

  private readStatistics(area: Uint8Array, at: number, total: number): Step {
    const index = this.sectionStart + readU32In(area, at + 8, this.isLittle)
    if (index >= this.interfaces.length) return 'skipped'
    const found = this.interfaces[index]
    this.eachOption(area, at + 20, at + total - 4, (code, valueAt, length) => {
      if (length !== 8) return
      if (code === OptionCode.statisticsReceived) found.received = this.readUnsigned64(area, valueAt)
      else if (code === OptionCode.statisticsDropped) found.dropped = this.readUnsigned64(area, valueAt)
    })
    return 'skipped'
  }

  /** Looks for the flags option without an object for each packet. */
  private readDirection(area: Uint8Array, from: number, end: number): FrameDirection {
    for (let at = from; at + 4 <= end;) {
      const code = readU16In(area, at, this.isLittle)
      const length = readU16In(area, at + 2, this.isLittle)
      if (code === OptionCode.end) return 0
      if (code === OptionCode.packetFlags && length === 4 && at + 8 <= end) {
        const direction = readU32In(area, at + 4, this.isLittle) & PacketFlags.directionMask
        return direction === PacketFlags.inbound || direction === PacketFlags.outbound ? direction : 0
      }
      at += 4 + ((length + 3) & ~3)
    }
    return 0
  }

  /** Stops at the first option that does not fit; what is broken here costs words, not frames. */
  private eachOption(area: Uint8Array, from: number, end: number, take: (code: number, at: number, length: number) => void): void {
    for (let at = from; at + 4 <= end;) {
      const code = readU16In(area, at, this.isLittle)
      const length = readU16In(area, at + 2, this.isLittle)
      if (code === OptionCode.end || at + 4 + length > end) return
      take(code, at + 4, length)
      at += 4 + ((length + 3) & ~3)
    }
  }

  private readUnsigned64(area: Uint8Array, at: number): number {
    const first = readU32In(area, at, this.isLittle)
    const second = readU32In(area, at + 4, this.isLittle)
    return this.isLittle ? second * 0x1_0000_0000 + first : first * 0x1_0000_0000 + second
  }

  private readSigned64(area: Uint8Array, at: number): number {
    const first = readU32In(area, at, this.isLittle)
    const second = readU32In(area, at + 4, this.isLittle)
    return this.isLittle ? (second | 0) * 0x1_0000_0000 + first : (first | 0) * 0x1_0000_0000 + second
  }
}

function troubleWithLength(type: number, total: number): DamageReason | null {
  if (total < (bodyMinimum[type] ?? 12) || (total & 3) !== 0) return 'badBlockLength'
  return total > maxBlockBytes ? 'blockTooLong' : null
}
