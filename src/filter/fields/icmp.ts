import { readU16, readU32 } from '../../base/bytes.ts'
import { IcmpType, icmpHeaderBytes } from '../../wire/icmp.ts'
import { decodeNdpOptions, Icmpv6Type, NdpOptionType, ndpOptionsOffset } from '../../wire/icmpv6.ts'
import { checkTransportChecksum } from '../../wire/packet-checksum.ts'
import { Layer } from '../../wire/packet.ts'
import type { Field } from '../field.ts'
import type { PacketLevel } from '../packet-view.ts'
import type { Value } from '../value.ts'
import { checksumStatus, unverified } from './ip.ts'

type Read = (level: PacketLevel, into: Value[]) => void

const icmp = (read: Read): Read => (level, into) => { if (level.has(Layer.icmp)) read(level, into) }
const echo = (read: Read): Read => icmp((level, into) => { if (isEcho(level.packet.icmp.type)) read(level, into) })
const icmpv6 = (read: Read): Read => (level, into) => { if (level.has(Layer.icmpv6)) read(level, into) }
const echo6 = (read: Read): Read => icmpv6((level, into) => { if ([Icmpv6Type.echoRequest, Icmpv6Type.echoReply].includes(level.packet.icmpv6.type as 128)) read(level, into) })
const ofType = (type: number, length: number, read: Read): Read => icmpv6((level, into) => {
  if (level.packet.icmpv6.type === type && messageOf(level).length >= length) read(level, into)
})
const ndpOption = (read: (option: Uint8Array, into: Value[]) => void): Read => icmpv6((level, into) => {
  const offset = ndpOptionsOffset(level.packet.icmpv6.type)
  const message = messageOf(level)
  if (offset < 0 || message.length <= offset) return
  for (const { bytes, isMalformed } of decodeNdpOptions(message, offset, message.length - offset)) if (!isMalformed) read(bytes, into)
})
const linkAddress = (types: readonly number[]): Read => ndpOption((option, into) => { if (types.includes(option[0]) && option.length >= 8) into.push(option.slice(2, 8)) })

export const icmpFields: readonly Field[] = [
  { name: 'icmp', type: 'protocol', ofLevel: icmp((level, into) => { into.push(messageOf(level)) }) },
  { name: 'icmp.type', type: 'uint8', ofLevel: icmp(({ packet }, into) => { into.push(packet.icmp.type) }) },
  { name: 'icmp.code', type: 'uint8', ofLevel: icmp(({ packet }, into) => { into.push(packet.icmp.code) }) },
  { name: 'icmp.checksum', type: 'uint16', base: 'hexadecimal', ofLevel: icmp(({ packet }, into) => { into.push(packet.icmp.checksum) }) },
  { name: 'icmp.checksum.status', type: 'uint8', names: checksumStatus, ofLevel: icmp((level, into) => { into.push(statusOf(level)) }) },
  { name: 'icmp.ident', type: 'uint16', ofLevel: echo(({ packet }, into) => { into.push(packet.icmp.rest >>> 16) }) },
  { name: 'icmp.ident_le', type: 'uint16', ofLevel: echo(({ packet }, into) => { into.push(swapped(packet.icmp.rest >>> 16)) }) },
  { name: 'icmp.seq', type: 'uint16', ofLevel: echo(({ packet }, into) => { into.push(packet.icmp.rest & 0xffff) }) },
  { name: 'icmp.seq_le', type: 'uint16', ofLevel: echo(({ packet }, into) => { into.push(swapped(packet.icmp.rest & 0xffff)) }) },
  { name: 'icmp.mtu', type: 'uint16', ofLevel: icmp(({ packet: { icmp: { type, code, rest } } }, into) => { if (type === IcmpType.unreachable && code === 4) into.push(rest & 0xffff) }) },
  { name: 'icmp.redir_gw', type: 'ipv4', ofLevel: icmp(({ packet }, into) => { if (packet.icmp.type === IcmpType.redirect) into.push(packet.icmp.rest) }) },
]

export const icmpv6Fields: readonly Field[] = [
  { name: 'icmpv6', type: 'protocol', ofLevel: icmpv6((level, into) => { into.push(messageOf(level)) }) },
  { name: 'icmpv6.type', type: 'uint8', ofLevel: icmpv6(({ packet }, into) => { into.push(packet.icmpv6.type) }) },
  { name: 'icmpv6.code', type: 'uint8', ofLevel: icmpv6(({ packet }, into) => { into.push(packet.icmpv6.code) }) },
  { name: 'icmpv6.checksum', type: 'uint16', base: 'hexadecimal', ofLevel: icmpv6(({ packet }, into) => { into.push(packet.icmpv6.checksum) }) },
  { name: 'icmpv6.checksum.status', type: 'uint8', names: checksumStatus, ofLevel: icmpv6((level, into) => { into.push(statusOf(level)) }) },
  { name: 'icmpv6.echo.identifier', type: 'uint16', base: 'hexadecimal', ofLevel: echo6(({ packet }, into) => { into.push(packet.icmpv6.rest >>> 16) }) },
  { name: 'icmpv6.echo.sequence_number', type: 'uint16', ofLevel: echo6(({ packet }, into) => { into.push(packet.icmpv6.rest & 0xffff) }) },
  { name: 'icmpv6.mtu', type: 'uint32', ofLevel: ofType(Icmpv6Type.packetTooBig, 8, ({ packet }, into) => { into.push(packet.icmpv6.rest) }) },
  { name: 'icmpv6.pointer', type: 'uint32', ofLevel: ofType(Icmpv6Type.parameterProblem, 8, ({ packet }, into) => { into.push(packet.icmpv6.rest) }) },
  { name: 'icmpv6.nd.ns.target_address', type: 'ipv6', ofLevel: ofType(Icmpv6Type.neighborSolicitation, 24, (level, into) => { into.push(messageOf(level).slice(8, 24)) }) },
  { name: 'icmpv6.nd.na.target_address', type: 'ipv6', ofLevel: ofType(Icmpv6Type.neighborAdvertisement, 24, (level, into) => { into.push(messageOf(level).slice(8, 24)) }) },
  { name: 'icmpv6.nd.na.flag', type: 'uint32', base: 'hexadecimal', ofLevel: ofType(Icmpv6Type.neighborAdvertisement, 8, ({ packet }, into) => { into.push(packet.icmpv6.rest) }) },
  { name: 'icmpv6.nd.na.flag.r', type: 'boolean', ofLevel: ofType(Icmpv6Type.neighborAdvertisement, 8, ({ packet }, into) => { into.push(packet.icmpv6.rest >>> 31) }) },
  { name: 'icmpv6.nd.na.flag.s', type: 'boolean', ofLevel: ofType(Icmpv6Type.neighborAdvertisement, 8, ({ packet }, into) => { into.push((packet.icmpv6.rest >>> 30) & 1) }) },
  { name: 'icmpv6.nd.na.flag.o', type: 'boolean', ofLevel: ofType(Icmpv6Type.neighborAdvertisement, 8, ({ packet }, into) => { into.push((packet.icmpv6.rest >>> 29) & 1) }) },
  { name: 'icmpv6.nd.ra.router_lifetime', type: 'uint16', ofLevel: ofType(Icmpv6Type.routerAdvertisement, 16, (level, into) => { into.push(readU16(messageOf(level), 6)) }) },
  { name: 'icmpv6.nd.ra.reachable_time', type: 'uint32', ofLevel: ofType(Icmpv6Type.routerAdvertisement, 16, (level, into) => { into.push(readU32(messageOf(level), 8)) }) },
  { name: 'icmpv6.nd.ra.retrans_timer', type: 'uint32', ofLevel: ofType(Icmpv6Type.routerAdvertisement, 16, (level, into) => { into.push(readU32(messageOf(level), 12)) }) },
  { name: 'icmpv6.opt.type', type: 'uint8', ofLevel: ndpOption((option, into) => { into.push(option[0]) }) },
  { name: 'icmpv6.opt.length', type: 'uint8', ofLevel: ndpOption((option, into) => { into.push(option[1]) }) },
  { name: 'icmpv6.opt.linkaddr', type: 'ether', ofLevel: linkAddress([NdpOptionType.sourceLinkLayer, NdpOptionType.targetLinkLayer]) },
  { name: 'icmpv6.opt.src_linkaddr', type: 'ether', ofLevel: linkAddress([NdpOptionType.sourceLinkLayer]) },
  { name: 'icmpv6.opt.target_linkaddr', type: 'ether', ofLevel: linkAddress([NdpOptionType.targetLinkLayer]) },
]

function messageOf({ packet, bytes }: PacketLevel): Uint8Array {
  return bytes.subarray(packet.transportOffset, packet.transportOffset + icmpHeaderBytes + packet.payloadLength)
}

function isEcho(type: number): boolean {
  return type === IcmpType.echoRequest || type === IcmpType.echoReply
}

function swapped(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8)
}

function statusOf({ packet, bytes }: PacketLevel): number {
  const verdict = checkTransportChecksum(packet, bytes)
  return verdict === 'good' ? checksumStatus.Good : verdict === 'unknown' ? unverified : checksumStatus.Bad
}
