import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import { describeFields } from '../../../src/wire/describe.ts'
import { decodePacket, Layer, LinkType, Packet } from '../../../src/wire/packet.ts'
import { encodePacket } from '../../../src/wire/packet-encode.ts'
import { bytesOf, frames } from '../../support/frames.ts'
import { linkTypeFrames } from '../../support/link-type-frames.ts'
import { mutate } from '../../support/mutate.ts'

const ip = frames.tcpData.subarray(14)
const known = linkTypeFrames(ip)

function decode(frame: Uint8Array, linkType: number): Packet {
  const packet = new Packet()
  decodePacket(frame, 0, frame.length, linkType, packet)
  return packet
}

describe('headers between link and network layer', () => {
  it.each(known)('$name leads to the same TCP segment, and comes back byte for byte', ({ frame, linkType }) => {
    const packet = decode(frame, linkType)
    const plain = decode(frames.tcpData, LinkType.ethernet)
    expect(packet.error).toBeNull()
    expect(packet.tcp).toMatchObject({ sourcePort: plain.tcp.sourcePort, seq: plain.tcp.seq, ack: plain.tcp.ack, flags: plain.tcp.flags })
    expect(packet.payloadLength).toBe(plain.payloadLength)
    const into = new Uint8Array(frame.length)
    encodePacket(packet, frame, into, 0)
    expect([...into]).toEqual([...frame])
  })

  it.each(known)('every byte of $name is in one field', ({ frame, linkType }) => {
    let at = 0
    for (const span of describeFields(decode(frame, linkType), frame)) {
      expect(span.bitOffset).toBe(at)
      at += span.bitLength
    }
    expect(at).toBe(frame.length * 8)
  })

  it('what cannot be read further ends without an error: encrypted, management, later fragment, other LLC', () => {
    const macs = '02 00 00 00 00 09 02 00 00 00 00 01 02 00 00 00 00 02'
    for (const header of [`08 41 00 00 ${macs} 10 00`, `80 00 00 00 ${macs} 10 00`, `08 01 00 00 ${macs} 11 00`, `48 01 00 00 ${macs} 10 00`, `08 01 00 00 ${macs} 10 00 42 42 03`]) {
      const packet = decode(Uint8Array.from([...bytesOf(header), 1, 2, 3, 4, 5, 6, 7, 8]), LinkType.wlan)
      expect(packet).toMatchObject({ error: null, layers: Layer.shim, ipVersion: 0 })
    }
  })

  it('every cut says where it is and keeps what is whole', () => {
    for (const { frame, linkType } of known) {
      for (let cut = 0; cut < frame.length - ip.length; cut++) {
        const { error } = decode(frame.subarray(0, cut), linkType)
        expect(error?.offset ?? 0).toBeLessThanOrEqual(cut)
      }
    }
  })

  it('30,000 mutated frames of every link type: no throw, no loop, the same bytes back', () => {
    const random = new Random(11)
    const packet = new Packet()
    const into = new Uint8Array(8192)
    for (let i = 0; i < 30_000; i++) {
      const { frame, linkType } = known[random.nextBelow(known.length)]
      const bytes = mutate(frame, random)
      decodePacket(bytes, 0, bytes.length, linkType, packet)
      encodePacket(packet, bytes, into, 0)
      for (let k = 0; k < bytes.length; k++) if (into[k] !== bytes[k]) throw new Error(`frame ${i}, link type ${linkType}: byte ${k} changed`)
      if (i % 10 === 0) describeFields(packet, bytes)
    }
  })

  it('labels without end are followed only so far', () => {
    const labels = Uint8Array.from([...bytesOf('02 00 00 00 00 01 02 00 00 00 00 02 88 47'), ...new Uint8Array(4000)])
    expect(decode(labels, LinkType.ethernet).error).toMatchObject({ layer: 'mpls', reason: 'tooManyTags' })
  })
})
