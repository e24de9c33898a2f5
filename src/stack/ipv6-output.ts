import { copyBytes, writeU16, writeU32 } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import { isMulticastIpv6 } from '../wire/addresses.ts'
import { ethernetHeaderBytes, EtherType } from '../wire/ethernet.ts'
import { ipv6HeaderBytes } from '../wire/ipv6.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import type { FrameQueue } from './frame-queue.ts'
import { hostDefaults } from './host-config.ts'
import type { HostConfig } from './host-config.ts'
import { minIpv6Mtu, writeMulticastMac } from './ipv6-address.ts'
import type { Ipv6Interface } from './ipv6-interface.ts'
import type { NdpCache, NdpNeighbour } from './ndp-cache.ts'
import type { PathMtus } from './path-mtus.ts'
import type { HostStatistics } from './statistics.ts'

/** Where the payload of a packet begins in a frame of ours. */
export const ipv6PayloadAt = ethernetHeaderBytes + ipv6HeaderBytes
const fragmentHeaderBytes = 8
const largestPayload = 0xffff

/** Sends IPv6 packets that the host makes by itself. */
export class Ipv6Output {
  /** Where a packet is made: its payload goes to {@link ipv6PayloadAt} of this frame, then {@link send} sends it. Valid until then. */
  scratch: Uint8Array
  private readonly config: HostConfig
  private readonly link: Ipv6Interface
  private readonly cache: NdpCache
  private readonly frames: FrameQueue
  private readonly statistics: HostStatistics
  private readonly pathMtus: PathMtus
  private readonly random: Random

  constructor(config: HostConfig, link: Ipv6Interface, cache: NdpCache, frames: FrameQueue, statistics: HostStatistics, pathMtus: PathMtus, random: Random) {
    this.config = config
    this.link = link
    this.cache = cache
    this.frames = frames
    this.statistics = statistics
    this.pathMtus = pathMtus
    this.random = random
    this.scratch = new Uint8Array(ethernetHeaderBytes + config.mtu)
  }

  /** Makes room in {@link scratch} for a payload larger than the link's MTU. @returns the scratch frame, or null where no packet can be that long */
  reserve(payloadLength: number): Uint8Array | null {
    if (payloadLength > largestPayload) return null
    if (ipv6PayloadAt + fragmentHeaderBytes + payloadLength > this.scratch.length) this.scratch = new Uint8Array(ipv6PayloadAt + fragmentHeaderBytes + largestPayload)
    return this.scratch
  }

  /**
   * Sends the packet in {@link scratch}, or lets it wait for neighbour discovery; in fragments where it is larger than the MTU and may be
   * (RFC 8200 §4.5). False where it cannot go at all.
   */
  send(
    source: Readonly<Uint8Array>, destination: Uint8Array, protocol: number, payloadLength: number, nowUs: number, hopLimit: number = hostDefaults.ttl, mayFragment = false,
  ): boolean {
    const mtu = this.pathMtu(destination, mayFragment, nowUs)
    const isWhole = ipv6HeaderBytes + payloadLength <= mtu
    if (!isWhole && !mayFragment) {
      this.statistics.ipv6.tooBig++
      return false
    }
    const neighbour = isMulticastIpv6(destination) ? 'group' : this.route(destination, nowUs)
    if (neighbour === null) {
      this.statistics.ipv6.noRoute++
      return false
    }
    this.statistics.ipv6.out++
    if (!isWhole) {
      this.sendFragments(source, destination, protocol, payloadLength, hopLimit, mtu, neighbour)
      return true
    }
    const frame = this.scratch.subarray(0, ipv6PayloadAt + payloadLength)
    writeIpv6Frame(frame, this.config.mac, source, destination, protocol, hopLimit)
    writeU16(frame, ethernetHeaderBytes + 4, payloadLength)
    this.queue(frame, destination, neighbour)
    return true
  }

  /**
   * Bytes of the largest IP packet to a destination, as far as known.
   * @param cautious through routers no more than every path takes: nobody would send the datagram again (RFC 8200 §5)
   */
  pathMtu(destination: Uint8Array, cautious: boolean, nowUs: number): number {
    const { mtu } = this.link
    const known = this.pathMtus.find(destination, nowUs)
    if (known >= 0) return Math.min(known, mtu)
    return cautious && !isMulticastIpv6(destination) && !this.link.isOnLink(destination, nowUs) ? minIpv6Mtu : mtu
  }

  /** The neighbour through which a destination is reached; null where there is no way. */
  route(destination: Uint8Array, nowUs: number): NdpNeighbour | null {
    const hop = this.link.nextHop(destination, nowUs)
    return hop === null ? null : this.cache.resolve(hop, nowUs)
  }

  private sendFragments(
    source: Readonly<Uint8Array>, destination: Uint8Array, protocol: number, payloadLength: number, hopLimit: number, mtu: number, neighbour: NdpNeighbour | 'group',
  ): void {
    const pieceBytes = (mtu - ipv6HeaderBytes - fragmentHeaderBytes) & ~7
    // Not to be guessed: whoever could would spoil datagrams by overlaps (RFC 7739).
    const ident = this.random.nextU32()
    this.scratch.copyWithin(ipv6PayloadAt + fragmentHeaderBytes, ipv6PayloadAt, ipv6PayloadAt + payloadLength)
    for (let offset = 0; offset < payloadLength; offset += pieceBytes) {
      const length = Math.min(pieceBytes, payloadLength - offset)
      // The next header takes the place of payload that has gone already.
      const frame = this.scratch.subarray(offset, offset + ipv6PayloadAt + fragmentHeaderBytes + length)
      writeIpv6Frame(frame, this.config.mac, source, destination, IpProtocol.fragment, hopLimit)
      writeU16(frame, ethernetHeaderBytes + 4, fragmentHeaderBytes + length)
      writeU16(frame, ipv6PayloadAt, protocol << 8)
      writeU16(frame, ipv6PayloadAt + 2, offset | (offset + length < payloadLength ? 1 : 0))
      writeU32(frame, ipv6PayloadAt + 4, ident)
      this.statistics.ipv6.fragmentsOut++
      this.queue(frame, destination, neighbour)
    }
  }

  private queue(frame: Uint8Array, destination: Uint8Array, neighbour: NdpNeighbour | 'group'): void {
    if (neighbour === 'group') {
      writeMulticastMac(destination, frame, 0)
    } else if (neighbour.hasMac) {
      copyBytes(neighbour.mac, 0, frame, 0, 6)
    } else {
      this.cache.hold(neighbour, frame.slice())
      return
    }
    if (!this.frames.add(frame)) this.statistics.ethernet.queueFull++
  }
}

/** The Ethernet and IPv6 headers of a frame of ours; destination MAC and payload length are still to come. */
export function writeIpv6Frame(frame: Uint8Array, mac: Uint8Array, source: Readonly<Uint8Array>, destination: Uint8Array, protocol: number, hopLimit: number): void {
  copyBytes(mac, 0, frame, 6, 6)
  writeU16(frame, 12, EtherType.ipv6)
  writeU32(frame, 14, 0x6000_0000)
  frame[20] = protocol
  frame[21] = hopLimit
  frame.set(source, 22)
  frame.set(destination, 38)
}
