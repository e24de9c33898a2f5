import { TcpFlag } from '../wire/tcp.ts'
import { isFault } from './build.ts'
import { defaultDraft, ipv4Draft, ipv6Draft } from './draft.ts'
import { readFrame } from './read.ts'
import type { Fault } from '../base/fault.ts'
import type { TcpOption } from '../wire/tcp-options.ts'
import type { PacketDraft, TcpDraft } from './draft.ts'

/** The answer to a packet, and where each of its numbers comes from. */
export interface Answer {
  readonly draft: PacketDraft
  readonly explanation: readonly AnswerReason[]
}

/** Why a field of an answer is what it is; the operands are the numbers that went into it. The window words it. */
export interface AnswerReason {
  readonly field: AnswerField
  readonly reason: AnswerReasonCode
  readonly operands: Readonly<Record<string, number>>
}

export const answerFields = ['ethernet', 'ip', 'ports', 'tcp.seq', 'tcp.ack', 'tcp.flags', 'tcp.window', 'tcp.options'] as const
export type AnswerField = typeof answerFields[number]

/**
 * - `swapped`: theirs, source and destination exchanged
 * - `seqIsTheirAck` (`ack`): they expect this number next (RFC 9293 §3.4)
 * - `seqIsInitial` (`isn`): they have acknowledged nothing yet, so we choose
 * - `ackIsNext` (`seq`, `payload`, `syn`, `fin`, `sum`): one past the last sequence number they used; SYN and FIN count as one each (RFC 9293 §3.4)
 * - `synGetsSynAck`, `synAckGetsAck`, `dataGetsAck` (`payload`), `finGetsAck`, `ackGetsAck`: the flags
 * - `resetGetsNothing`: no TCP answers a RST (RFC 9293 §3.10.7); this is an ACK only to start editing from
 * - `fullWindow` (`window`): the largest that needs no scaling
 * - `optionsOffered` (`count`): those of their SYN that we can agree to
 * - `timestampEcho` (`val`): their TSval comes back as our TSecr (RFC 7323 §3.2)
 * - `noOptions`: nothing to say
 */
export const answerReasonCodes = [
  'swapped', 'seqIsTheirAck', 'seqIsInitial', 'ackIsNext', 'synGetsSynAck', 'synAckGetsAck', 'dataGetsAck', 'finGetsAck', 'ackGetsAck', 'resetGetsNothing',
  'fullWindow', 'optionsOffered', 'timestampEcho', 'noOptions',
] as const
export type AnswerReasonCode = typeof answerReasonCodes[number]

const window = 65_535

/**
 * What an ordinary TCP would answer to this frame.
 * @param isn our first sequence number, where they have acknowledged none
 * @returns the faults of `readFrame`
 */
export function answerPacket(bytes: Uint8Array, isn = 0): Answer | Fault {
  const theirs = readFrame(bytes)
  if (isFault(theirs)) return theirs
  const { tcp, ip, ethernet } = theirs
  const explanation: AnswerReason[] = []
  const explain = (field: AnswerField, reason: AnswerReasonCode, operands: AnswerReason['operands'] = {}) => { explanation.push({ field, reason, operands }) }
  for (const field of ['ethernet', 'ip', 'ports'] as const) explain(field, 'swapped')
  const hasAck = (tcp.flags & TcpFlag.ack) !== 0
  const seq = hasAck ? tcp.ack : isn
  if (hasAck) explain('tcp.seq', 'seqIsTheirAck', { ack: tcp.ack })
  else explain('tcp.seq', 'seqIsInitial', { isn })
  const syn = tcp.flags & TcpFlag.syn ? 1 : 0
  const fin = tcp.flags & TcpFlag.fin ? 1 : 0
  const ack = (tcp.seq + theirs.payload.length + syn + fin) >>> 0
  explain('tcp.ack', 'ackIsNext', { seq: tcp.seq, payload: theirs.payload.length, syn, fin, sum: ack })
  const [flags, reason] = flagsFor(tcp, theirs.payload.length)
  explain('tcp.flags', reason, reason === 'dataGetsAck' ? { payload: theirs.payload.length } : {})
  explain('tcp.window', 'fullWindow', { window })
  const options = optionsFor(tcp, flags, explain)
  const plain = ip.version === 4 ? ipv4Draft(ip.destination, ip.source) : ipv6Draft(ip.destination, ip.source)
  const draft: PacketDraft = {
    ethernet: { ...ethernet, destination: ethernet.source, source: ethernet.destination },
    ip: plain,
    tcp: { ...defaultDraft.tcp, sourcePort: tcp.destinationPort, destinationPort: tcp.sourcePort, seq, ack, flags, window, options },
    payload: new Uint8Array(0),
    trailer: new Uint8Array(0),
  }
  return { draft, explanation }
}

function flagsFor(tcp: TcpDraft, payloadLength: number): [number, AnswerReasonCode] {
  const { flags } = tcp
  if (flags & TcpFlag.rst) return [TcpFlag.ack, 'resetGetsNothing']
  if (flags & TcpFlag.syn) return flags & TcpFlag.ack ? [TcpFlag.ack, 'synAckGetsAck'] : [TcpFlag.syn | TcpFlag.ack, 'synGetsSynAck']
  if (flags & TcpFlag.fin) return [TcpFlag.ack, 'finGetsAck']
  return [TcpFlag.ack, payloadLength > 0 ? 'dataGetsAck' : 'ackGetsAck']
}

/** A SYN's offers come back in its SYN-ACK; otherwise only timestamps do. Of our clock we know what they last echoed. */
function optionsFor(tcp: TcpDraft, flags: number, explain: (field: AnswerField, reason: AnswerReasonCode, operands?: AnswerReason['operands']) => void): TcpOption[] {
  const timestamps = tcp.options.find((option) => option.name === 'ts')
  const echo: TcpOption | undefined = timestamps && { name: 'ts', val: timestamps.ecr === 0 ? 1 : timestamps.ecr, ecr: timestamps.val }
  if (timestamps) explain('tcp.options', 'timestampEcho', { val: timestamps.val })
  if (!(flags & TcpFlag.syn)) {
    if (echo) return [{ name: 'nop' }, { name: 'nop' }, echo]
    explain('tcp.options', 'noOptions')
    return []
  }
  const offered = tcp.options.flatMap((option): TcpOption[] => {
    if (option.name === 'mss' || option.name === 'sackOK' || option.name === 'wscale') return [option]
    return option === timestamps && echo ? [echo] : []
  })
  const kept = offered.filter((option, i) => offered.findIndex((other) => other.name === option.name) === i)
  if (kept.length === 0) explain('tcp.options', 'noOptions')
  else explain('tcp.options', 'optionsOffered', { count: kept.length })
  return kept
}
