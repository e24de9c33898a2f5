import { rowHeight } from './row-window.ts'

/** A silence that is drawn shorter than it was. */
export interface TimeBreak { top: number, bottom: number, seconds: number }

export interface TimePlaces {
  /** Of each row, in pixels below the first; a row without a time stands where the one before it does. */
  tops: number[]
  /** Since the row with a time before it; 0 where there is none. */
  gaps: number[]
  breaks: TimeBreak[]
  /** What the height of a row stands for, in seconds; 0 where all rows are of one moment. */
  secondsPerRow: number
}

/**
 * Places rows true to time: one scale for all of them that fills the height. Silences that would take more than three rows, and more than
 * twice an even share, are drawn so long and told as breaks.
 * @param times of the rows in seconds, ascending; null for rows that are not drawn
 */
export function placeByTime(times: readonly (number | null)[], height: number): TimePlaces {
  const gaps = gapsOf(times)
  const lengths = gaps.filter((gap) => gap > 0).sort((a, b) => b - a)
  const most = lengths.length === 0 ? 0 : Math.max(3 * rowHeight, 2 * height / lengths.length)
  const scale = scaleOf(lengths, height, most)
  const breaks: TimeBreak[] = []
  let top = 0
  const tops = gaps.map((seconds) => {
    const before = top
    top += Math.min(most, seconds * scale)
    // What just fits is no break for a rounding error.
    if (seconds * scale > most * (1 + 1e-9)) breaks.push({ top: before, bottom: top, seconds })
    return top
  })
  return { tops, gaps, breaks, secondsPerRow: scale > 0 ? rowHeight / scale : 0 }
}

function gapsOf(times: readonly (number | null)[]): number[] {
  let last: number | null = null
  return times.map((time) => {
    if (time === null) return 0
    const gap = last === null ? 0 : Math.max(0, time - last)
    last = Math.max(time, last ?? time)
    return gap
  })
}

/** Pixels a second at which lengths, the longest first, fill the height when none takes more than `most`. */
function scaleOf(lengths: readonly number[], height: number, most: number): number {
  let rest = lengths.reduce((sum, length) => sum + length, 0)
  let room = height
  for (const length of lengths) {
    if (length * room <= most * rest) return room / rest
    rest -= length
    room -= most
  }
  return lengths.length === 0 ? 0 : most / lengths[lengths.length - 1]
}
