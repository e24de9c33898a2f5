import { Protocol } from '../../trace/packet-store.ts'
import { udpHeaderBytes } from '../../wire/udp.ts'
import { Layer } from '../../wire/packet.ts'
import { IpProtocol } from '../../wire/ipv4.ts'
import type { Field } from '../field.ts'
import type { PacketLevel } from '../packet-view.ts'
import type { Value } from '../value.ts'
import { portColumn, protocolColumn } from './columns.ts'
import { isTruncatedTransport } from './frame.ts'
import { checksumStatus, unverified } from './ip.ts'

type Read = (level: PacketLevel, into: Value[]) => void

const udp = (read: Read): Read => (level, into) => { if (level.has(Layer.udp)) read(level, into) }
/** Ports also where an ICMP error quotes nothing else of the header. */
const ports = (read: (source: number, destination: number, into: Value[]) => void): Read => (level, into) => {
  const { packet, bytes } = level
  if (level.has(Layer.udp)) return read(packet.udp.sourcePort, packet.udp.destinationPort, into)
  if (packet.protocol !== IpProtocol.udp || !isTruncatedTransport(level)) return
  const at = packet.transportOffset
  read((bytes[at] << 8) | bytes[at + 1], (bytes[at + 2] << 8) | bytes[at + 3], into)
}

export const udpFields: readonly Field[] = [
  {
    name: 'udp', type: 'protocol', columns: [protocolColumn(Protocol.udp)],
    ofLevel: udp(({ packet, bytes }, into) => { into.push(bytes.subarray(packet.transportOffset, packet.transportOffset + udpHeaderBytes)) }),
    reach: udp(({ packet, bytes }, into) => { into.push(bytes.subarray(packet.transportOffset, packet.payloadOffset + packet.payloadLength)) }),
  },
  { name: 'udp.srcport', type: 'uint16', columns: [portColumn(Protocol.udp, true)], ofLevel: ports((source, _destination, into) => { into.push(source) }) },
  { name: 'udp.dstport', type: 'uint16', columns: [portColumn(Protocol.udp, false)], ofLevel: ports((_source, destination, into) => { into.push(destination) }) },
  {
    name: 'udp.port', type: 'uint16', columns: [portColumn(Protocol.udp, true), portColumn(Protocol.udp, false)],
    ofLevel: ports((source, destination, into) => { into.push(source, destination) }),
  },
  { name: 'udp.length', type: 'uint16', ofLevel: udp(({ packet }, into) => { into.push(packet.udp.length) }) },
  { name: 'udp.checksum', type: 'uint16', base: 'hexadecimal', ofLevel: udp(({ packet }, into) => { into.push(packet.udp.checksum) }) },
  { name: 'udp.checksum.status', type: 'uint8', names: checksumStatus, ofLevel: udp(({ packet }, into) => { into.push(packet.udp.checksum === 0 ? checksumStatus['Not present'] : unverified) }) },
  { name: 'udp.payload', type: 'bytes', ofLevel: udp(({ packet, bytes }, into) => { if (packet.payloadLength > 0) into.push(bytes.subarray(packet.payloadOffset, packet.payloadOffset + packet.payloadLength)) }) },
]
