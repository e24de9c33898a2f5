import { TcpFlag } from '../wire/tcp.ts'
import { asciiBytes } from '../base/bytes.ts'
import type { PacketDraft, TcpDraft } from './draft.ts'

/** Packets to start from: each takes addresses, ports and numbers from `base` and says the rest. */
export const packetTemplates = {
  syn: (base) => withTcp(base, { flags: TcpFlag.syn, ack: 0, options: synOptions }),
  synAck: (base) => withTcp(base, { flags: TcpFlag.syn | TcpFlag.ack, options: synOptions }),
  ack: (base) => withTcp(base, { flags: TcpFlag.ack }),
  data: (base) => withTcp(base, { flags: TcpFlag.psh | TcpFlag.ack }, asciiBytes('GET / HTTP/1.0\r\n\r\n')),
  finAck: (base) => withTcp(base, { flags: TcpFlag.fin | TcpFlag.ack }),
  rst: (base) => withTcp(base, { flags: TcpFlag.rst, ack: 0, window: 0 }),
  rstAck: (base) => withTcp(base, { flags: TcpFlag.rst | TcpFlag.ack, window: 0 }),
  urgent: (base) => withTcp(base, { flags: TcpFlag.urg | TcpFlag.psh | TcpFlag.ack, urgentPointer: 1 }, asciiBytes('!')),
  zeroWindow: (base) => withTcp(base, { flags: TcpFlag.ack, window: 0 }),
  /** RFC 9293 §3.8.4: one below the next number, so that the peer has to answer. */
  keepAlive: (base) => withTcp(base, { flags: TcpFlag.ack, seq: (base.tcp.seq - 1) >>> 0 }),
  sack: (base) => withTcp(base, { flags: TcpFlag.ack, options: [{ name: 'nop' }, { name: 'nop' }, { name: 'sack', blocks: [sackBlock(base.tcp.ack)] }] }),
  synFin: (base) => withTcp(base, { flags: TcpFlag.syn | TcpFlag.fin, ack: 0 }),
  christmas: (base) => withTcp(base, { flags: TcpFlag.fin | TcpFlag.psh | TcpFlag.urg, ack: 0 }),
  null: (base) => withTcp(base, { flags: 0, ack: 0 }),
  badChecksum: (base) => withTcp(base, { flags: TcpFlag.ack, checksum: 0xdead }),
  shortOffset: (base) => withTcp(base, { flags: TcpFlag.ack, dataOffsetWords: 4 }),
  longOffset: (base) => withTcp(base, { flags: TcpFlag.ack, dataOffsetWords: 15 }),
  zeroLengthOption: (base) => withTcp(base, { flags: TcpFlag.syn, ack: 0, options: [{ name: 'malformed', bytes: Uint8Array.of(2, 0, 5, 0xb4) }] }),
} as const satisfies Record<string, (base: PacketDraft) => PacketDraft>

export type TemplateName = keyof typeof packetTemplates

export const templateNames = Object.keys(packetTemplates) as TemplateName[]

const synOptions: TcpDraft['options'] = [{ name: 'mss', mss: 1460 }, { name: 'sackOK' }, { name: 'ts', val: 1, ecr: 0 }, { name: 'nop' }, { name: 'wscale', shift: 7 }]

/** One block of 1,000 bytes, 1,000 bytes past what is acknowledged. */
function sackBlock(ack: number): { left: number, right: number } {
  return { left: (ack + 1000) >>> 0, right: (ack + 2000) >>> 0 }
}

function withTcp(base: PacketDraft, changes: Partial<TcpDraft>, payload: Uint8Array = new Uint8Array(0)): PacketDraft {
  const tcp: TcpDraft = { ...base.tcp, urgentPointer: 0, reserved: 0, options: [], dataOffsetWords: null, checksum: null, ...changes }
  return { ...base, tcp, payload, trailer: new Uint8Array(0) }
}
