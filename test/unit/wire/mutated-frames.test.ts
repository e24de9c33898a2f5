import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import { printPacket } from '../../../src/wire/one-line.ts'
import { LinkType, Packet, decodePacket } from '../../../src/wire/packet.ts'
import { checkIpChecksum, checkTransportChecksum, expectedTransportChecksum } from '../../../src/wire/packet-checksum.ts'
import { encodePacket } from '../../../src/wire/packet-encode.ts'
import { TcpOptionFields, scanTcpOptions } from '../../../src/wire/tcp-options.ts'
import { frames } from '../../support/frames.ts'
import { mutate } from '../../support/mutate.ts'

const linkTypes = [LinkType.ethernet, LinkType.ethernet, LinkType.ethernet, LinkType.ethernet, LinkType.rawIp, LinkType.linuxSll, LinkType.linuxSll2, LinkType.bsdNull]

describe('hostile bytes', () => {
  it('20,000 mutated frames: no throw, offsets inside the frame, the same bytes back', () => {
    const random = new Random(2026)
    const kinds = Object.values(frames)
    const packet = new Packet()
    const fields = new TcpOptionFields()
    const into = new Uint8Array(4096)
    let broken = 0
    for (let i = 0; i < 20_000; i++) {
      const mutated = mutate(kinds[random.nextBelow(kinds.length)], random)
      const at = random.nextBelow(5)
      // Bytes around the frame that no decoder may read: the result is the same with others.
      const bytes = new Uint8Array(at + mutated.length + 64).fill(random.nextU32())
      bytes.set(mutated, at)
      const end = at + mutated.length
      const originalLength = random.nextBelow(4) === 0 ? mutated.length + random.nextBelow(2000) : undefined
      decodePacket(bytes, at, mutated.length, linkTypes[random.nextBelow(linkTypes.length)], packet, originalLength)
      if (packet.error) {
        broken++
        if (packet.error.offset < 0 || packet.error.offset > mutated.length) throw new Error(`frame ${i}: error offset ${packet.error.offset} of ${mutated.length}`)
      }
      if (packet.payloadLength < 0 || packet.payloadOffset + packet.payloadLength > Math.max(end, packet.payloadOffset)) throw new Error(`frame ${i}: payload outside of the frame`)
      encodePacket(packet, bytes, into, 7)
      for (let k = 0; k < mutated.length; k++) if (into[7 + k] !== mutated[k]) throw new Error(`frame ${i}: byte ${k} changed`)
      if (packet.layers & 0x100) scanTcpOptions(bytes, packet.tcp.optionsOffset, packet.tcp.optionsLength, fields)
      checkIpChecksum(packet, bytes)
      checkTransportChecksum(packet, bytes)
      expectedTransportChecksum(packet, bytes)
      printPacket(packet, bytes, { ipInfo: true })
    }
    expect(broken).toBeGreaterThan(2000)
    expect(broken).toBeLessThan(18_000)
  })

  it('decodes the same whatever stands behind the frame', () => {
    const random = new Random(7)
    const kinds = Object.values(frames)
    for (let i = 0; i < 2000; i++) {
      const mutated = mutate(kinds[random.nextBelow(kinds.length)], random)
      const lines = [0, 0xff, 0x45].map((filler) => {
        const bytes = new Uint8Array(mutated.length + 100).fill(filler)
        bytes.set(mutated)
        const packet = new Packet()
        decodePacket(bytes, 0, mutated.length, LinkType.ethernet, packet)
        const { error, layers, protocol, payloadOffset, payloadLength } = packet
        return JSON.stringify([printPacket(packet, bytes), error, layers, protocol, payloadOffset, payloadLength, checkTransportChecksum(packet, bytes)])
      })
      expect(new Set(lines).size).toBe(1)
    }
  })
})
