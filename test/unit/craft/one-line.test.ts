import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asciiBytes } from '../../../src/base/bytes.ts'
import { defaultDraft } from '../../../src/craft/draft.ts'
import { buildFrame } from '../../../src/craft/build.ts'
import { draftFromOneLine, draftToOneLine } from '../../../src/craft/one-line.ts'
import { readFrame } from '../../../src/craft/read.ts'
import { packetTemplates, templateNames } from '../../../src/craft/templates.ts'
import { isOneLineError } from '../../../src/wire/one-line-cursor.ts'
import { frames } from '../../support/frames.ts'
import type { PacketDraft } from '../../../src/craft/draft.ts'

function fromLine(text: string, defaults = defaultDraft): PacketDraft {
  const draft = draftFromOneLine(text, defaults)
  if (isOneLineError(draft)) throw new Error(JSON.stringify(draft))
  return draft
}

describe('drafts as one line', () => {
  it('takes from the defaults what the line leaves out', () => {
    const draft = fromLine('P. 1001:1006(5) ack 2001 data "hello"')
    expect(draft).toMatchObject({ ip: defaultDraft.ip, tcp: { sourcePort: 40000, destinationPort: 80, seq: 1001, ack: 2001, flags: 0x18, window: 65535, options: [] } })
    expect(Buffer.from(draft.payload).toString()).toBe('hello')
    expect(fromLine('. 1:4(3) ack 1').payload).toEqual(new Uint8Array(3))
    expect(fromLine('S 0:0(0) <...>').tcp.options).toEqual(defaultDraft.tcp.options)
  })

  it('takes addresses of either version, and IP fields', () => {
    expect(fromLine('10.0.0.1:5 > 10.0.0.2:6 S 0:0(0)')).toMatchObject({ ip: { version: 4, source: Uint8Array.of(10, 0, 0, 1) }, tcp: { sourcePort: 5, destinationPort: 6 } })
    expect(fromLine('(ce, hlim 3) [fd00::1]:5 > [fd00::2]:6 S 0:0(0)').ip).toMatchObject({ version: 6, trafficClass: 3, hopLimit: 3 })
    expect(fromLine('(ect01, nodf, id 7) S 0:0(0)').ip).toMatchObject({ tos: 2, flags: 0, identification: 7 })
  })

  it('hands on where a line is wrong', () => {
    expect(draftFromOneLine('S 0:0(0) <mss 70000>', defaultDraft)).toMatchObject({ column: 15, expected: '0..65535', got: '70000>' })
  })

  const lines: Record<string, string> = {
    tcpSyn: '(tos 0x0, ttl 64, id 4660, df) 10.77.0.2:40100 > 10.77.0.80:80 S 1000:1000(0) win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>',
    tcpData: '(tos 0x0, ttl 64, id 4660, df) 10.77.0.2:40100 > 10.77.0.80:80 P. 1001:1006(5) ack 2001 win 65535 <nop,nop,TS val 2 ecr 1> data "hello"',
  }
  for (const [name, line] of Object.entries(lines)) it(`prints ${name}`, () => { expect(draftToOneLine(readFrame(frames[name]) as PacketDraft)).toBe(line) })

  it('data comes back from its line, as text where it is text', () => {
    const dataOf = (payload: Uint8Array) => /data (.*)$/.exec(draftToOneLine({ ...defaultDraft, payload }))?.[1]
    expect(dataOf(asciiBytes('GET "/" \\ \r\n\t'))).toBe('"GET \\"/\\" \\\\ \\r\\n\\t"')
    expect(dataOf(Uint8Array.of(0x41, 0x80))).toBe('0x4180')
    expect(dataOf(new Uint8Array(3))).toBeUndefined()
    const text = fc.string({ unit: 'binary-ascii' }).map(asciiBytes)
    fc.assert(fc.property(fc.oneof(text, fc.uint8Array()), (payload) => {
      expect(fromLine(draftToOneLine({ ...defaultDraft, payload })).payload).toEqual(payload)
    }))
  })

  it('every template and every captured segment comes back from its line, frame for frame', () => {
    const captured = ['tcpSyn', 'tcpData', 'tcpSack', 'tcpRst', 'tcpFinEcn', 'tcpMd5', 'tcpRare', 'tcp6Syn'].map((name) => readFrame(frames[name]) as PacketDraft)
    for (const draft of [...captured, ...templateNames.map((name) => packetTemplates[name](defaultDraft))]) {
      const again = fromLine(draftToOneLine(draft), { ...defaultDraft, ethernet: draft.ethernet })
      expect(buildFrame(again)).toEqual(buildFrame(draft))
    }
  })
})
