import { Finding, findingNames, wiresharkNames } from '../../trace/finding.ts'
import { PacketMark, Protocol } from '../../trace/packet-store.ts'
import type { PacketAnalysis } from '../../trace/packet-analysis.ts'
import type { PacketChunk } from '../../trace/packet-store.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import { tcpOptionSpans } from '../../wire/tcp-options.ts'
import { Presence } from '../field.ts'
import type { ColumnLoader, Field } from '../field.ts'
import type { PacketView } from '../packet-view.ts'
import type { FieldType, Value } from '../value.ts'
import { streamColumn } from './columns.ts'
import { tcp } from './tcp.ts'

type Read = (view: PacketView, into: Value[]) => void

/** Numbers that the tracker gives, -1 for none. */
const number = (name: string, type: FieldType, of: (analysis: PacketAnalysis) => number, columns?: readonly ColumnLoader[]): Field => ({
  name, type, ofFrame: inTcp(({ analysis }, into) => { if (of(analysis) >= 0) into.push(of(analysis)) }), ...(columns === undefined ? {} : { columns }),
})
const time = (name: string, protocol: number, of: (analysis: PacketAnalysis) => number, isShown: (view: PacketView) => boolean = () => true): Field => ({
  name, type: 'relativeTime',
  ofFrame: (view, into) => { if (view.record.protocol === protocol && view.record.flow >= 0 && isShown(view)) into.push(BigInt(of(view.analysis))) },
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

/** Edges of SACK blocks count from the first number of the end that they are sent to. */
const sackEdges = (isLeft: boolean) => tcp(({ view, packet, bytes }, into) => {
  const base = view.receiverBase
  for (const { option } of tcpOptionSpans(bytes, packet.tcp.optionsOffset, packet.tcp.optionsLength)) {
    if (option.name === 'sack') for (const { left, right } of option.blocks) into.push(((isLeft ? left : right) - base) >>> 0)
  }
})

export const tcpAnalysisFields: readonly Field[] = [
  number('tcp.stream', 'uint32', ({ stream }) => stream, [streamColumn(Protocol.tcp)]),
  number('tcp.completeness', 'uint8', ({ completeness }) => completeness),
  number('tcp.seq', 'uint32', ({ seq }) => seq),
  number('tcp.ack', 'uint32', ({ ack }) => ack),
  {
    name: 'tcp.nxtseq', type: 'uint32',
    ofFrame: inTcp(({ record, analysis }, into) => { into.push((analysis.seq + record.payloadLength + ((record.flags & (TcpFlag.syn | TcpFlag.fin)) !== 0 ? 1 : 0)) >>> 0) }),
  },
  number('tcp.window_size', 'uint32', ({ windowSize }) => windowSize),
  {
    name: 'tcp.window_size_scalefactor', type: 'int32',
    ofFrame: inTcp(({ record, windowShift }, into) => { if ((record.flags & TcpFlag.syn) === 0) into.push(windowShift < 0 ? windowShift : 2 ** windowShift) }),
  },
  time('tcp.time_relative', Protocol.tcp, ({ timeRelativeNs }) => timeRelativeNs),
  time('tcp.time_delta', Protocol.tcp, ({ timeDeltaNs }) => timeDeltaNs),
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
  time('tcp.analysis.ack_rtt', Protocol.tcp, ({ ackRttNs }) => ackRttNs, ({ analysis }) => analysis.ackRttNs > 0),
  time('tcp.analysis.initial_rtt', Protocol.tcp, ({ initialRttNs }) => initialRttNs, ({ analysis }) => analysis.initialRttNs !== 0),
  number('tcp.analysis.bytes_in_flight', 'uint32', ({ bytesInFlight }) => bytesInFlight, [nonZero((columns) => columns.bytesInFlight)]),
  number('tcp.analysis.push_bytes_sent', 'uint32', ({ pushBytes }) => pushBytes, [nonZero((columns) => columns.pushBytes)]),
  time('tcp.analysis.rto', Protocol.tcp, ({ rtoNs }) => rtoNs, ({ analysis }) => analysis.rtoNs > 0),
  number('tcp.analysis.rto_frame', 'framenum', ({ rtoPacket }) => rtoPacket),
]

export const udpStreamFields: readonly Field[] = [
  {
    name: 'udp.stream', type: 'uint32', columns: [streamColumn(Protocol.udp)],
    ofFrame: (view, into) => { if (view.record.protocol === Protocol.udp && view.analysis.stream >= 0) into.push(view.analysis.stream) },
  },
  time('udp.time_relative', Protocol.udp, ({ timeRelativeNs }) => timeRelativeNs),
  time('udp.time_delta', Protocol.udp, ({ timeDeltaNs }) => timeDeltaNs),
]

function inTcp(read: Read): Read {
  return (view, into) => { if (view.record.protocol === Protocol.tcp && view.record.flow >= 0) read(view, into) }
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
