import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { buildPrograms } from '../../main/setup/programs.mjs'

/**
 * Builds a test's own program to one file below `out`, where it finds packages and the native binding as the real programs do.
 * @param entry path from the checkout
 */
export async function buildProgram(entry: string): Promise<string> {
  const name = path.basename(entry, '.ts')
  const outDir = await buildPrograms({ [name]: entry }, `test-programs/${name}-${process.pid}`)
  return path.join(outDir, `${name}.mjs`)
}

export interface ProgramResult { status: number | null, signal: NodeJS.Signals | null, stdout: string, stderr: string }

export interface ProgramOptions {
  /** A command that starts it, such as one that drops rights. */
  readonly before?: readonly string[]
  readonly nodeArgs?: readonly string[]
}

export function runProgram(file: string, args: readonly string[], { before = [], nodeArgs = [] }: ProgramOptions = {}): ProgramResult {
  const [command, ...rest] = [...before, process.execPath, ...nodeArgs, file, ...args]
  const { status, signal, stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8', timeout: 60_000 })
  return { status, signal, stdout, stderr }
}
