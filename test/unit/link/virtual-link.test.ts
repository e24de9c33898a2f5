import { afterEach, describe, expect, it } from 'vitest'
import { openVirtualLink, virtualLabAddress, virtualPeerAddress } from '../../../main/link/virtual-link.ts'
import type { VirtualLink, VirtualLinkOptions } from '../../../main/link/virtual-link.ts'
import { Random } from '../../../src/base/random.ts'
import { Station } from '../../../src/sim/station.ts'
import { macOf } from '../../../src/sim/network.ts'
import { HttpGet } from '../../../src/stack/applications/http-get.ts'
import { Host } from '../../../src/stack/host.ts'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { parseCidr, parseIpv4 } from '../../../src/wire/addresses.ts'
import { readU32 } from '../../../src/base/bytes.ts'

const clock = () => Math.floor((performance.timeOrigin + performance.now()) * 1000)
const links: VirtualLink[] = []
afterEach(() => { for (const link of links.splice(0)) link.close() })

function open(options: Partial<VirtualLinkOptions> = {}): VirtualLink {
  const link = openVirtualLink({ clock, seed: 1, ...options })
  links.push(link)
  return link
}

function labStation(link: VirtualLink): Station {
  const cidr = parseCidr(virtualLabAddress)!
  const ipv4 = readU32(cidr.address, 0)
  const host = new Host({ mac: macOf(ipv4), ipv4, prefixLength: cidr.prefixLength, mtu: link.info.mtu, tcp: defaultTcpConfig, probeAddress: false }, new Random(2))
  host.start(clock())
  return new Station('lab', host, link)
}

/** Drives a station as a lab does: when the link calls, and when a deadline says so. */
async function drive(station: Station, link: VirtualLink, isDone: () => boolean, timeoutMs = 5000): Promise<number> {
  const begin = performance.now()
  let wake = () => {}
  link.onReadable = () => wake()
  while (!isDone()) {
    if (performance.now() - begin > timeoutMs) throw new Error('the conversation did not end')
    while (station.turn(clock()));
    const waitMs = Math.min(100, Math.max(0, (station.nextDeadlineUs() - clock()) / 1000))
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      wake = () => { clearTimeout(timer); resolve() }
    })
  }
  return performance.now() - begin
}

describe('virtual link', () => {
  it.each([0, 20_000])('a lab host talks to the peer in real time, each way delayed by %i µs', async (delayUs) => {
    const link = open({ delayUs })
    const events: string[] = []
    link.station.onEvent = (event) => events.push(event.kind)
    const station = labStation(link)
    const get = new HttpGet({ host: virtualPeerAddress, path: '/10k' })
    const id = station.applications.connect(parseIpv4(virtualPeerAddress)!, 80, get, { config: { mslUs: 1000 } }, clock()) as number
    const tookMs = await drive(station, link, () => get.result !== null)
    expect(get.result).toMatchObject({ status: 200, bodyLength: 10_000, isComplete: true, ending: 'closed' })
    expect(id).toBe(1)
    // ARP, SYN, GET and the two FINs each take a round trip.
    expect(tookMs).toBeGreaterThanOrEqual(delayUs * 8 / 1000 * 0.95)
    expect(events).toContain('accepted')
  })

  it('wakes its owner by itself when a delayed frame arrives', async () => {
    const link = open({ delayUs: 15_000 })
    link.drain(() => {}, 100)
    const begin = performance.now()
    await new Promise<void>((resolve) => { link.onReadable = resolve })
    let frames = 0
    link.drain((batch) => { frames += batch.count }, 100)
    // The peer's announcement of its address.
    expect(frames).toBe(1)
    expect(performance.now() - begin).toBeGreaterThan(5)
  })

  it('serves echo, discard, chargen and http', () => {
    expect(open().peer.listenerPorts().sort((a, b) => a - b)).toEqual([7, 9, 19, 80])
  })

  it('is quiet after it is closed', () => {
    const link = open()
    link.close()
    expect(link.nextDeadlineUs()).toBe(Infinity)
    expect(link.drain(() => {}, 10)).toBe(0)
  })
})
