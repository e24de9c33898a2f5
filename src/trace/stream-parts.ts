import type { StreamDirection } from './stream-direction.ts'
import type { StreamRuns } from './stream-runs.ts'
import type { TcpStream } from './stream.ts'
import { nowhere } from './stretch-index.ts'
import { StretchKind } from './stretch-kind.ts'

/** A piece of the sequence that {@link StreamRuns} makes, a hole in it, or word of what came again. */
export interface StreamPart {
  readonly kind: number
  /** 0 the client's direction, 1 the server's. */
  readonly end: 0 | 1
  /** In the sequence; of a hole: of the byte behind it. */
  readonly position: number
  /** In its direction, counted from the first byte known to have been sent. */
  readonly offset: number
  readonly length: number
  /** The packet that holds the bytes. Of a hole: one that was captured without them, or 0. */
  readonly packet: number
  /** Where the bytes begin in the packet's payload. */
  readonly at: number
}

/**
 * Parts of the positions `[from, to)`, in order: holes before what is behind them, repetitions behind the piece in which they begin. Holes behind
 * the last byte come with the last position.
 */
export function* streamParts(stream: TcpStream, runs: StreamRuns, only: 0 | 1 | null, from = 0, to = Infinity): Generator<StreamPart> {
  for (let run = Math.max(0, runs.at(from)); run < runs.count && runs.position[run] < to; run++) {
    const position = runs.position[run]
    const end = runs.end[run] as 0 | 1
    const direction = stream.directions[end]
    if (position >= from && runs.hole[run] > 0) yield* holes(direction, end, runs.offset[run] - runs.hole[run], runs.offset[run], position)
    const shift = position - runs.offset[run]
    yield* pieces(direction, end, Math.max(from, position) - shift, Math.min(to, position + runs.length[run]) - shift, shift)
  }
  if (to < runs.total || from > runs.total) return
  for (const end of [0, 1] as const) {
    const direction = stream.directions[end]
    if (only !== 1 - end && direction.end > dataEnd(direction)) yield* holes(direction, end, dataEnd(direction), direction.end, runs.total)
  }
}

/** The bytes of a part that is no hole. */
export function partBytes(stream: TcpStream, { packet, at, length }: StreamPart): Uint8Array {
  return stream.payload(packet).subarray(at, at + length)
}

/** What overlaps bytes `[from, to)` of a direction, by offset, at most so many. */
export function* repeatsWithin(direction: StreamDirection, end: 0 | 1, from: number, to: number): Generator<StreamPart> {
  const { repeats, longestRepeat, begin } = direction
  for (let place = repeats.beginningFrom(from + begin - longestRepeat); place !== nowhere && repeats.offset(place) < to + begin; place = repeats.next(place)) {
    if (repeats.offset(place) + repeats.length(place) > from + begin) yield partOf(direction, end, repeats, place, -1)
  }
}

function* pieces(direction: StreamDirection, end: 0 | 1, from: number, to: number, shift: number): Generator<StreamPart> {
  const { data, repeats, begin } = direction
  for (let place = data.endingAfter(from); place !== nowhere && data.offset(place) < to; place = data.next(place)) {
    const first = Math.max(from, data.offset(place))
    const last = Math.min(to, data.offset(place) + data.length(place))
    const at = data.at(place) + first - data.offset(place)
    yield { kind: StretchKind.data, end, position: first + shift, offset: first - begin, length: last - first, packet: data.packet(place), at }
    for (let again = repeats.beginningFrom(first); again !== nowhere && repeats.offset(again) < last; again = repeats.next(again)) {
      yield partOf(direction, end, repeats, again, repeats.offset(again) + shift)
    }
  }
}

function partOf({ begin }: StreamDirection, end: 0 | 1, list: StreamDirection['repeats'], place: number, position: number): StreamPart {
  return { kind: list.kind(place), end, position, offset: list.offset(place) - begin, length: list.length(place), packet: list.packet(place), at: list.at(place) }
}

/** A hole `[from, to)`, in pieces where packets were captured without their bytes. */
function* holes({ cut, begin }: StreamDirection, end: 0 | 1, from: number, to: number, position: number): Generator<StreamPart> {
  const hole = (first: number, last: number, packet: number): StreamPart => ({ kind: StretchKind.hole, end, position, offset: first - begin, length: last - first, packet, at: 0 })
  let at = from
  for (let place = cut.endingAfter(from); place !== nowhere && cut.offset(place) < to; place = cut.next(place)) {
    const first = Math.max(from, cut.offset(place))
    const last = Math.min(to, cut.offset(place) + cut.length(place))
    if (first > at) yield hole(at, first, 0)
    yield hole(first, last, cut.packet(place))
    at = last
  }
  if (to > at) yield hole(at, to, 0)
}

/** Behind the last byte that is there. */
function dataEnd({ data, begin }: StreamDirection): number {
  const last = data.last
  return last === nowhere ? begin : data.offset(last) + data.length(last)
}
