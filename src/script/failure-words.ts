import { problemCodes } from './problem.ts'
import type { Failure } from './report.ts'

/** Where the words for a failure are (in the catalogue's section `script`), and with which parameters. */
export function failureWords({ code, params }: Failure): { readonly key: string, readonly params: Readonly<Record<string, string | number>> } {
  const isProblem = (problemCodes as readonly string[]).includes(code)
  const isTimed = code === 'packetEarly' || code === 'packetLate' || code === 'returnedEarly' || code === 'returnedLate' || code === 'neverReturned'
  const shown = Object.fromEntries(Object.entries(params).map(([name, value]) => {
    const isTime = typeof value === 'number' && (timeParams.includes(name) || (isTimed && (name === 'actual' || name === 'expected')))
    return [name, isTime ? `${secondsText(value)} s` : value]
  }))
  return { key: `script.${isProblem ? 'problems' : 'failures'}.${code}`, params: shown }
}

const timeParams = ['waited', 'difference', 'late', 'due']

/** Seconds with all their microseconds. */
export function secondsText(us: number): string {
  return (us / 1_000_000).toFixed(6)
}
