import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FaultError } from '../../../src/base/fault.ts'
import type { Fault } from '../../../src/base/fault.ts'
import { FrameBatch } from '../../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../../src/link/link.ts'
import { openFileLink } from '../../../main/link/file-link.ts'
import type { FileLink } from '../../../main/link/file-link.ts'
import { frameOf, pcapFile, pcapngFile } from '../capture-file/files.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'file-link-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

function fileWith(bytes: Uint8Array, name = 'a.pcapng'): string {
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  return file
}

function drainAll(link: FileLink, maxFrames = 100): { first: number, sec: number, nsec: number, direction: number, offset: number, length: number }[] {
  const frames: ReturnType<typeof drainAll> = []
  for (;;) {
    const count = link.drain((batch) => {
      for (let i = 0; i < batch.count; i++) {
        frames.push({
          first: batch.bytes[batch.offset[i]], sec: batch.timeSec[i], nsec: batch.timeNsec[i], direction: batch.direction[i],
          offset: link.frameOffsets[i], length: batch.capturedLength[i],
        })
      }
    }, maxFrames)
    if (count < maxFrames) return frames
  }
}

async function faultOf(file: string): Promise<Fault | null> {
  try {
    (await openFileLink(file)).close()
    return null
  } catch (error) {
    if (error instanceof FaultError) return error.fault
    throw error
  }
}

const many = Array.from({ length: 3000 }, (_, i) =>
  frameOf(500, i & 0xff, { sec: 1_700_000_000 + i, nsec: i, direction: i % 2 === 0 ? 1 : 2, originalLength: i % 10 === 0 ? 1500 : 500 }))

describe('file link', () => {
  it('hands out all frames with their times and directions, and reads them back by offset', async () => {
    const link = await openFileLink(fileWith(pcapngFile(many, [{ linkType: 1, snapLength: 0, name: 'eth0', description: 'copper' }])))
    expect(link.info).toMatchObject({ kind: 'file', name: 'a.pcapng', description: 'eth0, copper', linkType: 1, mayInject: false, timestampUnit: 'ns', reportsDirection: true })
    const frames = drainAll(link, 700)
    expect(frames.map(({ first, sec, nsec, direction, length }) => [first, sec, nsec, direction, length]))
      .toEqual(many.map((frame) => [frame.bytes[0], frame.sec, frame.nsec, frame.direction, 500]))
    for (const { offset, first } of frames.filter((_, i) => i % 97 === 0)) {
      expect([...link.readBytes(offset, 500)!]).toEqual(Array.from({ length: 500 }, (_, i) => (first + i) & 0xff))
    }
    const counts = emptyStatistics()
    link.statistics(counts)
    expect(counts).toMatchObject({ received: 3000, truncated: 300, droppedByInterface: 0 })
    expect(link.atEnd).toBe(true)
    expect(link.positionBytes).toBe(link.sizeBytes)
    expect(link.damage).toBeNull()
    link.close()
    expect(link.readBytes(0, 4)).toBeNull()
    expect(drainAll(link)).toEqual([])
    link.close()
  })

  it('opens pcap files', async () => {
    const link = await openFileLink(fileWith(pcapFile(many.slice(0, 5), false, false), 'b.pcap'))
    expect(link.info).toMatchObject({ linkType: 1, timestampUnit: 'us', reportsDirection: false, snapLength: 65_535 })
    expect(drainAll(link)).toHaveLength(5)
    link.close()
  })

  it('gives no more than asked, and says that there is more', async () => {
    const link = await openFileLink(fileWith(pcapngFile(many.slice(0, 10))))
    const readable = vi.fn(() => { link.drain(() => {}, 4) })
    link.onReadable = readable
    await vi.waitFor(() => { expect(link.atEnd).toBe(true) })
    expect(readable.mock.calls.length).toBeGreaterThanOrEqual(3)
    link.close()
  })

  it('takes nothing and filters nothing', async () => {
    const link = await openFileLink(fileWith(pcapngFile([])))
    const batch = new FrameBatch(1, new Uint8Array(60))
    batch.add(0, 60, 60, 0, 0, 2)
    expect(link.send()).toBe(0)
    expect(link.setFilter('')).toBeNull()
    expect(link.setFilter('tcp')).toEqual({ code: 'badFilter', params: { expression: 'tcp', reason: 'fileLink' } })
    link.close()
  })

  it('hands out frames of several link types, and says of which each is', async () => {
    const interfaces = [{ linkType: 1, snapLength: 0, name: 'a' }, { linkType: 101, snapLength: 0, name: 'b' }]
    const link = await openFileLink(fileWith(pcapngFile([frameOf(20, 1), frameOf(20, 2, { interfaceIndex: 1 }), frameOf(20, 3)], interfaces)))
    const seen: number[] = []
    link.drain((batch) => { seen.push(...link.linkTypes.subarray(0, batch.count)) }, 10)
    expect(seen).toEqual([1, 101, 1])
    link.close()
  })

  it('unpacks a compressed file while it is read, and reads its bytes by offset', async () => {
    const link = await openFileLink(fileWith(gzipSync(pcapngFile(many)), 'a.pcapng.gz'))
    const frames: ReturnType<typeof drainAll> = []
    link.onReadable = () => { frames.push(...drainAll(link)) }
    await vi.waitFor(() => { expect(link.atEnd).toBe(true) })
    expect(frames.map(({ first, sec }) => [first, sec])).toEqual(many.map((frame) => [frame.bytes[0], frame.sec]))
    for (const { offset, first } of frames.filter((_, i) => i % 97 === 0)) expect(link.readBytes(offset, 1)![0]).toBe(first)
    link.close()
    expect(readdirSync(os.tmpdir()).filter((name) => name.startsWith('tcplab-unpacked-'))).toEqual([])
  })

  it('a compressed file that is cut is handed out up to there', async () => {
    const packed = gzipSync(pcapngFile(many))
    const link = await openFileLink(fileWith(packed.subarray(0, packed.length - 20), 'cut.gz'))
    let frames = 0
    link.onReadable = () => { frames += drainAll(link).length }
    await vi.waitFor(() => { expect(link.damage).toMatchObject({ code: 'fileDamaged', params: { reason: 'cutCompression', offset: packed.length - 20 } }) })
    expect(frames).toBeGreaterThan(2000)
    link.close()
  })

  it('stops reading when told, and keeps what has been handed out', async () => {
    const link = await openFileLink(fileWith(pcapngFile(many)))
    expect(link.drain(() => {}, 100)).toBe(100)
    link.stopReading()
    expect(link.atEnd).toBe(true)
    expect(drainAll(link)).toEqual([])
    expect(link.readBytes(0, 4)).not.toBeNull()
    link.close()
  })

  it('a damaged file is handed out up to the damage, which is told once', async () => {
    const bytes = pcapngFile(many.slice(0, 100))
    const cut = Math.floor(bytes.length / 2)
    const link = await openFileLink(fileWith(bytes.subarray(0, cut)))
    const closed = vi.fn()
    link.onClosed = closed
    const frames = drainAll(link)
    expect(frames.length).toBeGreaterThan(40)
    expect(frames.at(-1)!.first).toBe(frames.length - 1)
    expect(closed).toHaveBeenCalledTimes(1)
    expect(closed).toHaveBeenCalledWith(link.damage)
    expect(link.damage).toMatchObject({ code: 'fileDamaged', params: { path: link.path, reason: 'cut' } })
    expect(link.damage!.params.offset).toBeGreaterThan(frames.at(-1)!.offset)
    expect(drainAll(link)).toEqual([])
    link.close()
  })

  it('says what is wrong with what cannot be opened', async () => {
    expect(await faultOf(path.join(folder, 'none.pcap'))).toEqual({ code: 'fileNotFound', params: { path: path.join(folder, 'none.pcap') } })
    expect(await faultOf(folder)).toMatchObject({ code: 'fileNotReadable', params: { reason: 'EISDIR' } })
    expect((await faultOf(fileWith(new Uint8Array(100).fill(0x20))))?.code).toBe('fileFormatUnknown')
    expect((await faultOf(fileWith(new Uint8Array(0))))?.code).toBe('fileFormatUnknown')
  })
})
