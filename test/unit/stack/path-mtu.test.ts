import { describe, expect, it } from 'vitest'
import { PathMtus, pathMtuLimits } from '../../../src/stack/path-mtus.ts'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { TcpState } from '../../../src/tcp/state.ts'
import { pseudoHeaderSum4Of, pseudoHeaderSum6Of } from '../../../src/wire/checksum.ts'
import { IpProtocol } from '../../../src/wire/ipv4.ts'
import { fillTcpChecksum, TcpFlag } from '../../../src/wire/tcp.ts'
import { Bench, icmpMessage, ip, ipv4Frame, ourIp, tcpSegment } from './harness.ts'
import { icmpv6Frame, ip6, ipv6Frame, met6, ourIp6, peerIp6, routerAdvertisement, tcp6 } from './harness6.ts'

const { syn, ack } = TcpFlag
const tcp = { ...defaultTcpConfig, isn: 1000, timestamps: false, sackPermitted: false, windowScaling: false, initialWindowSegments: 10 }
const router = ip('10.77.0.254')
const far = ip('192.0.2.9')
const farOther = ip('192.0.2.10')

function met(): Bench {
  const bench = Bench.ready({ tcp, gateway: router })
  bench.meets(router)
  return bench
}

/** An established connection of ours through the router, its numbers 1001 and 501; nothing is left to be sent. */
function connected(bench: Bench, remote = far, port = 80): number {
  const id = bench.host.connect(remote, port, { localPort: 5000 }, bench.nowUs) as number
  bench.frames()
  const reply = tcpSegment({ sourcePort: port, destinationPort: 5000, flags: syn | ack, seq: 500, ack: 1001 }, undefined, remote)
  // With an MSS option, so that the peer takes what Ethernet takes.
  bench.receives(ipv4Frame({ source: remote, protocol: IpProtocol.tcp, payload: withMss(reply, 1460, pseudoHeaderSum4Of(remote, ourIp, 6, 24)) }))
  bench.frames()
  return id
}

function withMss(segment: Uint8Array, mss: number, pseudoSum: number): Uint8Array {
  const longer = new Uint8Array(24)
  longer.set(segment)
  longer[12] = 6 << 4
  longer.set([2, 4, mss >>> 8, mss & 255], 20)
  fillTcpChecksum(longer, 0, 24, pseudoSum)
  return longer
}

const tooBig = (quoted: Uint8Array, mtu: number) => ipv4Frame({ source: router, protocol: IpProtocol.icmp, payload: icmpMessage(3, 4, mtu, quoted.slice(14, 14 + 28)) })
const ipLengths = (frames: Uint8Array[]) => frames.filter((frame) => frame[12] === 8 && frame[13] === 0 && frame.length > 14 + 44).map((frame) => frame.length - 14)

describe('the path MTU', () => {
  it('comes down to what a router says, and what was too big leaves again with DF set [RFC1191/reduce]', () => {
    const bench = met()
    const id = connected(bench)
    bench.host.send(id, new Uint8Array(2920), 0, 2920, bench.nowUs)
    const sent = bench.frames()
    expect(ipLengths(sent)).toEqual([1500, 1500])
    bench.receives(tooBig(sent[0], 1400))
    bench.advance(3e6)
    const again = bench.frames().filter((frame) => frame[23] === 6)
    expect(again.length).toBeGreaterThan(0)
    expect(Math.max(...ipLengths(again))).toBe(1400)
    expect(again.every((frame) => frame[20] === 0x40)).toBe(true)
    expect(bench.host.statistics().icmp.errorsForTcp).toBe(1)
  })

  it('holds for other connections to the same destination, and for new ones, but for nobody else', () => {
    const bench = met()
    const [first, second, elsewhere] = [connected(bench, far, 80), connected(bench, far, 81), connected(bench, farOther, 80)]
    bench.host.send(first, new Uint8Array(2000), 0, 2000, bench.nowUs)
    bench.receives(tooBig(bench.frames()[0], 1000))
    bench.frames()
    const third = connected(bench, far, 82)
    for (const [id, largest] of [[second, 1000], [elsewhere, 1500], [third, 1000]]) {
      bench.host.send(id, new Uint8Array(2920), 0, 2920, bench.nowUs)
      expect(Math.max(...ipLengths(bench.frames()))).toBe(largest)
    }
  })

  it('is guessed by a table where the router does not say it, and is never below 68 or raised [RFC1191/floor]', () => {
    const bench = met()
    const id = connected(bench)
    bench.host.send(id, new Uint8Array(20_000), 0, 20_000, bench.nowUs)
    const [first] = bench.frames()
    bench.receives(tooBig(first, 9000), tooBig(first, 40))
    expect(bench.host.statistics().icmp).toMatchObject({ errorsForTcp: 0, ignored: 2 })
    bench.receives(tooBig(first, 0))
    bench.advance(3e6)
    expect(Math.max(...ipLengths(bench.frames()))).toBe(1492)
  })

  it('is not believed from messages about other ports, numbers or hosts [RFC8201/validate]', () => {
    const bench = met()
    const id = connected(bench)
    bench.host.send(id, new Uint8Array(1460), 0, 1460, bench.nowUs)
    const [frame] = bench.frames()
    for (const at of [33, 34, 37, 39]) {
      const quoted = frame.slice()
      quoted[at] ^= 0x20
      bench.receives(tooBig(quoted, 600))
    }
    expect(bench.host.statistics().icmp).toMatchObject({ errorsForTcp: 0, ignored: 4 })
  })

  it('of IPv6 comes from packet too big, is 1280 at least and never raised by it [RFC8201/min] [RFC8201/no-raise]', () => {
    const bench = met6({ tcp })
    bench.host.listen(7)
    const first = withMss(tcp6({ sourcePort: 40000, destinationPort: 7, flags: syn, seq: 500 }), 1440, pseudoHeaderSum6Of(peerIp6, ourIp6, 6, 24))
    bench.receives(ipv6Frame({ nextHeader: 6, payload: first }))
    bench.frames()
    bench.receives(ipv6Frame({ nextHeader: 6, payload: tcp6({ sourcePort: 40000, destinationPort: 7, flags: ack, seq: 501, ack: 1001 }) }))
    const { connection } = bench.events().find(({ kind }) => kind === 'accepted')!
    bench.host.send(connection, new Uint8Array(4000), 0, 4000, bench.nowUs)
    const [frame] = bench.frames()
    expect(frame).toHaveLength(14 + 1500)
    const message = (mtu: number) => icmpv6Frame(2, 0, mtu, frame.slice(14, 14 + 100))
    bench.receives(message(1279), message(9000))
    expect(bench.host.statistics().icmpv6).toMatchObject({ errorsForTcp: 0, ignored: 2 })
    bench.receives(message(1280))
    bench.advance(2e6)
    expect(Math.max(...bench.frames().filter((sent) => sent[20] === 6).map((sent) => sent.length - 14))).toBe(1280)
  })

  it('is not known for datagrams: through a router IPv6 sends pieces of 1280 bytes (RFC 8200 §5)', () => {
    const bench = met6()
    bench.receives(routerAdvertisement())
    const source = ip6('2001:db8:9::1')
    bench.receives(icmpv6Frame(128, 0, 1, new Uint8Array(1400), { source }))
    expect(bench.frames().filter((frame) => frame[20] === 44).map((frame) => frame.length - 14)).toEqual([1280, 224])
    bench.receives(icmpv6Frame(128, 0, 1, new Uint8Array(1400), { source: peerIp6 }))
    expect(bench.frames().filter((frame) => frame[20] === 58 && frame[54] === 129)).toHaveLength(1)
  })

  it('is remembered for ten minutes, of so many destinations [RFC1191/reprobe]', () => {
    const known = new PathMtus()
    known.note(far, 1400, 0)
    known.note(peerIp6, 1300, 0)
    expect([known.find(far, 599e6), known.find(peerIp6, 599e6), known.find(farOther, 0)]).toEqual([1400, 1300, -1])
    expect([known.find(far, 600e6), known.count]).toEqual([-1, 1])
    for (let i = 0; i < 1000; i++) known.note(i, 1000, i)
    expect(known.count).toBe(pathMtuLimits.entries)
    expect([known.find(999, 1000), known.find(743, 1000)]).toEqual([1000, -1])
  })
})

describe('ICMPv6', () => {
  const connect = (bench: Bench) => {
    const id = bench.host.connect(peerIp6, 80, { localPort: 1024 }, bench.nowUs) as number
    return { id, quote: bench.frames()[0].slice(14) }
  }

  it('passes errors of types it does not know to the transport, and drops the others [RFC4443/unknown]', () => {
    const bench = met6({ tcp })
    const { id, quote } = connect(bench)
    bench.receives(icmpv6Frame(200, 0, 0, quote))
    expect(bench.events()).toEqual([])
    expect(bench.host.statistics().icmpv6.unknownType).toBe(1)
    bench.receives(icmpv6Frame(100, 3, 0, quote))
    expect(bench.events()).toMatchObject([{ kind: 'unreachable', connection: id }])
    expect(bench.host.record(id)!.softError).toEqual({ kind: 'soft', ipVersion: 6, type: 100, code: 3 })
    expect(bench.frames()).toEqual([])
  })

  it.each([
    ['no route', 1, 0, false], ['prohibited', 1, 1, true], ['address unreachable', 1, 3, false], ['port unreachable', 1, 4, true], ['hop limit', 3, 0, false],
    ['unknown next header', 4, 1, true], ['unknown option', 4, 2, false],
  ] as const)('%s is hard or soft as RFC 9293 §3.9.2.2 says [RFC9293/MUST-56] [RFC9293/SHLD-26]', (_what, type, code, isHard) => {
    const bench = met6({ tcp })
    const { id, quote } = connect(bench)
    bench.receives(icmpv6Frame(type, code, 0, quote))
    expect(bench.events()).toMatchObject([{ kind: 'unreachable' }])
    expect(bench.host.connection(id)!.state).toBe(isHard ? TcpState.closed : TcpState.synSent)
  })

  it('with a broken checksum is dropped silently [RFC4443/checksum]', () => {
    const bench = met6()
    const echo = icmpv6Frame(128, 0, 1, new Uint8Array(8))
    echo[60] ^= 1
    bench.receives(echo)
    expect(bench.frames()).toEqual([])
    expect(bench.host.statistics().icmpv6.badChecksum).toBe(1)
  })
})
