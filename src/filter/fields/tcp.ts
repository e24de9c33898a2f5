import { PacketMark, Protocol } from '../../trace/packet-store.ts'
import type { PacketRecord } from '../../trace/packet-store.ts'
import { IpProtocol } from '../../wire/ipv4.ts'
import { Layer } from '../../wire/packet.ts'
import type { Packet } from '../../wire/packet.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import type { Field } from '../field.ts'
import type { PacketLevel, PacketView } from '../packet-view.ts'
import type { Value } from '../value.ts'
import { portColumn, protocolColumn, tcpColumn } from './columns.ts'
import { isTruncatedTransport } from './frame.ts'
import { checksumStatus, unverified } from './ip.ts'

type Read = (level: PacketLevel, into: Value[]) => void

export const tcp = (read: Read): Read => (level, into) => { if (level.has(Layer.tcp)) read(level, into) }
const ports = (read: (source: number, destination: number, into: Value[]) => void): Read => (level, into) => {
  const { packet, bytes } = level
  if (level.has(Layer.tcp)) return read(packet.tcp.sourcePort, packet.tcp.destinationPort, into)
  if (level.isInColumns) return readFlowPorts(level.view, read, into)
  if (packet.protocol !== IpProtocol.tcp || !isTruncatedTransport(level)) return
  const at = packet.transportOffset
  read((bytes[at] << 8) | bytes[at + 1], (bytes[at + 2] << 8) | bytes[at + 3], into)
}
function readFlowPorts({ record, flow }: PacketView, read: (source: number, destination: number, into: Value[]) => void, into: Value[]): void {
  const isFromServer = (record.marks & PacketMark.fromServer) !== 0
  read((isFromServer ? flow!.server : flow!.client).port, (isFromServer ? flow!.client : flow!.server).port, into)
}
/** A number of the header, or the column that has it where the header is not whole in this frame. */
const numberOf = (ofHeader: (packet: Packet) => number, ofColumns: (record: PacketRecord) => number): Read => (level, into) => {
  if (level.has(Layer.tcp)) into.push(ofHeader(level.packet))
  else if (level.isInColumns) into.push(ofColumns(level.view.record))
}
const segment: Read = (level, into) => {
  const { packet, bytes } = level
  const isHere = level.has(Layer.tcp) || (packet.protocol === IpProtocol.tcp && isTruncatedTransport(level))
  if (isHere) into.push(bytes.subarray(packet.transportOffset, packet.payloadOffset + packet.payloadLength))
}
/** What an ICMPv4 error quotes, Wireshark shows as `tcp.seq` alone. */
const sequenceNumber: Read = (level, into) => { if (!level.isQuoted || level.packet.ipVersion === 6) numberOf(({ tcp: { seq } }) => seq, ({ seq }) => seq)(level, into) }
const headerLength: Read = (level, into) => {
  const { packet, bytes } = level
  if (level.has(Layer.tcp)) into.push(packet.tcp.dataOffsetWords * 4)
  else if (level.isInColumns && !packet.isFragment) into.push((bytes[packet.transportOffset + 12] >>> 4) * 4)
}
/** A quoted segment and a first fragment do not tell theirs. */
const length: Read = (level, into) => {
  const { record } = level.view
  if (level.isQuoted || (record.marks & PacketMark.unmeasured) !== 0) return
  if (level.has(Layer.tcp)) into.push(level.packet.payloadLengthOnWire)
  else if (level.isInColumns) into.push(record.payloadLength)
}
/** What comes with a RST is not payload to Wireshark but the reason of the reset (RFC 9293 §3.5.3). */
const payload: Read = tcp(({ packet: { payloadOffset, payloadLength, tcp: { flags } }, bytes }, into) => {
  if (payloadLength > 0 && (flags & TcpFlag.rst) === 0) into.push(bytes.subarray(payloadOffset, payloadOffset + payloadLength))
})

/** All 12 bits behind the data offset, the reserved ones included. */
const withFlags = (read: (flags: number, into: Value[]) => void): Read => (level, into) => {
  if (level.has(Layer.tcp)) read(level.packet.tcp.flags | (level.packet.tcp.reserved << 9), into)
  else if (level.isInColumns) read(level.view.record.flags, into)
}

function flagField(name: string, mask: number): Field {
  return {
    name, type: 'boolean', ofLevel: withFlags((flags, into) => { into.push((flags & mask) === 0 ? 0 : 1) }), columns: [tcpColumn((columns) => columns.flags, mask)],
  }
}

const letters = 'RRRACEUAPRSF'

export const tcpFields: readonly Field[] = [
  { name: 'tcp', type: 'protocol', ofLevel: segment, columns: [protocolColumn(Protocol.tcp)] },
  { name: 'tcp.srcport', type: 'uint16', ofLevel: ports((source, _destination, into) => { into.push(source) }), columns: [portColumn(Protocol.tcp, true)] },
  { name: 'tcp.dstport', type: 'uint16', ofLevel: ports((_source, destination, into) => { into.push(destination) }), columns: [portColumn(Protocol.tcp, false)] },
  {
    name: 'tcp.port', type: 'uint16', ofLevel: ports((source, destination, into) => { into.push(source, destination) }),
    columns: [portColumn(Protocol.tcp, true), portColumn(Protocol.tcp, false)],
  },
  { name: 'tcp.len', type: 'uint32', ofLevel: length, columns: [tcpColumn((columns) => columns.payloadLength)] },
  { name: 'tcp.seq_raw', type: 'uint32', ofLevel: sequenceNumber, columns: [tcpColumn((columns) => columns.seq)] },
  { name: 'tcp.ack_raw', type: 'uint32', ofLevel: numberOf(({ tcp: { ack } }) => ack, ({ ack }) => ack), columns: [tcpColumn((columns) => columns.ack)] },
  { name: 'tcp.hdr_len', type: 'uint8', ofLevel: headerLength },
  { name: 'tcp.flags', type: 'uint16', base: 'hexadecimal', ofLevel: withFlags((flags, into) => { into.push(flags) }), columns: [tcpColumn((columns) => columns.flags)] },
  flagField('tcp.flags.res', 0xe00),
  flagField('tcp.flags.ae', TcpFlag.ae),
  flagField('tcp.flags.cwr', TcpFlag.cwr),
  flagField('tcp.flags.ece', TcpFlag.ece),
  flagField('tcp.flags.urg', TcpFlag.urg),
  flagField('tcp.flags.ack', TcpFlag.ack),
  flagField('tcp.flags.push', TcpFlag.psh),
  flagField('tcp.flags.reset', TcpFlag.rst),
  flagField('tcp.flags.syn', TcpFlag.syn),
  flagField('tcp.flags.fin', TcpFlag.fin),
  {
    name: 'tcp.flags.str', type: 'string',
    ofLevel: withFlags((flags, into) => { into.push(Array.from(letters, (letter, i) => (flags & (0x800 >>> i)) === 0 ? '·' : letter).join('')) }),
  },
  { name: 'tcp.window_size_value', type: 'uint16', ofLevel: numberOf(({ tcp: { window } }) => window, ({ window }) => window), columns: [tcpColumn((columns) => columns.window)] },
  { name: 'tcp.checksum', type: 'uint16', base: 'hexadecimal', ofLevel: tcp(({ packet }, into) => { into.push(packet.tcp.checksum) }) },
  { name: 'tcp.checksum.status', type: 'uint8', names: checksumStatus, ofLevel: tcp((_level, into) => { into.push(unverified) }) },
  { name: 'tcp.urgent_pointer', type: 'uint16', ofLevel: tcp(({ packet }, into) => { into.push(packet.tcp.urgentPointer) }) },
  { name: 'tcp.payload', type: 'bytes', ofLevel: payload },
]
