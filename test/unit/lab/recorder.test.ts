import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FaultError } from '../../../src/base/fault.ts'
import { FrameBatch } from '../../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../../src/link/link.ts'
import type { LinkInfo } from '../../../src/link/link.ts'
import { Recorder } from '../../../main/lab/recorder.ts'
import type { RecorderOptions } from '../../../main/lab/recorder.ts'
import { readAll } from '../capture-file/files.ts'

const info: LinkInfo = {
  kind: 'memory', name: 'mem0', description: 'memory', linkType: 1, mtu: 1500, snapLength: 65_535, mac: null, addresses: [], mayInject: true,
  timestamps: 'virtual', timestampUnit: 'ns', reportsDirection: true, unknownCounters: [],
}
const startUs = 1_700_000_000_000_000

let folder: string
beforeEach(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'recorder-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

function open(name: string, more: Partial<RecorderOptions> = {}): Recorder {
  return Recorder.open({ path: path.join(folder, name), info, application: 'TCP Lab test', nowUs: startUs, ...more })
}

/** A batch of `count` frames, frame `i` filled with `first + i`. */
function batchOf(count: number, length: number, first = 0): FrameBatch {
  const batch = new FrameBatch(count, new Uint8Array(count * length))
  for (let i = 0; i < count; i++) {
    batch.bytes.fill(first + i, i * length, (i + 1) * length)
    batch.add(i * length, length, length, 1_700_000_000 + i, 42, 2)
  }
  return batch
}

const thrownBy = (action: () => unknown) => {
  try {
    action()
  } catch (error) {
    if (error instanceof FaultError) return error.fault
    throw error
  }
  return null
}

describe('recorder', () => {
  it('has everything in the file after a flush, and a file that reads whole at each moment', () => {
    const recorder = open('a.pcapng')
    expect(readAll(readFileSync(recorder.path)).reader.damage).toBeNull()
    recorder.record(batchOf(3, 100))
    expect(readAll(readFileSync(recorder.path)).frames).toHaveLength(0)
    expect(recorder.pollTimeout()).toBeLessThanOrEqual(startUs + 1_000_000)
    recorder.handleTimeout(recorder.pollTimeout())
    const { frames, reader } = readAll(readFileSync(recorder.path))
    expect(frames.map((frame) => [frame.bytes[0], frame.sec, frame.nsec, frame.direction]))
      .toEqual([[0, 1_700_000_000, 42, 2], [1, 1_700_000_001, 42, 2], [2, 1_700_000_002, 42, 2]])
    expect(reader.interfaces[0]).toMatchObject({ name: 'mem0', linkType: 1, unitsPerSecond: 1e9 })
    expect(recorder.state(startUs)).toEqual({ path: recorder.path, first: recorder.path, frames: 3, bytes: readFileSync(recorder.path).length, flushedAgoMs: 0, fault: null })
    recorder.dispose()
  })

  it('gives frames back by offset, before and after they are written, across pages', () => {
    const recorder = open('a.pcapng')
    const places: { offset: number, first: number }[] = []
    for (let turn = 0; turn < 40; turn++) {
      const offsets = recorder.record(batchOf(50, 1000, turn))
      for (let i = 0; i < 50; i++) places.push({ offset: offsets[i], first: (turn + i) & 0xff })
      if (turn % 3 === 0) recorder.flush(startUs)
    }
    for (const { offset, first } of places) {
      const bytes = recorder.readBytes(offset, 1000)!
      expect(bytes.every((byte) => byte === first)).toBe(true)
    }
    expect(recorder.readBytes(recorder.bytes, 1)).toBeNull()
    expect(recorder.readBytes(-1, 1)).toBeNull()
    const file = (recorder.flush(startUs), readFileSync(recorder.path))
    expect(places.every(({ offset, first }) => file[offset] === first && file[offset + 999] === first)).toBe(true)
    recorder.dispose()
  })

  it('writes the link\'s counts at intervals and at the end', () => {
    const recorder = open('a.pcapng')
    recorder.record(batchOf(2, 60))
    recorder.noteStatistics({ ...emptyStatistics(), received: 2, droppedByKernel: 5, droppedByRing: 1 })
    recorder.handleTimeout(startUs + 10_000_000)
    expect(readAll(readFileSync(recorder.path)).reader.interfaces[0]).toMatchObject({ received: 8, dropped: 6 })
    recorder.noteStatistics({ ...emptyStatistics(), received: 3, droppedByKernel: 6, droppedByRing: 1 })
    recorder.close(startUs + 11_000_000)
    expect(readAll(readFileSync(recorder.path)).reader.interfaces[0]).toMatchObject({ received: 10, dropped: 7 })
    recorder.dispose()
  })

  it('counts that the link cannot know are left out', () => {
    const recorder = open('a.pcapng', { info: { ...info, unknownCounters: ['droppedByKernel'] } })
    recorder.close(startUs)
    expect(readAll(readFileSync(recorder.path)).reader.interfaces[0]).toMatchObject({ received: 0, dropped: -1 })
    recorder.dispose()
  })

  it('another filter or link begins another interface in the same file', () => {
    const recorder = open('a.pcapng', { filter: 'tcp' })
    recorder.record(batchOf(1, 60))
    recorder.describeInterface({ ...info, name: 'mem1' }, 'arp')
    recorder.record(batchOf(1, 60))
    recorder.close(startUs)
    const { frames, reader } = readAll(readFileSync(recorder.path))
    expect(frames.map((frame) => [reader.interfaces[frame.interfaceIndex].name, reader.interfaces[frame.interfaceIndex].filter])).toEqual([['mem0', 'tcp'], ['mem1', 'arp']])
    recorder.dispose()
  })

  it('never overwrites a file unless asked to', () => {
    writeFileSync(path.join(folder, 'a.pcapng'), 'precious')
    const fresh = open('a.pcapng')
    expect(path.basename(fresh.path)).toBe('a-2.pcapng')
    expect(open('a.pcapng', { existing: 'refuse' }).fault?.code).toBe('fileExists')
    expect(readFileSync(path.join(folder, 'a.pcapng'), 'utf8')).toBe('precious')
    const over = open('a.pcapng', { existing: 'overwrite' })
    expect(path.basename(over.path)).toBe('a.pcapng')
    expect(readAll(readFileSync(over.path)).reader.format).toBe('pcapng')
    fresh.dispose()
    over.dispose()
  })

  it('a file that another lab records into is left to it, by name and process', () => {
    const first = open('a.pcapng', { existing: 'overwrite' })
    const second = open('a.pcapng', { existing: 'overwrite' })
    expect(second.notice).toEqual({ code: 'fileInUse', params: { path: first.path, pid: process.pid, fresh: second.path } })
    expect(second.path).not.toBe(first.path)
    expect(open('a.pcapng', { existing: 'overwrite', inUse: 'refuse' }).fault).toMatchObject({ code: 'fileInUse', params: { pid: process.pid } })
    first.close(startUs)
    const third = open('a.pcapng', { existing: 'overwrite' })
    expect(third.notice).toBeNull()
    for (const recorder of [first, second, third]) recorder.dispose()
    expect(existsSync(path.join(folder, 'a.pcapng.lock'))).toBe(false)
  })

  it('the lock of a process that is gone, or whose number another one has, is taken over', () => {
    for (const words of ['999999999 1', `${process.pid} 12345`, 'nonsense', '']) {
      writeFileSync(path.join(folder, 'a.pcapng.lock'), words)
      const recorder = open('a.pcapng', { existing: 'overwrite' })
      expect(recorder.notice).toBeNull()
      expect(path.basename(recorder.path)).toBe('a.pcapng')
      recorder.dispose()
    }
  })

  it('a folder that is not there is a fault; frames are held, and written when the folder appears', () => {
    const recorder = open('later/a.pcapng')
    expect(recorder.fault).toEqual({ code: 'fileNotWritable', params: { path: recorder.path, reason: 'ENOENT', lost: 0 } })
    expect(recorder.state(startUs).flushedAgoMs).toBe(-1)
    const [offset] = recorder.record(batchOf(1, 80, 7))
    expect(recorder.readBytes(offset, 80)?.[0]).toBe(7)
    expect(recorder.flush(startUs)).toBe(false)
    mkdirSync(path.join(folder, 'later'))
    expect(recorder.flush(startUs)).toBe(true)
    expect(recorder.fault).toBeNull()
    expect(readAll(readFileSync(recorder.path)).frames).toHaveLength(1)
    recorder.dispose()
  })

  it('what cannot be held any more is counted, and has no offset', () => {
    const recorder = open('never/a.pcapng')
    let held = 0
    for (let turn = 0; turn < 20; turn++) held += recorder.record(batchOf(10, 100_000)).slice(0, 10).filter((offset) => offset >= 0).length
    expect(held).toBe(recorder.frames)
    expect(recorder.frames).toBeGreaterThan(50)
    expect(recorder.lost).toBe(200 - recorder.frames)
    recorder.flush(startUs)
    expect(recorder.fault?.params.lost).toBe(recorder.lost)
    recorder.dispose()
  })

  it('a file that somebody removes is a fault; what was captured is kept and can be saved', () => {
    const recorder = open('a.pcapng')
    recorder.record(batchOf(2, 60))
    recorder.flush(startUs)
    unlinkSync(recorder.path)
    const [offset] = recorder.record(batchOf(1, 60, 9))
    recorder.flush(startUs)
    expect(recorder.fault).toMatchObject({ code: 'fileNotWritable', params: { reason: 'removed' } })
    expect(recorder.readBytes(offset, 60)?.[0]).toBe(9)
    for (let turn = 0; turn < 120; turn++) recorder.record(batchOf(1, 100_000))
    expect(recorder.lost).toBe(0)
    const saved = path.join(folder, 'saved.pcapng')
    expect(recorder.copyTo(saved)).toMatchObject({ frames: 123 })
    expect(readAll(readFileSync(saved)).frames).toHaveLength(123)
    recorder.dispose()
  })

  it('a file that somebody moves or empties is noticed', () => {
    const moved = open('a.pcapng')
    renameSync(moved.path, path.join(folder, 'b.pcapng'))
    moved.record(batchOf(1, 60))
    moved.flush(startUs)
    expect(moved.fault?.params.reason).toBe('removed')
    renameSync(path.join(folder, 'b.pcapng'), moved.path)
    moved.record(batchOf(1, 60))
    moved.flush(startUs)
    expect(moved.fault).toBeNull()
    const [offset] = moved.record(batchOf(1, 60))
    moved.flush(startUs)
    truncateSync(moved.path, 10)
    expect(moved.readBytes(offset, 60)).toBeNull()
    moved.record(batchOf(1, 60))
    moved.flush(startUs)
    expect(moved.fault?.params.reason).toBe('emptied')
    moved.dispose()
  })

  it('saving asks before it overwrites, and leaves no half file', () => {
    const recorder = open('a.pcapng')
    recorder.record(batchOf(300, 1400))
    const target = path.join(folder, 'saved.pcapng')
    const { frames, bytes } = recorder.copyTo(target)
    expect(frames).toBe(300)
    expect(readFileSync(target).length).toBe(bytes)
    expect(readAll(readFileSync(target)).frames).toHaveLength(300)
    expect(thrownBy(() => recorder.copyTo(target))?.code).toBe('fileExists')
    recorder.close(startUs)
    expect(recorder.copyTo(target, { overwrite: true }).frames).toBe(300)
    expect(thrownBy(() => recorder.copyTo(path.join(folder, 'no', 'where.pcapng')))).toMatchObject({ code: 'fileNotWritable', params: { reason: 'ENOENT' } })
    expect(existsSync(`${target}.part`)).toBe(false)
    recorder.dispose()
  })

  it.skipIf(process.getuid?.() === 0)('a folder that is not ours is a fault (root may write anywhere, so this runs as an ordinary user)', () => {
    chmodSync(folder, 0o500)
    expect(open('a.pcapng').fault).toMatchObject({ code: 'fileNotWritable', params: { reason: 'EACCES' } })
    chmodSync(folder, 0o700)
  })
})
