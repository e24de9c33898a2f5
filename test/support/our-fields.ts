import { findingsOf, wiresharkNames } from '../../src/trace/finding.ts'
import { PacketAnalysis } from '../../src/trace/packet-analysis.ts'
import { PacketRecord } from '../../src/trace/packet-store.ts'
import type { Trace } from '../../src/trace/trace.ts'
import type { Fields } from './tshark.ts'

const analysis = new PacketAnalysis()
const record = new PacketRecord()

/** What our trace says of a packet, in the form in which tshark prints it. */
export function ourFields(trace: Trace, number: number, passes: 1 | 2): Fields {
  const found: Fields = { 'frame.number': String(number) }
  trace.analysis(number, analysis, passes)
  trace.store.read(number - 1, record)
  if (analysis.seq < 0) return found
  const set = (name: string, value: number, isThere = value >= 0) => { if (isThere) found[name] = String(value) }
  const time = (name: string, ns: number, isThere = ns >= 0) => { if (isThere) found[name] = seconds(ns) }
  set('tcp.stream', analysis.stream)
  set('tcp.seq', analysis.seq)
  set('tcp.ack', analysis.ack)
  set('tcp.len', record.payloadLength)
  set('tcp.window_size', analysis.windowSize)
  set('tcp.completeness', analysis.completeness)
  time('tcp.time_relative', analysis.timeRelativeNs, true)
  time('tcp.time_delta', analysis.timeDeltaNs, true)
  set('tcp.analysis.acks_frame', analysis.acksPacket)
  time('tcp.analysis.ack_rtt', analysis.ackRttNs, analysis.acksPacket > 0 && analysis.ackRttNs !== 0)
  time('tcp.analysis.initial_rtt', analysis.initialRttNs, analysis.initialRttNs !== 0)
  set('tcp.analysis.bytes_in_flight', analysis.bytesInFlight)
  set('tcp.analysis.push_bytes_sent', analysis.pushBytes)
  set('tcp.analysis.duplicate_ack_num', analysis.duplicateNumber)
  set('tcp.analysis.duplicate_ack_frame', analysis.duplicatePacket)
  time('tcp.analysis.rto', analysis.rtoNs, analysis.rtoPacket > 0 && analysis.rtoNs !== 0)
  set('tcp.analysis.rto_frame', analysis.rtoPacket, analysis.rtoPacket > 0 && analysis.rtoNs !== 0)
  for (const name of findingsOf(analysis.findings)) found[wiresharkNames[name]] = '1'
  return found
}

function seconds(ns: number): string {
  const whole = Math.trunc(Math.abs(ns) / 1e9)
  return `${ns < 0 ? '-' : ''}${whole}.${String(Math.abs(ns) - whole * 1e9).padStart(9, '0')}`
}
