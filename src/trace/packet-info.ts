import { utf8Text } from '../base/bytes.ts'
import { ArpOperation, hasMacAndIpv4 } from '../wire/arp.ts'
import { formatIpv4, formatIpv6, formatMac } from '../wire/addresses.ts'
import { IcmpType } from '../wire/icmp.ts'
import { Icmpv6Type } from '../wire/icmpv6.ts'
import { Layer } from '../wire/packet.ts'
import type { Packet } from '../wire/packet.ts'
import { decodeTcpOptions } from '../wire/tcp-options.ts'
import type { TcpOption } from '../wire/tcp-options.ts'
import { TcpFlag } from '../wire/tcp.ts'

/** One line about a decoded packet, in the words that every protocol tool uses; empty where there is nothing to say. */
export function packetInfo(packet: Packet, bytes: Uint8Array): string {
  const { layers } = packet
  if ((layers & Layer.tcp) !== 0) return tcpInfo(packet, bytes)
  if ((layers & Layer.udp) !== 0) return `${packet.udp.sourcePort} > ${packet.udp.destinationPort}, ${packet.payloadLengthOnWire} bytes`
  if ((layers & Layer.icmp) !== 0) return icmpInfo(packet)
  if ((layers & Layer.icmpv6) !== 0) return icmpv6Info(packet, bytes)
  if ((layers & Layer.arp) !== 0) return arpInfo(packet)
  if (packet.isLaterFragment) return `Fragment of protocol ${packet.protocol}, ${packet.payloadLengthOnWire} bytes`
  if (packet.ipVersion !== 0) return `Protocol ${packet.protocol}, ${packet.payloadLengthOnWire} bytes`
  return (layers & (Layer.ethernet | Layer.cooked)) !== 0 ? `EtherType 0x${packet.etherType.toString(16).padStart(4, '0')}` : ''
}

/** What stands at the start of a first line of HTTP/1 (RFC 9112 §3, §4). */
const httpStart = /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) \S+ HTTP\/1\.[01]|^HTTP\/1\.[01] \d{3}/
const maxLineCharacters = 80
const maxTextCharacters = 48

function tcpInfo(packet: Packet, bytes: Uint8Array): string {
  const { tcp } = packet
  const options = tcp.optionsLength > 0 ? decodeTcpOptions(bytes, tcp.optionsOffset, tcp.optionsLength) : []
  if ((tcp.flags & TcpFlag.syn) !== 0) return options.map(optionWords).filter((words) => words !== '').join(', ')
  if (packet.payloadLength > 0) return payloadInfo(bytes, packet.payloadOffset, packet.payloadLength)
  const sack = options.find((option) => option.name === 'sack')
  return sack ? optionWords(sack) : ''
}

function optionWords(option: TcpOption): string {
  switch (option.name) {
    case 'mss': return `MSS ${option.mss}`
    case 'sackOK': return 'SACK'
    case 'ts': return 'TS'
    case 'wscale': return `WS ${2 ** Math.min(option.shift, 14)}`
    case 'sack': return `SACK ${option.blocks.map((block) => `${block.left}-${block.right}`).join(' ')}`
    case 'tfo': return option.cookie.length > 0 ? 'TFO cookie' : 'TFO'
    case 'mptcp': return 'MPTCP'
    case 'md5': return 'MD5'
    case 'tcp-ao': return 'TCP-AO'
    case 'accecn': return 'AccECN'
    case 'user-timeout': return `UTO ${option.value} ${option.isMinutes ? 'min' : 's'}`
    case 'experimental': return `experiment 0x${option.exid.toString(16)}`
    case 'unknown': return `option ${option.kind}`
    case 'malformed': return 'malformed option'
    default: return ''
  }
}

/** The first line where it is HTTP, the start of it in quotes where it is text, otherwise nothing: the length has its own column. */
function payloadInfo(bytes: Uint8Array, at: number, length: number): string {
  const start = bytes.subarray(at, at + Math.min(length, 4 * maxLineCharacters))
  let end = 0
  while (end < start.length && start[end] !== 0x0a && start[end] !== 0x0d) {
    if (start[end] < 0x20 && start[end] !== 0x09) return ''
    end++
  }
  const line = utf8Text(start.subarray(0, end))
  if (httpStart.test(line)) return cut(line, maxLineCharacters)
  // A character cut in two by the look-ahead is no sign of binary data.
  if (line === '' || line.slice(0, -1).includes('\ufffd') || line.includes('\x7f')) return ''
  const isWhole = end === length || (end < length && !/[^\r\n]/.test(utf8Text(bytes.subarray(at + end, at + Math.min(length, end + 2)))) && length <= end + 2)
  return `"${cut(line, maxTextCharacters)}"${isWhole || line.length > maxTextCharacters ? '' : ' …'}`
}

function cut(text: string, maxCharacters: number): string {
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text
}

/** RFC 826; probes and announcements are RFC 5227's. */
function arpInfo(packet: Packet): string {
  const { arp } = packet
  if (!hasMacAndIpv4(arp)) return `Operation ${arp.operation}`
  const sender = formatIpv4(arp.senderIp)
  const target = formatIpv4(arp.targetIp)
  if (arp.operation === ArpOperation.reply) return `${sender} is at ${formatMac(arp.senderMac)}`
  if (arp.operation !== ArpOperation.request) return `Operation ${arp.operation}`
  if (arp.senderIp === 0) return `Who has ${target}? (probe)`
  return arp.senderIp === arp.targetIp ? `Announcement of ${sender}` : `Who has ${target}? Tell ${sender}`
}

const icmpNames: Readonly<Record<number, string>> = {
  [IcmpType.echoReply]: 'Echo reply', [IcmpType.unreachable]: 'Destination unreachable', [IcmpType.sourceQuench]: 'Source quench', [IcmpType.redirect]: 'Redirect',
  [IcmpType.echoRequest]: 'Echo request', [IcmpType.routerAdvertisement]: 'Router advertisement', [IcmpType.routerSolicitation]: 'Router solicitation',
  [IcmpType.timeExceeded]: 'Time exceeded', [IcmpType.parameterProblem]: 'Parameter problem', [IcmpType.timestampRequest]: 'Timestamp request', [IcmpType.timestampReply]: 'Timestamp reply',
}
const unreachableNames = [
  'network', 'host', 'protocol', 'port', 'fragmentation needed', 'source route failed', 'network unknown', 'host unknown', 'host isolated', 'network prohibited',
  'host prohibited', 'network for this service', 'host for this service', 'filtered', 'precedence violation', 'precedence cutoff',
] as const

function icmpInfo(packet: Packet): string {
  const { type, code, rest } = packet.icmp
  const name = icmpNames[type] ?? `Type ${type}`
  if (type === IcmpType.unreachable) {
    const mtu = code === 4 && (rest & 0xffff) !== 0 ? `, MTU ${rest & 0xffff}` : ''
    return `${name} (${unreachableNames[code] ?? `code ${code}`}${mtu})`
  }
  if (type === IcmpType.timeExceeded) return `${name} (${code === 1 ? 'reassembly' : 'in transit'})`
  return hasIdentifier(type) ? `${name} id ${rest >>> 16}, seq ${rest & 0xffff}` : name
}

function hasIdentifier(type: number): boolean {
  return type === IcmpType.echoRequest || type === IcmpType.echoReply || type === IcmpType.timestampRequest || type === IcmpType.timestampReply
}

const icmpv6Names: Readonly<Record<number, string>> = {
  [Icmpv6Type.unreachable]: 'Destination unreachable', [Icmpv6Type.packetTooBig]: 'Packet too big', [Icmpv6Type.timeExceeded]: 'Time exceeded', [Icmpv6Type.parameterProblem]: 'Parameter problem',
  [Icmpv6Type.echoRequest]: 'Echo request', [Icmpv6Type.echoReply]: 'Echo reply', [Icmpv6Type.listenerQuery]: 'Multicast listener query', [Icmpv6Type.listenerReport]: 'Multicast listener report',
  [Icmpv6Type.listenerDone]: 'Multicast listener done', [Icmpv6Type.routerSolicitation]: 'Router solicitation', [Icmpv6Type.routerAdvertisement]: 'Router advertisement',
  [Icmpv6Type.neighborSolicitation]: 'Neighbor solicitation', [Icmpv6Type.neighborAdvertisement]: 'Neighbor advertisement', [Icmpv6Type.redirect]: 'Redirect',
  [Icmpv6Type.listenerReport2]: 'Multicast listener report v2',
}
const unreachable6Names = ['no route', 'prohibited', 'beyond scope', 'address', 'port', 'source policy', 'rejected route'] as const

function icmpv6Info(packet: Packet, bytes: Uint8Array): string {
  const { type, code, rest } = packet.icmpv6
  const name = icmpv6Names[type] ?? `Type ${type}`
  switch (type) {
    case Icmpv6Type.unreachable: return `${name} (${unreachable6Names[code] ?? `code ${code}`})`
    case Icmpv6Type.packetTooBig: return `${name}, MTU ${rest}`
    case Icmpv6Type.echoRequest: case Icmpv6Type.echoReply: return `${name} id ${rest >>> 16}, seq ${rest & 0xffff}`
    case Icmpv6Type.neighborSolicitation: case Icmpv6Type.neighborAdvertisement:
      return packet.payloadLength >= 16 ? `${name}: ${formatIpv6(bytes, packet.payloadOffset)}` : name
    default: return name
  }
}
