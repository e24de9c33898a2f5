import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import dgram from 'node:dgram'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Lab } from '../../main/lab/lab.ts'
import { bindingObstacle } from '../support/binding.ts'
import { inOwnNetwork, makeVeth, removeVeth, run } from '../support/own-network.ts'
import { buildProgram } from '../support/program.ts'

const near = 'tlcli0'
const far = 'tlcli1'
const kernelAddress = '10.77.0.1'
const labAddress = '10.77.0.2'
const onWire = ['-i', near, '--ip', `${labAddress}/24`]

interface Ended { code: number | null, stdout: string, stderr: string }

/** One running command: its output so far, and its end. */
class Running {
  stdout = ''
  stderr = ''
  readonly child: ChildProcess
  readonly ended: Promise<Ended>

  /** @param other a program of the system in place of ours */
  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, other: readonly string[] | null = null) {
    const [command, ...rest] = other ?? [process.execPath, program, ...args]
    this.child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, LANG: 'C', LC_ALL: '', ...env } })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => { this.stdout += text })
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.stderr += text })
    this.ended = once(this.child, 'close').then(([code]) => ({ code: code as number | null, stdout: this.stdout, stderr: this.stderr }))
  }

  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const end = performance.now() + 15_000
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
      if (match !== null) return match
      if (performance.now() > end || this.child.exitCode !== null) throw new Error(`${pattern} was not said (exit ${this.child.exitCode}):\n${this.stdout}\n${this.stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

function hasDnsmasq(): boolean {
  return spawnSync('dnsmasq', ['--version']).status === 0
}

inOwnNetwork(import.meta.url, () => {
  let program = ''
  let folder = ''
  const started: Running[] = []
  const servers: net.Server[] = []

  const start = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Running => {
    const running = new Running(program, args, env)
    started.push(running)
    return running
  }
  const tcplab = (...args: string[]): Promise<Ended> => start(args).ended
  const serve = async (port: number, handle: (socket: net.Socket) => void): Promise<void> => {
    const server = net.createServer({ allowHalfOpen: true }, handle)
    servers.push(server)
    server.listen(port, kernelAddress)
    await once(server, 'listening')
  }

  beforeAll(async () => { program = await buildProgram('main/cli/tcplab.ts') }, 60_000)
  afterAll(() => { if (program !== '') rmSync(path.dirname(program), { recursive: true, force: true }) })
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-cli-'))
    makeVeth(near, far)
    run('ip', ['addr', 'add', `${kernelAddress}/24`, 'dev', far])
  })
  afterEach(async () => {
    for (const { child, ended } of started.splice(0)) {
      if (child.exitCode === null) child.kill('SIGKILL')
      await ended
    }
    for (const server of servers.splice(0)) server.close()
    removeVeth(near)
    rmSync(folder, { recursive: true, force: true })
  })

  describe('interfaces', () => {
    it('lists them, for machines as one object a line', async () => {
      const { code, stdout } = await tcplab('interfaces', '--json')
      const rows = stdout.trim().split('\n').map((line) => JSON.parse(line) as { name: string, addresses: string[], up: boolean, mayOpen: boolean })
      expect(code).toBe(0)
      expect(rows.find(({ name }) => name === far)).toMatchObject({ addresses: [`${kernelAddress}/24`], up: true, mayOpen: true })
      expect((await tcplab('interfaces')).stdout).toContain(near)
    })
  })

  describe('capture', () => {
    it('prints a line a frame and the counts, records what it saw, and ends after --count', async () => {
      const file = path.join(folder, 'a.pcapng')
      const capture = start(['capture', '-i', near, '--filter', 'arp', '--count', '3', '-w', file])
      await capture.says(/capturing on/)
      await tcplab('inject', '-i', far, '--hex', `ffffffffffff02000000000108060001080006040001020000000001${'0a4d0001'}000000000000${'0a4d0063'}`, '--count', '3')
      const { code, stdout } = await capture.ended
      const lines = stdout.trim().split('\n')
      expect(code).toBe(0)
      expect(lines.slice(0, 3).every((line) => /^\d\d:\d\d:\d\d\.\d{6} arp who-has 10\.77\.0\.99 tell 10\.77\.0\.1$/.test(line))).toBe(true)
      expect(JSON.parse(lines[3])).toEqual({ received: 3, droppedByKernel: 0, droppedByInterface: 0, droppedByRing: 0, recorded: 3 })
      expect(readFileSync(file).readUInt32LE(0)).toBe(0x0a0d0d0a)
    })

    it('ends after --seconds and on SIGINT with the counts, in JSON where asked', async () => {
      const timed = await tcplab('capture', '-i', near, '--seconds', '0.3', '--json')
      expect(timed.code).toBe(0)
      expect(JSON.parse(timed.stdout)).toMatchObject({ event: 'counts', received: 0, recorded: 0 })
      const capture = start(['capture', '-i', near])
      await capture.says(/capturing on/)
      capture.child.kill('SIGINT')
      const { code, stdout } = await capture.ended
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ received: 0 })
    })

    it('says when the interface goes away, and keeps what was captured', async () => {
      const file = path.join(folder, 'gone.pcapng')
      const capture = start(['capture', '-i', near, '-w', file])
      await capture.says(/recording to/)
      await tcplab('inject', '-i', far, '--hex', `ffffffffffff020000000001${'0806'}${'00'.repeat(28)}`)
      await capture.says(/arp operation|arp who-has|arp/)
      removeVeth(near)
      const { code, stdout, stderr } = await capture.ended
      expect(code).toBe(1)
      expect(stderr).toMatch(new RegExp(`^tcplab: The interface ${near} is gone: .*: what was captured is kept`, 'm'))
      expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ received: 1, recorded: 1 })
      expect(existsSync(file)).toBe(true)
    })
  })

  describe('host', () => {
    it('serves a kernel: echo is byte exact, and the life of the connection is told', async () => {
      const host = start(['host', ...onWire, '--listen', 'echo:7', '--listen', 'http:80'])
      await host.says(/is ours/)
      const data = randomBytes(1_000_000)
      const socket = net.connect(7, labAddress)
      const received: Buffer[] = []
      socket.on('data', (chunk) => received.push(chunk))
      socket.end(data)
      await once(socket, 'close')
      expect(Buffer.concat(received).equals(data)).toBe(true)
      await host.says(/closed in good order: received 1000000 bytes, sent 1000000/)
      const page = await fetch(`http://${labAddress}/`)
      expect(page.status).toBe(200)
      host.child.kill('SIGINT')
      const { code, stdout } = await host.ended
      expect(code).toBe(0)
      expect(stdout).toMatch(/#1 SYN_RCVD to ESTABLISHED: .*\(RFC 9293/)
      expect(stdout).toMatch(/#1 10\.77\.0\.1:\d+ connected to port 7 \(echo\)/)
    })

    it('refuses an address that another machine has', async () => {
      const { code, stderr } = await tcplab('host', '-i', near, '--ip', `${kernelAddress}/24`, '--listen', 'echo:7')
      expect(code).toBe(1)
      expect(stderr).toMatch(/^tcplab: The address 10\.77\.0\.1 cannot be used: [0-9a-f:]{17} already has it: choose another address\n$/)
    })

    it('says when the interface goes away', async () => {
      const host = start(['host', ...onWire, '--listen', 'echo:7'])
      await host.says(/is ours/)
      removeVeth(near)
      expect(await host.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('is gone') as string })
    })
  })

  describe('connect', () => {
    it('sends a file and writes what comes, byte for byte, with reasons', async () => {
      const there = randomBytes(5_000_000)
      const back = randomBytes(3_000_000)
      const hash = createHash('sha256')
      await serve(5000, (socket) => {
        socket.on('data', (chunk) => hash.update(chunk))
        socket.on('end', () => socket.end(back))
      })
      writeFileSync(path.join(folder, 'there'), there)
      const { code, stdout, stderr } = await tcplab(
        'connect', ...onWire, kernelAddress, '5000', '--send', path.join(folder, 'there'), '--receive', path.join(folder, 'back'), '--close-after-send',
      )
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(hash.digest('hex')).toBe(createHash('sha256').update(there).digest('hex'))
      expect(readFileSync(path.join(folder, 'back')).equals(back)).toBe(true)
      expect(stdout).toMatch(/> S 0:0\(0\) win \d+ <mss 1460/)
      expect(stdout).toMatch(/closed in good order: sent 5000000 bytes, received 3000000/)
    })

    it('joins standard input and output to the connection; the conversation then goes to the standard error', async () => {
      await serve(5001, (socket) => socket.pipe(socket))
      const running = start(['connect', ...onWire, kernelAddress, '5001', '--send', '-', '--receive', '-', '--close-after-send'])
      running.child.stdin!.end('exact bytes \u{1f41f}\n')
      const { code, stdout, stderr } = await running.ended
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'exact bytes \u{1f41f}\n' })
      expect(stderr).toContain('SYN_SENT to ESTABLISHED')
    })

    it('fetches a page, and tells it to machines as objects', async () => {
      await serve(8080, (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')))
      const { code, stdout } = await tcplab('connect', ...onWire, kernelAddress, '8080', '--http', '/x', '--json')
      const events = stdout.trim().split('\n').map((line) => JSON.parse(line) as { event: string, line?: string, rfc?: string })
      expect(code).toBe(0)
      expect(events.at(-1)).toMatchObject({ event: 'ended', how: 'closed', received: 40 })
      expect(events.filter(({ event }) => event === 'state').length).toBeGreaterThan(3)
      expect(events.some(({ event, line }) => event === 'received' && line?.startsWith('S. 0:0(0) ack 1'))).toBe(true)
    })

    it('says that nobody listens', async () => {
      const { code, stderr } = await tcplab('connect', ...onWire, kernelAddress, '4999')
      expect({ code, stderr }).toEqual({ code: 1, stderr: `tcplab: The connection was refused: nothing listens on port 4999 of ${kernelAddress}: check the port, or start a server there\n` })
    })

    it('says that nobody answers', async () => {
      const { code, stderr } = await tcplab('connect', ...onWire, '10.77.0.77', '80')
      expect(code).toBe(1)
      expect(stderr).toContain('10.77.0.77 cannot be reached')
    })
  })

  describe('DHCP', () => {
    const startDnsmasq = (leases: string): Running => {
      const server = new Running('', [], {}, [
        'dnsmasq', '--no-daemon', '--conf-file=/dev/null', '--port=0', `--interface=${far}`, '--bind-interfaces', '--dhcp-range=10.77.0.100,10.77.0.110,255.255.255.0,2m', '--dhcp-authoritative',
        '--dhcp-option=3,10.77.0.1', `--dhcp-leasefile=${leases}`, '--log-dhcp', '--user=root', '--no-ping',
      ])
      started.push(server)
      return server
    }

    it('takes an address from dnsmasq, speaks from it, and gives it back', async ({ skip }) => {
      if (!hasDnsmasq()) skip('needs dnsmasq (package dnsmasq-base)')
      const leases = path.join(folder, 'leases')
      const server = startDnsmasq(leases)
      await server.says(/DHCP, IP range/)
      const host = start(['host', '-i', near, '--ip', 'dhcp', '--mac', '02:00:00:00:00:02', '--ip6', 'off', '--listen', 'echo:7'])
      const [, address] = await host.says(/(10\.77\.0\.1\d\d)\/24 is ours/)
      expect(readFileSync(leases, 'utf8')).toContain(`02:00:00:00:00:02 ${address}`)
      const socket = net.connect(7, address)
      // The host that ends may reset what is still open.
      socket.on('error', () => {})
      socket.end('leased')
      const [data] = await once(socket, 'data') as [Buffer]
      expect(data.toString()).toBe('leased')
      host.child.kill('SIGINT')
      expect((await host.ended).code).toBe(0)
      await server.says(new RegExp(`DHCPRELEASE\\(${far}\\) ${address.replaceAll('.', '\\.')}`))
      expect(readFileSync(leases, 'utf8')).not.toContain(address)

      // What is killed may end its connection by an RST.
      const kernel = net.createServer((socket) => socket.on('error', () => {}))
      servers.push(kernel)
      kernel.listen(5002, kernelAddress)
      await once(kernel, 'listening')
      const client = start(['connect', '-i', near, '--ip', 'dhcp', '--mac', '02:00:00:00:00:03', '--ip6', 'off', kernelAddress, '5002'])
      await client.says(/ESTABLISHED/)
      client.child.kill('SIGINT')
      client.child.kill('SIGTERM')
      await client.ended
      await server.says(new RegExp(`DHCPRELEASE\\(${far}\\) 10\\.77\\.0\\.1\\d\\d 02:00:00:00:00:03`))
      expect(readFileSync(leases, 'utf8')).not.toContain('02:00:00:00:00:03')
    })

    it('gives the address of a lab back when the lab ends', async ({ skip }) => {
      if (!hasDnsmasq()) skip('needs dnsmasq (package dnsmasq-base)')
      const leases = path.join(folder, 'leases')
      const server = startDnsmasq(leases)
      await server.says(/DHCP, IP range/)
      const lab = new Lab({ version: '0', recordingFolder: folder, electron: false, defaultLink: { kind: 'nic', name: near, host: { address: 'dhcp', ipv6: 'off' } }, onError: (error) => { throw error as Error } })
      await lab.start()
      await expect.poll(() => lab.hostState().phase, { timeout: 10_000 }).toBe('ready')
      const { mac } = lab.hostState()
      await lab.stop()
      await server.says(new RegExp(`DHCPRELEASE\\(${far}\\) [\\d.]+ ${mac}`))
    })

    it('says that no server answers', async () => {
      const { code, stderr } = await tcplab('host', '-i', near, '--ip', 'dhcp')
      expect(code).toBe(1)
      expect(stderr).toContain('no DHCP server answered within 20 s')
    }, 40_000)
  })

  describe('IPv6', () => {
    const kernelAddress6 = 'fd00:77::1'
    const onWire6 = [...onWire, '--ip6', 'fd00:77::2/64']

    beforeEach(() => {
      run('sysctl', ['-qw', `net.ipv6.conf.${near}.disable_ipv6=1`, `net.ipv6.conf.${far}.disable_ipv6=0`])
      run('ip', ['addr', 'add', `${kernelAddress6}/64`, 'dev', far, 'nodad'])
    })

    it('connects to a literal, in brackets or not, byte for byte', async () => {
      const server = net.createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
      servers.push(server)
      server.listen(5002, kernelAddress6)
      await once(server, 'listening')
      const there = randomBytes(2_000_000)
      writeFileSync(path.join(folder, 'there'), there)
      for (const address of [kernelAddress6, `[${kernelAddress6}]`]) {
        const files = ['--send', path.join(folder, 'there'), '--receive', path.join(folder, 'back'), '--close-after-send']
        const { code, stdout, stderr } = await tcplab('connect', ...onWire6, address, '5002', ...files)
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        expect(readFileSync(path.join(folder, 'back')).equals(there)).toBe(true)
        expect(stdout).toMatch(/> S 0:0\(0\) win \d+ <mss 1440/)
        expect(stdout).toMatch(/< S\. 0:0\(0\) ack 1/)
      }
    })

    it('tells a snooping bridge of the kernel the groups of its addresses', async ({ skip }) => {
      const made = spawnSync('ip', ['link', 'add', 'tlbr0', 'type', 'bridge', 'mcast_snooping', '1', 'mcast_querier', '1', 'mcast_startup_query_interval', '100'])
      if (made.status !== 0) skip('the kernel makes no bridge')
      try {
        run('sysctl', ['-qw', 'net.ipv6.conf.tlbr0.disable_ipv6=0'])
        run('ip', ['link', 'set', far, 'master', 'tlbr0'])
        run('ip', ['link', 'set', 'tlbr0', 'up'])
        const host = start(['host', ...onWire6, '--mac', '02:00:00:00:00:02'])
        await host.says(/is ours/)
        const groups = () => spawnSync('bridge', ['mdb', 'show', 'dev', 'tlbr0'], { encoding: 'utf8' }).stdout
        await expect.poll(groups, { timeout: 10_000, interval: 200 }).toContain(`port ${far} grp ff02::1:ff00:2`)
        host.child.kill('SIGINT')
        await host.ended
      } finally {
        run('ip', ['link', 'del', 'tlbr0'])
      }
    })

    it('injects a datagram that a kernel socket takes, and asks neighbour discovery for the way', async () => {
      const socket = dgram.createSocket('udp6').bind(5300)
      await once(socket, 'listening')
      try {
        const message = once(socket, 'message')
        const { code, stderr } = await tcplab('inject', '-i', near, '[fd00:77::50]:1000 > [fd00:77::1]:5300 udp (5) data "hello"')
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        expect(String((await message)[0])).toBe('hello')
      } finally {
        socket.close()
      }
    })

    it('serves a kernel on its own address and on the link-local one, TCP and UDP', async () => {
      const host = start(['host', ...onWire6, '--mac', '02:00:00:00:00:02', '--listen', 'echo:7', '--listen', 'udp-echo:7'])
      await host.says(/is ours/)
      for (const address of ['fd00:77::2', `fe80::ff:fe00:2%${far}`]) {
        await expect.poll(async () => {
          const socket = net.connect(7, address)
          const received: Buffer[] = []
          socket.on('data', (chunk) => received.push(chunk))
          socket.on('error', () => {})
          socket.end('over six')
          await once(socket, 'close')
          return Buffer.concat(received).toString()
        }, { timeout: 10_000, interval: 200 }).toBe('over six')
      }
      for (const [type, address] of [['udp6', 'fd00:77::2'], ['udp4', labAddress]] as const) {
        const socket = dgram.createSocket(type)
        const answer = once(socket, 'message')
        const data = randomBytes(4000)
        socket.send(data, 7, address)
        expect((await answer)[0]).toEqual(data)
        socket.close()
      }
      host.child.kill('SIGINT')
      const { code, stdout } = await host.ended
      expect(code).toBe(0)
      expect(stdout).toMatch(/#1 \[fd00:77::1\]:\d+ connected to port 7 \(echo\)/)
    })
  })

  describe('datagram', () => {
    it('carries a datagram to a kernel socket and back, and tells what the kernel reports where there is none', async () => {
      const socket = dgram.createSocket('udp4').bind(5300, kernelAddress)
      await once(socket, 'listening')
      socket.on('message', (message, from) => { socket.send(Buffer.concat([message, Buffer.from('!')]), from.port, from.address) })
      try {
        const heard = await tcplab('datagram', kernelAddress, '5300', ...onWire, '--text', '안녕', '--local', '4000')
        expect(heard).toMatchObject({ code: 0, stderr: '' })
        expect(heard.stdout).toMatch(/^ +0\.000 > 4000 > 10\.77\.0\.1:5300 udp \(6\) data "안녕"\n +[\d.]+ < 10\.77\.0\.1:5300 > 4000 udp \(7\) data "안녕!"\n$/)
      } finally {
        socket.close()
      }
      const refused = await tcplab('datagram', kernelAddress, '5300', ...onWire, '--hex', '00ff', '--json')
      const objects = refused.stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(refused.code).toBe(1)
      expect(objects).toMatchObject([{ event: 'sent', bytes: 2, hex: '00ff' }, { event: 'error', port: 5300, icmp: { version: 4, type: 3, code: 3 } }, { event: 'ended', received: 0 }])
    })
  })

  describe('inject', () => {
    it('sends a line to whoever has the address, and the kernel answers', async () => {
      const capture = start(['capture', '-i', far, '--filter', 'tcp', '--count', '2'])
      await capture.says(/capturing on/)
      const { code, stdout } = await tcplab('inject', '-i', near, `10.77.0.50:1000 > ${kernelAddress}:81 S 7:7(0) win 65535 <mss 1460>`, '--json')
      expect({ code, answer: JSON.parse(stdout) as unknown }).toEqual({ code: 0, answer: { event: 'injected', sent: 1, failed: 0 } })
      capture.child.kill('SIGINT')
      expect((await capture.ended).stdout).toContain(`10.77.0.50:1000 > ${kernelAddress}:81 S 7:7(0) win 65535 <mss 1460>`)
    })
  })

  describe('bad input is one line: what, why, what to do', () => {
    const refused: [string, string[], number, RegExp][] = [
      ['an unknown interface', ['capture', '-i', 'nosuch0'], 1, /There is no interface “nosuch0”: this machine has .*tlcli0.*: choose one of these/],
      ['a broken filter', ['capture', '-i', near, '--filter', 'tcp prt 80'], 1, /The filter “tcp prt 80” cannot be used: .*: correct it/],
      ['a file that cannot be written', ['capture', '-i', near, '-w', '/nonexistent/a.pcapng'], 1, /The file \/nonexistent\/a\.pcapng cannot be written: .*: check the folder/],
      ['a full disk', ['capture', '-i', near, '-w', '/dev/full'], 1, /\/dev\/full/],
      ['a file that is not there', ['connect', ...onWire, kernelAddress, '1', '--send', '/nonexistent'], 1, /The file \/nonexistent cannot be opened: it does not exist/],
      ['an impossible address', ['host', '-i', near, '--ip', '10.77.0.999/24'], 1, /“10\.77\.0\.999\/24” cannot be used as an address/],
      ['a port twice', ['host', ...onWire, '--listen', 'echo:7', '--listen', 'http:7'], 1, /Port 7 is taken: .*: choose another port/],
      ['a frame that is too short', ['inject', '-i', near, '--hex', '00112233'], 1, /The frame cannot be sent: it has 4 bytes and needs at least 14/],
      ['a broken packet line', ['inject', '-i', near, 'S 0:0(0'], 1, /The packet line is not understood at column \d+: /],
      ['a public target', ['inject', '-i', near, `${labAddress}:1 > 8.8.8.8:80 S 0:0(0) win 0`], 1, /Nothing was sent to 8\.8\.8\.8: it is a public address/],
      ['a setting out of range', ['connect', ...onWire, kernelAddress, '1', '--set', 'mss=1000000'], 1, /mss cannot be “1000000”: it has to be 0 \.\. /],
      ['a missing option', ['capture'], 2, /the option --interface is missing/],
      ['an unknown option', ['capture', '-i', near, '--frobnicate'], 2, /there is no option --frobnicate/],
      ['an unknown command', ['frobnicate'], 2, /there is no command frobnicate/],
      ['a bad number', ['capture', '-i', near, '--count', 'many'], 2, /--count cannot be “many”/],
      ['a bad listener', ['host', ...onWire, '--listen', 'telnet:23'], 2, /--listen cannot be “telnet:23”/],
      ['nothing to inject', ['inject', '-i', near], 2, /exactly one of --hex, --file, LINE/],
      ['a bad language', ['--lang', 'fr', 'interfaces'], 2, /--lang cannot be “fr”/],
    ]
    it.each(refused)('%s', async (_what, args, code, pattern) => {
      const ended = await tcplab(...args)
      const lines = ended.stderr.trim().split('\n').filter((line) => line.startsWith('tcplab: '))
      expect(lines, ended.stderr).toHaveLength(1)
      expect(lines[0]).toMatch(pattern)
      expect(ended.code).toBe(code)
    })

    it('speaks Korean where the environment does', async () => {
      const { code, stderr } = await start(['capture', '-i', 'nosuch0'], { LANG: 'ko_KR.UTF-8' }).ended
      expect(code).toBe(1)
      expect(stderr).toMatch(/^tcplab: “nosuch0” 인터페이스가 없습니다: /)
    })

    it('explains every command in both languages, with the exit codes', async () => {
      for (const command of ['interfaces', 'capture', 'host', 'connect', 'inject', 'serve', 'demo']) {
        const english = await tcplab(command, '--help')
        const korean = await tcplab(command, '--help', '--lang', 'ko')
        expect(english.code).toBe(0)
        expect(english.stdout).toMatch(/Exit codes: 0 done, 1 failed, 2 wrong usage/)
        expect(korean.stdout).toContain('종료 코드')
        expect(english.stdout + korean.stdout).not.toMatch(/cli\.[a-z]+\.|undefined/)
      }
    })
  })

  describe('demo', () => {
    it('shows the first conversation on the virtual link: ARP, handshake, GET, answer, close', async () => {
      const { code, stdout } = await tcplab('demo', '--link', 'virtual')
      expect(code).toBe(0)
      const order = [
        /arp reply 10\.77\.0\.1 is-at/, /> S 0:0\(0\)/, /< S\. 0:0\(0\) ack 1/, /SYN_SENT to ESTABLISHED/, /> P\. 1:\d+/, /< P?\. 1:\d+\(\d+\)/, /> F\./, /to TIME_WAIT/,
        /The conversation is complete/,
      ]
      let at = 0
      for (const pattern of order) {
        const found = stdout.slice(at).search(pattern)
        expect(found, `${pattern} after\n${stdout.slice(0, at)}`).toBeGreaterThanOrEqual(0)
        at += found
      }
    })
  })
}, bindingObstacle)
