import { asciiBytes } from '../../base/bytes.ts'
import type { Application, Socket } from './application.ts'
import { findDocument } from './http-documents.ts'
import type { HttpDocument } from './http-documents.ts'
import { hasToken, headLength, maxHeadBytes, parseHead } from './http-message.ts'

const reasons = { 200: 'OK', 400: 'Bad Request', 404: 'Not Found', 405: 'Method Not Allowed', 431: 'Request Header Fields Too Large', 505: 'HTTP Version Not Supported' } as const
type Status = keyof typeof reasons

/** An HTTP/1.1 server of a few built-in documents (RFC 9112): GET and HEAD, connections that stay open, requests one behind the other. */
export class HttpServer implements Application {
  private readonly request = new Uint8Array(maxHeadBytes)
  private requestLength = 0
  private readonly chunk = new Uint8Array(16_384)
  private chunkFrom = 0
  private chunkTo = 0
  private body: HttpDocument | null = null
  private bodyAt = 0
  private isAnswering = false
  private closeAfterAnswer = false

  readable(socket: Socket, nowUs: number): void {
    this.serve(socket, nowUs)
  }

  writable(socket: Socket, nowUs: number): void {
    this.serve(socket, nowUs)
  }

  remoteClosed(socket: Socket, nowUs: number): void {
    this.serve(socket, nowUs)
  }

  private serve(socket: Socket, nowUs: number): void {
    for (;;) {
      if (this.isAnswering && !this.continueAnswer(socket, nowUs)) return
      if (this.closeAfterAnswer) {
        this.swallow(socket, nowUs)
        return
      }
      if (!this.takeRequest(socket, nowUs)) break
    }
    if (socket.isAtEnd) socket.close(nowUs)
  }

  /** @returns whether a whole request was there, and is being answered */
  private takeRequest(socket: Socket, nowUs: number): boolean {
    this.requestLength += socket.receive(this.request, this.requestLength, maxHeadBytes - this.requestLength, nowUs)
    const length = headLength(this.request, this.requestLength)
    if (length < 0) {
      if (this.requestLength < maxHeadBytes) return false
      this.answer(431, null, false, true)
      return true
    }
    this.judge(length)
    this.request.copyWithin(0, length, this.requestLength)
    this.requestLength -= length
    return true
  }

  private judge(length: number): void {
    const head = parseHead(this.request, length)
    const match = head === null ? null : /^([A-Z]+) (\S+) HTTP\/(\d)\.(\d)$/.exec(head.startLine)
    if (head === null || match === null) return this.answer(400, null, false, true)
    const [, method, target, major, minor] = match
    if (major !== '1') return this.answer(505, null, false, true)
    const connection = head.fields.get('connection')
    const close = minor === '0' ? !hasToken(connection, 'keep-alive') : hasToken(connection, 'close')
    // A body of a request would have to be skipped; nothing here takes one, so the connection ends with the answer.
    if (head.fields.has('transfer-encoding') || (head.fields.get('content-length') ?? '0') !== '0') return this.answer(method === 'GET' ? 400 : 405, null, false, true)
    if (method !== 'GET' && method !== 'HEAD') return this.answer(405, null, false, close)
    const document = findDocument(target.replace(/^http:\/\/[^/]*/, '').replace(/[?#].*$/, '') || '/')
    return this.answer(document === null ? 404 : 200, document, method === 'HEAD', close)
  }

  private answer(status: Status, document: HttpDocument | null, isHead: boolean, close: boolean): void {
    const text = `${status} ${reasons[status]}\n`
    const allow = status === 405 ? 'Allow: GET, HEAD\r\n' : ''
    const head = `HTTP/1.1 ${status} ${reasons[status]}\r\nServer: TCP Lab\r\n${allow}Content-Type: ${document?.type ?? 'text/plain'}\r\n`
      + `Content-Length: ${document?.length ?? text.length}\r\nConnection: ${close ? 'close' : 'keep-alive'}\r\n\r\n${document === null && !isHead ? text : ''}`
    const bytes = asciiBytes(head)
    this.chunk.set(bytes)
    this.chunkFrom = 0
    this.chunkTo = bytes.length
    this.body = isHead ? null : document
    this.bodyAt = 0
    this.isAnswering = true
    this.closeAfterAnswer = close
  }

  /** @returns whether the whole answer is in the send buffer */
  private continueAnswer(socket: Socket, nowUs: number): boolean {
    for (;;) {
      if (this.body !== null) this.fillChunk(this.body)
      if (this.chunkFrom === this.chunkTo) break
      const sent = socket.send(this.chunk, this.chunkFrom, this.chunkTo - this.chunkFrom, nowUs)
      if (sent === 0) return false
      this.chunkFrom += sent
    }
    this.isAnswering = false
    if (this.closeAfterAnswer) socket.close(nowUs)
    return true
  }

  private fillChunk(body: HttpDocument): void {
    if (this.chunkFrom === this.chunkTo) this.chunkFrom = this.chunkTo = 0
    const count = Math.min(body.length - this.bodyAt, this.chunk.length - this.chunkTo)
    if (count <= 0) return
    body.read(this.bodyAt, this.chunk.subarray(this.chunkTo), count)
    this.chunkTo += count
    this.bodyAt += count
  }

  /** After our close whatever still comes is read away, so that it does not end in a reset. */
  private swallow(socket: Socket, nowUs: number): void {
    while (socket.receive(this.request, 0, maxHeadBytes, nowUs) > 0);
  }
}
