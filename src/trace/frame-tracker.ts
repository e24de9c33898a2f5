import { isIcmpError } from '../wire/icmp.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { decodePacket, Layer, LinkType, Packet } from '../wire/packet.ts'
import { decodeInner, maxTunnels } from '../wire/tunnel.ts'
import { FragmentTable } from './fragment-table.ts'
import type { FlowTracker } from './flow-tracker.ts'
import type { Insights } from './insight/insights.ts'
import { PacketMark, PacketRecord, Protocol } from './packet-store.ts'
import type { FrameTimes } from './packet-store.ts'
import { isPartial, readPlainSegment, readSegment, readWhole, SegmentHeader } from './segment-header.ts'

/** What the trace reads of a batch of frames; the link layer's `FrameBatch` has this shape. */
export interface FrameColumns extends FrameTimes {
  readonly bytes: Uint8Array
  readonly offset: Uint32Array
}

/** Takes frames one by one to the flow that they belong to, through whatever carries them. */
export class FrameTracker {
  /** What is known of the latest frame, but for what it brings of itself. */
  readonly record = new PacketRecord()
  private readonly scratch = new Packet()
  private readonly inner = new Packet()
  private readonly header = new SegmentHeader()
  private readonly fragments = new FragmentTable()
  private optionBytes: Uint8Array = new Uint8Array(0)
  private viewed: Uint8Array = this.optionBytes
  private view = new DataView(this.viewed.buffer)

  constructor(private readonly tracker: FlowTracker, private readonly insights: Insights | null) {}

  /** @param number of the packet, from 1 */
  take(batch: FrameColumns, i: number, linkType: number, number: number): void {
    const { record, header } = this
    record.timeSec = batch.timeSec[i]
    record.timeNsec = batch.timeNsec[i]
    record.flow = -1
    const captured = batch.capturedLength[i]
    const onWire = batch.originalLength[i]
    record.findings = record.acksPacket = record.bytesInFlight = record.pushBytes = record.previousInFlow = record.completeness = 0
    record.windowShift = -1
    const ipAt = readPlainSegment(this.viewOf(batch.bytes), batch.offset[i], captured, onWire, linkType, this.tracker.addresses, header)
    if (ipAt >= 0) {
      record.marks = 0
      this.trackSegment(batch.bytes, number)
      this.insights?.take(header, batch.bytes, batch.bytes, ipAt, batch.offset[i] + captured, batch.direction[i], record, number)
    } else {
      decodePacket(batch.bytes, batch.offset[i], captured, linkType, this.scratch, onWire)
      this.trackDecoded(batch.bytes, batch.direction[i], number)
    }
  }

  /** Batches of one source lie in one area. */
  viewOf(bytes: Uint8Array): DataView {
    if (bytes !== this.viewed) {
      this.viewed = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    return this.view
  }

  /** Follows tunnels to the innermost packet; UDP around one is a flow of its own. */
  private trackDecoded(bytes: Uint8Array, direction: number, number: number): void {
    const { record, tracker } = this
    let packet = this.scratch
    let other = this.inner
    let marks = 0
    for (let depth = 0; depth < maxTunnels && decodeInner(packet, bytes, other); depth++) {
      if ((packet.layers & Layer.udp) !== 0) tracker.track(packet, record, number)
      record.flow = -1
      record.previousInFlow = 0
      marks = PacketMark.tunnelled
      const outer = packet
      packet = other
      other = outer
    }
    record.protocol = protocolOf(packet.layers)
    if (this.readTcp(packet, bytes)) {
      record.marks = marks | marksOf(packet)
      this.trackSegment(this.optionBytes, number)
      this.insights?.take(this.header, this.optionBytes, bytes, packet.ipOffset, packet.frameAt + packet.frameLength, direction, record, number)
      return
    }
    record.marks = marks | marksOf(packet) | noStates
    record.payloadLength = packet.payloadLengthOnWire
    record.flags = record.seq = record.ack = record.window = 0
    tracker.track(packet, record, number)
    if (record.flow < 0 && quotesPacket(packet)) this.trackQuoted(packet, other, bytes, number)
  }

  /** The segment of a packet, or the one that its fragment completes; its options are in `optionBytes`. */
  private readTcp(packet: Packet, bytes: Uint8Array): boolean {
    const { header, tracker } = this
    this.optionBytes = bytes
    if (packet.protocol !== IpProtocol.tcp || !packet.isFragment || !isPartial(packet)) return readSegment(packet, bytes, tracker.addresses, header)
    if (!waitsForOthers(packet)) return readSegment(packet, bytes, tracker.addresses, header)
    const whole = isCapturedWhole(packet) ? this.fragments.add(packet, bytes) : null
    if (whole === null) {
      this.record.protocol = packet.ipVersion === 4 ? Protocol.ipv4 : Protocol.ipv6
      return false
    }
    this.optionBytes = whole.head
    return readWhole(packet, bytes, whole.head, whole.totalBytes, tracker.addresses, header)
  }

  private trackSegment(bytes: Uint8Array, number: number): void {
    const { record, header } = this
    record.protocol = Protocol.tcp
    record.payloadLength = header.length
    record.flags = header.flags
    record.seq = header.seq
    record.ack = header.ack
    record.window = header.window
    this.tracker.trackSegment(header, bytes, record, number)
  }

  private trackQuoted(packet: Packet, quoted: Packet, bytes: Uint8Array, number: number): void {
    const { record, tracker, header } = this
    decodePacket(bytes, packet.payloadOffset, packet.payloadLength, LinkType.rawIp, quoted, maxQuotedBytes)
    if (!waitsForOthers(quoted) && readSegment(quoted, bytes, tracker.addresses, header)) tracker.trackQuoted(header, record, number)
  }
}

/** Both states unknown. */
const noStates = 0xff

/** Whether Wireshark leaves the fragment to the datagram that it is a piece of: where it is whole, and over IPv6 where it was cut too. */
function waitsForOthers(packet: Packet): boolean {
  return packet.isFragment && isPartial(packet) && (packet.ipVersion === 6 || isCapturedWhole(packet))
}

function isCapturedWhole(packet: Packet): boolean {
  return packet.ipOffset + packet.ipLengthOnWire <= packet.frameAt + packet.frameLength
}

/** Lengths of what an ICMP error left out are taken on trust. */
const maxQuotedBytes = 65_575

function marksOf(packet: Packet): number {
  return (packet.error ? PacketMark.malformed : 0) | (packet.isFragment ? PacketMark.fragment : 0)
}

/** RFC 792, RFC 4443: errors quote the packet that they are about. */
function quotesPacket(packet: Packet): boolean {
  return (packet.layers & Layer.icmp) !== 0 ? isIcmpError(packet.icmp.type) : (packet.layers & Layer.icmpv6) !== 0 && packet.icmpv6.type < 128
}

const protocolOfLayer = [
  [Layer.tcp, Protocol.tcp], [Layer.udp, Protocol.udp], [Layer.icmp, Protocol.icmp], [Layer.icmpv6, Protocol.icmpv6], [Layer.arp, Protocol.arp],
  [Layer.ipv4, Protocol.ipv4], [Layer.ipv6, Protocol.ipv6],
] as const

function protocolOf(layers: number): number {
  for (let i = 0; i < protocolOfLayer.length; i++) if ((layers & protocolOfLayer[i][0]) !== 0) return protocolOfLayer[i][1]
  return Protocol.ethernet
}
