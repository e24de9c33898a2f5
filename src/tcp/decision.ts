import type { TcpConnection } from './connection.ts'
import type { ReasonIndex } from './reasons.ts'

/**
 * sent: new sequence space leaves. again: old sequence space leaves once more. ack: a segment that only acknowledges.
 * reset: an RST leaves. held: nothing leaves, and this is why. dropped: an arriving segment, or part of one, is not taken.
 * setting: a value of the connection changes. state: a transition.
 */
export type DecisionVerb = 'sent' | 'again' | 'ack' | 'reset' | 'held' | 'dropped' | 'setting' | 'state'

/**
 * Hears every decision of the engine at the moment it is made. Numbers only, so that listening costs nothing that lasts.
 * `seq` and `lengthBytes` are those of the segment concerned (0 and 0 where there is none), `a` to `d` the reason's operands in
 * their order. For 'state' a is the state left, b the state entered, c the input.
 */
export interface DecisionSink {
  decide(connection: TcpConnection, verb: DecisionVerb, reason: ReasonIndex, nowUs: number, seq: number, lengthBytes: number, a: number, b: number, c: number, d: number): void
}

/** Hears nothing. */
export const silentSink: DecisionSink = { decide() {} }
