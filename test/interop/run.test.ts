import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram } from '../support/program.ts'

const passing = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1000>
+0 > S. 0:0(0) ack 1 <...>
`
const exitCodes = { done: 0, failed: 1, usage: 2 }

interface Summary { scripts: number, pass: number, fail: number, unsupported: number }
interface Row { file?: string, result?: string, line?: number, profile?: string, differs?: string[], unsupported?: string | null, summary?: Summary }

describe('tcplab run', () => {
  let program = ''
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-run-'))
  const script = (name: string, text: string): string => {
    const file = path.join(folder, name)
    writeFileSync(file, text)
    return file
  }
  const tcplab = (...args: string[]) => spawnSync(process.execPath, [program, 'run', ...args], { encoding: 'utf8', env: { ...process.env, LANG: 'C', LC_ALL: '' } })
  const rowsOf = (stdout: string): Row[] => stdout.trim().split('\n').map((line) => JSON.parse(line) as Row)

  beforeAll(async () => { program = await buildProgram('main/cli/tcplab.ts') }, 60_000)
  afterAll(() => {
    if (program !== '') rmSync(path.dirname(program), { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
  })

  it('says that a script passed, and ends well', () => {
    const { status, stdout, stderr } = tcplab(script('good.pkt', passing))
    expect({ status, stderr }).toEqual({ status: exitCodes.done, stderr: '' })
    expect(stdout).toMatch(/^pass {2}.*good\.pkt/)
    expect(stdout).toContain('1 passed, 0 failed, 0 unsupported')
  })

  it('shows the line that failed, what came in its place and why, and exits with 1', () => {
    const { status, stdout } = tcplab(script('bad.pkt', passing.replace('ack 1 <...>', 'ack 2 <...>')))
    expect(status).toBe(exitCodes.failed)
    expect(stdout).toMatch(/^FAIL {2}.*bad\.pkt:5:1 {2}.*ack/)
    expect(stdout).toMatch(/expected +> S\. 0:0\(0\) ack 2/)
    expect(stdout).toMatch(/came +> .*S\. 0:0\(0\) ack 1/)
    expect(stdout).toMatch(/because: .*\(RFC 9293/)
  })

  it('takes options of packetdrill before those of the script, in both forms, and refuses others', () => {
    const six = script('six.pkt', `--mtu=1400\n${passing.replace('ack 1 <...>', 'ack 1 <mss 1460>')}`)
    expect(tcplab(six, '--ip_version=ipv6', '--mtu', '1520', '--strict_segments', '--local_ip=fd00::1', '--remote_ip=fd00::2').status).toBe(exitCodes.done)
    expect(tcplab(six).status).toBe(exitCodes.failed)
    const wrong = tcplab(six, '--ip_version=ipv5')
    expect(wrong.status).toBe(exitCodes.usage)
    expect(wrong.stderr).toContain('ipv4-mapped-ipv6')
    expect(tcplab(six, '--nothing=1').status).toBe(exitCodes.usage)
  })

  it('defines the name of the profile for scripts of several systems, unless one is given', () => {
    const both = script('both.pkt', `${passing}#ifdef STANDARD\n+0 close(9) = 0\n#endif\n`)
    expect(tcplab(both, '--profile', 'freebsd').status).toBe(exitCodes.done)
    expect(tcplab(both, '--profile', 'freebsd', '-D', 'STANDARD').status).toBe(exitCodes.failed)
  })

  it('tells what it does not have from what went wrong', () => {
    const { status, stdout } = tcplab(script('foreign.pkt', `${passing}+0 \`tc qdisc show\`\n`), '--json')
    const [row, last] = rowsOf(stdout)
    expect(status).toBe(exitCodes.failed)
    expect(row).toMatchObject({ result: 'unsupported', line: 6 })
    expect(row.unsupported).toContain('tc qdisc show')
    expect(last.summary).toMatchObject({ scripts: 1, pass: 0, fail: 0, unsupported: 1 })
  })

  it('writes an object a script and a summary with --json', () => {
    const good = script('one.pkt', passing)
    const bad = script('two.pkt', passing.replace('S. 0:0(0) ack 1', 'S. 0:0(0) ack 9'))
    const { status, stdout } = tcplab(good, bad, '--json', '--profile', 'freebsd')
    const [first, second, last] = rowsOf(stdout)
    expect(status).toBe(exitCodes.failed)
    expect(first).toMatchObject({ file: good, result: 'pass', profile: 'freebsd' })
    expect(second).toMatchObject({ file: bad, result: 'fail', line: 5, differs: ['ack'] })
    expect(last.summary).toMatchObject({ scripts: 2, pass: 1, fail: 1, unsupported: 0 })
  })

  it('prints the same with threads, in the order of the files', () => {
    const built = fileURLToPath(new URL('../../out/main/tcplab.js', import.meta.url))
    const places = [fileURLToPath(new URL('../scripts/state-walks', import.meta.url)), script('bad.pkt', passing.replace('ack 1 <...>', 'ack 2 <...>'))]
    const [serial, parallel] = [[], ['-j', '3']].map((more) => spawnSync(process.execPath, [built, 'run', ...places, '--trace', ...more], { encoding: 'utf8' }))
    const timeless = (text: string) => text.replace(/, [\d.]+ ms\)/g, ')').replace(/in [\d.]+ s/, '')
    expect(parallel.stderr).toBe('')
    expect(parallel.status).toBe(exitCodes.failed)
    expect(timeless(parallel.stdout)).toBe(timeless(serial.stdout))
    expect(parallel.stdout.match(/^pass /gm)!.length).toBeGreaterThan(80)
  })

  it('names the place of what is no script', () => {
    const { status, stdout } = tcplab(script('broken.pkt', '0 socket(..., SOCK_STREAM, IPPROTO_TCP = 3\n'))
    expect(status).toBe(exitCodes.failed)
    expect(stdout).toMatch(/^FAIL {2}.*broken\.pkt:1:\d+/)
  })

  it('says which file is missing', () => {
    const { status, stderr } = tcplab(path.join(folder, 'none.pkt'))
    expect(status).toBe(exitCodes.failed)
    expect(stderr).toContain('none.pkt')
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('refuses a profile that there is none of', () => {
    const { status, stderr } = tcplab(script('good.pkt', passing), '--profile', 'plan9')
    expect(status).toBe(exitCodes.usage)
    expect(stderr).toContain('linux | freebsd | rfc')
  })

  it('takes symbols of scripts from the command line', () => {
    const file = script('symbol.pkt', passing.replace('mss 1000', 'mss SIZE').replace('listen(3, 1)', 'listen(3, BACKLOG)'))
    expect(tcplab(file, '--define', 'SIZE=700', '-D', 'BACKLOG=2').status).toBe(exitCodes.done)
    expect(tcplab(file, '--define', 'SIZE=700').status).toBe(exitCodes.failed)
  })
})
