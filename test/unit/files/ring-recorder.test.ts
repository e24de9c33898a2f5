import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RingRecorder } from '../../../main/files/ring-recorder.ts'
import { ringLimits } from '../../../main/cli/options.ts'
import { memoryLinkPair } from '../../../src/link/memory.ts'
import { batchOf, testFrame } from '../../support/link-frames.ts'
import { readAll } from '../capture-file/files.ts'

let folder = ''
beforeEach(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'ring-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

describe('ring files', () => {
  it('keep the latest frames in so many files of so many bytes', () => {
    const [link] = memoryLinkPair()
    const ring = new RingRecorder({ path: path.join(folder, 'a.pcapng'), info: link.info, application: 'test', nowUs: 0 }, { bytes: 4096, files: 3 })
    for (let i = 0; i < 200; i++) ring.record(batchOf([testFrame(i, 200)]))
    ring.close(0)
    expect(ring.frames).toBe(200)
    ring.dispose()
    const files = readdirSync(folder).sort((a, b) => a.localeCompare(b))
    expect(files).toHaveLength(3)
    expect(files.every((name) => /^a-\d{5}\.pcapng$/.test(name))).toBe(true)
    const read = files.map((name) => readAll(new Uint8Array(readFileSync(path.join(folder, name)))))
    expect(read.every(({ reader }) => reader.damage === null)).toBe(true)
    const frames = read.flatMap(({ frames: each }) => each)
    expect(frames.length).toBeLessThan(60)
    expect([...frames.at(-1)!.bytes]).toEqual([...testFrame(199, 200)])
  })

  it('limits are read as they are written', () => {
    expect(ringLimits('10M,5')).toEqual({ bytes: 10_485_760, files: 5 })
    expect(ringLimits('4096,2')).toEqual({ bytes: 4096, files: 2 })
    for (const wrong of ['10', '10M', '0,5', '5,0', '10T,1', '1.5M,2', 'M,2', '-1,2']) expect(ringLimits(wrong)).toBeNull()
  })
})
