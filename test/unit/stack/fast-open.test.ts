import { describe, expect, it } from 'vitest'
import type { ImpairedLink } from '../../../src/link/impair.ts'
import { Network } from '../../../src/sim/network.ts'
import { Echo } from '../../../src/stack/applications/echo.ts'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import { createTcpSnapshot } from '../../../src/tcp/snapshot.ts'
import { IpProtocol } from '../../../src/wire/ipv4.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { Bench, ip, ipv4Frame, tcpSegment } from './harness.ts'

const s = 1_000_000
const { syn, ack, rst } = TcpFlag
const clientIp = ip('10.0.0.1')
const serverIp = ip('10.0.0.2')

/** Two hosts 10 ms apart; the server echoes on port 7. */
function pair(client: Partial<TcpConfig>, server: Partial<TcpConfig>) {
  const network = new Network({ seed: 1 })
  const stations = [[clientIp, client], [serverIp, server]].map(([address, config], i) => network.add({
    name: `host ${i}`, address: address as number, tcp: { ...defaultTcpConfig, ...config as Partial<TcpConfig> }, send: { delayUs: 10_000 },
  }))
  stations[1].applications.serve(7, () => new Echo())
  network.run(10 * s)
  const view = createTcpSnapshot()
  /** Connects with 100 bytes to say. @returns how it went, and when the echo was here */
  const talk = (waitUs = 1 * s) => {
    const { host } = stations[0]
    const startUs = network.nowUs
    const id = host.connect(serverIp, 7, {}, startUs) as number
    host.send(id, new Uint8Array(100), 0, 100, startUs)
    let echoedUs = -1
    network.runWhile(() => {
      if (echoedUs < 0 && host.connection(id)!.receivableBytes === 100) echoedUs = network.nowUs - startUs
      return true
    }, startUs + waitUs)
    host.connection(id)!.snapshot(view)
    const { fastOpen } = view
    host.close(id, network.nowUs)
    network.run(network.nowUs + 1 * s)
    return { fastOpen, echoedUs }
  }
  return { network, stations, talk }
}

describe('TCP Fast Open between two hosts', () => {
  it('saves a round trip from the second connection on [RFC7413/request] [RFC7413/client-syn] [RFC7413/server-valid]', () => {
    const { talk } = pair({ fastOpen: 'client' }, { fastOpen: 'server' })
    // ARP, the handshake, the echo.
    expect(talk()).toEqual({ fastOpen: 'asked', echoedUs: 60_000 })
    expect(talk()).toEqual({ fastOpen: 'taken', echoedUs: 20_000 })
    expect(talk()).toEqual({ fastOpen: 'taken', echoedUs: 20_000 })
  })

  it('is off unless both sides want it [RFC7413/off-default]', () => {
    const { talk } = pair({}, { fastOpen: 'both' })
    expect([talk(), talk()].map(({ fastOpen }) => fastOpen)).toEqual(['none', 'none'])
    const other = pair({ fastOpen: 'both' }, {})
    expect([other.talk(), other.talk()].map(({ fastOpen }) => fastOpen)).toEqual(['asked', 'asked'])
  })

  it('asks for another cookie when the server has changed its key [RFC7413/server-invalid]', () => {
    const { talk, stations } = pair({ fastOpen: 'client' }, { fastOpen: 'server' })
    talk()
    stations[1].host.setFastOpenKeys([Uint32Array.of(1, 2, 3, 4)])
    expect([talk(), talk()].map(({ fastOpen }) => fastOpen)).toEqual(['refused', 'taken'])
  })

  it('leaves a server alone for a while after its SYN was in vain [RFC7413/negative-cache] [RFC7413/fallback]', () => {
    const { talk, stations, network } = pair({ fastOpen: 'client', fastOpenPauseUs: 60 * s }, { fastOpen: 'server' })
    talk()
    const { host } = stations[0]
    expect(host.knowsFastOpenCookie(serverIp, 7, network.nowUs)).toBe(true)
    const path = (stations[0].link as ImpairedLink).sendPath
    // Nothing gets through for as long as the first SYN takes.
    path.configure({ lossRate: 1 })
    const id = host.connect(serverIp, 7, {}, network.nowUs) as number
    host.send(id, new Uint8Array(100), 0, 100, network.nowUs)
    network.run(network.nowUs + 0.5 * s)
    path.configure({ delayUs: 10_000 })
    network.run(network.nowUs + 2 * s)
    expect(host.connection(id)!.fastOpen!.outcome).toBe('fellBack')
    host.close(id, network.nowUs)
    network.run(network.nowUs + 1 * s)
    expect(talk().fastOpen).toBe('none')
    expect(host.knowsFastOpenCookie(serverIp, 80, network.nowUs)).toBe(true)
    network.run(network.nowUs + 60 * s)
    expect(talk()).toEqual({ fastOpen: 'taken', echoedUs: 20_000 })
  })
})

describe('a listener that opens fast', () => {
  const tcp = { ...defaultTcpConfig, timestamps: false, sackPermitted: false, windowScaling: false, fastOpen: 'server', fastOpenCookies: false, fastOpenPending: 2 } as const
  const segment = (sourcePort: number, change: Parameters<typeof tcpSegment>[0], length = 0) =>
    ipv4Frame({ protocol: IpProtocol.tcp, payload: tcpSegment({ sourcePort, destinationPort: 7, ...change }, new Uint8Array(length)) })
  const opens = (bench: Bench, port: number) => {
    bench.receives(segment(port, { flags: syn, seq: 500 }, 10))
    const [line] = bench.sent()
    return { isEarly: line.includes('ack 511'), isn: Number(/S\. (\d+):/.exec(line)![1]) }
  }

  it('has no more connections wait for their handshake than it was told [RFC7413/pending-limit]', () => {
    const bench = Bench.ready({ tcp })
    bench.meets()
    bench.host.listen(7)
    const first = opens(bench, 40_001)
    expect([first.isEarly, opens(bench, 40_002).isEarly, opens(bench, 40_003).isEarly]).toEqual([true, true, false])
    bench.receives(segment(40_001, { flags: ack, seq: 511, ack: first.isn + 1 }))
    bench.frames()
    expect([opens(bench, 40_004).isEarly, opens(bench, 40_005).isEarly]).toEqual([true, false])
  })

  it('goes on counting for a minute those that a reset ended, as forged addresses answer [RFC7413/pending-limit]', () => {
    const bench = Bench.ready({ tcp })
    bench.meets()
    bench.host.listen(7)
    for (const port of [40_001, 40_002]) {
      expect(opens(bench, port).isEarly).toBe(true)
      bench.receives(segment(port, { flags: rst, seq: 511 }))
    }
    bench.events()
    expect(opens(bench, 40_003).isEarly).toBe(false)
    bench.advance(60 * s)
    bench.frames()
    expect(opens(bench, 40_004).isEarly).toBe(true)
  })
})
