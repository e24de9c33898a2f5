import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { saveSelection, type SelectionSource } from '../../../main/lab/save-selection.ts'
import { readCaptureFile } from '../../../main/files/capture-input.ts'
import { Trace } from '../../../src/trace/trace.ts'
import { framesOfLines } from '../../support/one-line-frames.ts'
import { frameOf, pcapngFile, readAll } from '../capture-file/files.ts'

let folder = ''
beforeEach(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'save-selection-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

const frames = framesOfLines(
  '10.0.0.1:4000 > 10.0.0.2:80 S 100:100(0) win 65535', '10.0.0.3:5000 > 10.0.0.2:80 S 7:7(0) win 65535', '10.0.0.2:80 > 10.0.0.1:4000 S. 500:500(0) ack 101 win 65535',
  '10.0.0.2:80 > 10.0.0.3:5000 R. 0:0(0) ack 8 win 0', '10.0.0.1:4000 > 10.0.0.2:80 . 101:101(0) ack 501 win 65535',
)
const file = pcapngFile(frames.map((bytes, i) => frameOf(0, i, { bytes, originalLength: bytes.length })))

async function sourceOf(source: string): Promise<SelectionSource> {
  const trace = new Trace()
  const offsets: number[] = []
  await readCaptureFile(source, (batch, reader) => {
    trace.append(batch, reader.frameLinkTypes, reader.frameOffsets)
    offsets.push(...reader.frameOffsets.subarray(0, batch.count))
  })
  return { trace, files: [{ path: source, base: 0 }], bytesOf: (offset) => frames[offsets.indexOf(offset)] ?? null, clock: () => 0 }
}

describe('saving a part of a capture', () => {
  it.each([['as it is', file], ['compressed', gzipSync(file)]])('writes a flow, a range, what passes a filter, or what is in all of them, of a file %s', async (_, bytes) => {
    const source = path.join(folder, 'source')
    const target = path.join(folder, 'target.pcapng')
    writeFileSync(source, bytes)
    const opened = await sourceOf(source)
    const cases = [
      [{ flow: 0 }, [1, 3, 5]], [{ flow: 1 }, [2, 4]], [{ first: 2, last: 3 }, [2, 3]], [{ flow: 0, first: 2 }, [3, 5]], [{ flow: 9 }, []],
      [{ filter: 'tcp.flags.syn == 1' }, [1, 2, 3]], [{ filter: 'tcp.flags.ack == 1', flow: 0 }, [3, 5]], [{ filter: 'tcp.port == 80', flow: 0, last: 3 }, [1, 3]], [{ filter: 'udp' }, []], [{ filter: 'tcp', flow: 9 }, []],
    ] as const
    for (const [selection, numbers] of cases) {
      expect((await saveSelection(opened, selection, target, true, 'test')).result.frames).toBe(numbers.length)
      const read = readAll(new Uint8Array(readFileSync(target)))
      expect(read.reader.damage).toBeNull()
      expect(read.frames.map((frame) => [...frame.bytes])).toEqual(numbers.map((number) => [...frames[number - 1]]))
    }
  })

  it('refuses what is no filter and writes nothing', async () => {
    const source = path.join(folder, 'source')
    writeFileSync(source, file)
    const target = path.join(folder, 'target.pcapng')
    await expect(saveSelection(await sourceOf(source), { filter: 'tcp.prot' }, target, false, 'test')).rejects.toMatchObject({ fault: { code: 'badDisplayFilter' } })
    expect(readdirSync(folder)).toEqual(['source'])
  })

  it('replaces nothing unasked, and leaves nothing behind', async () => {
    const source = path.join(folder, 'source')
    writeFileSync(source, file)
    const opened = await sourceOf(source)
    await expect(saveSelection(opened, { flow: 0 }, source, false, 'test')).rejects.toMatchObject({ fault: { code: 'fileExists' } })
    expect(readdirSync(folder)).toEqual(['source'])
  })
})
