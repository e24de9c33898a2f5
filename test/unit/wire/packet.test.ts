import { describe, expect, it } from 'vitest'
import { Layer, LinkType, Packet, decodePacket } from '../../../src/wire/packet.ts'
import { checkIpChecksum, checkTransportChecksum, expectedTransportChecksum } from '../../../src/wire/packet-checksum.ts'
import { encodePacket } from '../../../src/wire/packet-encode.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { bytesOf, frames } from '../../support/frames.ts'

function decode(frame: Uint8Array, linkType: number = LinkType.ethernet, originalLength?: number): Packet {
  const packet = new Packet()
  decodePacket(frame, 0, frame.length, linkType, packet, originalLength)
  return packet
}

describe('decodePacket', () => {
  for (const [name, frame] of Object.entries(frames)) {
    it(`decodes ${name} without an error, with good checksums, and encodes it again`, () => {
      const packet = decode(frame)
      expect(packet.error).toBeNull()
      if (packet.ipVersion === 4) expect(checkIpChecksum(packet, frame)).toBe('good')
      if (packet.protocol > 0 && !packet.isFragment) {
        expect(checkTransportChecksum(packet, frame)).toBe('good')
      }
      const again = new Uint8Array(frame.length)
      expect(encodePacket(packet, frame, again, 0)).toBe(frame.length)
      expect(again).toEqual(frame)
    })
  }

  it('reads the fields of a SYN (RFC 9293 §3.1)', () => {
    const packet = decode(frames.tcpSyn)
    expect(packet).toMatchObject({ layers: Layer.ethernet | Layer.ipv4 | Layer.tcp, ipVersion: 4, protocol: 6 })
    expect(packet).toMatchObject({ ipOffset: 14, transportOffset: 34, payloadOffset: 74, payloadLength: 0 })
    expect(packet.tcp).toMatchObject({ sourcePort: 40100, destinationPort: 80, seq: 1000, ack: 0, dataOffsetWords: 10, flags: TcpFlag.syn, window: 65535 })
    expect(packet.tcp).toMatchObject({ optionsOffset: 54, optionsLength: 20 })
    expect(packet.ipv4).toMatchObject({ source: 0x0a4d0002, destination: 0x0a4d0050, ttl: 64, flags: 2, totalLength: 60 })
  })

  it('keeps reserved bits and all nine flags', () => {
    expect(decode(frames.tcpFinEcn).tcp).toMatchObject({ reserved: 7, flags: TcpFlag.fin | TcpFlag.ack | TcpFlag.ece | TcpFlag.cwr | TcpFlag.ae })
  })

  it('takes Ethernet padding out of the payload', () => {
    expect(decode(frames.tcpPadded)).toMatchObject({ frameLength: 60, payloadOffset: 54, payloadLength: 0 })
  })

  it('reads stacked VLAN tags', () => {
    const packet = decode(frames.tcpVlan)
    expect(packet.layers & Layer.vlan).toBeTruthy()
    expect([packet.ethernet.tagCount, packet.ethernet.tagProtocols[0], packet.ethernet.tagControls[0], packet.ethernet.tagControls[1]]).toEqual([2, 0x88a8, 0x2064, 0x0065])
    expect(packet.tcp.destinationPort).toBe(80)
  })

  it('RFC8200/pseudo walks extension headers to TCP and checks its sum with protocol 6', () => {
    const packet = decode(frames.tcp6Extensions)
    expect([...packet.extensions.types.subarray(0, packet.extensions.count)]).toEqual([0, 60, 43])
    expect(packet).toMatchObject({ protocol: 6, transportOffset: 14 + 40 + 40, payloadLength: 5 })
    expect(checkTransportChecksum(packet, frames.tcp6Extensions)).toBe('good')
  })

  it('finds no transport header in a later fragment', () => {
    expect(decode(frames.fragmentLater)).toMatchObject({ isFragment: true, isLaterFragment: true, layers: Layer.ethernet | Layer.ipv4, payloadLength: 8, error: null })
    expect(decode(frames.fragmentFirst)).toMatchObject({ isFragment: true, isLaterFragment: false, error: null, payloadLength: 8 })
  })

  it('takes the length of an offloaded frame from the frame', () => {
    const frame = frames.tcpData.slice()
    frame[16] = frame[17] = 0
    expect(decode(frame)).toMatchObject({ error: null, payloadLength: 5 })
  })

  it('says what a cut capture had on the wire', () => {
    const cut = frames.tcpData.slice(0, frames.tcpData.length - 3)
    expect(decode(cut, LinkType.ethernet, frames.tcpData.length)).toMatchObject({ error: null, payloadLength: 2, payloadLengthOnWire: 5 })
    expect(checkTransportChecksum(decode(cut, LinkType.ethernet, frames.tcpData.length), cut)).toBe('unknown')
    expect(decode(cut).error).toEqual({ layer: 'ipv4', offset: 16, reason: 'lengthTooLong' })
  })

  it('keeps good outer layers of a broken segment, and says where it is broken from the start of the frame', () => {
    const frame = frames.tcpData.slice()
    frame[46] = 0x40
    const shifted = Uint8Array.from([9, 9, 9, ...frame])
    const packet = new Packet()
    decodePacket(shifted, 3, frame.length, LinkType.ethernet, packet)
    expect(packet.error).toEqual({ layer: 'tcp', offset: 46, reason: 'badHeaderLength' })
    expect(packet.layers).toBe(Layer.ethernet | Layer.ipv4 | Layer.tcp)
    expect(packet.tcp.sourcePort).toBe(40100)
  })

  it('reads raw IP, cooked and BSD loopback captures', () => {
    const ip = frames.tcpData.slice(14)
    expect(decode(ip, LinkType.rawIp).tcp.sourcePort).toBe(40100)
    const sll = Uint8Array.from([...bytesOf('00 04 00 01 00 06 02 00 00 00 00 01 00 00 08 00'), ...ip])
    expect(decode(sll, LinkType.linuxSll)).toMatchObject({ error: null, layers: Layer.cooked | Layer.ipv4 | Layer.tcp, cooked: { packetType: 4 } })
    const sll2 = Uint8Array.from([...bytesOf('08 00 00 00 00 00 00 02 00 01 04 06 02 00 00 00 00 01 00 00'), ...ip])
    expect(decode(sll2, LinkType.linuxSll2)).toMatchObject({ error: null, cooked: { interfaceIndex: 2, packetType: 4 }, payloadLength: 5 })
    for (const family of ['02 00 00 00', '00 00 00 02']) expect(decode(Uint8Array.from([...bytesOf(family), ...ip]), LinkType.bsdNull).tcp.destinationPort).toBe(80)
    expect(decode(ip, 12345).error).toMatchObject({ reason: 'unknownLinkType' })
  })
})

describe('checksum verdicts', () => {
  it('tells a wrong checksum and says the right one', () => {
    const frame = frames.tcpData.slice()
    const stored = (frame[50] << 8) | frame[51]
    frame[50] ^= 0x10
    const packet = decode(frame)
    expect(checkTransportChecksum(packet, frame)).toBe('bad')
    expect(expectedTransportChecksum(packet, frame)).toBe(stored)
  })

  it('tells what transmit offload leaves from a wrong checksum', () => {
    const frame = frames.tcpData.slice()
    let sum = 6 + frame.length - 34
    for (let i = 26; i < 34; i += 2) sum += (frame[i] << 8) | frame[i + 1]
    sum = (sum & 0xffff) + (sum >>> 16)
    frame[50] = sum >>> 8
    frame[51] = sum
    expect(checkTransportChecksum(decode(frame), frame)).toBe('partial')
  })

  it('RFC768/zero-ffff RFC8200/udp6-zero takes 0 as none on IPv4 and as wrong on IPv6', () => {
    const four = frames.udpData.slice()
    four[40] = four[41] = 0
    expect(checkTransportChecksum(decode(four), four)).toBe('none')
    const six = frames.udp6Data.slice()
    six[60] = six[61] = 0
    expect(checkTransportChecksum(decode(six), six)).toBe('bad')
  })
})
