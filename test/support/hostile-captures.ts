import { concatBytes } from '../../src/base/bytes.ts'
import { Random } from '../../src/base/random.ts'
import { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { Trace } from '../../src/trace/trace.ts'
import { frameOf, pcapFile, pcapngFile, swapPcapng } from '../unit/capture-file/files.ts'
import type { TestFrame } from '../unit/capture-file/files.ts'
import { frames } from './frames.ts'
import { linkTypeFrames } from './link-type-frames.ts'
import { mutate } from './mutate.ts'

export interface HostileResult {
  captures: number
  frames: number
  /** Captures that were read to a damage. */
  damaged: number
  /** The most that a reader held of one capture, in bytes. */
  largestWindow: number
}

const ip = frames.tcpData.subarray(14)
const kinds = linkTypeFrames(ip)
const fields = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x0a0d0d0a, 262_144, 16 * 1024 * 1024 + 4, 3, 12, 13]

/**
 * Reads captures with random changes as the lab does, up to rows on a page, and checks what has to hold whatever stands in them.
 * @throws Error where it does not, with the seed's number of the capture
 */
export function readHostileCaptures(captures: number, seed: number): HostileResult {
  const random = new Random(seed)
  const sources = sourcesOf()
  const result: HostileResult = { captures, frames: 0, damaged: 0, largestWindow: 0 }
  for (let i = 0; i < captures; i++) {
    const file = breakCapture(sources[random.nextBelow(sources.length)], random)
    try {
      readOne(file, random, result)
    } catch (error) {
      throw new Error(`capture ${i} of seed ${seed}: ${String(error)}`, { cause: error })
    }
  }
  return result
}

function readOne(file: Uint8Array, random: Random, result: HostileResult): void {
  const reader = new CaptureReader()
  const batch = new FrameBatch(1 + random.nextBelow(64))
  const trace = new Trace()
  const chunk = 1 + random.nextBelow(file.length + 1)
  let steps = 0
  const drain = (): void => {
    for (let count = reader.read(batch, batch.capacity); count > 0; count = reader.read(batch, batch.capacity)) {
      for (let i = 0; i < count; i++) if (batch.offset[i] + batch.capturedLength[i] > batch.bytes.length) throw new Error('a frame outside of its area')
      trace.append(batch, reader.frameLinkTypes, reader.frameOffsets)
      if (++steps > file.length + 10) throw new Error('more steps than bytes')
    }
    result.largestWindow = Math.max(result.largestWindow, batch.bytes.length)
  }
  for (let at = 0; at < file.length; at += chunk) {
    reader.feed(file.subarray(at, at + chunk))
    drain()
  }
  reader.finish()
  drain()
  if (!reader.isAtEnd) throw new Error('neither read to the end nor damaged')
  if (reader.damage !== null && reader.damage.offset > file.length) throw new Error('damage behind the end')
  if (trace.packetCount !== reader.frames) throw new Error('frames lost')
  result.frames += reader.frames
  if (reader.damage !== null) result.damaged++
  trace.rows({ from: 0, count: 5 }, (offset, length) => offset + length <= file.length ? file.slice(offset, offset + length) : null)
  trace.flowPage(0, 5)
}

function breakCapture(source: Uint8Array, random: Random): Uint8Array {
  if (random.nextBelow(3) > 0) return mutate(source, random)
  const broken = source.slice()
  const view = new DataView(broken.buffer)
  for (let changes = 1 + random.nextBelow(3); changes > 0; changes--) {
    const at = random.nextBelow(broken.length - 4) & ~3
    view.setUint32(at, fields[random.nextBelow(fields.length)], random.nextBelow(2) === 0)
  }
  return broken
}

/** Files of every format, whose frames are of every link type. */
function sourcesOf(): Uint8Array[] {
  const interfaces = kinds.map(({ name, linkType }) => ({ linkType, snapLength: 0, name, filter: 'tcp', os: 'Linux' }))
  const all: TestFrame[] = kinds.map(({ frame }, interfaceIndex) => frameOf(0, interfaceIndex, { bytes: frame, originalLength: frame.length, interfaceIndex }))
  const plain = Object.values(frames).map((bytes, i) => frameOf(0, i, { bytes, originalLength: bytes.length }))
  const u32 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24]
  const simple = Uint8Array.from([...u32(3), ...u32(16 + 80), ...u32(80), ...frames.tcpData.subarray(0, 80), ...u32(16 + 80)])
  const names = Uint8Array.from([...u32(4), ...u32(32), 1, 0, 8, 0, 10, 0, 0, 1, 0x61, 0x2e, 0x62, 0, 0, 0, 0, 0, ...u32(32)])
  const packets = pcapngFile(all, interfaces)
  const shape = { linkType: 1 }
  return [
    packets, swapPcapng(packets), concatBytes([pcapngFile(plain), simple, names, swapPcapng(pcapngFile(plain.slice(0, 4)))]),
    pcapFile(plain, true, false, shape), pcapFile(plain, false, true, shape), pcapFile(plain, true, false, { magic: 0xa1b2cd34, extraBytes: 8 }),
    pcapFile(plain, true, false, { version: [2, 2], isSwapped: true }), pcapFile(all.filter((_, i) => kinds[i].linkType === 127), true, false, { linkType: 127 }),
  ]
}
