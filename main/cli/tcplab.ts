import { FaultError, fault } from '../../src/base/fault.ts'
import { asksOnlyFindings } from './asks-only-findings.ts'
import { ExitCode, tellFailure } from './failure.ts'
import type { CliCommand } from './options.ts'
import { askedLanguage, runProgram } from './program.ts'
import type { Run } from './program.ts'
import { version } from './version.ts'
import { chooseLanguage, wordsIn } from './words.ts'

/* The program `tcplab`: one command, one exit code (0 done, 1 failed, 2 wrong usage). */

/** Each command loads what it needs, and nothing of the others. */
const runs: Readonly<Record<CliCommand, Run>> = {
  interfaces: async (invocation) => (await import('./interfaces.ts')).runInterfaces(invocation),
  capture: async (invocation) => (await import('./capture.ts')).runCapture(invocation),
  analyze: async (invocation) => asksOnlyFindings(invocation) ? (await import('./findings-only.ts')).runFindingsOnly(invocation) : (await import('./analyze.ts')).runAnalyze(invocation),
  merge: async (invocation) => (await import('./merge.ts')).runMerge(invocation),
  host: async (invocation) => (await import('./host.ts')).runHost(invocation),
  connect: async (invocation) => (await import('./connect.ts')).runConnect(invocation),
  datagram: async (invocation) => (await import('./datagram.ts')).runDatagram(invocation),
  inject: async (invocation) => (await import('./inject.ts')).runInject(invocation),
  serve: async (invocation) => (await import('./serve.ts')).runServe(invocation),
  run: async (invocation) => (await import('./run.ts')).runRun(invocation),
  extcap: async (invocation) => (await import('./extcap.ts')).runExtcap(invocation),
  demo: async (invocation) => (await import('./demo.ts')).runDemo(invocation),
}

let outputError: NodeJS.ErrnoException | null = null
process.stdout.on('error', (error) => { outputError ??= error })
process.stderr.on('error', () => { /* nobody listens */ })

process.exitCode = await main(process.argv.slice(2))
await new Promise((resolve) => setImmediate(resolve))
if (process.exitCode === ExitCode.done) process.exitCode = tellOutputError()
// A standard input that nobody reads to its end, or a helper that is still saying goodbye, must not keep the program.
process.exit()

/** A reader that had enough (EPIPE) is no failure; a full disk is. */
function tellOutputError(): number {
  if (outputError === null || outputError.code === 'EPIPE') return ExitCode.done
  const reason = outputError.code ?? outputError.message
  const isFull = reason === 'ENOSPC' || reason === 'EDQUOT'
  return tellFailure(new FaultError(fault(isFull ? 'diskFull' : 'fileNotWritable', { path: 'stdout', reason })), wordsIn(chooseLanguage(askedLanguage(process.argv.slice(2)))))
}

async function main(argv: readonly string[]): Promise<number> {
  let words = wordsIn(chooseLanguage(undefined))
  try {
    words = wordsIn(chooseLanguage(askedLanguage(argv)))
    if (argv.length === 0) {
      await runProgram(['--help'], version, words, runs)
      return ExitCode.usage
    }
    return await runProgram(argv, version, words, runs)
  } catch (error) {
    return tellFailure(error, words)
  }
}
