import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { it } from 'vitest'

const mark = 'TCPLAB_OWN_NETWORK'
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

interface Assertion { fullName: string, status: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo', failureMessages?: string[], meta?: { reason?: string } }

/**
 * Runs a test file's tests in a network namespace of their own: as root directly, otherwise inside a user namespace.
 * The file is run again in there, and each of its tests shows up here with its outcome.
 * @param file `import.meta.url` of the test file
 * @param tests defines the tests; called only in the namespace
 * @param needs what else may be missing, as the reason to print instead (`needs …`), or null
 */
export function inOwnNetwork(file: string, tests: () => void, needs: () => string | null = () => null): void {
  if (process.env[mark] !== undefined) {
    run('ip', ['link', 'set', 'lo', 'up'])
    tests()
    return
  }
  const reason = obstacle() ?? needs()
  if (reason !== null) {
    it('runs in a network namespace of its own', ({ skip }) => skip(reason))
    return
  }
  const { assertions, output } = runInside(fileURLToPath(file))
  if (assertions.length === 0) {
    it('runs in a network namespace of its own', () => { throw new Error(`the run in the namespace gave no result:\n${output}`) })
    return
  }
  for (const { fullName, status, failureMessages, meta } of assertions) {
    it(fullName, ({ skip }) => {
      if (status === 'failed') throw new Error(failureMessages?.join('\n') ?? 'failed')
      if (status !== 'passed') skip(meta?.reason ?? 'skipped in the namespace without a reason')
    })
  }
}

/** A program's output. @throws when it fails */
export function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
  return stdout
}

/** Runs a program while our host goes on in this thread. */
export function runAsync(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => { execFile(command, args, (error, stdout, stderr) => error ? reject(new Error(`${error.message} ${stdout} ${stderr}`)) : resolve(stdout)) })
}

/** A veth pair that is up and silent: no IPv6, so that the kernel says nothing by itself. */
export function makeVeth(a: string, b: string): void {
  run('ip', ['link', 'add', a, 'type', 'veth', 'peer', 'name', b])
  for (const name of [a, b]) {
    run('sysctl', ['-qw', `net.ipv6.conf.${name}.disable_ipv6=1`])
    run('ip', ['link', 'set', name, 'up'])
  }
}

export function removeVeth(name: string): void {
  spawnSync('ip', ['link', 'del', name], { stdio: 'ignore', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
}

function unshareArguments(): string[] {
  return process.getuid?.() === 0 ? ['-n'] : ['-Urn']
}

/** Why a namespace cannot be had here, or null. */
function obstacle(): string | null {
  if (process.platform !== 'linux') return 'needs Linux network namespaces'
  const { status, stderr, error } = spawnSync('unshare', [...unshareArguments(), 'true'], { encoding: 'utf8' })
  return status === 0 ? null : `needs a network namespace, which this system refuses: ${(error?.message ?? stderr).trim()}`
}

function runInside(file: string): { assertions: Assertion[], output: string } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-'))
  const report = path.join(folder, 'report.json')
  const vitest = path.join(path.dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const reporter = path.join(root, 'test/support/own-network-reporter.mjs')
  const name = path.relative(root, file)
  // The folder of a test is its project.
  const args = [...unshareArguments(), process.execPath, vitest, 'run', '--project', name.split(path.sep)[1], name, '--reporter', reporter]
  const { stdout, stderr } = spawnSync('unshare', args, {
    cwd: root, encoding: 'utf8', timeout: 240_000, env: { ...process.env, [mark]: report, VITEST: undefined, VITEST_WORKER_ID: undefined, VITEST_POOL_ID: undefined },
  })
  try {
    return { assertions: JSON.parse(readFileSync(report, 'utf8')) as Assertion[], output: stdout + stderr }
  } catch {
    return { assertions: [], output: stdout + stderr }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
