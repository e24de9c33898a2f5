import type { TcpRow } from '../../src/rpc/contract.ts'

const ackBit = 0x10

export const numberForms = ['relative', 'raw'] as const
export type NumberForm = typeof numberForms[number]

/** SEQ and ACK of a segment as they are shown: as on the wire, or counted from each side's initial number where that is known. */
export function shownNumbers(tcp: TcpRow, isns: readonly [number, number], form: NumberForm): { seq: number, ack: number } {
  const own = isns[tcp.from]
  const other = isns[1 - tcp.from]
  if (form === 'raw') return { seq: tcp.seq, ack: tcp.ack }
  return {
    seq: own < 0 || (tcp.seq === 0 && tcp.flags & resetBit) ? tcp.seq : (tcp.seq - own) >>> 0,
    ack: other < 0 || !(tcp.flags & ackBit) ? tcp.ack : (tcp.ack - other) >>> 0,
  }
}

const resetBit = 0x04

/** The info line with the numbers of SACK blocks in the same form as SEQ and ACK; they count the other end's bytes. */
export function shownInfo(info: string, tcp: TcpRow, isns: readonly [number, number], form: NumberForm): string {
  const other = isns[1 - tcp.from]
  if (form === 'raw' || other < 0 || !info.includes('SACK ')) return info
  return info.replace(/(\d+)([-–])(\d+)/g, (_, left: string, dash: string, right: string) => `${(Number(left) - other) >>> 0}${dash}${(Number(right) - other) >>> 0}`)
}
