import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { inOwnNetwork, makeVeth, run } from '../support/own-network.ts'
import { buildProgram } from '../support/program.ts'

const peerProgram = fileURLToPath(new URL('../../docs/script-peer.py', import.meta.url))
const listening = `--tolerance_usecs=400000
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.01 < . 1:1(0) ack 1 win 32792
+0 accept(3, ..., ...) = 4
`
const scripts = {
  exchange: `${listening}+.01 < P. 1:101(100) ack 1 win 32792
+0 > . 1:1(0) ack 101
+0 read(4, ..., 1000) = 100
+0 write(4, ..., 500) = 500
+0 > P. 1:501(500) ack 101
+.01 < . 101:101(0) ack 501 win 32792
+0 close(4) = 0
+0 > F. 501:501(0) ack 101
+.01 < F. 101:101(0) ack 502 win 32792
+0 > . 502:502(0) ack 102
`,
  connect: `--tolerance_usecs=400000
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0...+.05 connect(3, ..., ...) = 0
+0 > S 0:0(0) <...>
+.05 < S. 0:0(0) ack 1 win 5792 <mss 1460>
+0 > . 1:1(0) ack 1
+.05 < R. 1:1(0) ack 1 win 0
+.1 write(3, ..., 10) = -1 ECONNRESET (Connection reset by peer)
`,
  outOfOrder: `${listening}+.01 < . 1001:2001(1000) ack 1 win 32792
+0 > . 1:1(0) ack 1
+.01 < . 1:1001(1000) ack 1 win 32792
+0 > . 1:1(0) ack 2001
+0 read(4, ..., 5000) = 2000
`,
  challenge: `${listening}+.01 < S 5000:5000(0) win 32792 <mss 1000>
+0 > . 1:1(0) ack 1
`,
} as const
const missing = ['ethtool', 'python3'].filter((tool) => spawnSync(tool, ['--version']).error)

inOwnNetwork(import.meta.url, () => {
  describe('tcplab run --link', () => {
    it('plays scripts against the kernel of another machine, and fails where a script is wrong', { timeout: 100_000 }, async ({ skip }) => {
      if (missing.length > 0) skip(`needs ${missing.join(' and ')}`)
      const folder = mkdtempSync(path.join(os.tmpdir(), 'live-script-'))
      const program = await buildProgram('main/cli/tcplab.ts')
      const far = await farKernel()
      const live = (name: string, text: string, ...more: string[]) => {
        const file = path.join(folder, `${name}.pkt`)
        writeFileSync(file, text)
        const command = `nsenter -n -t ${far.pid} python3 ${peerProgram}`
        const args = [program, 'run', file, '--link', 'lab0', '--ip', '10.9.0.7/24', '--peer', '10.9.0.1', '--peer-command', command, ...more]
        return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, LANG: 'C', LC_ALL: '' } })
      }
      try {
        for (const [name, text] of Object.entries(scripts)) {
          const { stdout, stderr, status } = live(name, text)
          expect({ name, stdout, stderr, status }).toMatchObject({ status: 0, stderr: '' })
        }
        const wrong = live('wrong', scripts.exchange.replace('> P. 1:501(500) ack 101', '> P. 1:501(500) ack 99'), '--json')
        expect(JSON.parse(wrong.stdout.split('\n')[0])).toMatchObject({ result: 'fail', line: 13, differs: ['ack'] })
        const wrongResult = live('wrong-result', scripts.exchange.replace('read(4, ..., 1000) = 100', 'read(4, ..., 1000) = 99'), '--json')
        expect(JSON.parse(wrongResult.stdout.split('\n')[0])).toMatchObject({ result: 'fail', line: 11, code: 'resultDiffers' })
        expect(live('code', `${listening}+0 %{ assert tcpi_state == 1 }%\n`).stdout).toContain('unsupported')
        const broken = live('broken', scripts.exchange, '--peer-command', 'false')
        expect(broken).toMatchObject({ status: 1 })
        expect(broken.stderr).toContain('The program that performs the system calls has failed')
        expect(live('public', scripts.exchange, '--peer', '8.8.8.8').stderr).toContain('8.8.8.8')
      } finally {
        far.end()
        for (const each of [folder, path.dirname(program)]) rmSync(each, { recursive: true, force: true })
      }
    })
  })
})

/** Another network namespace at the far end of a veth pair, whose kernel sends plain SYN+ACKs. */
async function farKernel(): Promise<{ pid: number, end(): void }> {
  const child = spawn('unshare', ['-n', 'sh', '-c', 'echo ready; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const inside = (...args: string[]) => run('nsenter', ['-n', '-t', String(child.pid), ...args])
  makeVeth('lab0', 'far0')
  run('ip', ['link', 'set', 'far0', 'netns', String(child.pid)])
  inside('ip', 'link', 'set', 'lo', 'up')
  inside('ip', 'link', 'set', 'far0', 'up')
  inside('ip', 'addr', 'add', '10.9.0.1/24', 'dev', 'far0')
  inside('ethtool', '-K', 'far0', 'tx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off')
  return { pid: child.pid!, end: () => { child.kill() } }
}
