import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import { mutate } from '../../support/mutate.ts'
import { frameOf, pcapFile, pcapngFile, readAll, swapPcapng } from './files.ts'
import type { TestFrame } from './files.ts'

const interfaces = [{ linkType: 1, snapLength: 0, name: 'eth0' }, { linkType: 101, snapLength: 0, name: 'tun0' }]

describe('frames that are read in runs', () => {
  it.each(['pcap', 'pcap, big endian', 'pcapng', 'pcapng, big endian'] as const)('are those that are read block by block, in whole files and in broken ones: %s', (format) => {
    const random = new Random(format.length)
    let frames = 0
    let damaged = 0
    for (let turn = 0; turn < 120; turn++) {
      const whole = fileOf(format, random)
      const file = turn % 3 === 0 ? whole : mutate(whole, random)
      const chunkBytes = 1 + random.nextBelow(file.length)
      const batchFrames = 1 + random.nextBelow(40)
      const inRuns = readAll(file, chunkBytes, batchFrames)
      const byBlock = readAll(file, chunkBytes, batchFrames, () => {})
      expect(inRuns.frames).toEqual(byBlock.frames)
      expect(inRuns.reader.damage).toEqual(byBlock.reader.damage)
      if (turn % 3 === 0) expect(inRuns.frames).toHaveLength(30)
      frames += inRuns.frames.length
      if (inRuns.reader.damage !== null) damaged++
    }
    expect(frames).toBeGreaterThan(1500)
    expect(damaged).toBeGreaterThan(8)
  })
})

/** Times go on, stand and go back, across seconds; interfaces change where the format has several. */
function fileOf(format: string, random: Random): Uint8Array {
  const isPcapng = format.startsWith('pcapng')
  const isLittle = !format.includes('big')
  let ns = 999_000_000
  const frames = Array.from({ length: 30 }, (_, i): TestFrame => {
    ns = Math.max(0, ns + random.nextBelow(800_000_000) - 200_000_000)
    return frameOf(random.nextBelow(90), i, {
      sec: 1_700_000_000 + Math.floor(ns / 1e9), nsec: ns % 1e9, direction: isPcapng ? random.nextBelow(3) as 0 | 1 | 2 : 0,
      interfaceIndex: isPcapng && random.nextBelow(4) === 0 ? 1 : 0,
    })
  })
  if (!isPcapng) return pcapFile(frames, isLittle, true)
  return isLittle ? pcapngFile(frames, interfaces) : swapPcapng(pcapngFile(frames, interfaces))
}
