import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildDatagram, datagramFromOneLine } from '../../../src/craft/datagram.ts'
import { defaultDraft } from '../../../src/craft/draft.ts'
import { formatIpv4, formatIpv6 } from '../../../src/wire/addresses.ts'
import { isOneLineError } from '../../../src/wire/one-line-cursor.ts'
import { isDatagramLine, parseOneLineDatagram } from '../../../src/wire/one-line-datagram.ts'
import { printPacket } from '../../../src/wire/one-line.ts'
import { LinkType, Packet, decodePacket } from '../../../src/wire/packet.ts'
import { checkTransportChecksum } from '../../../src/wire/packet-checksum.ts'
import { frames } from '../../support/frames.ts'

const defaults = { ethernet: defaultDraft.ethernet, ip: defaultDraft.ip, sourcePort: 40000, destinationPort: 53 }

function built(line: string): Uint8Array {
  const draft = datagramFromOneLine(line, defaults)
  if (isOneLineError(draft)) throw new Error(JSON.stringify(draft))
  const frame = buildDatagram(draft)
  if (!(frame instanceof Uint8Array)) throw new Error(JSON.stringify(frame))
  return frame
}

function print(frame: Uint8Array): string {
  const packet = new Packet()
  decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
  expect(packet.error).toBeNull()
  expect(checkTransportChecksum(packet, frame)).toBe('good')
  return printPacket(packet, frame)
}

describe('lines of UDP and ICMP', () => {
  const lines = [
    '10.77.0.2:12345 > 10.77.0.80:53 udp (5)',
    '[fd00::1]:7 > [fd00::2]:65535 udp (0)',
    '10.77.0.2 > 10.77.0.80 icmp echo_request id 4660 seq 1 (5)',
    '10.77.0.2 > 10.77.0.80 icmp unreachable frag_needed mtu 1400 [10.77.0.80:40100 > 10.77.0.2:80 tcp seq 4294967295]',
    '10.77.0.2 > 10.77.0.80 icmp unreachable port_unreachable [10.77.0.80:40100 > 10.77.0.2:9 udp]',
    '10.77.0.2 > 10.77.0.80 icmp redirect host_redirect gateway 10.77.0.3 [10.77.0.80 > 192.0.2.9 protocol 47]',
    '10.77.0.2 > 10.77.0.80 icmp type_77 code_3 (4)',
    'fd00::1 > fd00::2 icmpv6 echo_reply id 1 seq 65535 (3)',
    'fd00::1 > fd00::2 icmpv6 packet_too_big mtu 1280 [[fd00::2]:40100 > [fd00::1]:80 tcp seq 7]',
    'fd00::1 > fd00::2 icmpv6 time_exceeded ttl_exceeded [[fd00::2]:40100 > [fd00::9]:80 udp]',
    'fe80::1 > ff02::1:ff00:2 icmpv6 neighbor_solicitation target fe80::2 (16)',
  ]
  for (const line of lines) it(`builds and prints again: ${line}`, () => { expect(print(built(line))).toBe(line) })

  it('takes from the defaults what the line leaves out, and fills data and IP fields in', () => {
    expect(print(built('udp (5) data "hello"'))).toBe('192.0.2.1:40000 > 192.0.2.2:53 udp (5)')
    expect(Buffer.from(built('7 > 9 udp (5) data "hello"').subarray(42)).toString()).toBe('hello')
    expect(print(built('7 > 9 udp (5)'))).toBe('192.0.2.1:7 > 192.0.2.2:9 udp (5)')
    expect(built('(ttl 3, tos 0x10) icmp echo_request (0)').subarray(15, 23)).toEqual(Uint8Array.of(0x10, 0, 28, 0, 0, 0x40, 0, 3))
    expect(built('fd00::1 > fd00::2 icmp echo_request (0)')[20]).toBe(58)
  })

  it('gives discovery the hop limit that it must have, unless the line says another', () => {
    expect(built('fe80::1 > fe80::2 icmpv6 neighbor_solicitation target fe80::2 (16)')[21]).toBe(255)
    expect(built('(hlim 64) fe80::1 > fe80::2 icmpv6 neighbor_solicitation target fe80::2 (16)')[21]).toBe(64)
    expect(built('fe80::1 > fe80::2 icmpv6 echo_request (0)')[21]).toBe(64)
  })

  it('forces a wrong checksum where the line says so', () => {
    expect(built('10.0.0.1:1 > 10.0.0.2:2 udp (0) checksum 0').subarray(40, 42)).toEqual(Uint8Array.of(0, 0))
    expect(built('10.0.0.1 > 10.0.0.2 icmp echo_request (0) checksum 0x1234').subarray(36, 38)).toEqual(Uint8Array.of(0x12, 0x34))
  })

  it('refuses what fits no packet', () => {
    const draft = datagramFromOneLine('udp (65535)', defaults)
    expect(isOneLineError(draft) ? null : buildDatagram(draft)).toMatchObject({ code: 'frameTooLong', params: { limit: 65535 } })
  })

  const wrong: [string, number, string][] = [
    ['udp', 4, '(len)'],
    ['udp (70000)', 5, '(0..65535)'],
    ['udp (3) data "four"', 14, 'data (3)'],
    ['10.0.0.1 > 10.0.0.2 udp (3)', 21, 'ADDRESS:PORT > ADDRESS:PORT udp'],
    ['10.0.0.1:1 > 10.0.0.2:2 icmp echo_request (3)', 25, 'ADDRESS > ADDRESS icmp'],
    ['10.0.0.1 > fd00::2 icmp echo_request (3)', 12, 'IPv4'],
    ['10.0.0.1 > 10.0.0.2 icmpv6 echo_request (3)', 21, 'icmp'],
    ['icmp nonsense (3)', 6, 'TYPE (echo_request, unreachable, …, type_N)'],
    ['icmp unreachable nonsense (3)', 18, 'CODE (port_unreachable, …, code_N)'],
    ['icmp unreachable [10.0.0.1:1 > 10.0.0.2:2 sctp]', 43, 'tcp | udp | protocol N'],
    ['icmp echo_request (0) win 3', 23, 'checksum | data'],
  ]
  for (const [line, column, expected] of wrong) it(`says where and what in ${line}`, () => { expect(parseOneLineDatagram(line)).toMatchObject({ column, expected }) })

  it('knows its lines from those of TCP', () => {
    expect(isDatagramLine('P. 1:20(19) ack 1 data "no udp and icmp here"')).toBe(false)
    expect(isDatagramLine('S 0:0(0) win 65535')).toBe(false)
    expect(isDatagramLine('[fd00::1]:7 > [fd00::2]:9 udp (0)')).toBe(true)
    expect(isDatagramLine('[ect0] icmp echo_request (0)')).toBe(true)
  })

  it('builds what was printed of captured datagrams', () => {
    for (const name of ['udpData', 'icmpEcho', 'icmp6Echo', 'icmpTooBig', 'icmp6TooBig']) expect(print(built(print(frames[name])))).toBe(print(frames[name]))
  })

  it('reads back what it prints of any datagram, and never throws', () => {
    const ipv4 = fc.nat(0xffff_ffff).map((n) => [formatIpv4(n), formatIpv4((n ^ 5) >>> 0)])
    const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => [formatIpv6(bytes), formatIpv6(bytes.map((byte) => byte ^ 1))])
    const address = fc.oneof(ipv4, ipv6)
    fc.assert(fc.property(address, fc.nat(255), fc.nat(255), fc.nat(0xffff), fc.nat(0xffff), fc.nat(200), ([from, to], type, code, a, b, length) => {
      const isSix = from.includes(':')
      const udp = isSix ? `[${from}]:${a} > [${to}]:${b} udp (${length})` : `${from}:${a} > ${to}:${b} udp (${length})`
      expect(print(built(udp))).toBe(udp)
      const line = `${from} > ${to} icmp type_${type} code_${code} id ${a} seq ${b} (${length})`
      const packet = new Packet()
      const frame = built(line)
      decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
      expect(isSix ? packet.icmpv6 : packet.icmp).toMatchObject({ type, code, rest: (a * 65536 + b) >>> 0 })
    }), { numRuns: 200 })
    const starts = fc.constantFrom('udp ', 'icmp ', '10.0.0.1 > 10.0.0.2 icmp unreachable [', '')
    fc.assert(fc.property(fc.string({ maxLength: 60 }), starts, (text, start) => { parseOneLineDatagram(start + text) }), { numRuns: 500 })
  })
})
