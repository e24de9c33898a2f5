import type { BenchResult } from './bench.ts'

/** Enough for a median that one disturbed run, or two, does not move. */
export const usualRuns = 5

/** Makes a result of several runs. @param values one of each run */
export function resultOf(name: string, unit: string, values: readonly number[]): BenchResult {
  return { name, unit, value: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** The same beside a peer that took turns with it: the ratio is the median of the pairs', so that it holds while the machine's speed drifts. */
export function resultBeside(name: string, unit: string, values: readonly number[], peer: string, peerValues: readonly number[]): BenchResult {
  return { ...resultOf(name, unit, values), peer, peerValue: median(peerValues), ratio: median(values.map((value, i) => value / peerValues[i])) }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
