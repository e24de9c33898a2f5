import { spawn } from 'node:child_process'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { encodeControl } from '../../main/link/helper-protocol.ts'
import type { RemoteLink } from '../../main/link/remote-link.ts'
import { openSandboxLink, sandboxObstacle } from '../../main/link/sandbox-link.ts'
import { FaultError } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { TcpFlag } from '../../src/wire/tcp.ts'
import { asBothUsers } from '../support/as-other-user.ts'
import { FrameTalker } from '../support/frame-talker.ts'
import { pause, until } from '../support/link-frames.ts'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const labAddress = '10.77.0.2'

asBothUsers(import.meta.url, () => {
  const obstacle = sandboxObstacle()
  if (obstacle !== null) {
    it('opens the sandbox', ({ skip }) => skip(`${obstacle.params.reason}: ${obstacle.params.detail}`))
    return
  }
  const open: RemoteLink[] = []
  const openSandbox = async (options = {}): Promise<RemoteLink> => {
    const link = await openSandboxLink(options)
    open.push(link)
    return link
  }
  afterEach(async () => {
    for (const link of open.splice(0)) link.close()
    await until(() => helpersOf(process.pid).length === 0)
  })

  it('is a quiet Ethernet with the kernel at the far end', async () => {
    const link = await openSandbox()
    expect(link.peerAddress).toBe('10.77.0.1')
    expect(link.info).toMatchObject({ kind: 'sandbox', name: 'lab0', linkType: 1, mtu: 1500, mayInject: true, timestamps: 'kernel', reportsDirection: true })
    let frames = 0
    await pause(300)
    link.drain((batch) => { frames += batch.count }, 1000)
    expect(frames).toBe(0)
  })

  it('carries a conversation with the kernel\'s HTTP server, from ARP to the last FIN', async () => {
    const link = await openSandbox()
    const talker = new FrameTalker(link, { address: labAddress, peer: link.peerAddress, sourcePort: 40000, destinationPort: 80 })
    await talker.connect()
    talker.sendSegment(TcpFlag.psh | TcpFlag.ack, Buffer.from('GET / HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n'))
    await talker.listenUntil(() => talker.heard.some(({ flags }) => (flags & TcpFlag.fin) !== 0))
    talker.sendSegment(TcpFlag.fin | TcpFlag.ack)
    await talker.listenUntil(() => talker.heard.some(({ ack }) => ack === talker.sndNxt))
    const text = Buffer.concat(talker.received).toString()
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(text).toMatch(/Linux kernel/)
    expect(talker.heard.some(({ flags }) => (flags & TcpFlag.rst) !== 0)).toBe(false)
  })

  it('shows honest frames: no longer than the MTU, checksums finished', async () => {
    const link = await openSandbox()
    const talker = new FrameTalker(link, { address: labAddress, peer: link.peerAddress, sourcePort: 40001, destinationPort: 80 })
    await talker.connect()
    talker.sendSegment(TcpFlag.psh | TcpFlag.ack, Buffer.from('GET /bytes/1000000 HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n'))
    await talker.listenUntil(() => talker.heard.some(({ flags }) => (flags & TcpFlag.fin) !== 0), 20_000)
    const received = Buffer.concat(talker.received)
    const body = received.subarray(received.indexOf('\r\n\r\n') + 4)
    expect(body.length).toBe(1_000_000)
    expect(body.every((byte, i) => byte === (i & 0xff))).toBe(true)
    const segments = talker.heard.filter(({ line }) => line === 'tcp')
    expect(Math.max(...segments.map(({ frameBytes }) => frameBytes))).toBe(1514)
    expect(segments.filter(({ checksums }) => checksums !== 'good good')).toEqual([])
  })

  it('answers a connection to a port without a server with RST', async () => {
    const link = await openSandbox()
    const talker = new FrameTalker(link, { address: labAddress, peer: link.peerAddress, sourcePort: 40002, destinationPort: 81 })
    talker.askForPeer()
    await talker.listenUntil(() => talker.heard.length > 0)
    talker.peerMac = talker.heard[0].sourceMac
    talker.sendSegment(TcpFlag.syn)
    await talker.listenUntil(() => talker.heard.some(({ flags }) => (flags & TcpFlag.rst) !== 0))
  })

  it('opens several at once, each a world of its own', async () => {
    const links = await Promise.all([openSandbox(), openSandbox(), openSandbox()])
    await Promise.all(links.map(async (link) => {
      const talker = new FrameTalker(link, { address: labAddress, peer: link.peerAddress, sourcePort: 40003, destinationPort: 7 })
      await talker.connect()
      talker.sendSegment(TcpFlag.psh | TcpFlag.ack, Buffer.from('again'))
      await talker.listenUntil(() => Buffer.concat(talker.received).toString() === 'again')
    }))
  })

  it('refuses a broken filter with the compiler\'s words and leaves nothing behind', async () => {
    const failure = await openSandboxLink({ filter: 'tcp prt 80' }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(FaultError)
    expect((failure as FaultError).fault).toMatchObject({ code: 'badFilter', params: { expression: 'tcp prt 80' } })
  })

  it('says sandboxDied when its helper is killed, and hands out what came before', async () => {
    const link = await openSandbox()
    const talker = new FrameTalker(link, { address: labAddress, peer: link.peerAddress, sourcePort: 40004, destinationPort: 7 })
    await talker.connect()
    const reasons: Fault[] = []
    link.onClosed = (reason) => { reasons.push(reason) }
    process.kill(helpersOf(process.pid)[0], 'SIGKILL')
    await until(() => reasons.length > 0)
    expect(reasons.map(({ code }) => code)).toEqual(['sandboxDied'])
    expect(link.setFilter('tcp')?.code).toBe('linkClosed')
    link.close()
    const next = await openSandbox()
    expect(next.peerAddress).toBe('10.77.0.1')
  })

  it('ends with a lab that is killed, and the namespace with it', async () => {
    const lab = spawn(process.execPath, ['--input-type=module', '-e', labProgram], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    const [namespace] = await new Promise<string[]>((resolve) => lab.stdout.once('data', (line: Uint8Array) => resolve(Buffer.from(line).toString().trim().split('\n'))))
    const helper = helpersOf(lab.pid!)[0]
    expect(readlinkSync(`/proc/${helper}/ns/net`)).toBe(namespace)
    lab.kill('SIGKILL')
    await until(() => !processes().some(({ pid }) => pid === helper))
    expect(processes().filter(({ pid }) => namespaceOf(pid) === namespace)).toEqual([])
    expect(readdirSync(os.tmpdir()).filter((name) => name.startsWith(`tcplab-test-lab-${lab.pid}`))).toEqual([])
  })
})

/** The least a lab does for a sandbox: starts the helper, lets it open the link, says which namespace it is in, and waits to be killed. */
const labProgram = `
import { spawn } from 'node:child_process'
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
const folder = mkdtempSync(os.tmpdir() + '/tcplab-test-lab-' + process.pid)
const way = process.getuid() === 0 ? '-n' : '-Urn'
const server = net.createServer((socket) => {
  rmSync(folder, { recursive: true })
  socket.write(Buffer.from('${Buffer.from(encodeControl({
    kind: 'open', link: 'sandbox', name: '', filter: '', promiscuous: true, seeSent: true, snapLength: 0, credit: 1 << 20,
  })).toString('base64')}', 'base64'))
  socket.once('data', () => console.log(readlinkSync('/proc/' + helper.pid + '/ns/net')))
}).listen(folder + '/link')
const helper = spawn('unshare', [way, process.execPath, 'out/main/helper.js', '--sandbox', '--socket', folder + '/link'], { stdio: 'inherit' })
`

interface Process { pid: number, parent: number, command: string }

function processes(): Process[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      // The name in parentheses may hold anything; the state and the parent come behind it.
      const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
      return state === 'Z' ? [] : [{ pid: Number(pid), parent: Number(parent), command }]
    } catch {
      return []
    }
  })
}

function helpersOf(parent: number): number[] {
  return processes().filter((process) => process.parent === parent && process.command.includes('helper.js')).map(({ pid }) => pid)
}

function namespaceOf(pid: number): string | null {
  try { return readlinkSync(`/proc/${pid}/ns/net`) } catch { return null }
}
