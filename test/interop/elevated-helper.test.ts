import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openHelperLink } from '../../main/link/helper-link.ts'
import { openNicLink } from '../../main/link/nic-link.ts'
import { RemoteLink } from '../../main/link/remote-link.ts'
import { fault } from '../../src/base/fault.ts'
import type { Fault, FaultError } from '../../src/base/fault.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { bindingObstacle } from '../support/binding.ts'
import { describeLinkContract } from '../support/link-contract.ts'
import type { ContractOptions } from '../support/link-contract.ts'
import { FrameLog, drainUntil, sendAll, testFrame } from '../support/link-frames.ts'
import { inOwnNetwork, makeVeth, removeVeth } from '../support/own-network.ts'

const near = 'tlelev0'
const far = 'tlelev1'
const otherUser = 65534
const helperProgram = fileURLToPath(new URL('../../out/main/helper.js', import.meta.url))

/** Gives what it is asked for, as the real ones do once the user has agreed. */
const agreeing = '#!/bin/sh\nshift\nexec env -u SUDO_UID PKEXEC_UID="$(id -u)" "$@"\n'

inOwnNetwork(import.meta.url, () => {
  let folder = ''
  const children: ChildProcess[] = []
  beforeEach(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-elevated-')) })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const program = (text: string) => {
    const file = path.join(folder, 'pkexec')
    writeFileSync(file, text, { mode: 0o755 })
    return { way: 'pkexec', file } as const
  }

  describeLinkContract({
    name: 'a NIC in a helper with more rights',
    async open({ seeSent, filter, snapLength }: ContractOptions) {
      removeVeth(near)
      makeVeth(near, far)
      const link = await openHelperLink({ name: near, seeSent, filter, snapLength, elevation: program(agreeing) })
      const peer = openNicLink({ name: far, seeSent: false })
      const send = peer.send.bind(peer)
      // A filter that was just set takes the helper a moment.
      peer.send = (batch: FrameBatch) => link.isFilterSettled ? send(batch) : 0
      return { link, peer, removeInterface: () => removeVeth(far) }
    },
    cleanUp: () => removeVeth(near),
    lacks: {},
  })

  describe('the asking', () => {
    const faultOf = async (script: string, dialogMs?: number): Promise<Fault> => {
      const opened = openHelperLink({ name: 'lo', elevation: program(script), dialogMs })
      return opened.then((link) => { link.close(); throw new Error('it was opened') }, (error: unknown) => (error as FaultError).fault)
    }

    it.each([
      ['dismissed', '#!/bin/sh\necho "Error executing command as another user: Request dismissed" >&2\nexit 126\n', 'Error executing command as another user: Request dismissed'],
      ['notGiven', '#!/bin/sh\necho "Error executing command as another user: Not authorized" >&2\nexit 127\n', 'Error executing command as another user: Not authorized'],
      ['notGiven', '#!/bin/sh\nexit 1\n', 'it ended with exit code 1'],
    ])('%s: %s', async (why, script, detail) => {
      const { code, params } = await faultOf(script)
      expect([code, params.why, params.detail, params.name]).toEqual(['interfaceNoPermission', why, detail, 'lo'])
    })

    it('is not waited for without end', async () => {
      expect(await faultOf('#!/bin/sh\nexec sleep 20\n', 300)).toMatchObject({ code: 'interfaceNoPermission', params: { why: 'unanswered', seconds: 0.3 } })
    })

    it('is no way for another user\'s lab', async () => {
      const { code, params } = await faultOf(`#!/bin/sh\nshift\nexec env -u SUDO_UID PKEXEC_UID=${otherUser} "$@"\n`)
      expect([code, params.reason]).toEqual(['helperDied', expect.stringContaining('which user asked')])
    })
  })

  describe('the helper', () => {
    const listen = async (address: string): Promise<net.Server> => {
      const server = net.createServer()
      await new Promise<void>((resolve) => { server.listen(address, resolve) })
      return server
    }
    const start = (address: string, uid: number): ChildProcess => {
      const env: NodeJS.ProcessEnv = { ...process.env, PKEXEC_UID: String(uid), SUDO_UID: undefined }
      const child = spawn(process.execPath, [helperProgram, '--socket', address, '--elevated'], { stdio: ['ignore', 'ignore', 'pipe'], env })
      children.push(child)
      return child
    }
    const call = async (address: string, uid: number, prepare: () => void = () => {}): Promise<{ child: ChildProcess, socket: net.Socket, link: RemoteLink }> => {
      const server = await listen(address)
      prepare()
      const child = start(address, uid)
      const [socket] = await Promise.race([once(server, 'connection') as Promise<[net.Socket]>, once(child, 'exit').then(([code]) => { throw new Error(`exit code ${code}`) })])
      server.close()
      return { child, socket, link: new RemoteLink(socket, { goneFault: (reason) => fault('helperDied', { reason }) }) }
    }
    const refusal = (address: string, uid: number, more: readonly string[] = []): { status: number | null, stderr: string } => {
      const env: NodeJS.ProcessEnv = { ...process.env, PKEXEC_UID: String(uid), SUDO_UID: undefined }
      const { status, stderr } = spawnSync(process.execPath, [helperProgram, '--socket', address, '--elevated', ...more], { encoding: 'utf8', env, timeout: 20_000 })
      return { status, stderr }
    }
    const own = process.getuid!()
    const request = { link: 'nic', name: near, filter: '', promiscuous: true, seeSent: true, snapLength: 0 } as const

    it.each(['sandbox', 'cap'] as const)('opens network interfaces through the binding alone, and no %s', async (kind) => {
      const { child, link } = await call(path.join(folder, 'link'), own)
      const ended = once(child, 'exit')
      const error: unknown = await link.open({ ...request, link: kind, name: 'lo' }).catch((reason: unknown) => reason)
      expect((error as FaultError).fault).toMatchObject({ code: 'badArgument', params: { name: 'link', value: kind } })
      expect((await ended)[0]).toBe(0)
    })

    it('ends with its lab', async () => {
      const { child, socket } = await call(path.join(folder, 'link'), own)
      const ended = once(child, 'exit')
      socket.destroy()
      expect((await ended)[0]).toBe(0)
    })

    it('calls only into a folder that is its user\'s alone', async () => {
      const address = path.join(folder, 'link')
      const server = await listen(address)
      chmodSync(folder, 0o755)
      expect(refusal(address, own)).toMatchObject({ status: 2, stderr: expect.stringContaining('open to other users') })
      chmodSync(folder, 0o700)
      expect(refusal(address, own + 1)).toMatchObject({ status: 2, stderr: expect.stringContaining(`belongs to user ${own}, and user ${own + 1} asked`) })
      expect(refusal(address, own, ['--user', String(own + 1)])).toMatchObject({ status: 2, stderr: expect.stringContaining('which user asked') })
      expect(refusal(address, own, ['--sandbox'])).toMatchObject({ status: 2, stderr: expect.stringContaining('exclude each other') })
      expect(refusal('link', own)).toMatchObject({ status: 2, stderr: expect.stringContaining('no absolute path') })
      writeFileSync(path.join(folder, 'file'), '')
      expect(refusal(path.join(folder, 'file'), own)).toMatchObject({ status: 2, stderr: expect.stringContaining('is no socket') })
      server.close()
      expect(refusal(path.join(folder, 'gone/link'), own).status).toBe(2)
    })

    it('has nothing left of its rights once the interface is open, and still captures and sends', async ({ skip }) => {
      try {
        chownSync(folder, otherUser, otherUser)
      } catch {
        skip('needs root: the namespace of an ordinary user has no second user')
      }
      makeVeth(near, far)
      const address = path.join(folder, 'link')
      const { child, link } = await call(address, otherUser, () => chownSync(address, otherUser, otherUser))
      const peer = openNicLink({ name: far, seeSent: false })
      try {
        await link.open(request)
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
        const ids = Array(4).fill(otherUser).join('\t')
        for (const line of [`Uid:\t${ids}`, `Gid:\t${ids}`, `Groups:\t${otherUser} `, 'CapPrm:\t0000000000000000', 'CapEff:\t0000000000000000']) expect(status).toContain(line)
        const log = new FrameLog()
        await sendAll(peer, [testFrame(1, 200)])
        await drainUntil(link, log, () => log.received.length === 1)
        const farLog = new FrameLog()
        await sendAll(link, [testFrame(2, 300)])
        await drainUntil(peer, farLog, () => farLog.received.length === 1)
        expect([log.received[0].bytes, farLog.received[0].bytes]).toEqual([testFrame(1, 200), testFrame(2, 300)])
        expect(link.setFilter('arp')).toBeNull()
      } finally {
        link.close()
        peer.close()
        removeVeth(near)
      }
    })
  })
}, bindingObstacle)
