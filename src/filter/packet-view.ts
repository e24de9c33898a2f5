import type { Insights } from '../trace/insight/insights.ts'
import { PacketAnalyses, PacketAnalysis } from '../trace/packet-analysis.ts'
import { PacketMark, PacketRecord, Protocol } from '../trace/packet-store.ts'
import type { PacketStore } from '../trace/packet-store.ts'
import type { Flow } from '../trace/flow.ts'
import type { PacketComments } from '../trace/packet-comments.ts'
import type { FlowTracker } from '../trace/flow-tracker.ts'
import { isPartial } from '../trace/segment-header.ts'
import type { ReasonReader } from '../trace/trace.ts'
import { isIcmpError, icmpHeaderBytes } from '../wire/icmp.ts'
import { isIcmpv6Error } from '../wire/icmpv6.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { decodePacket, Layer, LinkType, Packet } from '../wire/packet.ts'
import { decodeInner, maxTunnels } from '../wire/tunnel.ts'

/** What fields are read from: all packets in columns, and the conversations they form. */
export interface PacketSource {
  readonly store: PacketStore
  readonly tracker: FlowTracker
  readonly insights?: Insights | null
  readonly reasonOf?: ReasonReader | null
  readonly comments?: PacketComments | null
}

/** Reads the bytes of a stored packet back; null where they are not there (any more). The bytes are good until the next call. */
export type FrameReader = (index: number, record: PacketRecord) => Uint8Array | null

/** One packet within a frame: the frame itself, what a tunnel carries in it, or what an ICMP error quotes. */
export class PacketLevel {
  readonly packet = new Packet()
  bytes: Uint8Array = new Uint8Array(0)

  /** @param depth 0: the frame itself, 1: what is within that, and so on */
  constructor(readonly view: PacketView, readonly isQuoted: boolean, readonly depth = 0) {}

  /**
   * Whether the header of one of the layers is here, and shown: Wireshark reads a transport header only in a whole datagram, or in a first fragment
   * that was cut short, which no datagram can be made of.
   */
  has(layers: number): boolean {
    const { packet } = this
    if ((packet.layers & layers) === 0) return false
    // A quoted fragment that is whole waits for the others too.
    if (this.isQuoted) return !packet.isFragment || (packet.layers & Layer.tcp) === 0 || (this.view.record.marks & PacketMark.quoting) !== 0
    return !packet.isFragment || !isPartial(packet) || (layers & transportLayers) === 0 || (this.view.record.marks & PacketMark.unmeasured) !== 0
  }

  /** A TCP segment whose numbers only the columns tell: the last fragment of one, or one that was cut within its fixed header. */
  get isInColumns(): boolean {
    const { packet, view: { record } } = this
    const isTracked = this.isQuoted ? (record.marks & PacketMark.quoting) !== 0 : record.protocol === Protocol.tcp
    return isTracked && record.flow >= 0 && packet.protocol === IpProtocol.tcp && !this.has(Layer.tcp)
  }
}

const transportLayers = Layer.tcp | Layer.udp | Layer.icmp | Layer.icmpv6

/** A cursor over stored packets: the columns at once, bytes and headers only when somebody asks. Made once, moved from packet to packet. */
export class PacketView {
  /** Packet number less one. */
  index = -1
  readonly record = new PacketRecord()

  /** Made as deep as they are needed. */
  private readonly nested = [new PacketLevel(this, false)]
  private readonly quoted = new PacketLevel(this, true)
  private readonly found: PacketLevel[] = []
  private current: readonly PacketLevel[] | null = null
  private readonly before = new PacketRecord()
  private readonly analyses: PacketAnalyses
  private readonly analysed = new PacketAnalysis()
  private isAnalysed = false

  /**
   * @param isOnePass what flows come to is taken as it was when the packet came, as a program sees it that reads a file once
   */
  constructor(readonly source: PacketSource, private readonly frameOf: FrameReader, readonly isOnePass = false) {
    this.analyses = new PacketAnalyses(source.store, source.tracker)
  }

  moveTo(index: number): void {
    this.index = index
    this.source.store.read(index, this.record)
    this.current = null
    this.isAnalysed = false
  }

  get flow(): Flow | null {
    return this.record.flow < 0 ? null : this.source.tracker.flows[this.record.flow]
  }

  /** What the tracker says of the packet. */
  get analysis(): PacketAnalysis {
    if (!this.isAnalysed) this.analyses.read(this.index + 1, this.analysed, this.isOnePass ? 1 : 2)
    this.isAnalysed = true
    return this.analysed
  }

  /** Shift of the sender's windows, as in the store. */
  get windowShift(): number {
    const { flow, record } = this
    if (this.isOnePass || flow === null) return record.windowShift
    return ((record.marks & PacketMark.fromServer) !== 0 ? flow.server : flow.client).analysis.scale
  }

  /** First sequence number of the end that the packet goes to; 0 where it is not known. */
  get receiverBase(): number {
    const { flow } = this
    if (flow === null) return 0
    const isFromServer = (this.record.marks & PacketMark.fromServer) !== 0
    const { analysis } = isFromServer ? flow.client : flow.server
    return this.isOnePass ? analysis.baseAt(this.index + 1) : analysis.base
  }

  /** The frame, what tunnels carry in it, and what the innermost quotes; nothing where the bytes are lost. */
  get levels(): readonly PacketLevel[] {
    return this.current ??= this.decode()
  }

  /** Nanoseconds since 1970. */
  get time(): bigint {
    return nanoseconds(this.record)
  }

  /** Time of an earlier packet by its index. */
  timeOf(index: number): bigint {
    this.source.store.read(index, this.before)
    return nanoseconds(this.before)
  }

  private decode(): readonly PacketLevel[] {
    const { record, nested, quoted, found } = this
    const bytes = this.frameOf(this.index, record)
    found.length = 0
    if (bytes === null) return found
    let level = nested[0]
    level.bytes = bytes
    decodePacket(bytes, 0, bytes.length, record.linkType, level.packet, record.originalLength)
    found.push(level)
    while (found.length <= maxTunnels) {
      const inner = nested[found.length] ??= new PacketLevel(this, false, found.length)
      if (!decodeInner(level.packet, bytes, inner.packet)) break
      inner.bytes = bytes
      found.push(level = inner)
    }
    const { packet } = level
    if (!isError(packet)) return found
    quoted.bytes = bytes
    const at = packet.transportOffset + icmpHeaderBytes
    decodePacket(bytes, at, Math.max(0, packet.payloadOffset + packet.payloadLength - at), LinkType.rawIp, quoted.packet)
    if ((quoted.packet.layers & (Layer.ipv4 | Layer.ipv6)) !== 0) found.push(quoted)
    return found
  }
}

function nanoseconds(record: PacketRecord): bigint {
  return BigInt(record.timeSec) * 1_000_000_000n + BigInt(record.timeNsec)
}

function isError(packet: Packet): boolean {
  if (packet.isFragment) return false
  return ((packet.layers & Layer.icmp) !== 0 && isIcmpError(packet.icmp.type)) || ((packet.layers & Layer.icmpv6) !== 0 && isIcmpv6Error(packet.icmpv6.type))
}
