import { FaultError, fault } from '../../src/base/fault.ts'
import { runAnalyze } from './analyze.ts'
import { runCapture } from './capture.ts'
import { runConnect } from './connect.ts'
import { runDemo } from './demo.ts'
import { runExtcap } from './extcap.ts'
import { ExitCode, tellFailure } from './failure.ts'
import { runHost } from './host.ts'
import { runInject } from './inject.ts'
import { runInterfaces } from './interfaces.ts'
import { runMerge } from './merge.ts'
import { askedLanguage, runProgram } from './program.ts'
import { runRun } from './run.ts'
import { runServe } from './serve.ts'
import { version } from './version.ts'
import { chooseLanguage, wordsIn } from './words.ts'

/* The program `tcplab`: one command, one exit code (0 done, 1 failed, 2 wrong usage). */

const runs = {
  interfaces: runInterfaces, capture: runCapture, analyze: runAnalyze, merge: runMerge, host: runHost, connect: runConnect, inject: runInject, serve: runServe, run: runRun,
  extcap: runExtcap, demo: runDemo,
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
