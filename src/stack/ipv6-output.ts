import { copyBytes, writeU16, writeU32 } from '../base/bytes.ts'
import { isMulticastIpv6 } from '../wire/addresses.ts'
import { ethernetHeaderBytes, EtherType } from '../wire/ethernet.ts'
import { ipv6HeaderBytes } from '../wire/ipv6.ts'
import type { FrameQueue } from './frame-queue.ts'
import { hostDefaults } from './host-config.ts'
import type { HostConfig } from './host-config.ts'
import { writeMulticastMac } from './ipv6-address.ts'
import type { Ipv6Interface } from './ipv6-interface.ts'
import type { NdpCache, NdpNeighbour } from './ndp-cache.ts'
import type { HostStatistics } from './statistics.ts'

/** Where the payload of a packet begins in a frame of ours. */
export const ipv6PayloadAt = ethernetHeaderBytes + ipv6HeaderBytes

/** Sends IPv6 packets that the host makes by itself. */
export class Ipv6Output {
  /** Where a packet is made: its payload goes to {@link ipv6PayloadAt} of this frame, then {@link send} sends it. Valid until then. */
  readonly scratch: Uint8Array
  private readonly config: HostConfig
  private readonly link: Ipv6Interface
  private readonly cache: NdpCache
  private readonly frames: FrameQueue
  private readonly statistics: HostStatistics

  constructor(config: HostConfig, link: Ipv6Interface, cache: NdpCache, frames: FrameQueue, statistics: HostStatistics) {
    this.config = config
    this.link = link
    this.cache = cache
    this.frames = frames
    this.statistics = statistics
    this.scratch = new Uint8Array(ethernetHeaderBytes + config.mtu)
  }

  /** Sends the packet in {@link scratch}, or lets it wait for neighbour discovery. False where it cannot go at all. */
  send(source: Readonly<Uint8Array>, destination: Uint8Array, protocol: number, payloadLength: number, nowUs: number, hopLimit: number = hostDefaults.ttl): boolean {
    const frame = this.scratch
    const total = ipv6HeaderBytes + payloadLength
    if (total > this.link.mtu) {
      this.statistics.ipv6.tooBig++
      return false
    }
    writeIpv6Frame(frame, this.config.mac, source, destination, protocol, hopLimit)
    writeU16(frame, ethernetHeaderBytes + 4, payloadLength)
    const whole = frame.subarray(0, ethernetHeaderBytes + total)
    if (isMulticastIpv6(destination)) {
      writeMulticastMac(destination, frame, 0)
    } else {
      const neighbour = this.route(destination, nowUs)
      if (neighbour === null) {
        this.statistics.ipv6.noRoute++
        return false
      }
      if (!neighbour.hasMac) {
        this.cache.hold(neighbour, whole.slice())
        this.statistics.ipv6.out++
        return true
      }
      copyBytes(neighbour.mac, 0, frame, 0, 6)
    }
    this.statistics.ipv6.out++
    if (!this.frames.add(whole)) this.statistics.ethernet.queueFull++
    return true
  }

  /** The neighbour through which a destination is reached; null where there is no way. */
  route(destination: Uint8Array, nowUs: number): NdpNeighbour | null {
    const hop = this.link.nextHop(destination, nowUs)
    return hop === null ? null : this.cache.resolve(hop, nowUs)
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
