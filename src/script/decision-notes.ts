import type { TcpConnection } from '../tcp/connection.ts'
import type { DecisionSink, DecisionVerb } from '../tcp/decision.ts'
import type { ReasonIndex } from '../tcp/reasons.ts'
import type { NotedDecision } from './report.ts'

/** Remembers the last decisions of the engine. */
export class DecisionNotes implements DecisionSink {
  startUs = 0
  private readonly limit: number
  private notes: NotedDecision[] = []

  constructor(limit: number) {
    this.limit = limit
  }

  decide(connection: TcpConnection, verb: DecisionVerb, reason: ReasonIndex, nowUs: number, seq: number, lengthBytes: number, a: number, b: number, c: number, d: number): void {
    this.notes.push({ timeUs: nowUs - this.startUs, connection: connection.id, verb, reason, seq, lengthBytes, operands: [a, b, c, d] })
    if (this.notes.length > 2 * this.limit) this.notes = this.notes.slice(-this.limit)
  }

  last(): readonly NotedDecision[] {
    return this.notes.slice(-this.limit)
  }
}
