import { partBytes, streamParts } from './stream-parts.ts'
import type { StreamRuns } from './stream-runs.ts'
import type { TcpStream } from './stream.ts'
import { nowhere } from './stretch-index.ts'
import { StretchKind } from './stretch-kind.ts'

/** Bytes that are looked through between two questions whether the time is over. */
const chunkBytes = 64 * 1024

export interface Search {
  readonly pattern: Uint8Array
  /** First position that may match; backwards the last one. */
  readonly from: number
  readonly backwards: boolean
  /** Takes A to Z for a to z. */
  readonly ignoreCase: boolean
}

/**
 * The next place where a pattern begins. A match may reach over a turn of the other side, though not over a hole.
 * @returns `position` -1: not found, and `next` is where to go on, -1 nowhere
 */
export function findInStream(stream: TcpStream, runs: StreamRuns, search: Search, isOver: () => boolean): { position: number, next: number } {
  const { backwards, ignoreCase } = search
  const pattern = ignoreCase ? search.pattern.map(lower) : search.pattern
  if (pattern.length === 0 || runs.total === 0) return { position: -1, next: -1 }
  let at = backwards ? Math.min(search.from, runs.total - 1) : search.from
  while (at >= 0 && at < runs.total) {
    const run = runs.at(at)
    const begin = runs.position[run]
    const from = backwards ? Math.max(begin, at - chunkBytes + 1) : at
    const to = backwards ? at + 1 : Math.min(at + chunkBytes, begin + runs.length[run])
    const text = bytesFrom(stream, runs, run, from, to - from + pattern.length - 1)
    if (ignoreCase) for (let i = 0; i < text.length; i++) text[i] = lower(text[i])
    const found = backwards ? lastIndex(text, pattern) : firstIndex(text, pattern)
    if (found >= 0) return { position: from + found, next: -1 }
    at = backwards ? from - 1 : to
    if (isOver()) break
  }
  return { position: -1, next: at >= 0 && at < runs.total ? at : -1 }
}

/** Bytes of a direction from a position of one of its runs on, as many as follow without a hole. */
function bytesFrom(stream: TcpStream, runs: StreamRuns, run: number, position: number, length: number): Uint8Array {
  const { data } = stream.directions[runs.end[run]]
  const bytes = new Uint8Array(length)
  const begin = runs.offset[run] + position - runs.position[run]
  let filled = 0
  for (let place = data.endingAfter(begin); place !== nowhere && filled < length; place = data.next(place)) {
    const skipped = begin + filled - data.offset(place)
    if (skipped < 0) break
    const count = Math.min(data.length(place) - skipped, length - filled)
    bytes.set(stream.payload(data.packet(place)).subarray(data.at(place) + skipped, data.at(place) + skipped + count), filled)
    filled += count
  }
  return bytes.subarray(0, filled)
}

/** The bytes of positions `[from, to)`. */
export function* streamBytes(stream: TcpStream, runs: StreamRuns, only: 0 | 1 | null, from: number, to: number): Generator<Uint8Array> {
  for (const part of streamParts(stream, runs, only, from, to)) if (part.kind === StretchKind.data) yield partBytes(stream, part)
}

function firstIndex(text: Uint8Array, pattern: Uint8Array): number {
  for (let at = text.indexOf(pattern[0]); at >= 0 && at + pattern.length <= text.length; at = text.indexOf(pattern[0], at + 1)) {
    if (isAt(text, at, pattern)) return at
  }
  return -1
}

function lastIndex(text: Uint8Array, pattern: Uint8Array): number {
  for (let at = text.length - pattern.length; at >= 0; at--) if (isAt(text, at, pattern)) return at
  return -1
}

function isAt(text: Uint8Array, at: number, pattern: Uint8Array): boolean {
  for (let i = 0; i < pattern.length; i++) if (text[at + i] !== pattern[i]) return false
  return true
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}
