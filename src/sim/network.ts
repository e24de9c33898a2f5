import { Random } from '../base/random.ts'
import { ImpairedLink } from '../link/impair.ts'
import type { Impairments } from '../link/impair.ts'
import { MemoryHub } from '../link/memory.ts'
import type { MemoryLinkOptions } from '../link/memory.ts'
import type { Link } from '../link/link.ts'
import { Host } from '../stack/host.ts'
import type { HostSink } from '../stack/host.ts'
import type { HostConfig } from '../stack/host-config.ts'
import { defaultTcpConfig } from '../tcp/config.ts'
import type { TcpConfig } from '../tcp/config.ts'
import { Station } from './station.ts'

export interface NetworkOptions {
  /** Everything random in the network and its hosts comes from this. */
  readonly seed: number
  readonly startUs?: number
  readonly mtu?: number
}

export interface StationOptions {
  readonly name: string
  /** IPv4 as an unsigned number. */
  readonly address: number
  readonly prefixLength?: number
  /** Locally administered and derived from the address unless said. */
  readonly mac?: Uint8Array
  readonly tcp?: Partial<TcpConfig>
  readonly host?: Partial<HostConfig>
  /** What happens to frames on their way out of, and in to, this host. */
  readonly send?: Impairments
  readonly receive?: Impairments
  readonly sink?: HostSink
  readonly link?: MemoryLinkOptions
  /** What else lies between the host and its cable, nearest to the host. */
  readonly through?: (link: Link) => Link
}

/** More rounds than this without time moving on mean that two hosts answer each other for ever. */
const maxRoundsAtOnce = 100_000

/** Hosts on one shared cable in virtual time: nothing happens between deadlines, so time jumps from one to the next. Same seed, same run. */
export class Network {
  readonly stations: Station[] = []
  readonly hub = new MemoryHub()
  private readonly random: Random
  private readonly mtu: number
  private nowAtUs: number

  constructor(options: NetworkOptions) {
    this.random = new Random(options.seed)
    this.mtu = options.mtu ?? 1500
    this.nowAtUs = options.startUs ?? 0
  }

  get nowUs(): number {
    return this.nowAtUs
  }

  /** Adds a host and starts it. */
  add(options: StationOptions): Station {
    const station = createStation(options, this.hub, this.random, this.mtu, () => this.nowAtUs)
    this.stations.push(station)
    station.host.start(this.nowAtUs)
    return station
  }

  /** Takes a host off the cable. */
  remove(station: Station): void {
    const index = this.stations.indexOf(station)
    if (index < 0) return
    this.stations.splice(index, 1)
    station.link.close()
  }

  /** Lets everything happen up to a time. */
  run(untilUs: number): void {
    this.runWhile(() => true, untilUs)
  }

  /** Lets everything happen for as long as the condition holds, at most up to a time. @returns whether the condition ended it */
  runWhile(condition: () => boolean, untilUs: number): boolean {
    for (let still = 0; ; still++) {
      if (!this.settle(condition)) return true
      const nextUs = this.nextDeadlineUs()
      if (nextUs > untilUs) {
        this.nowAtUs = Math.max(this.nowAtUs, untilUs)
        return false
      }
      if (nextUs > this.nowAtUs) still = 0
      else if (still > maxRoundsAtOnce) throw new Error(`a deadline at ${nextUs} us is never met, now ${this.nowAtUs} us`)
      this.nowAtUs = Math.max(this.nowAtUs, nextUs)
    }
  }

  nextDeadlineUs(): number {
    let earliest = Infinity
    for (const station of this.stations) earliest = Math.min(earliest, station.nextDeadlineUs())
    return earliest
  }

  /** Everything that happens now. @returns false as soon as the condition does not hold */
  private settle(condition: () => boolean): boolean {
    // A round in which nobody does anything may still move delayed frames on to stations that had their turn before: it takes two.
    let quiet = 0
    for (let round = 0; round < maxRoundsAtOnce; round++) {
      let isBusy = false
      for (const station of this.stations) isBusy = station.turn(this.nowAtUs) || isBusy
      if (!condition()) return false
      quiet = isBusy ? 0 : quiet + 1
      if (quiet === 2) return true
    }
    throw new Error(`simulated network does not come to rest at ${this.nowAtUs} us`)
  }
}

/** A host on a port of a hub, impaired where the options say so. It is not started. */
export function createStation(options: StationOptions, hub: MemoryHub, random: Random, mtu: number, clock: () => number): Station {
  const mac = options.mac ?? macOf(options.address)
  const port = hub.attach({ name: options.name, mac, mtu, clock, ...options.link })
  const isImpaired = options.send !== undefined || options.receive !== undefined
  const path: Link = isImpaired ? new ImpairedLink(port, { send: options.send, receive: options.receive, random: random.fork(), clock }) : port
  const link = options.through?.(path) ?? path
  const config: HostConfig = {
    mac, ipv4: options.address, prefixLength: options.prefixLength ?? 24, mtu, probeAddress: false, ...options.host,
    tcp: { ...defaultTcpConfig, ...options.host?.tcp, ...options.tcp },
  }
  return new Station(options.name, new Host(config, random.fork(), options.sink), link)
}

/** 02:… is a locally administered address (IEEE 802). */
export function macOf(address: number): Uint8Array {
  return Uint8Array.of(0x02, 0x54, address >>> 24, address >>> 16, address >>> 8, address)
}
