import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import { buildFrame, isFault } from '../../../src/craft/build.ts'
import { defaultDraft, ipv6Draft } from '../../../src/craft/draft.ts'
import { readFrame } from '../../../src/craft/read.ts'
import { packetTemplates, templateNames } from '../../../src/craft/templates.ts'
import { parseIpv6 } from '../../../src/wire/addresses.ts'
import { LinkType, Packet, decodePacket } from '../../../src/wire/packet.ts'
import { checkIpChecksum, checkTransportChecksum } from '../../../src/wire/packet-checksum.ts'
import { encodeTcpOptions } from '../../../src/wire/tcp-options.ts'
import { bytesOf, frames } from '../../support/frames.ts'
import { mutate } from '../../support/mutate.ts'
import type { PacketDraft, TcpDraft } from '../../../src/craft/draft.ts'

function built(draft: PacketDraft): Uint8Array {
  const frame = buildFrame(draft)
  if (isFault(frame)) throw new Error(JSON.stringify(frame))
  return frame
}

function read(frame: Uint8Array): PacketDraft {
  const draft = readFrame(frame)
  if (isFault(draft)) throw new Error(JSON.stringify(draft))
  return draft
}

function decode(frame: Uint8Array): Packet {
  const packet = new Packet()
  decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
  return packet
}

const withTcp = (changes: Partial<TcpDraft>, payload: Uint8Array = new Uint8Array(0)): PacketDraft => ({ ...defaultDraft, tcp: { ...defaultDraft.tcp, ...changes }, payload })
const draft6: PacketDraft = { ...defaultDraft, ip: ipv6Draft(parseIpv6('fd00::1')!, parseIpv6('fd00::2')!) }

const tcpFrames = Object.entries(frames).filter(([name]) => name.startsWith('tcp'))

describe('buildFrame and readFrame', () => {
  for (const [name, frame] of tcpFrames) {
    it(`${name}: a frame with good lengths and checksums reads as all automatic, and builds again`, () => {
      const draft = read(frame)
      const { ip, tcp, ethernet } = draft
      expect([ethernet.etherType, tcp.dataOffsetWords, tcp.checksum]).toEqual([null, null, null])
      if (ip.version === 4) expect([ip.headerWords, ip.totalLength, ip.protocol, ip.checksum]).toEqual([null, null, null, null])
      else expect(ip.payloadLength).toBeNull()
      expect(built(draft)).toEqual(frame)
    })
  }

  it('fills lengths and checksums on IPv4 and IPv6, odd and even payloads', () => {
    for (const base of [defaultDraft, draft6]) {
      for (const length of [0, 1, 2, 1459, 1460]) {
        const frame = built({ ...base, payload: new Uint8Array(length).fill(0x5a) })
        const packet = decode(frame)
        expect(packet).toMatchObject({ error: null, payloadLength: length })
        expect(checkTransportChecksum(packet, frame)).toBe('good')
        if (packet.ipVersion === 4) expect(checkIpChecksum(packet, frame)).toBe('good')
      }
    }
  })

  it('writes what is forced and computes the rest around it', () => {
    const frame = built(withTcp({ dataOffsetWords: 15 }))
    expect(decode(frame).error).toMatchObject({ layer: 'tcp', reason: 'headerTooLong' })
    expect(checkTransportChecksum(decode(frame), frame)).toBe('good')
    expect(read(frame).tcp.dataOffsetWords).toBe(15)
    expect(decode(built(withTcp({ checksum: 0xdead }))).tcp.checksum).toBe(0xdead)
    const ip = { ...defaultDraft.ip, version: 4 as const, totalLength: 44, checksum: 1 } as PacketDraft['ip']
    const odd = built({ ...defaultDraft, ip, payload: Uint8Array.of(1, 2, 3) })
    expect(decode(odd).ipv4).toMatchObject({ totalLength: 44, checksum: 1 })
    expect(built(read(odd))).toEqual(odd)
  })

  it('RFC9293/MUST-69 pads options with End of Option List where the offset is computed, leaves them alone where it is forced', () => {
    expect(decode(built(withTcp({ options: [{ name: 'wscale', shift: 7 }] }))).tcp).toMatchObject({ dataOffsetWords: 6, optionsLength: 4 })
    expect(built(withTcp({ options: [{ name: 'wscale', shift: 7 }], dataOffsetWords: 6 })).length).toBe(14 + 20 + 20 + 3)
  })

  it('takes more than 40 bytes of options only with a forced offset', () => {
    const options: TcpDraft['options'] = Array.from({ length: 11 }, () => ({ name: 'mss', mss: 1 }))
    expect(buildFrame(withTcp({ options }))).toEqual({ code: 'badArgument', params: { name: 'tcp.options', value: 44, expected: '0..40' } })
    expect(built(withTcp({ options, dataOffsetWords: 15 })).length).toBe(14 + 20 + 20 + 44)
  })

  it('says which field does not fit', () => {
    const cases: [PacketDraft, string][] = [
      [withTcp({ seq: 2 ** 32 }), 'tcp.seq'], [withTcp({ window: -1 }), 'tcp.window'], [withTcp({ flags: 512 }), 'tcp.flags'], [withTcp({ sourcePort: 1.5 }), 'tcp.sourcePort'],
      [withTcp({ dataOffsetWords: 16 }), 'tcp.dataOffsetWords'],
      [{ ...defaultDraft, ip: { ...draft6.ip, source: new Uint8Array(4) } as PacketDraft['ip'] }, 'ip.source'],
      [{ ...defaultDraft, ethernet: { ...defaultDraft.ethernet, source: new Uint8Array(5) } }, 'ethernet.source'],
      [{ ...draft6, ip: { ...draft6.ip, extensions: new Uint8Array(8) } as PacketDraft['ip'] }, 'ipv6.nextHeader'],
      [{ ...defaultDraft, ip: { ...defaultDraft.ip, options: new Uint8Array(44) } as PacketDraft['ip'] }, 'ipv4.options'],
    ]
    for (const [draft, name] of cases) expect(buildFrame(draft)).toMatchObject({ code: 'badArgument', params: { name } })
    expect(buildFrame(withTcp({}, new Uint8Array(65_536)))).toMatchObject({ code: 'frameTooLong', params: { limit: 65_535 } })
  })

  it('refuses frames without a TCP header', () => {
    expect(readFrame(frames.udpData)).toMatchObject({ code: 'badArgument', params: { value: 'protocol 17', expected: 'TCP' } })
    expect(readFrame(frames.arpRequest)).toMatchObject({ code: 'badArgument' })
    expect(readFrame(frames.tcpSyn.slice(0, 10))).toMatchObject({ code: 'frameTooShort', params: { length: 10, limit: 54 } })
    expect(readFrame(frames.tcpSyn.slice(0, 30))).toMatchObject({ code: 'frameTooShort', params: { limit: 54 } })
  })

  it('whatever reads builds the same bytes: 20,000 mutated frames', () => {
    const random = new Random(5)
    let rebuilt = 0
    for (let i = 0; i < 20_000; i++) {
      const frame = mutate(tcpFrames[random.nextBelow(tcpFrames.length)][1], random)
      const draft = readFrame(frame)
      if (isFault(draft)) continue
      const again = built(draft)
      if (again.length !== frame.length || again.some((byte, k) => byte !== frame[k])) throw new Error(`frame ${i}: ${Buffer.from(frame).toString('hex')}`)
      rebuilt++
    }
    expect(rebuilt).toBeGreaterThan(5000)
  })

  it('any draft that builds with automatic lengths reads back as itself', () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
    const u16 = fc.nat(0xffff)
    const tcp = fc.record({
      sourcePort: u16, destinationPort: u16, seq: u32, ack: u32, reserved: fc.nat(7), flags: fc.nat(0x1ff), window: u16, urgentPointer: u16,
      options: fc.constantFrom<TcpDraft['options']>([], [{ name: 'mss', mss: 1460 }], [{ name: 'nop' }, { name: 'nop' }, { name: 'ts', val: 1, ecr: 2 }], [{ name: 'unknown', kind: 77, data: bytesOf('01 02') }]),
      dataOffsetWords: fc.constant(null), checksum: fc.constant(null),
    })
    fc.assert(fc.property(tcp, fc.uint8Array({ maxLength: 40 }), fc.boolean(), (fields, payload, isSix) => {
      const draft: PacketDraft = { ...(isSix ? draft6 : defaultDraft), tcp: fields, payload }
      expect(read(built(draft))).toEqual(draft)
    }))
  })
})

describe('templates', () => {
  it('every one builds, and reads back to the same bytes', () => {
    for (const base of [defaultDraft, draft6, read(frames.tcpData)]) {
      for (const name of templateNames) expect(built(read(built(packetTemplates[name](base))))).toEqual(built(packetTemplates[name](base)))
    }
  })

  it('the broken ones are broken in the way they say', () => {
    const errorOf = (name: keyof typeof packetTemplates) => decode(built(packetTemplates[name](defaultDraft))).error?.reason
    expect([errorOf('shortOffset'), errorOf('longOffset'), errorOf('syn')]).toEqual(['badHeaderLength', 'headerTooLong', undefined])
    const bad = built(packetTemplates.badChecksum(defaultDraft))
    expect(checkTransportChecksum(decode(bad), bad)).toBe('bad')
    expect(read(built(packetTemplates.zeroLengthOption(defaultDraft))).tcp.options.at(-1)!.name).toBe('malformed')
    expect(encodeTcpOptions(packetTemplates.syn(defaultDraft).tcp.options).length % 4).toBe(0)
  })
})
