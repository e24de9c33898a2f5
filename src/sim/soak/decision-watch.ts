import type { TcpConnection } from '../../tcp/connection.ts'
import type { DecisionSink, DecisionVerb } from '../../tcp/decision.ts'
import { dropReasons, firstStateReason, holdReasons, Reason, reasonAt, sendReasons, settingReasons } from '../../tcp/reasons.ts'
import type { ReasonIndex } from '../../tcp/reasons.ts'

export type DecisionListener = (
  side: 0 | 1, connection: number, verb: DecisionVerb, reason: string, nowUs: number, seq: number, length: number, operands: readonly number[],
) => void

/** Where the reasons of a verb begin and end in the one list. */
const sends = [0, sendReasons.length] as const
const drops = [sends[1], sends[1] + dropReasons.length] as const
const holds = [drops[1], drops[1] + holdReasons.length] as const
const settings = [holds[1], holds[1] + settingReasons.length] as const
const states = [firstStateReason, Infinity] as const
const listOf: Readonly<Record<DecisionVerb, readonly [number, number]>> = {
  sent: sends, again: sends, ack: sends, reset: sends, dropped: drops, held: holds, setting: settings, state: states,
}

/** Listens to a host's decisions: each has a reason from the list of its verb, with operands that are numbers, and every segment has one. */
export class DecisionWatch implements DecisionSink {
  problem: string | null = null
  /** Decisions to send a segment, and the segments seen since. */
  sent = 0
  frames = 0
  /** A connection ended because the next hop was gone. */
  unreachable = false
  /** Connections that listeners made, by port. */
  readonly accepted = new Map<number, number>()
  private readonly side: 0 | 1
  private readonly listener: DecisionListener | null
  private readonly newData = new Set<number>()

  constructor(side: 0 | 1, listener: DecisionListener | null) {
    this.side = side
    this.listener = listener
  }

  decide(connection: TcpConnection, verb: DecisionVerb, reason: ReasonIndex, nowUs: number, seq: number, lengthBytes: number, a: number, b: number, c: number, d: number): void {
    const [from, to] = listOf[verb]
    if (!(reason >= from && reason < to)) this.problem ??= `the reason ${reason} for "${verb}"`
    if (!Number.isFinite(a + b + c + d) || !Number.isFinite(seq)) this.problem ??= `operands ${[a, b, c, d].join()} of ${reasonAt(reason).id}`
    if (verb === 'sent' || verb === 'again' || verb === 'ack' || verb === 'reset') this.sent++
    if (reason === Reason.onPassiveOpen) this.accepted.set(connection.localPort, 1 + (this.accepted.get(connection.localPort) ?? 0))
    if (reason === Reason.onUnreachable) this.unreachable = true
    if (verb === 'sent' && lengthBytes > 0 && !probes.has(reason)) this.newData.add(connection.id)
    this.listener?.(this.side, connection.id, verb, reasonAt(reason).id, nowUs, seq, lengthBytes, [a, b, c, d])
  }

  /** The connections that sent something new since the last call. */
  takeNewData(): number[] {
    if (this.newData.size === 0) return none
    const ids = [...this.newData]
    this.newData.clear()
    return ids
  }
}

const none: number[] = []
/** What may go beyond the congestion window. */
const probes = new Set<ReasonIndex>([Reason.windowProbe, Reason.probeNew, Reason.frtoData])
