import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { bindingObstacle } from '../support/binding.ts'
import { inOwnNetwork, makeVeth, removeVeth, run } from '../support/own-network.ts'

/* What a user gets who asks for what cannot be: one line, the right exit code, nothing left behind, and what was captured. */

const program = path.resolve(import.meta.dirname, '../../out/main/tcplab.js')
const near = 'tlbad0'
const far = 'tlbad1'
const kernelAddress = '10.77.0.1'
const onWire = ['-i', near, '--ip', '10.77.0.2/24']
const arp = `ffffffffffff0200000000010806000108000604000102000000000${'1'}0a4d00010000000000000a4d0063`
const exitCodes = { done: 0, failed: 1, usage: 2, interruptedEarly: 130 }

interface Ended { code: number | null, stdout: string, stderr: string, ms: number }

interface StartOptions { before?: readonly string[], env?: NodeJS.ProcessEnv, stdio?: StdioOptions }

/** One running command: its output so far, and its end. */
class Running {
  stdout = ''
  stderr = ''
  readonly child: ChildProcess
  readonly ended: Promise<Ended>

  constructor(args: readonly string[], { before = [], env = {}, stdio = ['ignore', 'pipe', 'pipe'] }: StartOptions) {
    const [command, ...rest] = [...before, process.execPath, program, ...args]
    const startedAt = performance.now()
    this.child = spawn(command, rest, { stdio, env: { ...process.env, LANG: 'C', LC_ALL: '', ...env } })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => { this.stdout += text })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => { this.stderr += text })
    this.ended = once(this.child, 'close').then(([code]) => ({ code: code as number | null, stdout: this.stdout, stderr: this.stderr, ms: performance.now() - startedAt }))
  }

  get pid(): number { return this.child.pid! }

  async says(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.stdout) || pattern.test(this.stderr), () => `${pattern} was not said (exit ${this.child.exitCode}):\n${this.stdout}\n${this.stderr}`)
  }
}

inOwnNetwork(import.meta.url, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-bad-'))
  const place = (name: string): string => path.join(folder, name)
  const started: Running[] = []
  const start = (args: readonly string[], options: StartOptions = {}): Running => {
    const running = new Running(args, options)
    started.push(running)
    return running
  }
  const tcplab = (...args: string[]): Promise<Ended> => start(args).ended

  beforeAll(() => {
    makeVeth(near, far)
    run('ip', ['addr', 'add', `${kernelAddress}/24`, 'dev', far])
  })
  afterEach(async () => {
    for (const { child, ended } of started.splice(0)) {
      if (child.exitCode === null) child.kill('SIGKILL')
      await ended
    }
  })
  afterAll(() => {
    removeVeth(near)
    rmSync(folder, { recursive: true, force: true })
  })

  describe('what is asked for cannot be', () => {
    writeFileSync(place('empty'), '')
    writeFileSync(place('binary'), Uint8Array.of(0x1b, 0x5b, 0x33, 0x31, 0x6d, 0, 0xff, 0xfe, 10))
    writeFileSync(place('cut.pcapng'), Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a))
    const refused: [string, string[], number, RegExp][] = [
      ['the network\'s own address', ['host', '-i', near, '--ip', '10.77.0.0/24'], 1, /“10\.77\.0\.0\/24” cannot be used as an address here/],
      ['the broadcast address', ['host', '-i', near, '--ip', '10.77.0.255/24'], 1, /cannot be used as an address here/],
      ['a group\'s address', ['host', '-i', near, '--ip', '224.0.0.5/24'], 1, /cannot be used as an address here/],
      ['a loopback address', ['connect', '-i', near, '--ip', '127.0.0.5/8', kernelAddress, '1'], 1, /cannot be used as an address here/],
      ['an address that somebody has', ['host', '-i', near, '--ip', `${kernelAddress}/24`], 1, /The address 10\.77\.0\.1 cannot be used: [0-9a-f:]{17} already has it: choose another/],
      ['to connect to an address that is no single host\'s', ['connect', ...onWire, '10.77.0.255', '80'], 1, /“10\.77\.0\.255” cannot be used as an address here/],
      ['a group\'s MAC', ['host', ...onWire, '--mac', '01:00:5e:00:00:01'], 1, /mac cannot be “01:00:5e:00:00:01”/],
      ['an unknown preset', ['host', ...onWire, '--preset', 'nosuch'], 1, /preset cannot be “nosuch”: it has to be rfc \|/],
      ['an initial sequence number of 37 bits', ['host', ...onWire, '--isn', '99999999999'], 1, /isn cannot be “99999999999”/],
      ['a folder as a recording', ['capture', '-i', near, '-w', folder], 1, /cannot be written: a folder has this name: choose another name/],
      ['a folder as a source', ['connect', ...onWire, kernelAddress, '1', '--send', folder], 1, /cannot be read: it is a folder/],
      ['a folder as a target', ['connect', ...onWire, kernelAddress, '1', '--receive', folder], 1, /cannot be written: a folder has this name/],
      ['an empty file to send', ['inject', '-i', near, '--file', place('empty')], 1, /holds no frame and no packet line: choose another file/],
      ['a file that is neither text nor a capture', ['inject', '-i', near, '--file', place('binary')], 1, /is neither pcap nor pcapng: open a capture file/],
      ['a capture file that breaks off', ['inject', '-i', near, '--file', place('cut.pcapng')], 1, /cut\.pcapng/],
      ['a file that is not there', ['inject', '-i', near, '--file', place('nosuch')], 1, /does not exist: check the name/],
      ['a packet line without addresses where there is nobody to fill in', ['inject', '-i', near, 'S 0:0(0) win 1'], 1, /ADDRESS:PORT > ADDRESS:PORT was expected, .*: correct it; an example is 10\.77\.0\.2:40000 > /],
      ['a sequence number of 47 bits', ['inject', '-i', near, 'S 99999999999999:0(0) win 1'], 1, /column 3: 0\.\.4294967295 was expected/],
      ['an impossible rate', ['inject', '-i', near, '--hex', arp, '--rate', '99999999999'], 1, /rate cannot be “99999999999”/],
      ['an endless injection', ['inject', '-i', near, '--hex', arp, '--count', '9999999999'], 1, /count cannot be “9999999999”: it has to be 1 \.\. /],
      ['no frame at all', ['inject', '-i', near, '--hex', arp, '--count', '0'], 2, /--count cannot be “0”/],
      ['a negative number', ['inject', '-i', near, '--hex', arp, '--count', '-1'], 2, /--count cannot be “-1”/],
      ['half a byte', ['inject', '-i', near, '--hex', '0'], 2, /--hex cannot be “0”/],
      ['consent without a name', ['inject', '-i', near, '--hex', arp, '--consent', 'all'], 2, /--consent cannot be “all”/],
      ['to capture nothing', ['capture', '-i', near, '--count', '0'], 2, /--count cannot be “0”: it has to be 1, 2, 3/],
      ['more time than a timer has', ['capture', '-i', near, '--seconds', '99999999999'], 2, /--seconds cannot be “99999999999”: it has to be .* 2000000/],
      ['a file without a name', ['capture', '-i', near, '-w', ''], 2, /--write cannot be “”/],
      ['a file name that is no UTF-8', ['capture', '-i', near, '-w', place('caf\uFFFD')], 2, /--write cannot be .*UTF-8/],
      ['port 0', ['connect', ...onWire, kernelAddress, '0'], 2, /PORT cannot be “0”/],
      ['a missing argument', ['connect', ...onWire, kernelAddress], 2, /the argument PORT is missing/],
      ['a missing value', ['capture', '-i'], 2, /the option --interface needs a value/],
      ['one argument too many', ['connect', ...onWire, kernelAddress, '80', '81'], 2, /too many arguments/],
      ['help about nothing', ['help', 'nosuch'], 2, /there is no command nosuch/],
      ['a server port beyond all', ['serve', '--port', '99999'], 2, /--port cannot be “99999”/],
      ['codes that a terminal would obey', ['capture', '-i', 'a\u001b[31m\nb'], 1, /There is no interface “a\uFFFD\[31m b”/],
    ]
    it.each(refused)('%s', async (_what, args, code, pattern) => {
      const ended = await tcplab(...args)
      expect(lineOf(ended)).toMatch(pattern)
      expect(ended.code).toBe(code)
    })

    it('permission to open the interface', async () => {
      const withoutRights = ['setpriv', '--inh-caps=-all', '--bounding-set=-all']
      for (const args of [['capture', '-i', near], ['host', ...onWire], ['inject', '-i', near, '--hex', arp]]) {
        const ended = await start(args, { before: withoutRights }).ended
        expect(lineOf(ended)).toMatch(/The interface tlbad0 cannot be opened: this user may not capture on it: allow it with .*setcap .*, or run the lab as an administrator/)
        expect(ended.code).toBe(exitCodes.failed)
      }
      const { code, stdout } = await start(['interfaces'], { before: withoutRights }).ended
      expect(code).toBe(exitCodes.done)
      expect(stdout).toMatch(/tlbad0 .*up, may not be opened/)
    })

    it('an interface that is down', async () => {
      run('ip', ['link', 'set', near, 'down'])
      try {
        const ended = await tcplab('capture', '-i', near)
        expect(lineOf(ended)).toMatch(/tlbad0 cannot be opened: it is down: bring it up/)
        expect(ended.code).toBe(exitCodes.failed)
      } finally {
        run('ip', ['link', 'set', near, 'up'])
      }
    })

    it('a server port that another program has', async () => {
      const other = net.createServer().listen(0, '127.0.0.1')
      await once(other, 'listening')
      const { port } = other.address() as net.AddressInfo
      const ended = await tcplab('serve', '--link', 'virtual', '--recordings', place('port'), '--port', String(port))
      expect(lineOf(ended)).toMatch(new RegExp(`cannot use port ${port}: another program has it: choose another with --port`))
      expect(ended.code).toBe(exitCodes.failed)
      other.close()
    })
  })

  describe('what was captured is kept', () => {
    it('by the one lab that records, when a second one wants the same file', async () => {
      const file = place('two.pcapng')
      const first = start(['capture', '-i', near, '-q', '-w', file])
      await first.says(/recording to/)
      const second = await tcplab('capture', '-i', near, '--seconds', '0.2', '-w', file)
      expect(lineOf(second)).toMatch(new RegExp(`two\\.pcapng cannot be recorded to: process ${first.pid} is recording to it: choose another name or end that process`))
      expect(second.code).toBe(exitCodes.failed)
      await tcplab('inject', '-i', far, '--hex', arp, '--count', '5')
      first.child.kill('SIGINT')
      expect(countsOf(await first.ended)).toMatchObject({ recorded: 5 })
      expect(framesIn(file)).toBe(5)
      expect(existsSync(`${file}.lock`)).toBe(false)
    })

    it('when the disk is full: what fits is there, it is told once, and the counts are those of the file', async ({ skip }) => {
      const kept = place('kept.pcapng')
      // The small file system is seen by this shell alone, and goes with it.
      const script = 'mount -t tmpfs -o size=64k tmpfs "$1" || exit 99; "$2" "$3" capture -i "$4" -q --count 300 -w "$1/full.pcapng"; code=$?; cp "$1/full.pcapng" "$5"; ls "$1" >&2; exit $code'
      mkdirSync(place('disk'))
      const shell = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', place('disk'), process.execPath, program, near, kept], { env: { ...process.env, LANG: 'C', LC_ALL: '' } })
      let [stdout, stderr] = ['', '']
      shell.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text })
      shell.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
      const closed = once(shell, 'close')
      await until(() => stderr.includes('recording to') || shell.exitCode !== null, () => stderr)
      if (shell.exitCode === 99) skip(`needs a small file system to fill: ${stderr.trim()}`)
      const big = `${'ffffffffffff020000000001'}88b5${'00'.repeat(1000)}`
      await tcplab('inject', '-i', far, '--hex', big, '--count', '200')
      await until(() => stderr.includes('tcplab: '), () => stderr)
      await tcplab('inject', '-i', far, '--hex', big, '--count', '100')
      const [code] = await closed as [number]
      expect(lineOf({ code, stdout, stderr, ms: 0 })).toMatch(/cannot be written further: the disk is full: free some space; capturing goes on/)
      expect(code).toBe(exitCodes.failed)
      expect(stderr.trimEnd().split('\n').at(-1)).toBe('full.pcapng')
      const { received, recorded } = JSON.parse(stdout) as { received: number, recorded: number }
      expect(received).toBe(300)
      expect(recorded).toBeGreaterThan(30)
      expect(framesIn(kept)).toBe(recorded)
    })

    it('when the disk is full from the start, nothing is begun and nothing left', async () => {
      const script = 'mount -t tmpfs -o size=16k tmpfs "$1" || exit 99; head -c 1M /dev/zero > "$1/ballast"; "$2" "$3" capture -i "$4" -w "$1/full.pcapng"; code=$?; ls "$1"; exit $code'
      mkdirSync(place('brim'))
      const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', `{ ${script}; } 2>&1 | grep -v 'No space left'`, 'sh', place('brim'), process.execPath, program, near], { encoding: 'utf8', timeout: 20_000 })
      expect(stdout, `${status} ${stderr}`).toMatch(/^tcplab: The file .*full\.pcapng cannot be written: the disk is full: free some space, or choose another place\nballast\n$/)
    })

    it('a device that takes nothing is refused and stays what it is', async ({ skip }) => {
      const device = place('device')
      const made = spawnSync('mknod', [device, 'c', '1', '7'], { encoding: 'utf8' })
      if (made.status !== 0) skip(`needs the right to make a device: ${made.stderr.trim()}`)
      const ended = await tcplab('capture', '-i', near, '--seconds', '0.2', '-w', device)
      expect(lineOf(ended)).toMatch(/device cannot be written: the disk is full/)
      expect(statSync(device).isCharacterDevice()).toBe(true)
      expect(existsSync(`${device}.lock`)).toBe(false)
    })

    it('when the interface is removed under a capture, a connection, a host and an injection', async () => {
      const [a, b] = ['tlgone0', 'tlgone1']
      makeVeth(a, b)
      run('ip', ['addr', 'add', '10.78.0.1/24', 'dev', b])
      const server = net.createServer().listen(5000, '10.78.0.1')
      await once(server, 'listening')
      const file = place('gone.pcapng')
      const capture = start(['capture', '-i', a, '-q', '-w', file])
      await capture.says(/recording to/)
      const connection = start(['connect', '-i', a, '--ip', '10.78.0.2/24', '10.78.0.1', '5000'])
      const host = start(['host', '-i', b, '--ip', '10.78.0.9/24'])
      await Promise.all([connection.says(/to ESTABLISHED/), host.says(/is ours/)])
      const injection = start(['inject', '-i', a, '--hex', arp, '--count', '100000', '--rate', '200'])
      while (framesReceivedOn(b) < 100) await new Promise((resolve) => setTimeout(resolve, 50))
      removeVeth(a)
      server.close()
      for (const running of [capture, connection, host, injection]) {
        const ended = await running.ended
        expect(lineOf(ended)).toMatch(/The interface tlgone[01] is gone: it was removed or switched off while it was open: what was captured is kept; open it again/)
        expect(ended.code).toBe(exitCodes.failed)
      }
      const { recorded } = countsOf(await capture.ended)
      expect(recorded).toBeGreaterThan(10)
      expect(framesIn(file)).toBe(recorded)
    })

    it('when the lab is killed: at most a second is lost, nothing stays behind, and the next start works', async () => {
      const recordings = place('killed')
      const lab = start(['serve', '--link', near, '--recordings', recordings])
      await lab.says(/TCP Lab: http/)
      await until(() => existsSync(recordings) && readdirSync(recordings).some((name) => name.endsWith('.pcapng')), () => 'no recording')
      // 100 frames a second for 2.5 s: all but the last second's have to be there.
      await tcplab('inject', '-i', far, '--hex', arp, '--count', '250', '--rate', '100')
      const mine = descendantsOf(lab.pid)
      lab.child.kill('SIGKILL')
      await lab.ended
      expect(mine.filter(isAlive)).toEqual([])
      const [file] = readdirSync(recordings).filter((name) => name.endsWith('.pcapng'))
      expect(framesIn(path.join(recordings, file))).toBeGreaterThanOrEqual(150)
      const again = start(['serve', '--link', near, '--recordings', recordings])
      await again.says(/TCP Lab: http/)
      await until(() => readdirSync(recordings).filter((name) => name.endsWith('.pcapng')).length === 2, () => 'no second recording')
      again.child.kill('SIGTERM')
      expect((await again.ended).code).toBe(exitCodes.done)
    })
  })

  describe('the sandbox', () => {
    const connectInside = (): Running => start(['connect', '-i', 'sandbox', '--ip', '10.77.0.2/24', kernelAddress, '7'])

    it('that cannot be had: demo says why and goes on with the virtual link', async () => {
      mkdirSync(place('bin'))
      writeFileSync(place('bin/unshare'), '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n')
      chmodSync(place('bin/unshare'), 0o755)
      const env = { PATH: `${place('bin')}:${process.env.PATH}` }
      const shown = await start(['demo'], { env }).ended
      expect(shown.code).toBe(exitCodes.done)
      expect(shown.stdout).toMatch(/^link: virtual /)
      expect(lineOf(shown)).toMatch(/The sandbox cannot start: .+: .+/)
      const asked = await start(['demo', '--link', 'sandbox'], { env }).ended
      expect(lineOf(asked)).toMatch(/The sandbox cannot start: .+: .+/)
      expect(asked.code).toBe(exitCodes.failed)
    })

    it('whose helper is killed under a connection: one line, and nothing stays behind', async () => {
      const connection = connectInside()
      await connection.says(/to ESTABLISHED/)
      const mine = descendantsOf(connection.pid)
      const helpers = mine.filter((pid) => commandOf(pid).includes('helper'))
      expect(helpers.length).toBeGreaterThan(0)
      process.kill(helpers.at(-1)!, 'SIGKILL')
      const ended = await connection.ended
      expect(lineOf(ended)).toMatch(/The sandbox has ended: .+: what was captured is kept; open it again/)
      expect(ended.code).toBe(exitCodes.failed)
      await until(() => !mine.some(isAlive), () => `left: ${mine.filter(isAlive).map(commandOf).join('; ')}`)
    })

    it('ends with a lab that is killed', async () => {
      const connection = connectInside()
      await connection.says(/to ESTABLISHED/)
      const mine = descendantsOf(connection.pid)
      connection.child.kill('SIGKILL')
      await connection.ended
      await until(() => !mine.some(isAlive), () => `left: ${mine.filter(isAlive).map(commandOf).join('; ')}`)
    })
  })

  describe('nobody reads, or nobody waits', () => {
    it('a reader that had enough ends a capture quietly', async () => {
      const capture = start(['capture', '-i', near])
      await capture.says(/capturing on/)
      const flood = start(['inject', '-i', far, '--hex', arp, '--count', '100000', '--rate', '200'])
      await capture.says(/who-has/)
      capture.child.stdout!.destroy()
      const { code, stderr } = await capture.ended
      expect({ code, stderr }).toEqual({ code: exitCodes.done, stderr: expect.stringMatching(/^capturing on .*\n$/) as string })
      flood.child.kill('SIGINT')
      expect((await flood.ended).stdout).toMatch(/sent \d+ frames/)
    })

    it.each([['interfaces'], ['--help'], ['capture', '-i', near, '--seconds', '0.2'], ['inject', '-i', near, '--hex', arp]])('a standard output without room is a failure: %s', async (...args) => {
      const full = openSync('/dev/full', 'w')
      const ended = await start(args, { stdio: ['ignore', full, 'pipe'] }).ended
      closeSync(full)
      expect(lineOf(ended)).toMatch(/stdout cannot be written: the disk is full/)
      expect(ended.code).toBe(exitCodes.failed)
    })

    it('Ctrl-C ends every command at every stage soon, without a word of the machinery', async () => {
      const commands = [
        ['demo', '--link', 'virtual'], ['demo'], ['connect', ...onWire, '10.77.0.77', '80'], ['host', '-i', near, '--ip', '10.77.0.3/24'], ['capture', '-i', near],
        ['serve', '--link', 'virtual', '--recordings', place('interrupted')], ['inject', '-i', near, '--hex', arp, '--count', '100000', '--rate', '100'],
      ]
      const interrupt = async (args: string[], stageMs: number): Promise<void> => {
        const running = start(args)
        await new Promise((resolve) => setTimeout(resolve, stageMs))
        const interruptedAt = performance.now()
        running.child.kill('SIGINT')
        const { code, stderr } = await running.ended
        expect(performance.now() - interruptedAt, args.join(' ')).toBeLessThan(3000)
        // Before the program has loaded, the signal itself ends it.
        expect([null, ...Object.values(exitCodes)], `${args.join(' ')}: ${stderr}`).toContain(code)
        expect(stderr).not.toMatch(/^\s+at |Error:|node:/m)
      }
      for (const stageMs of [120, 600, 1500]) await Promise.all(commands.map((args) => interrupt(args, stageMs)))
    })
  })

  /** The one line that says what went wrong. */
  function lineOf({ stderr, stdout }: Ended): string {
    const lines = stderr.split('\n').filter((line) => line.startsWith('tcplab: '))
    expect(lines, `${stderr}\n${stdout}`).toHaveLength(1)
    expect(stderr).not.toMatch(/^\s+at |node:|Warning:|undefined|\{\w+\}/m)
    return lines[0]
  }
}, () => bindingObstacle() ?? (existsSync(program) ? null : 'needs a built lab: npx vite build --app'))

function countsOf({ stdout }: Ended): { received: number, recorded: number } {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { received: number, recorded: number }
}

/** Frames that tshark finds, without a complaint; where there is no tshark, packet blocks. */
/** What the kernel has received on an interface so far. */
function framesReceivedOn(name: string): number {
  const [{ stats64 }] = JSON.parse(run('ip', ['-j', '-s', 'link', 'show', name])) as [{ stats64: { rx: { packets: number } } }]
  return stats64.rx.packets
}

function framesIn(file: string): number {
  const { status, stdout, stderr, error } = spawnSync('tshark', ['-n', '-r', file, '-T', 'fields', '-e', 'frame.number'], { encoding: 'utf8', maxBuffer: 1e8 })
  if (error !== undefined) return packetBlocksIn(readFileSync(file))
  expect(stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user'))).toEqual([])
  expect(status).toBe(0)
  return stdout.split('\n').filter(Boolean).length
}

function packetBlocksIn(bytes: Buffer): number {
  let blocks = 0
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) if (bytes.readUInt32LE(at) === 6) blocks++
  return blocks
}

/** All processes that a process started, and theirs. */
function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(Number(name)))
  const found: number[] = []
  for (let frontier = [pid]; frontier.length > 0;) {
    frontier = [...parents].filter(([, parent]) => frontier.includes(parent)).map(([child]) => child)
    found.push(...frontier)
  }
  return found
}

function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

function parentOf(pid: number): number {
  return Number(statOf(pid)[1] ?? 0)
}

/** A zombie whose parent is gone is the system's to bury. */
function isAlive(pid: number): boolean {
  const [state] = statOf(pid)
  return state !== undefined && state !== 'Z' && state !== 'X'
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

async function until(condition: () => boolean, complaint: () => string): Promise<void> {
  const end = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(complaint())
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
