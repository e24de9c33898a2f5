import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Recorder } from '../../main/lab/recorder.ts'
import { Random } from '../../src/base/random.ts'
import { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import type { LinkInfo } from '../../src/link/link.ts'
import { Trace } from '../../src/trace/trace.ts'
import { encodeEthernet, EthernetHeader, EtherType } from '../../src/wire/ethernet.ts'
import { encodeIpv4, fillIpv4, IpProtocol, Ipv4Header } from '../../src/wire/ipv4.ts'
import { encodeTcp, TcpFlag, TcpHeader } from '../../src/wire/tcp.ts'
import type { BenchResult } from './bench.ts'

/** Decode, track and store a million packets of 42 conversations; then rows, recording and reading back. */
export const bench = { name: 'trace', run }

export const packetsEach = 4096
const conversations = 42
const frameBytes = 128
const batchBytes = packetsEach * frameBytes
const rowsEach = 100

async function run({ quick = false }: { quick?: boolean } = {}): Promise<BenchResult[]> {
  const packets = quick ? 100_000 : 1_000_000
  const batches = makeBatches(64)
  const turns = Math.ceil(packets / packetsEach)
  const offsets = batches.map((batch, i) => Float64Array.from({ length: batch.count }, (_, frame) => i * batchBytes + batch.offset[frame]))
  warmUp(batches)

  const memoryBefore = memoryBytes()
  const trace = new Trace()
  const started = process.hrtime.bigint()
  for (let turn = 0; turn < turns; turn++) trace.append(batches[turn % batches.length], 1, offsets[turn % batches.length])
  const appendSeconds = secondsSince(started)
  const total = turns * packetsEach
  const bytesEach = (memoryBytes() - memoryBefore) / total

  return [
    { name: 'decode, track and store', value: round(total / appendSeconds), unit: 'packets/s' },
    { name: 'time each', value: round(appendSeconds * 1e6 / total, 3), unit: 'µs' },
    { name: 'memory each', value: round(bytesEach, 1), unit: 'bytes' },
    { name: 'conversations found', value: trace.flowCount, unit: 'flows' },
    { name: `page of ${rowsEach} rows`, value: round(rowPageMs(trace, batches), 3), unit: 'ms' },
    ...recordAndRead(batches, turns),
  ]
}

/** Rows at places all over the capture, of all packets and of a flow in turn, with the raw bytes at hand. */
function rowPageMs(trace: Trace, batches: readonly FrameBatch[]): number {
  const pages = 200
  const bytesOf = (offset: number, length: number) => {
    const { bytes } = batches[Math.floor(offset / batchBytes) % batches.length]
    return bytes.slice(offset % batchBytes, (offset % batchBytes) + length)
  }
  const started = process.hrtime.bigint()
  for (let i = 0; i < pages; i++) {
    const { rows } = trace.rows({ from: 200 + (i * 613) % 1500, count: rowsEach, flow: i % 2 === 0 ? undefined : i % conversations }, bytesOf)
    if (rows.length !== rowsEach || rows.every((row) => row.info === '')) throw new Error('rows without text')
  }
  return secondsSince(started) * 1000 / pages
}

function recordAndRead(batches: readonly FrameBatch[], turns: number): BenchResult[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-trace-'))
  try {
    const recorder = Recorder.open({ path: path.join(folder, 'bench.pcapng'), info: benchInfo, application: 'bench', nowUs: 0 })
    const started = process.hrtime.bigint()
    for (let turn = 0; turn < turns; turn++) recorder.record(batches[turn % batches.length])
    recorder.close(0)
    const recordSeconds = secondsSince(started)
    const readStarted = process.hrtime.bigint()
    const frames = readBack(recorder)
    const readSeconds = secondsSince(readStarted)
    if (frames !== turns * packetsEach) throw new Error(`recorded ${turns * packetsEach} frames, read ${frames}`)
    recorder.dispose()
    return [
      { name: 'record', value: round(frames / recordSeconds), unit: 'frames/s' },
      { name: 'read pcapng', value: round(frames / readSeconds), unit: 'frames/s' },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readBack(recorder: Recorder): number {
  const reader = new CaptureReader()
  const batch = new FrameBatch(1024)
  const chunk = 256 * 1024
  let frames = 0
  for (let at = 0; at < recorder.bytes; at += chunk) {
    reader.feed(recorder.readBytes(at, Math.min(chunk, recorder.bytes - at))!)
    for (let count = reader.read(batch, 1024); count > 0; count = reader.read(batch, 1024)) frames += count
  }
  return frames
}

export const benchInfo: LinkInfo = {
  kind: 'memory', name: 'bench', description: '', linkType: 1, mtu: 1500, snapLength: 65_535, mac: null, addresses: [], mayInject: false,
  timestamps: 'virtual', timestampUnit: 'ns', reportsDirection: true, unknownCounters: [],
}

/** Conversations that have opened, each end sending in turn with numbers that go on, a few of them again. */
export function makeBatches(count: number): FrameBatch[] {
  const random = new Random(7)
  const sent = Array.from({ length: conversations }, () => [1000, 5000])
  let tick = 0
  return Array.from({ length: count }, () => {
    const batch = new FrameBatch(packetsEach, new Uint8Array(packetsEach * frameBytes))
    for (let i = 0; i < packetsEach; i++, tick++) {
      const conversation = tick < 3 * conversations ? tick % conversations : random.nextBelow(conversations)
      const step = tick < 3 * conversations ? Math.floor(tick / conversations) : 3
      writeSegment(batch.bytes, i * frameBytes, conversation, sent[conversation], step, random)
      batch.add(i * frameBytes, frameBytes, frameBytes, 1_700_000_000 + Math.floor(tick / 100_000), (tick % 100_000) * 10_000, 1)
    }
    return batch
  })
}

const ethernet = new EthernetHeader()
const ip = new Ipv4Header()
const tcp = new TcpHeader()

function writeSegment(bytes: Uint8Array, at: number, conversation: number, sent: number[], step: number, random: Random): void {
  const from = step < 3 ? step % 2 : random.nextBelow(2)
  ethernet.etherType = EtherType.ipv4
  const ipAt = at + encodeEthernet(ethernet, bytes, at)
  ip.protocol = IpProtocol.tcp
  ip.source = 0x0a4d0002 + from
  ip.destination = 0x0a4d0003 - from
  const tcpAt = ipAt + encodeIpv4(ip, bytes, 0, 0, bytes, ipAt)
  const payload = step < 3 ? 0 : at + frameBytes - tcpAt - 20
  tcp.sourcePort = from === 0 ? 40_000 + conversation : 80
  tcp.destinationPort = from === 0 ? 80 : 40_000 + conversation
  tcp.flags = step === 0 ? TcpFlag.syn : step === 1 ? TcpFlag.syn | TcpFlag.ack : TcpFlag.ack
  tcp.seq = step === 3 && random.nextBelow(50) === 0 ? sent[from] - payload : sent[from]
  tcp.ack = step === 0 ? 0 : sent[1 - from]
  tcp.window = 512
  encodeTcp(tcp, bytes, 0, 0, bytes, tcpAt)
  bytes.fill(0x61, tcpAt + 20, tcpAt + 20 + payload)
  fillIpv4(bytes, ipAt, tcpAt + 20 + payload - ipAt)
  if (tcp.seq === sent[from]) sent[from] += step < 2 ? 1 : payload
}

function warmUp(batches: readonly FrameBatch[]): void {
  const trace = new Trace()
  for (let i = 0; i < 16; i++) trace.append(batches[i % batches.length], 1, null)
}

function memoryBytes(): number {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function secondsSince(started: bigint): number {
  return Number(process.hrtime.bigint() - started) / 1e9
}

function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits))
}
