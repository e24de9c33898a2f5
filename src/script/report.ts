import type { ReasonIndex } from '../tcp/reasons.ts'
import type { DecisionVerb } from '../tcp/decision.ts'
import type { PacketField, PacketParts } from './packet-text.ts'
import type { ProblemCode } from './problem.ts'
import type { Where } from './script.ts'

/** What an event of a script did not find as it says. `src/words` has a sentence for each. */
export const failureCodes = [
  'packetDiffers', 'packetMissing', 'packetEarly', 'packetLate', 'startedLate', 'unknownEcho', 'resultDiffers', 'errnoDiffers', 'valueDiffers', 'wouldBlock', 'returnedEarly', 'returnedLate', 'neverReturned',
  'commandFailed', 'assertionFailed', 'noFlow', 'hostBusy',
] as const

export type FailureCode = typeof failureCodes[number]

/** A decision of the engine, as numbers; times from the script's begin. */
export interface NotedDecision {
  readonly timeUs: number
  readonly connection: number
  readonly verb: DecisionVerb
  readonly reason: ReasonIndex
  readonly seq: number
  readonly lengthBytes: number
  readonly operands: readonly [number, number, number, number]
}

/** An event of the script that came true; the time is from the script's begin. */
export interface PlayedEvent { readonly line: number, readonly timeUs: number }

export interface Failure {
  readonly where: Where
  readonly code: FailureCode | ProblemCode
  readonly params: Readonly<Record<string, string | number>>
  readonly expected: PacketParts | null
  readonly actual: PacketParts | null
  /** Fields of the packet that are not as expected. */
  readonly differing: readonly PacketField[]
}

export interface ScriptReport {
  /** Never `pass` for what could not be run. */
  readonly result: 'pass' | 'fail' | 'unsupported'
  readonly failure: Failure | null
  /** What was not as the script says, and is not fatal by its own word (`--non_fatal`). */
  readonly warnings: readonly Failure[]
  /** In their order; none of a script that could not be read. */
  readonly played: readonly PlayedEvent[]
  /** The engine's decisions up to the failure, oldest first; where more were asked for, also of a script that passed. */
  readonly decisions: readonly NotedDecision[]
  /** What `print` in code blocks and commands said. */
  readonly printed: readonly string[]
  /** How long it took in the script's own time. */
  readonly virtualUs: number
  readonly profile: string
}
