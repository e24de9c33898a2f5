import { copyBytes, writeU16, writeU32 } from '../base/bytes.ts'
import { broadcastMac, isBroadcastIpv4, isLoopbackIpv4, isMulticastIpv4, isSameIpv4Network } from '../wire/addresses.ts'
import { ethernetHeaderBytes, EtherType } from '../wire/ethernet.ts'
import { fillIpv4, Ipv4Flag, ipv4HeaderBytes } from '../wire/ipv4.ts'
import type { Arp } from './arp.ts'
import type { FrameQueue } from './frame-queue.ts'
import { hostDefaults } from './host-config.ts'
import type { HostConfig } from './host-config.ts'
import type { Neighbour } from './neighbours.ts'
import type { PathMtus } from './path-mtus.ts'
import { Redirects } from './redirects.ts'
import type { HostStatistics } from './statistics.ts'

/** Where the payload of a packet begins in a frame of ours. */
export const ipv4PayloadAt = ethernetHeaderBytes + ipv4HeaderBytes
const largestPayload = 0xffff - ipv4HeaderBytes

/** Sends IPv4 packets that the host makes by itself, and knows the way to every destination. */
export class Ipv4Output {
  private readonly config: HostConfig
  private readonly arp: Arp
  private readonly frames: FrameQueue
  private readonly statistics: HostStatistics
  private readonly pathMtus: PathMtus
  private readonly redirects = new Redirects()
  private ident = 0

  constructor(config: HostConfig, arp: Arp, frames: FrameQueue, statistics: HostStatistics, pathMtus: PathMtus) {
    this.config = config
    this.arp = arp
    this.frames = frames
    this.statistics = statistics
    this.pathMtus = pathMtus
    this.scratch = new Uint8Array(ethernetHeaderBytes + config.mtu)
  }

  /** The address to ask ARP for, or -1 where there is no way to the destination (RFC 1122 §3.3.1.1). */
  nextHop(destination: number): number {
    if (isSameIpv4Network(destination, this.config.ipv4, this.config.prefixLength)) return destination
    const redirected = this.redirects.find(destination)
    return redirected === null ? this.config.gateway ?? -1 : Number(redirected)
  }

  /**
   * A router says that another one is nearer to a destination, for the host or its whole network alike. Believed only of the router that is
   * used for it, and of a neighbour that can be one (RFC 1122 §3.2.2.2). @returns whether it is
   */
  redirect(destination: number, from: number, hop: number): boolean {
    const { config } = this
    const isNear = isSameIpv4Network(hop, config.ipv4, config.prefixLength) && this.isUnicast(hop) && !this.arp.isOurs(hop)
    if (!(config.acceptRedirects ?? hostDefaults.acceptRedirects) || !isNear || !this.isUnicast(destination) || this.nextHop(destination) !== from || hop === from) return false
    if (isSameIpv4Network(destination, config.ipv4, config.prefixLength)) return false
    this.redirects.note(destination, hop)
    return true
  }

  /** A first hop does not answer. */
  forgetHop(hop: number): void {
    this.redirects.forget(hop)
  }

  forgetRedirects(): void {
    this.redirects.clear()
  }

  /** The source for packets to a destination where none was given (RFC 1122 §3.3.4.2); with one network, the primary address. */
  selectSource(_destination: number): number {
    return this.config.ipv4
  }

  /** Whether one host can be meant: the destination of a connection or of an answer. */
  isUnicast(address: number): boolean {
    if (address >>> 24 === 0 || isMulticastIpv4(address) || address >>> 28 === 0xf || isLoopbackIpv4(address)) return false
    return !isSameIpv4Network(address, this.config.ipv4, this.config.prefixLength) || !this.isNetworkOrBroadcast(address)
  }

  isBroadcast(address: number): boolean {
    return isBroadcastIpv4(address) || (isSameIpv4Network(address, this.config.ipv4, this.config.prefixLength) && isBroadcastIpv4(address, this.config.prefixLength))
  }

  /** Bytes of the largest IP packet to a destination, as far as known. */
  pathMtu(destination: number, nowUs: number): number {
    const known = this.pathMtus.find(destination, nowUs)
    return known < 0 ? this.config.mtu : Math.min(known, this.config.mtu)
  }

  nextIdent(): number {
    this.ident = (this.ident + 1) & 0xffff
    return this.ident
  }

  /** Where a packet is made: its payload goes to {@link ipv4PayloadAt} of this frame, then {@link send} sends it. Valid until then. */
  scratch: Uint8Array

  /** Makes room in {@link scratch} for a payload larger than the link's MTU. @returns the scratch frame, or null where no packet can be that long */
  reserve(payloadLength: number): Uint8Array | null {
    if (payloadLength > largestPayload) return null
    if (ipv4PayloadAt + payloadLength > this.scratch.length) this.scratch = new Uint8Array(ipv4PayloadAt + largestPayload)
    return this.scratch
  }

  /**
   * Sends the packet in {@link scratch}, or lets it wait for the answer of ARP: with DF set, or where it may be fragmented without, in as many
   * fragments as the path needs. False where it cannot go at all.
   */
  send(source: number, destination: number, protocol: number, payloadLength: number, nowUs: number, ttl: number = hostDefaults.ttl, mayFragment = false): boolean {
    const mtu = this.pathMtu(destination, nowUs)
    const isWhole = ipv4HeaderBytes + payloadLength <= mtu
    if (!isWhole && !mayFragment) {
      this.statistics.ipv4.tooBig++
      return false
    }
    const neighbour = this.isBroadcast(destination) ? 'broadcast' : this.route(destination, nowUs)
    if (neighbour === null) {
      this.statistics.ipv4.noRoute++
      return false
    }
    const ident = this.nextIdent()
    const pieceBytes = isWhole ? payloadLength : (mtu - ipv4HeaderBytes) & ~7
    this.statistics.ipv4.out++
    for (let offset = 0; offset === 0 || offset < payloadLength; offset += pieceBytes) {
      const length = Math.min(pieceBytes, payloadLength - offset)
      // The next header takes the place of payload that has gone already.
      const frame = this.scratch.subarray(offset, offset + ipv4PayloadAt + length)
      writeIpv4Frame(frame, this.config.mac, source, destination, protocol, ttl)
      if (!isWhole) this.statistics.ipv4.fragmentsOut++
      if (mayFragment) writeU16(frame, 20, ((offset + length < payloadLength ? Ipv4Flag.moreFragments : 0) << 13) | (offset >>> 3))
      writeU16(frame, 18, ident)
      fillIpv4(frame, ethernetHeaderBytes, ipv4HeaderBytes + length)
      this.queue(frame, neighbour)
    }
    return true
  }

  /** The neighbour through which a destination is reached; null where there is no way. */
  route(destination: number, nowUs: number): Neighbour | null {
    const hop = this.nextHop(destination)
    return hop < 0 ? null : this.arp.neighbours.resolve(hop, nowUs)
  }

  private queue(frame: Uint8Array, neighbour: Neighbour | 'broadcast'): void {
    if (neighbour === 'broadcast') {
      frame.set(broadcastMac, 0)
    } else if (neighbour.hasMac) {
      copyBytes(neighbour.mac, 0, frame, 0, 6)
    } else {
      this.arp.neighbours.hold(neighbour, frame.slice())
      return
    }
    if (!this.frames.add(frame)) this.statistics.ethernet.queueFull++
  }

  private isNetworkOrBroadcast(address: number): boolean {
    const { prefixLength } = this.config
    if (prefixLength >= 31) return false
    const hostBits = 2 ** (32 - prefixLength)
    const host = address % hostBits
    return host === 0 || host === hostBits - 1
  }
}

/** The Ethernet and IPv4 headers of a frame of ours; destination MAC, lengths, identification and checksum are still to come. DF is set. */
export function writeIpv4Frame(frame: Uint8Array, mac: Uint8Array, source: number, destination: number, protocol: number, ttl: number): void {
  copyBytes(mac, 0, frame, 6, 6)
  writeU16(frame, 12, EtherType.ipv4)
  frame[14] = 0x45
  frame[15] = 0
  writeU16(frame, 20, Ipv4Flag.dontFragment << 13)
  frame[22] = ttl
  frame[23] = protocol
  writeU32(frame, 26, source)
  writeU32(frame, 30, destination)
}
