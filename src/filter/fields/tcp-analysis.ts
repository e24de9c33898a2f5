import { Finding, findingNames, wiresharkNames } from '../../trace/finding.ts'
import { PacketMark, Protocol } from '../../trace/packet-store.ts'
import type { FlowEnd } from '../../trace/flow.ts'
import type { PacketAnalysis } from '../../trace/packet-analysis.ts'
import type { PacketChunk } from '../../trace/packet-store.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import { TcpOptionKind, tcpOptionSpans } from '../../wire/tcp-options.ts'
import { readU32 } from '../../base/bytes.ts'
import { IpProtocol } from '../../wire/ipv4.ts'
import { Layer } from '../../wire/packet.ts'
import { Presence } from '../field.ts'
import type { ColumnLoader, Field } from '../field.ts'
import type { PacketView } from '../packet-view.ts'
import type { FieldType, Value } from '../value.ts'
import { segmentColumn, streamColumn } from './columns.ts'
import type { SegmentValue } from './columns.ts'
import { isTruncatedTransport } from './frame.ts'
import { isCutShort } from './tcp-options.ts'
import { tcp } from './tcp.ts'

type Read = (view: PacketView, into: Value[]) => void

/** Numbers that the tracker gives, -1 for none. */
const number = (name: string, type: FieldType, of: (analysis: PacketAnalysis) => number, columns?: readonly ColumnLoader[]): Field => ({
  name, type, ofFrame: ofSegment(({ analysis }, into) => { if (of(analysis) >= 0) into.push(of(analysis)) }), ...(columns === undefined ? {} : { columns }),
})
const time = (name: string, protocol: number, of: (analysis: PacketAnalysis) => number, isShown: (view: PacketView) => boolean = () => true): Field => ({
  name, type: 'relativeTime',
  ofFrame: (view, into) => {
    if ((view.record.protocol === protocol || isQuoting(view, protocol)) && view.record.flow >= 0 && isShown(view)) into.push(BigInt(of(view.analysis)))
  },
})
const label = (name: string, bits: number, times = 1): Field => ({
  name, type: 'none', columns: [findingColumn(bits)],
  ofFrame: ({ record }, into) => { for (let i = 0; i < times; i++) if ((record.findings & bits) !== 0) into.push(1) },
})

/** A column where 0 is nothing to say. */
const nonZero = (of: (columns: PacketChunk) => Uint32Array): ColumnLoader => ({ columns, from, count }, values, presence) => {
  const found = of(columns)
  for (let i = 0; i < count; i++) {
    values[i] = found[from + i]
    presence[i] = values[i] === 0 ? Presence.absent : Presence.present
  }
}

const allFindings = Object.values(Finding).reduce<number>((bits, bit) => bits | bit, 0)

/** Wireshark shows its analysis of a segment only where it has something to say. */
function hasAnalysis({ record }: PacketView): boolean {
  return (record.marks & PacketMark.analysed) !== 0 || record.findings !== 0
}

const flag = (bits: number, mask: number): Read => inTcp(({ record }, into) => { if ((record.flags & mask) === bits) into.push(1) })

/** Edges of SACK blocks count from the first number of the end that they are sent to; of an option that was cut, those that are there. */
const sackEdges = (isLeft: boolean) => tcp(({ view, packet: { tcp: { optionsOffset, optionsLength, dataOffsetWords } }, bytes }, into) => {
  const base = view.receiverBase
  for (const { option, offset, length } of tcpOptionSpans(bytes, optionsOffset, optionsLength)) {
    const isBegun = option.name === 'malformed' && isCutShort(dataOffsetWords, optionsLength) && bytes[offset] === TcpOptionKind.sack && bytes[offset + 1] % 8 === 2
    if (option.name !== 'sack' && !isBegun) continue
    for (let at = isLeft ? 2 : 6; at + 4 <= length; at += 8) into.push((readU32(bytes, offset + at) - base) >>> 0)
  }
})

/* As `PacketAnalyses` has them: what was not analysed stays as it stands. */

const seqOf: SegmentValue = ({ seq, marks }, at, { client, server }, packet) =>
  (marks[at] & PacketMark.unmeasured) !== 0 ? seq[at] : (seq[at] - baseOf((marks[at] & PacketMark.fromServer) !== 0 ? server : client, packet)) >>> 0

const ackOf: SegmentValue = ({ ack, marks, flags }, at, { client, server }, packet) => {
  if ((marks[at] & PacketMark.unmeasured) !== 0 || (flags[at] & TcpFlag.ack) === 0) return ack[at]
  return (ack[at] - baseOf((marks[at] & PacketMark.fromServer) !== 0 ? client : server, packet)) >>> 0
}

function baseOf({ analysis }: FlowEnd, packet: number): number {
  return packet === 0 ? analysis.base : analysis.baseAt(packet)
}

const windowOf: SegmentValue = ({ window, windowShift, marks, flags }, at, { client, server }, packet) => {
  const isLater = packet === 0 && (flags[at] & TcpFlag.syn) === 0
  const shift = isLater ? ((marks[at] & PacketMark.fromServer) !== 0 ? server : client).analysis.scale : windowShift[at]
  return shift > 0 && (marks[at] & PacketMark.unmeasured) === 0 ? window[at] * 2 ** shift : window[at]
}

export const tcpAnalysisFields: readonly Field[] = [
  number('tcp.stream', 'uint32', ({ stream }) => stream, [streamColumn(Protocol.tcp)]),
  number('tcp.completeness', 'uint8', ({ completeness }) => completeness),
  { name: 'tcp.seq', type: 'uint32', ofFrame: (view, into) => { readSeq(view, into) }, columns: [segmentColumn(seqOf)] },
  number('tcp.ack', 'uint32', ({ ack }) => ack, [segmentColumn(ackOf)]),
  {
    name: 'tcp.nxtseq', type: 'uint32',
    ofFrame: inTcp(({ record, analysis }, into) => {
      const controlLength = (record.flags & (TcpFlag.syn | TcpFlag.fin)) !== 0 ? 1 : 0
      if ((record.marks & PacketMark.unmeasured) === 0) into.push((analysis.seq + record.payloadLength + controlLength) >>> 0)
    }),
  },
  number('tcp.window_size', 'uint32', ({ windowSize }) => windowSize, [segmentColumn(windowOf)]),
  {
    name: 'tcp.window_size_scalefactor', type: 'int32',
    ofFrame: ofSegment(({ record, windowShift }, into) => { if ((record.flags & TcpFlag.syn) === 0) into.push(windowShift < 0 ? windowShift : 2 ** windowShift) }),
  },
  time('tcp.time_relative', Protocol.tcp, ({ timeRelativeNs }) => timeRelativeNs, hasFixedHeader),
  time('tcp.time_delta', Protocol.tcp, ({ timeDeltaNs }) => timeDeltaNs, hasFixedHeader),
  { name: 'tcp.connection.syn', type: 'none', ofFrame: flag(TcpFlag.syn, TcpFlag.syn | TcpFlag.ack) },
  { name: 'tcp.connection.synack', type: 'none', ofFrame: flag(TcpFlag.syn | TcpFlag.ack, TcpFlag.syn | TcpFlag.ack) },
  { name: 'tcp.connection.fin', type: 'none', ofFrame: flag(TcpFlag.fin, TcpFlag.fin) },
  { name: 'tcp.connection.rst', type: 'none', ofFrame: flag(TcpFlag.rst, TcpFlag.rst) },
  { name: 'tcp.options.sack_le', type: 'uint32', ofLevel: sackEdges(true) },
  { name: 'tcp.options.sack_re', type: 'uint32', ofLevel: sackEdges(false) },
  { name: 'tcp.analysis', type: 'none', ofFrame: inTcp((view, into) => { if (hasAnalysis(view)) into.push(1) }) },
  label('tcp.analysis.flags', allFindings),
  // Wireshark has this one in two places of its tree.
  ...findingNames.map((name) => label(wiresharkNames[name], Finding[name], name === 'duplicateAck' ? 2 : 1)),
  number('tcp.analysis.duplicate_ack_num', 'uint32', ({ duplicateNumber }) => duplicateNumber),
  number('tcp.analysis.duplicate_ack_frame', 'framenum', ({ duplicatePacket }) => duplicatePacket),
  number('tcp.analysis.acks_frame', 'framenum', ({ acksPacket }) => acksPacket, [nonZero((columns) => columns.acksPacket)]),
  time('tcp.analysis.ack_rtt', Protocol.tcp, ({ ackRttNs }) => ackRttNs, ({ analysis }) => analysis.acksPacket > 0 && analysis.ackRttNs !== 0),
  time('tcp.analysis.initial_rtt', Protocol.tcp, ({ initialRttNs }) => initialRttNs, ({ analysis }) => analysis.initialRttNs !== 0),
  number('tcp.analysis.bytes_in_flight', 'uint32', ({ bytesInFlight }) => bytesInFlight, [nonZero((columns) => columns.bytesInFlight)]),
  number('tcp.analysis.push_bytes_sent', 'uint32', ({ pushBytes }) => pushBytes, [nonZero((columns) => columns.pushBytes)]),
  time('tcp.analysis.rto', Protocol.tcp, ({ rtoNs }) => rtoNs, ({ analysis }) => analysis.rtoPacket > 0 && analysis.rtoNs !== 0),
  number('tcp.analysis.rto_frame', 'framenum', ({ rtoPacket, rtoNs }) => rtoNs !== 0 ? rtoPacket : -1),
]

export const udpStreamFields: readonly Field[] = [
  {
    name: 'udp.stream', type: 'uint32', columns: [streamColumn(Protocol.udp)],
    ofFrame: (view, into) => {
      const { record } = view
      if ((record.marks & PacketMark.tunnelled) !== 0) readUdpStreams(view, into)
      else if (record.protocol === Protocol.udp && view.analysis.stream >= 0) into.push(view.analysis.stream)
    },
  },
  time('udp.time_relative', Protocol.udp, ({ timeRelativeNs }) => timeRelativeNs),
  time('udp.time_delta', Protocol.udp, ({ timeDeltaNs }) => timeDeltaNs),
]

/** Wireshark comes to the times behind the fixed header only. */
function hasFixedHeader(view: PacketView): boolean {
  const { marks, protocol } = view.record
  const isLastFragment = (marks & (PacketMark.fragment | PacketMark.unmeasured)) === PacketMark.fragment
  const mayBeCut = (marks & PacketMark.quoting) !== 0 || (protocol === Protocol.tcp && (marks & PacketMark.malformed) !== 0 && !isLastFragment)
  return !mayBeCut || view.levels.some((level) => level.has(Layer.tcp))
}

function isQuoting({ record }: PacketView, protocol: number): boolean {
  return protocol === Protocol.tcp && (record.marks & PacketMark.quoting) !== 0
}

/** Of a segment, or of one that an ICMP error quotes. */
function ofSegment(read: Read): Read {
  return (view, into) => { if (view.record.flow >= 0 && (view.record.protocol === Protocol.tcp || isQuoting(view, Protocol.tcp))) read(view, into) }
}

function inTcp(read: Read): Read {
  return (view, into) => { if (view.record.protocol === Protocol.tcp && view.record.flow >= 0) read(view, into) }
}

/** Eight bytes of a quoted segment are enough for its number (RFC 792), if not for its flow. */
function readSeq(view: PacketView, into: Value[]): void {
  if (view.record.flow >= 0) return ofSegment(({ analysis }) => { if (analysis.seq >= 0) into.push(analysis.seq) })(view, into)
  const level = view.levels.at(-1)
  if (level === undefined || !level.isQuoted || !isTruncatedTransport(level)) return
  const { packet, bytes } = level
  // Wireshark looks for it in what ICMPv4 quotes, not in what ICMPv6 does.
  if (packet.ipVersion === 4 && packet.protocol === IpProtocol.tcp && packet.payloadLength >= 8) into.push(readU32(bytes, packet.transportOffset + 4))
}

/** Of the datagrams around what they carry, and of that where it is one. */
function readUdpStreams({ levels, source }: PacketView, into: Value[]): void {
  for (const level of levels) if (level.has(Layer.udp) && !level.isQuoted) into.push(source.tracker.udpStreamOf(level.packet))
}

function findingColumn(bits: number): ColumnLoader {
  return ({ columns, from, count }, values, presence) => {
    const { findings } = columns
    for (let i = 0; i < count; i++) {
      values[i] = 1
      presence[i] = (findings[from + i] & bits) === 0 ? Presence.absent : Presence.present
    }
  }
}
