import { Driver } from '../../main/lab/driver.ts'
import type { Speaker } from '../../main/lab/driver.ts'
import { openNicLink } from '../../main/link/nic-link.ts'
import { Random } from '../../src/base/random.ts'
import { ImpairedLink } from '../../src/link/impair.ts'
import type { Impairments } from '../../src/link/impair.ts'
import type { Link } from '../../src/link/link.ts'
import { ApplicationRunner } from '../../src/stack/applications/runner.ts'
import { Host } from '../../src/stack/host.ts'
import type { HostConfig } from '../../src/stack/host-config.ts'
import type { HostEvent } from '../../src/stack/host-event.ts'
import { defaultTcpConfig } from '../../src/tcp/config.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { parseIpv4, parseMac } from '../../src/wire/addresses.ts'

export interface LabOnVeth {
  host: Host
  runner: ApplicationRunner
  driver: Driver
  link: Link
  events: HostEvent[]
  nowUs(): number
  close(): void
}

export interface LabOnVethOptions {
  readonly address: string
  readonly tcp?: Partial<TcpConfig>
  readonly seed?: number
  readonly host?: Partial<HostConfig>
  /** What the network does to frames, each way. */
  readonly impairments?: { readonly send: Impairments, readonly receive: Impairments }
}

/** A lab host on one end of a veth pair, driven as the lab drives it; resolves when its address may be used. */
export async function startLabOnVeth(name: string, options: LabOnVethOptions): Promise<LabOnVeth> {
  const errors: unknown[] = []
  const driver = new Driver({ onError: (error) => { errors.push(error) } })
  const nic = openNicLink({ name, seeSent: false })
  const { impairments, seed = 1 } = options
  const link = impairments === undefined ? nic : new ImpairedLink(nic, { ...impairments, random: new Random(seed), clock: () => driver.clock() })
  const config = {
    mac: parseMac('02:00:00:00:00:02')!, ipv4: parseIpv4(options.address)!, prefixLength: 24, mtu: link.info.mtu,
    tcp: { ...defaultTcpConfig, ...options.tcp }, claimTimings: { probeWaitUs: 0, probeMinUs: 10_000, probeMaxUs: 20_000, announceWaitUs: 20_000 }, historyLength: 1000,
    ...options.host,
  }
  const host = new Host(config, new Random(seed))
  const runner = new ApplicationRunner(host)
  const events: HostEvent[] = []
  const observe = (event: HostEvent) => { events.push(event) }
  const speaker: Speaker = {
    handleBatch: (batch, nowUs) => {
      host.handleBatch(batch, nowUs)
      runner.run(nowUs, observe)
    },
    handleTimeout: (nowUs) => {
      host.handleTimeout(nowUs)
      runner.run(nowUs, observe)
    },
    pollTransmit: (nowUs, writer) => {
      const written = host.pollTransmit(nowUs, writer)
      runner.run(nowUs, observe)
      return written
    },
    pollTimeout: () => host.pollTimeout(),
  }
  driver.speaker = speaker
  driver.attach(link)
  host.start(driver.clock())
  driver.wake()
  const lab: LabOnVeth = {
    host, runner, driver, link, events,
    nowUs: () => driver.clock(),
    close: () => {
      driver.stop()
      link.close()
      if (errors.length > 0) throw new Error('the driver met a mistake of ours', { cause: errors[0] })
    },
  }
  await until(() => host.phase === 'ready' && host.ipv6Addresses().every(({ state }) => state === 'assigned'), 5000, 'the address is ready')
  return lab
}

/** Waits until a condition holds. @throws with its name when it does not in time */
export async function until(condition: () => boolean, timeoutMs: number, what: string): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`)
    await new Promise((resolve) => { setTimeout(resolve, 2) })
  }
}
