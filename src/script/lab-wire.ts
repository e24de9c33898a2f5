import { copyBytes, readU16, readU32, writeU16, writeU32 } from '../base/bytes.ts'
import { FrameWriter } from '../link/frame-batch.ts'
import type { Host } from '../stack/host.ts'
import { pseudoHeaderSum6Of } from '../wire/checksum.ts'
import { EtherType, ethernetHeaderBytes } from '../wire/ethernet.ts'
import { encodeIcmpv6, encodeNeighbor, fillIcmpv6Checksum, Icmpv6Header, Icmpv6Type, NeighborFlag, NeighborMessage } from '../wire/icmpv6.ts'
import { encodeIpv6, Ipv6Header, ipv6HeaderBytes } from '../wire/ipv6.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import type { UdpTunnels } from './udp-tunnel.ts'
import type { Captured, Wire } from './under-test.ts'

/** Sees every IP packet as a frame, in the order they pass. */
export type FrameTap = (frame: Uint8Array, direction: 'sent' | 'received', nowUs: number) => void

/** MAC of everything beyond the host. */
const peerMac = Uint8Array.of(0x02, 0x54, 0, 0, 0, 0xfe)
const framesPerTurn = 64
/** More rounds than this at one moment mean that the host never rests. */
const maxRounds = 10_000

/**
 * The cable of a host in virtual time. Everything that is not the host is at its other end: every address there answers ARP and neighbour
 * solicitations at once, IP packets that the host sends are handed out with their time, and IP packets are put in.
 */
export class LabWire implements Wire {
  readonly captured: Captured[] = []
  readonly tunnels: UdpTunnels | null
  /** Called after each step in which the host did something. */
  onStep: () => void = () => {}
  private readonly host: Host
  private readonly tap: FrameTap | null
  private readonly writer: FrameWriter
  private timeUs: number
  private settleDepth = 0
  private timersWait = false
  private readonly packetUs: number

  constructor(host: Host, startUs: number, tap: FrameTap | null, packetUs = 0, tunnels: UdpTunnels | null = null) {
    this.tunnels = tunnels
    this.packetUs = packetUs
    this.host = host
    this.tap = tap
    this.timeUs = startUs
    this.writer = new FrameWriter(framesPerTurn, framesPerTurn * (host.config.mtu + 64))
    host.start(startUs)
    this.settle()
  }

  get nowUs(): number {
    return this.timeUs
  }

  /**
   * IP packets arrive at the host, at once, before it can answer; each is behind room for an Ethernet header.
   * @param staysOpen nor may it answer then: more is to come at this moment
   */
  inject(frames: readonly Uint8Array[], version: 4 | 6, staysOpen = false): void {
    for (const frame of frames) this.receive(frame, version)
    if (staysOpen) return
    if (this.timersWait) this.host.handleTimeout(this.timeUs)
    this.timersWait = false
    this.settle()
    this.timeUs += this.packetUs
  }

  /** To a time before which nothing is due; what is due then waits until something has come in. */
  skipTo(timeUs: number): void {
    this.timeUs = timeUs
    this.timersWait = true
  }

  private receive(frame: Uint8Array, version: 4 | 6): void {
    copyBytes(this.host.config.mac, 0, frame, 0, 6)
    copyBytes(peerMac, 0, frame, 6, 6)
    writeU16(frame, 12, version === 4 ? EtherType.ipv4 : EtherType.ipv6)
    this.tap?.(frame, 'received', this.timeUs)
    const taken = this.tunnels?.received(frame) ?? frame
    this.host.handleFrame(taken, 0, taken.length, this.timeUs)
  }

  /**
   * Lets everything happen up to a time. Stops early, at the moment it came true, where `until` says so.
   * @param rounds how often the host may be woken before the caller gets a turn
   * @returns whether it came true; null where there are rounds still to come
   */
  advance(toUs: number, until: () => boolean = () => false, rounds = Infinity): boolean | null {
    for (let round = 0; ; round++) {
      this.settle()
      if (until()) return true
      const nextUs = Math.max(this.host.pollTimeout(), this.timeUs)
      if (nextUs > toUs) {
        this.timeUs = Math.max(this.timeUs, toUs)
        return false
      }
      if (round === rounds) return null
      this.timeUs = nextUs
      this.host.handleTimeout(nextUs)
    }
  }

  /** Nothing will ever happen by itself. */
  get isAtRest(): boolean {
    return this.host.pollTimeout() === Infinity
  }

  /** Everything that happens now. */
  settle(): void {
    if (this.settleDepth > 0) return
    this.settleDepth++
    for (let round = 0; ; round++) {
      if (round === maxRounds) throw new Error(`the host does not come to rest at ${this.timeUs} us`)
      const wasBusy = this.transmit()
      this.onStep()
      if (!wasBusy && !this.transmit()) break
    }
    this.settleDepth--
  }

  private transmit(): boolean {
    const { writer } = this
    writer.clear()
    if (this.host.pollTransmit(this.timeUs, writer) === 0) return false
    const { batch } = writer
    for (let i = 0; i < batch.count; i++) this.handle(batch.bytes.slice(batch.offset[i], batch.offset[i] + batch.capturedLength[i]))
    return true
  }

  private handle(frame: Uint8Array): void {
    const etherType = readU16(frame, 12)
    if (etherType === EtherType.arp) return this.answerArp(frame)
    if (etherType === EtherType.ipv6 && isNeighbourDiscovery(frame)) return this.answerSolicitation(frame)
    const sent = this.tunnels?.sent(frame) ?? frame
    this.tap?.(sent, 'sent', this.timeUs)
    this.captured.push({ timeUs: this.timeUs, bytes: sent.subarray(ethernetHeaderBytes) })
  }

  /** RFC 826: whoever is asked for is here. The host's own announcements ask for itself. */
  private answerArp(frame: Uint8Array): void {
    const at = ethernetHeaderBytes
    const asked = readU32(frame, at + 24)
    if (readU16(frame, at + 6) !== 1 || asked === readU32(frame, at + 14) || readU32(frame, at + 14) === 0) return
    const answer = frame.slice(0, at + 28)
    copyBytes(this.host.config.mac, 0, answer, 0, 6)
    copyBytes(peerMac, 0, answer, 6, 6)
    writeU16(answer, at + 6, 2)
    copyBytes(peerMac, 0, answer, at + 8, 6)
    writeU32(answer, at + 14, asked)
    copyBytes(frame, at + 8, answer, at + 18, 10)
    this.host.handleFrame(answer, 0, answer.length, this.timeUs)
  }

  /** RFC 4861 §7.2.4. Duplicate address detection, which asks from no address, hears nothing. */
  private answerSolicitation(frame: Uint8Array): void {
    const icmpAt = ethernetHeaderBytes + ipv6HeaderBytes
    const source = frame.slice(ethernetHeaderBytes + 8, ethernetHeaderBytes + 24)
    if (frame[icmpAt] !== Icmpv6Type.neighborSolicitation || source.every((byte) => byte === 0)) return
    const message = new NeighborMessage()
    message.target.set(frame.subarray(icmpAt + 8, icmpAt + 24))
    message.hasLinkLayerAddress = true
    message.linkLayerAddress.set(peerMac)
    const icmp = new Icmpv6Header()
    icmp.type = Icmpv6Type.neighborAdvertisement
    icmp.rest = (NeighborFlag.solicited | NeighborFlag.override) >>> 0
    const header = new Ipv6Header()
    header.nextHeader = IpProtocol.icmpv6
    header.hopLimit = 255
    header.payloadLength = 32
    header.source.set(message.target)
    header.destination.set(source)
    const bytes = new Uint8Array(icmpAt + 32)
    encodeIpv6(header, bytes, ethernetHeaderBytes)
    encodeIcmpv6(icmp, bytes, icmpAt)
    encodeNeighbor(icmp.type, message, bytes, icmpAt)
    fillIcmpv6Checksum(bytes, icmpAt, 32, pseudoHeaderSum6Of(header.source, source, IpProtocol.icmpv6, 32))
    copyBytes(this.host.config.mac, 0, bytes, 0, 6)
    copyBytes(peerMac, 0, bytes, 6, 6)
    writeU16(bytes, 12, EtherType.ipv6)
    this.host.handleFrame(bytes, 0, bytes.length, this.timeUs)
  }
}

/** Also what a host says to the groups it joins. */
function isNeighbourDiscovery(frame: Uint8Array): boolean {
  const next = frame[ethernetHeaderBytes + 6]
  const type = frame[ethernetHeaderBytes + ipv6HeaderBytes]
  if (next !== IpProtocol.icmpv6) return next === IpProtocol.hopByHop
  return (type >= Icmpv6Type.listenerQuery && type <= Icmpv6Type.redirect) || type === Icmpv6Type.listenerReport2
}
