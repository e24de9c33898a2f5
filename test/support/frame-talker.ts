import { Direction, FrameWriter } from '../../src/link/frame-batch.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { Link } from '../../src/link/link.ts'
import { parseIpv4 } from '../../src/wire/addresses.ts'
import { ArpHeader, arpBytes, encodeArp } from '../../src/wire/arp.ts'
import { pseudoHeaderSum4Of } from '../../src/wire/checksum.ts'
import { EtherType, EthernetHeader, encodeEthernet, ethernetHeaderBytes } from '../../src/wire/ethernet.ts'
import { Ipv4Header, encodeIpv4, fillIpv4, ipv4HeaderBytes } from '../../src/wire/ipv4.ts'
import { checkIpChecksum, checkTransportChecksum } from '../../src/wire/packet-checksum.ts'
import { Layer, LinkType, Packet, decodePacket } from '../../src/wire/packet.ts'
import { TcpFlag, TcpHeader, encodeTcp, fillTcpChecksum, tcpHeaderBytes } from '../../src/wire/tcp.ts'
import { pause } from './link-frames.ts'

const noBytes = new Uint8Array(0)
/** Maximum segment size 1460, on the SYN. */
const synOptions = Uint8Array.of(2, 4, 1460 >> 8, 1460 & 0xff)

/** What a frame that came in says, as far as these tests ask. */
export interface Heard {
  readonly line: 'arp' | 'tcp' | 'other'
  readonly sourceMac: Uint8Array
  readonly flags: number
  readonly seq: number
  readonly ack: number
  readonly payload: Uint8Array
  readonly frameBytes: number
  readonly checksums: string
}

/** A TCP client made of hand-made frames and no engine: sends what it is told and acknowledges what comes in order. */
export class FrameTalker {
  readonly heard: Heard[] = []
  readonly received: Uint8Array[] = []
  peerMac: Uint8Array = Uint8Array.of(255, 255, 255, 255, 255, 255)
  sndNxt = 1000
  rcvNxt = 0
  private readonly link: Link
  private readonly mac: Uint8Array
  private readonly address: number
  private readonly peer: number
  private readonly packet = new Packet()
  private readonly writer = new FrameWriter(1, 2048)
  private readonly sourcePort: number
  private readonly destinationPort: number

  constructor(link: Link, ends: { address: string, peer: string, sourcePort: number, destinationPort: number }) {
    this.link = link
    this.mac = link.info.mac!
    this.address = parseIpv4(ends.address)!
    this.peer = parseIpv4(ends.peer)!
    this.sourcePort = ends.sourcePort
    this.destinationPort = ends.destinationPort
  }

  askForPeer(): void {
    const arp = new ArpHeader()
    arp.senderMac.set(this.mac)
    arp.senderIp = this.address
    arp.targetIp = this.peer
    this.transmit(EtherType.arp, (bytes, at) => at + encodeArp(arp, bytes, at), arpBytes)
  }

  sendSegment(flags: number, payload: Uint8Array = noBytes): void {
    const options = flags & TcpFlag.syn ? synOptions : noBytes
    const headerBytes = tcpHeaderBytes + options.length
    const length = headerBytes + payload.length
    const ip = Object.assign(new Ipv4Header(), { source: this.address, destination: this.peer, totalLength: ipv4HeaderBytes + length })
    const { sourcePort, destinationPort, sndNxt: seq, rcvNxt } = this
    const tcp = Object.assign(new TcpHeader(), { sourcePort, destinationPort, seq, ack: flags & TcpFlag.ack ? rcvNxt : 0, flags, window: 65535, dataOffsetWords: headerBytes / 4 })
    this.transmit(EtherType.ipv4, (bytes, at) => {
      encodeIpv4(ip, noBytes, 0, 0, bytes, at)
      fillIpv4(bytes, at, ipv4HeaderBytes + length)
      const tcpAt = at + ipv4HeaderBytes
      encodeTcp(tcp, options, 0, options.length, bytes, tcpAt)
      bytes.set(payload, tcpAt + headerBytes)
      fillTcpChecksum(bytes, tcpAt, length, pseudoHeaderSum4Of(this.address, this.peer, 6, length))
      return tcpAt + length
    }, ipv4HeaderBytes + length)
    this.sndNxt += payload.length + (flags & (TcpFlag.syn | TcpFlag.fin) ? 1 : 0)
  }

  /** Drains and acknowledges until the condition holds. @throws when it does not in time */
  async listenUntil(condition: () => boolean, timeoutMs = 5000): Promise<void> {
    const end = performance.now() + timeoutMs
    for (;;) {
      this.link.drain((batch) => this.hear(batch), 10_000)
      if (condition()) return
      if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition}; heard ${this.heard.map(({ line, flags }) => `${line} ${flags}`).join(', ')}`)
      await pause(1)
    }
  }

  /** ARP and the three-way handshake. */
  async connect(): Promise<void> {
    this.askForPeer()
    await this.listenUntil(() => this.heard.some(({ line }) => line === 'arp'))
    this.peerMac = this.heard.find(({ line }) => line === 'arp')!.sourceMac
    this.sendSegment(TcpFlag.syn)
    const isAnswer = ({ flags, ack }: Heard) => flags === (TcpFlag.syn | TcpFlag.ack) && ack === this.sndNxt
    await this.listenUntil(() => this.heard.some(isAnswer))
    this.rcvNxt = this.heard.find(isAnswer)!.seq + 1
    this.sendSegment(TcpFlag.ack)
  }

  private hear(batch: FrameBatch): void {
    for (let i = 0; i < batch.count; i++) {
      if (batch.direction[i] === Direction.sent) continue
      const { packet } = this
      const at = batch.offset[i]
      decodePacket(batch.bytes, at, batch.capturedLength[i], LinkType.ethernet, packet, batch.originalLength[i])
      const isTcp = (packet.layers & Layer.tcp) !== 0
      const { tcp } = packet
      const start = packet.payloadOffset
      const heard: Heard = {
        line: packet.layers & Layer.arp ? 'arp' : isTcp ? 'tcp' : 'other',
        sourceMac: batch.bytes.slice(at + 6, at + 12),
        flags: isTcp ? tcp.flags : 0,
        seq: isTcp ? tcp.seq : 0,
        ack: isTcp ? tcp.ack : 0,
        payload: isTcp ? batch.bytes.slice(start, start + packet.payloadLengthOnWire) : noBytes,
        frameBytes: batch.originalLength[i],
        checksums: isTcp ? `${checkIpChecksum(packet, batch.bytes)} ${checkTransportChecksum(packet, batch.bytes)}` : '',
      }
      this.heard.push(heard)
      if (isTcp) this.take(heard)
    }
  }

  private take({ seq, flags, payload }: Heard): void {
    if (seq !== this.rcvNxt || (payload.length === 0 && !(flags & TcpFlag.fin))) return
    this.rcvNxt = (seq + payload.length + (flags & TcpFlag.fin ? 1 : 0)) >>> 0
    this.received.push(payload)
    this.sendSegment(TcpFlag.ack)
  }

  private transmit(etherType: number, body: (bytes: Uint8Array, at: number) => number, bodyBytes: number): void {
    const { writer } = this
    writer.clear()
    const at = writer.reserve(ethernetHeaderBytes + bodyBytes)
    const ethernet = new EthernetHeader()
    ethernet.destination.set(this.peerMac)
    ethernet.source.set(this.mac)
    ethernet.etherType = etherType
    body(writer.bytes, at + encodeEthernet(ethernet, writer.bytes, at))
    writer.commit(ethernetHeaderBytes + bodyBytes)
    if (this.link.send(writer.batch) !== 1) throw new Error('the link did not take the frame')
  }
}
