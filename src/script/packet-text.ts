import { decodeTcpOptions } from '../wire/tcp-options.ts'
import { ecnWords, printTcpFlags, printTcpOption } from '../wire/one-line.ts'
import { Layer } from '../wire/packet.ts'
import type { Packet } from '../wire/packet.ts'
import { icmpCodeName, icmpTypeName } from '../wire/icmp-names.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { optionsBytes } from './parse-tcp-options.ts'
import type { Flow } from './flow.ts'
import { encapsulationText } from './encapsulation.ts'
import type { Encapsulation } from './encapsulation.ts'
import { icmpMtuOf, readQuoted } from './read-icmp.ts'
import type { IcmpBody, IpInfo, PacketAction, TcpBody } from './script.ts'

export const packetFields = ['outer', 'ip', 'protocol', 'flowlabel', 'quoted', 'mtu', 'id', 'flags', 'seq', 'length', 'ack', 'window', 'urgent', 'reserved', 'options', 'payload', 'checksum', 'time'] as const
export type PacketField = typeof packetFields[number]

/** A packet as one line of the script's language, in pieces that know which field they are. */
export type PacketParts = readonly { readonly field: PacketField, readonly text: string }[]

export function joinParts(parts: PacketParts): string {
  return parts.map(({ text }, i) => spaced(text, i)).join('')
}

/** A line of carets below the pieces whose field differs; empty where none of them is there. */
export function markParts(parts: PacketParts, differing: readonly PacketField[]): string {
  return parts.map(({ field, text }, i) => ' '.repeat(spaced(text, i).length - text.length) + (differing.includes(field) ? '^' : ' ').repeat(text.length)).join('').trimEnd()
}

/** The length stands right behind the sequence numbers. */
function spaced(text: string, index: number): string {
  return index === 0 || text.startsWith('(') ? text : ` ${text}`
}

export function expectedParts(action: PacketAction): PacketParts {
  const { body, ip } = action
  const direction = action.direction === 'out' ? '>' : '<'
  const parts = [{ field: 'protocol', text: direction }, ...outerParts(action.outer), ...ipParts(ip)] as { field: PacketField, text: string }[]
  if (body.kind === 'udp') return [...parts, { field: 'protocol', text: 'udp' }, { field: 'length', text: `(${body.length})` }]
  if (body.kind === 'icmp') return [...parts, ...icmpParts(body)]
  const { tunnel } = action
  return [...parts, ...segmentParts(body), ...tunnel === undefined ? [] : [{ field: 'outer', text: `/udp(${tunnel.source} > ${tunnel.destination})` } as const]]
}

function outerParts(outer: readonly Encapsulation[]): PacketParts {
  return outer.length === 0 ? [] : [{ field: 'outer', text: encapsulationText(outer) }]
}

function icmpParts({ type, code, mtu, id, quoted }: IcmpBody): PacketParts {
  const parts: { field: PacketField, text: string }[] = [{ field: 'protocol', text: `icmp ${type}${code === null ? '' : ` ${code}`}` }]
  if (mtu !== null) parts.push({ field: 'mtu', text: `mtu ${mtu}` })
  if (id !== null) parts.push({ field: 'id', text: `id ${id}` })
  if (quoted !== null) parts.push({ field: 'quoted', text: quoted.kind === 'tcp' ? `[${quoted.seq}:${(quoted.seq + quoted.length) >>> 0}(${quoted.length})]` : `[${quoted.kind} (${quoted.length})]` })
  return parts
}

function segmentParts(body: TcpBody): PacketParts {
  const parts: { field: PacketField, text: string }[] = [{ field: 'flags', text: printTcpFlags(body.flags) }]
  if (body.seq === null) parts.push({ field: 'length', text: `...(${body.length})` })
  else parts.push({ field: 'seq', text: `${body.seq}:${(body.seq + body.length) >>> 0}` }, { field: 'length', text: `(${body.length})` })
  if (body.ack !== null) parts.push({ field: 'ack', text: `ack ${body.ack}` })
  if (body.window !== null) parts.push({ field: 'window', text: `win ${body.window}` })
  if (body.urgentPointer !== 0) parts.push({ field: 'urgent', text: `urg ${body.urgentPointer}` })
  if (body.options === null) parts.push({ field: 'options', text: '<...>' })
  else if (body.options.length > 0) parts.push({ field: 'options', text: `<${optionsText(optionsBytes(body.options, 0), 0)}>` })
  return parts
}

/** A captured packet in the script's numbers. `length` counts all segments that were put together. */
export function actualParts(packet: Packet, bytes: Uint8Array, flow: Flow, length: number, isPayloadBad: boolean): PacketParts {
  const parts: { field: PacketField, text: string }[] = [{ field: 'protocol', text: '>' }, { field: 'ip', text: ipText(packet) }]
  if (packet.ipVersion === 6) parts.push({ field: 'flowlabel', text: `[flowlabel 0x${packet.ipv6.flowLabel.toString(16)}]` })
  if (packet.layers & (Layer.icmp | Layer.icmpv6)) return [...parts, ...actualIcmpParts(packet, bytes, flow)]
  if (!(packet.layers & Layer.tcp)) return [...parts, { field: 'protocol', text: 'udp' }, { field: 'length', text: `(${packet.payloadLengthOnWire})` }, ...isPayloadBad ? [{ field: 'payload', text: 'data not zero' } as const] : []]
  const { tcp } = packet
  const isSyn = (tcp.flags & TcpFlag.syn) !== 0
  const seq = flow.localToScript(tcp.seq, isSyn)
  parts.push({ field: 'flags', text: printTcpFlags(tcp.flags) }, { field: 'seq', text: `${seq}:${(seq + length) >>> 0}` }, { field: 'length', text: `(${length})` })
  if (tcp.flags & TcpFlag.ack) parts.push({ field: 'ack', text: `ack ${flow.remoteToScript(tcp.ack)}` })
  else if (tcp.ack !== 0) parts.push({ field: 'ack', text: `ack ${tcp.ack}` })
  parts.push({ field: 'window', text: `win ${tcp.window}` })
  if (tcp.urgentPointer !== 0) parts.push({ field: 'urgent', text: `urg ${tcp.urgentPointer}` })
  if (tcp.reserved !== 0) parts.push({ field: 'reserved', text: `reserved ${tcp.reserved}` })
  if (tcp.optionsLength > 0) parts.push({ field: 'options', text: `<${optionsText(bytes.subarray(tcp.optionsOffset, tcp.optionsOffset + tcp.optionsLength), flow.remoteIsn)}>` })
  if (isPayloadBad) parts.push({ field: 'payload', text: 'data not zero' })
  return parts
}

function optionsText(bytes: Uint8Array, ackBase: number): string {
  return decodeTcpOptions(bytes, 0, bytes.length).map((option) => printTcpOption(option, ackBase)).join(',')
}

function ipParts(ip: IpInfo): PacketParts {
  const words: string[] = []
  if (ip.ecn !== null) words.push(ip.ecn === 'ect01' ? 'ect01' : ecnWord(ip.ecn))
  if (ip.tos !== null) words.push(`tos 0x${ip.tos.toString(16)}`)
  if (ip.ttl !== null) words.push(`ttl ${ip.ttl}`)
  const parts: { field: PacketField, text: string }[] = words.length === 0 ? [] : [{ field: 'ip', text: `[${words.join(', ')}]` }]
  if (ip.flowLabel !== null) parts.push({ field: 'flowlabel', text: `[flowlabel 0x${ip.flowLabel.toString(16)}]` })
  return parts
}

function ipText(packet: Packet): string {
  const isSix = packet.ipVersion === 6
  const tos = isSix ? packet.ipv6.trafficClass : packet.ipv4.tos
  return `[${tos > 3 ? `tos 0x${tos.toString(16)}` : ecnWord(tos)}, ttl ${isSix ? packet.ipv6.hopLimit : packet.ipv4.ttl}]`
}

function ecnWord(ecn: number): string {
  return Object.keys(ecnWords).find((word) => ecnWords[word as keyof typeof ecnWords] === ecn) ?? String(ecn)
}

function actualIcmpParts(packet: Packet, bytes: Uint8Array, flow: Flow): PacketParts {
  const header = packet.layers & Layer.icmp ? packet.icmp : packet.icmpv6
  const parts: { field: PacketField, text: string }[] = [{ field: 'protocol', text: `icmp ${icmpTypeName(packet.ipVersion, header.type)} ${icmpCodeName(packet.ipVersion, header.type, header.code)}`.trimEnd() }]
  if (icmpMtuOf(packet) > 0) parts.push({ field: 'mtu', text: `mtu ${icmpMtuOf(packet)}` })
  if (header.rest >>> 16 !== 0) parts.push({ field: 'id', text: `id ${header.rest >>> 16}` })
  const quoted = readQuoted(packet, bytes, flow)
  if (quoted !== null) parts.push({ field: 'quoted', text: quoted.kind === 'tcp' ? `[${quoted.seq}:${(quoted.seq + quoted.length) >>> 0}(${quoted.length})]` : `[${quoted.kind} (${quoted.length})]` })
  return parts
}
