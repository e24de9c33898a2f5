import { describe, expect, it } from 'vitest'
import { readU16 } from '../../../src/base/bytes.ts'
import { IpProtocol } from '../../../src/wire/ipv4.ts'
import { arpFrame, Bench, ethernetFrame, icmpMessage, ip, ipv4Frame, mac, otherMac, ourIp, ourMac, peerIp, peerMac } from './harness.ts'

const reply = { operation: 2, targetMac: ourMac, to: ourMac }
const ping = (source = peerIp) => ipv4Frame({ source, protocol: IpProtocol.icmp, payload: icmpMessage(8, 0, 1, new Uint8Array(4)) })

describe('ARP', () => {
  it('answers a request for our address with a unicast reply, fields swapped [RFC826/reply] [RFC1122/eth-encap]', () => {
    const bench = Bench.ready()
    bench.receives(arpFrame({ targetIp: ourIp }))
    const [frame, ...rest] = bench.frames()
    expect(rest).toEqual([])
    expect([...frame]).toEqual([
      ...peerMac, ...ourMac, 0x08, 0x06,
      0, 1, 8, 0, 6, 4, 0, 2, ...ourMac, 10, 77, 0, 2, ...peerMac, 10, 77, 0, 1,
    ])
  })

  it('does not answer for other addresses, nor to replies', () => {
    const bench = Bench.ready()
    bench.receives(arpFrame({ targetIp: ip('10.77.0.3') }), arpFrame({ ...reply, targetIp: ourIp }))
    expect(bench.sent()).toEqual([])
  })

  it('updates an entry from any packet of its sender, and adds one only if we are the target [RFC826/merge]', () => {
    const bench = Bench.ready()
    bench.receives(arpFrame({ targetIp: ip('10.77.0.3') }))
    expect(bench.host.arpTable()).toEqual([])
    bench.receives(arpFrame({ targetIp: ourIp }))
    expect(bench.host.arpTable()).toMatchObject([{ address: peerIp, mac: '02:00:00:00:00:01', state: 'reachable' }])
    bench.receives(arpFrame({ senderMac: otherMac, targetIp: ip('10.77.0.3') }))
    expect(bench.host.arpTable()).toMatchObject([{ address: peerIp, mac: '02:00:00:00:00:99' }])
  })

  it.each([
    ['hardware type 6', { hardwareType: 6 }], ['protocol type 0x86dd', { protocolType: 0x86dd }],
    ['hardware length 8', { hardwareLength: 8 }], ['protocol length 16', { protocolLength: 16 }],
  ])('ignores %s [RFC826/validate]', (_what, change) => {
    const bench = Bench.ready()
    bench.receives(arpFrame({ targetIp: ourIp, change }))
    expect(bench.sent()).toEqual([])
    expect(bench.host.arpTable()).toEqual([])
    expect(bench.host.statistics().arp.malformed).toBe(1)
  })

  it('answers a probe, whose sender address is zero, and learns nothing from it [RFC5227/answer-probe] [RFC5227/no-cache-zero]', () => {
    const bench = Bench.ready()
    bench.receives(arpFrame({ senderIp: 0, targetIp: ourIp }))
    expect(bench.sent()).toEqual(['arp reply 10.77.0.2 is-at 02:00:00:00:00:02'])
    expect(bench.host.arpTable()).toEqual([])
  })

  it('lets a packet wait for the answer and sends it once [RFC1122/arp-queue]', () => {
    const bench = Bench.ready()
    bench.receives(ping())
    expect(bench.sent()).toEqual(['arp who-has 10.77.0.1 tell 10.77.0.2'])
    bench.receives(arpFrame({ ...reply, targetIp: ourIp }))
    const frames = bench.frames()
    expect(frames).toHaveLength(1)
    expect([...frames[0].subarray(0, 6)]).toEqual([...peerMac])
    bench.advance(5e6)
    expect(bench.sent()).toEqual([])
  })

  it('keeps the latest packets while it waits, and counts those that gave way', () => {
    const bench = Bench.ready()
    for (let i = 0; i < 300; i++) bench.receives(ipv4Frame({ protocol: IpProtocol.icmp, payload: icmpMessage(8, 0, i, new Uint8Array(4)) }))
    bench.frames()
    bench.receives(arpFrame({ ...reply, targetIp: ourIp }))
    expect(bench.frames().map((frame) => readU16(frame, 40))).toEqual(Array.from({ length: 256 }, (_, i) => 44 + i))
    expect(bench.host.statistics().arp.pendingDropped).toBe(44)
  })

  it('bounds the bytes that wait for all addresses together', () => {
    const bench = Bench.ready()
    for (let last = 100; last < 110; last++) {
      for (let i = 0; i < 100; i++) bench.receives(ipv4Frame({ source: ip(`10.77.0.${last}`), protocol: IpProtocol.icmp, payload: icmpMessage(8, 0, i, new Uint8Array(1400)) }))
    }
    const kept = Math.floor(512 * 1024 / 1442)
    expect(bench.host.statistics().arp.pendingDropped).toBe(1000 - kept)
    bench.advance(10e6)
    bench.receives(ping())
    bench.frames()
    bench.meets()
    expect(bench.host.statistics().arp.pendingDropped).toBe(1000 - kept)
  })

  it('asks at most once a second for one address, three times, then gives up [RFC1122/arp-flood]', () => {
    const bench = Bench.ready()
    for (let i = 0; i < 100; i++) {
      bench.receives(ping())
      bench.advance(9_900)
    }
    expect(bench.sent()).toHaveLength(1)
    bench.advance(10e6)
    expect(bench.sent()).toEqual(['arp who-has 10.77.0.1 tell 10.77.0.2', 'arp who-has 10.77.0.1 tell 10.77.0.2'])
    expect(bench.host.arpTable()).toMatchObject([{ state: 'failed', mac: null }])
    bench.receives(ping())
    expect(bench.sent()).toHaveLength(1)
  })

  it('asks again, by unicast, before it trusts an entry older than a minute, and goes on using it meanwhile [RFC1122/arp-flood]', () => {
    const bench = Bench.ready()
    bench.meets()
    bench.advance(61e6)
    bench.receives(ping())
    const frames = bench.frames()
    expect(frames).toHaveLength(2)
    expect(frames.map((frame) => readU16(frame, 12)).sort((a, b) => a - b)).toEqual([0x0800, 0x0806])
    expect(frames.every((frame) => frame.subarray(0, 6).every((byte, i) => byte === peerMac[i]))).toBe(true)
    bench.receives(arpFrame({ ...reply, targetIp: ourIp }))
    expect(bench.host.arpTable()).toMatchObject([{ state: 'reachable', ageUs: 0 }])
    bench.receives(ping())
    expect(bench.sent()).toHaveLength(1)
  })

  it('forgets entries that nobody uses, and never holds more than 256', () => {
    const bench = Bench.ready({ prefixLength: 16 })
    for (let i = 0; i < 300; i++) bench.meets(ip(`10.77.${1 + (i >> 8)}.${i & 255}`), mac(`02:01:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`))
    expect(bench.host.arpTable()).toHaveLength(256)
    bench.advance(700e6)
    expect(bench.host.arpTable(bench.nowUs)).toEqual([])
  })

  it('asks for the gateway where the destination is outside the network, and drops where there is none', () => {
    const bench = Bench.ready({ gateway: ip('10.77.0.254') })
    bench.receives(ping(ip('192.0.2.9')))
    expect(bench.sent()).toEqual(['arp who-has 10.77.0.254 tell 10.77.0.2'])
    const alone = Bench.ready()
    alone.receives(ping(ip('192.0.2.9')))
    expect(alone.sent()).toEqual([])
    expect(alone.host.statistics().ipv4.noRoute).toBe(1)
  })

  it('ignores frames for others, its own frames, other protocols and IPv6', () => {
    const bench = Bench.ready()
    bench.receives(
      arpFrame({ targetIp: ourIp, to: otherMac }), arpFrame({ targetIp: ourIp, senderMac: ourMac }), ethernetFrame(0x86dd, new Uint8Array(40)),
      ethernetFrame(0x88cc, new Uint8Array(46)), ethernetFrame(0x8100, new Uint8Array(46)), new Uint8Array(9),
    )
    expect(bench.sent()).toEqual([])
    expect(bench.host.statistics().ethernet).toMatchObject({ notForUs: 2, ipv6: 1, unknownType: 1, tagged: 1, truncated: 1 })
  })
})
