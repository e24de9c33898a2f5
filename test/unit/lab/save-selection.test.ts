import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { saveSelection } from '../../../main/lab/save-selection.ts'
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

async function traceOf(source: string): Promise<Trace> {
  const trace = new Trace()
  await readCaptureFile(source, (batch, reader) => trace.append(batch, reader.frameLinkTypes, reader.frameOffsets))
  return trace
}

describe('saving a part of a capture', () => {
  it.each([['as it is', file], ['compressed', gzipSync(file)]])('writes a flow, a range, or what is in both, of a file %s', async (_, bytes) => {
    const source = path.join(folder, 'source')
    const target = path.join(folder, 'target.pcapng')
    writeFileSync(source, bytes)
    const trace = await traceOf(source)
    const cases = [[{ flow: 0 }, [1, 3, 5]], [{ flow: 1 }, [2, 4]], [{ first: 2, last: 3 }, [2, 3]], [{ flow: 0, first: 2 }, [3, 5]], [{ flow: 9 }, []]] as const
    for (const [selection, numbers] of cases) {
      expect((await saveSelection(trace, selection, source, target, true, 'test')).frames).toBe(numbers.length)
      const read = readAll(new Uint8Array(readFileSync(target)))
      expect(read.reader.damage).toBeNull()
      expect(read.frames.map((frame) => [...frame.bytes])).toEqual(numbers.map((number) => [...frames[number - 1]]))
    }
  })

  it('replaces nothing unasked, and leaves nothing behind', async () => {
    const source = path.join(folder, 'source')
    writeFileSync(source, file)
    const trace = await traceOf(source)
    await expect(saveSelection(trace, { flow: 0 }, source, source, false, 'test')).rejects.toMatchObject({ fault: { code: 'fileExists' } })
    expect(readdirSync(folder)).toEqual(['source'])
  })
})
