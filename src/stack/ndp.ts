import { bytesEqual, copyBytes, readU16, readU32 } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import { isLinkLocalIpv6, isMulticastIpv6, isMulticastMac, isUnspecifiedIpv6 } from '../wire/addresses.ts'
import { pseudoHeaderSum6Of } from '../wire/checksum.ts'
import { ethernetHeaderBytes } from '../wire/ethernet.ts'
import { icmpHeaderBytes } from '../wire/icmp.ts'
import {
  decodeIcmpv6, decodeNeighbor, encodeIcmpv6, encodeNeighbor, fillIcmpv6Checksum, Icmpv6Header, Icmpv6Type, NdpOptionType, NeighborFlag, NeighborMessage, neighborMessageBytes,
} from '../wire/icmpv6.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import type { FrameQueue } from './frame-queue.ts'
import { hostDefaults } from './host-config.ts'
import type { HostConfig } from './host-config.ts'
import { allNodes, allRouters, isUnicastIpv6, joinIpv6, minIpv6Mtu, solicitedNode, unspecifiedIpv6, writeMulticastMac } from './ipv6-address.ts'
import type { Ipv6Packet } from './ipv6-input.ts'
import { Ipv6Address, ipv6Limits } from './ipv6-interface.ts'
import type { Ipv6Interface } from './ipv6-interface.ts'
import { ipv6PayloadAt, writeIpv6Frame } from './ipv6-output.ts'
import { NdpCache, ndpTimes } from './ndp-cache.ts'
import type { NdpNeighbour } from './ndp-cache.ts'
import type { HostStatistics } from './statistics.ts'

const discoveryHopLimit = 255
const routerSolicits = 3
const routerSolicitIntervalUs = 4e6
const twoHoursUs = 7200e6

export interface NdpActions {
  addressReady(address: Uint8Array): void
  addressLost(address: Uint8Array, mac: Uint8Array): void
  unreachable(neighbour: NdpNeighbour): void
  /** Another first hop leads to the destination from now on. */
  rerouted(destination: Uint8Array): void
}

/** Neighbour discovery (RFC 4861) and stateless address configuration with duplicate address detection (RFC 4862), as a host does them. */
export class Ndp {
  readonly cache: NdpCache
  private readonly config: HostConfig
  private readonly link: Ipv6Interface
  private readonly frames: FrameQueue
  private readonly statistics: HostStatistics
  private readonly random: Random
  private readonly actions: NdpActions
  private readonly received = new Icmpv6Header()
  private readonly made = new Icmpv6Header()
  private readonly message = new NeighborMessage()
  private readonly answer = new NeighborMessage()
  private readonly frame = new Uint8Array(ipv6PayloadAt + neighborMessageBytes + 8)
  private routerSolicitsSent = 0
  private routerDeadlineUs = Infinity

  constructor(config: HostConfig, link: Ipv6Interface, frames: FrameQueue, statistics: HostStatistics, random: Random, actions: NdpActions) {
    this.config = config
    this.link = link
    this.frames = frames
    this.statistics = statistics
    this.random = random
    this.actions = actions
    this.cache = new NdpCache(random.fork(), {
      solicit: (neighbour, nowUs) => this.solicitNeighbour(neighbour, nowUs),
      release: (neighbour, frame) => { frame.set(neighbour.mac, 0); this.queue(frame) },
      unreachable: (neighbour) => { statistics.ndp.unresolved++; actions.unreachable(neighbour) },
      pendingDropped: () => { statistics.ndp.pendingDropped++ },
    })
  }

  start(nowUs: number): void {
    this.stop()
    this.link.reset()
    this.routerSolicitsSent = 0
    for (const own of [...this.link.addresses]) this.claim(own, nowUs, true)
  }

  stop(): void {
    this.cache.clear()
    this.routerDeadlineUs = Infinity
    for (const own of this.link.addresses) {
      own.state = 'tentative'
      own.deadlineUs = Infinity
    }
  }

  /** A message whose checksum is good; what is not valid otherwise is dropped (§6.1, §7.1). */
  handle(packet: Ipv6Packet, nowUs: number): void {
    const { statistics } = this
    const { bytes, payloadAt, payloadLength } = packet
    statistics.ndp.in++
    // In fragments discovery could be hidden from those who watch over it (RFC 6980 §5).
    if (packet.wasFragmented) { statistics.ndp.ignored++; return }
    if (packet.header.hopLimit !== discoveryHopLimit || decodeIcmpv6(bytes, payloadAt, payloadLength, this.received) !== null || this.received.code !== 0) {
      statistics.ndp.malformed++
      return
    }
    switch (this.received.type) {
      case Icmpv6Type.neighborSolicitation: this.handleSolicitation(packet, nowUs); break
      case Icmpv6Type.neighborAdvertisement: this.handleAdvertisement(packet, nowUs); break
      case Icmpv6Type.routerAdvertisement: this.handleRouterAdvertisement(packet, nowUs); break
      case Icmpv6Type.redirect: this.handleRedirect(packet, nowUs); break
      // Router solicitations are for routers.
      default: statistics.ndp.ignored++
    }
  }

  nextDeadlineUs(): number {
    return Math.min(this.cache.nextDeadlineUs(), this.link.nextDeadlineUs(), this.routerDeadlineUs)
  }

  handleTimeout(nowUs: number): void {
    this.cache.handleTimeout(nowUs)
    for (const own of this.link.addresses) if (own.deadlineUs <= nowUs) this.continueClaim(own, nowUs)
    if (this.routerDeadlineUs <= nowUs) this.solicitRouters(nowUs)
    this.link.expire(nowUs)
  }

  /** Duplicate address detection begins after a random time (RFC 4862 §5.4.2), or is left out where the host is told so. */
  private claim(own: Ipv6Address, nowUs: number, isFirst: boolean): void {
    if (!(this.config.probeIpv6 ?? this.config.probeAddress ?? hostDefaults.probeAddress)) {
      this.assign(own, nowUs)
      return
    }
    own.deadlineUs = nowUs + (isFirst ? this.random.nextBelow((this.config.claimTimings?.probeWaitUs ?? 1e6) + 1) : 0)
  }

  private continueClaim(own: Ipv6Address, nowUs: number): void {
    if (own.solicits > 0) {
      this.assign(own, nowUs)
      return
    }
    own.solicits++
    own.deadlineUs = nowUs + ndpTimes.retransmitUs
    this.message.target.set(own.address)
    this.message.hasLinkLayerAddress = false
    this.sendNeighbour(Icmpv6Type.neighborSolicitation, 0, this.message, unspecifiedIpv6, own.solicitedNode, null)
  }

  private assign(own: Ipv6Address, nowUs: number): void {
    own.state = 'assigned'
    own.deadlineUs = Infinity
    this.actions.addressReady(own.address)
    const mayAsk = this.config.solicitRouters ?? hostDefaults.solicitRouters
    if (mayAsk && isLinkLocalIpv6(own.address) && !own.isAutomatic && this.routerSolicitsSent === 0) this.routerDeadlineUs = nowUs
  }

  private lose(own: Ipv6Address, mac: Uint8Array): void {
    own.state = 'duplicate'
    own.deadlineUs = Infinity
    this.statistics.ndp.conflicts++
    this.actions.addressLost(own.address, mac)
  }

  /** §7.1.1, §7.2.3, §7.2.4; for tentative addresses RFC 4862 §5.4.3. */
  private handleSolicitation(packet: Ipv6Packet, nowUs: number): void {
    const { header } = packet
    const { message, statistics } = this
    const isFromNobody = isUnspecifiedIpv6(header.source)
    const isBad = decodeNeighbor(packet.bytes, packet.payloadAt, packet.payloadLength, message) !== null || isMulticastIpv6(message.target)
      || (isFromNobody && (message.hasLinkLayerAddress || !isSolicitedNodeGroup(header.destination)))
    if (isBad || (message.hasLinkLayerAddress && isMulticastMac(message.linkLayerAddress))) { statistics.ndp.malformed++; return }
    const own = this.link.find(message.target)
    if (own === null || own.state === 'duplicate') { statistics.ndp.ignored++; return }
    if (own.state === 'tentative') {
      // Somebody else wants it too; a solicitation from an address of its own is only resolution, and we do not answer yet.
      if (isFromNobody) this.lose(own, senderMac(packet))
      return
    }
    if (!isFromNobody && message.hasLinkLayerAddress) this.cache.learn(header.source, message.linkLayerAddress, nowUs)
    const neighbour = isFromNobody ? null : this.cache.resolve(header.source, nowUs)
    const { answer } = this
    answer.target.set(own.address)
    answer.hasLinkLayerAddress = true
    answer.linkLayerAddress.set(this.config.mac)
    statistics.ndp.advertisementsOut++
    const flags = NeighborFlag.override + (isFromNobody ? 0 : NeighborFlag.solicited)
    this.sendNeighbour(Icmpv6Type.neighborAdvertisement, flags, answer, own.address, isFromNobody ? allNodes : header.source, neighbour)
  }

  /** §7.1.2, §7.2.5; for tentative addresses RFC 4862 §5.4.4. */
  private handleAdvertisement(packet: Ipv6Packet, nowUs: number): void {
    const { message, statistics, received } = this
    const isSolicited = (received.rest & NeighborFlag.solicited) !== 0
    const isBad = decodeNeighbor(packet.bytes, packet.payloadAt, packet.payloadLength, message) !== null || isMulticastIpv6(message.target)
      || (isSolicited && isMulticastIpv6(packet.header.destination)) || isUnspecifiedIpv6(packet.header.source)
    if (isBad || (message.hasLinkLayerAddress && isMulticastMac(message.linkLayerAddress))) { statistics.ndp.malformed++; return }
    const own = this.link.find(message.target)
    if (own !== null) {
      if (own.state === 'tentative') this.lose(own, senderMac(packet))
      else statistics.ndp.conflicts++
      return
    }
    this.cache.advertised(message.target, {
      mac: message.hasLinkLayerAddress ? message.linkLayerAddress : null,
      isSolicited, isOverride: (received.rest & NeighborFlag.override) !== 0, isRouter: (received.rest & NeighborFlag.router) !== 0,
    }, nowUs)
  }

  /** §6.1.2, §6.3.4. */
  private handleRouterAdvertisement(packet: Ipv6Packet, nowUs: number): void {
    const { bytes, payloadAt: at, payloadLength, header } = packet
    if (!isLinkLocalIpv6(header.source) || payloadLength < 16 || !areOptionsSane(bytes, at + 16, at + payloadLength)) { this.statistics.ndp.malformed++; return }
    this.statistics.ndp.routerAdvertisementsIn++
    this.routerDeadlineUs = Infinity
    this.link.setRouter(header.source, nowUs + readU16(bytes, at + 6) * 1e6)
    this.cache.setTimes(readU32(bytes, at + 8), readU32(bytes, at + 12))
    for (let i = at + 16; i < at + payloadLength; i += bytes[i + 1] * 8) this.handleRouterOption(packet, i, bytes[i + 1] * 8, nowUs)
    this.link.expire(nowUs)
  }

  /** Offsets: target 8, destination 24, options 40 (§4.5). Valid is what the router says that is used for the destination (§8.1), about itself or another (§8.3). */
  private handleRedirect(packet: Ipv6Packet, nowUs: number): void {
    const { bytes, payloadAt: at, payloadLength, header } = packet
    const { link, statistics } = this
    if (!isLinkLocalIpv6(header.source) || payloadLength < 40 || !areOptionsSane(bytes, at + 40, at + payloadLength)) { statistics.ndp.malformed++; return }
    const target = bytes.slice(at + 8, at + 24)
    const destination = bytes.slice(at + 24, at + 40)
    const isOnLink = bytesEqual(target, destination)
    if (!isUnicastIpv6(destination) || !(isOnLink || isLinkLocalIpv6(target)) || link.find(target) !== null) { statistics.ndp.malformed++; return }
    const hop = link.nextHop(destination, nowUs)
    const isAccepted = this.config.acceptRedirects ?? hostDefaults.acceptRedirects
    if (!isAccepted || hop === null || !bytesEqual(hop, header.source) || bytesEqual(target, hop)) { statistics.ndp.ignored++; return }
    statistics.ndp.redirectsTaken++
    link.redirects.note(destination, target)
    this.learnTarget(packet, target, !isOnLink, nowUs)
    this.actions.rerouted(destination)
  }

  private learnTarget({ bytes, payloadAt, payloadLength }: Ipv6Packet, target: Uint8Array, isRouter: boolean, nowUs: number): void {
    for (let i = payloadAt + 40; i < payloadAt + payloadLength; i += bytes[i + 1] * 8) {
      if (bytes[i] !== NdpOptionType.targetLinkLayer || bytes[i + 1] !== 1 || isMulticastMac(bytes, i + 2)) continue
      const neighbour = this.cache.learn(target, bytes.slice(i + 2, i + 8), nowUs)
      neighbour.isRouter ||= isRouter
    }
  }

  private handleRouterOption(packet: Ipv6Packet, at: number, length: number, nowUs: number): void {
    const { bytes } = packet
    const type = bytes[at]
    if (type === NdpOptionType.sourceLinkLayer && length === 8 && !isMulticastMac(bytes, at + 2)) {
      this.cache.learn(packet.header.source, bytes.slice(at + 2, at + 8), nowUs).isRouter = true
    } else if (type === NdpOptionType.mtu && length === 8) {
      const mtu = readU32(bytes, at + 4)
      if (mtu >= minIpv6Mtu && mtu <= this.config.mtu) this.link.mtu = mtu
    } else if (type === NdpOptionType.prefix && length === 32) {
      this.handlePrefix(bytes, at, nowUs)
    }
  }

  /** Offsets: length 2, flags L and A 3, valid lifetime 4, preferred lifetime 8, prefix 16 (§4.6.2). */
  private handlePrefix(bytes: Uint8Array, at: number, nowUs: number): void {
    const prefix = bytes.slice(at + 16, at + 32)
    const length = bytes[at + 2]
    if (length > 128 || isLinkLocalIpv6(prefix) || isMulticastIpv6(prefix)) return
    const validUntilUs = untilUs(readU32(bytes, at + 4), nowUs)
    const preferredUntilUs = untilUs(readU32(bytes, at + 8), nowUs)
    if ((bytes[at + 3] & 0x80) !== 0) this.link.setPrefix(prefix, length, validUntilUs)
    if ((bytes[at + 3] & 0x40) !== 0 && length === 64 && preferredUntilUs <= validUntilUs) this.configure(prefix, validUntilUs, preferredUntilUs, nowUs)
  }

  /** An address of our own making (RFC 4862 §5.5.3); nobody can take it away in less than two hours by an advertisement (e). */
  private configure(prefix: Uint8Array, validUntilUs: number, preferredUntilUs: number, nowUs: number): void {
    const address = joinIpv6(prefix, this.link.interfaceId(prefix))
    const known = this.link.find(address)
    if (known === null) {
      if (validUntilUs <= nowUs || this.link.addresses.length >= ipv6Limits.addresses) return
      const own = new Ipv6Address(address, 64, true)
      own.validUntilUs = validUntilUs
      own.preferredUntilUs = preferredUntilUs
      this.link.addresses.push(own)
      this.claim(own, nowUs, false)
      return
    }
    if (!known.isAutomatic) return
    known.preferredUntilUs = preferredUntilUs
    if (validUntilUs > nowUs + twoHoursUs || validUntilUs > known.validUntilUs) known.validUntilUs = validUntilUs
    else if (known.validUntilUs > nowUs + twoHoursUs) known.validUntilUs = nowUs + twoHoursUs
  }

  /** Up to three, four seconds apart, until a router answers (§6.3.7). */
  private solicitRouters(nowUs: number): void {
    this.routerSolicitsSent++
    this.routerDeadlineUs = this.routerSolicitsSent < routerSolicits ? nowUs + routerSolicitIntervalUs : Infinity
    const source = this.link.selectSource(allRouters, nowUs)
    if (source === null) return
    const { made, frame } = this
    made.type = Icmpv6Type.routerSolicitation
    made.rest = 0
    frame[ipv6PayloadAt + 8] = NdpOptionType.sourceLinkLayer
    frame[ipv6PayloadAt + 9] = 1
    copyBytes(this.config.mac, 0, frame, ipv6PayloadAt + 10, 6)
    this.send(icmpHeaderBytes + 8, source, allRouters, null)
  }

  private solicitNeighbour(neighbour: NdpNeighbour, nowUs: number): void {
    const source = this.link.selectSource(neighbour.address, nowUs)
    if (source === null) return
    const { answer } = this
    this.statistics.ndp.solicitationsOut++
    answer.target.set(neighbour.address)
    answer.hasLinkLayerAddress = true
    answer.linkLayerAddress.set(this.config.mac)
    if (neighbour.hasMac) this.sendNeighbour(Icmpv6Type.neighborSolicitation, 0, answer, source, neighbour.address, neighbour)
    else this.sendNeighbour(Icmpv6Type.neighborSolicitation, 0, answer, source, solicitedNode(neighbour.address), null)
  }

  private sendNeighbour(type: number, flags: number, message: NeighborMessage, source: Readonly<Uint8Array>, destination: Uint8Array, neighbour: NdpNeighbour | null): void {
    this.made.type = type
    this.made.rest = flags
    this.send(encodeNeighbor(type, message, this.frame, ipv6PayloadAt), source, destination, neighbour)
  }

  /** @param neighbour who it goes to; null for a group */
  private send(length: number, source: Readonly<Uint8Array>, destination: Uint8Array, neighbour: NdpNeighbour | null): void {
    const { frame, made } = this
    writeIpv6Frame(frame, this.config.mac, source, destination, IpProtocol.icmpv6, discoveryHopLimit)
    frame[ethernetHeaderBytes + 5] = length
    encodeIcmpv6(made, frame, ipv6PayloadAt)
    fillIcmpv6Checksum(frame, ipv6PayloadAt, length, pseudoHeaderSum6Of(source as Uint8Array, destination, IpProtocol.icmpv6, length))
    this.statistics.ipv6.out++
    const whole = frame.subarray(0, ipv6PayloadAt + length)
    if (neighbour === null) writeMulticastMac(destination, frame, 0)
    else if (neighbour.hasMac) copyBytes(neighbour.mac, 0, frame, 0, 6)
    else return this.cache.hold(neighbour, whole.slice())
    this.queue(whole)
  }

  private queue(frame: Uint8Array): void {
    if (!this.frames.add(frame)) this.statistics.ethernet.queueFull++
  }
}

function senderMac(packet: Ipv6Packet): Uint8Array {
  return packet.bytes.slice(packet.at - 8, packet.at - 2)
}

function isSolicitedNodeGroup(group: Uint8Array): boolean {
  return bytesEqual(group.subarray(0, 13), solicitedNode(group).subarray(0, 13))
}

function areOptionsSane(bytes: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < end;) {
    const length = i + 1 < end ? bytes[i + 1] * 8 : 0
    if (length === 0 || i + length > end) return false
    i += length
  }
  return true
}

/** All ones mean for ever. */
function untilUs(lifetimeSeconds: number, nowUs: number): number {
  return lifetimeSeconds === 0xffff_ffff ? Infinity : nowUs + lifetimeSeconds * 1e6
}
