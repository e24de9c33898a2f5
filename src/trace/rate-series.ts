import { MinMaxPyramid } from './min-max-pyramid.ts'

/** Bins of a rate at most. */
const maxBins = 200
/** Shorter bins say more about the clock than about the path. */
const leastBinSeconds = 0.001

/**
 * Bytes a second in equal bins of time, empty ones included; a point stands at the beginning of its bin.
 * @param amounts bytes at their times
 * @param duration of the flow in seconds; what lies outside is not counted
 */
export function rateSeries(amounts: MinMaxPyramid, duration: number): MinMaxPyramid {
  if (amounts.count === 0) return amounts
  const width = binSeconds(duration)
  const bins = Math.floor(duration / width) + 1
  const times = Float64Array.from({ length: bins }, (_, bin) => bin * width)
  const rates = new Float64Array(bins)
  for (let i = 0; i < amounts.count; i++) {
    const bin = Math.floor(amounts.times[i] / width)
    if (bin >= 0 && bin < bins) rates[bin] += amounts.highAt(i)
  }
  for (let bin = 0; bin < bins; bin++) rates[bin] /= width
  return new MinMaxPyramid(times, rates, rates)
}

/** The shortest of 1, 2, 5, 10, ... ms that needs no more bins than there may be. */
export function binSeconds(duration: number): number {
  for (let power = leastBinSeconds; ; power *= 10) {
    for (const factor of [1, 2, 5]) if (duration / (power * factor) < maxBins) return power * factor
  }
}
