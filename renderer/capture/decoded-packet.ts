import type { PacketBytes } from '../../src/rpc/packets-contract.ts'
import { formatIpAt, formatIpv4, formatMac } from '../../src/wire/addresses.ts'
import { hasMacAndIpv4 } from '../../src/wire/arp.ts'
import { describeFields, type FieldLayer, type FieldSpan } from '../../src/wire/describe.ts'
import { Ipv4Flag } from '../../src/wire/ipv4.ts'
import { checkIpChecksum, checkTransportChecksum, expectedTransportChecksum, type ChecksumVerdict } from '../../src/wire/packet-checksum.ts'
import { decodePacket, Packet } from '../../src/wire/packet.ts'
import { formatCount } from '../format.ts'
import { layHeader, type GridCell } from './header-grid.ts'

export type SectionId = Exclude<FieldLayer, 'vlan'>

/** One layer of a frame as the packet panel shows it. */
export interface LayerSection {
  id: SectionId
  title: string
  /** The layer's values in a line, without words that would need translation. */
  summary: string
  /** Cells of the header; empty for payload and trailer. */
  grid: GridCell[][]
  /** Options and other lists behind the fixed header, one by one. */
  list: FieldSpan[]
  bitOffset: number
  bitLength: number
}

export type Judgement = ChecksumVerdict | 'offloaded'

export interface DecodedPacket {
  source: PacketBytes
  packet: Packet
  spans: readonly FieldSpan[]
  sections: readonly LayerSection[]
  ipChecksum: Judgement
  transportChecksum: Judgement
  /** What the transport checksum should be, -1 where that cannot be told. */
  expectedChecksum: number
}

const sentByThisMachine = 2

const titles: Partial<Record<SectionId, string>> = {
  ethernet: 'Ethernet II', linuxSll: 'Linux cooked', linuxSll2: 'Linux cooked v2', bsdNull: 'BSD loopback', radiotap: 'radiotap', wlan: 'IEEE 802.11', llc: 'LLC',
  ppp: 'PPP', pppoe: 'PPPoE', mpls: 'MPLS', chdlc: 'Cisco HDLC', medium: 'Link', arp: 'ARP', ipv4: 'IPv4', ipv6: 'IPv6', icmp: 'ICMP', icmpv6: 'ICMPv6',
  udp: 'UDP', tcp: 'TCP',
}

/** Decodes the bytes of a packet for display; the bytes are the only source, so that what is drawn is what is there. */
export function decodeForDisplay(source: PacketBytes): DecodedPacket {
  const packet = new Packet()
  decodePacket(source.bytes, 0, source.bytes.length, source.linkType, packet, source.originalLength)
  const spans = describeFields(packet, source.bytes)
  return {
    source,
    packet,
    spans,
    sections: sectionsOf(spans, packet, source.bytes),
    ipChecksum: checkIpChecksum(packet, source.bytes),
    transportChecksum: judge(checkTransportChecksum(packet, source.bytes), source.direction),
    expectedChecksum: expectedTransportChecksum(packet, source.bytes),
  }
}

/** A frame that this machine sent was captured before its NIC finished the checksum. */
function judge(verdict: ChecksumVerdict, direction: number): Judgement {
  return (verdict === 'bad' && direction === sentByThisMachine) || verdict === 'partial' ? 'offloaded' : verdict
}

function sectionsOf(spans: readonly FieldSpan[], packet: Packet, bytes: Uint8Array): LayerSection[] {
  const groups: { id: SectionId, spans: FieldSpan[] }[] = []
  for (const span of spans) {
    const id: SectionId = span.layer === 'vlan' ? 'ethernet' : span.layer
    const last = groups.at(-1)
    if (last?.id === id) last.spans.push(span)
    else groups.push({ id, spans: [span] })
  }
  return groups.map(({ id, spans: own }) => {
    const fixed = own.filter(isFixed)
    const end = own.at(-1)!
    return {
      id,
      title: titles[id] ?? '',
      summary: summaries[id]?.(packet, bytes) ?? '',
      grid: layHeader(fixed),
      list: id === 'payload' || id === 'trailer' ? [] : own.filter((span) => !isFixed(span)),
      bitOffset: own[0].bitOffset,
      bitLength: end.bitOffset + end.bitLength - own[0].bitOffset,
    }
  })
}

const lists = /\.(option|quoted|body|data|otherAddresses)(\.|$)/
const isFixed = (span: FieldSpan): boolean => !lists.test(span.name)

const summaries: Partial<Record<SectionId, (packet: Packet, bytes: Uint8Array) => string>> = {
  ethernet: ({ ethernet }) => `${formatMac(ethernet.source)} → ${formatMac(ethernet.destination)}`,
  arp: ({ arp }) => hasMacAndIpv4(arp) ? `${formatIpv4(arp.senderIp)} → ${formatIpv4(arp.targetIp)}` : '',
  ipv4: ({ ipv4 }) => `${formatIpv4(ipv4.source)} → ${formatIpv4(ipv4.destination)}  TTL ${ipv4.ttl}${ipv4.flags & Ipv4Flag.dontFragment ? '  DF' : ''}  ${formatCount(ipv4.totalLength)} B`,
  ipv6: ({ ipv6, ipOffset }, bytes) => `${formatIpAt(bytes, ipOffset + 8, 6)} → ${formatIpAt(bytes, ipOffset + 24, 6)}  hop ${ipv6.hopLimit}`,
  icmp: ({ icmp }) => `type ${icmp.type} code ${icmp.code}`,
  icmpv6: ({ icmpv6 }) => `type ${icmpv6.type} code ${icmpv6.code}`,
  udp: ({ udp, payloadLengthOnWire }) => `${udp.sourcePort} → ${udp.destinationPort}  Len ${payloadLengthOnWire}`,
  tcp: ({ tcp, payloadLengthOnWire }) => `${tcp.sourcePort} → ${tcp.destinationPort}  Seq ${tcp.seq}  Ack ${tcp.ack}  Len ${payloadLengthOnWire}`,
}
