import { createReadStream, existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBirpc } from 'birpc'
import { Packr } from 'msgpackr'
import { WebSocketServer } from 'ws'
import { fault, FaultError } from '../../src/base/fault.ts'
import type { CoreFunctions, Outcome, ShellFunctions } from '../../src/rpc/outcome.ts'
import { securityHeaders } from '../../main/server/security.ts'
import { createFixtureCore, type FixtureCore } from './fixture-core.ts'

const windowFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../out/renderer')
const types: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2', '.map': 'application/json' }

export interface FixtureServer { url: string, core: FixtureCore, close(): Promise<void>, dropShells(): void }

/** Serves the built window and the contract, answered by a {@link FixtureCore}, on a free port of the loopback. */
export async function startFixtureServer(options: { bulkPackets?: number, port?: number } = {}): Promise<FixtureServer> {
  const core = createFixtureCore(options)
  const server = createServer((request, response) => {
    const file = path.join(windowFolder, path.normalize(new URL(request.url ?? '/', 'http://x').pathname).replace(/\/$/, '/index.html'))
    if (!file.startsWith(windowFolder) || !existsSync(file)) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { ...securityHeaders, 'content-type': types[path.extname(file)] ?? 'application/octet-stream' })
    createReadStream(file).pipe(response)
  })
  const sockets = serveContract(server, core)
  await new Promise<void>((resolve) => { server.listen(options.port ?? 0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    core,
    dropShells: () => { for (const socket of sockets.clients) socket.terminate() },
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      await new Promise((resolve) => { server.close(resolve) })
    },
  }
}

function serveContract(server: Server, core: FixtureCore): WebSocketServer {
  const sockets = new WebSocketServer({ server })
  const packr = new Packr({ useRecords: false, moreTypes: true })
  sockets.on('connection', (socket) => {
    const shell = createBirpc<ShellFunctions, CoreFunctions>({ call: (name, args) => answer(core, name, args) }, {
      eventNames: ['update'],
      post: (message) => { socket.send(packr.pack(message)) },
      on: (listener) => { socket.on('message', (data: Buffer) => listener(packr.unpack(data))) },
    })
    const push = () => { void shell.update(core.update()) }
    push()
    const timer = setInterval(push, 100)
    socket.on('close', () => { clearInterval(timer) })
  })
  return sockets
}

async function answer(core: FixtureCore, name: string, args: unknown[]): Promise<Outcome> {
  core.log.push({ name, args })
  const call = core.calls[name as keyof typeof core.calls] as ((...args: unknown[]) => unknown) | undefined
  try {
    if (!call) throw new FaultError(fault('unknownCommand', { command: name }))
    return { ok: true, value: call(...args) ?? null }
  } catch (error) {
    return { ok: false, fault: error instanceof FaultError ? error.fault : fault('internal', { message: String(error) }) }
  }
}
