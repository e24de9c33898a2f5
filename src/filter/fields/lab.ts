import { findingsOf, wiresharkNames } from '../../trace/finding.ts'
import { insightNames } from '../../trace/insight/insight.ts'
import { PacketMark, Protocol, receiverStateOf, senderStateOf } from '../../trace/packet-store.ts'
import { tcpStateNames } from '../../tcp/state.ts'
import { checkTransportChecksum } from '../../wire/packet-checksum.ts'
import type { Field } from '../field.ts'
import type { PacketView } from '../packet-view.ts'
import type { Value } from '../value.ts'

const state = (isClient: boolean) => (view: PacketView, into: Value[]) => {
  const { record } = view
  if (record.protocol !== Protocol.tcp || record.flow < 0) return
  const isSender = ((record.marks & PacketMark.fromServer) === 0) === isClient
  const found = isSender ? senderStateOf(record.marks) : receiverStateOf(record.marks)
  into.push(found < 0 ? 'UNKNOWN' : tcpStateNames[found])
}

/** Names of Wireshark without what stands before them, and those of insights in the same form. */
function readFindings({ record, index, source }: PacketView, into: Value[]): void {
  for (const name of findingsOf(record.findings)) into.push(shortName(wiresharkNames[name]))
  const { insights } = source
  if (insights?.has(index + 1)) for (const { kind } of insights.of(index + 1)) into.push(insightFieldNames[kind])
}

const insightFieldNames = insightNames.map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))

/** Fields that Wireshark does not have. */
export const labFields: readonly Field[] = [
  { name: 'tcp.state.client', type: 'string', ofFrame: state(true) },
  { name: 'tcp.state.server', type: 'string', ofFrame: state(false) },
  { name: 'finding', type: 'string', ofFrame: readFindings },
  {
    name: 'reason', type: 'string',
    ofFrame: ({ record, flow, source }, into) => {
      if (record.protocol !== Protocol.tcp || flow === null) return
      const reason = source.reasonOf?.(record, flow) ?? null
      if (reason !== null) into.push(reason)
    },
  },
  {
    name: 'checksum', type: 'string',
    ofFrame: (view, into) => {
      const [level] = view.levels
      if (level === undefined) return
      const verdict = checkTransportChecksum(level.packet, level.bytes)
      if (verdict !== 'unknown') into.push(verdict)
    },
  },
]

/** `retransmission` of `tcp.analysis.retransmission`. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
