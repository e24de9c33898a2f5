import { EtherType } from '../../wire/ethernet.ts'
import { hasMacAndIpv4 } from '../../wire/arp.ts'
import { Layer } from '../../wire/packet.ts'
import { Protocol } from '../../trace/packet-store.ts'
import type { Field } from '../field.ts'
import type { PacketLevel } from '../packet-view.ts'
import type { Value } from '../value.ts'
import { protocolColumn } from './columns.ts'

const etherTypes = { IPv4: EtherType.ipv4, IPv6: EtherType.ipv6, ARP: EtherType.arp, '802.1Q Virtual LAN': EtherType.vlan } as const
/** Shortest frame without its check sequence (IEEE 802.3 §3.2.8). */
const shortestFrame = 60

type Read = (level: PacketLevel, into: Value[]) => void

const ethernet = (read: Read): Read => (level, into) => { if (!level.isQuoted && (level.packet.layers & Layer.ethernet) !== 0) read(level, into) }
const vlan = (read: (control: number, next: number, into: Value[]) => void): Read => ethernet(({ packet, bytes }, into) => {
  const { tagCount, tagProtocols, tagControls } = packet.ethernet
  for (let i = 0; i < tagCount; i++) {
    if (tagProtocols[i] !== EtherType.vlan) continue
    const nextAt = packet.frameAt + 16 + 4 * i
    read(tagControls[i], (bytes[nextAt] << 8) | bytes[nextAt + 1], into)
  }
})
const arp = (read: Read): Read => (level, into) => { if ((level.packet.layers & Layer.arp) !== 0) read(level, into) }
const arpAddresses = (read: Read): Read => arp((level, into) => { if (hasMacAndIpv4(level.packet.arp)) read(level, into) })

const isGroup = (mac: Uint8Array) => mac[0] & 1
const isLocal = (mac: Uint8Array) => (mac[0] >>> 1) & 1

export const ethernetFields: readonly Field[] = [
  {
    name: 'eth', type: 'protocol', ofLevel: ethernet(({ bytes }, into) => { into.push(bytes.subarray(0, 14)) }), reach: ethernet(({ bytes }, into) => { into.push(bytes) }),
  },
  { name: 'eth.dst', type: 'ether', ofLevel: ethernet(({ bytes }, into) => { into.push(bytes.slice(0, 6)) }) },
  { name: 'eth.src', type: 'ether', ofLevel: ethernet(({ bytes }, into) => { into.push(bytes.slice(6, 12)) }) },
  { name: 'eth.addr', type: 'ether', ofLevel: ethernet(({ bytes }, into) => { into.push(bytes.slice(0, 6), bytes.slice(6, 12)) }) },
  { name: 'eth.dst.ig', type: 'boolean', ofLevel: ethernet(({ packet }, into) => { into.push(isGroup(packet.ethernet.destination)) }) },
  { name: 'eth.dst.lg', type: 'boolean', ofLevel: ethernet(({ packet }, into) => { into.push(isLocal(packet.ethernet.destination)) }) },
  { name: 'eth.src.ig', type: 'boolean', ofLevel: ethernet(({ packet }, into) => { into.push(isGroup(packet.ethernet.source)) }) },
  { name: 'eth.src.lg', type: 'boolean', ofLevel: ethernet(({ packet }, into) => { into.push(isLocal(packet.ethernet.source)) }) },
  { name: 'eth.ig', type: 'boolean', ofLevel: ethernet(({ packet }, into) => { into.push(isGroup(packet.ethernet.destination), isGroup(packet.ethernet.source)) }) },
  { name: 'eth.lg', type: 'boolean', ofLevel: ethernet(({ packet }, into) => { into.push(isLocal(packet.ethernet.destination), isLocal(packet.ethernet.source)) }) },
  { name: 'eth.type', type: 'uint16', base: 'hexadecimal', names: etherTypes, ofLevel: ethernet(({ bytes }, into) => { if (firstType(bytes) > 1535) into.push(firstType(bytes)) }) },
  { name: 'eth.len', type: 'uint16', ofLevel: ethernet(({ bytes }, into) => { if (firstType(bytes) <= 1500) into.push(firstType(bytes)) }) },
  { name: 'eth.padding', type: 'bytes', ofLevel: ethernet((level, into) => { if (isPadding(level)) into.push(behindPacket(level)) }) },
  { name: 'eth.trailer', type: 'bytes', ofLevel: ethernet((level, into) => { if (behindPacket(level).length > 0 && !isPadding(level)) into.push(behindPacket(level)) }) },
]

export const vlanFields: readonly Field[] = [
  { name: 'vlan', type: 'protocol', ofLevel: vlan((control, next, into) => { into.push(Uint8Array.of(control >>> 8, control, next >>> 8, next)) }) },
  { name: 'vlan.priority', type: 'uint16', ofLevel: vlan((control, _next, into) => { into.push(control >>> 13) }) },
  { name: 'vlan.dei', type: 'boolean', ofLevel: vlan((control, _next, into) => { into.push((control >>> 12) & 1) }) },
  { name: 'vlan.id', type: 'uint16', ofLevel: vlan((control, _next, into) => { into.push(control & 0xfff) }) },
  { name: 'vlan.etype', type: 'uint16', base: 'hexadecimal', names: etherTypes, ofLevel: vlan((_control, next, into) => { if (next > 1535) into.push(next) }) },
]

export const arpFields: readonly Field[] = [
  {
    name: 'arp', type: 'protocol', columns: [protocolColumn(Protocol.arp)],
    ofLevel: arp(({ packet, bytes }, into) => { into.push(bytes.subarray(packet.payloadOffset - packet.arp.headerLength, packet.payloadOffset)) }),
  },
  { name: 'arp.hw.type', type: 'uint16', ofLevel: arp(({ packet }, into) => { into.push(packet.arp.hardwareType) }) },
  { name: 'arp.proto.type', type: 'uint16', base: 'hexadecimal', names: etherTypes, ofLevel: arp(({ packet }, into) => { into.push(packet.arp.protocolType) }) },
  { name: 'arp.hw.size', type: 'uint8', ofLevel: arp(({ packet }, into) => { into.push(packet.arp.hardwareLength) }) },
  { name: 'arp.proto.size', type: 'uint8', ofLevel: arp(({ packet }, into) => { into.push(packet.arp.protocolLength) }) },
  { name: 'arp.opcode', type: 'uint16', names: { request: 1, reply: 2 }, ofLevel: arp(({ packet }, into) => { into.push(packet.arp.operation) }) },
  { name: 'arp.src.hw_mac', type: 'ether', ofLevel: arpAddresses(({ packet }, into) => { into.push(packet.arp.senderMac.slice()) }) },
  { name: 'arp.src.proto_ipv4', type: 'ipv4', ofLevel: arpAddresses(({ packet }, into) => { into.push(packet.arp.senderIp) }) },
  { name: 'arp.dst.hw_mac', type: 'ether', ofLevel: arpAddresses(({ packet }, into) => { into.push(packet.arp.targetMac.slice()) }) },
  { name: 'arp.dst.proto_ipv4', type: 'ipv4', ofLevel: arpAddresses(({ packet }, into) => { into.push(packet.arp.targetIp) }) },
  { name: 'arp.isgratuitous', type: 'boolean', ofLevel: arpAddresses(({ packet }, into) => { if (packet.arp.senderIp === packet.arp.targetIp) into.push(1) }) },
]

function firstType(bytes: Uint8Array): number {
  return (bytes[12] << 8) | bytes[13]
}

/** What the network layer does not claim of the frame. */
function behindPacket({ packet, bytes }: PacketLevel): Uint8Array {
  const end = packet.ipVersion !== 0 ? packet.ipOffset + packet.ipLengthOnWire : (packet.layers & Layer.arp) !== 0 ? packet.payloadOffset : bytes.length
  return bytes.subarray(Math.min(end, bytes.length))
}

function isPadding(level: PacketLevel): boolean {
  const rest = behindPacket(level)
  return rest.length > 0 && level.bytes.length <= shortestFrame && rest.every((byte) => byte === 0)
}
