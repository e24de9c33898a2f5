import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { compileFilter, Filter } from '../../src/filter/filter.ts'
import { PacketView } from '../../src/filter/packet-view.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { Trace } from '../../src/trace/trace.ts'
import { nastySegments } from '../support/nasty-segments.ts'
import { nanosecondPcap } from '../support/tshark.ts'
import type { BenchResult } from './bench.ts'

/** Filters over a million packets in memory; beside tshark, which reads the same packets from a file for each filter. */
export const bench = { name: 'filter', run }

/** A comparison of each kind that columns answer: one column and two, of packets and of their flows, computed, sets and networks, column against column. */
const comparisons = [
  'tcp', 'tcp.len > 100', 'frame.len <= 60', 'frame.time_delta > 0.1', 'tcp.flags.syn == 1', 'tcp.flags == 0x12', 'tcp.analysis.retransmission', 'tcp.stream == 5', 'tcp.seq > 1000', 'tcp.window_size < 1000',
  'tcp.port == 80', 'tcp.port != 80', 'tcp.port === 80', 'ip.addr == 10.0.0.1', 'ip.addr == 10.0.0.0/24', 'ip.src > 10.0.0.1', 'tcp.srcport > tcp.dstport',
  'frame.len in {60..80, 1514}', 'tcp.port in {80, 443, 1000..2000}', 'ip.addr in {10.0.0.0/24, 10.0.1.1}', 'tcp.flags & 2 == 2',
]
/** Several at once, and what stands in no column. */
const others = ['tcp.flags.syn == 1 and tcp.flags.ack == 0', 'tcp.srcport > tcp.dstport or frame.len in {60..80, 1514}', 'tcp.flags & 0x12 == 0x10 and not tcp.len == 0', 'ip.ttl < 10', 'tcp.payload contains 00:01']

async function run({ quick = false }: { quick?: boolean } = {}): Promise<BenchResult[]> {
  const packets = quick ? 100_000 : 1_000_000
  const frames = nastySegments({ seed: 3, streams: Math.ceil(packets / 25), segments: 60 })
  const trace = new Trace()
  for (const { timeNs, bytes } of frames) {
    const batch = new FrameBatch(1, bytes)
    batch.add(0, bytes.length, bytes.length, 1_700_000_000 + Math.floor(timeNs / 1e9), timeNs % 1e9, 0)
    trace.append(batch, 1, null)
  }
  const view = new PacketView(trace, (index) => frames[index].bytes)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-filter-'))
  const file = path.join(folder, 'bench.pcap')
  writeFileSync(file, nanosecondPcap(frames))
  try {
    const each = 1e6 / frames.length
    const alone = (text: string) => ({ name: text, value: each * medianMs(() => select(text, view, frames.length)), unit: 'ms a million packets' })
    const besideTshark = (text: string): BenchResult => {
      const ours = alone(text)
      const theirs = tsharkMs(file, text)
      return theirs === null ? ours : { ...ours, peer: 'tshark -Y', peerValue: theirs * each, ratio: theirs * each / ours.value }
    }
    const ofColumns = comparisons.map(alone)
    const slowest = ofColumns.reduce((worst, result) => result.value > worst.value ? result : worst).name
    return [...ofColumns, ...others.map(besideTshark), { ...besideTshark(slowest), name: `slowest comparison of columns: ${slowest}` }]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function select(text: string, view: PacketView, count: number): number {
  const filter = compileFilter(text)
  if (!(filter instanceof Filter)) throw new Error(`${text}: ${filter.code}`)
  let found = 0
  filter.select(view, 0, count, () => { found++ })
  return found
}

function medianMs(act: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const started = process.hrtime.bigint()
    act()
    return Number(process.hrtime.bigint() - started) / 1e6
  })
  return times.sort((a, b) => a - b)[2]
}

/** Once: a run takes seconds. */
function tsharkMs(file: string, text: string): number | null {
  const started = process.hrtime.bigint()
  const { status } = spawnSync('tshark', ['-n', '-r', file, '-Y', text, '-T', 'fields', '-e', 'frame.number'], { stdio: 'ignore' })
  return status === 0 ? Number(process.hrtime.bigint() - started) / 1e6 : null
}
