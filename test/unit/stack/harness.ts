import { Random } from '../../../src/base/random.ts'
import { FrameWriter } from '../../../src/link/frame-batch.ts'
import { Host } from '../../../src/stack/host.ts'
import type { HostConfig } from '../../../src/stack/host-config.ts'
import type { HostEvent } from '../../../src/stack/host-event.ts'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { parseIpv4, parseMac } from '../../../src/wire/addresses.ts'
import { ArpHeader, encodeArp } from '../../../src/wire/arp.ts'
import { pseudoHeaderSum4Of } from '../../../src/wire/checksum.ts'
import { encodeEthernet, EthernetHeader } from '../../../src/wire/ethernet.ts'
import { encodeIpv4, fillIpv4, Ipv4Header, IpProtocol } from '../../../src/wire/ipv4.ts'
import { encodeTcp, fillTcpChecksum, TcpHeader } from '../../../src/wire/tcp.ts'
import { encodeUdp, fillUdp, UdpHeader } from '../../../src/wire/udp.ts'
import { encodeIcmp, fillIcmpChecksum, IcmpHeader } from '../../../src/wire/icmp.ts'
import { decodePacket, LinkType, Packet } from '../../../src/wire/packet.ts'
import { printPacket } from '../../../src/wire/one-line.ts'

export const ip = (text: string): number => parseIpv4(text)!
export const mac = (text: string): Uint8Array => parseMac(text)!

export const ourMac = mac('02:00:00:00:00:02')
export const peerMac = mac('02:00:00:00:00:01')
export const otherMac = mac('02:00:00:00:00:99')
export const broadcast = mac('ff:ff:ff:ff:ff:ff')
export const ourIp = ip('10.77.0.2')
export const peerIp = ip('10.77.0.1')

export function hostConfig(change: Partial<HostConfig> = {}): HostConfig {
  return { mac: ourMac, ipv4: ourIp, prefixLength: 24, mtu: 1500, tcp: defaultTcpConfig, probeAddress: false, multicastReports: false, ...change }
}

/** One host, and what passes on its cable: frames go in, printed lines come out. Time is virtual and moves only when told. */
export class Bench {
  nowUs = 0
  readonly host: Host
  private readonly writer = new FrameWriter(512, 1 << 20)

  constructor(change: Partial<HostConfig> = {}, seed = 1) {
    this.host = new Host(hostConfig(change), new Random(seed))
  }

  /** Started, announced, and with nothing left to say. */
  static ready(change: Partial<HostConfig> = {}, seed = 1): Bench {
    const bench = new Bench(change, seed)
    bench.host.start(0)
    bench.advance(10e6)
    bench.frames()
    bench.events()
    return bench
  }

  receives(...frames: Uint8Array[]): void {
    for (const frame of frames) this.host.handleFrame(frame, 0, frame.length, this.nowUs)
  }

  /** Moves time on from deadline to deadline. Frames sent on the way come with the next `frames`. */
  advance(us: number): void {
    const untilUs = this.nowUs + us
    this.host.pollTransmit(this.nowUs, this.writer)
    for (let nextUs = this.host.pollTimeout(); nextUs <= untilUs; nextUs = this.host.pollTimeout()) {
      this.nowUs = Math.max(this.nowUs, nextUs)
      this.host.handleTimeout(this.nowUs)
      this.host.pollTransmit(this.nowUs, this.writer)
    }
    this.nowUs = untilUs
  }

  /** Frames sent since the last call. */
  frames(): Uint8Array[] {
    this.host.pollTransmit(this.nowUs, this.writer)
    const { batch } = this.writer
    const found: Uint8Array[] = []
    for (let i = 0; i < batch.count; i++) found.push(batch.bytes.slice(batch.offset[i], batch.offset[i] + batch.capturedLength[i]))
    this.writer.clear()
    return found
  }

  /** The same as printed lines. */
  sent(): string[] {
    return this.frames().map(print)
  }

  events(): HostEvent[] {
    const found: HostEvent[] = []
    for (let event = this.host.pollEvent(); event !== null; event = this.host.pollEvent()) found.push(event)
    return found
  }

  /** Makes the peer's MAC known, as a request from it does. */
  meets(senderIp = peerIp, senderMac = peerMac): void {
    this.receives(arpFrame({ senderIp, senderMac, targetIp: ourIp }))
    this.frames()
  }
}

export function print(frame: Uint8Array): string {
  const packet = new Packet()
  decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
  return printPacket(packet, frame)
}

export interface ArpOptions {
  operation?: number
  senderMac?: Uint8Array
  senderIp?: number
  targetMac?: Uint8Array
  targetIp: number
  to?: Uint8Array
  change?: Partial<ArpHeader>
}

export function arpFrame(options: ArpOptions): Uint8Array {
  const header = new ArpHeader()
  header.operation = options.operation ?? 1
  header.senderMac.set(options.senderMac ?? peerMac)
  header.senderIp = options.senderIp ?? peerIp
  header.targetMac.set(options.targetMac ?? new Uint8Array(6))
  header.targetIp = options.targetIp
  Object.assign(header, options.change)
  const body = new Uint8Array(1100)
  return ethernetFrame(0x0806, body.subarray(0, encodeArp(header, body, 0)), options.to ?? broadcast, options.senderMac ?? peerMac)
}

export function ethernetFrame(etherType: number, body: Uint8Array, to: Uint8Array = ourMac, from: Uint8Array = peerMac): Uint8Array {
  const header = new EthernetHeader()
  header.destination.set(to)
  header.source.set(from)
  header.etherType = etherType
  const frame = new Uint8Array(14 + body.length)
  frame.set(body, encodeEthernet(header, frame, 0))
  return frame
}

export interface Ipv4Options { source?: number, destination?: number, protocol: number, payload: Uint8Array, to?: Uint8Array, change?: Partial<Ipv4Header>, padding?: number }

/** Lengths and checksum are filled in, then `change` is applied and the checksum made good again. */
export function ipv4Frame(options: Ipv4Options): Uint8Array {
  const header = new Ipv4Header()
  header.source = options.source ?? peerIp
  header.destination = options.destination ?? ourIp
  header.protocol = options.protocol
  header.totalLength = 20 + options.payload.length
  Object.assign(header, options.change)
  const body = new Uint8Array(20 + options.payload.length + (options.padding ?? 0))
  encodeIpv4(header, body, 0, 0, body, 0)
  body.set(options.payload, 20)
  if (header.headerWords * 4 <= body.length) fillIpv4(body, 0, header.totalLength)
  return ethernetFrame(0x0800, body, options.to)
}

export function icmpMessage(type: number, code: number, rest: number, data: Uint8Array): Uint8Array {
  const header = new IcmpHeader()
  header.type = type
  header.code = code
  header.rest = rest
  const message = new Uint8Array(8 + data.length)
  encodeIcmp(header, message, 0)
  message.set(data, 8)
  fillIcmpChecksum(message, 0, message.length)
  return message
}

export function udpDatagram(sourcePort: number, destinationPort: number, data: Uint8Array, source = peerIp, destination = ourIp): Uint8Array {
  const header = new UdpHeader()
  header.sourcePort = sourcePort
  header.destinationPort = destinationPort
  const datagram = new Uint8Array(8 + data.length)
  encodeUdp(header, datagram, 0)
  datagram.set(data, 8)
  fillUdp(datagram, 0, datagram.length, pseudoHeaderSum4Of(source, destination, IpProtocol.udp, datagram.length))
  return datagram
}

export function tcpSegment(change: Partial<TcpHeader>, data = new Uint8Array(0), source = peerIp, destination = ourIp): Uint8Array {
  const header = new TcpHeader()
  header.window = 65535
  Object.assign(header, change)
  const segment = new Uint8Array(20 + data.length)
  encodeTcp(header, segment, 0, 0, segment, 0)
  segment.set(data, 20)
  fillTcpChecksum(segment, 0, segment.length, pseudoHeaderSum4Of(source, destination, IpProtocol.tcp, segment.length))
  return segment
}
