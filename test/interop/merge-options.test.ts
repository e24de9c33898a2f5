import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { mergeCaptures } from '../../main/files/merge-captures.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import { ascii, PcapngBlocks } from '../support/pcapng-blocks.ts'
import { hasTshark, tsharkFields } from '../support/tshark.ts'

const fields = [
  'frame.time_epoch', 'frame.interface_name', 'frame.interface_description', 'frame.comment', 'frame.packet_flags', 'frame.drop_count', 'frame.packet_id', 'frame.interface_queue',
  'frame.verdict.hw', 'frame.verdict.ebpf_tc', 'frame.verdict.ebpf_xdp',
]

function capture(of: PcapngBlocks, name: string): Uint8Array {
  const options = [
    ...of.option(1, ascii(`of ${name}`)), ...of.option(2, of.u32(0x0801_01f6)), ...of.option(3, [2, 0xde, 0xad, 0xbe, 0xef]), ...of.option(4, of.u64(5n)), ...of.option(5, of.u64(77n)),
    ...of.option(6, of.u32(3)), ...of.option(7, [0, 2]), ...of.option(7, [1, ...of.u64(3n)]), ...of.option(7, [2, ...of.u64(2n)]),
  ]
  const names = of.block(4, [...of.u16(1, 8 + name.length), 10, 0, 0, 1, ...ascii(`${name}.tt`), 0, ...new Array<number>(-(8 + name.length) & 3).fill(0), ...of.u32(0)])
  const statistics = of.block(5, [...of.u32(0), ...of.time(1_700_000_009_000n)], [...of.option(4, of.u64(12n)), ...of.option(5, of.u64(4n))])
  return concatBytes([
    of.section(of.option(1, ascii(`capture ${name}`))),
    of.interface([...of.option(2, ascii(name)), ...of.option(3, ascii(`words of ${name}`)), ...of.option(8, of.u64(1_000_000_000n)), ...of.option(9, [3]), ...of.option(15, ascii(`card ${name}`))]),
    names, of.packet(0, 1_700_000_001_000n, ascii('twenty octets or so, once'), options), of.packet(0, 1_700_000_002_000n, ascii('twenty octets or so, twice')), statistics,
  ])
}

describe.skipIf(!hasTshark)('merged captures beside tshark', () => {
  it('shows of each packet and interface what the sources showed, from either byte order', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'merge-options-'))
    try {
      const files = [new PcapngBlocks(true), new PcapngBlocks(false)].map((of, i) => {
        const file = path.join(folder, `${i}.pcapng`)
        writeFileSync(file, capture(of, ['left', 'right'][i]))
        return file
      })
      const target = path.join(folder, 'all.pcapng')
      expect((await mergeCaptures(files, target, 'test')).damages).toEqual([])
      const [left, right] = files.map((file) => tsharkFields(file, { passes: 1, fields }))
      const numbered = [left[0], right[0], left[1], right[1]].map((found, i) => ({ ...found, 'frame.number': String(i + 1) }))
      expect(left[0]).toMatchObject({ 'frame.packet_id': '77', 'frame.comment': 'of left' })
      expect(tsharkFields(target, { passes: 1, fields })).toEqual(numbered)
      const shown = execFileSync('capinfos', [target], { encoding: 'utf8' })
      for (const text of ['capture left', 'capture right', 'Name = left', 'Name = right', 'Speed = 1000000000', 'Hardware = card right', 'Number of stat entries = 1']) expect(shown).toContain(text)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
