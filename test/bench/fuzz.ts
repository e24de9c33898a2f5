import { Fuzzer } from '../../src/sim/soak/fuzz.ts'
import { tcpStateNames, transitions } from '../../src/tcp/state.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

const segmentsPerSeed = 100_000

/** Wrong segments to connections in every state: a throw or a broken invariant ends the bench with the seed that led there. */
export const bench = {
  name: 'fuzz',
  async run({ quick = false }: BenchOptions): Promise<BenchResult[]> {
    const wanted = quick ? 300_000 : 10_000_000
    const metIn = new Float64Array(tcpStateNames.length)
    const moves = new Set<string>()
    let segments = 0
    let sent = 0
    let lives = 0
    const heapBefore = process.memoryUsage().heapUsed
    const begin = performance.now()
    for (let seed = 1; segments < wanted; seed++) {
      const fuzzer = new Fuzzer(seed)
      try {
        while (fuzzer.segmentsIn < segmentsPerSeed) fuzzer.step()
      } catch (error) {
        throw new Error(`fuzz seed ${seed}: ${(error as Error).message}`, { cause: error })
      }
      segments += fuzzer.segmentsIn
      sent += fuzzer.segmentsOut
      lives += fuzzer.lives
      fuzzer.metIn.forEach((count, state) => { metIn[state] += count })
      for (const move of fuzzer.moves) moves.add(move)
    }
    const seconds = (performance.now() - begin) / 1000
    return [
      { name: 'segments in', value: segments, unit: 'segments' },
      { name: 'a second', value: segments / seconds, unit: '1/s' },
      { name: 'segments out', value: sent, unit: 'segments' },
      { name: 'connections', value: lives, unit: 'lives' },
      ...tcpStateNames.map((name, state) => ({ name: `met in ${name}`, value: metIn[state], unit: 'segments' })),
      { name: `moves seen, of ${transitions.length}`, value: moves.size, unit: 'moves' },
      { name: 'heap grown', value: (process.memoryUsage().heapUsed - heapBefore) / 1e6, unit: 'MB' },
    ]
  },
}
