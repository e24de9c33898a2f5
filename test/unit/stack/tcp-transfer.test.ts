import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import type { Impairments } from '../../../src/link/impair.ts'
import { Network } from '../../../src/sim/network.ts'
import type { Station } from '../../../src/sim/station.ts'
import { ByteSink } from '../../../src/stack/applications/byte-sink.ts'
import { Discard } from '../../../src/stack/applications/discard.ts'
import { HttpGet } from '../../../src/stack/applications/http-get.ts'
import { services } from '../../../src/stack/applications/services.ts'
import { bytesSource, Transfer } from '../../../src/stack/applications/transfer.ts'
import type { HostEvent } from '../../../src/stack/host-event.ts'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import { foldChecksum, pseudoHeaderSum4, sumBytes } from '../../../src/wire/checksum.ts'
import { ip, print } from './harness.ts'

const serverIp = ip('10.77.0.1')
const clientIp = ip('10.77.0.2')

interface Pair { network: Network, client: Station, server: Station }

function pair(options: { seed?: number, impair?: Impairments, tcp?: Partial<TcpConfig>, clientTcp?: Partial<TcpConfig> } = {}): Pair {
  const network = new Network({ seed: options.seed ?? 1 })
  const { impair } = options
  const server = network.add({ name: 'server', address: serverIp, tcp: options.tcp, receive: impair, send: impair })
  const client = network.add({ name: 'client', address: clientIp, tcp: { ...options.tcp, ...options.clientTcp } })
  for (const { port, create } of Object.values(services)) server.applications.serve(port, create)
  network.run(5e6)
  return { network, client, server }
}

function randomBytes(length: number, seed: number): Uint8Array {
  const random = new Random(seed)
  return Uint8Array.from({ length }, () => random.nextU32())
}

function trace(station: Station): string[] {
  const lines: string[] = []
  station.onFrames = (_station, direction, batch) => {
    for (let i = 0; i < batch.count; i++) lines.push(`${direction === 'sent' ? '>' : '<'} ${print(batch.bytes.slice(batch.offset[i], batch.offset[i] + batch.capturedLength[i]))}`)
  }
  return lines
}

describe('TCP through hosts', () => {
  it('holds the first conversation: ARP, handshake, GET, answer, four-way close [RFC1122/arp-queue]', () => {
    const { network, client } = pair({ tcp: { isn: 1000, timestamps: false, sackPermitted: false, windowScaling: false }, clientTcp: { isn: 100 } })
    const lines = trace(client)
    const get = new HttpGet({ host: '10.77.0.1' })
    client.applications.connect(serverIp, 80, get, { localPort: 40000 }, network.nowUs)
    network.run(network.nowUs + 1e6)
    const length = get.request.length
    const [up, down] = ['10.77.0.2:40000 > 10.77.0.1:80', '10.77.0.1:80 > 10.77.0.2:40000']
    const answered = 1001 + Number(/\((\d+)\)/.exec(lines[6])![1])
    const ours = 101 + length
    const short = lines.map((line) => line.replace(/ win \d+.*/, ''))
    expect(short).toEqual([
      '> arp who-has 10.77.0.1 tell 10.77.0.2', '< arp reply 10.77.0.1 is-at 02:54:0a:4d:00:01',
      `> ${up} S 100:100(0)`, `< ${down} S. 1000:1000(0) ack 101`, `> ${up} . 101:101(0) ack 1001`,
      `> ${up} P. 101:${ours}(${length}) ack 1001`, `< ${down} P. 1001:${answered}(${answered - 1001}) ack ${ours}`,
      `> ${up} F. ${ours}:${ours}(0) ack ${answered}`, `< ${down} . ${answered}:${answered}(0) ack ${ours + 1}`,
      `< ${down} F. ${answered}:${answered}(0) ack ${ours + 1}`, `> ${up} . ${ours + 1}:${ours + 1}(0) ack ${answered + 1}`,
    ])
    network.run(network.nowUs + 300e6)
    expect(get.result).toMatchObject({ status: 200, isComplete: true, ending: 'closed' })
  })

  it('sends only good frames: IPv4 and ARP, checksums right for odd and even lengths [RFC9293/MUST-2] [RFC1122/eth-encap]', () => {
    const { network, client, server } = pair()
    let segments = 0
    const check: Station['onFrames'] = (_station, _direction, { bytes, count, offset, capturedLength }) => {
      for (let i = 0; i < count; i++) {
        const at = offset[i]
        const etherType = bytes[at + 12] << 8 | bytes[at + 13]
        expect([0x0800, 0x0806]).toContain(etherType)
        if (etherType !== 0x0800) continue
        const length = capturedLength[i] - 34
        expect(foldChecksum(sumBytes(bytes, at + 14, 20))).toBe(0)
        expect(foldChecksum(sumBytes(bytes, at + 34, length, pseudoHeaderSum4(bytes, at + 26, at + 30, 6, length)))).toBe(0)
        segments++
      }
    }
    client.onFrames = server.onFrames = check
    for (const length of [1, 2, 999, 5001]) client.applications.connect(serverIp, 7, new Transfer({ source: bytesSource(randomBytes(length, length)) }), {}, network.nowUs)
    network.run(network.nowUs + 10e6)
    expect(segments).toBeGreaterThan(40)
    expect(client.host.statistics().tcp.badChecksum + server.host.statistics().tcp.badChecksum).toBe(0)
  })

  it('echoes a megabyte byte for byte over a network that loses, reorders, duplicates and corrupts', () => {
    const impair: Impairments = { lossRate: 0.05, duplicateRate: 0.01, corruptRate: 0.01, reorderRate: 0.02, reorderUs: 3000, delayUs: 2000, jitterUs: 500 }
    const { network, client, server } = pair({ seed: 7, impair })
    const data = randomBytes(1_000_000, 42)
    const sink = new ByteSink(data.length + 1)
    const transfer = new Transfer({ source: bytesSource(data), sink: (bytes, at, length) => sink.add(bytes, at, length) })
    client.applications.connect(serverIp, 7, transfer, {}, network.nowUs)
    network.runWhile(() => transfer.ending === null, network.nowUs + 3600e6)
    expect(transfer).toMatchObject({ ending: 'closed', sent: data.length, received: data.length })
    expect(Buffer.compare(sink.view(), data)).toBe(0)
    expect(server.host.statistics().tcp.retransmitted).toBeGreaterThan(10)
    expect(client.host.statistics().tcp.badChecksum + server.host.statistics().tcp.badChecksum + server.host.statistics().ipv4.badChecksum).toBeGreaterThan(0)
  })

  it('moves different megabytes both ways at once, byte for byte, under 5 % loss', () => {
    const { network, client, server } = pair({ seed: 3, impair: { lossRate: 0.05, delayUs: 5000 } })
    const [up, down] = [randomBytes(1_000_000, 1), randomBytes(1_000_000, 2)]
    const [atServer, atClient] = [new ByteSink(2_000_000), new ByteSink(2_000_000)]
    const ends: string[] = []
    server.applications.serve(5000, () => new Transfer({ source: bytesSource(down), sink: (...piece) => atServer.add(...piece), ended: (ending) => ends.push(ending) }))
    const uploader = new Transfer({ source: bytesSource(up), sink: (...piece) => atClient.add(...piece), ended: (ending) => ends.push(ending) })
    client.applications.connect(serverIp, 5000, uploader, {}, network.nowUs)
    network.runWhile(() => ends.length < 2, network.nowUs + 3600e6)
    expect(ends).toEqual(['closed', 'closed'])
    expect(Buffer.compare(atServer.view(), up)).toBe(0)
    expect(Buffer.compare(atClient.view(), down)).toBe(0)
  })

  it('serves 200 connections at once', () => {
    const { network, client, server } = pair({ impair: { delayUs: 1000 } })
    const gets = Array.from({ length: 200 }, (_, i) => new HttpGet({ host: 'x', path: `/bytes/${1000 + i * 97}` }))
    for (const get of gets) client.applications.connect(serverIp, 80, get, {}, network.nowUs)
    network.runWhile(() => gets.some((get) => get.result === null), network.nowUs + 600e6)
    expect(gets.map((get) => get.result?.bodyLength)).toEqual(gets.map((_, i) => 1000 + i * 97))
    for (const get of gets) expect(get.result!.body.every((byte, i) => byte === i % 251)).toBe(true)
    expect(client.host.statistics().tcp.retransmitted + server.host.statistics().tcp.retransmitted).toBe(0)
  })

  it('a sender waits for a receiver that does not read, and goes on when it does', () => {
    const { network, client, server } = pair({ tcp: { receiveBufferBytes: 20_000, sendBufferBytes: 20_000 } })
    server.applications.serve(6000, () => ({}))
    const transfer = new Transfer({ source: bytesSource(randomBytes(100_000, 5)) })
    const events: HostEvent[] = []
    server.onEvent = (event) => events.push(event)
    client.applications.connect(serverIp, 6000, transfer, {}, network.nowUs)
    network.run(network.nowUs + 60e6)
    expect(transfer.sent).toBeLessThanOrEqual(40_000)
    const accepted = events.find(({ kind, listenerPort }) => kind === 'accepted' && listenerPort === 6000)!
    const discard = new Discard()
    server.applications.attach(accepted.connection, discard)
    const buffer = new Uint8Array(65_536)
    const first = server.host.receive(accepted.connection, buffer, 0, buffer.length, network.nowUs)
    network.run(network.nowUs + 300e6)
    expect(first + discard.received).toBe(100_000)
  })

  it('acknowledges the last FIN even where TIME-WAIT has no length', () => {
    const { network, client, server } = pair({ tcp: { mslUs: 0 } })
    const gets = Array.from({ length: 20 }, () => new HttpGet({ host: 'x' }))
    for (const get of gets) client.applications.connect(serverIp, 80, get, {}, network.nowUs)
    network.run(network.nowUs + 10e6)
    expect(gets.map((get) => get.result?.ending)).toEqual(gets.map(() => 'closed'))
    expect([client, server].map(({ host }) => host.statistics().tcp.resetsOut + host.statistics().tcp.retransmitted)).toEqual([0, 0])
  })

  it('is deterministic: the same seed gives the same frames at the same times', () => {
    const walk = (seed: number) => {
      const { network, client } = pair({ seed, impair: { lossRate: 0.1, delayUs: 1000, jitterUs: 1000 } })
      const lines = trace(client)
      client.applications.connect(serverIp, 80, new HttpGet({ host: 'x', path: '/10k' }), {}, network.nowUs)
      network.run(network.nowUs + 30e6)
      return lines
    }
    const once = walk(11)
    expect(once.length).toBeGreaterThan(10)
    expect(walk(11)).toEqual(once)
    expect(walk(12)).not.toEqual(once)
  })
})
