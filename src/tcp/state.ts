/** The states of RFC 9293 §3.3.2. */
export const TcpState = {
  closed: 0, listen: 1, synSent: 2, synReceived: 3, established: 4, finWait1: 5, finWait2: 6, closeWait: 7, closing: 8, lastAck: 9, timeWait: 10,
} as const

export type TcpState = typeof TcpState[keyof typeof TcpState]
export type TcpStateKey = keyof typeof TcpState

export const tcpStateNames = [
  'CLOSED', 'LISTEN', 'SYN_SENT', 'SYN_RCVD', 'ESTABLISHED', 'FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSE_WAIT', 'CLOSING', 'LAST_ACK', 'TIME_WAIT',
] as const

/** What can move a connection from one state to another: user calls, segments, timeouts. */
export const tcpInputs = [
  'passiveOpen', 'activeOpen', 'send', 'close', 'abort',
  'rcvSyn', 'rcvSynAck', 'rcvAckOfSyn', 'rcvFin', 'rcvAckOfFin', 'rcvFinAckOfFin', 'rcvRst', 'rcvRstOfPassive', 'rcvSynOfPassive',
  'timeout2Msl', 'userTimeout', 'unreachable', 'reopen',
] as const

export type TcpInput = typeof tcpInputs[number]

export interface Transition {
  readonly from: TcpStateKey
  readonly input: TcpInput
  readonly to: TcpStateKey
  /** What the move sends, as the diagram labels it. */
  readonly send?: 'SYN' | 'SYN+ACK' | 'ACK' | 'FIN' | 'RST'
  /** Whose path it is on: the diagram draws the client's solid and the server's dotted. */
  readonly side: 'client' | 'server' | 'both'
  readonly rfc: string
}

/**
 * Every move there is; what is not here does not happen. `rcvRst` is an acceptable reset (RFC 5961), `rcvRstOfPassive` one that
 * meets a SYN_RCVD that LISTEN led to, `rcvFin` a FIN whose data has all arrived, `userTimeout` also the end of the retries,
 * `reopen` a SYN that is surely new.
 */
export const transitions = [
  { from: 'closed', input: 'passiveOpen', to: 'listen', side: 'server', rfc: 'RFC 9293 §3.10.1' },
  { from: 'closed', input: 'activeOpen', to: 'synSent', send: 'SYN', side: 'client', rfc: 'RFC 9293 §3.10.1' },
  { from: 'listen', input: 'activeOpen', to: 'synSent', send: 'SYN', side: 'client', rfc: 'RFC 9293 §3.10.1' },
  { from: 'listen', input: 'send', to: 'synSent', send: 'SYN', side: 'client', rfc: 'RFC 9293 §3.10.2' },
  { from: 'listen', input: 'rcvSyn', to: 'synReceived', send: 'SYN+ACK', side: 'server', rfc: 'RFC 9293 §3.10.7.2' },
  { from: 'listen', input: 'close', to: 'closed', side: 'server', rfc: 'RFC 9293 §3.10.4' },
  { from: 'listen', input: 'abort', to: 'closed', side: 'server', rfc: 'RFC 9293 §3.10.5' },
  { from: 'synSent', input: 'rcvSynAck', to: 'established', send: 'ACK', side: 'client', rfc: 'RFC 9293 §3.10.7.3' },
  { from: 'synSent', input: 'rcvSyn', to: 'synReceived', send: 'SYN+ACK', side: 'both', rfc: 'RFC 9293 §3.10.7.3' },
  { from: 'synSent', input: 'close', to: 'closed', side: 'client', rfc: 'RFC 9293 §3.10.4' },
  { from: 'synSent', input: 'abort', to: 'closed', side: 'client', rfc: 'RFC 9293 §3.10.5' },
  { from: 'synSent', input: 'rcvRst', to: 'closed', side: 'client', rfc: 'RFC 9293 §3.10.7.3' },
  { from: 'synSent', input: 'userTimeout', to: 'closed', side: 'client', rfc: 'RFC 9293 §3.10.8' },
  { from: 'synSent', input: 'unreachable', to: 'closed', side: 'client', rfc: 'RFC 9293 §3.9.2.2' },
  { from: 'synReceived', input: 'rcvAckOfSyn', to: 'established', side: 'server', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'synReceived', input: 'close', to: 'finWait1', send: 'FIN', side: 'both', rfc: 'RFC 9293 §3.10.4' },
  { from: 'synReceived', input: 'rcvRstOfPassive', to: 'listen', side: 'server', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'synReceived', input: 'rcvSynOfPassive', to: 'listen', side: 'server', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'synReceived', input: 'rcvRst', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'synReceived', input: 'abort', to: 'closed', send: 'RST', side: 'both', rfc: 'RFC 9293 §3.10.5' },
  { from: 'synReceived', input: 'userTimeout', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.8' },
  { from: 'synReceived', input: 'unreachable', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.9.2.2' },
  { from: 'established', input: 'close', to: 'finWait1', send: 'FIN', side: 'client', rfc: 'RFC 9293 §3.10.4' },
  { from: 'established', input: 'rcvFin', to: 'closeWait', send: 'ACK', side: 'server', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'established', input: 'rcvRst', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'established', input: 'abort', to: 'closed', send: 'RST', side: 'both', rfc: 'RFC 9293 §3.10.5' },
  { from: 'established', input: 'userTimeout', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.8' },
  { from: 'finWait1', input: 'rcvAckOfFin', to: 'finWait2', side: 'client', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'finWait1', input: 'rcvFin', to: 'closing', send: 'ACK', side: 'both', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'finWait1', input: 'rcvFinAckOfFin', to: 'timeWait', send: 'ACK', side: 'client', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'finWait1', input: 'rcvRst', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'finWait1', input: 'abort', to: 'closed', send: 'RST', side: 'both', rfc: 'RFC 9293 §3.10.5' },
  { from: 'finWait1', input: 'userTimeout', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.8' },
  { from: 'finWait2', input: 'rcvFin', to: 'timeWait', send: 'ACK', side: 'client', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'finWait2', input: 'rcvRst', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'finWait2', input: 'abort', to: 'closed', send: 'RST', side: 'both', rfc: 'RFC 9293 §3.10.5' },
  { from: 'finWait2', input: 'userTimeout', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.8' },
  { from: 'closeWait', input: 'close', to: 'lastAck', send: 'FIN', side: 'server', rfc: 'RFC 9293 §3.10.4' },
  { from: 'closeWait', input: 'rcvRst', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'closeWait', input: 'abort', to: 'closed', send: 'RST', side: 'both', rfc: 'RFC 9293 §3.10.5' },
  { from: 'closeWait', input: 'userTimeout', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.8' },
  { from: 'closing', input: 'rcvAckOfFin', to: 'timeWait', side: 'both', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'closing', input: 'rcvRst', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'closing', input: 'abort', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.5' },
  { from: 'closing', input: 'userTimeout', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.8' },
  { from: 'lastAck', input: 'rcvAckOfFin', to: 'closed', side: 'server', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'lastAck', input: 'rcvRst', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'lastAck', input: 'abort', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.5' },
  { from: 'lastAck', input: 'userTimeout', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.8' },
  { from: 'timeWait', input: 'rcvFin', to: 'timeWait', send: 'ACK', side: 'client', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'timeWait', input: 'timeout2Msl', to: 'closed', side: 'client', rfc: 'RFC 9293 §3.10.8' },
  { from: 'timeWait', input: 'rcvRst', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.7.4' },
  { from: 'timeWait', input: 'reopen', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.6.1' },
  { from: 'timeWait', input: 'abort', to: 'closed', side: 'both', rfc: 'RFC 9293 §3.10.5' },
] as const satisfies readonly Transition[]

const stateCount = tcpStateNames.length
const inputNumbers = Object.fromEntries(tcpInputs.map((input, index) => [input, index])) as Readonly<Record<TcpInput, number>>
const table = new Int8Array(stateCount * tcpInputs.length).fill(-1)
for (const { from, input, to } of transitions) table[inputNumbers[input] * stateCount + TcpState[from]] = TcpState[to]

/** Where `input` leads from `state`; null where it leads nowhere, and then nothing may change. */
export function nextState(state: TcpState, input: TcpInput): TcpState | null {
  const to = table[inputNumbers[input] * stateCount + state]
  return to < 0 ? null : to as TcpState
}

/** The number of an input, as decisions and `TcpSnapshot.path` carry it: an index of {@link tcpInputs}. */
export function inputNumber(input: TcpInput): number {
  return inputNumbers[input]
}

/** From ESTABLISHED on both sides know each other's sequence numbers (RFC 9293 §3.3.2). */
export function isSynchronized(state: TcpState): boolean {
  return state >= TcpState.established
}
