import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Capture } from '../../../main/lab/capture.ts'
import { SegmentedRecorder } from '../../../main/lab/segmented-recorder.ts'
import { FrameBatch } from '../../../src/link/frame-batch.ts'
import type { LinkInfo } from '../../../src/link/link.ts'
import { memoryLinkPair } from '../../../src/link/memory.ts'
import type { Keep } from '../../../src/rpc/contract.ts'
import { readAll } from '../capture-file/files.ts'
import { segment } from '../trace/segments.ts'

const info: LinkInfo = {
  kind: 'memory', name: 'mem0', description: 'memory', linkType: 1, mtu: 1500, snapLength: 65_535, mac: null, addresses: [], mayInject: true,
  timestamps: 'virtual', timestampUnit: 'ns', reportsDirection: true, unknownCounters: [],
}
const startUs = 1_700_000_000_000_000

let folder: string
beforeEach(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'segments-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

const recordings = () => readdirSync(folder).filter((name) => name.endsWith('.pcapng')).sort()

function open(isRing: boolean): SegmentedRecorder {
  let number = 0
  const recorder = new SegmentedRecorder({ nextPath: () => path.join(folder, `r${++number}.pcapng`), segmentBytes: 10_000, info, application: 'test', nowUs: startUs })
  recorder.isRing = isRing
  return recorder
}

/** Ten frames of 500 bytes, each filled with its number modulo 251. */
function recordTen(recorder: SegmentedRecorder, first: number): number[] {
  const batch = new FrameBatch(10, new Uint8Array(5000))
  for (let i = 0; i < 10; i++) {
    batch.bytes.fill((first + i) % 251, i * 500, (i + 1) * 500)
    batch.add(i * 500, 500, 500, 1_700_000_000, first + i, 1)
  }
  return [...recorder.record(batch).subarray(0, 10)]
}

describe('a recording in files', () => {
  it('is one file while all packets stay', () => {
    const recorder = open(false)
    for (let i = 0; i < 20; i++) recordTen(recorder, i * 10)
    recorder.leaveBefore(Infinity)
    recorder.close(startUs)
    expect(recordings()).toEqual(['r1.pcapng'])
    expect(readAll(readFileSync(path.join(folder, 'r1.pcapng'))).frames).toHaveLength(200)
    recorder.dispose()
  })

  it('gives every frame back by its offset, whichever file it is in, and every file reads whole', () => {
    const recorder = open(true)
    const offsets: number[] = []
    for (let i = 0; i < 20; i++) offsets.push(...recordTen(recorder, i * 10))
    expect(recorder.files.length).toBeGreaterThan(5)
    for (const [number, offset] of offsets.entries()) expect(recorder.readBytes(offset, 500)!.every((byte) => byte === number % 251)).toBe(true)
    expect(recorder.readBytes(recorder.bytes, 1)).toBeNull()
    recorder.close(startUs)
    const frames = recordings().flatMap((name) => {
      const { reader, frames: found } = readAll(readFileSync(path.join(folder, name)))
      expect(reader.damage).toBeNull()
      expect(reader.interfaces[0]).toMatchObject({ name: 'mem0', linkType: 1 })
      return found
    })
    expect(frames).toHaveLength(200)
    expect(recorder.state(startUs)).toMatchObject({ frames: 200, first: path.join(folder, 'r1.pcapng'), fault: null })
    recorder.dispose()
  })

  it('removes a file with the last of its packets, never the one that is written, and none while somebody holds them', () => {
    const recorder = open(true)
    const offsets: number[] = []
    for (let i = 0; i < 20; i++) offsets.push(...recordTen(recorder, i * 10))
    const files = recorder.files.length
    const second = recorder.files[1]
    const release = recorder.hold()
    recorder.leaveBefore(Infinity)
    expect(recorder.files).toHaveLength(files)
    release()
    recorder.leaveBefore(second.base - 1)
    expect(existsSync(path.join(folder, 'r1.pcapng'))).toBe(true)
    recorder.leaveBefore(second.base + 28)
    expect(existsSync(path.join(folder, 'r1.pcapng'))).toBe(false)
    expect(recorder.readBytes(offsets[0], 500)).toBeNull()
    recorder.leaveBefore(Infinity)
    expect(recordings()).toEqual([`r${files}.pcapng`])
    expect(recorder.readBytes(offsets[199], 500)).not.toBeNull()
    recorder.dispose()
  })

  it('says so where the next file cannot be written, holds what comes, and goes on where it can again', () => {
    const recorder = open(true)
    let offsets: number[] = []
    for (let i = 0; i < 2; i++) recordTen(recorder, i * 10)
    mkdirSync(path.join(folder, 'gone'))
    rmSync(folder, { recursive: true })
    for (let i = 2; i < 6; i++) offsets = recordTen(recorder, i * 10)
    recorder.flush(startUs)
    expect(recorder.fault).toMatchObject({ code: 'fileNotWritable' })
    expect(recorder.readBytes(offsets[9], 500)!.every((byte) => byte === 59)).toBe(true)
    mkdirSync(folder)
    recorder.flush(startUs)
    expect(recorder.fault).toBeNull()
    recorder.dispose()
  })
})

describe('a live capture that keeps the latest packets', () => {
  it('keeps its files within bounds, and saves what is there as one file', async () => {
    let round = 0
    const [link, peer] = memoryLinkPair({ clock: () => startUs + round * 1e6 })
    let number = 0
    const keep: Keep = { kind: 'packets', limit: 200 }
    const capture = new Capture(link, {
      filter: '', application: 'test', nextPath: () => path.join(folder, `c${++number}.pcapng`), sourcePath: null, isKnown: () => false, reasonOf: () => null,
      keep, segmentBytes: 10_000, nowUs: startUs,
    })
    const frames = new FrameBatch(10)
    for (; round < 200; round++) {
      const { frame } = segment(`c> . ${round * 1000}:${round * 1000 + 500}(500) ack 1`)
      frames.count = 0
      frames.bytes = frame
      for (let i = 0; i < 10; i++) frames.add(0, frame.length, frame.length, 0, 0, 1)
      peer.send(frames)
      capture.link.drain(() => { capture.watch() }, 100)
    }
    expect(capture.trace.packetCount).toBe(2000)
    expect(recordings().length).toBeLessThan(25)
    const first = capture.trace.packetsLeft + 1
    expect(capture.bytesOf(capture.trace.firstKeptOffset, 14)).not.toBeNull()
    const saved = path.join(folder, 'saved.pcapng')
    const { frames: count } = await capture.save(saved, false, {}, () => startUs)
    expect(count).toBe(2000 - first + 1)
    const { frames: read, reader } = readAll(readFileSync(saved))
    expect(reader.damage).toBeNull()
    expect(read.map(({ sec }) => sec - 1_700_000_000)).toEqual(Array.from({ length: count }, (_, i) => Math.floor((first - 1 + i) / 10)))
    const whole = await capture.fileOnDisk(() => startUs)
    expect(readAll(readFileSync(whole)).frames).toHaveLength(count)
    capture.close(startUs)
  })
})
