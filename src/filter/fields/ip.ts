import { formatIpv4, formatIpv6 } from '../../wire/addresses.ts'
import { decodeIpv4Options, IpProtocol, Ipv4Flag } from '../../wire/ipv4.ts'
import { ipv6HeaderBytes } from '../../wire/ipv6.ts'
import { Layer } from '../../wire/packet.ts'

import type { ColumnLoader, Field } from '../field.ts'
import type { PacketLevel } from '../packet-view.ts'
import type { Value } from '../value.ts'
import { ipv4Column } from './columns.ts'

export const protocolNames = { ICMP: IpProtocol.icmp, TCP: IpProtocol.tcp, UDP: IpProtocol.udp, 'IPv6-ICMP': IpProtocol.icmpv6, ICMPv6: IpProtocol.icmpv6, ESP: IpProtocol.esp } as const
export const checksumStatus = { Bad: 0, Good: 1, Unverified: 2, 'Not present': 3 } as const
/** Wireshark checks no IP, TCP and UDP checksums unless told to, and says so; `checksum` has our verdict. */
export const unverified = 2

type Read = (level: PacketLevel, into: Value[]) => void

const ip = (read: Read): Read => (level, into) => { if ((level.packet.layers & Layer.ipv4) !== 0) read(level, into) }
const ipv6 = (read: Read): Read => (level, into) => { if ((level.packet.layers & Layer.ipv6) !== 0) read(level, into) }
const options = (read: (option: Uint8Array, into: Value[]) => void): Read => ip(({ packet: { ipv4 }, bytes }, into) => {
  if (ipv4.optionsLength === 0) return
  for (const option of decodeIpv4Options(bytes, ipv4.optionsOffset, ipv4.optionsLength)) if (option.name !== 'malformed' && option.name !== 'padding') read(option.bytes, into)
})
/** Headers of one type in the chain. */
const extension = (type: number, read: (level: PacketLevel, at: number, length: number, into: Value[]) => void): Read => ipv6((level, into) => {
  const { extensions } = level.packet
  for (let i = 0; i < extensions.count; i++) if (extensions.types[i] === type) read(level, extensions.offsets[i], extensions.lengths[i], into)
})

/** The address exists in flows of IPv4 only; where its presence is the question, any of the two does. */
const exists: ColumnLoader = ipv4Column(true)

export const ipFields: readonly Field[] = [
  {
    name: 'ip', type: 'protocol', columns: [exists],
    ofLevel: ip(({ packet, bytes }, into) => { into.push(bytes.subarray(packet.ipOffset, packet.ipOffset + packet.ipv4.headerWords * 4)) }),
    reach: ip(({ packet, bytes }, into) => { into.push(bytes.subarray(packet.ipOffset, packet.ipOffset + packet.ipLengthOnWire)) }),
  },
  { name: 'ip.version', type: 'uint8', ofLevel: ({ packet }, into) => { if (packet.ipVersion !== 0) into.push(packet.ipVersion) } },
  { name: 'ip.hdr_len', type: 'uint8', ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.headerWords * 4) }) },
  { name: 'ip.dsfield', type: 'uint8', base: 'hexadecimal', ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.tos) }) },
  { name: 'ip.dsfield.dscp', type: 'uint8', ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.tos >>> 2) }) },
  { name: 'ip.dsfield.ecn', type: 'uint8', ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.tos & 3) }) },
  { name: 'ip.len', type: 'uint16', ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.totalLength || packet.ipLengthOnWire) }) },
  { name: 'ip.id', type: 'uint16', base: 'hexadecimal', ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.identification) }) },
  { name: 'ip.flags', type: 'uint8', base: 'hexadecimal', ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.flags) }) },
  { name: 'ip.flags.rb', type: 'boolean', ofLevel: ip(({ packet }, into) => { into.push((packet.ipv4.flags & Ipv4Flag.reserved) === 0 ? 0 : 1) }) },
  { name: 'ip.flags.df', type: 'boolean', ofLevel: ip(({ packet }, into) => { into.push((packet.ipv4.flags & Ipv4Flag.dontFragment) === 0 ? 0 : 1) }) },
  { name: 'ip.flags.mf', type: 'boolean', ofLevel: ip(({ packet }, into) => { into.push((packet.ipv4.flags & Ipv4Flag.moreFragments) === 0 ? 0 : 1) }) },
  { name: 'ip.frag_offset', type: 'uint16', ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.fragmentOffset) }) },
  { name: 'ip.ttl', type: 'uint8', ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.ttl) }) },
  { name: 'ip.proto', type: 'uint8', names: protocolNames, ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.protocol) }) },
  { name: 'ip.checksum', type: 'uint16', base: 'hexadecimal', ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.checksum) }) },
  { name: 'ip.checksum.status', type: 'uint8', names: checksumStatus, ofLevel: ip((_level, into) => { into.push(unverified) }) },
  { name: 'ip.src', type: 'ipv4', columns: [ipv4Column(true)], ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.source) }) },
  { name: 'ip.dst', type: 'ipv4', columns: [ipv4Column(false)], ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.destination) }) },
  { name: 'ip.addr', type: 'ipv4', columns: [ipv4Column(true), ipv4Column(false)], ofLevel: ip(({ packet }, into) => { into.push(packet.ipv4.source, packet.ipv4.destination) }) },
  { name: 'ip.src_host', type: 'string', ofLevel: ip(({ packet }, into) => { into.push(formatIpv4(packet.ipv4.source)) }) },
  { name: 'ip.dst_host', type: 'string', ofLevel: ip(({ packet }, into) => { into.push(formatIpv4(packet.ipv4.destination)) }) },
  { name: 'ip.host', type: 'string', ofLevel: ip(({ packet }, into) => { into.push(formatIpv4(packet.ipv4.source), formatIpv4(packet.ipv4.destination)) }) },
  { name: 'ip.opt.type', type: 'uint8', ofLevel: options((option, into) => { into.push(option[0]) }) },
  { name: 'ip.opt.len', type: 'uint8', ofLevel: options((option, into) => { if (option.length > 1) into.push(option[1]) }) },
]

export const ipv6Fields: readonly Field[] = [
  {
    name: 'ipv6', type: 'protocol',
    ofLevel: ipv6(({ packet, bytes }, into) => { into.push(bytes.subarray(packet.ipOffset, packet.ipOffset + ipv6HeaderBytes)) }),
    reach: ipv6(({ packet, bytes }, into) => { into.push(bytes.subarray(packet.ipOffset, packet.ipOffset + packet.ipLengthOnWire)) }),
  },
  { name: 'ipv6.version', type: 'uint8', ofLevel: ipv6(({ packet }, into) => { into.push(packet.ipv6.version) }) },
  { name: 'ipv6.tclass', type: 'uint32', base: 'hexadecimal', ofLevel: ipv6(({ packet }, into) => { into.push(packet.ipv6.trafficClass) }) },
  { name: 'ipv6.tclass.dscp', type: 'uint32', ofLevel: ipv6(({ packet }, into) => { into.push(packet.ipv6.trafficClass >>> 2) }) },
  { name: 'ipv6.tclass.ecn', type: 'uint32', ofLevel: ipv6(({ packet }, into) => { into.push(packet.ipv6.trafficClass & 3) }) },
  { name: 'ipv6.flow', type: 'uint24', base: 'hexadecimal', ofLevel: ipv6(({ packet }, into) => { into.push(packet.ipv6.flowLabel) }) },
  { name: 'ipv6.plen', type: 'uint16', ofLevel: ipv6(({ packet }, into) => { into.push(packet.ipv6.payloadLength) }) },
  { name: 'ipv6.nxt', type: 'uint8', names: protocolNames, ofLevel: ipv6(({ packet }, into) => { into.push(packet.ipv6.nextHeader) }) },
  { name: 'ipv6.hlim', type: 'uint8', ofLevel: ipv6(({ packet }, into) => { into.push(packet.ipv6.hopLimit) }) },
  { name: 'ipv6.src', type: 'ipv6', ofLevel: ipv6(({ packet }, into) => { into.push(packet.ipv6.source.slice()) }) },
  { name: 'ipv6.dst', type: 'ipv6', ofLevel: ipv6(({ packet }, into) => { into.push(packet.ipv6.destination.slice()) }) },
  { name: 'ipv6.addr', type: 'ipv6', ofLevel: ipv6(({ packet }, into) => { into.push(packet.ipv6.source.slice(), packet.ipv6.destination.slice()) }) },
  { name: 'ipv6.src_host', type: 'string', ofLevel: ipv6(({ packet }, into) => { into.push(formatIpv6(packet.ipv6.source)) }) },
  { name: 'ipv6.dst_host', type: 'string', ofLevel: ipv6(({ packet }, into) => { into.push(formatIpv6(packet.ipv6.destination)) }) },
  { name: 'ipv6.host', type: 'string', ofLevel: ipv6(({ packet }, into) => { into.push(formatIpv6(packet.ipv6.source), formatIpv6(packet.ipv6.destination)) }) },
  { name: 'ipv6.hopopts', type: 'protocol', ofLevel: extension(IpProtocol.hopByHop, ({ bytes }, at, length, into) => { into.push(bytes.subarray(at, at + length)) }) },
  { name: 'ipv6.dstopts', type: 'protocol', ofLevel: extension(IpProtocol.destinationOptions, ({ bytes }, at, length, into) => { into.push(bytes.subarray(at, at + length)) }) },
  { name: 'ipv6.routing', type: 'protocol', ofLevel: extension(IpProtocol.routing, ({ bytes }, at, length, into) => { into.push(bytes.subarray(at, at + length)) }) },
  { name: 'ipv6.fraghdr', type: 'protocol', ofLevel: extension(IpProtocol.fragment, ({ bytes }, at, length, into) => { into.push(bytes.subarray(at, at + length)) }) },
  { name: 'ipv6.fraghdr.offset', type: 'uint16', ofLevel: extension(IpProtocol.fragment, ({ packet }, _at, _length, into) => { into.push(packet.extensions.fragmentOffset) }) },
  { name: 'ipv6.fraghdr.more', type: 'boolean', ofLevel: extension(IpProtocol.fragment, ({ packet }, _at, _length, into) => { into.push(packet.extensions.moreFragments ? 1 : 0) }) },
  { name: 'ipv6.fraghdr.ident', type: 'uint32', base: 'hexadecimal', ofLevel: extension(IpProtocol.fragment, ({ packet }, _at, _length, into) => { into.push(packet.extensions.fragmentId) }) },
]
