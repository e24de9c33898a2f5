import { describe, expect, it } from 'vitest'
import { describeFields, fieldNames } from '../../../src/wire/describe.ts'
import { LinkType, Packet, decodePacket } from '../../../src/wire/packet.ts'
import { Random } from '../../../src/base/random.ts'
import { frames } from '../../support/frames.ts'
import { mutate } from '../../support/mutate.ts'
import type { FieldSpan } from '../../../src/wire/describe.ts'

function fieldsOf(frame: Uint8Array, at = 0, linkType: number = LinkType.ethernet): FieldSpan[] {
  const packet = new Packet()
  decodePacket(frame, at, frame.length - at, linkType, packet)
  return describeFields(packet, frame)
}

function texts(name: string, prefix: string): Record<string, string> {
  return Object.fromEntries(fieldsOf(frames[name]).filter((span) => span.name.startsWith(prefix)).map((span) => [span.name.slice(prefix.length), span.text]))
}

/** Every bit of the frame is in exactly one span, in order. */
function expectTiled(spans: readonly FieldSpan[], length: number): void {
  let bit = 0
  for (const span of spans) {
    if (span.bitOffset !== bit || span.bitLength <= 0) throw new Error(`${span.name} at bit ${span.bitOffset}, expected ${bit}`)
    bit += span.bitLength
  }
  expect(bit).toBe(length * 8)
}

describe('describeFields', () => {
  for (const [name, frame] of Object.entries(frames)) {
    it(`tiles ${name} with known fields`, () => {
      const spans = fieldsOf(frame)
      expectTiled(spans, frame.length)
      expect(spans.map((span) => span.name).filter((field) => !fieldNames.includes(field))).toEqual([])
    })
  }

  it('reads every field of a TCP header', () => {
    expect(texts('tcpFinEcn', 'tcp.')).toMatchObject({
      sourcePort: '40100', destinationPort: '80', seq: '1001', ack: '2001', dataOffset: '5', reserved: '7', 'flags.ae': '1', 'flags.cwr': '1', 'flags.ece': '1', 'flags.urg': '0',
      'flags.ack': '1', 'flags.psh': '0', 'flags.rst': '0', 'flags.syn': '0', 'flags.fin': '1', window: '65535', urgentPointer: '0' })
    expect(texts('tcpSyn', 'tcp.option.')).toEqual({ mss: 'mss 1460', sackOK: 'sackOK', ts: 'TS val 1 ecr 0', nop: 'nop', wscale: 'wscale 7' })
  })

  it('reads addresses and IP fields', () => {
    expect(texts('tcpSyn', 'ipv4.')).toMatchObject({ source: '10.77.0.2', destination: '10.77.0.80', ttl: '64', 'flags.dontFragment': '1', identification: '0x1234', totalLength: '60' })
    expect(texts('tcp6Syn', 'ipv6.')).toMatchObject({ source: '2001:db8::1', flowLabel: '0xcdef0', dscp: '42', ecn: '3' })
    expect(texts('tcpVlan', 'vlan.')).toMatchObject({ id: '101' })
    expect(texts('neighborAdvertisement', 'icmpv6.')).toMatchObject({ 'flags.solicited': '1', 'flags.router': '0', target: '2001:db8::2', option: '0201020000000002' })
  })

  it('tells padding from payload', () => {
    expect(fieldsOf(frames.tcpPadded).at(-1)).toMatchObject({ layer: 'trailer', name: 'trailer.data', bitOffset: 54 * 8, bitLength: 48 })
    expect(fieldsOf(frames.tcpData).at(-1)).toMatchObject({ layer: 'payload', text: '68656c6c6f' })
  })

  it('counts bits from the start of the frame, wherever that is', () => {
    const shifted = Uint8Array.from([1, 2, 3, ...frames.tcpData])
    expect(fieldsOf(shifted, 3)).toEqual(fieldsOf(frames.tcpData))
  })

  it('tiles 5,000 mutated frames of every link type', () => {
    const random = new Random(20)
    const kinds = Object.values(frames)
    const linkTypes = [LinkType.ethernet, LinkType.ethernet, LinkType.ethernet, LinkType.rawIp, LinkType.linuxSll, LinkType.linuxSll2, LinkType.bsdNull]
    for (let i = 0; i < 5000; i++) {
      const frame = mutate(kinds[random.nextBelow(kinds.length)], random)
      expectTiled(fieldsOf(frame, 0, linkTypes[random.nextBelow(linkTypes.length)]), frame.length)
    }
  })
})
