import type { TcpRow } from '../../src/rpc/packets-contract.ts'

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

/** The same as letters: A is the client's initial number and B the server's; a side whose initial number is not known stays as on the wire. */
export function symbolicNumbers(tcp: TcpRow, isns: readonly [number, number]): { seq: string, ack: string } {
  const { seq, ack } = shownNumbers(tcp, isns, 'relative')
  const letter = (end: 0 | 1, number: number) => isns[end] < 0 ? String(number) : `${end === 0 ? 'A' : 'B'}${number === 0 ? '' : `+${number}`}`
  const other = tcp.from === 0 ? 1 : 0
  return { seq: letter(tcp.from, seq), ack: tcp.flags & ackBit ? letter(other, ack) : String(ack) }
}

const resetBit = 0x04

/** The info line with the numbers of SACK blocks in the same form as SEQ and ACK; they count the other end's bytes. */
export function shownInfo(info: string, tcp: TcpRow, isns: readonly [number, number], form: NumberForm): string {
  const other = isns[1 - tcp.from]
  if (form === 'raw' || other < 0 || !info.includes('SACK ')) return info
  return info.replace(/(\d+)([-–])(\d+)/g, (_, left: string, dash: string, right: string) => `${(Number(left) - other) >>> 0}${dash}${(Number(right) - other) >>> 0}`)
}
