import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bindingObstacle } from '../support/binding.ts'
import { inOwnNetwork, makeVeth, removeVeth, run } from '../support/own-network.ts'
import { launchBrowser, openWindow, windowObstacle, type WindowOptions, type WindowPage } from '../support/window-page.ts'

/* What a user sees who asks for what cannot be, in the window and in its console: one line, and what was captured. */

const program = path.resolve(import.meta.dirname, '../../out/main/tcplab.js')
const near = 'tlwin0'
const far = 'tlwin1'
const kernelAddress = '10.77.0.1'
/** The core tells what has only grown older every second or two. */
const patience = { timeout: 5000 }
const arp = 'ffffffffffff02000000000108060001080006040001020000000001' + '0a4d00010000000000000a4d0063'

/** The lab as a process of its own, serving the window. */
class Served {
  url = ''
  stderr = ''
  readonly child: ChildProcess

  constructor(args: readonly string[], before: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    const [command, ...rest] = [...before, process.execPath, program, 'serve', '--json', ...args]
    this.child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LANG: 'C', LC_ALL: '', ...env } })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => { this.url ||= (JSON.parse(text) as { url: string }).url })
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.stderr += text })
  }

  async ready(): Promise<this> {
    await expect.poll(() => this.url || this.stderr, { timeout: 15_000 }).toMatch(/^http/)
    return this
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill(signal)
    await once(this.child, 'close')
  }
}

inOwnNetwork(import.meta.url, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-window-bad-'))
  const place = (name: string): string => path.join(folder, name)
  let browser: Browser
  let lab: Served
  let shown: WindowPage
  let page: Page

  const rows = () => page.locator('.packet-rows [role=option]')
  const consoleText = () => page.locator('.transcript').innerText()
  const faultLines = () => page.locator('.fault-line').allInnerTexts()
  const type = async (line: string): Promise<void> => {
    await page.locator('.terminal-place').click()
    await page.keyboard.type(line)
    await page.keyboard.press('Enter')
  }
  /** What the console says to a line, as one line. */
  const answerTo = async (line: string, pattern: RegExp): Promise<string> => {
    const before = (await consoleText()).length
    await type(line)
    const answer = async (): Promise<string> => (await consoleText()).slice(before).replaceAll(/\s+/g, ' ')
    await expect.poll(answer, patience).toMatch(pattern)
    return answer()
  }
  const open = async (served: Served, options?: WindowOptions): Promise<void> => {
    lab = await served.ready()
    shown = await openWindow(browser, lab.url, options)
    page = shown.page
    await page.locator('.terminal-place').waitFor()
  }
  const close = async (): Promise<void> => {
    const complaints = shown.complaints.filter((text) => !/WebSocket|ERR_CONNECTION/.test(text))
    await shown.close()
    await lab.stop()
    expect(complaints).toEqual([])
    expect(lab.stderr).not.toMatch(/^\s+at |Error:|Warning:/m)
  }
  const inject = (name: string, hex: string, count: number): void => {
    const { status, stderr } = spawnSync(process.execPath, [program, 'inject', '-i', name, '--hex', hex, '--count', String(count)], { encoding: 'utf8', timeout: 20_000 })
    expect(status, stderr).toBe(0)
  }

  beforeAll(async () => { browser = await launchBrowser() })
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(() => {
    removeVeth(near)
    makeVeth(near, far)
    run('ip', ['addr', 'add', `${kernelAddress}/24`, 'dev', far])
  })
  afterEach(() => removeVeth(near))

  describe('in the console and beside the fields', () => {
    beforeEach(() => open(new Served(['--link', near, '--recordings', place('a')])))
    afterEach(close)

    it('every line that cannot be is answered with what, why and what to do', async () => {
      writeFileSync(place('unknown'), 'this is no capture file at all')
      writeFileSync(place('exists.pcapng'), '')
      const answers: [string, RegExp][] = [
        ['frobnicate', /frobnicate/],
        ['link open nic nosuch0', /There is no interface “nosuch0”: this machine has .*tlwin0.*: choose one of these/],
        ['filter tcp prt 80', /The filter “tcp prt 80” cannot be used: .*: correct it/],
        ['packet 99999999', /There is no packet 99999999: \d+ have been captured/],
        ['listen echo:70000', /70000/],
        ['connect 10.77.0.1 99999', /99999/],
        ['save /nonexistent/a.pcapng', /The file \/nonexistent\/a\.pcapng cannot be written: its folder does not exist/],
        [`save ${place('exists.pcapng')}`, /exists\.pcapng was not written: it exists already: choose another name or allow it/],
        ['inject 10.77.0.2:1 > 8.8.8.8:80 S 0:0(0) win 5', /Nothing was sent to 8\.8\.8\.8: it is a public address/],
        ['inject 10.77.0.2:1 > 10.77.0.1:80 S 0:0(5) win 5', /The packet line is not understood at column \d+: 0:5\(5\) was expected/],
        ['inject 10.77.0.2:1 > 10.77.0.77:80 S 0:0(0) win 5', /10\.77\.0\.77 cannot be reached/],
        ['inject --hex 00112233', /The frame cannot be sent: it has 4 bytes and needs at least 14/],
        ['inject --hex 0', /0/],
        [`inject --rate 99999999999 --hex ${arp}`, /rate\w* cannot be “99999999999”/],
        ['host start 10.77.0.0/24', /“10\.77\.0\.0\/24” cannot be used as an address here/],
        [`open ${place('nosuch')}`, /nosuch cannot be opened: it does not exist: check the name/],
        [`open ${place('unknown')}`, /unknown cannot be opened: it is neither pcap nor pcapng: open a capture file/],
        [`open ${folder}`, /cannot be read: it is a folder/],
      ]
      for (const [line, pattern] of answers) {
        const answer = await answerTo(line, pattern)
        expect(answer, line).not.toMatch(/\bat \w+ \(|undefined|\{\w+\}|internal/)
      }
      // The interface is open all the while.
      inject(far, arp, 1)
      await expect.poll(() => rows().count(), patience).toBeGreaterThan(0)
      expect(await faultLines()).toEqual([])
    })

    it('a filter\'s mistake stands beneath its field', async () => {
      const field = page.locator('.capture-filter input')
      await field.fill('tcp prt 80')
      await field.press('Enter')
      await expect.poll(() => page.locator('.capture-filter [role=alert]').innerText()).toMatch(/The filter “tcp prt 80” cannot be used/)
      expect(await faultLines()).toEqual([])
    })

    it('an address that somebody has, a port twice, a closed port and a silent host', async () => {
      await answerTo(`host start ${kernelAddress}/24`, /The address 10\.77\.0\.1 cannot be used/)
      await expect.poll(faultLines, patience).toEqual([expect.stringMatching(/The address 10\.77\.0\.1 cannot be used: [0-9a-f:]{17} already has it: choose another address/)])
      await answerTo('host start 10.77.0.2/24', /host start/)
      await expect.poll(faultLines, patience).toEqual([])
      await new Promise((resolve) => setTimeout(resolve, 1000))
      await answerTo('listen echo:7', /listen echo:7/)
      await answerTo('listen http:7', /Port 7 is taken: something of the lab host uses it already: choose another port/)
      await answerTo(`connect ${kernelAddress} 4999`, /The connection was refused: nothing listens on port 4999 of 10\.77\.0\.1/)
      await answerTo('connect 10.77.0.77 80', /10\.77\.0\.77 cannot be reached: nobody answers/)
      expect(await faultLines()).toEqual([expect.stringMatching(/The connection was refused/), expect.stringMatching(/10\.77\.0\.77 cannot be reached/)])
    })

    it('an interface that is removed: the packets stay, and can be saved', async () => {
      inject(far, arp, 5)
      await expect.poll(() => rows().count(), patience).toBeGreaterThanOrEqual(5)
      removeVeth(near)
      await expect.poll(faultLines, patience).toEqual([expect.stringMatching(/The interface tlwin0 is gone: .*what was captured is kept; open it again when it is back/)])
      await expect.poll(consoleText).toMatch(/The interface tlwin0 is gone/)
      expect(await rows().count()).toBeGreaterThanOrEqual(5)
      await answerTo(`save ${place('rescued.pcapng')}`, /rescued\.pcapng/)
      await expect.poll(() => existsSync(place('rescued.pcapng'))).toBe(true)
      makeVeth(near, far)
      await answerTo(`link open nic ${near}`, /link open/)
      await expect.poll(faultLines, patience).toEqual([])
    })

    it('a lab that is killed: the window says so', async () => {
      lab.child.kill('SIGKILL')
      await expect.poll(faultLines, { timeout: 10_000 }).toHaveLength(1)
    })
  })

  describe('in Korean', () => {
    it('the same lines', async () => {
      await open(new Served(['--link', near, '--recordings', place('ko')]), { language: 'ko' })
      await answerTo('link open nic nosuch0', /“nosuch0” 인터페이스가 없습니다: /)
      removeVeth(near)
      await expect.poll(faultLines, patience).toEqual([expect.stringMatching(/tlwin0 인터페이스가 사라졌습니다/)])
      await close()
    })
  })

  describe('the recording', () => {
    it('that cannot be made: capturing goes on, and the line says why', async () => {
      await open(new Served(['--link', near, '--recordings', '/dev/null/x']))
      inject(far, arp, 3)
      await expect.poll(() => rows().count(), patience).toBeGreaterThanOrEqual(3)
      await expect.poll(faultLines, patience).toEqual([expect.stringMatching(/The file \/dev\/null\/x.* cannot be written: /)])
      await close()
    })

    it('on a full disk: capturing goes on, and the line says what to do', async ({ skip }) => {
      mkdirSync(place('disk'))
      if (spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', place('disk')]).status !== 0) skip('needs a small file system to fill')
      await open(new Served(['--link', near, '--recordings', place('disk')], ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"', place('disk')]))
      inject(far, `ffffffffffff02000000000188b5${'00'.repeat(1000)}`, 200)
      await expect.poll(faultLines, patience).toEqual([expect.stringMatching(/cannot be written further: the disk is full: free some space; capturing goes on/)])
      await expect.poll(() => consoleText().then((text) => text.replaceAll(/\s+/g, ' '))).toMatch(/the disk is full: free some space/)
      expect(await rows().count()).toBeGreaterThan(10)
      await close()
    })
  })

  describe('the sandbox', () => {
    it('that cannot be had: the virtual link with the reason', async () => {
      mkdirSync(place('bin'))
      writeFileSync(place('bin/unshare'), '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n')
      chmodSync(place('bin/unshare'), 0o755)
      await open(new Served(['--recordings', place('s')], [], { PATH: `${place('bin')}:${process.env.PATH}` }))
      await expect.poll(faultLines, { timeout: 15_000 }).toEqual([expect.stringMatching(/The sandbox cannot start: .+: .+/)])
      await expect.poll(() => page.locator('.link-selector').innerText()).toMatch(/virtual/i)
      await expect.poll(() => rows().count(), patience).toBeGreaterThan(5)
      await close()
    })

    it('whose helper is killed: the packets stay', async () => {
      await open(new Served(['--link', 'sandbox', '--recordings', place('t')]))
      await expect.poll(() => rows().count(), { timeout: 15_000 }).toBeGreaterThan(5)
      const helpers = helpersOf(lab.child.pid!)
      expect(helpers.length).toBeGreaterThan(0)
      process.kill(helpers.at(-1)!, 'SIGKILL')
      await expect.poll(faultLines, patience).toEqual([expect.stringMatching(/The sandbox has ended: .*: what was captured is kept; open it again/)])
      expect(await rows().count()).toBeGreaterThan(5)
      await close()
    })
  })
}, () => windowObstacle ?? bindingObstacle())

/** Helper processes below a process. */
function helpersOf(pid: number): number[] {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((child) => parentOf(child) === pid)
  const own = children.filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('helper'))
  return [...own, ...children.flatMap(helpersOf)]
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}
