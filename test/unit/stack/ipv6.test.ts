import { describe, expect, it } from 'vitest'
import { readU16, readU32 } from '../../../src/base/bytes.ts'
import { Network } from '../../../src/sim/network.ts'
import { Echo } from '../../../src/stack/applications/echo.ts'
import { Transfer } from '../../../src/stack/applications/transfer.ts'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { TcpState } from '../../../src/tcp/state.ts'
import { formatIpv6 } from '../../../src/wire/addresses.ts'
import { foldChecksum, pseudoHeaderSum6, sumBytes } from '../../../src/wire/checksum.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { Bench, ip, mac } from './harness.ts'
import { allNodes, icmpv6Frame, icmpv6Message, ip6, ipv6Frame, met6, ourIp6, ourLinkLocal, peerIp6, tcp6, udp6, unspecified } from './harness6.ts'

const data = Uint8Array.from({ length: 57 }, (_, i) => i)
const echo = (more = {}) => icmpv6Frame(128, 0, 0x1234_0007, data, more)
const tcp = { ...defaultTcpConfig, isn: 1000, timestamps: false, sackPermitted: false, windowScaling: false }
const { syn, ack, psh } = TcpFlag

const isSumGood = (frame: Uint8Array) => foldChecksum(sumBytes(frame, 54, frame.length - 54, pseudoHeaderSum6(frame, 22, 38, frame[20], frame.length - 54))) === 0
/** ICMPv6 type, code and second word. */
const errors = (bench: Bench) => bench.frames().filter((frame) => frame[20] === 58 && frame[54] < 128).map((frame) => [frame[54], frame[55], readU32(frame, 58)])
/** A header of type `next` before `payload`, its options `options` padded to 6 bytes. */
const withOptions = (next: number, options: number[], payload: Uint8Array) => Uint8Array.from([next, 0, ...options, ...new Uint8Array(6 - options.length), ...payload])
const pingPayload = icmpv6Message(128, 0, 1, data)

describe('IPv6', () => {
  it('answers echo from the address that was asked, with the same data [RFC4443/echo]', () => {
    const bench = met6()
    bench.receives(echo())
    const [frame] = bench.frames()
    expect([formatIpv6(frame, 22), formatIpv6(frame, 38), frame[21], frame[54], frame[55]]).toEqual(['fd00::2', 'fd00::1', 64, 129, 0])
    expect(readU32(frame, 58)).toBe(0x1234_0007)
    expect([...frame.subarray(62)]).toEqual([...data])
    expect(isSumGood(frame)).toBe(true)
  })

  it('hears its addresses, all nodes and its solicited-node group, and nothing else [RFC4291/own-addrs] [RFC4291/solicited-node]', () => {
    const source = ip6('fe80::1')
    for (const [destination, from] of [[ourLinkLocal, ourLinkLocal], [allNodes, ourLinkLocal], [ip6('ff02::1:ff00:2'), ourLinkLocal]]) {
      const bench = met6()
      bench.receives(echo({ destination, source }))
      // Nobody has told us this neighbour's MAC: the answer waits for it.
      expect(formatIpv6(bench.frames()[0], 22)).toBe(formatIpv6(from))
    }
    const bench = met6()
    bench.receives(echo({ destination: ip6('fd00::3') }), echo({ destination: ip6('ff02::1:ff00:3') }), echo({ destination: ip6('::1') }))
    expect(bench.frames()).toEqual([])
  })

  it.each(['ff02::1', '::1', '::', 'fd00::2'])('drops the source %s [RFC4291/invalid-src]', (text) => {
    const bench = met6()
    bench.receives(echo({ source: ip6(text) }), ipv6Frame({ source: ip6(text), nextHeader: 17, payload: udp6(1, 2, data) }))
    bench.advance(3e6)
    expect(bench.frames()).toEqual([])
  })

  it('takes hop limit 0, cuts link padding off, and drops what is cut short [RFC8200/hdr]', () => {
    const bench = met6()
    bench.receives(echo({ hopLimit: 0, padding: 9 }))
    expect(bench.frames()).toMatchObject([{ length: 14 + 40 + 8 + 57 }])
    bench.receives(echo({ change: { payloadLength: 66 } }), echo({ change: { version: 5 } }))
    expect(bench.frames()).toEqual([])
    expect(bench.host.statistics().ipv6.malformed).toBe(2)
  })

  it('walks extension headers in their order and points at what it does not know; checksums go by the protocol behind them [RFC8200/ext-order] [RFC8200/pseudo]', () => {
    const bench = met6()
    bench.receives(ipv6Frame({ nextHeader: 0, payload: withOptions(60, [], withOptions(58, [1, 4], pingPayload)) }))
    expect(bench.frames()).toMatchObject([{ 54: 129 }])
    bench.receives(ipv6Frame({ nextHeader: 253, payload: data }))
    expect(errors(bench)).toEqual([[4, 1, 6]])
    bench.receives(ipv6Frame({ nextHeader: 60, payload: withOptions(253, [], data) }))
    expect(errors(bench)).toEqual([[4, 1, 40]])
    bench.receives(ipv6Frame({ nextHeader: 60, payload: withOptions(0, [], withOptions(58, [], pingPayload)) }))
    expect(errors(bench)).toEqual([[4, 1, 40]])
    bench.receives(ipv6Frame({ nextHeader: 43, payload: Uint8Array.from([58, 0, 77, 1, 0, 0, 0, 0, ...pingPayload]) }))
    expect(errors(bench)).toEqual([[4, 0, 42]])
    bench.receives(ipv6Frame({ nextHeader: 59, payload: data }))
    expect(bench.frames()).toEqual([])
  })

  it('does with unknown options what their high bits say [RFC8200/opt-action]', () => {
    const send = (type: number, destination = ourIp6) => {
      const bench = met6()
      const payload = withOptions(58, [type, 2, 0, 0], icmpv6Message(128, 0, 1, data, peerIp6, destination))
      bench.receives(ipv6Frame({ nextHeader: 60, destination, payload }))
      return bench.frames().map((frame) => [frame[54], frame[55], readU32(frame, 58)])
    }
    expect(send(0x1e)).toEqual([[129, 0, 1]])
    expect(send(0x5e)).toEqual([])
    expect(send(0x9e)).toEqual([[4, 2, 42]])
    expect(send(0xde)).toEqual([[4, 2, 42]])
    expect(send(0x9e, allNodes)).toEqual([[4, 2, 42]])
    expect(send(0xde, allNodes)).toEqual([])
  })

  it('takes an atomic fragment at once [RFC8200/atomic-frag]', () => {
    const bench = met6({ tcp })
    bench.host.listen(7)
    bench.receives(ipv6Frame({ nextHeader: 44, payload: Uint8Array.from([6, 0, 0, 0, 0, 0, 0, 9, ...tcp6({ sourcePort: 40000, destinationPort: 7, flags: syn, seq: 5 })]) }))
    expect(bench.frames()).toMatchObject([{ 20: 6, 67: syn | ack }])
  })

  it('is not spoken unless asked for', () => {
    const bench = Bench.ready()
    bench.receives(echo())
    expect(bench.frames()).toEqual([])
    expect(bench.host.statistics().ethernet.ipv6).toBe(1)
    expect(bench.host.connect(peerIp6, 80, {}, bench.nowUs)).toMatchObject({ code: 'hostUnreachable' })
  })
})

describe('ICMPv6 errors', () => {
  it('quote as much as fits into 1280 bytes, and say port unreachable [RFC4443/error-size]', () => {
    const bench = met6()
    const cause = ipv6Frame({ nextHeader: 17, payload: udp6(1, 9999, new Uint8Array(1400).fill(7)) })
    bench.receives(cause)
    const [frame] = bench.frames()
    expect([frame.length, frame[54], frame[55]]).toEqual([14 + 1280, 1, 4])
    expect([...frame.subarray(62)]).toEqual([...cause.subarray(14, 14 + 1280 - 48)])
    expect(isSumGood(frame)).toBe(true)
  })

  it('are never about errors, groups, or sources that are no host', () => {
    const bench = met6()
    const unknown = (more = {}) => ipv6Frame({ nextHeader: 253, payload: data, ...more })
    bench.receives(icmpv6Frame(1, 4, 0, data), icmpv6Frame(100, 0, 0, data), unknown({ destination: allNodes }), unknown({ source: unspecified }), unknown({ to: mac('33:33:00:00:00:01') }))
    expect(bench.frames()).toEqual([])
  })

  it('are limited: twenty at once, then twenty a second [RFC4443/rate]', () => {
    const bench = met6()
    for (let i = 0; i < 1000; i++) bench.receives(ipv6Frame({ nextHeader: 253, payload: data }))
    expect(errors(bench)).toHaveLength(20)
    expect(bench.host.statistics().icmpv6.errorsLimited).toBe(980)
  })

  it('about a SYN of ours end the attempt; about other numbers or other connections they do nothing', () => {
    const bench = met6({ tcp })
    bench.host.connect(peerIp6, 80, { localPort: 1024 }, bench.nowUs)
    const [sent] = bench.frames()
    const about = (change: (quote: Uint8Array) => void) => {
      const quote = sent.slice(14)
      change(quote)
      bench.receives(icmpv6Frame(1, 4, 0, quote))
      return bench.events().map(({ kind }) => kind)
    }
    expect(about((quote) => { quote[44] ^= 0x40 })).toEqual([])
    expect(about((quote) => { quote[41] ^= 1 })).toEqual([])
    expect(about((quote) => { quote[39] ^= 1 })).toEqual([])
    expect(about(() => {})).toContain('unreachable')
  })
})

describe('UDP over IPv6', () => {
  it('must have a checksum, and a right one [RFC8200/udp6-zero]', () => {
    const bench = met6()
    const none = udp6(1, 2, data)
    none[6] = none[7] = 0
    const wrong = udp6(1, 2, data)
    wrong[10] ^= 1
    bench.receives(ipv6Frame({ nextHeader: 17, payload: none }), ipv6Frame({ nextHeader: 17, payload: wrong }))
    expect(bench.frames()).toEqual([])
    expect(bench.host.statistics().udp.badChecksum).toBe(2)
    bench.receives(ipv6Frame({ nextHeader: 17, payload: udp6(1, 2, data) }))
    expect(bench.frames()).toHaveLength(1)
  })
})

describe('TCP over IPv6', () => {
  const segment = (change: Parameters<typeof tcp6>[0], bytes?: Uint8Array<ArrayBuffer>, more: { source?: Uint8Array, destination?: Uint8Array, to?: Uint8Array } = {}) =>
    ipv6Frame({ nextHeader: 6, payload: tcp6({ sourcePort: 40000, destinationPort: 7, ...change }, bytes, more.source, more.destination), ...more })

  it('accepts, with MSS MTU minus 60 and its checksum over the IPv6 pseudo-header [RFC8200/mss] [RFC9293/MUST-2]', () => {
    const bench = met6({ tcp })
    bench.host.listen(7)
    bench.receives(segment({ flags: syn, seq: 500 }))
    const [frame] = bench.frames()
    expect([frame[67], readU16(frame, 54 + 22), frame.length]).toEqual([syn | ack, 1440, 14 + 40 + 24])
    expect(isSumGood(frame)).toBe(true)
    bench.receives(segment({ flags: ack, seq: 501, ack: 1001 }))
    const accepted = bench.events().find(({ kind }) => kind === 'accepted')!
    expect(bench.host.record(accepted.connection)).toMatchObject({ localAddress: ourIp6, remoteAddress: peerIp6, localPort: 7, remotePort: 40000 })
    const flipped = segment({ flags: ack | psh, seq: 501, ack: 1001 }, Uint8Array.of(1, 2, 3))
    flipped[75] ^= 1
    bench.receives(flipped)
    expect(bench.host.connection(accepted.connection)!.receivableBytes).toBe(0)
    bench.receives(segment({ flags: ack | psh, seq: 501, ack: 1001 }, Uint8Array.of(1, 2, 3)))
    expect(bench.host.connection(accepted.connection)!.receivableBytes).toBe(3)
  })

  it('refuses on closed ports, and is silent to groups [RFC9293/MUST-57]', () => {
    const bench = met6({ tcp })
    bench.receives(segment({ flags: syn, seq: 500 }))
    const [frame] = bench.frames()
    expect([frame[67], readU32(frame, 62)]).toEqual([TcpFlag.rst | ack, 501])
    expect(isSumGood(frame)).toBe(true)
    bench.host.listen(7)
    for (const more of [{ destination: allNodes }, { source: allNodes }, { source: unspecified }]) bench.receives(segment({ flags: syn }, undefined, more))
    expect(bench.frames()).toEqual([])
    expect([...bench.host.connections()]).toEqual([])
  })

  it('listens on one address alone where told so', () => {
    const bench = met6({ tcp })
    expect(bench.host.listen(7, { address: ourLinkLocal })).toBeNull()
    expect(bench.host.listen(7, { address: ourLinkLocal })).toMatchObject({ code: 'portInUse' })
    bench.receives(segment({ flags: syn }))
    expect(bench.frames()).toMatchObject([{ 67: TcpFlag.rst | ack }])
  })

  it('refuses to connect to groups, to itself and to nobody', () => {
    const bench = met6()
    for (const address of [allNodes, unspecified, ourIp6, ip6('::1')]) expect(bench.host.connect(address, 80, {}, bench.nowUs)).toMatchObject({ code: 'addressInvalid' })
    expect(bench.host.connect(peerIp6, 80, { localAddress: ip6('fd00::77') }, bench.nowUs)).toMatchObject({ code: 'addressInvalid' })
    expect(bench.host.connect(peerIp6, 80, { localPort: 1024 }, bench.nowUs)).toBeTypeOf('number')
    expect(bench.host.connect(peerIp6, 80, { localPort: 1024 }, bench.nowUs)).toMatchObject({ code: 'connectionExists', params: { local: '[fd00::2]:1024' } })
  })

  it('keeps a neighbour reachable by its acknowledgments [RFC4861/nud]', () => {
    const bench = met6({ tcp })
    bench.host.listen(7)
    bench.receives(segment({ flags: syn, seq: 500 }))
    bench.frames()
    expect(bench.host.ndpTable()).toMatchObject([{ state: 'delay' }])
    bench.receives(segment({ flags: ack, seq: 501, ack: 1001 }))
    expect(bench.host.ndpTable()).toMatchObject([{ state: 'reachable' }])
    bench.frames()
    bench.advance(10e6)
    expect(bench.frames()).toEqual([])
  })

  it('carries 300,000 bytes there and back between two hosts, beside IPv4 on the same ports', () => {
    const network = new Network({ seed: 5 })
    const host = (last: number) => ({ ipv6: true, ipv6Addresses: [{ address: ip6(`fd00::${last}`), prefixLength: 64 }] })
    const a = network.add({ name: 'a', address: ip('10.0.0.1'), host: host(1) })
    const b = network.add({ name: 'b', address: ip('10.0.0.2'), host: host(2) })
    b.applications.serve(7, () => new Echo())
    const start = (address: number | Uint8Array) => {
      let left = 300_000
      let sum = 0
      const transfer = new Transfer({
        source: (into) => {
          const count = Math.min(into.length, left)
          into.fill(left & 0xff, 0, count)
          left -= count
          return count === 0 ? -1 : count
        },
        sink: (_bytes, _at, length) => { sum += length },
      })
      const id = a.applications.connect(address, 7, transfer, { localPort: 2000 }, network.nowUs) as number
      return { id, received: () => sum }
    }
    const both = [start(ip('10.0.0.2')), start(ip6('fd00::2'))]
    network.run(20e6)
    for (const { id, received } of both) {
      expect(received()).toBe(300_000)
      expect(a.host.connection(id)!.state).toBe(TcpState.timeWait)
    }
  })
})
