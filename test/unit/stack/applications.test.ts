import { describe, expect, it } from 'vitest'
import { asciiBytes, utf8Text } from '../../../src/base/bytes.ts'
import { Network } from '../../../src/sim/network.ts'
import type { Station } from '../../../src/sim/station.ts'
import { ByteSink } from '../../../src/stack/applications/byte-sink.ts'
import { HttpGet } from '../../../src/stack/applications/http-get.ts'
import { services } from '../../../src/stack/applications/services.ts'
import { bytesSource, Transfer } from '../../../src/stack/applications/transfer.ts'
import { ip } from './harness.ts'

const serverIp = ip('10.77.0.1')

function setUp(): { network: Network, client: Station, server: Station } {
  const network = new Network({ seed: 1 })
  const server = network.add({ name: 'server', address: serverIp })
  const client = network.add({ name: 'client', address: ip('10.77.0.2') })
  for (const { port, create } of Object.values(services)) server.applications.serve(port, create)
  return { network, client, server }
}

/** Sends bytes to a port, waits, and gives what came back. */
function talk(port: number, text: string, options: { close?: boolean, pieces?: number } = {}): { text: string, ending: string | null } {
  const { network, client } = setUp()
  const sink = new ByteSink(1 << 20)
  const bytes = asciiBytes(text)
  const whole = bytesSource(bytes)
  const pieceBytes = options.pieces === undefined ? bytes.length : Math.ceil(bytes.length / options.pieces)
  const source = (into: Uint8Array) => whole(into.subarray(0, pieceBytes))
  const transfer = new Transfer({ source, sink: (...piece) => sink.add(...piece), closeAfterSend: options.close ?? false, closeAfterReceive: true })
  client.applications.connect(serverIp, port, transfer, { config: { mslUs: 1000 } }, network.nowUs)
  network.run(60e6)
  return { text: utf8Text(sink.view()), ending: transfer.ending }
}

function get(path: string, options = {}): HttpGet['result'] {
  const { network, client } = setUp()
  const application = new HttpGet({ host: '10.77.0.1', path, ...options })
  client.applications.connect(serverIp, 80, application, {}, network.nowUs)
  network.runWhile(() => application.result === null, 600e6)
  return application.result
}

describe('echo, discard, chargen', () => {
  it('echo gives back what it gets and closes after the other side (RFC 862)', () => {
    expect(talk(7, 'hello, lab', { close: true })).toEqual({ text: 'hello, lab', ending: 'closed' })
  })

  it('discard takes everything and says nothing (RFC 863)', () => {
    expect(talk(9, 'x'.repeat(100_000), { close: true })).toEqual({ text: '', ending: 'closed' })
  })

  it('chargen sends lines of 72 characters, each one further (RFC 864)', () => {
    const { network, client } = setUp()
    const sink = new ByteSink(20_000)
    client.applications.connect(serverIp, 19, new Transfer({ sink: (...piece) => sink.add(...piece), closeAfterReceive: false }), {}, network.nowUs)
    network.runWhile(() => sink.total < 20_000, 60e6)
    const lines = utf8Text(sink.view()).split('\r\n').slice(0, 200)
    expect(lines[0]).toBe(Array.from({ length: 72 }, (_, i) => String.fromCharCode(32 + i)).join(''))
    for (let i = 1; i < 200; i++) expect(lines[i].slice(0, 71)).toBe(lines[i - 1].slice(1))
    expect(lines[95]).toBe(lines[0])
  })
})

describe('http', () => {
  it('serves its documents, and the client takes them whole', () => {
    expect(get('/')).toMatchObject({ status: 200, isComplete: true, ending: 'closed' })
    expect(utf8Text(get('/')!.body)).toContain('<title>TCP Lab</title>')
    expect(utf8Text(get('/note.txt?x=1')!.body)).toContain('acknowledgment')
    expect(get('/10k')).toMatchObject({ bodyLength: 10_000 })
    expect(get('/bytes/0')).toMatchObject({ status: 200, bodyLength: 0, isComplete: true })
    expect(get('/bytes/3000000', { keepBytes: 10 })).toMatchObject({ bodyLength: 3_000_000, body: Uint8Array.from({ length: 10 }, (_, i) => i) })
  })

  it('either side may be the one that closes', () => {
    expect(get('/10k', { closer: 'server' })).toMatchObject({ status: 200, isComplete: true, ending: 'closed' })
    expect(get('/10k', { closer: 'client' })).toMatchObject({ status: 200, isComplete: true, ending: 'closed' })
  })

  it.each([['/nothing', 404], ['/bytes/99999999999', 404], ['/bytes/-1', 404], ['/__proto__', 404]])('answers %s with %i', (path, status) => {
    expect(get(path)).toMatchObject({ status, isComplete: true })
  })

  it.each([
    ['POST / HTTP/1.1\r\nHost: x\r\n\r\n', 'HTTP/1.1 405'], ['GET /\r\n\r\n', 'HTTP/1.1 400'], ['GET / HTTP/2.0\r\n\r\n', 'HTTP/1.1 505'],
    ['GET / HTTP/1.1\r\nno field\r\n\r\n', 'HTTP/1.1 400'], [`GET / HTTP/1.1\r\nX: ${'y'.repeat(9000)}`, 'HTTP/1.1 431'],
    ['GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'HTTP/1.1 400'],
  ])('answers %j with %s', (request, start) => {
    expect(talk(80, request, { close: true }).text.slice(0, 12)).toBe(start)
  })

  it('takes a request in single bytes, and several behind each other', () => {
    const one = 'GET /note.txt HTTP/1.1\r\nHost: x\r\n\r\n'
    expect(talk(80, one, { pieces: one.length, close: true }).text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    const answers = talk(80, one + one + 'HEAD /10k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(answers.text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3)
    expect(answers.text).toContain('Content-Length: 10000')
    expect(answers.text.endsWith('\r\n\r\n')).toBe(true)
    expect(answers.ending).toBe('closed')
  })
})

describe('the application runner', () => {
  it('serves what it is told to, and stops when it is told to', () => {
    const { network, client, server } = setUp()
    expect(server.applications.serve(80, services.http.create)).toMatchObject({ code: 'portInUse' })
    expect(server.applications.stopServing(80)).toBe(true)
    const application = new HttpGet({ host: 'x' })
    client.applications.connect(serverIp, 80, application, {}, network.nowUs)
    network.run(10e6)
    expect(application.result).toMatchObject({ status: -1, ending: 'refused' })
  })

  it('forgets an application when its connection is over', () => {
    const { network, client } = setUp()
    const id = client.applications.connect(serverIp, 80, new HttpGet({ host: 'x' }), { config: { mslUs: 1000 } }, network.nowUs) as number
    expect(client.applications.applicationOf(id)).toBeDefined()
    network.run(10e6)
    expect(client.applications.applicationOf(id)).toBeUndefined()
  })
})
