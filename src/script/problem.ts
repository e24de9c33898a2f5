import type { Where } from './script.ts'

/** Why a script cannot be read, or cannot be run here. `src/words` has a sentence for each. */
export const problemCodes = [
  'expected', 'badOption', 'badOptionValue', 'lengthDiffers', 'countDiffers', 'optionsUnaligned', 'optionsTooLong', 'firstEventNotAtZero', 'rangeBeforeInput', 'rangeBackwards', 'badNumber', 'numberTooLarge', 'unbalancedIf',
  'unterminated', 'pythonSyntax', 'badProfile', 'otherIpVersion',
  'encapsulation', 'socketKind', 'systemCall', 'argument', 'socketOption', 'constant', 'icmpKind', 'shellCommand', 'sysctl', 'pythonStatement', 'pythonName', 'packetOption', 'counter', 'notLive', 'toolOption',
] as const

export type ProblemCode = typeof problemCodes[number]

/** What is wrong with a script, and where. `unsupported` is well-formed and not had here. */
export class ScriptProblem extends Error {
  readonly kind: 'syntax' | 'unsupported'
  readonly where: Where
  readonly code: ProblemCode
  readonly params: Readonly<Record<string, string | number>>

  constructor(kind: 'syntax' | 'unsupported', where: Where, code: ProblemCode, params: Readonly<Record<string, string | number>> = {}) {
    super(`${where.line}:${where.column} ${code} ${JSON.stringify(params)}`)
    this.name = 'ScriptProblem'
    this.kind = kind
    this.where = where
    this.code = code
    this.params = params
  }
}

export function syntax(where: Where, code: ProblemCode, params: Readonly<Record<string, string | number>> = {}): ScriptProblem {
  return new ScriptProblem('syntax', where, code, params)
}

export function unsupported(where: Where, code: ProblemCode, what: string): ScriptProblem {
  return new ScriptProblem('unsupported', where, code, { what })
}
