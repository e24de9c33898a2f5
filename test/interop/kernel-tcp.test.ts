import { createHash } from 'node:crypto'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatIpv4, parseIpv4 } from '../../src/wire/addresses.ts'
import { Echo } from '../../src/stack/applications/echo.ts'
import { Transfer } from '../../src/stack/applications/transfer.ts'
import type { Host } from '../../src/stack/host.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import { TcpState } from '../../src/tcp/state.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { digestOfPattern, exchangePattern, patternSource, writePattern } from '../support/byte-pattern.ts'
import { startLabOnVeth, until } from '../support/lab-on-veth.ts'
import type { LabOnVeth } from '../support/lab-on-veth.ts'
import { inOwnNetwork, makeVeth, removeVeth, run, runAsync } from '../support/own-network.ts'

const labAddress = '10.77.0.2'
const kernelAddress = '10.77.0.1'
const megabyte = 1_000_000
const bulkBytes = 100 * megabyte
const kernel = parseIpv4(kernelAddress)!

function walkedStates(host: Host, id: number): number[] {
  const snapshot = createTcpSnapshot()
  host.connection(id)!.snapshot(snapshot)
  return snapshot.path.filter((_, i) => i % 2 === 0)
}

/** The kernel's own counters that mean trouble. */
function troubleCounters(): Record<string, number> {
  const output = run('nstat', ['-asz', 'TcpInCsumErrors', 'TcpEstabResets', 'TcpInErrs', 'TcpExtTCPAbortOnData', 'TcpExtPAWSEstab', 'TcpExtTCPAbortOnTimeout'])
  return Object.fromEntries(output.split('\n').slice(1).filter(Boolean).map((line) => { const [name, value] = line.trim().split(/\s+/); return [name, Number(value)] }))
}

function listenKernel(onConnection: (socket: net.Socket) => void, port = 9000): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ allowHalfOpen: true }, onConnection)
    server.on('error', reject)
    server.listen(port, kernelAddress, () => resolve(server))
  })
}

inOwnNetwork(import.meta.url, () => {
  describe('the lab host and the Linux kernel', () => {
    let lab: LabOnVeth | null = null
    const servers: net.Server[] = []

    beforeEach(() => {
      makeVeth('lab0', 'peer0')
      run('ip', ['addr', 'add', `${kernelAddress}/24`, 'dev', 'peer0'])
      for (const name of ['lab0', 'peer0']) run('ethtool', ['-K', name, 'tx', 'off', 'rx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off'])
    })

    afterEach(() => {
      lab?.close()
      lab = null
      for (const server of servers.splice(0)) server.close()
      run('sysctl', ['-qw', 'net.ipv4.tcp_window_scaling=1', 'net.ipv4.tcp_timestamps=1'])
      removeVeth('lab0')
    })

    const start = async (tcp: Partial<TcpConfig> = {}) => { lab = await startLabOnVeth('lab0', { address: labAddress, tcp }); return lab }

    const variants: { name: string, kernel: string[], tcp: Partial<TcpConfig>, wscale: boolean, ts: boolean }[] = [
      { name: 'window scaling and timestamps', kernel: [], tcp: {}, wscale: true, ts: true },
      { name: 'the kernel without window scaling', kernel: ['net.ipv4.tcp_window_scaling=0'], tcp: {}, wscale: false, ts: true },
      { name: 'the kernel without timestamps', kernel: ['net.ipv4.tcp_timestamps=0'], tcp: {}, wscale: true, ts: false },
      { name: 'the lab without window scaling', kernel: [], tcp: { windowScaling: false }, wscale: false, ts: true },
      { name: 'the lab without timestamps', kernel: [], tcp: { timestamps: false }, wscale: true, ts: false },
    ]

    for (const variant of variants) {
      it(`carries 100 MB each way byte-exact: ${variant.name}`, async () => {
        if (variant.kernel.length > 0) run('sysctl', ['-qw', ...variant.kernel])
        const { host, runner, driver, nowUs } = await start(variant.tcp)
        const before = troubleCounters()
        const expected = digestOfPattern(bulkBytes)

        const kernelGot = createHash('sha256')
        let kernelEnded = false
        servers.push(await listenKernel((socket) => {
          socket.on('data', (chunk) => kernelGot.update(chunk))
          socket.on('end', () => { kernelEnded = true; void writePattern(socket, bulkBytes) })
        }))
        const weGot = createHash('sha256')
        const transfer = new Transfer({ source: patternSource(bulkBytes), sink: (bytes, at, length) => weGot.update(bytes.subarray(at, at + length)) })
        const id = runner.connect(kernel, 9000, transfer, {}, nowUs())
        expect(id).toBeTypeOf('number')
        driver.wake()
        await until(() => host.connection(id as number)!.state === TcpState.established, 2000, 'established')
        const ours = createTcpSnapshot()
        host.connection(id as number)!.snapshot(ours)
        expect(ours.timestampsOn).toBe(variant.ts)
        expect(ours.sackOn).toBe(true)
        let theirs = ''
        await until(() => (theirs = run('ss', ['-tnio', 'state', 'established', '( sport = :9000 )'])).includes(':9000'), 2000, 'the kernel has our ACK')
        expect(/\bts\b/.test(theirs), theirs).toBe(variant.ts)
        expect(/wscale:/.test(theirs), theirs).toBe(variant.wscale)
        await until(() => transfer.ending !== null || host.connection(id as number)!.state === TcpState.timeWait, 60_000, 'both directions are done')

        expect(kernelEnded).toBe(true)
        expect(transfer.received).toBe(bulkBytes)
        expect(kernelGot.digest('hex')).toBe(expected)
        expect(weGot.digest('hex')).toBe(expected)
        expect(troubleCounters()).toEqual(before)
      })
    }

    it('serves the kernel: it connects, sends 100 MB, and gets the same back', async () => {
      const { runner, events } = await start()
      const before = troubleCounters()
      expect(runner.serve(7, () => new Echo())).toBeNull()
      const socket = net.connect({ host: labAddress, port: 7, allowHalfOpen: true })
      const { total, digest } = await exchangePattern(socket, bulkBytes)
      expect(total).toBe(bulkBytes)
      expect(digest).toBe(digestOfPattern(bulkBytes))
      await until(() => events.some((event) => event.kind === 'closed'), 5000, 'our end is closed')
      expect(troubleCounters()).toEqual(before)
    })

    it('closes first, and waits in TIME_WAIT', async () => {
      const { host, runner, driver, nowUs } = await start()
      servers.push(await listenKernel((socket) => { socket.on('end', () => socket.end()); socket.resume() }))
      const id = runner.connect(kernel, 9000, new Transfer({ source: patternSource(1000) }), {}, nowUs()) as number
      driver.wake()
      await until(() => host.connection(id)!.state === TcpState.timeWait, 5000, 'TIME_WAIT')
      const states = walkedStates(host, id)
      expect(states.slice(0, 4)).toEqual([TcpState.closed, TcpState.synSent, TcpState.established, TcpState.finWait1])
      expect(states.at(-1)).toBe(TcpState.timeWait)
      expect(run('ss', ['-tan', '( sport = :9000 )'])).not.toMatch(/ESTAB|LAST-ACK|CLOSE-WAIT/)
    })

    it('lets the kernel close first', async () => {
      const { host, runner, driver, nowUs, events } = await start()
      servers.push(await listenKernel((socket) => { socket.end('bye'); socket.resume() }))
      const transfer = new Transfer({})
      const id = runner.connect(kernel, 9000, transfer, {}, nowUs()) as number
      driver.wake()
      await until(() => transfer.ending !== null, 5000, 'closed')
      expect(transfer.ending).toBe('closed')
      expect(transfer.received).toBe(3)
      expect(walkedStates(host, id)).toEqual([TcpState.closed, TcpState.synSent, TcpState.established, TcpState.closeWait, TcpState.lastAck, TcpState.closed])
      expect(events.some((event) => event.kind === 'remoteClosed')).toBe(true)
      await until(() => /TIME-WAIT/.test(run('ss', ['-tan', '( sport = :9000 )'])), 2000, 'the kernel is in TIME-WAIT')
    })

    it('holds 200 connections at once, in each direction', async () => {
      const { host, runner, driver, nowUs } = await start()
      const before = troubleCounters()
      const connections = 200
      expect(runner.serve(7, () => new Echo(), { backlog: 512 })).toBeNull()
      const sockets = await Promise.all(Array.from({ length: connections }, (_, i) => new Promise<net.Socket>((resolve, reject) => {
        const socket = net.connect(7, labAddress, () => { socket.write(`hello ${i}`) })
        socket.on('error', reject)
        socket.once('data', (data) => { expect(String(data)).toBe(`hello ${i}`); resolve(socket) })
      })))
      const established = () => [...host.connections()].filter((record) => record.connection.state === TcpState.established).length
      expect(established()).toBe(connections)
      for (const socket of sockets) socket.end()
      await until(() => established() === 0, 5000, 'all closed')

      const kernelSockets: net.Socket[] = []
      servers.push(await listenKernel((socket) => { kernelSockets.push(socket); socket.pipe(socket) }))
      const transfers = Array.from({ length: connections }, () => {
        const hash = createHash('sha256')
        const sink = (bytes: Uint8Array, at: number, length: number) => { hash.update(bytes.subarray(at, at + length)) }
        const transfer = new Transfer({ source: patternSource(20_000), sink, closeAfterSend: false })
        expect(runner.connect(kernel, 9000, transfer, {}, nowUs())).toBeTypeOf('number')
        return { transfer, hash }
      })
      driver.wake()
      await until(() => transfers.every(({ transfer }) => transfer.received === 20_000), 20_000, 'all echoed')
      expect(kernelSockets.length).toBe(connections)
      const expected = digestOfPattern(20_000)
      for (const { hash } of transfers) expect(hash.digest('hex')).toBe(expected)
      for (const socket of kernelSockets) socket.end()
      await until(() => transfers.every(({ transfer }) => transfer.ending === 'closed'), 5000, 'all closed')
      expect(troubleCounters()).toEqual(before)
    })

    it('refuses the kernel on a closed port, and is refused by it', async () => {
      const { runner, driver, nowUs } = await start()
      const refused = new Promise<string>((resolve) => { net.connect(81, labAddress).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? '')) })
      expect(await refused).toBe('ECONNREFUSED')
      const transfer = new Transfer({})
      expect(runner.connect(kernel, 9999, transfer, {}, nowUs())).toBeTypeOf('number')
      driver.wake()
      await until(() => transfer.ending !== null, 5000, 'refused')
      expect(transfer.ending).toBe('refused')
    })

    it('answers the kernel\'s ping, and refuses an address that the kernel has', async () => {
      const { host } = await start()
      expect(host.phase).toBe('ready')
      expect(await runAsync('ping', ['-c', '2', '-i', '0.2', '-W', '1', labAddress])).toMatch(/ 0% packet loss/)
      expect(run('ip', ['neigh', 'show', labAddress])).toMatch(/02:00:00:00:00:02/)
      await expect(startLabOnVeth('lab0', { address: kernelAddress })).rejects.toThrow(/address is ready/)
      expect(formatIpv4(host.config.ipv4)).toBe(labAddress)
    })
  })
})
