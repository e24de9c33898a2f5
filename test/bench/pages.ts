import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Recorder } from '../../main/lab/recorder.ts'
import { Random } from '../../src/base/random.ts'
import { Trace } from '../../src/trace/trace.ts'
import type { BenchResult } from './bench.ts'
import { median } from './runs.ts'
import { benchInfo, makeBatches, packetsEach } from './trace.ts'

/** Pages of rows at random places of a capture whose bytes are in its recording on disk, and what the packets take of memory. */
export const bench = { name: 'pages', run }

const rowsEach = 100
const pages = 300

async function run({ quick = false, packets = quick ? 100_000 : 1_000_000 }: { quick?: boolean, packets?: number } = {}): Promise<BenchResult[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-pages-'))
  try {
    const recorder = Recorder.open({ path: path.join(folder, 'bench.pcapng'), info: benchInfo, application: 'bench', nowUs: 0 })
    const trace = new Trace()
    const batches = makeBatches(64)
    const before = memory()
    for (let turn = 0; turn * packetsEach < packets; turn++) trace.append(batches[turn % batches.length], 1, recorder.record(batches[turn % batches.length]))
    recorder.close(0)
    const after = memory()
    const times = pageTimes(trace, recorder)
    recorder.dispose()
    return [
      { name: 'packets', value: trace.packetCount, unit: 'packets' },
      { name: `random page of ${rowsEach} rows`, value: median(times), unit: 'ms', min: Math.min(...times), max: Math.max(...times) },
      { name: 'heap for all packets', value: (after.heapUsed - before.heapUsed) / 1e6, unit: 'MB' },
      { name: 'columns', value: (after.arrayBuffers - before.arrayBuffers) / trace.packetCount, unit: 'bytes a packet' },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The first pages, which warm the compiler up, are left out. */
function pageTimes(trace: Trace, recorder: Recorder): number[] {
  const random = new Random(3)
  const times = Array.from({ length: pages }, () => {
    const from = random.nextBelow(trace.packetCount - rowsEach)
    const started = process.hrtime.bigint()
    const { rows } = trace.rows({ from, count: rowsEach }, (offset, length) => recorder.readBytes(offset, length))
    if (rows.length !== rowsEach || rows.some((row) => row.info === '')) throw new Error('rows without text')
    return Number(process.hrtime.bigint() - started) / 1e6
  })
  return times.slice(pages / 10)
}

function memory(): NodeJS.MemoryUsage {
  globalThis.gc?.()
  return process.memoryUsage()
}
