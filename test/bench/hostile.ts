import { readHostileCaptures } from '../support/hostile-captures.ts'
import type { BenchResult } from './bench.ts'

/** Broken captures of every format and link type, read, tracked and shown; a mistake ends the run. */
export const bench = { name: 'hostile', run }

function run({ quick = false }: { quick?: boolean } = {}): Promise<BenchResult[]> {
  const started = process.hrtime.bigint()
  const { captures, frames, damaged, largestWindow } = readHostileCaptures(quick ? 5000 : 100_000, 2026)
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  return Promise.resolve([
    { name: 'captures read', value: captures, unit: 'files' },
    { name: 'of them damaged', value: damaged, unit: 'files' },
    { name: 'frames', value: frames, unit: 'frames' },
    { name: 'speed', value: Math.round(captures / seconds), unit: 'files/s' },
    { name: 'most held of a file', value: largestWindow, unit: 'bytes' },
    { name: 'memory at the end', value: Math.round(process.memoryUsage().rss / 1e6), unit: 'MB' },
  ])
}
