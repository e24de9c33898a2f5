import type { Random } from '../base/random.ts'
import { broadcastMac, isBroadcastIpv4, isLoopbackIpv4, isMulticastIpv4, isMulticastMac } from '../wire/addresses.ts'
import { ArpHeader, ArpOperation, decodeArp, encodeArp, hasMacAndIpv4 } from '../wire/arp.ts'
import { encodeEthernet, ethernetHeaderBytes, EthernetHeader, EtherType } from '../wire/ethernet.ts'
import { AddressClaim, quickTimings } from './address-claim.ts'
import type { FrameQueue } from './frame-queue.ts'
import { hostDefaults } from './host-config.ts'
import type { HostConfig } from './host-config.ts'
import { NeighbourTable } from './neighbours.ts'
import type { Neighbour } from './neighbours.ts'
import type { HostStatistics } from './statistics.ts'

const noMac = new Uint8Array(6)

/** What the rest of the host has to know of addresses. */
export interface ArpActions {
  addressReady(address: number): void
  addressLost(address: number, mac: Uint8Array): void
  addressDefended(address: number, mac: Uint8Array): void
  unreachable(neighbour: Neighbour): void
}

/** ARP (RFC 826) with conflict detection (RFC 5227): answers, asks, and keeps the neighbour table and our claims to our addresses. */
export class Arp {
  readonly neighbours: NeighbourTable
  readonly claims: readonly AddressClaim[]
  private readonly config: HostConfig
  private readonly frames: FrameQueue
  private readonly statistics: HostStatistics
  private readonly received = new ArpHeader()
  private readonly made = new ArpHeader()
  private readonly ethernet = new EthernetHeader()

  constructor(config: HostConfig, frames: FrameQueue, statistics: HostStatistics, random: Random, actions: ArpActions) {
    this.config = config
    this.frames = frames
    this.statistics = statistics
    this.made.senderMac.set(config.mac)
    this.ethernet.source.set(config.mac)
    this.ethernet.etherType = EtherType.arp
    this.neighbours = new NeighbourTable({
      request: (neighbour) => this.request(neighbour),
      release: (neighbour, frame) => this.release(neighbour, frame),
      unreachable: (neighbour) => { statistics.arp.unresolved++; actions.unreachable(neighbour) },
      pendingDropped: () => { statistics.arp.pendingDropped++ },
    })
    const timings = { ...quickTimings, ...config.claimTimings }
    this.claims = [config.ipv4, ...config.moreIpv4 ?? []].map((address) => new AddressClaim(address, config.mac, timings, random.fork(), {
      probe: () => { statistics.arp.requestsOut++; this.send(ArpOperation.request, 0, noMac, address, broadcastMac) },
      announce: () => { statistics.arp.announcementsOut++; this.send(ArpOperation.request, address, noMac, address, broadcastMac) },
      ready: () => actions.addressReady(address),
      lost: (mac) => { statistics.arp.conflicts++; actions.addressLost(address, mac) },
      defended: (mac) => { statistics.arp.conflicts++; actions.addressDefended(address, mac) },
    }))
  }

  start(nowUs: number): void {
    for (const claim of this.claims) claim.start(nowUs, this.config.probeAddress ?? hostDefaults.probeAddress)
  }

  stop(): void {
    for (const claim of this.claims) claim.stop()
    this.neighbours.clear()
  }

  isOurs(address: number): boolean {
    for (const claim of this.claims) if (claim.address === address) return claim.isOurs
    return false
  }

  /** The packet reception rules of RFC 826, in their order. */
  handle(bytes: Uint8Array, at: number, length: number, nowUs: number): void {
    const arp = this.received
    this.statistics.arp.in++
    if (decodeArp(bytes, at, length, arp) !== null || arp.hardwareType !== 1 || arp.protocolType !== EtherType.ipv4 || !hasMacAndIpv4(arp) || isMulticastMac(arp.senderMac)) {
      this.statistics.arp.malformed++
      return
    }
    for (const claim of this.claims) claim.judge(arp, nowUs)
    const isForUs = this.isOurs(arp.targetIp)
    // A probe has no sender address to learn (RFC 5227 §1.1), and our own addresses are nobody else's to map.
    if (this.isHostAddress(arp.senderIp) && !this.isOurs(arp.senderIp)) this.neighbours.learn(arp.senderIp, arp.senderMac, nowUs, isForUs)
    if (isForUs && arp.operation === ArpOperation.request && !this.isOurs(arp.senderIp)) {
      this.statistics.arp.repliesOut++
      this.send(ArpOperation.reply, arp.targetIp, arp.senderMac, arp.senderIp, arp.senderMac)
    }
  }

  nextDeadlineUs(): number {
    let earliest = this.neighbours.nextDeadlineUs()
    for (const claim of this.claims) earliest = Math.min(earliest, claim.nextDeadlineUs())
    return earliest
  }

  handleTimeout(nowUs: number): void {
    for (const claim of this.claims) claim.handleTimeout(nowUs)
    this.neighbours.handleTimeout(nowUs)
  }

  /** Broadcast while the MAC is unknown, unicast to make sure of one that is (RFC 1122 §2.3.2.1). */
  private request(neighbour: Neighbour): void {
    this.statistics.arp.requestsOut++
    this.send(ArpOperation.request, this.config.ipv4, noMac, neighbour.address, neighbour.hasMac ? neighbour.mac : broadcastMac)
  }

  private release(neighbour: Neighbour, frame: Uint8Array): void {
    frame.set(neighbour.mac, 0)
    if (!this.frames.add(frame)) this.statistics.ethernet.queueFull++
  }

  private send(operation: number, senderIp: number, targetMac: Uint8Array, targetIp: number, to: Readonly<Uint8Array>): void {
    const slot = this.frames.take()
    if (slot === null) {
      this.statistics.ethernet.queueFull++
      return
    }
    this.made.operation = operation
    this.made.senderIp = senderIp
    this.made.targetMac.set(targetMac)
    this.made.targetIp = targetIp
    this.ethernet.destination.set(to)
    const headerBytes = encodeEthernet(this.ethernet, slot, 0)
    this.frames.commit(headerBytes + encodeArp(this.made, slot, ethernetHeaderBytes))
  }

  private isHostAddress(address: number): boolean {
    return address !== 0 && !isMulticastIpv4(address) && !isLoopbackIpv4(address) && !isBroadcastIpv4(address, this.config.prefixLength)
  }
}
