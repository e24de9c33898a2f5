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

const filters = [
  'tcp.port == 80', 'tcp.len > 100', 'ip.addr == 10.0.0.0/24', 'tcp.flags.syn == 1 and tcp.flags.ack == 0', 'tcp.analysis.retransmission',
  'tcp.srcport > tcp.dstport or frame.len in {60..80, 1514}', 'tcp.flags & 0x12 == 0x10 and not tcp.len == 0', 'tcp.payload contains 00:01', 'tcp.window_size < 1000',
]

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
    return filters.map((text) => {
      const ours = medianMs(() => select(text, view, frames.length))
      const theirs = tsharkMs(file, text)
      const each = 1e6 / frames.length
      return { name: text, value: ours * each, unit: 'ms a million packets', ...(theirs === null ? {} : { peer: 'tshark -Y', peerValue: theirs * each, ratio: theirs / ours }) }
    })
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
