import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import { WebSocketServer } from 'ws'
import { FaultError, fault } from '../../src/base/fault.ts'
import { Guard, newToken, securityHeaders } from './security.ts'
import { relayShell } from './shell-socket.ts'
import { findStaticFile, sendFile } from './static-files.ts'

export interface LabServerOptions {
  /** 0 takes any free port. */
  readonly port: number
  /** The built window. */
  readonly rendererFolder: string
  /** A port to the lab for one more shell. */
  readonly connectShell: () => MessagePort
  /** What a visitor without the token reads. */
  readonly unauthorizedText: string
}

const loopback = '127.0.0.1'
/** The largest message a window sends: frames to inject, or bytes to send. */
const messageBytesAtMost = 32 * 1024 * 1024

/** Serves the window and the lab's socket on loopback, to whoever has the token. */
export class LabServer {
  readonly port: number
  readonly url: string
  private readonly http: Server
  private readonly sockets: WebSocketServer
  private readonly guard: Guard
  private readonly options: LabServerOptions

  /** @throws FaultError `serverPortInUse` */
  static open(options: LabServerOptions): Promise<LabServer> {
    const http = createServer()
    return new Promise((resolve, reject) => {
      http.once('error', (error: NodeJS.ErrnoException) => {
        const isTaken = error.code === 'EADDRINUSE' || error.code === 'EACCES'
        reject(isTaken ? new FaultError(fault('serverPortInUse', { port: options.port, reason: error.code! }), { cause: error }) : error)
      })
      http.listen({ host: loopback, port: options.port, exclusive: true }, () => resolve(new LabServer(options, http)))
    })
  }

  private constructor(options: LabServerOptions, http: Server) {
    const token = newToken()
    this.options = options
    this.http = http
    this.port = (http.address() as AddressInfo).port
    this.url = `http://${loopback}:${this.port}/?token=${token}`
    this.guard = new Guard(token, this.port)
    this.sockets = new WebSocketServer({ noServer: true, maxPayload: messageBytesAtMost, perMessageDeflate: false })
    http.on('request', (request, response) => this.answer(request, response))
    http.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head))
    http.on('clientError', (_error, socket) => socket.destroy())
  }

  async close(): Promise<void> {
    for (const socket of this.sockets.clients) socket.close(1001)
    const closed = new Promise<void>((resolve) => this.http.close(() => resolve()))
    setTimeout(() => {
      for (const socket of this.sockets.clients) socket.terminate()
      this.http.closeAllConnections()
    }, 500).unref()
    this.http.closeIdleConnections()
    await closed
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
    const url = urlOf(request)
    if (url === null) return refuse(response, 400)
    if (!this.guard.isOwn(request)) return refuse(response, 403)
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, { Allow: 'GET, HEAD' })
    if (!this.guard.mayEnter(request, url)) return refuse(response, 401, {}, this.options.unauthorizedText)
    if (this.guard.hasTokenInAddress(url)) response.setHeader('Set-Cookie', this.guard.cookie())
    const file = findStaticFile(this.options.rendererFolder, url.pathname)
    if (file === null) return refuse(response, 404)
    sendFile(file, request.method === 'HEAD', response)
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = urlOf(request)
    // A browser says where a socket's page came from; whoever does not is no browser and has to have the token all the same.
    if (url === null || !this.guard.isOwn(request)) return hangUp(socket, '403 Forbidden')
    if (!this.guard.mayEnter(request, url)) return hangUp(socket, '401 Unauthorized')
    if (url.pathname !== '/lab') return hangUp(socket, '404 Not Found')
    this.sockets.handleUpgrade(request, socket, head, (client) => relayShell(client, this.options.connectShell()))
  }
}

/** The path and query as sent: `new URL` would resolve `..` before anybody could refuse it. */
function urlOf(request: IncomingMessage): URL | null {
  const target = request.url ?? ''
  if (!target.startsWith('/') || target.startsWith('//') || /(^|\/)\.{1,2}(\/|$)/.test(target.split('?', 1)[0])) return null
  return URL.canParse(target, 'http://127.0.0.1') ? new URL(target, 'http://127.0.0.1') : null
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}, text = `${status}`): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers })
  response.end(`${text}\n`)
}

function hangUp(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
