import { FaultError, fault } from '../../src/base/fault.ts'
import type { Words } from './words.ts'

export const ExitCode = { done: 0, failed: 1, usage: 2 } as const

/** The command line itself is wrong; `key` is below `cli.usage`. */
export class UsageError extends Error {
  readonly key: string
  readonly params: Readonly<Record<string, string | number>>

  constructor(key: string, params: Readonly<Record<string, string | number>> = {}) {
    super(key)
    this.key = key
    this.params = params
  }
}

/** Prints what went wrong as one line on the standard error. @returns the exit code */
export function tellFailure(error: unknown, words: Words): number {
  const isUsage = error instanceof UsageError
  const text = isUsage ? words(`cli.usage.${error.key}`, error.params) : words.fault(error instanceof FaultError ? error.fault : internal(error))
  process.stderr.write(`tcplab: ${oneLine(text)}\n`)
  if (!isUsage && !(error instanceof FaultError) && process.env.TCPLAB_DEBUG) console.error(error)
  return isUsage ? ExitCode.usage : ExitCode.failed
}

/** What is quoted may hold line breaks, and codes that a terminal would obey. */
function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]\s*/g, ' ').replace(/\p{Cc}/gu, '\uFFFD')
}

function internal(error: unknown): FaultError['fault'] {
  return fault('internal', { message: error instanceof Error ? error.message : String(error) })
}
