import { createHash } from 'node:crypto'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Echo } from '../../src/stack/applications/echo.ts'
import { Transfer } from '../../src/stack/applications/transfer.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import { TcpState } from '../../src/tcp/state.ts'
import { formatIpv6, parseIpv6 } from '../../src/wire/addresses.ts'
import { digestOfPattern, exchangePattern, patternSource, writePattern } from '../support/byte-pattern.ts'
import { startLabOnVeth, until } from '../support/lab-on-veth.ts'
import type { LabOnVeth } from '../support/lab-on-veth.ts'
import { inOwnNetwork, makeVeth, removeVeth, run, runAsync } from '../support/own-network.ts'

const labAddress = 'fd00:77::2'
const kernelAddress = 'fd00:77::1'
const labLinkLocal = 'fe80::ff:fe00:2'
const bulkBytes = 20_000_000

inOwnNetwork(import.meta.url, () => {
  describe('the lab host and the Linux kernel over IPv6', () => {
    let lab: LabOnVeth | null = null
    const servers: net.Server[] = []

    beforeEach(() => {
      makeVeth('lab6', 'peer6')
      run('sysctl', ['-qw', 'net.ipv6.conf.lab6.disable_ipv6=1', 'net.ipv6.conf.peer6.disable_ipv6=0'])
      run('ip', ['addr', 'add', `${kernelAddress}/64`, 'dev', 'peer6', 'nodad'])
      for (const name of ['lab6', 'peer6']) run('ethtool', ['-K', name, 'tx', 'off', 'rx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off'])
    })

    afterEach(() => {
      lab?.close()
      lab = null
      for (const server of servers.splice(0)) server.close()
      removeVeth('lab6')
    })

    const start = async (address = labAddress) => {
      const ipv6Addresses = [{ address: parseIpv6(address)!, prefixLength: 64 }]
      lab = await startLabOnVeth('lab6', { address: '10.77.0.2', host: { ipv6: true, ipv6Addresses } })
      return lab
    }

    const listenKernel = (onConnection: (socket: net.Socket) => void) => new Promise<net.Server>((resolve, reject) => {
      const server = net.createServer({ allowHalfOpen: true }, onConnection)
      server.on('error', reject)
      server.listen(9000, kernelAddress, () => resolve(server))
      servers.push(server)
    })

    it('carries 20 MB each way byte-exact when we connect, MSS 1440 [RFC8200/mss]', async () => {
      const { host, runner, driver, nowUs } = await start()
      const kernelGot = createHash('sha256')
      await listenKernel((socket) => {
        socket.on('data', (chunk) => kernelGot.update(chunk))
        socket.on('end', () => { void writePattern(socket, bulkBytes) })
      })
      const weGot = createHash('sha256')
      const transfer = new Transfer({ source: patternSource(bulkBytes), sink: (bytes, at, length) => weGot.update(bytes.subarray(at, at + length)) })
      const id = runner.connect(parseIpv6(kernelAddress)!, 9000, transfer, {}, nowUs()) as number
      expect(id).toBeTypeOf('number')
      driver.wake()
      await until(() => host.connection(id)!.state === TcpState.established, 3000, 'established')
      const snapshot = createTcpSnapshot()
      host.connection(id)!.snapshot(snapshot)
      expect(snapshot.sndMss).toBe(1440 - 12)
      expect(formatIpv6(host.record(id)!.localAddress as Uint8Array)).toBe(labAddress)
      const theirs = () => run('ss', ['-6tnio', 'state', 'established', '( sport = :9000 )'])
      await until(() => /advmss:1428/.test(theirs()), 3000, 'the kernel has our ACK and sends segments of 1428 bytes')
      await until(() => transfer.ending !== null || host.connection(id)!.state === TcpState.timeWait, 30_000, 'both directions are done')
      expect(transfer.received).toBe(bulkBytes)
      expect(kernelGot.digest('hex')).toBe(digestOfPattern(bulkBytes))
      expect(weGot.digest('hex')).toBe(digestOfPattern(bulkBytes))
      expect(host.statistics().tcp.badChecksum).toBe(0)
    })

    it('serves the kernel: it connects, sends 20 MB, and gets the same back', async () => {
      const { runner, events } = await start()
      expect(runner.serve(7, () => new Echo())).toBeNull()
      const socket = net.connect({ host: labAddress, port: 7, allowHalfOpen: true })
      const { total, digest } = await exchangePattern(socket, bulkBytes)
      expect(total).toBe(bulkBytes)
      expect(digest).toBe(digestOfPattern(bulkBytes))
      await until(() => events.some((event) => event.kind === 'closed'), 5000, 'our end is closed')
    })

    it('answers ping to its addresses and the solicitations behind it', async () => {
      const { host } = await start()
      expect(host.ipv6Addresses().map(({ address }) => formatIpv6(address))).toEqual([labLinkLocal, labAddress])
      expect(await runAsync('ping', ['-6', '-c', '2', '-i', '0.2', '-W', '2', labAddress])).toMatch(/ 0% packet loss/)
      expect(await runAsync('ping', ['-6', '-c', '2', '-i', '0.2', '-W', '2', '-s', '1452', `${labLinkLocal}%peer6`])).toMatch(/ 0% packet loss/)
      expect(run('ip', ['-6', 'neigh', 'show', labAddress])).toMatch(/02:00:00:00:00:02/)
      expect(host.ndpTable().some(({ address }) => formatIpv6(address) === kernelAddress)).toBe(true)
    })

    it('refuses the kernel on a closed port, is refused by it, and gives up an address that the kernel has [RFC4862/dad]', async () => {
      const { runner, driver, nowUs } = await start()
      const refused = new Promise<string>((resolve) => { net.connect(81, labAddress).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? '')) })
      expect(await refused).toBe('ECONNREFUSED')
      const transfer = new Transfer({})
      expect(runner.connect(parseIpv6(kernelAddress)!, 9999, transfer, {}, nowUs())).toBeTypeOf('number')
      driver.wake()
      await until(() => transfer.ending !== null, 5000, 'refused')
      expect(transfer.ending).toBe('refused')
      lab!.close()
      lab = null
      await expect(start(kernelAddress)).rejects.toThrow(/address is ready/)
    })
  })
})
