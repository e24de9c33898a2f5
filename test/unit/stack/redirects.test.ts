import { describe, expect, it } from 'vitest'
import { redirectsAtMost } from '../../../src/stack/redirects.ts'
import { IpProtocol } from '../../../src/wire/ipv4.ts'
import { Bench, icmpMessage, ip, ipv4Frame, mac, ourIp, ourMac, peerIp, peerMac, udpDatagram } from './harness.ts'
import { icmpv6Frame, ip6, met6, ourIp6, ourLinkLocal, peerLinkLocal, routerAdvertisement } from './harness6.ts'

const far = ip('192.0.2.9')
const better = ip('10.77.0.3')
const betterMac = mac('02:00:00:00:00:03')
const text = Uint8Array.of(1)

/** A host whose gateway is the peer; both routers have answered ARP. */
function routed(change = {}): { bench: Bench, send: (to?: number) => string } {
  const bench = Bench.ready({ gateway: peerIp, ...change })
  bench.meets()
  bench.meets(better, betterMac)
  const id = bench.host.udpBind(4000) as number
  return { bench, send: (to = far) => macOf(() => bench.host.udpSend(id, to, 9, text, bench.nowUs), bench) }
}

/** Whom the next frame goes to. */
function macOf(send: () => unknown, bench: Bench): string {
  expect(send()).toBeNull()
  return Buffer.from(bench.frames()[0].subarray(0, 6)).toString('hex')
}

interface Change { code?: number, gateway?: number, from?: number, source?: number, destination?: number }

function redirect({ code = 1, gateway = better, from = peerIp, source = ourIp, destination = far }: Change = {}): Uint8Array {
  const quoted = ipv4Frame({ protocol: IpProtocol.udp, payload: udpDatagram(4000, 9, text), source, destination }).subarray(14)
  return ipv4Frame({ protocol: IpProtocol.icmp, payload: icmpMessage(5, code, gateway, quoted), source: from })
}

const oldWay = '020000000001'
const newWay = '020000000003'

describe('ICMP redirects', () => {
  it('lead one destination through the better router, for hosts and networks alike', () => {
    for (const code of [0, 1, 2, 3]) {
      const { bench, send } = routed()
      expect(send()).toBe(oldWay)
      bench.receives(redirect({ code }))
      expect([send(), send(ip('192.0.2.10'))]).toEqual([newWay, oldWay])
      expect(bench.host.statistics().icmp).toMatchObject({ redirectsTaken: 1, ignored: 0 })
    }
  })

  it('move connections that go there, at once', () => {
    const { bench } = routed()
    const id = bench.host.connect(far, 80, {}, bench.nowUs) as number
    expect(Buffer.from(bench.frames()[0].subarray(0, 6)).toString('hex')).toBe(oldWay)
    bench.receives(redirect())
    bench.advance(1e6)
    expect(bench.frames().map((frame) => Buffer.from(frame.subarray(0, 6)).toString('hex'))).toEqual([newWay])
    expect(bench.host.connection(id)).toBeDefined()
  })

  const wrong: [string, Change][] = [
    ['from somebody who is not the router of that destination', { from: better, gateway: ip('10.77.0.4') }],
    ['to a router that is on another network', { gateway: ip('192.0.2.1') }],
    ['to ourselves', { gateway: ourIp }],
    ['to a group', { gateway: ip('224.0.0.1') }],
    ['to the router itself', { gateway: peerIp }],
    ['about a packet of another host', { source: ip('10.77.0.5') }],
    ['about a neighbour', { destination: ip('10.77.0.7') }],
    ['of an unknown code', { code: 4 }],
  ]
  for (const [what, change] of wrong) {
    it(`is not believed ${what}`, () => {
      const { bench, send } = routed()
      bench.receives(redirect(change))
      expect(send()).toBe(oldWay)
      expect(bench.host.statistics().icmp).toMatchObject({ redirectsTaken: 0, ignored: 1 })
    })
  }

  it('is not believed where the host is told so', () => {
    const { bench, send } = routed({ acceptRedirects: false })
    bench.receives(redirect())
    expect(send()).toBe(oldWay)
  })

  it('is forgotten when the better router does not answer', () => {
    const { bench } = routed()
    bench.receives(redirect({ gateway: ip('10.77.0.8') }))
    const id = bench.host.udpBind(4001) as number
    bench.host.udpSend(id, far, 9, text, bench.nowUs)
    bench.advance(30e6)
    bench.frames()
    bench.meets()
    expect(macOf(() => bench.host.udpSend(id, far, 9, text, bench.nowUs), bench)).toBe(oldWay)
  })

  it('keeps so many, the oldest give way', () => {
    const { bench, send } = routed()
    for (let i = 0; i <= redirectsAtMost; i++) bench.receives(redirect({ destination: far + i }))
    expect([send(far), send(far + 1), send(far + redirectsAtMost)]).toEqual([oldWay, newWay, newWay])
  })
})

const far6 = ip6('2a00:db8::9')
const better6 = ip6('fe80::3')

/** A host that follows the router fe80::1. */
function routed6(change = {}): { bench: Bench, send: () => string } {
  const bench = met6(change)
  bench.receives(routerAdvertisement())
  bench.advance(5e6)
  bench.frames()
  const id = bench.host.udpBind(4000) as number
  return { bench, send: () => macOf(() => bench.host.udpSend(id, far6, 9, text, bench.nowUs), bench) }
}

interface Change6 { source?: Uint8Array, target?: Uint8Array, destination?: Uint8Array, hopLimit?: number, code?: number, options?: number[] }

function redirect6({ source = peerLinkLocal, target = better6, destination = far6, hopLimit = 255, code = 0, options = [2, 1, ...betterMac] }: Change6 = {}): Uint8Array {
  return icmpv6Frame(137, code, 0, Uint8Array.from([...target, ...destination, ...options]), { source, destination: ourLinkLocal, hopLimit, to: ourMac })
}

describe('redirects of neighbour discovery', () => {
  it('lead a destination through the better router, whose MAC they may bring', () => {
    const { bench, send } = routed6()
    expect(send()).toBe(Buffer.from(peerMac).toString('hex'))
    bench.receives(redirect6())
    expect(send()).toBe(newWay)
    expect(bench.host.statistics().ndp.redirectsTaken).toBe(1)
    expect(bench.host.ndpTable().find(({ mac: known }) => known === '02:00:00:00:00:03')).toMatchObject({ isRouter: true })
  })

  it('tell that a destination is a neighbour', () => {
    const { bench, send } = routed6()
    bench.receives(redirect6({ target: far6 }))
    expect(send()).toBe(newWay)
    expect(bench.host.ndpTable().find(({ mac: known }) => known === '02:00:00:00:00:03')).toMatchObject({ isRouter: false })
  })

  it('without a MAC let neighbour discovery ask for it', () => {
    const { bench } = routed6()
    bench.receives(redirect6({ options: [] }))
    const id = bench.host.udpBind(4001) as number
    bench.host.udpSend(id, far6, 9, text, bench.nowUs)
    expect(bench.sent()[0]).toContain('neighbor_solicitation target fe80::3')
  })

  const wrong: [string, Change6][] = [
    ['from beyond the link', { hopLimit: 254 }],
    ['from an address that is not link-local', { source: ip6('fd00::1') }],
    ['from another router than the one that is used', { source: ip6('fe80::7') }],
    ['to a router by an address that is not link-local', { target: ip6('fd00::7') }],
    ['to ourselves', { target: ourLinkLocal }],
    ['about a group', { destination: ip6('ff02::9') }],
    ['of an unknown code', { code: 1 }],
    ['with an option of no length', { options: [2, 0, ...betterMac] }],
    ['about a destination on the link', { destination: ip6('fd00::1') }],
  ]
  for (const [what, change] of wrong) {
    it(`are not believed ${what}`, () => {
      const { bench, send } = routed6()
      bench.receives(redirect6(change))
      expect(send()).toBe(Buffer.from(peerMac).toString('hex'))
      expect(bench.host.statistics().ndp.redirectsTaken).toBe(0)
    })
  }

  it('are forgotten with the start of a new life', () => {
    const { bench, send } = routed6()
    bench.receives(redirect6())
    bench.host.stop()
    bench.host.start(bench.nowUs)
    bench.advance(5e6)
    bench.receives(routerAdvertisement())
    bench.advance(5e6)
    bench.frames()
    expect(send()).toBe(Buffer.from(peerMac).toString('hex'))
    expect(bench.host.isOwnAddress(ourIp6)).toBe(true)
  })
})
