import { describe, expect, it } from 'vitest'
import { sumBytes, foldChecksum } from '../../../src/wire/checksum.ts'
import { IpProtocol } from '../../../src/wire/ipv4.ts'
import { Bench, broadcast, icmpMessage, ip, ipv4Frame, mac, peerIp, ourIp, udpDatagram } from './harness.ts'

function met(change = {}): Bench {
  const bench = Bench.ready(change)
  bench.meets()
  return bench
}

const icmp = (type: number, code: number, rest: number, data: Uint8Array = new Uint8Array(0), more = {}) =>
  ipv4Frame({ protocol: IpProtocol.icmp, payload: icmpMessage(type, code, rest, data), ...more })

describe('ICMP echo', () => {
  it('answers with addresses swapped, identifier, sequence and data as they came, checksum right [RFC792/echo]', () => {
    const bench = met()
    const data = Uint8Array.from({ length: 57 }, (_, i) => 200 - i)
    bench.receives(icmp(8, 0, 0xbeef_0003, data))
    const [frame] = bench.frames()
    expect([...frame.subarray(34, 36)]).toEqual([0, 0])
    expect([...frame.subarray(38, 42)]).toEqual([0xbe, 0xef, 0, 3])
    expect([...frame.subarray(42)]).toEqual([...data])
    expect(foldChecksum(sumBytes(frame, 34, frame.length - 34))).toBe(0)
  })

  it('does not answer a bad checksum, a broadcast, or where it is told not to', () => {
    const bench = met()
    const broken = icmp(8, 0, 1, new Uint8Array(8))
    broken[44] ^= 4
    bench.receives(broken, icmp(8, 0, 1, new Uint8Array(8), { destination: ip('10.77.0.255'), to: broadcast }))
    bench.receives(icmp(8, 0, 1, new Uint8Array(8), { destination: ip('224.0.0.1'), to: mac('01:00:5e:00:00:01') }))
    expect(bench.sent()).toEqual([])
    expect(bench.host.statistics().icmp).toMatchObject({ in: 3, badChecksum: 1, ignored: 2 })
    const quiet = met({ answerEcho: false })
    quiet.receives(icmp(8, 0, 1))
    expect(quiet.sent()).toEqual([])
  })

  it('drops unknown types silently [RFC1122/icmp-unknown]', () => {
    const bench = met()
    bench.receives(icmp(200, 0, 0))
    expect(bench.sent()).toEqual([])
    expect(bench.host.statistics().icmp.unknownType).toBe(1)
  })
})

describe('ICMP errors', () => {
  const datagram = udpDatagram(40000, 9999, Uint8Array.from([1, 2, 3, 4, 5]))
  const udp = (more = {}) => ipv4Frame({ protocol: IpProtocol.udp, payload: datagram, ...more })

  it('says port unreachable and quotes the datagram [RFC1122/udp-unreach] [RFC792/error-quote]', () => {
    const bench = met()
    const cause = udp()
    bench.receives(cause)
    const [frame] = bench.frames()
    expect([...frame.subarray(34, 36)]).toEqual([3, 3])
    expect([...frame.subarray(42)]).toEqual([...cause.subarray(14)])
    expect(foldChecksum(sumBytes(frame, 34, frame.length - 34))).toBe(0)
  })

  it('quotes at most what fits into 576 bytes', () => {
    const bench = met()
    bench.receives(ipv4Frame({ protocol: IpProtocol.udp, payload: udpDatagram(1, 2, new Uint8Array(1400)) }))
    expect(bench.frames()[0]).toHaveLength(14 + 576)
  })

  it('says protocol unreachable for a protocol it does not speak', () => {
    const bench = met()
    bench.receives(ipv4Frame({ protocol: 132, payload: new Uint8Array(12) }))
    expect([...bench.frames()[0].subarray(34, 36)]).toEqual([3, 2])
  })

  it('is never about errors, broadcast, multicast, fragments or sources that are no host [RFC1122/icmp-no-error]', () => {
    const bench = met()
    const quote = udp().subarray(14)
    bench.receives(
      icmp(3, 3, 0, quote), icmp(11, 0, 0, quote),
      udp({ destination: ip('10.77.0.255'), to: broadcast }), udp({ destination: 0xffff_ffff, to: broadcast }),
      udp({ destination: ip('224.0.0.1'), to: mac('01:00:5e:00:00:01') }),
      udp({ change: { fragmentOffset: 100 } }), udp({ source: ip('240.0.0.1') }), udp({ source: ip('10.77.0.0') }),
    )
    expect(bench.sent()).toEqual([])
  })

  it('is limited: twenty at once, then twenty a second', () => {
    const bench = met()
    for (let i = 0; i < 100; i++) bench.receives(udp())
    expect(bench.frames()).toHaveLength(20)
    expect(bench.host.statistics().icmp.errorsLimited).toBe(80)
    bench.advance(500_000)
    for (let i = 0; i < 100; i++) bench.receives(udp())
    expect(bench.frames()).toHaveLength(10)
  })
})

describe('UDP', () => {
  const send = (bench: Bench, payload: Uint8Array) => { bench.receives(ipv4Frame({ protocol: IpProtocol.udp, payload })); return bench.frames().length }

  it('verifies the checksum over pseudo-header, header and data, odd lengths too [RFC768/pseudo] [RFC1122/udp-badsum]', () => {
    const bench = met()
    for (let length = 0; length < 9; length++) expect(send(bench, udpDatagram(1, 2, new Uint8Array(length).fill(0xa5)))).toBe(1)
    const broken = udpDatagram(1, 2, new Uint8Array(3))
    broken[9] ^= 0x10
    expect(send(bench, broken)).toBe(0)
    expect(send(bench, udpDatagram(1, 2, new Uint8Array(3), peerIp, ip('10.77.0.9')))).toBe(0)
    expect(bench.host.statistics().udp.badChecksum).toBe(2)
  })

  it('takes a zero field for no checksum, and all ones for a sum of zero [RFC768/zero-ffff]', () => {
    const bench = met()
    const none = udpDatagram(1, 2, new Uint8Array(4))
    none[6] = none[7] = 0
    expect(send(bench, none)).toBe(1)
    // Source 0x0a4d0001, destination 0x0a4d0002, protocol 17, lengths 2 × 10, ports 1 and 2: the data makes the sum 0xffff.
    const sum = 0x0a4d + 1 + 0x0a4d + 2 + 17 + 10 + 10 + 1 + 2
    const rest = 0xffff - sum
    const allOnes = udpDatagram(1, 2, Uint8Array.of(rest >>> 8, rest & 255))
    expect([allOnes[6], allOnes[7]]).toEqual([0xff, 0xff])
    expect(send(bench, allOnes)).toBe(1)
  })

  it('drops a length below 8 or beyond the packet, and ignores bytes behind a shorter one [RFC768/len]', () => {
    const bench = met()
    const short = udpDatagram(1, 2, new Uint8Array(4))
    short[5] = 7
    const long = udpDatagram(1, 2, new Uint8Array(4))
    long[5] = 13
    expect(send(bench, short) + send(bench, long)).toBe(0)
    expect(bench.host.statistics().udp.malformed).toBe(2)
    const trailing = new Uint8Array(20)
    trailing.set(udpDatagram(1, 2, new Uint8Array(4)))
    trailing.fill(0xee, 12)
    expect(send(bench, trailing)).toBe(1)
  })

  it('takes an unfinished checksum only where the link is known to leave it to the card', () => {
    const unfinished = udpDatagram(1, 2, new Uint8Array(5))
    const pseudo = 0x0a4d + 1 + 0x0a4d + 2 + 17 + 13
    unfinished[6] = pseudo >>> 8
    unfinished[7] = pseudo & 255
    expect(send(met(), unfinished)).toBe(0)
    expect(send(met({ acceptUnfinishedChecksums: true }), unfinished)).toBe(1)
    expect(ourIp).toBe(0x0a4d0002)
  })
})
