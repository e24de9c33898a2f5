import type { Random } from '../base/random.ts'
import { TimeExceededCode } from '../wire/icmp.ts'
import { Icmpv6Type } from '../wire/icmpv6.ts'
import type { FrameQueue } from './frame-queue.ts'
import { hostDefaults } from './host-config.ts'
import type { HostConfig } from './host-config.ts'
import { Icmpv6 } from './icmpv6.ts'
import { Ipv6Input } from './ipv6-input.ts'
import type { Ipv6Packet } from './ipv6-input.ts'
import { Ipv6Interface } from './ipv6-interface.ts'
import { Ipv6Output } from './ipv6-output.ts'
import { Mld } from './mld.ts'
import { Ndp } from './ndp.ts'
import type { NdpActions } from './ndp.ts'
import type { NetworkError } from './network-error.ts'
import type { PathMtus } from './path-mtus.ts'
import type { HostStatistics } from './statistics.ts'

/** What IPv6 hands up. */
export interface Ipv6Users {
  tcp(packet: Ipv6Packet, nowUs: number): void
  networkError(error: NetworkError, nowUs: number): void
  udp(packet: Ipv6Packet, icmpv6: Icmpv6, nowUs: number): void
}

/** The IPv6 half of a host: interface, neighbour discovery, listener reports, input, output and ICMPv6, put together. */
export class Ipv6 {
  readonly link: Ipv6Interface
  readonly ndp: Ndp
  readonly output: Ipv6Output
  private readonly mld: Mld
  private readonly input: Ipv6Input

  constructor(config: HostConfig, frames: FrameQueue, statistics: HostStatistics, random: Random, pathMtus: PathMtus, actions: NdpActions, users: () => Ipv6Users) {
    this.link = new Ipv6Interface(config)
    this.ndp = new Ndp(config, this.link, frames, statistics, random, actions)
    this.output = new Ipv6Output(config, this.link, this.ndp.cache, frames, statistics, pathMtus, random.fork())
    this.mld = new Mld(config, this.link, frames, statistics, random.fork())
    const icmpv6: Icmpv6 = new Icmpv6(this.output, this.link, statistics, config.answerEcho ?? hostDefaults.answerEcho, {
      discovery: (packet, nowUs) => {
        this.ndp.handle(packet, nowUs)
        this.mld.sync(nowUs)
      },
      listenerQuery: (packet, nowUs) => this.mld.handleQuery(packet, nowUs),
      networkError: (error, nowUs) => users().networkError(error, nowUs),
    })
    this.input = new Ipv6Input(this.link, {
      tcp: (packet, nowUs) => users().tcp(packet, nowUs),
      udp: (packet, nowUs) => users().udp(packet, icmpv6, nowUs),
      icmp: (packet, nowUs) => icmpv6.handle(packet, nowUs),
      parameterProblem: (code, pointer, packet, nowUs) => icmpv6.sendError(Icmpv6Type.parameterProblem, code, pointer, packet, nowUs),
      reassemblyTimedOut: (first, nowUs) => icmpv6.sendError(Icmpv6Type.timeExceeded, TimeExceededCode.reassembly, 0, first, nowUs),
    }, statistics)
  }

  handle(bytes: Uint8Array, at: number, length: number, isLinkUnicast: boolean, nowUs: number): void {
    this.input.handle(bytes, at, length, isLinkUnicast, nowUs)
  }

  start(nowUs: number): void {
    this.mld.stop()
    this.ndp.start(nowUs)
    this.mld.sync(nowUs)
  }

  stop(): void {
    this.ndp.stop()
    this.mld.stop()
    this.input.clear()
  }

  nextDeadlineUs(): number {
    return Math.min(this.ndp.nextDeadlineUs(), this.mld.nextDeadlineUs(), this.input.nextDeadlineUs())
  }

  handleTimeout(nowUs: number): void {
    // Groups are joined before anything is asked in them (RFC 4862 §5.4.2).
    this.mld.handleTimeout(nowUs)
    this.ndp.handleTimeout(nowUs)
    this.mld.sync(nowUs)
    this.input.handleTimeout(nowUs)
  }
}
