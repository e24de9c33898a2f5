import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readCaptureFile } from '../../main/files/capture-input.ts'
import { tcpStateNames } from '../../src/tcp/state.ts'
import { Trace } from '../../src/trace/trace.ts'
import { inOwnNetwork } from '../support/own-network.ts'
import { pause } from '../support/link-frames.ts'

/** What tshark says of a segment, in the trace's words. */
interface Segment { stream: number, seq: number, ack: number, length: number, window: number, repeated: boolean, rttUs: number }

const fields = [
  'tcp.stream', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.len', 'tcp.window_size', 'tcp.analysis.retransmission', 'tcp.analysis.out_of_order',
  'tcp.analysis.fast_retransmission', 'tcp.analysis.spurious_retransmission', 'tcp.analysis.initial_rtt',
]

const missing = ['dumpcap', 'tshark'].filter((tool) => spawnSync(tool, ['--version']).error)

inOwnNetwork(import.meta.url, () => {
  describe('the trace of transfers between two kernel sockets', () => {
    it('agrees with tshark, packet by packet, without and with loss', async ({ skip }) => {
      if (missing.length > 0) skip(`needs ${missing.join(' and ')}`)
      const folder = mkdtempSync(path.join(os.tmpdir(), 'flow-tracker-'))
      try {
        for (const lossOneIn of [0, 11]) {
          const file = path.join(folder, `loss-${lossOneIn}.pcap`)
          const hasLoss = lossOneIn > 0 && dropOneIn(lossOneIn)
          if (lossOneIn > 0 && !hasLoss) console.log('flow-tracker: no loss on this system, which has no nftables rule for it')
          await capture(file, transfers)
          const repeated = compare(await readTrace(file), readTshark(file))
          if (hasLoss) expect(repeated).toBeGreaterThan(0)
        }
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  })
})

/** @returns segments that both call repeated */
function compare(trace: Trace, segments: Segment[]): number {
  const rows = pages(trace)
  expect(rows).toHaveLength(segments.length)
  expect(rows.map(({ flow, tcp }) => ({ stream: flow, seq: tcp!.seq, ack: tcp!.ack, length: tcp!.length, window: tcp!.scaledWindow, repeated: tcp!.retransmission })))
    .toEqual(segments.map(({ stream, seq, ack, length, window, repeated }) => ({ stream, seq, ack, length, window, repeated })))
  for (const { stream, rttUs } of segments.filter((segment) => segment.rttUs >= 0)) {
    // A refusal is no handshake for us; tshark measures it too.
    const flow = trace.flowRow(stream)
    if (flow.server.port !== closedPort) expect(Math.abs(flow.rttUs - rttUs)).toBeLessThan(0.01)
  }
  const flows = trace.flowPage(0, 100).flows
  const states = flows.map(({ client, server }) => [client.port < server.port ? '?' : server.port, tcpStateNames[client.state], tcpStateNames[server.state]])
  expect(states.filter(([port]) => port === clientClosesPort)).toEqual(Array.from({ length: 4 }, () => [clientClosesPort, 'TIME_WAIT', 'CLOSED']))
  expect(states.filter(([port]) => port === serverClosesPort)).toEqual(Array.from({ length: 4 }, () => [serverClosesPort, 'CLOSED', 'TIME_WAIT']))
  expect(states.filter(([port]) => port === closedPort)).toEqual([[closedPort, 'CLOSED', 'CLOSED']])
  expect(states.filter(([port]) => port === resetPort)).toEqual([[resetPort, 'CLOSED', 'CLOSED']])
  return segments.filter((segment) => segment.repeated).length
}

const clientClosesPort = 5001
const serverClosesPort = 5002
const resetPort = 5003
const closedPort = 5004

/** Transfers one after the other: four that the client closes, four that the server closes, a reset one, a refused one. */
async function transfers(): Promise<void> {
  const data = Buffer.alloc(700_000, 'segment ')
  const sink = net.createServer({ allowHalfOpen: true }, (socket) => { socket.resume().on('end', () => socket.end('thanks')) }).listen(clientClosesPort, '127.0.0.1')
  const source = net.createServer({ allowHalfOpen: true }, (socket) => { socket.resume().end(data) }).listen(serverClosesPort, '127.0.0.1')
  const resetter = net.createServer((socket) => { socket.once('data', () => socket.resetAndDestroy()) }).listen(resetPort, '127.0.0.1')
  await Promise.all([sink, source, resetter].map((server) => server.listening || once(server, 'listening')))
  for (let i = 0; i < 4; i++) {
    await conversation(clientClosesPort, (socket) => socket.resume().end(data))
    await conversation(serverClosesPort, (socket) => socket.resume().on('end', () => socket.end()))
  }
  await conversation(resetPort, (socket) => socket.write('hello'))
  await conversation(closedPort, () => {})
  for (const server of [sink, source, resetter]) server.close()
}

async function conversation(port: number, talk: (socket: net.Socket) => void): Promise<void> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => { /* Refused and reset are what two of them are for. */ })
  talk(socket)
  await new Promise<void>((resolve) => { socket.on('close', () => { resolve() }) })
}

async function capture(file: string, traffic: () => Promise<void>): Promise<void> {
  // Not tcpdump: as root it becomes another user first, which a user namespace forbids.
  const dumpcap = spawn('dumpcap', ['-i', 'lo', '-q', '-s', '128', '-f', 'tcp', '-w', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(dumpcap, 'exit')
  try {
    const deadline = Date.now() + 10_000
    let said = ''
    dumpcap.stderr.on('data', (text: Buffer) => { said += text.toString() })
    while (!said.includes('File: ')) {
      if (Date.now() > deadline || dumpcap.exitCode !== null) throw new Error(`dumpcap does not capture: ${said}`)
      await pause(20)
    }
    await traffic()
    await pause(1500)
  } finally {
    dumpcap.kill('SIGINT')
    await ended
  }
}

/** Drops every `n`th segment on the way in, behind where the capture looks: counted, not drawn, so that each run loses some of what carries data. */
function dropOneIn(n: number): boolean {
  const rules = `add table inet lossy; add chain inet lossy in { type filter hook input priority 0; }; add rule inet lossy in tcp dport { ${clientClosesPort}, ${serverClosesPort} } numgen inc mod ${n} 0 drop`
  return spawnSync('nft', [rules], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } }).status === 0
}

async function readTrace(file: string): Promise<Trace> {
  const trace = new Trace()
  expect(await readCaptureFile(file, (batch, reader) => { trace.append(batch, reader.frameLinkTypes, reader.frameOffsets) })).toBeNull()
  return trace
}

function pages(trace: Trace) {
  const rows = []
  for (let from = 0; from < trace.packetCount; from += 500) rows.push(...trace.rows({ from, count: 500 }, () => null).rows)
  return rows
}

function readTshark(file: string): Segment[] {
  const { stdout } = spawnSync('tshark', ['-n', '-r', file, '-T', 'fields', '-E', 'separator=;', '-E', 'occurrence=f', ...fields.flatMap((field) => ['-e', field])], {
    encoding: 'utf8', maxBuffer: 1e9,
  })
  return stdout.split('\n').filter(Boolean).map((line) => {
    const [stream, seq, ack, length, window, ...rest] = line.split(';')
    const rtt = rest.pop()!
    return {
      stream: Number(stream), seq: Number(seq), ack: Number(ack), length: Number(length), window: Number(window),
      repeated: rest.some((flag) => flag !== ''), rttUs: rtt === '' ? -1 : Number(rtt) * 1e6,
    }
  })
}
