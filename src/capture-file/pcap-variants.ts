import type { ByteWindow } from './byte-window.ts'
import { readU32In } from './format.ts'

/**
 * Bytes before a frame. Patched writers put more behind the usual 16:
 *
 *   nokia            16  unknown          4
 *   modified         16  interface index  4    20  protocol  2    22  packet type  1    23  padding  1
 *   modifiedWithCpu  as modified, then    24  processor  1    25  padding  3
 */
export const RecordHeader = { plain: 16, nokia: 20, modified: 24, modifiedWithCpu: 28 } as const

const recordsToTry = 16
/** What tools write at most; a longer record is a sign of having lost the way. */
const plausibleBytes = 262_144

/** Which of the candidates leads through the next records best; the first one, unless another is better by more than `margin` points. */
export function guessRecordHeader(window: ByteWindow, candidates: readonly number[], isLittle: boolean, unitsPerSecond: number, isAnyOrder: boolean, margin: number): number {
  let best = candidates[0]
  let bestScore = walk(window, best, isLittle, unitsPerSecond, isAnyOrder) + margin
  for (const candidate of candidates.slice(1)) {
    const score = walk(window, candidate, isLittle, unitsPerSecond, isAnyOrder)
    if (score > bestScore) {
      best = candidate
      bestScore = score
    }
  }
  return best
}

/** Whether the second record is there already and may be one. */
export function leadsToSecondRecord(window: ByteWindow, headerBytes: number, isLittle: boolean, unitsPerSecond: number, isAnyOrder: boolean): boolean {
  return walk(window, headerBytes, isLittle, unitsPerSecond, isAnyOrder) >= 4
}

function isPlausibleRecord(window: ByteWindow, at: number, isLittle: boolean, unitsPerSecond: number, isAnyOrder: boolean): boolean {
  const from = window.start + at
  const kept = readU32In(window.area, from + 8, isLittle)
  const onWire = readU32In(window.area, from + 12, isLittle)
  return readU32In(window.area, from + 4, isLittle) < unitsPerSecond && Math.min(kept, onWire) <= plausibleBytes && (kept <= onWire || isAnyOrder)
}

/** Two points for each record that fits, one for arriving at the end of the file exactly. */
function walk(window: ByteWindow, headerBytes: number, isLittle: boolean, unitsPerSecond: number, isAnyOrder: boolean): number {
  let at = 0
  for (let record = 0; record < recordsToTry; record++) {
    if (at === window.length) return 2 * record + (window.isComplete ? 1 : 0)
    if (at + RecordHeader.plain > window.length || !isPlausibleRecord(window, at, isLittle, unitsPerSecond, isAnyOrder)) return 2 * record
    const kept = readU32In(window.area, window.start + at + 8, isLittle)
    const onWire = readU32In(window.area, window.start + at + 12, isLittle)
    at += headerBytes + (isAnyOrder ? Math.min(kept, onWire) : kept)
    if (at > window.length) return 2 * record + (window.isComplete ? 0 : 2)
  }
  return 2 * recordsToTry
}
