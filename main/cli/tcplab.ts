import { runCapture } from './capture.ts'
import { runConnect } from './connect.ts'
import { runDemo } from './demo.ts'
import { ExitCode, tellFailure } from './failure.ts'
import { runHost } from './host.ts'
import { runInject } from './inject.ts'
import { runInterfaces } from './interfaces.ts'
import { askedLanguage, runProgram } from './program.ts'
import { runServe } from './serve.ts'
import { version } from './version.ts'
import { chooseLanguage, wordsIn } from './words.ts'

/* The program `tcplab`: one command, one exit code (0 done, 1 failed, 2 wrong usage). */

const runs = { interfaces: runInterfaces, capture: runCapture, host: runHost, connect: runConnect, inject: runInject, serve: runServe, demo: runDemo }

process.exitCode = await main(process.argv.slice(2))
// A standard input that nobody reads to its end, or a helper that is still saying goodbye, must not keep the program.
process.exit()

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
