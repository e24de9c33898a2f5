import { blockBytesBound, enhancedPacketBytes, writeEnhancedPacket, writeInterfaceDescription, writeInterfaceStatistics, writeSectionHeader } from '../../../src/capture-file/pcapng-writer.ts'
import type { InterfaceWords } from '../../../src/capture-file/pcapng-writer.ts'
import { CaptureReader } from '../../../src/capture-file/capture-reader.ts'
import type { BlockTaker } from '../../../src/capture-file/capture-reader.ts'
import { FrameBatch } from '../../../src/link/frame-batch.ts'

export interface TestFrame { sec: number, nsec: number, direction: 0 | 1 | 2, bytes: Uint8Array, originalLength: number, interfaceIndex: number }

export function frameOf(length: number, fill: number, more: Partial<TestFrame> = {}): TestFrame {
  const bytes = Uint8Array.from({ length }, (_, i) => (fill + i) & 0xff)
  return { sec: 1_700_000_000 + fill, nsec: 123_456_789, direction: 1, bytes, originalLength: length, interfaceIndex: 0, ...more }
}

/** A pcapng file of our own writer: one section, the interfaces, the frames, statistics. */
export function pcapngFile(frames: readonly TestFrame[], interfaces: readonly InterfaceWords[] = [{ linkType: 1, snapLength: 0, name: 'eth0' }]): Uint8Array {
  const size = 4096 + interfaces.length * blockBytesBound(1000) + frames.reduce((sum, frame) => sum + enhancedPacketBytes(frame.bytes.length), 0)
  const area = new Uint8Array(size).fill(0xee)
  let end = writeSectionHeader(area, 0, { hardware: 'x86-64', os: 'Linux', application: 'TCP Lab' })
  for (const words of interfaces) end += writeInterfaceDescription(area, end, words)
  for (const frame of frames) {
    end += writeEnhancedPacket(area, end, frame.interfaceIndex, frame.sec, frame.nsec, frame.direction, frame.bytes, 0, frame.bytes.length, frame.originalLength)
  }
  end += writeInterfaceStatistics(area, end, 0, 1_700_000_100, 5, { received: 2 ** 40 + 3, dropped: 7, osDropped: -1, delivered: frames.length })
  return area.slice(0, end)
}

export interface PcapShape { magic?: number, version?: readonly [number, number], extraBytes?: number, isSwapped?: boolean, linkType?: number }

/** A pcap file as other tools write it. */
export function pcapFile(frames: readonly TestFrame[], isLittle: boolean, isNano: boolean, shape: PcapShape = {}): Uint8Array {
  const { magic = isNano ? 0xa1b23c4d : 0xa1b2c3d4, version = [2, 4], extraBytes = 0, isSwapped = false, linkType = 1 } = shape
  const area = new Uint8Array(24 + frames.reduce((sum, frame) => sum + 16 + extraBytes + frame.bytes.length, 0))
  const view = new DataView(area.buffer)
  view.setUint32(0, magic, isLittle)
  view.setUint16(4, version[0], isLittle)
  view.setUint16(6, version[1], isLittle)
  view.setUint32(16, 65_535, isLittle)
  view.setUint32(20, linkType, isLittle)
  let at = 24
  for (const frame of frames) {
    view.setUint32(at, frame.sec, isLittle)
    view.setUint32(at + 4, isNano ? frame.nsec : Math.floor(frame.nsec / 1000), isLittle)
    view.setUint32(at + (isSwapped ? 12 : 8), frame.bytes.length, isLittle)
    view.setUint32(at + (isSwapped ? 8 : 12), frame.originalLength, isLittle)
    area.fill(0xa5, at + 16, at + 16 + extraBytes)
    area.set(frame.bytes, at + 16 + extraBytes)
    at += 16 + extraBytes + frame.bytes.length
  }
  return area
}

interface Read { frames: (TestFrame & { offset: number })[], reader: CaptureReader }

/** Reads a whole file in pieces of `chunkBytes`, in batches of `batchFrames`; with `onBlock`, block by block. */
export function readAll(file: Uint8Array, chunkBytes = file.length || 1, batchFrames = 64, onBlock: BlockTaker | null = null): Read {
  const reader = new CaptureReader()
  reader.onBlock = onBlock
  const batch = new FrameBatch(batchFrames)
  const frames: (TestFrame & { offset: number })[] = []
  const drain = () => {
    for (let count = reader.read(batch, batchFrames); count > 0; count = reader.read(batch, batchFrames)) {
      for (let i = 0; i < count; i++) {
        frames.push({
          sec: batch.timeSec[i], nsec: batch.timeNsec[i], direction: batch.direction[i] as 0 | 1 | 2, originalLength: batch.originalLength[i],
          bytes: batch.bytes.slice(batch.offset[i], batch.offset[i] + batch.capturedLength[i]), interfaceIndex: reader.frameInterfaces[i], offset: reader.frameOffsets[i],
        })
      }
    }
  }
  for (let at = 0; at < file.length; at += chunkBytes) {
    reader.feed(file.subarray(at, at + chunkBytes))
    drain()
  }
  reader.finish()
  drain()
  return { frames, reader }
}

/** The same blocks in the other byte order: swaps every field of the blocks that our writer makes. */
export function swapPcapng(file: Uint8Array): Uint8Array {
  const swapped = file.slice()
  const from = new DataView(file.buffer, file.byteOffset, file.length)
  const into = new DataView(swapped.buffer)
  const u16 = (at: number) => { into.setUint16(at, from.getUint16(at, true), false) }
  const u32 = (at: number) => { into.setUint32(at, from.getUint32(at, true), false) }
  const options = (start: number, end: number, wide: (code: number, length: number) => boolean) => {
    for (let at = start; at + 4 <= end;) {
      const code = from.getUint16(at, true)
      const length = from.getUint16(at + 2, true)
      u16(at)
      u16(at + 2)
      if (wide(code, length) && length === 4) u32(at + 4)
      if (wide(code, length) && length === 8) into.setBigUint64(at + 4, from.getBigUint64(at + 4, true), false)
      at += 4 + ((length + 3) & ~3)
    }
  }
  for (let at = 0; at < file.length;) {
    const type = from.getUint32(at, true)
    const total = from.getUint32(at + 4, true)
    for (const field of [at, at + 4, at + total - 4]) u32(field)
    if (type === 0x0a0d0d0a) {
      u32(at + 8)
      u16(at + 12)
      u16(at + 14)
      options(at + 24, at + total - 4, () => false)
    } else if (type === 1) {
      u16(at + 8)
      u32(at + 12)
      options(at + 16, at + total - 4, () => false)
    } else if (type === 6) {
      for (const field of [8, 12, 16, 20, 24]) u32(at + field)
      options(at + 28 + ((from.getUint32(at + 20, true) + 3) & ~3), at + total - 4, () => true)
    } else if (type === 5) {
      for (const field of [8, 12, 16]) u32(at + field)
      options(at + 20, at + total - 4, () => true)
    }
    at += total
  }
  return swapped
}
