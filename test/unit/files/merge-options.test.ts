import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mergeCaptures } from '../../../main/files/merge-captures.ts'
import { concatBytes } from '../../../src/base/bytes.ts'
import { Random } from '../../../src/base/random.ts'
import { ascii, blocksOf, PcapngBlocks } from '../../support/pcapng-blocks.ts'
import { readAll } from '../capture-file/files.ts'

let folder = ''
beforeEach(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'merge-options-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

async function merged(...files: Uint8Array[][]): Promise<ReturnType<typeof blocksOf>> {
  const paths = files.map((blocks, i) => {
    writeFileSync(path.join(folder, `${i}.pcapng`), concatBytes(blocks))
    return path.join(folder, `${i}.pcapng`)
  })
  const target = path.join(folder, 'all.pcapng')
  expect((await mergeCaptures(paths, target, 'test')).damages).toEqual([])
  return blocksOf(new Uint8Array(readFileSync(target)))
}

const little = new PcapngBlocks(true)
const orders = [['little endian', little], ['big endian', new PcapngBlocks(false)]] as const
const second = 1_700_000_000n
const frame = ascii('a frame of 21 octets.')

/** Every option that a packet can have; unknown ones too. */
const packetOptions = (of: PcapngBlocks): number[] => [
  ...of.option(1, ascii('first comment')), ...of.option(2, of.u32(0x8123_01f6)), ...of.option(3, [2, 0xde, 0xad, 0xbe, 0xef]), ...of.option(4, of.u64(0x0102_0304_0506n)),
  ...of.option(5, of.u64(0xfedc_ba98_7654_3210n)), ...of.option(6, of.u32(0x0a0b_0c0d)), ...of.option(7, [0, 9, 8, 7]),
  ...of.option(7, [1, ...of.u64(3n)]), ...of.option(7, [2, ...of.u64(2n)]),
  ...of.option(8, of.u32(4711, 4712)), ...of.option(2988, [...of.u32(32_473), ...ascii('한글 text')]), ...of.option(2989, [...of.u32(32_473), 1, 2, 3]),
  ...of.option(0x7abc, [1, 2, 3, 4, 5]), ...of.option(1, ascii('second comment')),
]
const uncopied = (of: PcapngBlocks): number[] => [...of.option(19_372, [...of.u32(32_473), ...ascii('not')]), ...of.option(19_373, of.u32(32_473))]

const interfaceOptions = (of: PcapngBlocks): number[] => [
  ...of.option(1, ascii('an interface')), ...of.option(2, ascii('eth7')), ...of.option(3, ascii('uplink')), ...of.option(4, [10, 0, 0, 1, 255, 0, 0, 0]),
  ...of.option(5, [...ascii('0123456789abcdef'), 64]), ...of.option(6, [2, 0, 0, 0, 0, 1]), ...of.option(7, [2, 0, 0, 0, 0, 0, 0, 1]), ...of.option(8, of.u64(10_000_000_000n)),
  ...of.option(10, of.u32(9)), ...of.option(11, [0, ...ascii('tcp')]), ...of.option(12, ascii('Linux')), ...of.option(13, [4]), ...of.option(15, ascii('a card')),
  ...of.option(16, of.u64(7n)), ...of.option(17, of.u64(8n)), ...of.option(18, ascii('Asia/Seoul')), ...of.option(2989, [...of.u32(32_473), 9]), ...of.option(0x7abd, [1]),
]

describe.each(orders)('merging a %s capture', (_, of) => {
  it('keeps every option of a packet, but those that ask not to be copied', async () => {
    const blocks = await merged([of.section(), of.interface(), of.packet(0, second * 1_000_000n, frame, [...uncopied(of), ...packetOptions(of)])])
    const expected = blocksOf(little.packet(0, second * 1_000_000_000n, frame, packetOptions(little)))
    expect(blocks.filter(({ type }) => type === 6)).toEqual(expected)
  })

  it('gives no options to a packet that had none', async () => {
    const blocks = await merged([of.section(), of.interface(), of.packet(0, 5n, frame)])
    expect(blocks.filter(({ type }) => type === 6)).toEqual(blocksOf(little.packet(0, 5000n, frame)))
  })

  it('keeps the options and the drops of an obsolete packet block', async () => {
    const obsolete = (drops: number) => of.block(2, [...of.u16(0, drops), ...of.time(5n), ...of.u32(4, 60), 1, 2, 3, 4], of.option(3, [1, 0xaa]))
    const blocks = await merged([of.section(), of.interface(), obsolete(3), obsolete(0xffff)])
    const expected = (options: number[]) => blocksOf(little.block(6, [...little.u32(0), ...little.time(5000n), ...little.u32(4, 60), 1, 2, 3, 4], options))
    const hash = little.option(3, [1, 0xaa])
    expect(blocks.filter(({ type }) => type === 6)).toEqual([...expected([...hash, ...little.option(4, little.u64(3n))]), ...expected(hash)])
  })

  it('keeps every option of an interface but how its times were to be read, of one without packets too', async () => {
    const times = [...of.option(9, [3]), ...of.option(14, of.u64(100n))]
    const blocks = await merged([of.section(), of.interface([...times, ...interfaceOptions(of), ...uncopied(of)]), of.interface(of.option(2, ascii('idle'))), of.packet(0, 7n, frame)])
    const inNanoseconds = little.option(9, [9])
    expect(blocks.filter(({ type }) => type === 1)).toEqual([
      ...blocksOf(little.interface([...interfaceOptions(little), ...inNanoseconds])), ...blocksOf(little.interface([...little.option(2, ascii('idle')), ...inNanoseconds])),
    ])
    expect(blocks.filter(({ type }) => type === 6)).toEqual(blocksOf(little.packet(0, 100_007_000_000n, frame)))
  })

  it('keeps statistics, for the number that the interface has now and in its times', async () => {
    const statistics = (by: PcapngBlocks, id: number, perSecond: bigint) => by.block(5, [...by.u32(id), ...by.time(second * perSecond)], [
      ...by.option(1, ascii('so far')), ...by.option(2, by.time(second * perSecond)), ...by.option(3, by.time((second + 9n) * perSecond)),
      ...[4, 5, 6, 7, 8].flatMap((code) => by.option(code, by.u64(2n ** 40n + BigInt(code)))),
    ])
    const other = [little.section(), little.interface(), little.packet(0, 1n, frame)]
    const own = [of.section(), of.interface(), of.interface(of.option(9, [3])), of.packet(1, 1n, frame), statistics(of, 1, 1000n), statistics(of, 9, 1000n)]
    const twice = [...own, of.section(), of.interface(), of.packet(0, 2n, frame), statistics(of, 0, 1_000_000n)]
    const blocks = await merged(other, twice)
    expect(blocks.filter(({ type }) => type === 5)).toEqual([...blocksOf(statistics(little, 2, 1_000_000_000n)), ...blocksOf(statistics(little, 3, 1_000_000_000n))])
  })

  it('keeps names, secrets, journal entries and custom blocks, but those that ask not to be copied', async () => {
    const blocksBy = (by: PcapngBlocks) => [
      by.block(4, [...by.u16(1, 8), 10, 0, 0, 1, ...ascii('a.b'), 0, ...by.u16(2, 20), ...ascii('0123456789abcdef'), ...ascii('six'), 0, ...by.u32(0)],
        [...by.option(2, ascii('resolver')), ...by.option(3, [10, 0, 0, 53])]),
      by.block(10, [...by.u32(0x544c_534b, 6), ...ascii('secret'), 0, 0], by.option(1, ascii('of mine'))),
      by.block(9, ascii('MESSAGE=hello wo')),
      by.block(0x0bad, [...by.u32(32_473), 1, 2, 3, 4]),
    ]
    const blocks = await merged([of.section(), of.interface(), of.packet(0, 1n, frame), ...blocksBy(of), of.block(0x4000_0bad, [...of.u32(32_473), 1, 2, 3, 4])])
    expect(blocks.filter(({ type }) => ![0x0a0d0d0a, 1, 6].includes(type))).toEqual(blocksBy(little).flatMap(blocksOf))
  })

  it('keeps the comments of the files', async () => {
    const blocks = await merged([of.section([...of.option(1, ascii('one')), ...of.option(4, ascii('dumpcap'))]), of.interface(), of.packet(0, 1n, frame)], [of.section(of.option(1, ascii('two')))])
    expect(blocks[0].type).toBe(0x0a0d0d0a)
    expect(blocks[0].body.slice(16, 32)).toEqual([...little.option(1, ascii('one')), ...little.option(1, ascii('two'))])
    expect(Buffer.from(blocks[0].body).includes('dumpcap')).toBe(false)
  })
})

describe('merging captures with what is not known', () => {
  it('copies an unknown block where its numbers can be read as they stand, and none of the other byte order', async () => {
    const unknown = (of: PcapngBlocks) => of.block(0x0000_0777, [1, 2, 3, 4])
    const big = new PcapngBlocks(false)
    const blocks = await merged([little.section(), unknown(little)], [big.section(), unknown(big)])
    expect(blocks.slice(1)).toEqual(blocksOf(unknown(little)))
  })

  it('keeps options up to one that does not fit, and each packet', async () => {
    const broken = [...little.option(1, ascii('good')), ...little.u16(3, 400), 1, 2, 3, 4]
    const blocks = await merged([little.section(), little.interface(), little.packet(0, 1n, frame, broken), little.packet(0, 2n, frame, little.option(5, little.u64(1n)))])
    expect(blocks.filter(({ type }) => type === 6)).toEqual([
      ...blocksOf(little.packet(0, 1000n, frame, little.option(1, ascii('good')))), ...blocksOf(little.packet(0, 2000n, frame, little.option(5, little.u64(1n)))),
    ])
  })

  it('carries over blocks that are too short for what they should hold', async () => {
    const big = new PcapngBlocks(false)
    const short = [4, 9, 10, 0x0bad]
    const blocks = await merged([big.section(), ...short.map((type) => big.block(type, []))])
    expect(blocks.slice(1)).toEqual(short.map((type) => ({ type, body: [] })))
  })

  it('makes a whole file of files with random changes, with each frame that could be read', async () => {
    const random = new Random(20)
    const target = path.join(folder, 'all.pcapng')
    let damaged = 0
    for (let round = 0; round < 80; round++) {
      const of = new PcapngBlocks(round % 2 === 0)
      const names = of.block(4, [...of.u16(1, 8), 10, 0, 0, 1, ...ascii('a.b'), 0, ...of.u32(0)], of.option(2, ascii('resolver')))
      const statistics = of.block(5, [...of.u32(0), ...of.time(5n)], [...of.option(2, of.time(4n)), ...of.option(4, of.u64(9n))])
      const file = concatBytes([
        of.section(of.option(1, ascii('one'))), of.interface(interfaceOptions(of)), names, of.packet(0, 5n, frame, packetOptions(of)), statistics,
        of.block(10, [...of.u32(0x544c_534b, 6), ...ascii('secret'), 0, 0]), of.packet(0, 6n, frame),
      ])
      for (let change = 0; change < 3; change++) file[28 + random.nextBelow(file.length - 28)] = random.nextBelow(256)
      const source = path.join(folder, 'source.pcapng')
      writeFileSync(source, file)
      const { frames, damages } = await mergeCaptures([source], target, 'test')
      damaged += damages.length
      const read = readAll(new Uint8Array(readFileSync(target)))
      expect([read.frames.length, read.reader.damage], `round ${round}`).toEqual([frames, null])
    }
    expect(damaged).toBeGreaterThan(5)
    expect(damaged).toBeLessThan(75)
  })
})
