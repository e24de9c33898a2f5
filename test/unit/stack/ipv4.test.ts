import { describe, expect, it } from 'vitest'
import { readU16 } from '../../../src/base/bytes.ts'
import { isIpv4ChecksumGood, IpProtocol } from '../../../src/wire/ipv4.ts'
import { Bench, broadcast, icmpMessage, ip, ipv4Frame, ourIp } from './harness.ts'

const data = Uint8Array.from({ length: 57 }, (_, i) => i)
const request = icmpMessage(8, 0, 0x1234_0007, data)
const ping = (change: Partial<Parameters<typeof ipv4Frame>[0]> = {}) => ipv4Frame({ protocol: IpProtocol.icmp, payload: request, ...change })

function met(change = {}): Bench {
  const bench = Bench.ready(change)
  bench.meets()
  return bench
}

describe('IPv4', () => {
  it('sends a good header: TTL 64, checksum, our source; an answer to echo may be fragmented on its way [RFC791/hdr-checksum] [RFC1122/ip-ttl]', () => {
    const bench = met()
    bench.receives(ping())
    const [frame] = bench.frames()
    expect(isIpv4ChecksumGood(frame, 14)).toBe(true)
    expect([...frame.subarray(14, 18)]).toEqual([0x45, 0, 0, 20 + 8 + 57])
    expect(readU16(frame, 20)).toBe(0)
    expect([...frame.subarray(22, 24)]).toEqual([64, 1])
    expect([...frame.subarray(26, 34)]).toEqual([10, 77, 0, 2, 10, 77, 0, 1])
  })

  it.each([0, 1, 255])('takes a packet with TTL %i [RFC1122/ip-ttl]', (ttl) => {
    const bench = met()
    bench.receives(ping({ change: { ttl } }))
    expect(bench.frames()).toHaveLength(1)
  })

  it('cuts link padding off by the total length [RFC791/ihl-len]', () => {
    const bench = met()
    bench.receives(ping({ payload: icmpMessage(8, 0, 1, new Uint8Array(2)), padding: 16 }))
    expect(bench.frames()[0]).toHaveLength(14 + 20 + 10)
  })

  it.each([
    ['version 5', { version: 5 }, 'malformed'], ['IHL 4', { headerWords: 4 }, 'malformed'], ['total length beyond the frame', { totalLength: 200 }, 'malformed'],
    ['total length below the header', { totalLength: 19 }, 'malformed'], ['a first fragment', { flags: 1 }, 'fragments'], ['a later fragment', { fragmentOffset: 2 }, 'fragments'],
    ['another destination', { destination: ip('10.77.0.3') }, 'notForUs'], ['source 127.0.0.1', { source: ip('127.0.0.1') }, 'badSource'],
    ['source 224.0.0.5', { source: ip('224.0.0.5') }, 'badSource'], ['source 0.0.0.0', { source: 0 }, 'badSource'], ['source 255.255.255.255', { source: 0xffff_ffff }, 'badSource'],
    ['the network\'s broadcast as source', { source: ip('10.77.0.255') }, 'badSource'], ['our own address as source', { source: ourIp }, 'badSource'],
  ] as const)('drops %s silently, and counts it [RFC791/ihl-len] [RFC1122/ip-dst]', (_what, change, counter) => {
    const bench = met()
    bench.receives(ping({ change }))
    expect(bench.sent()).toEqual([])
    expect(bench.host.statistics().ipv4[counter]).toBe(1)
  })

  it('drops a broken header checksum [RFC791/hdr-checksum]', () => {
    const bench = met()
    const frame = ping()
    frame[24] ^= 1
    bench.receives(frame)
    expect(bench.sent()).toEqual([])
    expect(bench.host.statistics().ipv4.badChecksum).toBe(1)
  })

  it('drops a unicast packet in a broadcast frame (RFC 1122 §3.3.6)', () => {
    const bench = met()
    bench.receives(ping({ to: broadcast }))
    expect(bench.sent()).toEqual([])
  })

  it('answers from the address that was asked, where it has several [RFC1122/src-select]', () => {
    const bench = met({ moreIpv4: [ip('10.77.0.50')] })
    bench.receives(ping({ destination: ip('10.77.0.50') }))
    expect(bench.sent()[0]).toMatch(/^10\.77\.0\.50 > 10\.77\.0\.1 /)
  })

  it('walks any bytes without a throw', () => {
    const bench = met()
    const good = ping()
    for (let i = 0; i < 20_000; i++) {
      const frame = good.slice(0, 14 + (i * 7) % (good.length - 13))
      for (let k = 0; k < 3; k++) frame[14 + ((i * 31 + k * 17) % Math.max(1, frame.length - 14))] = (i * 13 + k * 101) & 255
      bench.receives(frame)
      bench.frames()
    }
    expect(bench.host.statistics().ipv4.in).toBe(20_000)
  })
})
