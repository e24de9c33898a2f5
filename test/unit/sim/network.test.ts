import { describe, expect, it } from 'vitest'
import { Network } from '../../../src/sim/network.ts'
import { parseIpv4 } from '../../../src/wire/addresses.ts'

const ip = (text: string) => parseIpv4(text)!

describe('simulated network', () => {
  it('jumps from deadline to deadline and stops where it is told', () => {
    const network = new Network({ seed: 1, startUs: 500 })
    const a = network.add({ name: 'a', address: ip('10.0.0.1') })
    network.add({ name: 'b', address: ip('10.0.0.2') })
    const times: number[] = []
    a.onFrames = (_station, _direction, _batch, nowUs) => { times.push(nowUs) }
    network.run(1e6)
    expect(network.nowUs).toBe(1e6)
    network.run(30e6)
    expect(network.nowUs).toBe(30e6)
    // Announcements of a and b, at the start and two seconds later (RFC 5227 §2.3).
    expect([...new Set(times)]).toEqual([500, 2_000_500])
    expect(network.nextDeadlineUs()).toBe(Infinity)
  })

  it('two hosts with one address: the second sees the conflict and stays away', () => {
    const network = new Network({ seed: 1 })
    const first = network.add({ name: 'first', address: ip('10.0.0.1') })
    const events: string[] = []
    const second = network.add({ name: 'second', address: ip('10.0.0.1'), mac: Uint8Array.of(2, 0, 0, 0, 0, 9), host: { probeAddress: true } })
    second.onEvent = ({ kind, mac }) => events.push(`${kind} ${mac?.join(':')}`)
    network.run(30e6)
    expect(events).toEqual([`addressConflict ${first.host.config.mac.join(':')}`])
    expect(second.host.phase).toBe('conflict')
    expect(first.host.phase).toBe('ready')
  })

  it('delays and loses where it is told to', () => {
    const network = new Network({ seed: 1 })
    const a = network.add({ name: 'a', address: ip('10.0.0.1') })
    network.add({ name: 'b', address: ip('10.0.0.2'), receive: { delayUs: 3000 }, send: { delayUs: 4000 } })
    network.run(10e6)
    const times: number[] = []
    a.onFrames = (_station, _direction, _batch, nowUs) => { times.push(nowUs) }
    a.host.connect(ip('10.0.0.2'), 80, {}, network.nowUs)
    network.run(network.nowUs + 1e6)
    expect(times.map((time) => time - 10e6)).toEqual([0, 7000, 7000, 14000])
  })

  it('takes a host off the cable', () => {
    const network = new Network({ seed: 1 })
    const a = network.add({ name: 'a', address: ip('10.0.0.1') })
    const b = network.add({ name: 'b', address: ip('10.0.0.2') })
    network.run(10e6)
    network.remove(b)
    a.host.connect(ip('10.0.0.2'), 80, {}, network.nowUs)
    network.run(network.nowUs + 10e6)
    expect(a.host.arpTable()).toMatchObject([{ state: 'failed' }])
  })
})
