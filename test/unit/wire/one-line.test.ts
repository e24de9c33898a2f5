import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseIpv6 } from '../../../src/wire/addresses.ts'
import { LinkType, Packet, decodePacket } from '../../../src/wire/packet.ts'
import { printPacket, printTcp, printTcpOptions } from '../../../src/wire/one-line.ts'
import { isOneLineError } from '../../../src/wire/one-line-cursor.ts'
import { parseOneLine } from '../../../src/wire/one-line-parse.ts'
import { TcpFlag, TcpHeader } from '../../../src/wire/tcp.ts'
import { decodeTcpOptions } from '../../../src/wire/tcp-options.ts'
import { frames } from '../../support/frames.ts'
import type { OneLinePacket } from '../../../src/wire/one-line-parse.ts'

function print(frame: Uint8Array, options?: Parameters<typeof printPacket>[2]): string {
  const packet = new Packet()
  decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
  return printPacket(packet, frame, options)
}

function parsed(text: string): OneLinePacket {
  const result = parseOneLine(text)
  if (isOneLineError(result)) throw new Error(JSON.stringify(result))
  return result
}

describe('printPacket', () => {
  const lines: Record<string, string> = {
    arpRequest: 'arp who-has 10.77.0.80 tell 10.77.0.2',
    arpReply: 'arp reply 10.77.0.80 is-at 02:00:00:00:00:02',
    tcpSyn: '10.77.0.2:40100 > 10.77.0.80:80 S 1000:1000(0) win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>',
    tcpData: '10.77.0.2:40100 > 10.77.0.80:80 P. 1001:1006(5) ack 2001 win 65535 <nop,nop,TS val 2 ecr 1>',
    tcpSack: '10.77.0.2:40100 > 10.77.0.80:80 . 1001:1001(0) ack 2001 win 65535 <nop,nop,sack 3001:4001 5001:6001>',
    tcpRst: '10.77.0.2:40100 > 10.77.0.80:80 R 1001:1001(0) win 65535',
    tcpFinEcn: '10.77.0.2:40100 > 10.77.0.80:80 FEWA. 1001:1001(0) ack 2001 win 65535 reserved 7',
    tcpRare: '10.77.0.2:40100 > 10.77.0.80:80 . 1001:1001(0) ack 2001 win 65535 <uto 5min,FO 01020304,ECN e0b 1 ceb 2,FOEXP aabb,ao 1 2 aabb,nop,nop,nop,eol,eol,eol>',
    udpData: '10.77.0.2:12345 > 10.77.0.80:53 udp (5)',
    icmpEcho: '10.77.0.2 > 10.77.0.80 icmp echo_request id 4660 seq 1 (5)',
    icmpTooBig: '10.77.0.2 > 10.77.0.80 icmp unreachable frag_needed mtu 1400 [10.77.0.2:40100 > 10.77.0.80:80 tcp seq 1001]',
    fragmentLater: '10.77.0.2 > 10.77.0.80 fragment id 4660 offset 16 (8)',
    tcp6Syn: '[2001:db8::1]:40100 > [2001:db8::2]:80 S 1000:1000(0) win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>',
    icmp6Echo: '2001:db8::1 > 2001:db8::2 icmpv6 echo_request id 4660 seq 1 (3)',
    neighborSolicitation: '2001:db8::1 > 2001:db8::2 icmpv6 neighbor_solicitation target 2001:db8::2 (24)',
    icmp6TooBig: '2001:db8::1 > 2001:db8::2 icmpv6 packet_too_big mtu 1280 [[2001:db8::1]:40100 > [2001:db8::2]:80 tcp seq 1001]',
  }
  for (const [name, line] of Object.entries(lines)) it(`prints ${name}`, () => { expect(print(frames[name])).toBe(line) })

  it('prints relative numbers without addresses, and IP fields when asked', () => {
    expect(print(frames.tcpSack, { addresses: false, relative: { seqBase: 1000, ackBase: 2000 } })).toBe('. 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:2001 3001:4001>')
    expect(print(frames.tcpRst, { addresses: false, ipInfo: true })).toBe('(noecn, ttl 64) R 1001:1001(0) win 65535')
    expect(print(frames.tcp6Syn, { ipInfo: true })).toMatch(/^\(tos 0xab, ttl 64, flowlabel 0xcdef0\) \[2001/)
  })
})

describe('parseOneLine', () => {
  it('reads packetdrill packets', () => {
    expect(parsed('< S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>')).toMatchObject({
      direction: '<', flags: TcpFlag.syn, seq: 0, length: 0, ack: null, window: 32792, urgentPointer: null, source: null, data: null })
    expect(parsed('> [ect01] 8080 > 40000 P. 1:10001(10000) ack 1 win 229 <...>')).toMatchObject({
      direction: '>', ip: { ecn: 'ect01' }, source: { address: null, port: 8080 }, destination: { port: 40000 }, length: 10000, options: null })
    expect(parsed('> (tos 0x10, ttl 5, flowlabel 0x12345) . 1:1(0) ack 1')).toMatchObject({ ip: { tos: 16, ttl: 5, flowLabel: 0x12345 }, window: null, options: [] })
    expect(parsed('- 5:5(0)!')).toMatchObject({ flags: 0, isAbsolute: true })
    expect(parsed('> P. ...(20) ack 1').seq).toBe(null)
  })

  it('reads the flags in any order, and the ACE field', () => {
    expect(parsed('.FS 0:0(0)').flags).toBe(TcpFlag.syn | TcpFlag.fin | TcpFlag.ack)
    expect(parsed('P.5 0:0(0)').flags).toBe(TcpFlag.psh | TcpFlag.ack | TcpFlag.ae | TcpFlag.ece)
    expect(parsed('SEWA 0:0(0)').flags).toBe(TcpFlag.syn | TcpFlag.ece | TcpFlag.cwr | TcpFlag.ae)
  })

  it('reads addresses of both versions', () => {
    expect(parsed('10.0.0.1:1 > 10.0.0.2:2 R 0:0(0)')).toMatchObject({ source: { address: Uint8Array.of(10, 0, 0, 1), port: 1 }, destination: { port: 2 } })
    expect(parsed('[fd00::1]:1 > [fd00::2]:65535 (ce) R 0:0(0)')).toMatchObject({ destination: { address: parseIpv6('fd00::2'), port: 65535 }, ip: { ecn: 3 } })
  })

  it('reads data as text and as hex', () => {
    expect(parsed('P. 1:6(5) ack 1 win 9 data "he\\nl\\""').data).toEqual(Uint8Array.from([104, 101, 10, 108, 34]))
    expect(parsed('P. 1:3(2) ack 1 <nop> data 0x00ff').data).toEqual(Uint8Array.of(0, 255))
  })

  it('wraps at 2^32', () => {
    expect(parsed('. 4294967295:4(5)').seq).toBe(0xffff_ffff)
  })

  const wrong: readonly (readonly [string, number, string])[] = [
    ['', 1, 'FLAGS (S F R P U E W A . | -)'],
    ['SX 0:0(0)', 1, 'FLAGS (S F R P U E W A . | -)'],
    ['SS 0:0(0)', 1, 'FLAGS (S F R P U E W A . | -)'],
    ['S', 2, 'seq:end(len)'],
    ['S 0:1(0)', 3, '0:0(0)'],
    ['. 1:1(0) ack 4294967296', 14, '0..4294967295'],
    ['. 1:1(0) win 65536', 14, '0..65535'],
    ['. 1:1(0) win', 10, 'ack | win | urg | reserved | offset | checksum | data | <OPTIONS>'],
    ['S 0:0(0) <mss>', 14, '0..65535'],
    ['S 0:0(0) <mss 1460', 19, ', | >'],
    ['S 0:0(0) <foo 1>', 11, 'nop | eol | mss | wscale | sackOK | sack | TS | md5 | FO | FOEXP | ECN | uto | ao | mptcp | kind | raw'],
    ['S 0:0(0) <md5 00>', 15, 'HEX (32)'],
    ['(ect9) S 0:0(0)', 2, 'noecn | ect0 | ect1 | ce | ect01 | tos | ttl | hlim | flowlabel | id | df | nodf'],
    ['10.0.0.1:99999 > 10.0.0.2:2 S 0:0(0)', 10, '0..65535'],
    ['10.0.0.1:1 > [fd00::1]:2 S 0:0(0)', 14, 'IPv4:PORT'],
    ['10.0.0.256:1 > 10.0.0.2:2 S 0:0(0)', 1, 'IPv4:PORT | [IPv6]:PORT'],
    ['P. 1:6(5) ack 1 data "hi"', 22, 'data (5)'],
    ['P. 1:6(5) ack 1 data hello', 22, '"TEXT" | 0xHEX'],
    ['. 1:65537(65536)', 3, '(0..65535)'],
  ]
  for (const [text, column, expected] of wrong) {
    it(`says where and what in ${JSON.stringify(text)}`, () => { expect(parseOneLine(text)).toMatchObject({ column, expected }) })
  }

  it('never throws and always ends', () => {
    const pieces = ['<', '>', '(', ')', '[', ']', ':', ',', '.', '-', '!', '"', 'S', '0:0(0)', 'ack', 'win', ' ', '1', '4294967296', '0x', 'mss', 'sack', 'TS val', 'ECN', 'e0b',
      'data', 'ect0', '10.0.0.1:1', '한']
    const joined = fc.tuple(fc.array(fc.constantFrom(...pieces), { maxLength: 20 }), fc.constantFrom('', ' ')).map(([list, separator]) => list.join(separator))
    fc.assert(fc.property(fc.oneof(fc.string(), joined), (text) => {
      const result = parseOneLine(text)
      if (isOneLineError(result)) expect(result.column >= 1 && result.column <= text.length + 1).toBe(true)
    }), { numRuns: 3000 })
  })
})

describe('round trip', () => {
  const header = fc.record({
    sourcePort: fc.nat(0xffff), destinationPort: fc.nat(0xffff), seq: fc.integer({ min: 0, max: 0xffff_ffff }), ack: fc.integer({ min: 0, max: 0xffff_ffff }), reserved: fc.nat(7),
    flags: fc.nat(0x1ff), window: fc.nat(0xffff), urgentPointer: fc.nat(0xffff),
  })
  const kinds = fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 19, 28, 29, 30, 34, 172, 174, 253, 254, 77)
  const options = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.array(fc.tuple(kinds, fc.nat(18), fc.uint8Array({ minLength: 16, maxLength: 16 })), { maxLength: 4 })
      .map((parts) => Uint8Array.from(parts.flatMap(([kind, length, data]) => (kind < 2 ? [kind] : [kind, length, ...data.subarray(0, Math.max(0, length - 2))])))),
  )

  it('any header and any options come back from their line', () => {
    fc.assert(fc.property(header, options, fc.nat(2000), (fields, optionBytes, length) => {
      const tcp = Object.assign(new TcpHeader(), fields)
      const list = decodeTcpOptions(optionBytes, 0, optionBytes.length)
      const result = parsed(printTcp(tcp, list, length))
      expect(result).toMatchObject({ flags: fields.flags, seq: fields.seq, length, window: fields.window, options: list })
      expect(result.ack ?? 0).toBe(fields.ack)
      expect(result.reserved ?? 0).toBe(fields.reserved)
      expect(result.urgentPointer ?? 0).toBe(fields.urgentPointer)
    }), { numRuns: 3000 })
  })

  it('an empty AccECN option keeps its kind', () => {
    for (const kind of [172, 174]) {
      const list = decodeTcpOptions(Uint8Array.of(kind, 2), 0, 2)
      expect(parsed(`. 0:0(0) <${printTcpOptions(list)}>`).options).toEqual(list)
    }
  })
})
