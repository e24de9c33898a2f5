import { Presence } from '../field.ts'
import type { ColumnLoader, Field } from '../field.ts'
import { EtherType } from '../../wire/ethernet.ts'
import { IpProtocol } from '../../wire/ipv4.ts'
import { Layer, LinkType } from '../../wire/packet.ts'
import type { PacketLevel } from '../packet-view.ts'
import { column } from './columns.ts'

const sinceFirst: ColumnLoader = (block, values, presence) => {
  const { columns: { timeSec, timeNsec }, from, count } = block
  const first = block.source.store.chunks[0]
  const firstSec = first.timeSec[0]
  const firstNsec = first.timeNsec[0]
  for (let i = 0; i < count; i++) values[i] = (timeSec[from + i] - firstSec) * 1e9 + (timeNsec[from + i] - firstNsec)
  presence.fill(Presence.present, 0, count)
}

const number: ColumnLoader = (block, values, presence) => {
  for (let i = 0; i < block.count; i++) values[i] = block.first + i + 1
  presence.fill(Presence.present, 0, block.count)
}

const sincePacketBefore: ColumnLoader = (block, values, presence) => {
  const { columns: { timeSec, timeNsec }, from, count, first, source: { store } } = block
  presence.fill(Presence.present, 0, count)
  if (first === 0) values[0] = 0
  else if (!store.has(first - 1)) presence[0] = Presence.absent
  else values[0] = (timeSec[from] - store.secondOf(first - 1)) * 1e9 + timeNsec[from] - store.nanosecondOf(first - 1)
  for (let i = 1; i < count; i++) values[i] = (timeSec[from + i] - timeSec[from + i - 1]) * 1e9 + (timeNsec[from + i] - timeNsec[from + i - 1])
}

const sinceBefore: Field['ofFrame'] = (view, into) => {
  if (view.index === 0) into.push(0n)
  else if (view.source.store.has(view.index - 1)) into.push(view.time - view.timeOf(view.index - 1))
}

export const frameFields: readonly Field[] = [
  { name: 'frame', type: 'protocol', ofLevel: (level, into) => { if (!level.isQuoted) into.push(level.bytes) } },
  { name: 'frame.number', type: 'uint32', ofFrame: (view, into) => { into.push(view.index + 1) }, columns: [number] },
  { name: 'frame.time', type: 'absoluteTime', ofFrame: (view, into) => { into.push(view.time) } },
  { name: 'frame.time_epoch', type: 'relativeTime', ofFrame: (view, into) => { into.push(view.time) } },
  { name: 'frame.time_relative', type: 'relativeTime', ofFrame: (view, into) => { into.push(view.time - view.timeOf(0)) }, columns: [sinceFirst] },
  { name: 'frame.time_delta', type: 'relativeTime', ofFrame: sinceBefore, columns: [sincePacketBefore] },
  { name: 'frame.len', type: 'uint32', ofFrame: (view, into) => { into.push(view.record.originalLength) }, columns: [column((columns) => columns.originalLength)] },
  { name: 'frame.cap_len', type: 'uint32', ofFrame: (view, into) => { into.push(view.record.capturedLength) }, columns: [column((columns) => columns.capturedLength)] },
  { name: 'frame.comment', type: 'string', ofFrame: ({ source, record, index }, into) => { if (source.comments) into.push(...source.comments.of(index + 1, record)) } },
  { name: 'frame.protocols', type: 'string', ofFrame: (view, into) => { if (view.levels.length > 0) into.push(view.levels.map(protocolsOf).join(':')) } },
]

const names: readonly (readonly [number, string])[] = [
  [Layer.icmp, 'icmp'], [Layer.icmpv6, 'icmpv6'], [Layer.udp, 'udp'], [Layer.tcp, 'tcp'],
]

const networkNames: readonly (readonly [number, string])[] = [[Layer.arp, 'arp'], [Layer.ipv4, 'ip'], [Layer.ipv6, 'ipv6']]
const extensionNames: Readonly<Record<number, string>> = {
  [IpProtocol.hopByHop]: 'ipv6.hopopts', [IpProtocol.routing]: 'ipv6.routing', [IpProtocol.fragment]: 'ipv6.fraghdr', [IpProtocol.destinationOptions]: 'ipv6.dstopts',
}
const linkNames: Readonly<Record<number, string>> = { [LinkType.ethernet]: 'eth:ethertype', [LinkType.linuxSll]: 'sll:ethertype', [LinkType.linuxSll2]: 'sll:ethertype', [LinkType.bsdNull]: 'null', [LinkType.rawIp]: 'raw' }

function protocolsOf(level: PacketLevel): string {
  const { packet } = level
  const found: string[] = []
  if (!level.isQuoted && linkNames[packet.linkType] && (level.depth === 0 || packet.linkType !== LinkType.rawIp)) found.push(linkNames[packet.linkType])
  if (!level.isQuoted && (packet.layers & Layer.vlan) !== 0) {
    for (let tag = 0; tag < packet.ethernet.tagCount; tag++) found.push(packet.ethernet.tagProtocols[tag] === EtherType.vlan ? 'vlan:ethertype' : 'ieee8021ad:ethertype')
  }
  for (const [layer, name] of networkNames) if (level.has(layer)) found.push(name)
  for (let i = 0; level.has(Layer.ipv6) && i < packet.extensions.count; i++) found.push(extensionNames[packet.extensions.types[i]] ?? 'ipv6.unknown')
  for (const [layer, name] of names) if (level.has(layer)) found.push(name)
  if (isTruncatedTransport(level)) found.push(packet.protocol === IpProtocol.tcp ? 'tcp' : 'udp')
  const hasData = packet.payloadLength > 0 && (isPrivate(level) || (packet.isFragment && !level.isQuoted) || isEcho(level))
  if (hasData) found.push('data')
  return found.join(':')
}

/** Behind well-known ports (RFC 6335 §6) the payload is a protocol's, not plain data. */
function isPrivate(level: PacketLevel): boolean {
  const { tcp, udp } = level.packet
  if (level.has(Layer.tcp)) return tcp.sourcePort > 1023 && tcp.destinationPort > 1023
  return level.has(Layer.udp) && udp.sourcePort > 1023 && udp.destinationPort > 1023
}

function isEcho(level: PacketLevel): boolean {
  const { packet } = level
  return level.has(Layer.icmp) ? packet.icmp.type === 8 || packet.icmp.type === 0 : level.has(Layer.icmpv6) && (packet.icmpv6.type === 128 || packet.icmpv6.type === 129)
}

/** An ICMP error may quote as little as the ports (RFC 792), and a capture may end there. */
export function isTruncatedTransport(level: PacketLevel): boolean {
  const { packet } = level
  const isCut = packet.ipOffset + packet.ipLengthOnWire > packet.frameAt + packet.frameLength
  // Of a first fragment that no datagram can be made of, the header is shown over IPv4 alone.
  const isHidden = packet.isFragment && !level.isQuoted && (!isCut || (packet.ipVersion === 6 && packet.extensions.moreFragments))
  if (isHidden || packet.isLaterFragment || level.has(Layer.tcp | Layer.udp) || packet.payloadLength < 4) return false
  return packet.protocol === IpProtocol.tcp || packet.protocol === IpProtocol.udp
}
