import type { Invocation } from './program.ts'

/** Whether the findings as text are all that is asked for: whatever else there is needs packets to be kept. */
export function asksOnlyFindings({ options, json }: Invocation): boolean {
  return options.findings === 'tsv' && !json && Object.entries(options).every(([name, value]) => value === undefined || value === false || name === 'findings' || name === 'lang')
}
