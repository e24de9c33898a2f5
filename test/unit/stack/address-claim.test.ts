import { describe, expect, it } from 'vitest'
import { rfc5227Timings } from '../../../src/stack/address-claim.ts'
import { IpProtocol } from '../../../src/wire/ipv4.ts'
import { arpFrame, Bench, icmpMessage, ip, ipv4Frame, otherMac, ourIp, ourMac, peerMac } from './harness.ts'

const probing = { probeAddress: true, claimTimings: rfc5227Timings }
const probe = 'arp who-has 10.77.0.2 tell 0.0.0.0'
const announcement = 'arp announce 10.77.0.2 is-at 02:00:00:00:00:02'

describe('address claim (RFC 5227)', () => {
  it('probes three times, waits, announces twice; only then is the address ours [RFC5227/probe]', () => {
    const bench = new Bench(probing)
    bench.host.start(0)
    expect(bench.host.phase).toBe('probing')
    const seen: [number, string][] = []
    while (bench.host.pollTimeout() < Infinity) {
      bench.advance(bench.host.pollTimeout() - bench.nowUs)
      for (const line of bench.sent()) seen.push([bench.nowUs, line])
    }
    expect(seen.map(([, line]) => line)).toEqual([probe, probe, probe, announcement, announcement])
    const gaps = seen.slice(1).map(([at], i) => at - seen[i][0])
    expect(seen[0][0]).toBeLessThanOrEqual(1e6)
    for (const gap of gaps.slice(0, 2)) { expect(gap).toBeGreaterThanOrEqual(1e6); expect(gap).toBeLessThanOrEqual(2e6) }
    expect(gaps.slice(2)).toEqual([2e6, 2e6])
    expect(bench.host.phase).toBe('ready')
    expect(bench.events()).toMatchObject([{ kind: 'addressReady', address: ourIp }])
  })

  it('is silent while it probes: no answers, no connections', () => {
    const bench = new Bench(probing)
    bench.host.start(0)
    bench.receives(arpFrame({ targetIp: ourIp }), ipv4Frame({ protocol: IpProtocol.icmp, payload: icmpMessage(8, 0, 1, new Uint8Array(4)) }))
    expect(bench.sent()).toEqual([])
    expect(bench.host.connect(ip('10.77.0.1'), 80, {}, 0)).toMatchObject({ code: 'hostNotRunning', params: { address: '10.77.0.2' } })
  })

  it.each([
    ['an answer to the probe', { operation: 2, senderIp: ourIp, senderMac: otherMac, targetMac: ourMac, targetIp: 0, to: ourMac }],
    ['somebody else probing for it too', { senderIp: 0, senderMac: otherMac, targetIp: ourIp }],
    ['any packet from that address', { senderIp: ourIp, senderMac: otherMac, targetIp: ip('10.77.0.77') }],
  ])('gives up before use on %s [RFC5227/conflict]', (_what, frame) => {
    const bench = new Bench(probing)
    bench.host.start(0)
    bench.advance(1e6)
    bench.sent()
    bench.receives(arpFrame(frame))
    expect(bench.events()).toEqual([{ kind: 'addressConflict', connection: -1, socket: -1, listenerPort: -1, address: ourIp, mac: otherMac }])
    expect(bench.host.phase).toBe('conflict')
    bench.advance(60e6)
    expect(bench.sent()).toEqual([])
  })

  it('does not take its own probe, heard again, for a conflict', () => {
    const bench = new Bench(probing)
    bench.host.start(0)
    bench.advance(1e6)
    for (const frame of bench.frames()) bench.receives(frame)
    bench.receives(arpFrame({ senderIp: 0, senderMac: ourMac, targetIp: ourIp }))
    bench.advance(30e6)
    expect(bench.host.phase).toBe('ready')
  })

  it('may be tried again after a conflict', () => {
    const bench = new Bench(probing)
    bench.host.start(0)
    bench.receives(arpFrame({ senderIp: ourIp, senderMac: otherMac, targetIp: ourIp }))
    bench.events()
    bench.host.start(bench.nowUs)
    bench.advance(30e6)
    expect(bench.events()).toMatchObject([{ kind: 'addressReady' }])
  })

  it('defends the address once, and gives it up at a second conflict within ten seconds [RFC5227/defend]', () => {
    const bench = Bench.ready()
    const conflict = arpFrame({ senderIp: ourIp, senderMac: otherMac, targetIp: ourIp })
    bench.receives(conflict)
    expect(bench.sent()).toEqual([announcement])
    expect(bench.events()).toMatchObject([{ kind: 'addressDefended', mac: otherMac }])
    bench.advance(11e6)
    bench.receives(conflict)
    expect(bench.sent()).toEqual([announcement])
    bench.advance(1e6)
    bench.receives(conflict)
    expect(bench.sent()).toEqual([])
    expect(bench.events()).toMatchObject([{ kind: 'addressDefended' }, { kind: 'addressConflict', mac: otherMac }])
    bench.receives(arpFrame({ senderMac: peerMac, targetIp: ourIp }))
    expect(bench.sent()).toEqual([])
  })
})
