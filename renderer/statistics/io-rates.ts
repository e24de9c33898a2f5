import type { IoAnswer } from '../../src/rpc/statistics-contract.ts'

export const ioUnits = ['packets', 'bits', 'bytes'] as const
export type IoUnit = typeof ioUnits[number]

/** What each interval comes to in a second. */
export function ioRates({ packets, bytes }: IoAnswer['series'][number], intervalMs: number, unit: IoUnit): Float64Array {
  const factor = (unit === 'bits' ? 8 : 1) * 1000 / intervalMs
  return (unit === 'packets' ? packets : bytes).map((value) => value * factor)
}

/** The highest of the intervals `[from, to)`; those behind the last are 0. */
export function peakIn(values: Float64Array, from: number, to: number): number {
  let most = 0
  for (let i = from; i < Math.min(to, values.length); i++) if (values[i] > most) most = values[i]
  return most
}
