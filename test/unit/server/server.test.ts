import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { createBirpc } from 'birpc'
import { Packr } from 'msgpackr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { openShellDoor } from '../../../main/lab/shell-door.ts'
import { LabServer } from '../../../main/server/server.ts'
import { joinUpdates } from '../../../main/server/slow-client.ts'
import { findStaticFile } from '../../../main/server/static-files.ts'
import { FaultError } from '../../../src/base/fault.ts'
import type { LabUpdate } from '../../../src/rpc/contract.ts'
import type { CoreFunctions, ShellFunctions } from '../../../src/rpc/outcome.ts'
import { startTestLab } from '../lab/lab-harness.ts'
import type { TestLab } from '../lab/lab-harness.ts'

let folder = ''
let lab: TestLab
let server: LabServer
let token = ''

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-server-'))
  const renderer = path.join(folder, 'renderer')
  mkdirSync(path.join(renderer, 'assets'), { recursive: true })
  writeFileSync(path.join(renderer, 'index.html'), '<!doctype html>')
  writeFileSync(path.join(renderer, 'assets/index.js'), 'export {}')
  writeFileSync(path.join(folder, 'secret.txt'), 'secret')
  symlinkSync(path.join(folder, 'secret.txt'), path.join(renderer, 'link.txt'))
  lab = startTestLab()
  server = await LabServer.open({ port: 0, rendererFolder: renderer, connectShell: () => connectShell(lab), unauthorizedText: 'token, please' })
  token = new URL(server.url).searchParams.get('token')!
})

afterEach(async () => {
  await server.close()
  await lab.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** What the lab's thread does for a shell, in this one. */
function connectShell({ lab }: TestLab): MessagePort {
  const { port1, port2 } = new MessageChannel()
  const rpc = createBirpc<ShellFunctions, CoreFunctions>({ call: (name, args) => door.call(name, args) }, { post: (message) => port2.postMessage(message), on: (listener) => { port2.on('message', listener) } })
  const door = openShellDoor(lab, (update) => void rpc.update.asEvent(update))
  port2.on('close', () => door.close())
  return port1
}

interface Answer { status: number, headers: http.IncomingHttpHeaders, body: string }

/** A request with exactly this target: no client may tidy it up. */
function ask(target: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: server.port, path: target, method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => { body += text }).on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
    request.on('error', reject).end()
  })
}

function openSocket(target: string, headers: Record<string, string> = {}): Promise<WebSocket | number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${target}`, { headers })
    socket.on('open', () => resolve(socket))
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!))
    socket.on('error', () => {})
  })
}

describe('who may come in', () => {
  it('serves the window to the token, and afterwards to the cookie', async () => {
    const first = await ask(`/?token=${token}`)
    expect(first.status).toBe(200)
    expect(first.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(first.headers['content-security-policy']).toContain('default-src \'none\'')
    expect(first.headers['x-content-type-options']).toBe('nosniff')
    const cookie = first.headers['set-cookie']![0]
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
    const asset = await ask('/assets/index.js', { Cookie: cookie.split(';')[0] })
    expect(asset).toMatchObject({ status: 200, body: 'export {}' })
    expect(asset.headers['content-type']).toBe('text/javascript; charset=utf-8')
  })

  it.each([
    ['no token', '/', {}, 401],
    ['a wrong token', '/?token=wrong', {}, 401],
    ['an empty token', '/?token=', {}, 401],
    ['a wrong cookie', '/', { Cookie: 'tcplab-1=x; tcplab=y' }, 401],
    ['another host name, as DNS rebinding has it', '/?token=TOKEN', { Host: 'evil.example' }, 403],
    ['the right name with another port', '/?token=TOKEN', { Host: '127.0.0.1:1' }, 403],
    ['a page of another site', '/?token=TOKEN', { Origin: 'http://evil.example' }, 403],
    ['a page without a site', '/?token=TOKEN', { Origin: 'null' }, 403],
    ['a request across sites', '/?token=TOKEN', { 'Sec-Fetch-Site': 'cross-site' }, 403],
  ])('%s is refused', async (_what, target, headers, status) => {
    const answer = await ask(target.replace('TOKEN', token), headers as Record<string, string>)
    expect(answer.status).toBe(status)
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(answer.body).not.toContain('doctype')
  })

  it('refuses methods that change something', async () => {
    expect((await ask(`/?token=${token}`, {}, 'POST')).status).toBe(405)
  })

  it('listens on loopback only', async () => {
    const others = Object.values(os.networkInterfaces()).flat().filter((address) => address?.family === 'IPv4' && !address.internal)
    for (const other of others) {
      const socket = net.connect({ host: other!.address, port: server.port })
      const event = await new Promise((resolve) => socket.on('connect', () => resolve('connect')).on('error', () => resolve('error')))
      socket.destroy()
      expect(event).toBe('error')
    }
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/)
  })

  it('says that a port is taken', async () => {
    const again = LabServer.open({ port: server.port, rendererFolder: folder, connectShell: () => connectShell(lab), unauthorizedText: '' })
    await expect(again).rejects.toThrow(FaultError)
    await expect(again).rejects.toMatchObject({ fault: { code: 'serverPortInUse', params: { port: server.port } } })
  })
})

describe('files', () => {
  it.each([
    '/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/assets/../../secret.txt', '/assets/%2e%2e/%2e%2e/secret.txt', '/..\\secret.txt', '/%00', '/link.txt', '/.hidden.js',
    '//secret.txt', '/assets/', '/assets', '/%', '/c:/secret.txt',
  ])('%s leads nowhere', async (target) => {
    const { status, body } = await ask(`${target}?token=${token}`)
    expect([400, 404]).toContain(status)
    expect(body).not.toContain('secret')
  })

  it('finds what is below the folder', () => {
    expect(findStaticFile(path.join(folder, 'renderer'), '/')).toMatch(/index\.html$/)
    expect(findStaticFile(path.join(folder, 'renderer'), '/assets/index.js')).toMatch(/index\.js$/)
  })
})

describe('the socket', () => {
  it.each([
    ['no token', '/lab', {}, 401],
    ['a wrong token', '/lab?token=wrong', {}, 401],
    ['a page of another site', '/lab?token=TOKEN', { Origin: 'http://evil.example' }, 403],
    ['another path', '/other?token=TOKEN', {}, 404],
  ])('%s is refused', async (_what, target, headers, status) => {
    expect(await openSocket(target.replace('TOKEN', token), headers as Record<string, string>)).toBe(status)
  })

  it('carries calls and updates as msgpack, and only calls of the contract', async () => {
    const socket = await openSocket(`/lab?token=${token}`, { Origin: `http://127.0.0.1:${server.port}` }) as WebSocket
    const packr = new Packr({ useRecords: false })
    const updates: LabUpdate[] = []
    const core = createBirpc<CoreFunctions, ShellFunctions>({ update: (update) => { updates.push(update) } }, {
      post: (message) => socket.send(packr.pack(message)),
      on: (listener) => { socket.on('message', (data: Buffer) => listener(packr.unpack(data))) },
    })
    expect(await core.call('describeLab', [])).toMatchObject({ ok: true, value: { version: '0.0.0', electron: false } })
    for (const name of ['constructor', '__proto__', 'toString', 'openShellDoor', 'call', '']) {
      expect(await core.call(name, [])).toMatchObject({ ok: false, fault: { code: 'unknownCommand' } })
    }
    expect(await core.call('getPacket', 'x' as never)).toMatchObject({ ok: false, fault: { code: 'badArgument' } })
    expect(await core.call('getPacket', [1])).toMatchObject({ ok: false, fault: { code: 'linkClosed' } })
    await lab.until(() => updates.length > 0, 'an update')
    expect(updates[0].link.open).toBe(false)
    socket.close()
  })

  it('hangs up on what is no message', async () => {
    const socket = await openSocket(`/lab?token=${token}`) as WebSocket
    socket.send('{"t":"q"}')
    const [code] = await once(socket, 'close') as [number]
    expect(code).toBe(1003)
  })
})

describe('a slow client', () => {
  it('gets updates joined: the latest states, and a bounded part of what happened', () => {
    const update = (timeUs: number, flows: number[], decisions: number): LabUpdate => ({
      timeUs, flows: { total: 1, changed: flows.map((flow) => ({ flow, lastTime: timeUs })) }, decisions: Array.from({ length: decisions }, (_, id) => ({ id })), faults: [],
    }) as unknown as LabUpdate
    let joined = update(0, [1, 2], 10)
    for (let i = 1; i < 100; i++) joined = joinUpdates(joined, update(i, [2, i + 10], 100))
    expect(joined.timeUs).toBe(99)
    expect(joined.decisions.length).toBe(1000)
    expect(joined.flows.changed.filter(({ flow }) => flow === 2)).toEqual([{ flow: 2, lastTime: 99 }])
    expect(joined.flows.changed.length).toBe(101)
  })
})
