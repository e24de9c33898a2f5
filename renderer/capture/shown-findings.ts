import { Finding, findingsOf, type FindingName } from '../../src/trace/finding.ts'
import type { FindingProof, TcpRow } from '../../src/rpc/packets-contract.ts'

export type FindingSeverity = 'error' | 'warn' | 'note'

/** How grave each finding is; the order is that in which one of several is shown. */
const severities = {
  zeroWindow: 'error',
  windowFull: 'error',
  lostSegment: 'error',
  ackLostSegment: 'error',
  spuriousRetransmission: 'warn',
  fastRetransmission: 'warn',
  retransmission: 'warn',
  outOfOrder: 'warn',
  reusedPorts: 'warn',
  tfoIgnored: 'warn',
  duplicateAck: 'note',
  zeroWindowProbe: 'note',
  zeroWindowProbeAck: 'note',
  keepAlive: 'note',
  keepAliveAck: 'note',
  windowUpdate: 'note',
  tfoSyn: 'note',
  tfoAck: 'note',
} as const satisfies Record<FindingName, FindingSeverity>

const order = Object.keys(severities) as FindingName[]

/** Two letters for each, where there is no room for words. */
export const findingCodes: Readonly<Record<FindingName, string>> = {
  zeroWindow: 'ZW', windowFull: 'WF', lostSegment: 'LS', ackLostSegment: 'AL', spuriousRetransmission: 'SR', fastRetransmission: 'FR', retransmission: 'RT', outOfOrder: 'OO',
  reusedPorts: 'RP', tfoIgnored: 'TI', duplicateAck: 'DA', zeroWindowProbe: 'ZP', zeroWindowProbeAck: 'ZA', keepAlive: 'KA', keepAliveAck: 'KK', windowUpdate: 'WU', tfoSyn: 'TS', tfoAck: 'TA',
}

export function severityOf(name: FindingName): FindingSeverity {
  return severities[name]
}

/** The findings of a packet, the gravest first; one that says more closely what another says stands for both. */
export function shownFindings(bits: number): FindingName[] {
  const isCloser = (bits & (Finding.fastRetransmission | Finding.spuriousRetransmission)) !== 0
  const found = findingsOf(isCloser ? bits & ~Finding.retransmission : bits)
  return order.filter((name) => found.includes(name))
}

/** Whose sequence space an operand counts in, or that it is a plain number. */
type Operand = 'own' | 'other' | 'plain'

const operands: Record<FindingName, readonly [Operand, Operand]> = {
  retransmission: ['own', 'plain'],
  fastRetransmission: ['plain', 'own'],
  spuriousRetransmission: ['own', 'own'],
  outOfOrder: ['own', 'plain'],
  reusedPorts: ['plain', 'plain'],
  lostSegment: ['own', 'own'],
  ackLostSegment: ['other', 'other'],
  windowUpdate: ['plain', 'plain'],
  windowFull: ['own', 'plain'],
  keepAlive: ['own', 'plain'],
  keepAliveAck: ['other', 'plain'],
  duplicateAck: ['plain', 'other'],
  zeroWindowProbe: ['own', 'plain'],
  zeroWindow: ['plain', 'plain'],
  zeroWindowProbeAck: ['other', 'plain'],
  tfoSyn: ['plain', 'plain'],
  tfoAck: ['plain', 'plain'],
  tfoIgnored: ['plain', 'plain'],
}

export interface ProvenFinding {
  name: FindingName
  severity: FindingSeverity
  /** What the sentence of `findings.proofs` takes. */
  params: { a: string, b: string, seq: string }
  /** The packets that prove it. */
  packets: number[]
}

/** The findings of a packet with what proves each. @param isns first numbers of client and server, -1 where they are not known */
export function provenFindings(bits: number, proofs: readonly FindingProof[], tcp: TcpRow, isns: readonly [number, number], format: (value: number) => string): ProvenFinding[] {
  return shownFindings(bits).map((name) => {
    const proof = proofs.find(({ finding }) => (finding & Finding[name]) !== 0)
    const [first, second] = operands[name]
    const shown = (value: number, operand: Operand) => format(operand === 'plain' ? value : relative(value, isns[operand === 'own' ? tcp.from : 1 - tcp.from]))
    return {
      name,
      severity: severityOf(name),
      params: { a: shown(proof?.first ?? 0, first), b: shown(proof?.second ?? 0, second), seq: shown(tcp.seq, 'own') },
      packets: [...new Set([proof?.firstPacket ?? 0, proof?.secondPacket ?? 0])].filter((packet) => packet > 0),
    }
  })
}

function relative(value: number, isn: number): number {
  return isn < 0 ? value >>> 0 : (value - isn) >>> 0
}
