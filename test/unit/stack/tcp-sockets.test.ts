import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import { readU16, readU32 } from '../../../src/base/bytes.ts'
import { selectEphemeralPort } from '../../../src/stack/ephemeral-ports.ts'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { createTcpSnapshot } from '../../../src/tcp/snapshot.ts'
import { TcpState } from '../../../src/tcp/state.ts'
import { foldSum } from '../../../src/wire/checksum.ts'
import { IpProtocol, isIpv4ChecksumGood } from '../../../src/wire/ipv4.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { Bench, broadcast, icmpMessage, ip, ipv4Frame, ourIp, peerIp, tcpSegment } from './harness.ts'

const tcp = { ...defaultTcpConfig, isn: 1000, timestamps: false, sackPermitted: false, windowScaling: false }
const { syn, ack, rst, fin, psh } = TcpFlag

function met(change = {}): Bench {
  const bench = Bench.ready({ tcp, ...change })
  bench.meets()
  return bench
}

const segment = (change: Parameters<typeof tcpSegment>[0], data?: Uint8Array<ArrayBuffer>, more: Partial<Parameters<typeof ipv4Frame>[0]> = {}) =>
  ipv4Frame({ protocol: IpProtocol.tcp, payload: tcpSegment({ sourcePort: 40000, destinationPort: 7, ...change }, data, more.source, more.destination), ...more })

const view = createTcpSnapshot()

const short = (lines: string[]) => lines.map((line) => line.replace('10.77.0.2:', '').replace('10.77.0.1:', ''))

/** A connection that the peer has opened from port 40000 to our port 7, its next number 501. */
function accepted(bench: Bench): number {
  bench.host.listen(7)
  bench.receives(segment({ flags: syn, seq: 500 }))
  bench.sent()
  bench.receives(segment({ flags: ack, seq: 501, ack: 1001 }))
  return bench.events().find(({ kind }) => kind === 'accepted')!.connection
}

const connect = (bench: Bench, address: number | Uint8Array = peerIp, port = 80, options = {}) => bench.host.connect(address, port, options, bench.nowUs)

describe('segments of no connection', () => {
  it.each([
    ['a SYN', { flags: syn, seq: 100 }, ['7 > 40000 R. 0:0(0) ack 101 win 0']],
    ['an ACK', { flags: ack, seq: 100, ack: 777 }, ['7 > 40000 R 777:777(0) win 0']],
    ['a FIN', { flags: fin, seq: 100 }, ['7 > 40000 R. 0:0(0) ack 101 win 0']],
    ['an RST', { flags: rst, seq: 100 }, []],
  ])('%s to a closed port is answered as RFC 9293 §3.10.7.1 says', (_what, change, answer) => {
    const bench = met()
    bench.receives(segment(change))
    expect(short(bench.sent())).toEqual(answer)
  })

  it.each([
    ['an ACK', { flags: ack, seq: 100, ack: 777 }, ['7 > 40000 R 777:777(0) win 0']],
    ['data without ACK', { flags: psh, seq: 100 }, []],
    ['an RST', { flags: rst, seq: 100 }, []],
  ])('%s to a listening port is answered as RFC 9293 §3.10.7.2 says', (_what, change, answer) => {
    const bench = met()
    bench.host.listen(7)
    bench.receives(segment(change))
    expect(short(bench.sent())).toEqual(answer)
    expect([...bench.host.connections()]).toEqual([])
  })

  it('to broadcast and multicast addresses are dropped silently [RFC9293/MUST-57]', () => {
    const bench = met()
    bench.host.listen(7)
    bench.receives(segment({ flags: syn }, undefined, { destination: ip('10.77.0.255'), to: broadcast }), segment({ flags: syn }, undefined, { destination: ip('224.0.0.1'), to: broadcast }))
    bench.advance(5e6)
    expect(bench.sent()).toEqual([])
    expect([...bench.host.connections()]).toEqual([])
    bench.receives(segment({ flags: syn }))
    expect(bench.sent()).toHaveLength(1)
  })

  it.each(['0.0.0.0', '127.0.0.1', '224.0.0.5', '240.0.0.1', '10.77.0.255', '255.255.255.255', '10.77.0.2'])('a SYN from %s is ignored [RFC9293/MUST-63] [RFC1122/ip-dst]', (source) => {
    const bench = met()
    bench.host.listen(7)
    bench.receives(segment({ flags: syn }, undefined, { source: ip(source) }))
    bench.advance(5e6)
    expect(bench.sent()).toEqual([])
    expect([...bench.host.connections()]).toEqual([])
  })
})

describe('the local address', () => {
  const second = ip('10.77.0.50')

  it('is selected by route before the first SYN where none was given, and is ours to give [RFC9293/MUST-44]', () => {
    const bench = met({ moreIpv4: [second] })
    const id = bench.host.connect(peerIp, 80, { localPort: 1024 }, bench.nowUs) as number
    expect(bench.sent()[0]).toMatch(/^10\.77\.0\.2:1024 > 10\.77\.0\.1:80 S /)
    expect(bench.host.record(id)!.localAddress).toBe(ourIp)
    bench.host.connect(peerIp, 80, { localPort: 1025, localAddress: second }, bench.nowUs)
    expect(bench.sent()[0]).toMatch(/^10\.77\.0\.50:1025 > 10\.77\.0\.1:80 S /)
    expect(bench.host.connect(peerIp, 80, { localAddress: ip('10.77.0.51') }, bench.nowUs)).toMatchObject({ code: 'addressInvalid' })
  })

  it('stays the same for the life of a connection, though another is preferred for new ones [RFC9293/MUST-45]', () => {
    const bench = met({ moreIpv4: [second] })
    bench.host.listen(7)
    const to = { destination: second }
    bench.receives(segment({ flags: syn, seq: 500 }, undefined, to))
    bench.receives(segment({ flags: ack, seq: 501, ack: 1001 }, undefined, to))
    const id = bench.events().find(({ kind }) => kind === 'accepted')!.connection
    bench.host.send(id, Uint8Array.of(1, 2, 3), 0, 3, bench.nowUs)
    bench.advance(3e6)
    bench.host.close(id, bench.nowUs)
    bench.host.abort(id, bench.nowUs)
    const lines = bench.sent()
    expect(lines.length).toBeGreaterThan(3)
    for (const line of lines) expect(line).toMatch(/^10\.77\.0\.50:7 > /)
    bench.host.connect(peerIp, 80, {}, bench.nowUs)
    expect(bench.sent()[0]).toMatch(/^10\.77\.0\.2:/)
  })
})

describe('TCP checksums', () => {
  it('a segment with one flipped bit does nothing but count [RFC9293/MUST-3]', () => {
    const bench = met()
    const id = accepted(bench)
    for (const at of [34 + 4, 34 + 13, 34 + 21]) {
      const frame = segment({ flags: ack | psh, seq: 501, ack: 1001 }, Uint8Array.of(1, 2, 3))
      frame[at] ^= 1
      bench.receives(frame)
    }
    bench.advance(1e6)
    expect(bench.sent()).toEqual([])
    expect(bench.events()).toEqual([])
    expect(bench.host.connection(id)!.receivableBytes).toBe(0)
    expect(bench.host.statistics().tcp.badChecksum).toBe(3)
  })

  it('one that a local sender left to its card is taken only where the link says so', () => {
    for (const [acceptUnfinishedChecksums, answers] of [[false, 0], [true, 1]] as const) {
      const bench = met({ acceptUnfinishedChecksums })
      const frame = segment({ flags: syn, seq: 1 })
      const pseudo = foldSum(readU32(frame, 26) + readU32(frame, 30) + 6 + 20)
      frame[50] = pseudo >>> 8
      frame[51] = pseudo & 255
      bench.receives(frame)
      expect(bench.sent()).toHaveLength(answers)
    }
  })

  it('malformed headers are counted and never answered [RFC9293/doffset-bounds]', () => {
    const bench = met()
    bench.receives(segment({ flags: syn, dataOffsetWords: 4 }), segment({ flags: syn, dataOffsetWords: 15 }), ipv4Frame({ protocol: 6, payload: new Uint8Array(19) }))
    expect(bench.sent()).toEqual([])
    expect(bench.host.statistics().tcp.malformed).toBe(3)
  })
})

describe('listeners', () => {
  it('accept, and tell who came where', () => {
    const bench = met()
    bench.host.listen(7)
    bench.receives(segment({ flags: syn, seq: 500 }))
    expect(short(bench.sent())).toEqual(['7 > 40000 S. 1000:1000(0) ack 501 win 65535 <mss 1460>'])
    expect(bench.events()).toEqual([])
    bench.receives(segment({ flags: ack, seq: 501, ack: 1001 }))
    const [event] = bench.events()
    expect(event).toMatchObject({ kind: 'accepted', listenerPort: 7 })
    expect(bench.host.record(event.connection)).toMatchObject({ localPort: 7, remotePort: 40000, localAddress: ourIp, remoteAddress: peerIp })
  })

  it('refuse a port that is taken, and numbers that are no port', () => {
    const bench = met()
    expect(bench.host.listen(80)).toBeNull()
    expect(bench.host.listen(80)).toEqual({ code: 'portInUse', params: { port: 80 } })
    for (const port of [0, -1, 65536, 1.5]) expect(bench.host.listen(port)).toMatchObject({ code: 'badArgument' })
    expect(bench.host.unlisten(80)).toBe(true)
    expect(bench.host.unlisten(80)).toBe(false)
    expect(bench.host.listen(80)).toBeNull()
  })

  it('on one address ignore what goes to another [RFC9293/MUST-43]', () => {
    const second = ip('10.77.0.50')
    const bench = met({ moreIpv4: [second] })
    expect(bench.host.listen(7, { address: second })).toBeNull()
    bench.receives(segment({ flags: syn, seq: 1 }), segment({ flags: syn, seq: 1 }, undefined, { destination: second }))
    expect(bench.sent().map((line) => line.replace(/ win.*/, ''))).toEqual(['10.77.0.2:7 > 10.77.0.1:40000 R. 0:0(0) ack 2', '10.77.0.50:7 > 10.77.0.1:40000 S. 1000:1000(0) ack 2'])
    expect(bench.host.listen(7, { address: ourIp })).toBeNull()
    expect(bench.host.listen(7)).toMatchObject({ code: 'portInUse' })
  })

  it('hold no more half-open connections than their backlog, and take more when some are established', () => {
    const bench = met()
    bench.host.listen(7, { backlog: 3, config: { synCookies: false } })
    const knock = (sourcePort: number) => { bench.receives(segment({ sourcePort, flags: syn, seq: 500 })); return bench.sent().length }
    expect([1, 2, 3, 4, 5].map(knock)).toEqual([1, 1, 1, 0, 0])
    expect(bench.host.statistics().tcp.backlogFull).toBe(2)
    bench.receives(segment({ sourcePort: 2, flags: ack, seq: 501, ack: 1001 }))
    bench.events()
    expect([6, 7].map(knock)).toEqual([1, 0])
    bench.receives(segment({ sourcePort: 3, flags: rst, seq: 501 }))
    bench.events()
    expect([8, 9].map(knock)).toEqual([1, 0])
  })

  it('let real connections in and on during a flood of SYNs, and remember no more of it than the backlog', () => {
    const bench = met()
    const old = accepted(bench)
    bench.host.unlisten(7)
    bench.host.listen(7, { backlog: 8 })
    bench.events()
    for (let i = 0; i < 3000; i++) {
      bench.receives(segment({ sourcePort: 1024 + i, flags: syn, seq: i * 77 }, undefined, { source: ip('10.77.0.3') + i % 200 }))
      if (i % 100 === 99) bench.frames()
    }
    expect([...bench.host.connections()]).toHaveLength(1 + 8)
    expect(bench.host.statistics().tcp).toMatchObject({ backlogFull: 2992, cookiesSent: 2992, cookiesTaken: 0, resetsOut: 0 })
    bench.sent()
    bench.receives(segment({ sourcePort: 50_000, flags: syn, seq: 500 }))
    const [answer] = short(bench.sent())
    const [, cookie, window] = /^7 > 50000 S\. (\d+):\1\(0\) ack 501 win (\d+) <mss 1460>$/.exec(answer)!
    expect(window).toBe('65535')
    bench.receives(segment({ sourcePort: 50_000, flags: ack | psh, seq: 501, ack: (Number(cookie) + 1) >>> 0 }, Uint8Array.from([1, 2, 3])))
    const fresh = bench.events().find(({ kind }) => kind === 'accepted')!.connection
    const into = new Uint8Array(10)
    expect(bench.host.receive(fresh, into, 0, 10, bench.nowUs)).toBe(3)
    bench.host.connection(fresh)!.snapshot(view)
    expect(view).toMatchObject({ state: TcpState.established, iss: Number(cookie), irs: 500, sndMss: 536, sndWnd: 65_535 })
    bench.receives(segment({ flags: ack | psh, seq: 501, ack: 1001 }, Uint8Array.from([4, 5])))
    expect(bench.host.receive(old, into, 0, 10, bench.nowUs)).toBe(2)
    expect(bench.host.statistics().tcp.cookiesTaken).toBe(1)
  })

  it('answer what only looks like a cookie with RST', () => {
    const bench = met()
    bench.host.listen(7, { backlog: 0 })
    const guess = () => bench.receives(segment({ sourcePort: 50_000, flags: ack, seq: 501, ack: 12_345 }))
    bench.receives(segment({ sourcePort: 50_000, flags: syn, seq: 500 }))
    bench.sent()
    guess()
    expect(short(bench.sent())).toEqual(['7 > 50000 R 12345:12345(0) win 0'])
    expect([...bench.host.connections()]).toEqual([])
  })

  it('never let the table grow beyond its bound', () => {
    const bench = met({ maxConnections: 50, historyLength: 4 })
    bench.host.listen(7)
    for (let port = 1; port <= 200; port++) bench.receives(segment({ sourcePort: port, flags: syn, seq: 1 }))
    expect(bench.sent()).toHaveLength(50)
    expect(bench.host.statistics().tcp.tableFull).toBe(150)
    expect(bench.host.connect(peerIp, 80, {}, bench.nowUs)).toMatchObject({ code: 'bufferFull', params: { limit: 50 } })
    for (let port = 1; port <= 50; port++) bench.receives(segment({ sourcePort: port, flags: rst, seq: 2 }))
    bench.events()
    expect([...bench.host.connections()]).toHaveLength(4)
    for (let port = 201; port <= 260; port++) bench.receives(segment({ sourcePort: port, flags: syn, seq: 1 }))
    expect(bench.sent()).toHaveLength(50)
  })
})

describe('connect', () => {
  it.each([ip('224.0.0.1'), ip('255.255.255.255'), ip('10.77.0.255'), ip('10.77.0.0'), 0, ip('127.0.0.1'), ip('240.0.0.1'), ourIp, new Uint8Array(16).fill(0xff)])(
    'to %s fails at once and sends nothing [RFC9293/MUST-46]', (address) => {
      const bench = met()
      expect(connect(bench, address)).toMatchObject({ code: 'addressInvalid' })
      expect(bench.sent()).toEqual([])
    })

  it('without a way to the destination fails with hostUnreachable', () => {
    expect(connect(met(), ip('192.0.2.1'))).toEqual({ code: 'hostUnreachable', params: { address: '192.0.2.1' } })
    expect(connect(met({ gateway: ip('10.77.0.254') }), ip('192.0.2.1'))).toBeTypeOf('number')
  })

  it('twice on one 4-tuple fails and leaves the first alone [RFC9293/open-exists]', () => {
    const bench = met()
    const first = connect(bench, peerIp, 80, { localPort: 5000 }) as number
    expect(connect(bench, peerIp, 80, { localPort: 5000 })).toMatchObject({ code: 'connectionExists' })
    expect(bench.host.connection(first)!.state).toBe(TcpState.synSent)
    expect(connect(bench, peerIp, 81, { localPort: 5000 })).toBeTypeOf('number')
  })

  it('from an address of ours keeps to it; from another fails [RFC9293/MUST-43] [RFC9293/MUST-44] [RFC9293/MUST-45]', () => {
    const bench = met({ moreIpv4: [ip('10.77.0.50')] })
    connect(bench)
    connect(bench, peerIp, 80, { localAddress: ip('10.77.0.50'), localPort: 5000 })
    expect(bench.sent().map((line) => line.split(':')[0])).toEqual(['10.77.0.2', '10.77.0.50'])
    expect(connect(bench, peerIp, 80, { localAddress: ip('10.77.0.51') })).toMatchObject({ code: 'addressInvalid' })
    bench.receives(segment({ sourcePort: 80, destinationPort: 5000, flags: syn | ack, seq: 9, ack: 1001 }, undefined, { destination: ip('10.77.0.50') }))
    expect(bench.sent()).toEqual(['10.77.0.50:5000 > 10.77.0.1:80 . 1001:1001(0) ack 10 win 65535'])
  })

  it('to a closed port ends as refused [RFC9293/MUST-12]', () => {
    const bench = met()
    const id = connect(bench, peerIp, 80, { localPort: 5000 })
    bench.sent()
    bench.receives(segment({ sourcePort: 80, destinationPort: 5000, flags: rst | ack, seq: 0, ack: 1001 }))
    expect(bench.events()).toMatchObject([{ kind: 'refused', connection: id, listenerPort: -1 }])
    expect(bench.host.connection(id as number)!.state).toBe(TcpState.closed)
  })

  it('sends with the TTL it is given, DF set, PSH where it ends [RFC9293/MUST-49] [RFC791/df]', () => {
    const bench = met()
    connect(bench, peerIp, 80, { config: { ttl: 37 } })
    const [frame] = bench.frames()
    expect(frame[22]).toBe(37)
    expect(readU16(frame, 20)).toBe(0x4000)
  })

  it('to a neighbour that never answers ends as unreachable when ARP gives up', () => {
    const bench = Bench.ready({ tcp })
    const id = connect(bench)
    bench.advance(2.5e6)
    expect(bench.events()).toEqual([])
    bench.advance(1e6)
    expect(bench.events()).toMatchObject([{ kind: 'unreachable', connection: id }])
  })

  it('draws another initial sequence number for each host and each 4-tuple [RFC6528/secret-random] [RFC9293/MUST-9]', () => {
    const isns = [1, 2].flatMap((seed) => {
      const bench = Bench.ready({ tcp: defaultTcpConfig }, seed)
      bench.meets()
      for (const port of [80, 81]) bench.host.connect(peerIp, port, { localPort: 5000 }, bench.nowUs)
      return bench.frames().map((frame) => readU32(frame, 38))
    })
    expect(new Set(isns).size).toBe(4)
  })

  it('takes ephemeral ports at random and passes over those in use (RFC 6056)', () => {
    const bench = met({ ephemeralPorts: { first: 50000, last: 50003 } })
    const ids = Array.from({ length: 4 }, () => connect(bench) as number)
    const ports = ids.map((id) => bench.host.record(id)!.localPort)
    expect([...ports].sort((a, b) => a - b)).toEqual([50000, 50001, 50002, 50003])
    expect(connect(bench)).toMatchObject({ code: 'portInUse', params: { port: '50000-50003' } })
    const starts = new Set(Array.from({ length: 200 }, (_, seed) => selectEphemeralPort(49152, 65535, new Random(seed), () => true)))
    expect(starts.size).toBeGreaterThan(190)
  })
})

describe('ICMP errors about connections', () => {
  const unreachable = (frame: Uint8Array, type = 3, code = 1) => ipv4Frame({ source: ip('10.77.0.254'), protocol: IpProtocol.icmp, payload: icmpMessage(type, code, 0, frame.subarray(14, 14 + 28)) })

  it.each([2, 3])('that are hard end an attempt to connect: code %i [RFC5927/hard-as-soft] [RFC9293/SHLD-26]', (code) => {
    const bench = met()
    const id = connect(bench)
    const [frame] = bench.frames()
    bench.receives(unreachable(frame, 3, code))
    expect(bench.events()).toMatchObject([{ kind: 'unreachable' }])
    expect(bench.host.connection(id as number)!.state).toBe(TcpState.closed)
  })

  it('that are soft are told, once each, and end nothing [RFC9293/MUST-47] [RFC9293/MUST-56] [RFC9293/SHLD-25]', () => {
    const bench = met()
    const id = connect(bench) as number
    const [frame] = bench.frames()
    expect(bench.host.record(id)!.softError).toBeNull()
    bench.receives(unreachable(frame, 3, 1), unreachable(frame, 3, 1), unreachable(frame, 3, 0), unreachable(frame, 11, 0))
    expect(bench.events()).toMatchObject([{ kind: 'unreachable', connection: id }, { kind: 'unreachable' }, { kind: 'unreachable' }])
    expect(bench.host.record(id)!.softError).toEqual({ kind: 'soft', ipVersion: 4, type: 11, code: 0 })
    expect(bench.host.connection(id)!.state).toBe(TcpState.synSent)
  })

  it('that are soft end an attempt to connect where that is asked for (RFC 5461)', () => {
    const bench = met()
    const id = connect(bench, peerIp, 80, { config: { softErrorsEndOpening: true } }) as number
    const [frame] = bench.frames()
    bench.receives(unreachable(frame, 3, 1))
    expect(bench.events()).toMatchObject([{ kind: 'unreachable', connection: id }])
    expect(bench.host.connection(id)!.state).toBe(TcpState.closed)
  })

  it('about numbers that are not under way, or other connections, are not believed [RFC9293/MUST-54] [RFC5927/icmp-seq]', () => {
    const bench = met()
    bench.host.connect(peerIp, 80, {}, bench.nowUs)
    const [frame] = bench.frames()
    const other = frame.slice()
    other[34] ^= 1
    const old = frame.slice()
    old[41] ^= 0x40
    bench.receives(unreachable(other, 3, 3), unreachable(old, 3, 3), unreachable(old, 3, 4), unreachable(frame, 5, 1), unreachable(frame.slice(0, 14 + 24)))
    expect(bench.events()).toEqual([])
    expect(bench.host.statistics().icmp.errorsForTcp).toBe(0)
  })

  it('do not end an established connection [RFC9293/MUST-56] [RFC5927/hard-as-soft]', () => {
    const bench = met()
    const id = accepted(bench)
    bench.host.send(id, Uint8Array.of(1, 2, 3), 0, 3, bench.nowUs)
    const [frame] = bench.frames()
    for (const code of [0, 1, 2, 3, 5, 13]) bench.receives(unreachable(frame, 3, code))
    for (const [type, code] of [[11, 0], [11, 1], [12, 0]]) bench.receives(unreachable(frame, type, code))
    expect(bench.host.statistics().icmp.errorsForTcp).toBe(9)
    expect(bench.host.connection(id)!.state).toBe(TcpState.established)
    expect(bench.host.record(id)!.softError).toMatchObject({ type: 12, code: 0 })
  })

  it('of the type source quench change nothing [RFC9293/MUST-55] [RFC6633/quench]', () => {
    const bench = met()
    const id = accepted(bench)
    bench.host.send(id, Uint8Array.of(1, 2, 3), 0, 3, bench.nowUs)
    const [frame] = bench.frames()
    const before = createTcpSnapshot()
    bench.host.connection(id)!.snapshot(before)
    bench.receives(unreachable(frame, 4, 0))
    const after = createTcpSnapshot()
    bench.host.connection(id)!.snapshot(after)
    expect(after).toEqual(before)
    expect([bench.frames(), bench.events()]).toEqual([[], []])
  })
})

describe('the Diffserv field', () => {
  it('is what was asked for, in every packet, beside the ECN bits [RFC9293/MUST-48] [RFC9293/SHLD-22]', () => {
    const bench = met()
    const id = connect(bench, peerIp, 80, { localPort: 5000, config: { dscp: 46 } }) as number
    bench.receives(segment({ sourcePort: 80, destinationPort: 5000, flags: syn | ack, seq: 500, ack: 1001 }))
    bench.host.send(id, new Uint8Array(3000), 0, 3000, bench.nowUs)
    const frames = bench.frames()
    expect(frames.length).toBeGreaterThan(3)
    expect(frames.map((frame) => frame[15] >>> 2)).toEqual(frames.map(() => 46))
    expect(frames.every((frame) => isIpv4ChecksumGood(frame, 14))).toBe(true)
    expect(bench.host.setOption(id, 'dscp', 34, bench.nowUs)).toBeNull()
    bench.host.close(id, bench.nowUs)
    bench.receives(segment({ sourcePort: 80, destinationPort: 5000, flags: ack, seq: 501, ack: 4001 }))
    expect(bench.frames().map((frame) => frame[15] >>> 2)).toEqual([34, 34])
  })
})

describe('IP options', () => {
  it('that TCP does not know change nothing [RFC9293/MUST-50]', () => {
    const bench = met()
    const id = accepted(bench)
    bench.sent()
    const plain = segment({ flags: ack | psh, seq: 501, ack: 1001 }, Uint8Array.of(1, 2, 3))
    const payload = plain.slice(34)
    const frame = ipv4Frame({ protocol: IpProtocol.tcp, payload: Uint8Array.from([0x9e, 4, 0, 0, ...payload]), change: { headerWords: 6 } })
    bench.receives(frame)
    expect(bench.host.connection(id)!.receivableBytes).toBe(3)
  })
})

describe('closed connections', () => {
  it('stay to be looked at until newer ones push them out, or they are released', () => {
    const bench = met({ historyLength: 2 })
    bench.host.listen(7)
    const ids: number[] = []
    for (let port = 1; port <= 3; port++) {
      bench.receives(segment({ sourcePort: port, flags: syn, seq: 500 }), segment({ sourcePort: port, flags: ack, seq: 501, ack: 1001 }))
      ids.push(bench.events()[0].connection)
      bench.receives(segment({ sourcePort: port, flags: rst, seq: 501 }))
      expect(bench.events()[0]).toMatchObject({ kind: 'reset', connection: ids.at(-1) })
      bench.sent()
    }
    bench.events()
    expect([...bench.host.connections()].map(({ id, isLive }) => [id, isLive])).toEqual([[ids[1], false], [ids[2], false]])
    expect(bench.host.connection(ids[0])).toBeUndefined()
    expect(bench.host.release(ids[1])).toBe(true)
    expect(bench.host.release(ids[1])).toBe(false)
    expect(bench.events()).toMatchObject([{ kind: 'removed', connection: ids[1] }])
    expect(bench.host.send(ids[1], new Uint8Array(1), 0, 1, bench.nowUs)).toBe(-1)
  })

  it('an abort leaves as an RST, and then the connection is over', () => {
    const bench = met()
    const id = accepted(bench)
    bench.sent()
    bench.host.abort(id, bench.nowUs)
    expect(short(bench.sent())).toEqual(['7 > 40000 R 1001:1001(0) win 0'])
    expect(bench.host.record(id)!.isLive).toBe(false)
    bench.receives(segment({ flags: ack, seq: 501, ack: 1001 }))
    expect(short(bench.sent())).toEqual(['7 > 40000 R 1001:1001(0) win 0'])
  })

  it('after our close nothing more can be sent [RFC9293/send-closing]', () => {
    const bench = met()
    const id = accepted(bench)
    bench.host.close(id, bench.nowUs)
    expect(bench.host.send(id, new Uint8Array(1), 0, 1, bench.nowUs)).toBe(-1)
    expect(bench.host.connection(id)!.lastError).toBe('connectionClosing')
  })
})

describe('options of a connection', () => {
  it('change while it runs, where they may [RFC9293/MUST-49]', () => {
    const bench = met()
    const id = accepted(bench)
    bench.sent()
    expect(bench.host.setOption(id, 'ttl', 37, bench.nowUs)).toBeNull()
    expect(bench.host.setOption(id, 'ttl', 0, bench.nowUs)).toMatchObject({ code: 'badArgument', params: { name: 'ttl', value: '0', expected: '1 .. 255 count' } })
    expect(bench.host.setOption(id, 'timestamps', false, bench.nowUs)).toMatchObject({ code: 'connectionExists', params: { local: '10.77.0.2:7', remote: '10.77.0.1:40000' } })
    expect(bench.host.setOption(99, 'nagle', false, bench.nowUs)).toMatchObject({ code: 'noSuchConnection' })
    bench.host.send(id, Uint8Array.of(1), 0, 1, bench.nowUs)
    const [frame] = bench.frames()
    expect(frame[22]).toBe(37)
    expect(isIpv4ChecksumGood(frame, 14)).toBe(true)
  })
})

describe('idle connections', () => {
  it('cost nothing: no deadline, no work', () => {
    const bench = met()
    const id = accepted(bench)
    bench.sent()
    bench.events()
    expect(bench.host.pollTimeout()).toBe(Infinity)
    expect(bench.host.connection(id)!.state).toBe(TcpState.established)
  })
})
