import { describe, expect, it } from 'vitest'
import { concatBytes, readU16 } from '../../../src/base/bytes.ts'
import { Network } from '../../../src/sim/network.ts'
import { DatagramEcho } from '../../../src/stack/applications/datagram-services.ts'
import { ApplicationRunner } from '../../../src/stack/applications/runner.ts'
import { udpLimits } from '../../../src/stack/udp-socket.ts'
import { foldChecksum, pseudoHeaderSum6, sumBytes } from '../../../src/wire/checksum.ts'
import { IpProtocol } from '../../../src/wire/ipv4.ts'
import { Bench, broadcast, icmpMessage, ip, ipv4Frame, ourIp, peerIp, udpDatagram } from './harness.ts'
import { icmpv6Frame, ip6, ipv6Frame, met6, ourIp6, peerIp6, udp6 } from './harness6.ts'

const text = (value: string) => Uint8Array.from(value, (letter) => letter.charCodeAt(0))
const said = (bytes: Uint8Array) => String.fromCharCode(...bytes)

function met(change = {}): Bench {
  const bench = Bench.ready(change)
  bench.meets()
  return bench
}

const arrives = (bench: Bench, sourcePort: number, destinationPort: number, data: Uint8Array, more: { source?: number, destination?: number, to?: Uint8Array } = {}) =>
  bench.receives(ipv4Frame({ protocol: IpProtocol.udp, payload: udpDatagram(sourcePort, destinationPort, data, more.source, more.destination), ...more }))

describe('a UDP socket', () => {
  it('receives datagrams in order, with who sent them and where they came to', () => {
    const bench = met()
    const id = bench.host.udpBind(5353) as number
    arrives(bench, 1000, 5353, text('one'))
    arrives(bench, 1001, 5353, text('two'))
    expect(bench.events()).toMatchObject([{ kind: 'datagram', socket: id, connection: -1 }])
    expect([bench.host.udpReceive(id), bench.host.udpReceive(id), bench.host.udpReceive(id)]).toEqual([
      { address: peerIp, port: 1000, localAddress: ourIp, bytes: text('one') }, { address: peerIp, port: 1001, localAddress: ourIp, bytes: text('two') }, null,
    ])
    arrives(bench, 1000, 5353, new Uint8Array(0))
    expect(bench.events()).toMatchObject([{ kind: 'datagram', socket: id }])
    expect(bench.frames()).toEqual([])
  })

  it('sends with a checksum, over both versions, zero as all ones [RFC768/pseudo] [RFC8200/udp6-zero]', () => {
    const bench = met6()
    bench.meets()
    const id = bench.host.udpBind(0) as number
    const { port } = bench.host.udpSocket(id)!
    expect(port).toBeGreaterThanOrEqual(49152)
    expect(bench.host.udpSend(id, peerIp, 9, text('odd'), bench.nowUs)).toBeNull()
    expect(bench.sent()).toEqual([`10.77.0.2:${port} > 10.77.0.1:9 udp (3)`])
    // The data is what makes the sum 0xffff, whatever the port: the field is then all ones.
    const rest = foldChecksum(sumBytes(Uint8Array.from([...ourIp6, ...peerIp6]), 0, 32) + 17 + 10 + 10 + port + 9)
    expect(bench.host.udpSend(id, peerIp6, 9, Uint8Array.of(rest >>> 8, rest & 255), bench.nowUs)).toBeNull()
    const [frame] = bench.frames()
    expect(readU16(frame, 54 + 6)).toBe(0xffff)
    expect(foldChecksum(sumBytes(frame, 54, 10, pseudoHeaderSum6(frame, 22, 38, 17, 10)))).toBe(0)
  })

  it('takes what is for its address or its peer, the one that says most first', () => {
    const bench = met({ moreIpv4: [ip('10.77.0.50')] })
    const everybody = bench.host.udpBind(53) as number
    const onePeer = bench.host.udpBind(53, { remote: { address: peerIp, port: 1000 } }) as number
    expect(bench.host.udpBind(53)).toMatchObject({ code: 'portInUse' })
    expect(bench.host.udpBind(53, { address: ourIp })).toMatchObject({ code: 'portInUse' })
    const second = bench.host.udpBind(54, { address: ip('10.77.0.50') }) as number
    arrives(bench, 1000, 53, text('a'))
    arrives(bench, 1001, 53, text('b'))
    arrives(bench, 1000, 54, text('c'), { destination: ip('10.77.0.50') })
    arrives(bench, 1000, 54, text('d'))
    expect([onePeer, everybody, second].map((id) => said(bench.host.udpReceive(id)!.bytes))).toEqual(['a', 'b', 'c'])
    expect(bench.frames().map((frame) => [frame[34], frame[35]])).toEqual([[3, 3]])
  })

  it('hears broadcasts and groups, and may send them', () => {
    const bench = met6()
    bench.meets()
    const id = bench.host.udpBind(68) as number
    arrives(bench, 67, 68, text('all'), { destination: ip('10.77.0.255'), to: broadcast })
    expect(bench.host.udpReceive(id)).toMatchObject({ localAddress: ip('10.77.0.255') })
    expect(bench.host.udpSend(id, ip('10.77.0.255'), 67, text('hi'), bench.nowUs)).toBeNull()
    expect(bench.host.udpSend(id, ip6('ff02::1'), 67, text('hi'), bench.nowUs)).toBeNull()
    expect(bench.frames().map((frame) => [...frame.subarray(0, 6)])).toEqual([[...broadcast], [0x33, 0x33, 0, 0, 0, 1]])
  })

  it('keeps no more than fits, and says how many were lost', () => {
    const bench = met()
    const id = bench.host.udpBind(9) as number
    for (let i = 0; i < 400; i++) arrives(bench, 1, 9, new Uint8Array(10))
    const socket = bench.host.udpSocket(id)!
    expect([socket.queuedDatagrams, socket.dropped]).toEqual([udpLimits.queuedDatagrams, 400 - udpLimits.queuedDatagrams])
    while (bench.host.udpReceive(id) !== null);
    for (let i = 0; i < 400; i++) arrives(bench, 1, 9, new Uint8Array(1400))
    expect(socket.queuedBytes).toBeLessThanOrEqual(udpLimits.queuedBytes)
    expect(bench.host.statistics().udp.queueFull).toBe(socket.dropped)
  })

  it('sends large datagrams in fragments, or not at all where it is told so [RFC791/df]', () => {
    const bench = met()
    const free = bench.host.udpBind(1) as number
    const strict = bench.host.udpBind(2, { dontFragment: true }) as number
    const data = Uint8Array.from({ length: 2000 }, (_, i) => i)
    expect(bench.host.udpSend(strict, peerIp, 9, data, bench.nowUs)).toMatchObject({ code: 'badArgument', params: { expected: '0 .. 1472' } })
    expect(bench.frames()).toEqual([])
    expect(bench.host.udpSend(strict, peerIp, 9, data.slice(0, 1472), bench.nowUs)).toBeNull()
    expect(bench.frames().map((frame) => readU16(frame, 20))).toEqual([0x4000])
    expect(bench.host.udpSend(free, peerIp, 9, data, bench.nowUs)).toBeNull()
    const frames = bench.frames()
    expect(frames.map((frame) => readU16(frame, 20))).toEqual([0x2000, 185])
    expect(concatBytes(frames.map((frame) => frame.slice(34))).slice(8)).toEqual(data)
    expect(bench.host.udpSend(free, peerIp, 9, new Uint8Array(65_508), bench.nowUs)).toMatchObject({ code: 'badArgument', params: { expected: '0 .. 65507' } })
  })

  it('hears of what the network reports about its datagrams [RFC1122/udp-icmp-up]', () => {
    const bench = met6()
    bench.meets()
    const id = bench.host.udpBind(4000) as number
    const other = bench.host.udpBind(4001) as number
    bench.host.udpSend(id, peerIp, 9, text('x'), bench.nowUs)
    const [frame] = bench.frames()
    bench.receives(ipv4Frame({ protocol: IpProtocol.icmp, payload: icmpMessage(3, 3, 0, frame.slice(14)) }))
    expect(bench.events()).toMatchObject([{ kind: 'datagramError', socket: id }])
    expect([bench.host.udpSocket(id)!.error, bench.host.udpSocket(other)!.error]).toEqual([{ kind: 'hard', ipVersion: 4, type: 3, code: 3, address: peerIp, port: 9 }, null])
    bench.host.udpSend(other, peerIp6, 9, text('x'), bench.nowUs)
    const [frame6] = bench.frames()
    bench.receives(icmpv6Frame(1, 3, 0, frame6.slice(14)))
    expect(bench.host.udpSocket(other)!.error).toEqual({ kind: 'soft', ipVersion: 6, type: 1, code: 3, address: peerIp6, port: 9 })
  })

  it('says why nothing can be sent', () => {
    const bench = met()
    const id = bench.host.udpBind(4000) as number
    const send = (address: number | Uint8Array, port = 9, from?: number) => bench.host.udpSend(id, address, port, text('x'), bench.nowUs, from)
    expect([send(ourIp), send(0), send(ip('192.0.2.1')), send(peerIp, 0), send(peerIp6), send(peerIp, 9, ip('10.77.0.9'))]).toMatchObject(
      ['addressInvalid', 'addressInvalid', 'hostUnreachable', 'badArgument', 'hostUnreachable', 'addressInvalid'].map((code) => ({ code })))
    expect(bench.host.udpClose(id)).toBe(true)
    expect([send(peerIp), bench.host.udpClose(id), bench.host.udpReceive(id)]).toMatchObject([{ code: 'noSuchConnection' }, false, null])
    arrives(bench, 1, 4000, text('x'))
    expect(bench.frames().map((frame) => [frame[34], frame[35]])).toEqual([[3, 3]])
  })

  it('is one of so many, and never the thousandth of one port', () => {
    const bench = met()
    for (let i = 0; i < udpLimits.sockets; i++) expect(bench.host.udpBind(0)).toBeTypeOf('number')
    expect(bench.host.udpBind(0)).toMatchObject({ code: 'bufferFull' })
  })
})

describe('UDP services', () => {
  it('echo sends back what comes, from the address that was written to, but never to another echo', () => {
    const bench = met6({ moreIpv4: [ip('10.77.0.50')] })
    bench.meets()
    const runner = new ApplicationRunner(bench.host)
    expect(runner.serveDatagrams(7, new DatagramEcho())).toBeTypeOf('number')
    arrives(bench, 1000, 7, text('hello'), { destination: ip('10.77.0.50') })
    arrives(bench, 19, 7, text('loop'))
    bench.receives(ipv6Frame({ nextHeader: 17, payload: udp6(1000, 7, text('six')) }))
    runner.run(bench.nowUs)
    const frames = bench.frames()
    expect(frames).toHaveLength(2)
    expect([said(frames[0].slice(42)), [...frames[0].subarray(26, 30)]]).toEqual(['hello', [10, 77, 0, 50]])
    expect(said(frames[1].slice(62))).toBe('six')
  })

  it('carry datagrams of any size over a network that loses none', () => {
    const network = new Network({ seed: 7 })
    const [a, b] = [network.add({ name: 'a', address: ip('10.0.0.1') }), network.add({ name: 'b', address: ip('10.0.0.2') })]
    network.run(1e6)
    b.applications.serveDatagrams(7, new DatagramEcho())
    const id = a.host.udpBind(0) as number
    for (const length of [0, 1, 1472, 1473, 9000, 65_507]) {
      const data = Uint8Array.from({ length }, (_, i) => i * 7)
      expect(a.host.udpSend(id, ip('10.0.0.2'), 7, data, network.nowUs)).toBeNull()
      network.run(network.nowUs + 1e5)
      expect(a.host.udpReceive(id)?.bytes).toEqual(data)
    }
  })
})
