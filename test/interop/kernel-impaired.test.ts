import { createHash } from 'node:crypto'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Impairments } from '../../src/link/impair.ts'
import { Echo } from '../../src/stack/applications/echo.ts'
import { Transfer } from '../../src/stack/applications/transfer.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import { TcpState } from '../../src/tcp/state.ts'
import { parseIpv4, parseIpv6 } from '../../src/wire/addresses.ts'
import { digestOfPattern, exchangePattern, patternSource, writePattern } from '../support/byte-pattern.ts'
import { startLabOnVeth, until } from '../support/lab-on-veth.ts'
import type { LabOnVeth, LabOnVethOptions } from '../support/lab-on-veth.ts'
import { inOwnNetwork, makeVeth, removeVeth, run } from '../support/own-network.ts'

/** TCPLAB_BULK_MB=100 carries more. */
const bulkBytes = 1_000_000 * Number(process.env.TCPLAB_BULK_MB ?? 10)
const bulkMs = 30_000 + bulkBytes / 300

const versions = [
  { name: 'IPv4', lab: '10.77.0.2', kernel: '10.77.0.1', remote: parseIpv4('10.77.0.1')!, ss: '-4tnio', mss: 1460 },
  { name: 'IPv6', lab: 'fd00:77::2', kernel: 'fd00:77::1', remote: parseIpv6('fd00:77::1')!, ss: '-6tnio', mss: 1440 },
] as const

const bad: Impairments = { lossRate: 0.01, duplicateRate: 0.01, corruptRate: 0.001, reorderRate: 0.02, reorderUs: 2000, delayUs: 500, jitterUs: 300 }
const terrible: Impairments = { ...bad, lossRate: 0.1, duplicateRate: 0.05, reorderRate: 0.1 }
const far: Impairments = { delayUs: 5000 }

inOwnNetwork(import.meta.url, () => {
  describe('the lab host and the Linux kernel over a network that we spoil', () => {
    let lab: LabOnVeth | null = null
    const servers: net.Server[] = []
    const sockets: net.Socket[] = []

    beforeEach(() => {
      makeVeth('lab0', 'peer0')
      run('sysctl', ['-qw', 'net.ipv6.conf.peer0.disable_ipv6=0'])
      run('ip', ['addr', 'add', '10.77.0.1/24', 'dev', 'peer0'])
      run('ip', ['addr', 'add', 'fd00:77::1/64', 'dev', 'peer0', 'nodad'])
      for (const name of ['lab0', 'peer0']) run('ethtool', ['-K', name, 'tx', 'off', 'rx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off'])
    })

    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy()
      for (const server of servers.splice(0)) server.close()
      lab?.close()
      lab = null
      removeVeth('lab0')
    })

    const start = async (impairments: Impairments, options: Partial<LabOnVethOptions> = {}) => {
      const host = { ipv6: true, ipv6Addresses: [{ address: parseIpv6('fd00:77::2')!, prefixLength: 64 }] }
      lab = await startLabOnVeth('lab0', { address: '10.77.0.2', host, impairments: { send: impairments, receive: impairments }, ...options })
      return lab
    }

    const listenKernel = (address: string, onConnection: (socket: net.Socket) => void) => new Promise<void>((resolve, reject) => {
      const server = net.createServer({ allowHalfOpen: true }, (socket) => { sockets.push(socket); onConnection(socket) })
      server.on('error', reject)
      server.listen({ port: 9000, host: address, backlog: 2048 }, resolve)
      servers.push(server)
    })

    for (const { name, lab: labAddress, kernel, remote } of versions) {
      it(`carries every byte both ways when we connect over ${name}`, async () => {
        const { host, runner, driver, nowUs } = await start(bad, { seed: 7 })
        const kernelGot = createHash('sha256')
        await listenKernel(kernel, (socket) => {
          socket.on('data', (chunk) => kernelGot.update(chunk))
          socket.on('end', () => { void writePattern(socket, bulkBytes) })
        })
        const weGot = createHash('sha256')
        const transfer = new Transfer({ source: patternSource(bulkBytes), sink: (bytes, at, length) => weGot.update(bytes.subarray(at, at + length)) })
        const id = runner.connect(remote, 9000, transfer, {}, nowUs()) as number
        driver.wake()
        await until(() => transfer.ending !== null || host.connection(id)!.state === TcpState.timeWait, bulkMs, 'both directions are done')
        expect(transfer.received).toBe(bulkBytes)
        expect(kernelGot.digest('hex')).toBe(digestOfPattern(bulkBytes))
        expect(weGot.digest('hex')).toBe(digestOfPattern(bulkBytes))
        const { tcp } = host.statistics()
        expect(tcp.retransmitted).toBeGreaterThan(0)
        expect(tcp.badChecksum).toBeGreaterThan(0)
      })

      it(`gives the kernel every byte back when it connects over ${name}`, async () => {
        const { host, runner } = await start(bad, { seed: 8 })
        expect(runner.serve(7, () => new Echo())).toBeNull()
        const socket = net.connect({ host: labAddress, port: 7, allowHalfOpen: true })
        sockets.push(socket)
        const { total, digest } = await exchangePattern(socket, bulkBytes)
        expect(total).toBe(bulkBytes)
        expect(digest).toBe(digestOfPattern(bulkBytes))
        expect(host.statistics().tcp.retransmitted).toBeGreaterThan(0)
      })

      it(`gets through where every tenth frame is lost, over ${name}`, async () => {
        const { host, runner, driver, nowUs } = await start(terrible, { seed: 9 })
        const bytes = 300_000
        const weGot = createHash('sha256')
        await listenKernel(kernel, (socket) => socket.pipe(socket))
        const transfer = new Transfer({ source: patternSource(bytes), sink: (chunk, at, length) => weGot.update(chunk.subarray(at, at + length)) })
        const id = runner.connect(remote, 9000, transfer, {}, nowUs()) as number
        driver.wake()
        await until(() => transfer.ending !== null || host.connection(id)!.state === TcpState.timeWait, 90_000, 'all is echoed')
        expect(weGot.digest('hex')).toBe(digestOfPattern(bytes))
      })
    }

    for (const { name, kernel, remote, ss, mss } of versions) {
      it(`agrees with what ss shows on the far side, over ${name}`, async () => {
        const { host, runner, driver, nowUs } = await start(far)
        await listenKernel(kernel, (socket) => socket.pipe(socket))
        const transfer = new Transfer({ source: patternSource(500_000), sink: () => {}, closeAfterSend: false, closeAfterReceive: false })
        const id = runner.connect(remote, 9000, transfer, {}, nowUs()) as number
        driver.wake()
        await until(() => transfer.received === 500_000, 20_000, 'all is echoed')
        // The last ACK of each side is on its way, or delayed.
        await new Promise((resolve) => { setTimeout(resolve, 500) })
        const ours = createTcpSnapshot()
        host.connection(id)!.snapshot(ours)
        const theirs = run('ss', [ss, 'state', 'established', '( sport = :9000 )'])
        const number = (pattern: RegExp) => Number(pattern.exec(theirs)?.[1])
        const [, sendShift, receiveShift] = /wscale:(\d+),(\d+)/.exec(theirs)!.map(Number)
        expect({ sendShift, receiveShift, ts: /\bts\b/.test(theirs), sack: /\bsack\b/.test(theirs) })
          .toEqual({ sendShift: ours.rcvWndShift, receiveShift: ours.sndWndShift, ts: ours.timestampsOn, sack: ours.sackOn })
        expect(ours.rcvMss).toBe(mss)
        expect({ mss: number(/\bmss:(\d+)/), advmss: number(/advmss:(\d+)/) }).toEqual({ mss: ours.rcvMss - 12, advmss: ours.sndMss })
        // Ten milliseconds of network, and some for two programs on a machine that does other things too.
        for (const rttMs of [number(/\brtt:([\d.]+)/), ours.srttUs / 1000]) {
          expect(rttMs).toBeGreaterThan(9)
          expect(rttMs).toBeLessThan(120)
        }
        expect(number(/bytes_received:(\d+)/)).toBe(ours.bytesAcked)
        expect(number(/bytes_acked:(\d+)/)).toBe(ours.bytesReceived)
      })
    }

    it('holds 1,000 connections at once, half from each side', async () => {
      const { host, runner, driver, nowUs } = await start({ lossRate: 0.005, reorderRate: 0.01, reorderUs: 1000 })
      const half = 500
      const bytes = 3000
      expect(runner.serve(7, () => new Echo(), { backlog: half })).toBeNull()
      await listenKernel('10.77.0.1', (socket) => socket.pipe(socket))
      const expected = digestOfPattern(bytes)
      const transfers = Array.from({ length: half }, () => {
        const hash = createHash('sha256')
        const sink = (chunk: Uint8Array, at: number, length: number) => { hash.update(chunk.subarray(at, at + length)) }
        const transfer = new Transfer({ source: patternSource(bytes), sink, closeAfterSend: false, closeAfterReceive: false })
        expect(runner.connect(versions[0].remote, 9000, transfer, {}, nowUs())).toBeTypeOf('number')
        return { transfer, hash }
      })
      driver.wake()
      const theirs = await Promise.all(Array.from({ length: half }, () => new Promise<string>((resolve, reject) => {
        const socket = net.connect(7, '10.77.0.2')
        sockets.push(socket)
        const hash = createHash('sha256')
        let total = 0
        socket.on('error', reject)
        socket.on('data', (chunk) => {
          hash.update(chunk)
          total += chunk.length
          if (total === bytes) resolve(hash.digest('hex'))
        })
        socket.on('connect', () => { for (let at = 0; at < bytes; at += 1000) socket.write(chunkOfPattern(at)) })
      })))
      await until(() => transfers.every(({ transfer }) => transfer.received === bytes), 60_000, 'all is echoed')
      expect([...host.connections()].filter(({ connection }) => connection.state === TcpState.established)).toHaveLength(2 * half)
      expect(new Set([...theirs, ...transfers.map(({ hash }) => hash.digest('hex'))])).toEqual(new Set([expected]))
    })
  })
})

function chunkOfPattern(at: number): Buffer {
  const whole = Buffer.alloc(at + 1000)
  patternSource(at + 1000)(whole)
  return whole.subarray(at)
}
