import { hex } from '../base/bytes.ts'
import { formatIpv4, formatIpv6, formatMac } from './addresses.ts'
import { hasMacAndIpv4 } from './arp.ts'
import { Icmpv6Type, decodeNdpOptions, ndpOptionsOffset } from './icmpv6.ts'
import { isIcmpError, IcmpType } from './icmp.ts'
import { IpProtocol, decodeIpv4Options } from './ipv4.ts'
import { shimKinds } from './link-shim.ts'
import { printTcpOption } from './one-line.ts'
import { Layer } from './packet.ts'
import { tcpOptionSpans } from './tcp-options.ts'
import type { LayerName } from './error.ts'
import type { Packet } from './packet.ts'

/** One field of a frame: where its bits are and what they say. Spans come in the order of the bits and do not overlap. */
export interface FieldSpan {
  readonly layer: FieldLayer
  /** A stable id, such as `tcp.seq`; the window translates it. Known ones are {@link fieldNames}. */
  readonly name: FieldName
  /** From the start of the frame. */
  readonly bitOffset: number
  readonly bitLength: number
  /** A number up to 48 bits; longer fields as text. */
  readonly value: number | string
  readonly text: string
}

export type FieldLayer = LayerName | 'payload' | 'trailer'

type Format = 'decimal' | 'hex' | 'mac' | 'ipv4' | 'ipv6' | 'bytes'

type Row = readonly [name: string, bits: number, format: Format]

/** Fields of each fixed header, in bits, from its start on. */
const tables = {
  ethernet: [['ethernet.destination', 48, 'mac'], ['ethernet.source', 48, 'mac']],
  tag: [['vlan.protocol', 16, 'hex'], ['vlan.priority', 3, 'decimal'], ['vlan.dropEligible', 1, 'decimal'], ['vlan.id', 12, 'decimal']],
  innerTag: [['vlan.priority', 3, 'decimal'], ['vlan.dropEligible', 1, 'decimal'], ['vlan.id', 12, 'decimal'], ['vlan.protocol', 16, 'hex']],
  etherType: [['ethernet.type', 16, 'hex']],
  linuxSll: [
    ['linuxSll.packetType', 16, 'decimal'], ['linuxSll.hardwareType', 16, 'decimal'], ['linuxSll.addressLength', 16, 'decimal'], ['linuxSll.address', 64, 'bytes'],
    ['linuxSll.protocol', 16, 'hex'],
  ],
  linuxSll2: [
    ['linuxSll2.protocol', 16, 'hex'], ['linuxSll2.reserved', 16, 'hex'], ['linuxSll2.interface', 32, 'decimal'], ['linuxSll2.hardwareType', 16, 'decimal'],
    ['linuxSll2.packetType', 8, 'decimal'], ['linuxSll2.addressLength', 8, 'decimal'], ['linuxSll2.address', 64, 'bytes'],
  ],
  bsdNull: [['bsdNull.family', 32, 'hex']],
  llc: [['llc.destination', 8, 'hex'], ['llc.source', 8, 'hex'], ['llc.control', 8, 'hex']],
  snap: [['llc.organization', 24, 'hex'], ['llc.type', 16, 'hex']],
  pppoe: [['pppoe.version', 4, 'decimal'], ['pppoe.type', 4, 'decimal'], ['pppoe.code', 8, 'hex'], ['pppoe.session', 16, 'hex'], ['pppoe.length', 16, 'decimal']],
  mpls: [['mpls.label', 20, 'decimal'], ['mpls.trafficClass', 3, 'decimal'], ['mpls.bottom', 1, 'decimal'], ['mpls.ttl', 8, 'decimal']],
  chdlc: [['chdlc.address', 8, 'hex'], ['chdlc.control', 8, 'hex'], ['chdlc.protocol', 16, 'hex']],
  arp: [
    ['arp.hardwareType', 16, 'decimal'], ['arp.protocolType', 16, 'hex'], ['arp.hardwareLength', 8, 'decimal'], ['arp.protocolLength', 8, 'decimal'], ['arp.operation', 16, 'decimal'],
  ],
  arpAddresses: [['arp.senderMac', 48, 'mac'], ['arp.senderIp', 32, 'ipv4'], ['arp.targetMac', 48, 'mac'], ['arp.targetIp', 32, 'ipv4']],
  ipv4: [
    ['ipv4.version', 4, 'decimal'], ['ipv4.headerLength', 4, 'decimal'], ['ipv4.dscp', 6, 'decimal'], ['ipv4.ecn', 2, 'decimal'], ['ipv4.totalLength', 16, 'decimal'],
    ['ipv4.identification', 16, 'hex'], ['ipv4.flags.reserved', 1, 'decimal'], ['ipv4.flags.dontFragment', 1, 'decimal'], ['ipv4.flags.moreFragments', 1, 'decimal'],
    ['ipv4.fragmentOffset', 13, 'decimal'], ['ipv4.ttl', 8, 'decimal'], ['ipv4.protocol', 8, 'decimal'], ['ipv4.checksum', 16, 'hex'], ['ipv4.source', 32, 'ipv4'],
    ['ipv4.destination', 32, 'ipv4'],
  ],
  ipv6: [
    ['ipv6.version', 4, 'decimal'], ['ipv6.dscp', 6, 'decimal'], ['ipv6.ecn', 2, 'decimal'], ['ipv6.flowLabel', 20, 'hex'], ['ipv6.payloadLength', 16, 'decimal'],
    ['ipv6.nextHeader', 8, 'decimal'], ['ipv6.hopLimit', 8, 'decimal'], ['ipv6.source', 128, 'ipv6'], ['ipv6.destination', 128, 'ipv6'],
  ],
  extension: [['ipv6.extension.nextHeader', 8, 'decimal'], ['ipv6.extension.length', 8, 'decimal']],
  fragment: [
    ['ipv6.fragment.nextHeader', 8, 'decimal'], ['ipv6.fragment.reserved', 8, 'hex'], ['ipv6.fragment.offset', 13, 'decimal'], ['ipv6.fragment.reserved2', 2, 'hex'],
    ['ipv6.fragment.more', 1, 'decimal'], ['ipv6.fragment.identification', 32, 'hex'],
  ],
  icmp: [['icmp.type', 8, 'decimal'], ['icmp.code', 8, 'decimal'], ['icmp.checksum', 16, 'hex']],
  icmpEcho: [['icmp.identifier', 16, 'decimal'], ['icmp.sequence', 16, 'decimal']],
  icmpTooBig: [['icmp.unused', 16, 'hex'], ['icmp.mtu', 16, 'decimal']],
  icmpGateway: [['icmp.gateway', 32, 'ipv4']],
  icmpRest: [['icmp.rest', 32, 'hex']],
  icmpv6: [['icmpv6.type', 8, 'decimal'], ['icmpv6.code', 8, 'decimal'], ['icmpv6.checksum', 16, 'hex']],
  icmpv6Echo: [['icmpv6.identifier', 16, 'decimal'], ['icmpv6.sequence', 16, 'decimal']],
  icmpv6TooBig: [['icmpv6.mtu', 32, 'decimal']],
  icmpv6Pointer: [['icmpv6.pointer', 32, 'decimal']],
  icmpv6Advertisement: [['icmpv6.flags.router', 1, 'decimal'], ['icmpv6.flags.solicited', 1, 'decimal'], ['icmpv6.flags.override', 1, 'decimal'], ['icmpv6.reserved', 29, 'hex']],
  icmpv6Rest: [['icmpv6.rest', 32, 'hex']],
  icmpv6Target: [['icmpv6.target', 128, 'ipv6']],
  udp: [['udp.sourcePort', 16, 'decimal'], ['udp.destinationPort', 16, 'decimal'], ['udp.length', 16, 'decimal'], ['udp.checksum', 16, 'hex']],
  tcp: [
    ['tcp.sourcePort', 16, 'decimal'], ['tcp.destinationPort', 16, 'decimal'], ['tcp.seq', 32, 'decimal'], ['tcp.ack', 32, 'decimal'], ['tcp.dataOffset', 4, 'decimal'],
    ['tcp.reserved', 3, 'decimal'], ['tcp.flags.ae', 1, 'decimal'], ['tcp.flags.cwr', 1, 'decimal'], ['tcp.flags.ece', 1, 'decimal'], ['tcp.flags.urg', 1, 'decimal'],
    ['tcp.flags.ack', 1, 'decimal'], ['tcp.flags.psh', 1, 'decimal'], ['tcp.flags.rst', 1, 'decimal'], ['tcp.flags.syn', 1, 'decimal'], ['tcp.flags.fin', 1, 'decimal'],
    ['tcp.window', 16, 'decimal'], ['tcp.checksum', 16, 'hex'], ['tcp.urgentPointer', 16, 'decimal'],
  ],
} as const satisfies Record<string, readonly Row[]>

const listNames = [
  'radiotap.header', 'wlan.header', 'ppp.header', 'medium.header',
  'arp.otherAddresses', 'ipv4.option', 'ipv6.extension.data', 'icmpv6.option', 'icmp.quoted', 'icmpv6.quoted', 'icmpv6.body', 'payload.data', 'trailer.data',
  'tcp.option.eol', 'tcp.option.nop', 'tcp.option.mss', 'tcp.option.wscale', 'tcp.option.sackOK', 'tcp.option.sack', 'tcp.option.ts', 'tcp.option.md5', 'tcp.option.user-timeout',
  'tcp.option.tcp-ao', 'tcp.option.mptcp', 'tcp.option.tfo', 'tcp.option.accecn', 'tcp.option.experimental', 'tcp.option.unknown', 'tcp.option.padding', 'tcp.option.malformed',
] as const

type Tables = typeof tables
export type FieldName = Tables[keyof Tables][number][0] | typeof listNames[number]

/** Every name a span can have. */
export const fieldNames: readonly FieldName[] = [...Object.values(tables).flatMap((rows) => rows.map(([name]) => name)), ...listNames]

/** The fields of a decoded frame, captured bytes only; `bytes` are what the packet was decoded from. Every byte is in exactly one span. */
export function describeFields(packet: Packet, bytes: Uint8Array): FieldSpan[] {
  const writer = new SpanWriter(packet, bytes)
  const { layers } = packet
  describeLink(writer, packet)
  if (layers & Layer.shim) describeShims(writer, packet)
  if (layers & Layer.arp) describeArp(writer, packet)
  if (layers & Layer.ipv4) describeIpv4(writer, packet, bytes)
  if (layers & Layer.ipv6) describeIpv6(writer, packet)
  if (layers & Layer.tcp) describeTcp(writer, packet, bytes)
  if (layers & Layer.udp) writer.table('udp', tables.udp)
  if (layers & Layer.icmp) describeIcmp(writer, packet)
  if (layers & Layer.icmpv6) describeIcmpv6(writer, packet, bytes)
  const payloadEnd = packet.payloadOffset + packet.payloadLength
  const quotes = (layers & Layer.icmp && isIcmpError(packet.icmp.type)) ? 'icmp' : (layers & Layer.icmpv6 && packet.icmpv6.type < 128) ? 'icmpv6' : null
  if (quotes) writer.rest(quotes, `${quotes}.quoted`, payloadEnd)
  writer.rest('payload', 'payload.data', payloadEnd)
  writer.rest('trailer', 'trailer.data', packet.frameAt + packet.frameLength)
  return writer.spans
}

/** Writes spans one behind the other, from the start of the frame on. */
class SpanWriter {
  readonly spans: FieldSpan[] = []
  /** Where the next span starts, in bytes; a table always ends on a whole byte. */
  at: number
  readonly #bytes: Uint8Array
  readonly #start: number
  readonly #end: number

  constructor(packet: Packet, bytes: Uint8Array) {
    this.#bytes = bytes
    this.#start = packet.frameAt
    this.#end = packet.frameAt + packet.frameLength
    this.at = packet.frameAt
  }

  table(layer: FieldLayer, rows: readonly Row[]): void {
    let bit = this.at * 8
    for (const [name, bits, format] of rows) {
      const value = bits <= 48 ? readBits(this.#bytes, bit, bits) : 0
      const text = printField(this.#bytes, bit, bits, format, value)
      this.spans.push({ layer, name: name as FieldName, bitOffset: bit - this.#start * 8, bitLength: bits, value: bits <= 48 && format !== 'mac' ? value : text, text })
      bit += bits
    }
    this.at = bit / 8
  }

  /** One span of `length` bytes, none where there are none. */
  field(layer: FieldLayer, name: FieldName, length: number, text?: string): void {
    const end = Math.min(this.at + length, this.#end)
    if (end <= this.at) return
    const printed = text ?? printBytes(this.#bytes, this.at, end)
    this.spans.push({ layer, name, bitOffset: (this.at - this.#start) * 8, bitLength: (end - this.at) * 8, value: printed, text: printed })
    this.at = end
  }

  /** All up to `end` as one span. */
  rest(layer: FieldLayer, name: FieldName, end: number): void {
    this.field(layer, name, end - this.at)
  }
}

function describeLink(writer: SpanWriter, packet: Packet): void {
  if (packet.layers & Layer.cooked) writer.table(packet.cooked.layer, tables[packet.cooked.layer])
  if (!(packet.layers & Layer.ethernet)) return
  writer.table('ethernet', tables.ethernet)
  for (let i = 0; i < packet.ethernet.tagCount; i++) writer.table('vlan', tables.tag)
  writer.table('ethernet', tables.etherType)
}

/** Headers that are only passed through are one span each, or a table where it is short and fixed. */
function describeShims(writer: SpanWriter, { shims }: Packet): void {
  for (let i = 0; i < shims.count; i++) {
    const end = shims.offsets[i] + shims.lengths[i]
    switch (shimKinds[shims.kinds[i]]) {
      case 'llc': writer.table('llc', tables.llc); break
      case 'snap': writer.table('llc', tables.snap); break
      case 'pppoe': writer.table('pppoe', tables.pppoe); break
      case 'mpls': writer.table('mpls', tables.mpls); break
      case 'chdlc': writer.table('chdlc', tables.chdlc); break
      case 'tag': writer.table('vlan', tables.innerTag); break
      case 'medium': writer.rest('medium', 'medium.header', end); break
      case 'ppp': writer.rest('ppp', 'ppp.header', end); break
      case 'wlan': writer.rest('wlan', 'wlan.header', end); break
      default: writer.rest('radiotap', 'radiotap.header', end)
    }
  }
}

function describeArp(writer: SpanWriter, packet: Packet): void {
  writer.table('arp', tables.arp)
  if (hasMacAndIpv4(packet.arp)) writer.table('arp', tables.arpAddresses)
  else writer.rest('arp', 'arp.otherAddresses', packet.payloadOffset)
}

function describeIpv4(writer: SpanWriter, packet: Packet, bytes: Uint8Array): void {
  writer.table('ipv4', tables.ipv4)
  for (const option of decodeIpv4Options(bytes, packet.ipv4.optionsOffset, packet.ipv4.optionsLength)) {
    writer.field('ipv4', 'ipv4.option', option.bytes.length, option.bytes.length > 1 ? `${option.name} ${hex(option.bytes)}` : option.name)
  }
}

function describeIpv6(writer: SpanWriter, packet: Packet): void {
  writer.table('ipv6', tables.ipv6)
  const { extensions } = packet
  for (let i = 0; i < extensions.count; i++) {
    if (extensions.types[i] === IpProtocol.fragment) {
      writer.table('ipv6', tables.fragment)
    } else {
      writer.table('ipv6', tables.extension)
      writer.rest('ipv6', 'ipv6.extension.data', extensions.offsets[i] + extensions.lengths[i])
    }
  }
}

function describeTcp(writer: SpanWriter, packet: Packet, bytes: Uint8Array): void {
  writer.table('tcp', tables.tcp)
  for (const { option, length } of tcpOptionSpans(bytes, packet.tcp.optionsOffset, packet.tcp.optionsLength)) {
    writer.field('tcp', `tcp.option.${option.name}`, length, printTcpOption(option))
  }
}

function describeIcmp(writer: SpanWriter, packet: Packet): void {
  writer.table('icmp', tables.icmp)
  const { type, code } = packet.icmp
  const hasIdentifier = type === IcmpType.echoRequest || type === IcmpType.echoReply || type === IcmpType.timestampRequest || type === IcmpType.timestampReply
  if (hasIdentifier) writer.table('icmp', tables.icmpEcho)
  else if (type === IcmpType.unreachable && code === 4) writer.table('icmp', tables.icmpTooBig)
  else writer.table('icmp', type === IcmpType.redirect ? tables.icmpGateway : tables.icmpRest)
}

function describeIcmpv6(writer: SpanWriter, packet: Packet, bytes: Uint8Array): void {
  writer.table('icmpv6', tables.icmpv6)
  writer.table('icmpv6', icmpv6Rest(packet.icmpv6.type))
  const optionsOffset = ndpOptionsOffset(packet.icmpv6.type)
  if (optionsOffset < 0) return
  const bodyEnd = packet.transportOffset + optionsOffset
  const end = packet.payloadOffset + packet.payloadLength
  if (end < bodyEnd) return
  const hasTarget = packet.icmpv6.type === Icmpv6Type.neighborSolicitation || packet.icmpv6.type === Icmpv6Type.neighborAdvertisement
  if (hasTarget) writer.table('icmpv6', tables.icmpv6Target)
  writer.rest('icmpv6', 'icmpv6.body', bodyEnd)
  for (const option of decodeNdpOptions(bytes, writer.at, end - writer.at)) writer.field('icmpv6', 'icmpv6.option', option.bytes.length)
}

function icmpv6Rest(type: number): readonly Row[] {
  switch (type) {
    case Icmpv6Type.echoRequest: case Icmpv6Type.echoReply: return tables.icmpv6Echo
    case Icmpv6Type.packetTooBig: return tables.icmpv6TooBig
    case Icmpv6Type.parameterProblem: return tables.icmpv6Pointer
    case Icmpv6Type.neighborAdvertisement: return tables.icmpv6Advertisement
    default: return tables.icmpv6Rest
  }
}

/** Up to 48 bits, most significant first. */
function readBits(bytes: Uint8Array, bitOffset: number, bitLength: number): number {
  let value = 0
  for (let bit = bitOffset; bit < bitOffset + bitLength;) {
    const inByte = bit & 7
    const take = Math.min(8 - inByte, bitOffset + bitLength - bit)
    value = value * 2 ** take + ((bytes[bit >>> 3] >> (8 - inByte - take)) & (2 ** take - 1))
    bit += take
  }
  return value
}

function printField(bytes: Uint8Array, bitOffset: number, bitLength: number, format: Format, value: number): string {
  const at = bitOffset >>> 3
  switch (format) {
    case 'decimal': return `${value}`
    case 'hex': return `0x${value.toString(16).padStart(Math.ceil(bitLength / 4), '0')}`
    case 'mac': return formatMac(bytes, at)
    case 'ipv4': return formatIpv4(value)
    case 'ipv6': return formatIpv6(bytes, at)
    case 'bytes': return printBytes(bytes, at, at + bitLength / 8)
  }
}

/** As hex, cut after 64 bytes: the hex view shows the rest. */
function printBytes(bytes: Uint8Array, at: number, end: number): string {
  const shown = hex(bytes.subarray(at, Math.min(end, at + 64)))
  return end - at > 64 ? `${shown}…` : shown
}
