import { ExitCode, tellFailure } from './failure.ts'
import type { CliCommand } from './options.ts'
import { askedLanguage, runProgram } from './program.ts'
import type { Run } from './program.ts'
import { version } from './version.ts'
import { chooseLanguage, wordsIn } from './words.ts'

/** Each command loads what it needs, and nothing of the others. */
const runs: Readonly<Record<CliCommand, Run>> = {
  interfaces: async (invocation) => (await import('./interfaces.ts')).runInterfaces(invocation),
  capture: async (invocation) => (await import('./capture.ts')).runCapture(invocation),
  analyze: async (invocation) => (await import('./analyze.ts')).runAnalyze(invocation),
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

/** @returns the exit code */
export async function runCommand(argv: readonly string[]): Promise<number> {
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

/** Says what went wrong where no command is there to say it. @returns the exit code */
export function tellTrouble(error: unknown): number {
  return tellFailure(error, wordsIn(chooseLanguage(askedLanguage(process.argv.slice(2)))))
}
