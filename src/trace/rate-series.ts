import { MinMaxPyramid } from './min-max-pyramid.ts'

/** Bins of a rate at most. */
const maxBins = 200
/** Shorter bins say more about the clock than about the path. */
const leastBinSeconds = 0.001

/**
 * Bytes a second in equal bins of time, empty ones included; a point stands at the beginning of its bin and has the bin's first packet.
 * @param amounts bytes at their times
 * @param duration of the flow in seconds; what lies outside is not counted
 */
export function rateSeries(amounts: MinMaxPyramid, duration: number): MinMaxPyramid {
  const rates = new MinMaxPyramid()
  if (amounts.count === 0) return rates
  const width = binSeconds(duration)
  const bins = Math.floor(duration / width) + 1
  const bytes = new Float64Array(bins)
  const packets = new Uint32Array(bins)
  for (let i = 0; i < amounts.count; i++) {
    const bin = Math.floor(amounts.timeAt(i) / width)
    if (!(bin >= 0 && bin < bins)) continue
    bytes[bin] += amounts.highAt(i)
    if (packets[bin] === 0) packets[bin] = amounts.packetAt(i)
  }
  for (let bin = 0; bin < bins; bin++) rates.add(bin * width, bytes[bin] / width, bytes[bin] / width, packets[bin])
  return rates
}

/** The shortest of 1, 2, 5, 10, ... ms that needs no more bins than there may be. */
export function binSeconds(duration: number): number {
  for (let power = leastBinSeconds; ; power *= 10) {
    for (const factor of [1, 2, 5]) if (duration / (power * factor) < maxBins) return power * factor
  }
}
