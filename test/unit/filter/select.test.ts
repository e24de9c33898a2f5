import { describe, expect, it } from 'vitest'
import { fieldTable } from '../../../src/filter/field-table.ts'
import { fieldTexts } from '../../../src/filter/text.ts'
import { filterFrames, FilterCapture } from '../../support/filter-capture.ts'
import { frames } from '../../support/frames.ts'

const capture = new FilterCapture(filterFrames())
const kinds = Object.keys(frames)
const total = capture.frames.length

/** The kinds of frames among the first ones that pass. */
const kindsOf = (text: string) => capture.select(text).filter((number) => number <= kinds.length).map((number) => kinds[number - 1])

describe('filtering', () => {
  it('lets everything through where there is nothing to filter by', () => {
    expect(capture.select('  ')).toHaveLength(total)
  })

  it('means any occurrence with ==, and none with !=', () => {
    expect(kindsOf('tcp.port == 80')).toContain('tcpSyn')
    expect(capture.select('tcp.port != 80')).not.toContain(3)
    expect(kindsOf('tcp.port !== 80')).toContain('tcpSyn')
    expect(kindsOf('any tcp.port != 80')).toContain('tcpSyn')
    expect(kindsOf('tcp.port === 80')).toEqual([])
  })

  it('finds addresses by network, bytes by slices, text by patterns', () => {
    expect(kindsOf('ipv6.addr == 2001:db8::/32')).toEqual(kinds.filter((kind) => /6|neighbor/.test(kind)))
    expect(kindsOf('eth.dst[0] == 0xff')).toEqual(['arpRequest'])
    expect(kindsOf('tcp.payload[-2:] == "lo" and not vlan')).toEqual(['tcpData', 'tcpIpOptions', 'tcp6Extensions'])
    expect(kindsOf('udp.payload matches "^h.*o$"')).toEqual(['udpData', 'udp6Data'])
    expect(kindsOf('ip.src#2 == 10.77.0.2')).toEqual(['icmpTooBig'])
    expect(kindsOf('ip.proto == TCP and ip.ttl in {60..64}')).toContain('tcpRst')
  })

  it('knows what the tracker knows', () => {
    const retransmissions = capture.select('tcp.analysis.retransmission')
    expect(retransmissions.length).toBeGreaterThan(5)
    expect(capture.select('finding == "retransmission"')).toEqual(retransmissions)
    expect(capture.select('tcp.analysis.flags')).toEqual(capture.select('finding'))
    expect(capture.select('tcp.state.client == ESTABLISHED and tcp.state.server == "ESTABLISHED"').length).toBeGreaterThan(5)
    expect(capture.select('checksum == "good" and frame.number < 26').length).toBeGreaterThan(10)
  })

  it.each([1, 2])('answers from columns as it does from bytes, in %i passes', (passes) => {
    const capture = new FilterCapture(filterFrames(), undefined, passes === 1)
    const fields = fieldTable.filter(({ columns, type }) => columns !== undefined && type !== 'none')
    expect(fields.length).toBeGreaterThan(25)
    for (const { name, type } of fields) {
      expect(capture.select(name), name).toEqual(capture.selectSingly(name))
      if (type === 'protocol') continue
      const value = type === 'ipv4' ? '10.0.0.2' : type === 'boolean' ? '1' : '80'
      const tests = [`${name} == ${value}`, `${name} != ${value}`, `${name} > ${value}`, `all ${name} <= ${value}`, `not ${name} == ${value}`, `${name} in {${value}, ${value}..${type === 'ipv4' ? '10.0.0.9' : '2000'}}`, `${name} in {${value}, ${type === 'ipv4' ? '10.0.0.3, 10.1.0.0/16' : '3, 1, 60..70'}}`]
      if (type === 'ipv4') tests.push(`${name} == 10.0.0.0/24`, `${name} & 255.0.0.0 == 10.0.0.0`)
      if (type.startsWith('uint')) tests.push(`${name} & 3`, `${name} % 7 == 3`, `${name} + 5 > tcp.dstport`, `${name} / 0 == 1`)
      for (const text of tests) expect(capture.select(text), text).toEqual(capture.selectSingly(text))
    }
  })

  it('joins tests as logic has it', () => {
    const sets = ['tcp.port == 80', 'tcp.len > 100', 'ip', 'tcp.flags.syn == 1', 'frame.len < 80', 'udp'].map((text) => [text, new Set(capture.select(text))] as const)
    const all = Array.from({ length: total }, (_, i) => i + 1)
    for (const [a, inA] of sets) {
      expect(capture.select(`not ${a}`)).toEqual(all.filter((number) => !inA.has(number)))
      for (const [b, inB] of sets) {
        expect(capture.select(`${a} and ${b}`)).toEqual(all.filter((number) => inA.has(number) && inB.has(number)))
        expect(capture.select(`${a} or ${b}`)).toEqual(all.filter((number) => inA.has(number) || inB.has(number)))
        expect(capture.select(`not (${a} or not ${b})`)).toEqual(all.filter((number) => !inA.has(number) && inB.has(number)))
      }
    }
  })

  it('reads dates as UTC, local time and offsets', () => {
    const first = capture.select('frame.number == 1')
    for (const date of ['2023-11-14 22:13:20', '2023-11-14T22:13:20Z', '2023-11-15 07:13:20+09:00', 'Nov 14, 2023 22:13:20 UTC']) expect(capture.select(`frame.time == "${date}"`), date).toEqual(first)
    expect(capture.select('frame.time_relative < 0.003')).toEqual([1, 2, 3])
  })
})

describe('the field table', () => {
  it('has each name once, in small letters', () => {
    const names = fieldTable.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z0-9_.]+$/)
  })

  it('reads every field of every packet, cut anywhere, without a throw', () => {
    const lengths = [7, 15, 27, 35, 50, 62]
    const cut = filterFrames({ streams: 2, segments: 5 }).flatMap(({ bytes, timeNs }) =>
      lengths.map((length) => ({ timeNs, bytes: bytes.slice(0, length), originalLength: bytes.length })))
    const damaged = new FilterCapture(cut)
    for (let i = 0; i < cut.length; i++) {
      damaged.view.moveTo(i)
      for (const field of fieldTable) fieldTexts(field, damaged.view, String)
    }
    expect(damaged.select('frame.cap_len < frame.len').length).toBeGreaterThan(100)
  })
})
