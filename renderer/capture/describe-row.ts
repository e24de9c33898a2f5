import type { PacketRow } from '../../src/rpc/packets-contract.ts'
import { tcpStateNames } from '../../src/tcp/state.ts'
import type { FindingName } from '../../src/trace/finding.ts'
import { flagLabel } from '../tcp-flags.ts'
import { shownWindow } from './packet-columns.ts'
import { shownFindings } from './shown-findings.ts'
import { shownInfo, shownNumbers, type NumberForm } from './shown-numbers.ts'

/** A row as one line of text, for screen readers and tooltips. */
export function describeRow(row: PacketRow, time: string, isns: readonly [number, number], form: NumberForm, nameOf: (finding: FindingName) => string): string {
  const head = [row.number, time, `${row.source} → ${row.destination}`, row.protocol]
  if (!row.tcp) return [...head, row.info, row.malformed].filter(Boolean).join(' ')
  const { seq, ack } = shownNumbers(row.tcp, isns, form)
  const { tcp } = row
  return [
    ...head,
    `${tcp.sourcePort} → ${tcp.destinationPort}`,
    flagLabel(tcp.flags),
    `Seq ${seq}`,
    `Ack ${ack}`,
    `Win ${shownWindow(tcp)}`,
    `Len ${tcp.length}`,
    `${tcp.from === 0 ? 'C' : 'S'} ${tcp.state < 0 ? '—' : tcpStateNames[tcp.state]}`,
    shownInfo(row.info, tcp, isns, form),
    shownFindings(tcp.findings).map(nameOf).join(', '),
    row.malformed,
  ].filter((part) => part !== '' && part !== null).join(' ')
}
