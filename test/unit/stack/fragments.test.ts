import { describe, expect, it } from 'vitest'
import { concatBytes, readU16, readU32, writeU16, writeU32 } from '../../../src/base/bytes.ts'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { IpProtocol, isIpv4ChecksumGood } from '../../../src/wire/ipv4.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { Bench, broadcast, icmpMessage, ip, ipv4Frame, peerMac, tcpSegment, udpDatagram } from './harness.ts'
import { icmpv6Message, ip6, ipv6Frame, met6, ourIp6, peerIp6, solicitation } from './harness6.ts'

const { syn, ack } = TcpFlag
const tcp = { ...defaultTcpConfig, isn: 1000, timestamps: false, sackPermitted: false, windowScaling: false }

function met(change = {}): Bench {
  const bench = Bench.ready(change)
  bench.meets()
  return bench
}

interface PieceOptions { protocol?: number, identification?: number, tos?: number, source?: number, to?: Uint8Array }

/** Fragments of an IPv4 datagram, cut at the given offsets. */
function cut4(payload: Uint8Array, cuts: number[], options: PieceOptions = {}): Uint8Array[] {
  const { protocol = IpProtocol.icmp, identification = 7, tos = 0, source, to } = options
  const ends = [...cuts, payload.length]
  return ends.map((end, i) => {
    const start = i === 0 ? 0 : ends[i - 1]
    return ipv4Frame({ protocol, source, to, payload: payload.slice(start, end), change: { identification, tos, flags: end < payload.length ? 1 : 0, fragmentOffset: start / 8 } })
  })
}

/** The same for IPv6, behind the given extension headers. */
function cut6(nextHeader: number, payload: Uint8Array, cuts: number[], options: { ident?: number, trafficClass?: number, before?: number[] } = {}): Uint8Array[] {
  const { ident = 7, trafficClass = 0, before = [] } = options
  const ends = [...cuts, payload.length]
  return ends.map((end, i) => {
    const start = i === 0 ? 0 : ends[i - 1]
    const header = new Uint8Array(8)
    header[0] = nextHeader
    writeU16(header, 2, start | (end < payload.length ? 1 : 0))
    writeU32(header, 4, ident)
    return ipv6Frame({ nextHeader: before.length > 0 ? 60 : 44, payload: concatBytes([Uint8Array.from(before), header, payload.slice(start, end)]), change: { trafficClass } })
  })
}

function permutations<T>(items: readonly T[]): T[][] {
  return items.length === 0 ? [[]] : items.flatMap((item, i) => permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]))
}

/** What fragments carry, by their offsets; with the offset and more-fragments field of each. */
function joined(frames: Uint8Array[], headerBytes: number): Uint8Array {
  return concatBytes(frames.map((frame) => frame.slice(14 + headerBytes)))
}

/** Frames but for the neighbour solicitations that a busy host sends now and then. */
const notDiscovery = (bench: Bench) => bench.frames().filter((frame) => frame[20] !== 58 || frame[54] < 133)

const data = Uint8Array.from({ length: 100 }, (_, i) => i * 7)
const ping4 = icmpMessage(8, 0, 1, data)
const ping6 = icmpv6Message(128, 0, 1, data)

describe('IPv4 fragments', () => {
  it('make one datagram in every order [RFC791/frag-align]', () => {
    for (const order of permutations(cut4(ping4, [24, 80]))) {
      const bench = met()
      bench.receives(order[0], order[1])
      expect(bench.frames()).toEqual([])
      bench.receives(order[2])
      const [reply] = bench.frames()
      expect([...reply.slice(42)]).toEqual([...data])
      expect(bench.host.statistics().ipv4).toMatchObject({ fragments: 3, reassembled: 1 })
    }
  })

  it('are told apart by identification, protocol and source; repeated ones do no harm [RFC791/frag-align]', () => {
    const bench = met()
    const [first, last] = cut4(ping4, [40])
    bench.receives(first, cut4(ping4, [40], { identification: 8 })[1], cut4(ping4, [40], { protocol: 17 })[1], cut4(ping4, [40], { source: ip('10.77.0.9') })[1])
    expect(bench.frames()).toEqual([])
    bench.receives(first, last)
    expect(bench.frames()).toHaveLength(1)
  })

  it('form the 576 bytes that every host takes, and 65,535, and never more [RFC791/576]', () => {
    const bench = met()
    bench.receives(...cut4(icmpMessage(8, 0, 1, new Uint8Array(576 - 28)), [280]))
    expect(bench.frames()).toMatchObject([{ length: 14 + 576 }])
    const large = icmpMessage(8, 0, 1, new Uint8Array(65_535 - 28).fill(3))
    const cuts = Array.from({ length: 45 }, (_, i) => (i + 1) * 1456)
    bench.receives(...cut4(large, cuts.filter((at) => at < large.length)))
    expect(joined(bench.frames(), 20)).toHaveLength(large.length)
    bench.receives(ipv4Frame({ protocol: 1, payload: new Uint8Array(100), change: { fragmentOffset: 8191 } }))
    expect(bench.host.statistics().ipv4.malformed).toBe(1)
  })

  it('other than the last are multiples of 8 bytes, and none is empty [RFC791/frag-align]', () => {
    const bench = met()
    bench.receives(ipv4Frame({ protocol: 1, payload: ping4.slice(0, 39), change: { flags: 1 } }), ipv4Frame({ protocol: 1, payload: new Uint8Array(0), change: { flags: 1 } }))
    expect(bench.host.statistics().ipv4.malformed).toBe(2)
  })

  it('that overlap, or do not agree where the end is, spoil their datagram', () => {
    const overlapping = [ipv4Frame({ protocol: 1, payload: ping4.slice(0, 48), change: { identification: 7, flags: 1 } }), cut4(ping4, [40])[1]]
    const otherEnd = [cut4(ping4.slice(0, 96), [40])[1], cut4(ping4, [40])[1]]
    const beyondEnd = [ipv4Frame({ protocol: 1, payload: ping4.slice(96, 104), change: { identification: 7, flags: 1, fragmentOffset: 12 } }), ...cut4(ping4.slice(0, 96), [40])]
    for (const frames of [overlapping, otherEnd, beyondEnd]) {
      const bench = met()
      bench.receives(...frames)
      bench.advance(120e6)
      expect(bench.frames().filter((frame) => frame[23] === 1 && frame[34] === 0)).toEqual([])
      expect(bench.host.statistics().ipv4.fragmentsDropped).toBe(1)
    }
  })

  it('are given up after 60 s; the sender hears of it where the first one came [RFC1122/reasm-timeout]', () => {
    const bench = met()
    const [first, last] = cut4(ping4, [40])
    bench.receives(first, cut4(ping4, [40], { identification: 8 })[1], ...[cut4(ping4, [40], { identification: 9, source: ip('10.77.0.9') })[1]])
    bench.advance(59_999_999)
    expect(bench.frames()).toEqual([])
    bench.advance(1)
    const [error] = bench.frames().filter((frame) => frame[12] === 8 && frame[13] === 0)
    expect([error[34], error[35]]).toEqual([11, 1])
    expect([...error.slice(42)]).toEqual([...first.slice(14)])
    expect(bench.host.statistics().ipv4.reassemblyTimeouts).toBe(1)
    bench.receives(last)
    expect(bench.frames()).toEqual([])
  })

  it('to a broadcast address are no reason for an error [RFC1122/icmp-no-error]', () => {
    const bench = met()
    bench.receives(ipv4Frame({ protocol: 17, destination: ip('10.77.0.255'), to: broadcast, payload: ping4.slice(0, 40), change: { flags: 1 } }))
    bench.advance(61e6)
    expect(bench.frames()).toEqual([])
    expect(bench.host.statistics().ipv4.reassemblyTimeouts).toBe(1)
  })

  it.each([
    ['ECT(0) and CE make CE', [2, 3], 3], ['all Not-ECT stay so', [0, 0], 0], ['Not-ECT and CE are dropped', [0, 3], -1], ['CE and Not-ECT are dropped', [3, 0], -1],
  ] as const)('keep congestion marks: %s [RFC3168/frag]', (_what, [a, b], expected) => {
    const bench = met({ tcp: { ...tcp, ecn: true } })
    const udp = udpDatagram(1, 2, data)
    const first = cut4(udp, [40], { protocol: 17, tos: a })[0]
    const last = cut4(udp, [40], { protocol: 17, tos: b })[1]
    bench.receives(first, last)
    // The port is closed: the error quotes the datagram as it was put together.
    const frames = bench.frames()
    if (expected < 0) expect(frames).toEqual([])
    else expect(frames[0][43] & 3).toBe(expected)
  })

  it('are needed by nobody else: whole datagrams may all have one identification [RFC6864/atomic-id]', () => {
    const bench = met()
    const whole = ipv4Frame({ protocol: 1, payload: ping4, change: { identification: 7, flags: 2 } })
    bench.receives(cut4(ping4, [40])[0], whole, whole)
    expect(bench.frames()).toHaveLength(2)
  })

  it('carry TCP too', () => {
    const bench = met({ tcp })
    bench.host.listen(80)
    bench.receives(...cut4(tcpSegment({ sourcePort: 40000, destinationPort: 80, flags: syn, seq: 5 }), [8, 16], { protocol: 6 }))
    expect(bench.frames()).toMatchObject([{ 47: syn | ack }])
  })

  it('are what a long answer leaves in: no DF, offsets in order, one identification of its own', () => {
    const bench = met({ mtu: 576 })
    const long = icmpMessage(8, 0, 1, Uint8Array.from({ length: 1200 }, (_, i) => i))
    const reply = icmpMessage(0, 0, 1, long.slice(8))
    for (const ident of [1, 2]) {
      bench.receives(...cut4(long, [800], { identification: ident }))
      const frames = bench.frames()
      expect(frames.map((frame) => readU16(frame, 20))).toEqual([0x2000, 0x2000 | 69, 138])
      expect(frames.every((frame) => isIpv4ChecksumGood(frame, 14) && frame.length <= 590)).toBe(true)
      expect(new Set(frames.map((frame) => readU16(frame, 18))).size).toBe(1)
      expect(joined(frames, 20)).toEqual(reply)
    }
    expect(bench.host.statistics().ipv4).toMatchObject({ fragmentsOut: 6 })
  })
})

describe('IPv6 fragments', () => {
  it('make one packet in every order, behind extension headers too', () => {
    const destinationOptions = [44, 0, 1, 4, 0, 0, 0, 0]
    for (const before of [[], destinationOptions]) {
      for (const order of permutations(cut6(58, ping6, [24, 80], { before }))) {
        const bench = met6()
        bench.receives(...order)
        expect(bench.frames().map((frame) => [...frame.slice(62)])).toEqual([[...data]])
      }
    }
  })

  it('that overlap are all dropped silently, those to come too; exact duplicates are not [RFC8200/frag-overlap]', () => {
    const bench = met6()
    const pieces = cut6(58, ping6, [40])
    const [longer] = cut6(58, ping6, [48])
    bench.receives(pieces[0], longer, ...pieces)
    bench.advance(61e6)
    expect(notDiscovery(bench)).toEqual([])
    expect(bench.host.statistics().ipv6.fragmentsDropped).toBe(3)
    bench.receives(pieces[0], pieces[0], pieces[1])
    expect(bench.host.statistics().ipv6.reassembled).toBe(1)
  })

  it('leave packets alone that are whole and have the same identification [RFC8200/atomic-frag]', () => {
    const bench = met6()
    const [first, last] = cut6(58, ping6, [40])
    bench.receives(first, cut6(58, ping6, [])[0])
    expect(bench.frames()).toHaveLength(1)
    bench.receives(last)
    expect(bench.frames()).toHaveLength(1)
  })

  it('are given up after 60 s, and the sender of the first hears of it', () => {
    const bench = met6()
    const [first] = cut6(58, ping6, [40])
    bench.receives(first, cut6(58, ping6, [40], { ident: 8 })[1])
    bench.advance(59_999_999)
    bench.receives(solicitation({ target: ourIp6, option: peerMac }))
    expect(notDiscovery(bench)).toEqual([])
    bench.advance(1)
    const [error] = notDiscovery(bench)
    expect([error[54], error[55]]).toEqual([3, 1])
    expect([...error.slice(62)]).toEqual([...first.slice(14)])
  })

  it('of an odd length, or that end beyond 65,535 bytes, are refused with a pointer to the field (RFC 8200 §4.5)', () => {
    const bench = met6()
    bench.receives(cut6(58, ping6, [39])[0])
    const far = ipv6Frame({ nextHeader: 44, payload: Uint8Array.from([17, 0, 0xff, 0xf8, 0, 0, 0, 9, ...data]) })
    bench.receives(far)
    expect(bench.frames().map((frame) => [frame[54], frame[55], readU32(frame, 58)])).toEqual([[4, 0, 4], [4, 0, 42]])
  })

  it('must have all headers in the first one (RFC 8200 §4.5, RFC 7112)', () => {
    const bench = met6()
    bench.receives(cut6(58, ping6, [8])[0].slice(0, 14 + 48 + 8), cut6(6, data, [16])[0])
    expect(bench.frames().map((frame) => [frame[54], frame[55], readU32(frame, 58)])).toEqual([[4, 3, 0]])
  })

  it('do not hold fragments again, and no neighbour discovery (RFC 6980)', () => {
    const bench = met6()
    const inner = cut6(58, ping6, [40])[0].slice(54)
    bench.receives(...cut6(44, inner, [24]))
    expect(bench.host.statistics().ipv6).toMatchObject({ reassembled: 1, malformed: 1 })
    const solicit = icmpv6Message(135, 0, 0, Uint8Array.from([...ip6('fd00::2'), 1, 1, 2, 0, 0, 0, 0, 9]))
    bench.receives(...cut6(58, solicit, [16], { ident: 3 }))
    expect(bench.frames()).toEqual([])
    expect(bench.host.statistics().ndp.ignored).toBe(1)
  })

  it('are what a long answer leaves in, each with an identification that nobody can guess', () => {
    const bench = met6({ mtu: 1280 })
    const idents = new Set<number>()
    const long = icmpv6Message(128, 0, 1, Uint8Array.from({ length: 3000 }, (_, i) => i))
    for (const ident of [1, 2]) {
      bench.receives(...cut6(58, long, [1200, 2400], { ident }))
      const frames = bench.frames()
      expect(frames.map((frame) => [frame[20], frame[54], readU16(frame, 56)])).toEqual([[44, 58, 1], [44, 58, 1232 | 1], [44, 58, 2464]])
      expect(joined(frames, 48)).toEqual(icmpv6Message(129, 0, 1, long.slice(8), ip6('fd00::2'), peerIp6))
      idents.add(readU32(frames[0], 58))
    }
    expect(idents.size).toBe(2)
  })

  it('of any bytes are taken without a throw', () => {
    const bench = met6()
    const good = cut6(58, ping6, [24, 80], { before: [44, 0, 1, 4, 0, 0, 0, 0] })
    for (let i = 0; i < 20_000; i++) {
      const frame = good[i % 3].slice()
      for (let k = 0; k < 3; k++) frame[54 + ((i * 31 + k * 17) % (frame.length - 54))] = (i * 13 + k * 101) & 255
      bench.receives(frame)
      bench.frames()
    }
    expect(bench.host.statistics().ipv6.in).toBeGreaterThan(19_999)
  })
})
