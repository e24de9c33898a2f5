import { decodePacket, Layer, LinkType, Packet } from '../../wire/packet.ts'
import { shimKinds } from '../../wire/link-shim.ts'
import { decodeInner, maxTunnels } from '../../wire/tunnel.ts'
import { AddressTable } from '../address-table.ts'
import { findingNames } from '../finding.ts'
import type { FindingName } from '../finding.ts'
import { chunkBits, chunkMask, PacketMark, PacketRecord, Protocol } from '../packet-store.ts'
import type { FrameColumns } from '../frame-tracker.ts'
import type { Trace } from '../trace.ts'
import { TupleTable } from '../tuple-table.ts'
import { LengthCounts } from './length-counts.ts'
import { PairCounters } from './pair-counters.ts'
import { ProtocolTree } from './protocol-tree.ts'

/** Layers whose ends are counted. */
export type PairLayer = 'eth' | 'ipv4' | 'ipv6' | 'tcp' | 'udp'

/** Keeps the tuples of the layers apart. */
const tupleOf = { eth: 1, ipv4: 2, ipv6: 3, udp4: 4, udp6: 5 } as const

/** Tuples that may be of pairs that have left before the tables are made anew. */
const tuplesSpared = 4096

/** Everything that is counted by the way while packets come, each packet once, with the batch in which it came. */
export class CaptureStatistics {
  packets = 0
  bytes = 0
  /** Seconds from the first packet to the latest. */
  seconds = 0
  readonly pairs: Record<PairLayer, PairCounters> = {
    eth: new PairCounters(), ipv4: new PairCounters(), ipv6: new PairCounters(), tcp: new PairCounters(), udp: new PairCounters(),
  }

  /** Pairs that have left with their last packet; they still count in everything else. */
  pairsLeft = 0

  readonly protocols = new ProtocolTree()
  readonly lengths = new LengthCounts()
  /** Packets with each finding, and the first of them. */
  readonly findings = new Map<FindingName, { packets: number, first: number }>()
  /** MAC and IPv6 addresses. Pairs of `eth`, `ipv6` and `udp` have their numbers; of `ipv4` the address itself; of `tcp` the flow. */
  addresses = new AddressTable()
  /** Of UDP pairs: both ports. */
  udpPorts = new Uint32Array(64)

  private tuples = new TupleTable()
  private readonly first = new PacketRecord()
  private time = 0
  private length = 0
  /** Pair of IPv4 of each TCP flow, plus one. */
  private ipv4OfFlow = new Int32Array(256)
  private readonly plainTcp = this.protocols.within(this.protocols.within(this.protocols.within(0, 'eth'), 'ip'), 'tcp')
  private readonly latestMacs = new Uint32Array(8)
  private readonly latestEth = new Int32Array(2).fill(-1)
  private nextMacs: 0 | 1 = 0
  private compactFrom = tuplesSpared
  private outer = new Packet()
  private inner = new Packet()

  /**
   * Takes a batch that the trace has taken.
   * @param first index in the store of its first packet
   * @param chosen 0 for each packet that does not count; null: all do
   */
  take(batch: FrameColumns, linkType: number | Uint16Array, trace: Trace, first: number, chosen: Uint8Array | null = null): void {
    if (trace.packetCount > 0) trace.store.read(0, this.first)
    for (let i = 0; i < batch.count; i++) {
      if (chosen?.[i] !== 0) this.takeFrame(batch, i, typeof linkType === 'number' ? linkType : linkType[i], trace, first + i)
    }
  }

  /**
   * Forgets TCP flows that have left, and pairs of other layers without a packet among those that are kept, once they are most of them.
   * @param firstKept seconds from the first packet to the first that is kept
   */
  forget(flows: readonly number[], firstKept: number): void {
    for (const flow of flows) {
      this.pairs.tcp.clear(flow)
      if (flow < this.ipv4OfFlow.length) this.ipv4OfFlow[flow] = 0
    }
    this.pairsLeft += flows.length
    if (this.tuples.count < this.compactFrom) return
    this.compact(firstKept)
    this.compactFrom = 2 * this.tuples.count + tuplesSpared
  }

  private compact(firstKept: number): void {
    const { addresses: known, udpPorts: ports } = this
    this.addresses = new AddressTable()
    this.tuples = new TupleTable()
    this.udpPorts = new Uint32Array(64)
    this.latestEth.fill(-1)
    this.ipv4OfFlow.fill(0)
    for (const layer of ['eth', 'ipv4', 'ipv6', 'udp'] as const) {
      const before = this.pairs[layer]
      const after = new PairCounters()
      for (let pair = 0; pair < before.count; pair++) {
        if (before.last[pair] < firstKept) continue
        const a = layer === 'ipv4' ? before.a[pair] : this.addresses.internOf(known, before.a[pair])
        const b = layer === 'ipv4' ? before.b[pair] : this.addresses.internOf(known, before.b[pair])
        const [portA, portB] = layer === 'udp' ? [ports[2 * pair], ports[2 * pair + 1]] : [0, 0]
        const kind = layer !== 'udp' ? tupleOf[layer] : this.addresses.ipv4Of(a) < 0 ? tupleOf.udp6 : tupleOf.udp4
        const number = after.count
        after.take(before, pair, number, a, b)
        this.tuples.setFlow(this.tuples.find(a, portA, b, portB, kind), number)
        if (layer === 'udp') this.setUdpPorts(number, portA, portB)
      }
      this.pairsLeft += before.count - after.count
      this.pairs[layer] = after
    }
  }

  private takeFrame(batch: FrameColumns, i: number, linkType: number, trace: Trace, index: number): void {
    const chunk = trace.store.chunks[index >>> chunkBits]
    const at = index & chunkMask
    const length = batch.originalLength[i]
    this.time = batch.timeSec[i] - this.first.timeSec + (batch.timeNsec[i] - this.first.timeNsec) / 1e9
    this.length = length
    this.packets++
    this.bytes += length
    if (this.time > this.seconds) this.seconds = this.time
    this.lengths.add(length)
    if (chunk.findings[at] !== 0) this.addFindings(chunk.findings[at], index + 1)
    const marks = chunk.marks[at]
    const flow = chunk.flow[at]
    const isTcp = chunk.protocol[at] === Protocol.tcp && flow >= 0 && (marks & PacketMark.quoting) === 0
    if (isTcp) this.addTcp(flow, (marks & PacketMark.fromServer) !== 0 ? 1 : 0)
    if (isTcp && isPlain(batch.bytes, batch.offset[i], batch.capturedLength[i], linkType, marks)) this.takePlain(batch.bytes, batch.offset[i], flow)
    else this.takeDecoded(batch, i, linkType, isTcp)
  }

  /** Nearly every segment: Ethernet, IPv4, TCP, nothing else. */
  private takePlain(bytes: Uint8Array, at: number, flow: number): void {
    this.addMacs(bytes, at)
    const { ipv4OfFlow } = this
    const source = word(bytes, at + 26)
    const pair = flow < ipv4OfFlow.length ? ipv4OfFlow[flow] - 1 : -1
    if (pair >= 0) this.pairs.ipv4.add(pair, this.pairs.ipv4.a[pair] === source ? 0 : 1, this.length, this.time)
    else this.setIpv4OfFlow(flow, this.addPair('ipv4', tupleOf.ipv4, source, word(bytes, at + 30)))
    this.protocols.add(this.plainTcp, this.length)
  }

  private takeDecoded(batch: FrameColumns, i: number, linkType: number, isTcp: boolean): void {
    const { bytes } = batch
    decodePacket(bytes, batch.offset[i], batch.capturedLength[i], linkType, this.outer, batch.originalLength[i])
    let node = 0
    for (let depth = 0; ; depth++) {
      const packet = this.outer
      node = this.addHeaders(packet, bytes, node)
      if (depth === maxTunnels || !decodeInner(packet, bytes, this.inner)) break
      this.outer = this.inner
      this.inner = packet
    }
    // The fragment with which a segment is whole stands for it.
    if (isTcp && this.outer.isFragment) node = this.protocols.within(node, 'tcp')
    this.protocols.add(node, this.length)
  }

  private addHeaders(packet: Packet, bytes: Uint8Array, parent: number): number {
    const { protocols } = this
    const { layers } = packet
    let node = parent
    if ((layers & Layer.ethernet) !== 0) {
      node = protocols.within(node, 'eth')
      this.addMacs(bytes, packet.frameAt)
      for (let tag = 0; tag < packet.ethernet.tagCount; tag++) node = protocols.within(node, 'vlan')
    }
    if ((layers & Layer.cooked) !== 0) node = protocols.within(node, packet.cooked.layer === 'bsdNull' ? 'null' : 'sll')
    if ((layers & Layer.shim) !== 0) for (let shim = 0; shim < packet.shims.count; shim++) node = protocols.within(node, shimKinds[packet.shims.kinds[shim]])
    if ((layers & Layer.arp) !== 0) return protocols.within(node, 'arp')
    if (packet.ipVersion === 0) return node
    const isV4 = packet.ipVersion === 4
    node = protocols.within(node, isV4 ? 'ip' : 'ipv6')
    if (isV4) this.addPair('ipv4', tupleOf.ipv4, packet.ipv4.source | 0, packet.ipv4.destination | 0)
    else this.addPair('ipv6', tupleOf.ipv6, this.addresses.internIpv6(packet.ipv6.source), this.addresses.internIpv6(packet.ipv6.destination))
    if (packet.isFragment) return node
    if ((layers & Layer.udp) !== 0) this.addUdp(packet)
    for (const [layer, name] of transports) if ((layers & layer) !== 0) return protocols.within(node, name)
    return node
  }

  private addMacs(bytes: Uint8Array, at: number): void {
    const { latestMacs: known } = this
    const [w0, w1, w2] = [word(bytes, at) >>> 0, word(bytes, at + 4) >>> 0, word(bytes, at + 8) >>> 0]
    for (const which of [0, 1] as const) {
      const slot = 4 * which
      if (this.latestEth[which] < 0 || known[slot] !== w0 || known[slot + 1] !== w1 || known[slot + 2] !== w2) continue
      this.pairs.eth.add(this.latestEth[which], known[slot + 3] as 0 | 1, this.length, this.time)
      return
    }
    const source = this.addresses.internMac(bytes, at + 6)
    const pair = this.addPair('eth', tupleOf.eth, source, this.addresses.internMac(bytes, at))
    const which = this.nextMacs
    this.nextMacs = which === 0 ? 1 : 0
    known.set([w0, w1, w2, this.pairs.eth.a[pair] === source ? 0 : 1], 4 * which)
    this.latestEth[which] = pair
  }

  private addUdp({ ipVersion, ipv4, ipv6, udp }: Packet): void {
    const { addresses, pairs } = this
    const source = ipVersion === 4 ? addresses.internIpv4(ipv4.source) : addresses.internIpv6(ipv6.source)
    const destination = ipVersion === 4 ? addresses.internIpv4(ipv4.destination) : addresses.internIpv6(ipv6.destination)
    const pair = this.addPair('udp', ipVersion === 4 ? tupleOf.udp4 : tupleOf.udp6, source, destination, udp.sourcePort, udp.destinationPort)
    if (pairs.udp.packets[2 * pair] + pairs.udp.packets[2 * pair + 1] > 1) return
    this.setUdpPorts(pair, udp.sourcePort, udp.destinationPort)
  }

  private setUdpPorts(pair: number, a: number, b: number): void {
    while (2 * pair + 1 >= this.udpPorts.length) {
      const wider = new Uint32Array(2 * this.udpPorts.length)
      wider.set(this.udpPorts)
      this.udpPorts = wider
    }
    this.udpPorts[2 * pair] = a
    this.udpPorts[2 * pair + 1] = b
  }

  /** The first end of a pair is who sent first. @returns the pair */
  private addPair(layer: PairLayer, kind: number, source: number, destination: number, sourcePort = 0, destinationPort = 0): number {
    const { tuples } = this
    const counters = this.pairs[layer]
    const entry = tuples.find(source, sourcePort, destination, destinationPort, kind)
    let pair = tuples.flowOf(entry)
    if (pair < 0) {
      pair = counters.count
      counters.open(pair, source, destination)
      tuples.setFlow(entry, pair)
    }
    const isFirst = counters.a[pair] === source && (layer !== 'udp' || counters.b[pair] !== source || this.udpPorts[2 * pair] === sourcePort || !counters.has(pair))
    counters.add(pair, isFirst ? 0 : 1, this.length, this.time)
    return pair
  }

  private addTcp(flow: number, from: 0 | 1): void {
    const { tcp } = this.pairs
    if (flow >= tcp.count) tcp.open(flow, flow, flow)
    tcp.add(flow, from, this.length, this.time)
  }

  private setIpv4OfFlow(flow: number, pair: number): void {
    while (flow >= this.ipv4OfFlow.length) {
      const wider = new Int32Array(2 * this.ipv4OfFlow.length)
      wider.set(this.ipv4OfFlow)
      this.ipv4OfFlow = wider
    }
    this.ipv4OfFlow[flow] = pair + 1
  }

  private addFindings(bits: number, packet: number): void {
    for (let i = 0; i < findingNames.length; i++) {
      if ((bits & (1 << i)) === 0) continue
      const known = this.findings.get(findingNames[i])
      if (known) known.packets++
      else this.findings.set(findingNames[i], { packets: 1, first: packet })
    }
  }
}

const transports = [[Layer.tcp, 'tcp'], [Layer.udp, 'udp'], [Layer.icmp, 'icmp'], [Layer.icmpv6, 'icmpv6']] as const

/** Marks of a packet that says more than its fixed headers do. */
const notPlain = PacketMark.malformed | PacketMark.fragment | PacketMark.tunnelled

function isPlain(bytes: Uint8Array, at: number, captured: number, linkType: number, marks: number): boolean {
  return linkType === LinkType.ethernet && captured >= 54 && (marks & notPlain) === 0 && bytes[at + 12] === 0x08 && bytes[at + 13] === 0 && bytes[at + 14] === 0x45
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
}
