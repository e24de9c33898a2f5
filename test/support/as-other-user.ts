import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'

const mark = 'TCPLAB_OTHER_USER'
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
/** The user `nobody` nearly everywhere; that nobody owns anything is the point. */
const otherUser = 65534

interface Assertion { fullName: string, status: string, failureMessages?: string[], meta?: { reason?: string } }

/**
 * Runs a file's tests as whoever runs the tests, and, where that is root, once more as an ordinary user.
 * @param file `import.meta.url` of the test file
 */
export function asBothUsers(file: string, tests: () => void): void {
  if (process.env[mark] !== undefined || process.getuid?.() !== 0) {
    tests()
    return
  }
  describe('as root', tests)
  describe('as an ordinary user', () => { asOtherUser(fileURLToPath(file)) })
}

function asOtherUser(file: string): void {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-user-'))
  chmodSync(folder, 0o700)
  chownSync(folder, otherUser, otherUser)
  try {
    const obstacle = obstacleFor(file)
    if (obstacle === null) report(runAs(file, folder))
    else it('runs', ({ skip }) => skip(obstacle))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function report({ assertions, output }: { assertions: Assertion[], output: string }): void {
  if (assertions.length === 0) it('runs', () => { throw new Error(`the run as another user gave no result:\n${output}`) })
  for (const { fullName, status, failureMessages, meta } of assertions) {
    it(fullName, ({ skip }) => {
      if (status === 'failed') throw new Error(failureMessages?.join('\n') ?? 'failed')
      if (status !== 'passed') skip(meta?.reason ?? 'skipped as another user without a reason')
    })
  }
}

function obstacleFor(file: string): string | null {
  const { status, error } = spawnSync('setpriv', [...identity(), 'test', '-r', file])
  if (error !== undefined) return `needs setpriv (${error.message})`
  return status === 0 ? null : `needs a checkout that other users may read, and ${root} is not one`
}

function identity(): string[] {
  return [`--reuid=${otherUser}`, `--regid=${otherUser}`, '--clear-groups', '--inh-caps=-all']
}

function runAs(file: string, folder: string): { assertions: Assertion[], output: string } {
  const result = path.join(folder, 'report.json')
  const vitest = path.join(path.dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const reporter = path.join(root, 'test/support/own-network-reporter.mjs')
  // The configuration is run, not bundled into a file of its own: the checkout belongs to somebody else.
  const args = ['run', '--project', 'interop', '--configLoader', 'runner', '--no-cache', path.relative(root, file), '--reporter', reporter]
  const env = { ...process.env, [mark]: '1', TCPLAB_OWN_NETWORK: result, HOME: folder, TMPDIR: folder, VITEST: undefined, VITEST_WORKER_ID: undefined, VITEST_POOL_ID: undefined }
  const { stdout, stderr } = spawnSync('setpriv', [...identity(), process.execPath, vitest, ...args], { cwd: root, encoding: 'utf8', timeout: 120_000, env })
  try {
    return { assertions: JSON.parse(readFileSync(result, 'utf8')) as Assertion[], output: stdout + stderr }
  } catch {
    return { assertions: [], output: stdout + stderr }
  }
}
