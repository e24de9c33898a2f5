import { measureGoodput, theoreticalLimit } from '../../src/sim/goodput.ts'
import type { PathCase } from '../../src/sim/goodput.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

const losses = [0, 0.001, 0.01, 0.05]
const roundTripsMs = [10, 50, 200]
const buffers = [65_536, 1 << 20]
const controllers = ['newReno', 'cubic'] as const
const rateBitsPerSecond = 20_000_000
const seeds = [1, 2, 3]

/** One connection over a path of 20 Mbit/s, in virtual time, beside what theory lets through. */
export const bench = {
  name: 'goodput',
  run({ quick = false }: BenchOptions): Promise<BenchResult[]> {
    const cases: PathCase[] = losses.flatMap((lossRate) => roundTripsMs.flatMap((ms) => buffers.flatMap((bufferBytes) => controllers.map((controller) => (
      { lossRate, roundTripUs: ms * 1000, bufferBytes, controller, rateBitsPerSecond }
    )))))
    return Promise.resolve(cases.map((path) => result(path, quick ? 5 : 60, quick ? [1] : seeds)))
  },
}

function result(path: PathCase, seconds: number, from: readonly number[]): BenchResult {
  const values = from.map((seed) => measureGoodput(path, seconds, seed) * 8 / 1e6).toSorted((a, b) => a - b)
  const value = values[Math.floor(values.length / 2)]
  const limit = theoreticalLimit(path) * 8 / 1e6
  const { lossRate, roundTripUs, bufferBytes, controller } = path
  const name = `${controller}, loss ${(lossRate * 100).toString().padStart(3)} %, RTT ${(roundTripUs / 1000).toString().padStart(3)} ms, buffer ${bufferBytes / 1024} KiB`
  return { name, value, unit: 'Mbit/s', peer: 'theoretical limit', peerValue: limit, ratio: value / limit }
}
