import { FaultError } from '../../src/base/fault.ts'
import { mergeCaptures } from '../files/merge-captures.ts'
import { ExitCode, tellFailure } from './failure.ts'
import type { Run } from './program.ts'
import { programName } from './version.ts'

/** `tcplab merge`: several captures into one, by time. With `--json` one object: `{"event": "merged", "frames", "path"}`. */
export const runMerge: Run = async ({ args, options, json, words }) => {
  const path = options.write!
  const { frames, damages } = await mergeCaptures(args[0] as unknown as string[], path, programName)
  process.stdout.write(`${json ? JSON.stringify({ event: 'merged', frames, path }) : words('cli.merge.done', { frames, path })}\n`)
  for (const damage of damages) tellFailure(new FaultError(damage), words)
  return damages.length === 0 ? ExitCode.done : ExitCode.failed
}
