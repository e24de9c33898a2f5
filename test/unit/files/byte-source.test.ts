import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCaptureFile } from '../../../main/files/capture-input.ts'
import { concatBytes } from '../../../src/base/bytes.ts'
import { FaultError } from '../../../src/base/fault.ts'
import type { Fault } from '../../../src/base/fault.ts'
import { frameOf, pcapngFile } from '../capture-file/files.ts'

let folder = ''
beforeAll(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'byte-source-')) })
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

async function read(bytes: Uint8Array): Promise<{ frames: number, fault: Fault | null }> {
  const file = path.join(folder, 'a')
  writeFileSync(file, bytes)
  let frames = 0
  try {
    const damage = await readCaptureFile(file, (batch) => { frames += batch.count })
    return { frames, fault: damage }
  } catch (error) {
    if (error instanceof FaultError) return { frames, fault: error.fault }
    throw error
  }
}

const capture = pcapngFile(Array.from({ length: 900 }, (_, i) => frameOf(400, i & 0xff)))

/** A zstd frame of raw blocks (RFC 8878 §3.1.1.2), and of run-length blocks of one byte. */
function zstdFrame(blocks: readonly (Uint8Array | { byte: number, length: number })[], windowDescriptor = 0x48): Uint8Array {
  const header = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, windowDescriptor)
  return concatBytes([header, ...blocks.flatMap((block, i) => {
    const last = i === blocks.length - 1 ? 1 : 0
    const isRaw = block instanceof Uint8Array
    const head = (block.length << 3) | (isRaw ? 0 : 2) | last
    return [Uint8Array.of(head, head >> 8, head >> 16), isRaw ? block : Uint8Array.of(block.byte)]
  })])
}

const rawBlocks = (bytes: Uint8Array, size: number): Uint8Array[] => Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
const skippable = Uint8Array.of(0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9)

describe('compressed captures', () => {
  it('gzip is unpacked, several members and what stands behind them too', async () => {
    const half = capture.length >> 1
    const members = concatBytes([gzipSync(capture.subarray(0, half)), gzipSync(capture.subarray(half))])
    for (const packed of [gzipSync(capture), members, concatBytes([gzipSync(capture), new Uint8Array(100)])]) {
      expect(await read(packed)).toEqual({ frames: 900, fault: null })
    }
  })

  it('gzip that is cut gives what stands before the cut, and says so', async () => {
    const packed = gzipSync(capture)
    for (const cut of [packed.length - 1, packed.length - 9, packed.length >> 1, 40]) {
      const { frames, fault } = await read(packed.subarray(0, cut))
      expect(frames).toBeLessThanOrEqual(900)
      if (cut > packed.length - 10) expect(frames).toBe(900)
      expect(fault).toMatchObject({ code: 'fileDamaged', params: { reason: 'cutCompression', offset: cut, frame: frames + 1 } })
    }
  })

  it('zstd is unpacked: frames one behind the other, frames to skip, blocks of any size', async () => {
    for (const size of [1, 7, 1000, 128 * 1024]) expect(await read(zstdFrame(rawBlocks(capture.subarray(0, 30_000), size)))).toMatchObject({ frames: 67 })
    const half = capture.length >> 1
    const parts = [skippable, zstdFrame(rawBlocks(capture.subarray(0, half), 60_000)), skippable, zstdFrame(rawBlocks(capture.subarray(half), 9000))]
    expect(await read(concatBytes(parts))).toEqual({ frames: 900, fault: null })
  })

  it('zstd that is cut or broken gives what stands before, and says so', async () => {
    const packed = zstdFrame(rawBlocks(capture, 1000))
    const { frames, fault } = await read(packed.subarray(0, packed.length >> 1))
    expect(frames).toBeGreaterThan(440)
    expect(fault).toMatchObject({ code: 'fileDamaged', params: { reason: 'cutCompression' } })
    const broken = packed.slice()
    broken[6 + 1003 * 100] |= 6
    expect((await read(broken)).fault).toMatchObject({ params: { reason: 'badCompression' } })
  })

  it('a window of gigabytes is refused and not allocated', async () => {
    const before = process.memoryUsage().arrayBuffers
    expect((await read(zstdFrame([capture], 0xa8))).fault).toMatchObject({ params: { reason: 'compressionWindow' } })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64e6)
  })

  it('what unpacks to gigabytes takes no gigabytes', async () => {
    const run = { byte: 0, length: 128 * 1024 }
    const before = process.memoryUsage().arrayBuffers
    const packed = concatBytes([zstdFrame([capture.subarray(0, 1000)]), zstdFrame(Array.from({ length: 4000 }, () => run))])
    const { fault } = await read(packed)
    expect(fault).toMatchObject({ code: 'fileDamaged' })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64e6)
  })

  it('broken compression of any kind ends with a fault and never with an exception', async () => {
    const sources = [gzipSync(capture.subarray(0, 3000)), zstdFrame(rawBlocks(capture.subarray(0, 3000), 500))]
    const changed = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 })
    await fc.assert(fc.asyncProperty(fc.constantFrom(...sources), changed, fc.nat(), async (source, changes, cut) => {
      const bytes = source.slice(0, 4 + cut % source.length)
      for (const [at, value] of changes) bytes[4 + at % (bytes.length - 4 || 1)] = value
      const { frames } = await read(bytes)
      expect(frames).toBeLessThan(10)
    }), { numRuns: 300 })
  })
})
