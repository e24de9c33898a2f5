import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Driver } from '../../main/lab/driver.ts'
import { openNicLink } from '../../main/link/nic-link.ts'
import type { Impairments } from '../../src/link/impair.ts'
import type { Link } from '../../src/link/link.ts'
import type { FlowInsights, FlowVerdict } from '../../src/rpc/flows-contract.ts'
import { Transfer } from '../../src/stack/applications/transfer.ts'
import { Protocol } from '../../src/trace/packet-store.ts'
import { Trace } from '../../src/trace/trace.ts'
import { parseIpv4 } from '../../src/wire/addresses.ts'
import { startLabOnVeth, until } from '../support/lab-on-veth.ts'
import type { LabOnVeth, LabOnVethOptions } from '../support/lab-on-veth.ts'
import { inOwnNetwork, makeVeth, removeVeth, run } from '../support/own-network.ts'

const kernelAddress = '10.77.0.1'
const remote = parseIpv4(kernelAddress)!
/** Sends as much as it can to whoever connects, by a congestion controller that only the socket can ask for. */
const bulkSender = `
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.setsockopt(socket.IPPROTO_TCP, 13, sys.argv[3].encode())
listener.bind((sys.argv[1], int(sys.argv[2])))
listener.listen()
print('ready', flush=True)
connection, _ = listener.accept()
while True: connection.sendall(bytes(65536))
`

inOwnNetwork(import.meta.url, () => {
  describe('insights into the Linux kernel, captured beside it', () => {
    let lab: LabOnVeth | null = null
    let capture: { trace: Trace, driver: Driver, link: Link }
    const servers: net.Server[] = []
    const sockets: net.Socket[] = []
    const programs: ChildProcess[] = []
    let tests = 1
    let labAddress = ''

    beforeEach(() => {
      makeVeth('lab0', 'peer0')
      run('ip', ['addr', 'add', `${kernelAddress}/24`, 'dev', 'peer0'])
      for (const name of ['lab0', 'peer0']) run('ethtool', ['-K', name, 'tx', 'off', 'rx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off'])
    })

    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy()
      for (const server of servers.splice(0)) server.close()
      for (const program of programs.splice(0)) program.kill('SIGKILL')
      capture.driver.stop()
      capture.link.close()
      lab?.close()
      lab = null
      removeVeth('lab0')
    })

    const watch = (name: string) => {
      const trace = new Trace({ insights: true })
      const link = openNicLink({ name, promiscuous: false })
      const driver = new Driver({ watch: (batch) => { trace.append(batch, link.info.linkType, null) }, onError: (error) => { throw error } })
      driver.attach(link)
      capture = { trace, driver, link }
    }

    const start = async (impairments: Impairments = {}, options: Partial<LabOnVethOptions> = {}) => {
      watch('peer0')
      // The kernel may still have connections of the test before.
      labAddress = `10.77.0.${++tests}`
      lab = await startLabOnVeth('lab0', { address: labAddress, impairments: { send: { delayUs: impairments.delayUs ?? 0 }, receive: impairments }, ...options })
      return lab
    }

    const listenKernel = (onConnection: (socket: net.Socket) => void, options: net.ServerOpts = {}) => new Promise<void>((resolve, reject) => {
      const server = net.createServer({ allowHalfOpen: true, ...options }, (socket) => { sockets.push(socket); onConnection(socket) })
      server.on('error', reject)
      server.listen({ port: 9000, host: kernelAddress }, resolve)
      servers.push(server)
    })

    const wait = (ms: number) => new Promise((resolve) => { setTimeout(resolve, ms) })
    const flows = (): FlowInsights[] => capture.trace.tracker.flows
      .filter(({ protocol, client }) => protocol === Protocol.tcp && capture.trace.tracker.addresses.text(client.address) === labAddress)
      .map(({ number }) => capture.trace.flowInsights(number)!)
    const insights = (): FlowInsights => flows()[0]
    const verdicts = () => Object.fromEntries(insights().verdicts.map((verdict) => [verdict.name, verdict])) as Partial<Record<FlowVerdict['name'], FlowVerdict>>
    const connect = (transfer: Transfer) => {
      const id = lab!.runner.connect(remote, 9000, transfer, {}, lab!.nowUs()) as number
      lab!.driver.wake()
      return id
    }
    const bulk = (socket: net.Socket): void => {
      const block = Buffer.alloc(1 << 16)
      const more = () => { while (socket.write(block)); }
      socket.on('drain', more).on('error', () => {})
      more()
    }

    for (const [controller, name] of [['reno', 'controllerReno'], ['cubic', 'controllerCubic'], ['bbr', 'controllerBbr']] as const) {
      it(`its ${controller} is taken for what it is, with ten segments to begin`, { retry: 1 }, async ({ skip }) => {
        const sender = spawn('python3', ['-c', bulkSender, kernelAddress, '9000', controller])
        programs.push(sender)
        const isReady = await new Promise<boolean>((resolve) => {
          sender.stdout.once('data', () => { resolve(true) })
          sender.once('exit', () => { resolve(false) }).once('error', () => { resolve(false) })
        })
        if (!isReady) skip(`needs python3 and the kernel's ${controller}`)
        await start({ delayUs: 10_000, rateBitsPerSecond: 10_000_000, queueFrames: 40 }, { tcp: { receiveBufferBytes: 2 << 20 } })
        connect(new Transfer({ sink: () => {} }))
        await wait(9000)
        // BBR shows itself by what it does not do: that may be too little to say so, but never looks like another.
        const taken = insights().verdicts.map((verdict) => verdict.name).filter((verdict) => verdict.startsWith('controller'))
        expect(controller === 'bbr' ? [name, 'controllerUnknown'] : [name]).toContain(taken[0])
        expect(verdicts().initialWindow).toMatchObject({ side: 1, params: { segments: 10 } })
        expect(verdicts().networkLimited).toMatchObject({ side: 1 })
      })
    }

    it('it holds a small segment by Nagle while our host delays its ACK', async () => {
      await start({}, { tcp: { delayedAckUs: 80_000 } })
      await listenKernel((socket) => {
        socket.setNoDelay(false)
        socket.write(Buffer.alloc(100))
        setTimeout(() => socket.write(Buffer.alloc(50)), 5)
      })
      const transfer = new Transfer({ sink: () => {} })
      connect(transfer)
      await until(() => transfer.received === 150, 5000, 'both writes have come')
      await wait(200)
      expect(verdicts().nagleDelayedAcks).toMatchObject({ side: 1, params: { count: 1 } })
      expect(verdicts().nagleDelayedAcks!.params.totalUs).toBeGreaterThan(60_000)
    })

    it('it refuses, aborts and says that data was left unread', async () => {
      await start()
      connect(new Transfer({}))
      await until(() => capture.trace.flowCount > 0 && capture.trace.flowRow(capture.trace.flowCount - 1).resets > 0, 5000, 'the refusal')
      await listenKernel((socket) => { setTimeout(() => socket.resetAndDestroy(), 20) })
      connect(new Transfer({ closeAfterReceive: false }))
      await wait(300)
      for (const server of servers.splice(0)) server.close()
      await wait(50)
      await listenKernel((socket) => {
        socket.pause()
        setTimeout(() => socket.destroy(), 100)
      }, { pauseOnConnect: true })
      let sent = false
      connect(new Transfer({ source: (into) => sent ? 0 : (sent = true, into.fill(1, 0, 20_000), 20_000), closeAfterReceive: false }))
      await wait(400)
      const names = flows().map(({ verdicts: found }) => found.map(({ name }) => name))
      expect(names[0]).toContain('resetRefused')
      expect(names[1]).toContain('resetAbort')
      expect(names[2]).toContain('resetUnread')
    })

    it('it stands before our closed window and is told how long', async () => {
      await start({}, { tcp: { receiveBufferBytes: 8192 } })
      await listenKernel(bulk)
      connect(new Transfer({ sink: () => {} }))
      await wait(300)
      expect(verdicts().windowLimited).toMatchObject({ side: 1 })
    })

    it('its unfinished checksums and uncut segments are named on its loopback interface', async () => {
      run('ip', ['link', 'set', 'lo', 'mtu', '1500'])
      watch('lo')
      await new Promise<void>((resolve) => { servers.push(net.createServer((socket) => { sockets.push(socket.on('error', () => {})) }).listen(9100, '127.0.0.1', resolve)) })
      const socket = net.connect(9100, '127.0.0.1')
      sockets.push(socket)
      socket.write(Buffer.alloc(300_000))
      await wait(500)
      labAddress = '127.0.0.1'
      const clients = insights().verdicts.filter(({ side }) => side === 0).map(({ name }) => name)
      expect(clients).toContain('superSegments')
      expect(clients).toContain('unfinishedChecksums')
    })
  })
})
