import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { pause } from '../support/link-frames.ts'
import { inOwnNetwork, run } from '../support/own-network.ts'
import { buildProgram } from '../support/program.ts'

const port = 9000
const missing = ['tcpdump', 'ethtool'].filter((tool) => spawnSync(tool, ['--version']).error)

inOwnNetwork(import.meta.url, () => {
  describe('tcplab analyze --script', () => {
    it('writes conversations of two kernel sockets as scripts that pass', { timeout: 60_000 }, async ({ skip }) => {
      if (missing.length > 0) skip(`needs ${missing.join(' and ')}`)
      const folder = mkdtempSync(path.join(os.tmpdir(), 'script-export-'))
      const program = await buildProgram('main/cli/tcplab.ts')
      const tcplab = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', env: { ...process.env, LANG: 'C', LC_ALL: '' } })
      try {
        const file = path.join(folder, 'talk.pcap')
        await capture(file, async () => {
          await converse(100, 300, 'close')
          await converse(1000, 40, 'reset')
          await converse(1, 1400, 'reset')
        })
        for (const stream of [0, 1, 2]) {
          // Linux waits with the ACK of a FIN, and puts a timestamp on an RST of its own; our engine does neither, so the other end is tested.
          const side = stream === 0 ? 'client' : 'server'
          const script = path.join(folder, `${stream}-${side}.pkt`)
          const { stdout, status } = tcplab('analyze', file, '--stream', String(stream), '--script', script, '--side', side)
          expect(status).toBe(0)
          expect(stdout).toMatch(/^pass /m)
          expect(tcplab('run', script)).toMatchObject({ status: 0 })
          expect(readFileSync(script, 'utf8')).toMatch(side === 'client' ? / connect\(3, / : / accept\(3, /)
        }
        expect(tcplab('analyze', file, '--stream', '7', '--script', path.join(folder, 'none.pkt')).stderr).toContain('there is no TCP stream 7')
      } finally {
        for (const each of [folder, path.dirname(program)]) rmSync(each, { recursive: true, force: true })
      }
    })
  })
})

/** Three requests with their answers, each a write, and a pause between them. */
async function converse(requestBytes: number, answerBytes: number, ending: 'close' | 'reset'): Promise<void> {
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on('data', () => socket.write(new Uint8Array(answerBytes)))
    socket.on('end', () => socket.end())
    socket.on('error', () => {})
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const client = net.connect({ port, host: '127.0.0.1', noDelay: true })
  await once(client, 'connect')
  for (let i = 0; i < 3; i++) {
    await pause(60)
    client.write(new Uint8Array(requestBytes))
    await once(client, 'data')
  }
  await pause(60)
  if (ending === 'close') client.end()
  else client.resetAndDestroy()
  await once(client, 'close')
  server.close()
}

async function capture(file: string, talk: () => Promise<void>): Promise<void> {
  run('ip', ['link', 'set', 'lo', 'mtu', '1500'])
  run('ethtool', ['-K', 'lo', 'tso', 'off', 'gso', 'off', 'gro', 'off'])
  const tcpdump = spawn('tcpdump', ['-i', 'lo', '-U', '-w', file, 'tcp'], { stdio: ['ignore', 'ignore', 'pipe'] })
  await once(tcpdump.stderr, 'data')
  await talk()
  await pause(500)
  tcpdump.kill('SIGINT')
  await once(tcpdump, 'exit')
}
