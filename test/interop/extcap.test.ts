import { execFile, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asBothUsers } from '../support/as-other-user.ts'

const program = fileURLToPath(new URL('../../out/main/tcplab.js', import.meta.url))
const runFile = promisify(execFile)

asBothUsers(import.meta.url, () => {
  describe('a running lab as a source of Wireshark', () => {
    let folder = ''
    let lab: ChildProcess | null = null
    let env: NodeJS.ProcessEnv = {}

    const tcplab = async (...args: string[]): Promise<string> => (await runFile(process.execPath, [program, 'extcap', ...args], { env, timeout: 20_000 })).stdout

    beforeAll(async () => {
      folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-extcap-'))
      env = { ...process.env, LANG: 'C', LC_ALL: '', HOME: folder, TCPLAB_RECORDINGS: path.join(folder, 'recordings'), WIRESHARK_EXTCAP_DIR: path.join(folder, 'extcap') }
      lab = spawn(process.execPath, [program, 'serve', '--link', 'virtual', '--recordings', path.join(folder, 'recordings')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
      await new Promise((resolve) => lab!.stdout!.once('data', resolve))
      const end = performance.now() + 20_000
      while (!(await tcplab('--extcap-interfaces')).includes('interface {') && performance.now() < end);
    }, 60_000)
    afterAll(() => {
      lab?.kill()
      rmSync(folder, { recursive: true, force: true })
    })

    it('is listed with its link, its link type and its settings', async () => {
      const [head, ...interfaces] = (await tcplab('--extcap-interfaces', '--extcap-version=4.0')).trim().split('\n')
      expect(head).toMatch(/^extcap \{version=[\d.]+\}/)
      expect(interfaces).toEqual([`interface {value=tcplab-${lab!.pid}}{display=TCP Lab: virtual (process ${lab!.pid})}`])
      expect(await tcplab('--extcap-interface', `tcplab-${lab!.pid}`, '--extcap-dlts')).toBe('dlt {number=1}{name=EN10MB}{display=EN10MB}\n')
      expect(await tcplab('--extcap-interface', `tcplab-${lab!.pid}`, '--extcap-config')).toContain('value {arg=0}{value=now}')
    })

    it('gives all that it has recorded, and nothing but whole blocks, also when it starts from now', async () => {
      for (const from of ['start', 'now']) {
        const fifo = path.join(folder, `${from}.pcapng`)
        const child = spawn(process.execPath, [program, 'extcap', '--capture', '--extcap-interface', `tcplab-${lab!.pid}`, '--fifo', fifo, '--from', from], { env })
        const end = performance.now() + 20_000
        const isEnough = (bytes: Buffer) => from === 'start' ? bytes.includes('HTTP/1.') : bytes.length > 100
        while (performance.now() < end && !(existsSync(fifo) && isEnough(readFileSync(fifo)))) await new Promise((resolve) => { setTimeout(resolve, 20) })
        child.kill('SIGTERM')
        await new Promise((resolve) => child.once('exit', resolve))
        const { stdout, status } = spawnSync('tshark', ['-r', fifo, '-T', 'fields', '-e', 'tcp.dstport'], { encoding: 'utf8', env })
        expect(status, from).toBe(0)
        if (from === 'start') expect(stdout).toContain('80\n')
      }
    }, 60_000)

    it('is listed and captured from by tshark', async ({ skip }) => {
      if (process.getuid?.() === 0) skip('tshark takes an extcap folder from the environment of ordinary users only')
      await tcplab('--install', path.join(folder, 'extcap'))
      const { stdout: list } = await runFile('tshark', ['-D'], { env, timeout: 30_000 })
      expect(list).toContain(`tcplab-${lab!.pid} (TCP Lab: virtual`)
      const capture = spawnSync('tshark', ['-i', `tcplab-${lab!.pid}`, '-c', '5', '-T', 'fields', '-e', 'frame.protocols'], { env, encoding: 'utf8', timeout: 30_000 })
      expect(capture.stderr).toContain('5 packets captured')
      expect(capture.stdout).toContain('eth:ethertype')
    }, 60_000)

    it('a lab that is not there is said to be not there', async () => {
      const failed = spawnSync(process.execPath, [program, 'extcap', '--capture', '--extcap-interface', 'tcplab-1', '--fifo', path.join(folder, 'x')], { env, encoding: 'utf8' })
      expect(failed).toMatchObject({ status: 1, stdout: '' })
      expect(failed.stderr).toContain('no link is open')
    })
  })
})
