import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isOnPath } from '../../main/setup/system-packages.mjs'
import { Echo } from '../../src/stack/applications/echo.ts'
import { startLabOnVeth } from '../support/lab-on-veth.ts'
import type { LabOnVeth } from '../support/lab-on-veth.ts'
import { inOwnNetwork, makeVeth, removeVeth, run, runAsync } from '../support/own-network.ts'

const labAddress = '10.77.0.2'
const python = process.env['TCPLAB_PYTHON'] ?? 'python3'
const hasScapy = spawnSync(python, ['-c', 'import scapy.all'], { timeout: 60_000 }).status === 0
const script = readFileSync(new URL('./programs/odd-segments.py', import.meta.url), 'utf8')

/** What nmap calls its tests: `T5(R=Y%S=Z%A=S+)` as names and values. */
function fingerprint(output: string): Record<string, Record<string, string>> {
  const text = [...output.matchAll(/^OS:(.*)$/gm)].map(([, line]) => line).join('')
  const fields = (body: string) => Object.fromEntries(body.split('%').map((field) => field.split('=') as [string, string]))
  return Object.fromEntries([...text.matchAll(/(\w+)\(([^)]*)\)/g)].map(([, name, body]) => [name, fields(body)]))
}

inOwnNetwork(import.meta.url, () => {
  describe('the lab host and tools that send what nobody should', () => {
    let lab: LabOnVeth

    beforeEach(async () => {
      makeVeth('lab0', 'peer0')
      run('ip', ['addr', 'add', '10.77.0.1/24', 'dev', 'peer0'])
      for (const name of ['lab0', 'peer0']) run('ethtool', ['-K', name, 'tx', 'off', 'rx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off'])
      lab = await startLabOnVeth('lab0', { address: labAddress })
      lab.runner.serve(7, () => new Echo())
    })

    /** Whatever came before: somebody who connects now is served. */
    afterEach(async () => {
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = net.connect(7, labAddress, () => { socket.write('still here') })
        socket.on('error', reject)
        socket.once('data', (data) => { socket.end(); resolve(String(data)) })
      })
      lab.close()
      removeVeth('lab0')
      expect(answer).toBe('still here')
    })

    it('answers each of nmap\'s stack probes as RFC 9293 and RFC 792 say', async ({ skip }) => {
      if (!isOnPath('nmap')) skip('needs nmap (Debian package nmap)')
      const output = await runAsync('nmap', ['-O', '-n', '-Pn', '-p', '7,81', '-d', '--max-os-tries', '1', labAddress])
      expect(output).toMatch(/7\/tcp\s+open/)
      expect(output).toMatch(/81\/tcp\s+closed/)
      const { SEQ, ECN, T1, T2, T3, T4, T5, T6, T7, U1, IE } = fingerprint(output)
      // A SYN with options, and one with every other flag too: a SYN+ACK of it.
      expect(T1).toMatchObject({ R: 'Y', S: 'O', A: 'S+', F: 'AS', RD: '0' })
      expect(T3).toMatchObject({ R: 'Y', S: 'O', A: 'S+', F: 'AS' })
      expect(ECN).toMatchObject({ R: 'Y' })
      // No flag at all to LISTEN: silence. An ACK to LISTEN, or to a closed port: an RST that has its number.
      expect(T2).toEqual({ R: 'N' })
      for (const test of [T4, T6]) expect(test).toMatchObject({ R: 'Y', W: '0', S: 'A', A: 'Z', F: 'R', O: '', RD: '0' })
      // SYN, and FIN+PSH+URG, to a closed port: an RST that acknowledges them.
      for (const test of [T5, T7]) expect(test).toMatchObject({ R: 'Y', W: '0', S: 'Z', A: 'S+', F: 'AR', O: '', RD: '0' })
      // Port unreachable, with the datagram in it as it came; echo.
      expect(U1).toMatchObject({ R: 'Y', RIPL: 'G', RID: 'G', RIPCK: 'G', RUCK: 'G', RUD: 'G' })
      expect(IE).toMatchObject({ R: 'Y' })
      // Initial sequence numbers that nobody guesses.
      expect(parseInt(SEQ.GCD, 16)).toBeLessThan(9)
      expect(parseInt(SEQ.SP, 16)).toBeGreaterThan(0xc0)
    })

    it('answers hping3\'s probes, or is silent where RFC 9293 wants that', async ({ skip }) => {
      if (!isOnPath('hping3')) skip('needs hping3 (Debian package hping3)')
      const hping = async (...args: string[]) => {
        const output = await runAsync('sh', ['-c', `hping3 -n -c 1 ${args.join(' ')} ${labAddress} 2>&1; true`])
        return / flags=(\w+) /.exec(output)?.[1] ?? (/ 0 packets received/.test(output) ? 'silence' : output)
      }
      expect(await hping('-S', '-p', '7')).toBe('SA')
      expect(await hping('-S', '-p', '81')).toBe('RA')
      expect(await hping('-A', '-p', '7')).toBe('R')
      expect(await hping('-F', '-P', '-U', '-p', '7')).toBe('silence')
      expect(await hping('-F', '-P', '-U', '-p', '81')).toBe('RA')
      expect(await hping('-R', '-p', '81')).toBe('silence')
      expect(await hping('-p', '7')).toBe('silence')
      expect(await hping('-S', '-b', '-p', '7')).toBe('silence')
      expect(await hping('-S', '-f', '-p', '7')).toBe('SA')
      expect(await hping('-X', '-Y', '-p', '81')).toBe('RA')
    })

    it('answers Scapy\'s odd segments, or is silent where RFC 9293 wants that', async ({ skip }) => {
      if (!hasScapy) skip(`needs Scapy, which ${python} does not have (Debian package python3-scapy; TCPLAB_PYTHON names another Python)`)
      const output = await runAsync(python, ['-c', script, labAddress])
      const answers = Object.fromEntries(output.trimEnd().split('\n').map((line) => line.split(': ') as [string, string]))
      expect(answers).toEqual({
        'LISTEN, no flags': 'silence',
        'LISTEN, RST': 'silence',
        'LISTEN, SYN+RST': 'silence',
        'LISTEN, every flag': 'silence',
        'LISTEN, FIN': 'silence',
        'LISTEN, ACK': 'R seq=ack',
        'LISTEN, SYN+ACK': 'R seq=ack',
        'LISTEN, SYN': 'SA ack=seq+1',
        'LISTEN, SYN+FIN': 'SA ack=seq+1',
        'LISTEN, SYN with data': 'SA ack=seq+1',
        'LISTEN, SYN with reserved bits': 'SA ack=seq+1',
        'LISTEN, SYN with an option of length 0': 'SA ack=seq+1',
        'LISTEN, SYN with an option beyond the header': 'SA ack=seq+1',
        'LISTEN, SYN with unknown options': 'SA ack=seq+1',
        'LISTEN, SYN in tiny fragments': 'SA ack=seq+1',
        'LISTEN, SYN with a bad checksum': 'silence',
        'LISTEN, SYN with data offset 4': 'silence',
        'LISTEN, SYN with data offset 15 of 5': 'silence',
        'LISTEN, SYN to a broadcast address': 'silence',
        'LISTEN, SYN from a broadcast address': 'silence',
        'LISTEN, SYN from the host itself': 'silence',
        'CLOSED, SYN': 'RA ack=seq+1',
        'CLOSED, FIN': 'RA ack=seq+1',
        'CLOSED, no flags and 5 bytes': 'RA ack=seq+5',
        'CLOSED, ACK': 'R seq=ack',
        'CLOSED, RST': 'silence',
        'ESTABLISHED, RST outside of the window': 'silence',
        'ESTABLISHED, RST in the window': 'A challenge',
        'ESTABLISHED, SYN in the window': 'A challenge',
        'ESTABLISHED, SYN outside of the window': 'A challenge',
        'ESTABLISHED, ACK of what was never sent': 'A challenge',
        'ESTABLISHED, data outside of the window': 'A challenge',
        'ESTABLISHED, no flags and data': 'silence',
        'ESTABLISHED, data': 'A of 5',
        'ESTABLISHED, other data in the same place': 'A of 5',
        'ESTABLISHED, RST at the right place': 'silence',
        'CLOSED after the RST, ACK': 'R seq=ack',
      })
    })
  }, 60_000)
}, () => null)
