import { describe, expect, it } from 'vitest'
import { writeU16 } from '../../../src/base/bytes.ts'
import { mldTimes } from '../../../src/stack/mld.ts'
import { formatIpv6 } from '../../../src/wire/addresses.ts'
import { decodePacket, LinkType, Packet } from '../../../src/wire/packet.ts'
import { checkTransportChecksum } from '../../../src/wire/packet-checksum.ts'
import type { Bench } from './harness.ts'
import { allNodes, icmpv6Message, ip6, ipv6Frame, ready6, routerAdvertisement, solicitation } from './harness6.ts'

const speaking = { multicastReports: true }
const querier = ip6('fe80::1')
const ours = ['ff02::1:ff00:2']

interface Report { source: string, destination: string, to: string, type: number, records: [type: number, group: string][] }

/** The listener messages among what was sent, checked as a router would. */
function reports(bench: Bench): Report[] {
  return bench.frames().flatMap((frame) => {
    const packet = new Packet()
    decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
    const { type } = packet.icmpv6
    if (packet.protocol !== 58 || ![131, 132, 143].includes(type)) return []
    expect(checkTransportChecksum(packet, frame)).toBe('good')
    expect(frame[21]).toBe(1)
    expect([...frame.subarray(54, 62)]).toEqual([58, 0, 5, 2, 0, 0, 1, 0])
    const count = type === 143 ? (frame[68] << 8) | frame[69] : 1
    const records = Array.from({ length: count }, (_, i): [number, string] => type === 143 ? [frame[70 + i * 20], formatIpv6(frame, 74 + i * 20)] : [0, formatIpv6(frame, 70)])
    return [{ source: formatIpv6(frame, 22), destination: formatIpv6(frame, 38), to: Buffer.from(frame.subarray(0, 6)).toString('hex'), type, records }]
  })
}

interface Query { group?: Uint8Array, delayMs?: number, version?: 1 | 2, source?: Uint8Array, hopLimit?: number, alert?: boolean, extra?: number }

function query({ group = ip6('::'), delayMs = 1000, version = 2, source = querier, hopLimit = 1, alert = true, extra = 0 }: Query = {}): Uint8Array {
  const destination = group[0] === 0xff ? group : allNodes
  const data = new Uint8Array((version === 2 ? 20 : 16) + extra)
  data.set(group)
  const rest = new Uint8Array(4)
  writeU16(rest, 0, delayMs)
  const message = icmpv6Message(130, 0, ((rest[0] << 24) | (rest[1] << 16)) >>> 0, data, source, destination)
  const header = alert ? Uint8Array.of(58, 0, 5, 2, 0, 0, 1, 0) : new Uint8Array(0)
  return ipv6Frame({ nextHeader: alert ? 0 : 58, payload: Uint8Array.from([...header, ...message]), source, destination, hopLimit })
}

describe('multicast listener reports', () => {
  it('tell at the start which groups are listened to, from a link-local address, twice within a second', () => {
    const bench = ready6(speaking)
    bench.host.stop()
    bench.host.start(bench.nowUs)
    bench.advance(0)
    const first = reports(bench)
    expect(first).toEqual([{ source: 'fe80::ff:fe00:2', destination: 'ff02::16', to: '333300000016', type: 143, records: ours.map((group) => [4, group]) }])
    bench.advance(mldTimes.unsolicitedUs + 1)
    expect(reports(bench)).toEqual(first)
    bench.advance(60e6)
    expect(reports(bench)).toEqual([])
  })

  it('go out before an address is asked for, from nowhere while there is none, and again from the address', () => {
    const bench = ready6({ ...speaking, probeIpv6: true })
    bench.host.stop()
    bench.host.start(bench.nowUs)
    bench.advance(10e6)
    const kinds = bench.frames().flatMap((frame) => {
      const packet = new Packet()
      decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
      return packet.protocol === 58 ? [`${packet.icmpv6.type} ${formatIpv6(frame, 22)}`] : []
    })
    expect(kinds[0]).toBe('143 ::')
    expect(kinds.indexOf('135 ::')).toBeGreaterThan(0)
    expect(kinds.filter((kind) => kind === '143 fe80::ff:fe00:2').length).toBeGreaterThanOrEqual(2)
  })

  it('tell of the group of an address that a router gives, and of its end', () => {
    const bench = ready6({ ...speaking, stableIpv6Secret: Uint32Array.of(1, 2, 3, 4) })
    bench.advance(5e6)
    bench.frames()
    bench.receives(routerAdvertisement({ valid: 7300, preferred: 7200 }))
    bench.advance(0)
    const [joined] = reports(bench)
    expect(joined.records).toMatchObject([[4, expect.stringMatching(/^ff02::1:ff/) as string]])
    bench.advance(10e6)
    bench.frames()
    bench.advance(7300e6)
    expect(reports(bench)[0].records).toEqual([[3, joined.records[0][1]]])
  })

  it('answer a query for all groups, once, within the time that it gives', () => {
    const bench = ready6(speaking)
    bench.receives(query({ delayMs: 1000 }), query({ delayMs: 1000 }))
    expect(reports(bench)).toEqual([])
    bench.advance(1e6)
    expect(reports(bench)).toEqual([{ source: 'fe80::ff:fe00:2', destination: 'ff02::16', to: '333300000016', type: 143, records: ours.map((group) => [2, group]) }])
    expect(bench.host.statistics().mld).toMatchObject({ queriesIn: 2, ignored: 0 })
  })

  it('answer a query for a group that is ours, and no other', () => {
    const bench = ready6(speaking)
    bench.receives(query({ group: ip6('ff02::1:ff00:2'), delayMs: 0 }))
    bench.advance(0)
    expect(reports(bench)).toMatchObject([{ records: [[2, 'ff02::1:ff00:2']] }])
    bench.receives(query({ group: allNodes, delayMs: 0 }))
    bench.advance(10e6)
    expect(reports(bench)).toEqual([])
  })

  it('read long delays as RFC 3810 §5.1.3 writes them', () => {
    const bench = ready6(speaking)
    // Exponent 1, mantissa 0: 65,536 ms.
    bench.receives(query({ delayMs: 0x9000 }))
    bench.advance(65.536e6)
    expect(reports(bench)).toHaveLength(1)
  })

  it('speak version 1 while a router does, and version 2 again later', () => {
    const bench = ready6(speaking)
    bench.receives(query({ version: 1, delayMs: 0 }))
    bench.advance(0)
    expect(reports(bench)).toEqual([{ source: 'fe80::ff:fe00:2', destination: ours[0], to: '3333ff000002', type: 131, records: [[0, ours[0]]] }])
    bench.advance(mldTimes.olderQuerierUs)
    bench.receives(query({ delayMs: 0 }))
    bench.advance(0)
    expect(reports(bench)).toMatchObject([{ type: 143 }])
  })

  const wrong: [string, Query][] = [
    ['from beyond the link', { hopLimit: 64 }],
    ['from an address that is not link-local', { source: ip6('fd00::1') }],
    ['without a router alert', { alert: false }],
    ['of a length that no version has', { version: 1, extra: 2 }],
  ]
  for (const [what, change] of wrong) {
    it(`are not sent for queries ${what}`, () => {
      const bench = ready6(speaking)
      bench.receives(query({ delayMs: 0, ...change }))
      bench.advance(10e6)
      expect(reports(bench)).toEqual([])
      expect(bench.host.statistics().mld).toMatchObject({ queriesIn: 0, ignored: 1 })
    })
  }

  it('are left out where the host is told so, and never fill up whatever is asked', () => {
    const quiet = ready6()
    quiet.receives(query({ delayMs: 0 }))
    quiet.advance(10e6)
    expect(reports(quiet)).toEqual([])
    const bench = ready6(speaking)
    for (let i = 0; i < 1000; i++) bench.receives(query({ delayMs: 10_000 }))
    bench.receives(solicitation({ target: ip6('fd00::2'), source: querier }))
    bench.advance(10e6)
    expect(reports(bench)).toHaveLength(1)
  })
})
