import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bindingObstacle } from '../support/binding.ts'

const tcplab = fileURLToPath(new URL('../../out/main/tcplab.js', import.meta.url))
/** Root speaks here as the user `nobody`. */
const asOrdinary = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'] : []

interface Ended { status: number | null, stdout: string, stderr: string }

function obstacle(): string | null {
  if (process.platform !== 'linux') return 'needs Linux'
  const missing = bindingObstacle()
  if (missing !== null) return missing
  const [command, ...rest] = [...asOrdinary, 'test', '-r', tcplab]
  const { status, error } = spawnSync(command, rest)
  return error ? `needs setpriv (${error.message})` : status === 0 ? null : `needs a checkout that other users may read, and ${tcplab} is not in one`
}

describe('an interface that an ordinary user may not open, from the command line', () => {
  let folder = ''
  const needs = obstacle()
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-refused-'))
    chmodSync(folder, 0o755)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const run = (args: readonly string[], pkexec: string | null, env: NodeJS.ProcessEnv = {}): Ended => {
    const file = path.join(folder, 'pkexec')
    rmSync(file, { force: true })
    if (pkexec !== null) writeFileSync(file, `#!/bin/sh\necho asked >> "$TCPLAB_ASKED"\n${pkexec}\n`, { mode: 0o755 })
    // A sudo that asks stands before the machine's own.
    writeFileSync(path.join(folder, 'sudo'), '#!/bin/sh\necho "sudo: a password is required" >&2\nexit 1\n', { mode: 0o755 })
    const asked = path.join(folder, 'asked')
    writeFileSync(asked, '')
    chmodSync(asked, 0o666)
    const [command, ...rest] = [...asOrdinary, process.execPath, tcplab, ...args]
    const { status, stdout, stderr } = spawnSync(command, rest, {
      encoding: 'utf8', timeout: 30_000, cwd: '/', env: { PATH: `${folder}:${process.env.PATH}`, LANG: 'C', DISPLAY: ':99', TCPLAB_ASKED: asked, ...env },
    })
    return { status, stdout, stderr }
  }
  const test = (name: string, body: () => void): void => {
    it(name, ({ skip }) => {
      if (needs !== null) skip(needs)
      if (/"name":"lo".*"mayOpen":true/.test(run(['interfaces', '--json'], null).stdout)) skip('needs a user who may not open interfaces, and this one may')
      body()
    })
  }

  test('is offered with --elevate where the system can ask', () => {
    expect(run(['interfaces'], 'exit 126').stdout).toMatch(/^lo .*may be opened with --elevate/m)
    expect(run(['interfaces'], 'exit 126', { DISPLAY: '' }).stdout).toMatch(/^lo .*may not be opened/m)
    expect(run(['interfaces', '--json'], 'exit 126').stdout).toMatch(/"name":"lo".*"mayOpen":false,"elevates":true/)
  })

  const hello = ['--ip', '192.0.2.2/24']
  const commands = [['capture'], ['host', ...hello], ['connect', '192.0.2.1', '80', ...hello], ['inject', '--hex', 'ff'.repeat(64)]]
  for (const [command, ...rest] of commands) {
    test(`${command}: no dialog without --elevate, which the error names`, () => {
      const { status, stderr } = run([command, ...rest, '-i', 'lo'], 'echo started >&2; exit 126')
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^tcplab: The interface lo cannot be opened: .*--elevate.*setcap.*\n$/) })
    })

    test(`${command} --elevate: one clear line when the right is not given`, () => {
      expect(run([command, ...rest, '-i', 'lo', '--elevate'], 'echo "Error: Request dismissed" >&2; exit 126')).toMatchObject({
        status: 1, stderr: expect.stringMatching(/^tcplab: The interface lo was not opened: the question for the right was answered with no: .*setcap.*\n$/),
      })
      expect(run([command, ...rest, '-i', 'lo', '--elevate'], 'echo "Error: Not authorized" >&2; exit 127')).toMatchObject({
        status: 1, stderr: expect.stringMatching(/^tcplab: The interface lo was not opened: the system did not give the right \(Error: Not authorized\): .*\n$/),
      })
    })
  }

  test('a helper that was started without the rights says so', () => {
    const { status, stderr } = run(['capture', '-i', 'lo', '--elevate'], 'shift; exec "$@"')
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^tcplab: The interface lo cannot be opened: this user may not capture on it: .*setcap.*\n$/) })
  })

  test('where nothing can ask, that is what is said', () => {
    const { status, stderr } = run(['capture', '-i', 'lo', '--elevate'], null, { DISPLAY: '' })
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^tcplab: .*nothing here can ask for the right.*\n$/) })
  })

  test('in Korean too', () => {
    expect(run(['capture', '-i', 'lo', '--elevate'], 'exit 126', { LANG: 'ko_KR.UTF-8' }).stderr).toMatch(/취소했습니다/)
  })
})
