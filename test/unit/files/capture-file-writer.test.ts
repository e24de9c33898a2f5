import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readCaptureFile } from '../../../main/files/capture-input.ts'
import { CaptureFileWriter } from '../../../main/files/capture-file-writer.ts'
import { mergeCaptures } from '../../../main/files/merge-captures.ts'
import { utf8Bytes, concatBytes } from '../../../src/base/bytes.ts'
import { FaultError } from '../../../src/base/fault.ts'
import { frameOf, pcapFile, pcapngFile, readAll, swapPcapng } from '../capture-file/files.ts'

let folder = ''
beforeEach(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'capture-writer-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

const fileWith = (name: string, bytes: Uint8Array): string => {
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  return file
}

async function copy(source: string, target: string, isChosen: (number: number) => boolean = () => true, commentOf: ((i: number) => string) | null = null): Promise<Uint8Array> {
  const writer = new CaptureFileWriter({ path: path.join(folder, target), overwrite: false, application: 'test' })
  let number = 0
  await readCaptureFile(source, (batch, reader) => {
    const chosen = Uint8Array.from({ length: batch.count }, () => isChosen(++number) ? 1 : 0)
    writer.write(batch, reader, chosen, commentOf === null ? null : (i) => ({ add: [utf8Bytes(commentOf(i))], drops: false }))
  }, (reader) => writer.follow(reader))
  writer.finish()
  return new Uint8Array(readFileSync(path.join(folder, target)))
}

const u32 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24]
const block = (type: number, ...body: number[]): Uint8Array => Uint8Array.from([...u32(type), ...u32(12 + body.length), ...body, ...u32(12 + body.length)])
const names = block(4, 1, 0, 8, 0, 10, 0, 0, 1, 0x61, 0x2e, 0x62, 0, 0, 0, 0, 0)
const secrets = block(10, 0x54, 0x4c, 0x53, 0x4b, 4, 0, 0, 0, 1, 2, 3, 4)
const custom = block(0x0bad, 1, 2, 3, 4, 5, 6, 7, 8)
const frames = Array.from({ length: 50 }, (_, i) => frameOf(60 + i, i))
const everything = concatBytes([pcapngFile(frames.slice(0, 20)), names, secrets, custom, swapPcapng(pcapngFile(frames.slice(20)))])

describe('writing captures', () => {
  it('a pcapng file copied whole is the same, with names, secrets, unknown blocks and both byte orders', async () => {
    expect(await copy(fileWith('a.pcapng', everything), 'b.pcapng')).toEqual(everything)
  })

  it('a part of a pcapng file keeps what is no frame, and the chosen frames as they were', async () => {
    const part = await copy(fileWith('a.pcapng', everything), 'b.pcapng', (number) => number === 3 || number > 45)
    const { frames: read, reader } = readAll(part)
    expect(reader.damage).toBeNull()
    expect(read.map(({ bytes }) => bytes.length)).toEqual([62, 105, 106, 107, 108, 109])
    for (const kept of [names, secrets, custom]) expect(Buffer.from(part).includes(Buffer.from(kept))).toBe(true)
  })

  it('a pcap file copied whole is the same, of any variant', async () => {
    for (const bytes of [pcapFile(frames, true, false), pcapFile(frames, false, true), pcapFile(frames, true, false, { magic: 0xa1b2cd34, extraBytes: 8 })]) {
      expect(await copy(fileWith('a.pcap', bytes), 'b.pcap')).toEqual(bytes)
      rmSync(path.join(folder, 'b.pcap'))
    }
  })

  it('pcap becomes pcapng and back with the same frames and times', async () => {
    const source = fileWith('a.pcap', pcapFile(frames, false, true))
    await copy(source, 'b.pcapng')
    const back = await copy(path.join(folder, 'b.pcapng'), 'c.pcap')
    const shown = (bytes: Uint8Array) => readAll(bytes).frames.map(({ sec, nsec, bytes: frame }) => [sec, nsec, [...frame]])
    expect(shown(back)).toEqual(shown(new Uint8Array(readFileSync(source))))
  })

  it('comments are added, in the byte order of the section, and those that are there stay', async () => {
    const once = await copy(fileWith('a.pcapng', everything), 'b.pcapng', () => true, (i) => i === 4 ? 'first 하나' : '')
    const twice = await copy(fileWith('b2.pcapng', once), 'c.pcapng', () => true, (i) => i === 4 ? 'second' : '')
    expect(readAll(twice).frames).toHaveLength(50)
    expect(readAll(twice).reader.damage).toBeNull()
    const text = Buffer.from(twice).toString('utf8')
    expect(text.split('first 하나').length - 1).toBe(2)
    expect(text.indexOf('second')).toBeLessThan(text.indexOf('first'))
  })

  it('frames of several link types do not go into pcap, and nothing is left behind', async () => {
    const interfaces = [{ linkType: 1, snapLength: 0 }, { linkType: 101, snapLength: 0 }]
    const source = fileWith('a.pcapng', pcapngFile([frameOf(20, 1), frameOf(20, 2, { interfaceIndex: 1 })], interfaces))
    const writer = new CaptureFileWriter({ path: path.join(folder, 'b.pcap'), overwrite: false, application: 'test' })
    await expect(readCaptureFile(source, (batch, reader) => writer.write(batch, reader))).rejects.toMatchObject({ fault: { code: 'manyLinkTypes' } })
    writer.discard()
    expect(readdirSync(folder)).toEqual(['a.pcapng'])
  })

  it('a file that is there is not replaced unasked', async () => {
    const source = fileWith('a.pcapng', everything)
    await expect(copy(source, 'a.pcapng')).rejects.toBeInstanceOf(FaultError)
  })
})

describe('merging captures', () => {
  it('puts frames in the order of their times, of each file with its interfaces and comments', async () => {
    const odd = frames.filter((_, i) => i % 2 === 1)
    const even = frames.filter((_, i) => i % 2 === 0)
    const commented = await copy(fileWith('x.pcapng', pcapngFile(odd, [{ linkType: 1, snapLength: 0, name: 'odd' }])), 'odd.pcapng', () => true, () => 'seen')
    expect(commented.length).toBeGreaterThan(0)
    const files = [path.join(folder, 'odd.pcapng'), fileWith('even.pcap', pcapFile(even, false, true))]
    expect(await mergeCaptures(files, path.join(folder, 'all.pcapng'), 'test')).toEqual({ frames: 50, damages: [] })
    const all = new Uint8Array(readFileSync(path.join(folder, 'all.pcapng')))
    const { frames: read, reader } = readAll(all)
    expect(read.map(({ sec }) => sec)).toEqual(frames.map(({ sec }) => sec))
    expect(read.map(({ interfaceIndex }) => reader.interfaces[interfaceIndex].name)).toEqual(frames.map((_, i) => i % 2 === 1 ? 'odd' : ''))
    expect(Buffer.from(all).toString('utf8').split('seen').length - 1).toBe(25)
  })

  it('takes a damaged file up to its damage, and says so', async () => {
    const cut = pcapngFile(frames)
    const files = [fileWith('cut.pcapng', cut.subarray(0, cut.length >> 1)), fileWith('b.pcapng', pcapngFile(frames.slice(0, 5)))]
    const { frames: count, damages } = await mergeCaptures(files, path.join(folder, 'all.pcapng'), 'test')
    expect(count).toBeGreaterThan(20)
    expect(damages).toMatchObject([{ code: 'fileDamaged', params: { path: files[0] } }])
  })
})
