import { FaultError, fault } from '../../src/base/fault.ts'
import { ExitCode } from './failure.ts'
import { fileOfFindings, writeFindings } from './findings-only.ts'

/* The program `tcplab`: one command, one exit code (0 done, 1 failed, 2 wrong usage). */

let outputError: NodeJS.ErrnoException | null = null
process.stdout.on('error', (error) => { outputError ??= error })
process.stderr.on('error', () => { /* nobody listens */ })

const argv = process.argv.slice(2)
const file = fileOfFindings(argv)
process.exitCode = file === null ? await (await import('./commands.ts')).runCommand(argv) : await runFindings(file)
await new Promise((resolve) => setImmediate(resolve))
if (process.exitCode === ExitCode.done) process.exitCode = await tellOutputError()
// A standard input that nobody reads to its end, or a helper that is still saying goodbye, must not keep the program.
process.exit()

/** What is asked of large files most often does not wait until all other commands, and their words, are loaded. */
async function runFindings(path: string): Promise<number> {
  try {
    const damage = await writeFindings(path)
    return damage === null ? ExitCode.done : await tell(new FaultError(damage))
  } catch (error) {
    return tell(error)
  }
}

/** A reader that had enough (EPIPE) is no failure; a full disk is. */
async function tellOutputError(): Promise<number> {
  if (outputError === null || outputError.code === 'EPIPE') return ExitCode.done
  const reason = outputError.code ?? outputError.message
  const isFull = reason === 'ENOSPC' || reason === 'EDQUOT'
  return tell(new FaultError(fault(isFull ? 'diskFull' : 'fileNotWritable', { path: 'stdout', reason })))
}

async function tell(error: unknown): Promise<number> {
  return (await import('./commands.ts')).tellTrouble(error)
}
