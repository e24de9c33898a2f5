import type { BenchOptions, BenchResult } from './bench.ts'
import { floodResults } from './engine-flood.ts'
import { kernelResults } from './engine-kernel.ts'
import { memoryResults } from './engine-memory.ts'

/** The engine at work: over a cable in memory, and against the kernel over a veth pair. */
export const bench = {
  name: 'engine',
  async run({ quick = false }: BenchOptions): Promise<BenchResult[]> {
    return [...await memoryResults(quick), ...floodResults(quick), ...await kernelResults(quick)]
  },
}
