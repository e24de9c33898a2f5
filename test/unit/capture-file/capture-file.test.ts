import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/bytes.ts'
import { CaptureTime, unitsPerSecondOf } from '../../../src/capture-file/capture-time.ts'
import { frameOf, pcapFile, pcapngFile, readAll, swapPcapng } from './files.ts'
import type { TestFrame } from './files.ts'

const threeFrames = [frameOf(60, 1), frameOf(61, 2, { direction: 2, nsec: 999_999_999 }), frameOf(0, 3, { direction: 0, nsec: 0, originalLength: 1514 })]
const plain = (frames: readonly TestFrame[]) => frames.map(({ sec, nsec, direction, bytes, originalLength, interfaceIndex }) =>
  ({ sec, nsec, direction, bytes: [...bytes], originalLength, interfaceIndex }))

describe('pcapng', () => {
  it('gives back what was written, in either byte order', () => {
    const file = pcapngFile(threeFrames)
    for (const bytes of [file, swapPcapng(file)]) {
      const { frames, reader } = readAll(bytes)
      expect(plain(frames)).toEqual(plain(threeFrames))
      expect(reader.damage).toBeNull()
      expect(reader.format).toBe('pcapng')
      expect(reader.interfaces[0]).toMatchObject({ linkType: 1, name: 'eth0', unitsPerSecond: 1e9, received: 2 ** 40 + 3, dropped: 7 })
    }
  })

  it('says where each frame stands in the file', () => {
    const file = pcapngFile(threeFrames)
    for (const chunk of [1, 7, file.length]) {
      for (const frame of readAll(file, chunk).frames) expect([...file.subarray(frame.offset, frame.offset + frame.bytes.length)]).toEqual([...frame.bytes])
    }
  })

  it('keeps the words of an interface, also those beyond ASCII', () => {
    const words = { linkType: 101, snapLength: 262_144, name: 'veth-a', description: '시험 링크 ☂', filter: 'tcp port 80', os: 'Linux 6.1', mac: Uint8Array.of(2, 0, 0, 0, 0, 9) }
    const { reader } = readAll(pcapngFile([], [words]))
    expect(reader.interfaces[0]).toMatchObject({ ...words })
  })

  it('reads several interfaces and several sections, whose interface numbers start again', () => {
    const first = pcapngFile([frameOf(10, 1, { interfaceIndex: 1 })], [{ linkType: 1, snapLength: 0, name: 'a' }, { linkType: 101, snapLength: 0, name: 'b' }])
    const second = swapPcapng(pcapngFile([frameOf(11, 2)], [{ linkType: 113, snapLength: 0, name: 'c' }]))
    const { frames, reader } = readAll(concatBytes([first, second]))
    expect(frames.map((frame) => reader.interfaces[frame.interfaceIndex].name)).toEqual(['b', 'c'])
    expect(reader.damage).toBeNull()
  })

  it('skips blocks it does not know, and reads simple and obsolete packet blocks', () => {
    const [head, tail] = [pcapngFile([]), [...frameOf(5, 9).bytes, 0, 0, 0]]
    const u32 = (value: number) => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24]
    const unknown = [...u32(0x0bad0001), ...u32(16), 1, 2, 3, 4, ...u32(16)]
    const simple = [...u32(3), ...u32(24), ...u32(5), ...tail, ...u32(24)]
    const obsolete = [...u32(2), ...u32(40), 0, 0, 0, 0, ...u32(395_812), ...u32(0x80000000), ...u32(5), ...u32(9), ...tail, ...u32(40)]
    const { frames, reader } = readAll(concatBytes([head, Uint8Array.from([...unknown, ...simple, ...obsolete])]))
    expect(reader.damage).toBeNull()
    expect(frames.map((frame) => [frame.bytes.length, frame.originalLength])).toEqual([[5, 5], [5, 9]])
  })

  it('writes exactly the bytes that the format asks for', () => {
    const file = pcapngFile([frameOf(1, 0, { sec: 1, nsec: 2, direction: 2, bytes: Uint8Array.of(0xab), originalLength: 64 })], [{ linkType: 1, snapLength: 96, name: 'lo' }])
    const at = 24 + 4 + 8 + 4 + 8 + 4 + 8 + 8 + (16 + 4 + 4 + 4 + 4 + 8)
    const packet = [...file.subarray(at, at + 48)]
    // 1 s + 2 ns = 1000000002 = 0x3b9aca02
    expect(packet).toEqual([
      6, 0, 0, 0, 48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0xca, 0x9a, 0x3b, 1, 0, 0, 0, 64, 0, 0, 0,
      0xab, 0, 0, 0, 2, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0,
    ])
  })
})

describe('pcap', () => {
  it('is read in both byte orders, in micro- and nanoseconds', () => {
    for (const isLittle of [true, false]) {
      for (const isNano of [true, false]) {
        const { frames, reader } = readAll(pcapFile(threeFrames, isLittle, isNano))
        const expected = threeFrames.map((frame) => ({ ...frame, direction: 0 as const, nsec: isNano ? frame.nsec : Math.floor(frame.nsec / 1000) * 1000 }))
        expect(plain(frames)).toEqual(plain(expected))
        expect(reader.format).toBe('pcap')
        expect(reader.damage).toBeNull()
      }
    }
  })

  const micro = threeFrames.map((frame) => ({ ...frame, direction: 0 as const, nsec: Math.floor(frame.nsec / 1000) * 1000 }))

  it.each([
    ['modified, 24 bytes a record header', { magic: 0xa1b2cd34, extraBytes: 8 }],
    ['modified, with the processor: 28 bytes', { magic: 0xa1b2cd34, extraBytes: 12 }],
    ['modified under the usual magic', { extraBytes: 8 }],
    ['with 4 unknown bytes a record', { extraBytes: 4 }],
    ['older than 2.3, with lengths the other way round', { version: [2, 2], isSwapped: true }],
    ['of 2.3, as written', { version: [2, 3] }],
    ['of 2.3, with lengths the other way round', { version: [2, 3], isSwapped: true }],
    ['of DG/UX', { version: [543, 0], isSwapped: true }],
  ] as const)('is read %s', (_, shape) => {
    for (const isLittle of [true, false]) {
      for (const frames of [micro, [...micro, ...micro, ...micro, ...micro, ...micro, ...micro, ...micro]]) {
        for (const chunk of [9, 100_000]) {
          const { frames: read, reader } = readAll(pcapFile(frames, isLittle, false, shape), chunk)
          expect(reader.damage).toBeNull()
          expect(plain(read)).toEqual(plain(frames))
        }
      }
    }
  })

  it('of an unknown version is not read', () => {
    expect(readAll(pcapFile(micro, true, false, { version: [3, 0] })).reader.damage).toEqual({ offset: 4, frame: 1, reason: 'badVersion' })
  })
})

describe('damage', () => {
  const files = { pcapng: pcapngFile(threeFrames), swapped: swapPcapng(pcapngFile(threeFrames)), pcap: pcapFile(threeFrames, true, true) }

  it.each(Object.entries(files))('%s cut at any byte gives the whole frames before the cut, and says where it is cut', (_, file) => {
    const whole = readAll(file).frames
    const ends = whole.map((frame) => frame.offset + frame.bytes.length)
    for (let cut = 0; cut < file.length; cut++) {
      const { frames, reader } = readAll(file.subarray(0, cut), 13)
      // A pcapng block ends behind padding and options, so a frame may be there whole and its block cut.
      expect(frames.length).toBeLessThanOrEqual(ends.filter((end) => end <= cut).length)
      expect(frames.length).toBeGreaterThanOrEqual(ends.filter((end) => end + 20 <= cut).length)
      expect(plain(frames)).toEqual(plain(whole.slice(0, frames.length)))
      if (reader.damage) expect(reader.damage.offset).toBeLessThanOrEqual(cut)
      else expect(reader.position).toBe(cut)
    }
  })

  it.each(Object.entries(files))('%s with any one byte changed gives frames or damage, never a throw, and nothing behind the damage', (_, file) => {
    for (let at = 0; at < file.length; at++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const broken = file.slice()
        broken[at] ^= change
        const { frames, reader } = readAll(broken)
        expect(frames.length).toBeLessThanOrEqual(threeFrames.length + 1)
        if (reader.damage) expect(reader.damage.offset).toBeLessThanOrEqual(file.length)
      }
    }
  })

  it('5,000 files with random changes, cuts and repeats never make it throw or loop', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    const change = fc.record({ at: fc.nat(), value: byte })
    fc.assert(fc.property(fc.constantFrom(...Object.values(files)), fc.array(change, { maxLength: 12 }), fc.nat(), fc.integer({ min: 1, max: 200 }),
      (file, changes, cut, chunk) => {
        const broken = concatBytes([file, file]).slice(0, file.length + (cut % file.length))
        for (const { at, value } of changes) broken[at % broken.length] = value
        const { frames } = readAll(broken, chunk)
        for (const frame of frames) expect(frame.bytes.length).toBeLessThanOrEqual(broken.length)
      }), { numRuns: 5000 })
  })

  it('a length of gigabytes is damage and not an allocation', () => {
    const file = pcapngFile([frameOf(60, 1)])
    const at = new DataView(file.buffer).getUint32(4, true)
    new DataView(file.buffer).setUint32(at + 4, 0xffff_fff0, true)
    expect(readAll(file).reader.damage).toEqual({ offset: at + 4, frame: 1, reason: 'blockTooLong' })
    const pcap = pcapFile([frameOf(60, 1)], true, false)
    new DataView(pcap.buffer).setUint32(32, 0x7fff_ffff, true)
    expect(readAll(pcap).reader.damage).toEqual({ offset: 24, frame: 1, reason: 'frameTooLong' })
  })

  it('names what is no capture file', () => {
    expect(readAll(new Uint8Array(64).fill(0x41)).reader.damage).toEqual({ offset: 0, frame: 1, reason: 'badMagic' })
    expect(readAll(new Uint8Array(5)).reader.damage).toEqual({ offset: 0, frame: 1, reason: 'cut' })
    expect(readAll(new Uint8Array(0)).reader.damage).toBeNull()
  })
})

describe('reader against writer', () => {
  const frame = fc.record({
    sec: fc.integer({ min: 0, max: 0xffff_ffff }), nsec: fc.integer({ min: 0, max: 999_999_999 }), direction: fc.constantFrom(0 as const, 1 as const, 2 as const),
    bytes: fc.uint8Array({ maxLength: 300 }), more: fc.nat(2000),
  }).map(({ more, ...rest }) => ({ ...rest, originalLength: rest.bytes.length + more, interfaceIndex: 0 }))

  it('any frames, in any pieces and batches, come back the same', () => {
    fc.assert(fc.property(fc.array(frame, { maxLength: 20 }), fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 7 }), fc.boolean(), (frames, chunk, batch, isSwapped) => {
      const file = isSwapped ? swapPcapng(pcapngFile(frames)) : pcapngFile(frames)
      const read = readAll(file, chunk, batch)
      expect(read.reader.damage).toBeNull()
      expect(plain(read.frames)).toEqual(plain(frames))
    }))
  })
})

describe('times', () => {
  it('64-bit counts in any resolution agree with exact arithmetic', () => {
    const time = new CaptureTime()
    const resolution = fc.oneof(fc.integer({ min: 0, max: 19 }), fc.integer({ min: 0x80, max: 0x80 + 63 }))
    fc.assert(fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), resolution, (high, low, byte) => {
      const units = unitsPerSecondOf(byte)
      time.set(high, low, units)
      const whole = (BigInt(high) << 32n) | BigInt(low)
      expect(BigInt(time.nsec)).toBe((whole % BigInt(units)) * 1_000_000_000n / BigInt(units))
      expect(time.sec).toBe(Number(whole / BigInt(units)))
    }))
  })

  it('resolutions that cannot be counted are refused', () => {
    expect(unitsPerSecondOf(20)).toBe(0)
    expect(unitsPerSecondOf(0xff)).toBe(0)
  })
})
