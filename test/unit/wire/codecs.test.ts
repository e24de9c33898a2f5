import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ArpHeader, decodeArp, encodeArp } from '../../../src/wire/arp.ts'
import { CookedHeader, decodeCooked, encodeCooked } from '../../../src/wire/cooked.ts'
import { EthernetHeader, decodeEthernet, encodeEthernet } from '../../../src/wire/ethernet.ts'
import { IcmpHeader, decodeIcmp, encodeIcmp } from '../../../src/wire/icmp.ts'
import { Icmpv6Header, NeighborMessage, decodeIcmpv6, decodeNdpOptions, decodeNeighbor, encodeIcmpv6, encodeNeighbor } from '../../../src/wire/icmpv6.ts'
import { Ipv4Header, decodeIpv4, decodeIpv4Options, encodeIpv4, fillIpv4, isIpv4ChecksumGood } from '../../../src/wire/ipv4.ts'
import { Ipv6Extensions, Ipv6Header, decodeIpv6, encodeIpv6, maxExtensionHeaders, walkIpv6Extensions } from '../../../src/wire/ipv6.ts'
import { TcpHeader, decodeTcp, encodeTcp } from '../../../src/wire/tcp.ts'
import { UdpHeader, decodeUdp, encodeUdp, fillUdp, isUdpChecksumGood } from '../../../src/wire/udp.ts'
import { pseudoHeaderSum4Of } from '../../../src/wire/checksum.ts'
import { concatBytes } from '../../../src/base/bytes.ts'
import { bytesOf } from '../../support/frames.ts'
import type { WireError } from '../../../src/wire/error.ts'

interface Codec {
  /** Bits of the first bytes that make most random bytes decode. */
  readonly shape: (bytes: Uint8Array) => void
  readonly decode: (bytes: Uint8Array, at: number, length: number) => WireError | null
  /** Into a buffer, from the header of the last decode. @returns bytes written */
  readonly encode: (bytes: Uint8Array, into: Uint8Array, at: number) => number
}

const ethernet = new EthernetHeader()
const cooked = new CookedHeader()
const arp = new ArpHeader()
const ipv4 = new Ipv4Header()
const ipv6 = new Ipv6Header()
const icmp = new IcmpHeader()
const icmpv6 = new Icmpv6Header()
const udp = new UdpHeader()
const tcp = new TcpHeader()

const keep = () => {}

const codecs: Record<string, Codec> = {
  ethernet: {
    shape: (bytes) => { if (bytes[11] & 1) { bytes[12] = 0x81; bytes[13] = 0 } },
    decode: (bytes, at, length) => decodeEthernet(bytes, at, length, ethernet),
    encode: (_, into, at) => encodeEthernet(ethernet, into, at),
  },
  linuxSll: {
    shape: keep,
    decode: (bytes, at, length) => decodeCooked('linuxSll', bytes, at, length, cooked),
    encode: (_, into, at) => encodeCooked(cooked, into, at),
  },
  linuxSll2: {
    shape: keep,
    decode: (bytes, at, length) => decodeCooked('linuxSll2', bytes, at, length, cooked),
    encode: (_, into, at) => encodeCooked(cooked, into, at),
  },
  bsdNull: {
    shape: keep,
    decode: (bytes, at, length) => decodeCooked('bsdNull', bytes, at, length, cooked),
    encode: (_, into, at) => encodeCooked(cooked, into, at),
  },
  arp: {
    shape: (bytes) => { bytes[4] = bytes[4] & 1 ? 6 : bytes[4] & 15; bytes[5] = bytes[5] & 1 ? 4 : bytes[5] & 15 },
    decode: (bytes, at, length) => decodeArp(bytes, at, length, arp),
    encode: (_, into, at) => encodeArp(arp, into, at),
  },
  ipv4: {
    shape: (bytes) => { bytes[0] = 0x40 | (bytes[0] & 0xf) },
    decode: (bytes, at, length) => decodeIpv4(bytes, at, length, ipv4),
    encode: (bytes, into, at) => encodeIpv4(ipv4, bytes, ipv4.optionsOffset, ipv4.optionsLength, into, at),
  },
  ipv6: {
    shape: (bytes) => { bytes[0] = 0x60 | (bytes[0] & 0xf) },
    decode: (bytes, at, length) => decodeIpv6(bytes, at, length, ipv6),
    encode: (_, into, at) => encodeIpv6(ipv6, into, at),
  },
  icmp: {
    shape: keep,
    decode: (bytes, at, length) => decodeIcmp(bytes, at, length, icmp),
    encode: (_, into, at) => encodeIcmp(icmp, into, at),
  },
  icmpv6: {
    shape: keep,
    decode: (bytes, at, length) => decodeIcmpv6(bytes, at, length, icmpv6),
    encode: (_, into, at) => encodeIcmpv6(icmpv6, into, at),
  },
  udp: {
    shape: keep,
    decode: (bytes, at, length) => decodeUdp(bytes, at, length, udp),
    encode: (_, into, at) => encodeUdp(udp, into, at),
  },
  tcp: {
    shape: keep,
    decode: (bytes, at, length) => decodeTcp(bytes, at, length, tcp),
    encode: (bytes, into, at) => encodeTcp(tcp, bytes, tcp.optionsOffset, tcp.optionsLength, into, at),
  },
}

describe('codecs are lossless, whatever the fields say', () => {
  for (const [name, codec] of Object.entries(codecs)) {
    it(`${name}: what decodes encodes to the same bytes, at any offset`, () => {
      let decoded = 0
      fc.assert(fc.property(fc.uint8Array({ minLength: 60, maxLength: 90 }), fc.nat(9), (random, at) => {
        codec.shape(random)
        const bytes = concatBytes([new Uint8Array(at), random])
        const error = codec.decode(bytes, at, random.length)
        if (error && name !== 'ethernet' && name !== 'tcp') return
        decoded++
        const into = new Uint8Array(bytes.length + 3).fill(0xa5)
        const written = codec.encode(bytes, into, at + 3)
        expect(into.subarray(at + 3, at + 3 + written)).toEqual(bytes.subarray(at, at + written))
        expect(into.subarray(at + 3 + written).every((byte) => byte === 0xa5)).toBe(true)
      }), { numRuns: 500 })
      expect(decoded).toBeGreaterThan(100)
    })

    it(`${name}: says so when cut at any length, and reads nothing behind it`, () => {
      fc.assert(fc.property(fc.uint8Array({ minLength: 60, maxLength: 60 }), fc.nat(59), (bytes, length) => {
        codec.shape(bytes)
        const whole = codec.decode(bytes, 0, length)
        const cut = codec.decode(bytes.slice(0, length), 0, length)
        expect(cut).toEqual(whole)
        if (whole) expect(whole.offset).toBeLessThanOrEqual(60)
      }), { numRuns: 500 })
    })
  }
})

describe('IPv4', () => {
  it('RFC791/hdr-checksum is filled so that the header sums to all ones', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 60, maxLength: 60 }), fc.integer({ min: 5, max: 15 }), (bytes, words) => {
      bytes[0] = 0x40 | words
      fillIpv4(bytes, 0, 60)
      expect(isIpv4ChecksumGood(bytes, 0)).toBe(true)
      bytes[9] ^= 0x20
      expect(isIpv4ChecksumGood(bytes, 0)).toBe(false)
    }))
  })

  it('lists options without losing a byte, also malformed ones', () => {
    expect(decodeIpv4Options(bytesOf('94 04 00 00 01 07 03 00 00 ff'), 0, 10).map((option) => option.name)).toEqual(['router-alert', 'nop', 'record-route', 'eol', 'padding'])
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(concatBytes(decodeIpv4Options(bytes, 0, bytes.length).map((option) => option.bytes))).toEqual(bytes)
    }))
  })
})

describe('IPv6 extension headers', () => {
  const walk = (text: string, nextHeader: number) => {
    const bytes = bytesOf(text)
    const into = new Ipv6Extensions()
    return { into, error: walkIpv6Extensions(bytes, 0, bytes.length, nextHeader, 6, into) }
  }

  it('RFC8200/ext-order walks in order and says which byte named the protocol', () => {
    expect(walk('3c 00 01 04 00 00 00 00 | 06 00 01 04 00 00 00 00', 0)).toMatchObject({ error: null, into: { count: 2, upperProtocol: 6, upperOffset: 16, upperNamedAt: 8 } })
    expect(walk('', 253)).toMatchObject({ error: null, into: { count: 0, upperProtocol: 253, upperNamedAt: 6 } })
  })

  it('ends at the limit of a chain that never ends, and at the end of the bytes', () => {
    const endless = '3c 00 01 04 00 00 00 00 '.repeat(40)
    expect(walk(endless, 60)).toMatchObject({ error: { reason: 'tooManyExtensionHeaders', offset: 8 * maxExtensionHeaders }, into: { count: maxExtensionHeaders } })
    expect(walk('06 01 01 04 00 00 00 00', 0).error).toMatchObject({ reason: 'headerTooLong', offset: 1 })
    expect(walk('06 00 01', 0).error).toMatchObject({ reason: 'truncated' })
  })

  it('stops behind a later fragment, goes on behind a first one', () => {
    expect(walk('3c 00 00 01 00 00 00 07 | 06 00 01 04 00 00 00 00', 44).into).toMatchObject({ isFragment: true, moreFragments: true, fragmentOffset: 0, fragmentId: 7, upperProtocol: 6 })
    expect(walk('3c 00 00 08 00 00 00 07 | 06 00 01 04 00 00 00 00', 44).into).toMatchObject({ fragmentOffset: 1, moreFragments: false, upperProtocol: 60, upperOffset: 8 })
  })

  it('finds the final destination of a route that is still to be followed, and the jumbo length', () => {
    const address = '20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 09'
    expect(walk(`06 02 02 01 00 00 00 00 ${address}`, 43).into.finalDestinationAt).toBe(8)
    expect(walk(`06 02 02 00 00 00 00 00 ${address}`, 43).into.finalDestinationAt).toBe(-1)
    expect(walk(`06 04 00 02 00 00 00 00 ${address} ${address}`, 43).into.finalDestinationAt).toBe(24)
    expect(walk('06 00 c2 04 00 01 11 70', 0).into.jumboLength).toBe(70_000)
  })
})

describe('ICMPv6 neighbour messages', () => {
  it('go both ways', () => {
    for (const type of [135, 136]) {
      const message = Object.assign(new NeighborMessage(), { hasLinkLayerAddress: true })
      message.target.set([0xfd, 1, 2, 3])
      message.linkLayerAddress.set([2, 0, 0, 0, 0, 9])
      const bytes = new Uint8Array(40)
      encodeIcmpv6(Object.assign(new Icmpv6Header(), { type }), bytes, 0)
      const length = encodeNeighbor(type, message, bytes, 0)
      const again = new NeighborMessage()
      expect(decodeNeighbor(bytes, 0, length, again)).toBeNull()
      expect(again).toEqual(message)
      expect(decodeNdpOptions(bytes, 24, length - 24)).toMatchObject([{ type: type - 134, isMalformed: false }])
    }
  })

  it('RFC4861/validate-ns an option of length 0 is an error, not a loop', () => {
    const bytes = new Uint8Array(40)
    bytes[0] = 135
    expect(decodeNeighbor(bytes, 0, 40, new NeighborMessage())).toMatchObject({ reason: 'badOptionLength', offset: 24 })
    expect(decodeNdpOptions(bytes, 24, 16)).toMatchObject([{ isMalformed: true }])
  })
})

describe('UDP', () => {
  it('RFC768/pseudo RFC768/zero-ffff fills checksums that verify; a computed zero becomes all ones', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 8, maxLength: 41 }), (bytes) => {
      const pseudoSum = pseudoHeaderSum4Of(0x0a000001, 0x0a000002, 17, bytes.length)
      fillUdp(bytes, 0, bytes.length, pseudoSum)
      expect(isUdpChecksumGood(bytes, 0, bytes.length, pseudoSum)).toBe(true)
    }))
    const bytes = bytesOf('00 00 00 00 00 00 00 00 00 00')
    fillUdp(bytes, 0, 10, 0xffff - 10)
    expect([bytes[6], bytes[7]]).toEqual([0xff, 0xff])
  })
})
