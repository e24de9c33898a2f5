import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TcpOptionFields, decodeTcpOptions, encodeTcpOption, encodeTcpOptions, padTcpOptions, scanTcpOptions, tcpOptionSpans } from '../../../src/wire/tcp-options.ts'
import { bytesOf, synOptions } from '../../support/frames.ts'

function scan(text: string) {
  const bytes = bytesOf(text)
  const fields = new TcpOptionFields()
  return { fields, result: scanTcpOptions(bytes, 0, bytes.length, fields) }
}

function decode(text: string) {
  const bytes = bytesOf(text)
  return decodeTcpOptions(bytes, 0, bytes.length)
}

describe('TCP options', () => {
  it('RFC9293/MUST-4 RFC9293/MUST-64 reads a SYN in both ways', () => {
    expect(scan(synOptions)).toMatchObject({ result: 0, fields: { mss: 1460, windowScale: 7, sackPermitted: true, hasTimestamp: true, tsVal: 1, tsEcr: 0, sackCount: 0 } })
    expect(decode(synOptions)).toEqual([{ name: 'mss', mss: 1460 }, { name: 'sackOK' }, { name: 'ts', val: 1, ecr: 0 }, { name: 'nop' }, { name: 'wscale', shift: 7 }])
  })

  it('RFC9293/MUST-6 skips what it does not know by its length', () => {
    expect(scan('c8 06 01 02 03 04 02 04 04 b0')).toMatchObject({ result: 0, fields: { mss: 1200 } })
    expect(decode('c8 06 01 02 03 04 02 04 04 b0')).toEqual([{ name: 'unknown', kind: 200, data: Uint8Array.of(1, 2, 3, 4) }, { name: 'mss', mss: 1200 }])
  })

  for (const illegal of ['02 00 05 b4', '02 01 05 b4', '02 28 05 b4', '02', '01 01 01 08']) {
    it(`RFC9293/MUST-7 survives ${illegal} and keeps what came before`, () => {
      expect(scan(`03 03 07 ${illegal}`)).toMatchObject({ result: 'badOptionLength', fields: { windowScale: 7, mss: -1 } })
      expect(decode(`03 03 07 ${illegal}`).at(-1)!.name).toBe('malformed')
      expect(encodeTcpOptions(decode(`03 03 07 ${illegal}`))).toEqual(bytesOf(`03 03 07 ${illegal}`))
    })
  }

  it('ends at End of Option List and keeps the padding, also if it is not zero', () => {
    expect(scan('00 02 04 05 b4')).toMatchObject({ result: 0, fields: { mss: -1 } })
    expect(decode('00 02 04 05')).toEqual([{ name: 'eol' }, { name: 'padding', bytes: Uint8Array.of(2, 4, 5) }])
  })

  it('does not take a known kind in a wrong length for what it is not', () => {
    expect(scan('02 03 05 | 03 04 01 01 | 08 06 00 00 00 00 | 05 0b 00 00 00 00 00 00 00 00 00 | 04 03 00')).toMatchObject({
      result: 0, fields: { mss: -1, windowScale: -1, hasTimestamp: false, sackCount: 0, sackPermitted: false } })
    expect(decode('02 03 05')).toEqual([{ name: 'unknown', kind: 2, data: Uint8Array.of(5) }])
  })

  it('reads SACK blocks, four at most', () => {
    const { fields } = scan('05 12 00 00 0b b9 00 00 0f a1 ff ff ff fe 00 00 17 71')
    expect([fields.sackCount, ...fields.sackEdges.subarray(0, 4)]).toEqual([2, 3001, 4001, 0xffff_fffe, 6001])
  })

  it('forgets the segment before', () => {
    const fields = new TcpOptionFields()
    const syn = bytesOf(synOptions)
    scanTcpOptions(syn, 0, syn.length, fields)
    expect(scanTcpOptions(syn, 0, 0, fields)).toBe(0)
    expect(fields).toMatchObject({ mss: -1, windowScale: -1, sackPermitted: false, hasTimestamp: false, sackCount: 0 })
  })

  it('RFC9293/MUST-68 lossless: any bytes come back from decode and encode, and spans tile them', () => {
    const anyOptions = fc.uint8Array({ maxLength: 60 })
    const kinds = fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 19, 28, 29, 30, 34, 172, 174, 253, 254, 77)
    const likelyKinds = fc.array(fc.tuple(kinds, fc.nat(20), fc.uint8Array({ maxLength: 20 })), { maxLength: 6 })
      .map((parts) => Uint8Array.from(parts.flatMap(([kind, length, data]) => (kind < 2 ? [kind] : [kind, length, ...data.subarray(0, Math.max(0, length - 2))]))))
    fc.assert(fc.property(fc.oneof(anyOptions, likelyKinds), (bytes) => {
      const spans = tcpOptionSpans(bytes, 0, bytes.length)
      expect(encodeTcpOptions(spans.map((span) => span.option))).toEqual(bytes)
      let at = 0
      for (const span of spans) {
        expect(span.offset).toBe(at)
        at += span.length
      }
      expect(at).toBe(bytes.length)
    }), { numRuns: 3000 })
  })

  it('RFC9293/MUST-68 every option we encode but EOL and NOP carries its length', () => {
    const all = decode('02 04 05 b4 | 03 03 07 | 04 02 | 05 0a 00 00 00 01 00 00 00 02 | 08 0a 00 00 00 01 00 00 00 02 | 1c 04 80 05 | 22 02 | 1e 04 00 00 | ac 05 00 00 01 | ae 02 | fd 04 00 01 | fe 06 f9 89 aa bb | 1d 04 01 02 | 63 03 01')
    expect(all.map((option) => option.name)).toEqual(['mss', 'wscale', 'sackOK', 'sack', 'ts', 'user-timeout', 'tfo', 'mptcp', 'accecn', 'accecn', 'experimental', 'experimental', 'tcp-ao', 'unknown'])
    for (const option of all) expect(encodeTcpOption(option)[1]).toBe(encodeTcpOption(option).length)
  })

  it('RFC9293/MUST-69 pads with End of Option List and zeros', () => {
    expect(padTcpOptions(bytesOf('03 03 07 04 02'))).toEqual(bytesOf('03 03 07 04 02 00 00 00'))
    expect(padTcpOptions(bytesOf('02 04 05 b4'))).toEqual(bytesOf('02 04 05 b4'))
  })
})
