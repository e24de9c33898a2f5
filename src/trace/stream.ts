import type { Flow } from './flow.ts'
import type { PacketStore } from './packet-store.ts'
import { StreamSegments } from './stream-segments.ts'
import type { PayloadReader } from './stream-segments.ts'
import { StretchKind, StretchList } from './stretch-list.ts'

/** One direction of a TCP connection, put together. */
export interface Stream {
  /**
   * By offset. Data and holes follow one another without gaps; overlaps and conflicts name packets that carried bytes again. A byte belongs
   * to the first packet of the capture that holds it; a conflict reaches from the first byte that differs from it to the last.
   */
  readonly stretches: StretchList
  /** Bytes from the first to the last that is known to have been sent. */
  readonly length: number
  /** Packets that were left out because their numbers fit no window. */
  readonly outside: number
}

/**
 * Puts together what one end of a flow has sent. Memory and time grow with the packets of the flow and the bytes that were sent more than
 * once, whatever the packets claim.
 * @param from 0 what the client has sent, 1 the server
 */
export function reassemble(store: PacketStore, flow: Flow, from: 0 | 1, payloadOf: PayloadReader): Stream {
  const segments = new StreamSegments(store, flow, from, payloadOf)
  const owned = shareOut(segments)
  const stretches = new StretchList()
  let offset = 0
  for (let i = 0; i < owned.count; i++) {
    if (owned.offset[i] > offset) stretches.add(offset, owned.offset[i] - offset, 0, 0, StretchKind.hole)
    const owner = owned.packet[i]
    const isHere = owner < segments.firstCut
    stretches.add(owned.offset[i], owned.length[i], segments.packet[owner], isHere ? owned.offset[i] - segments.start[owner] : 0, isHere ? StretchKind.data : StretchKind.hole)
    offset = owned.offset[i] + owned.length[i]
  }
  if (segments.end > offset) stretches.add(offset, segments.end - offset, 0, 0, StretchKind.hole)
  markRepeated(segments, owned, payloadOf, stretches)
  return { stretches: stretches.sorted(), length: segments.end, outside: segments.outside }
}

/** Pieces of the stream by offset, each with the earliest segment that holds it; `packet` is its index. */
function shareOut({ start, length, count }: StreamSegments): StretchList {
  const pieces = new StretchList()
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[i] = i
  order.sort((a, b) => start[a] - start[b] || a - b)
  const waiting = new IndexHeap(count)
  let next = 0
  let offset = 0
  for (;;) {
    while (next < count && start[order[next]] <= offset) waiting.push(order[next++])
    while (waiting.count > 0 && start[waiting.top] + length[waiting.top] <= offset) waiting.pop()
    if (waiting.count === 0) {
      if (next === count) return pieces
      offset = Math.max(offset, start[order[next]])
      continue
    }
    const owner = waiting.top
    let end = start[owner] + length[owner]
    while (next < count && start[order[next]] < end) {
      if (order[next] < owner) end = start[order[next]]
      else waiting.push(order[next++])
    }
    pieces.add(offset, end - offset, owner, 0, 0)
    offset = end
  }
}

/** The least of some indices. */
class IndexHeap {
  count = 0
  private readonly items: Uint32Array

  constructor(capacity: number) {
    this.items = new Uint32Array(capacity)
  }

  get top(): number { return this.items[0] }

  push(index: number): void {
    const { items } = this
    let at = this.count++
    for (let above = (at - 1) >>> 1; at > 0 && items[above] > index; above = (at - 1) >>> 1) {
      items[at] = items[above]
      at = above
    }
    items[at] = index
  }

  pop(): void {
    const { items } = this
    const last = items[--this.count]
    let at = 0
    for (let below = 1; below < this.count; below = 2 * at + 1) {
      if (below + 1 < this.count && items[below + 1] < items[below]) below++
      if (items[below] >= last) break
      items[at] = items[below]
      at = below
    }
    items[at] = last
  }
}

function markRepeated(segments: StreamSegments, owned: StretchList, payloadOf: PayloadReader, into: StretchList): void {
  for (let segment = 0; segment < segments.firstCut; segment++) {
    const end = segments.start[segment] + segments.length[segment]
    let from = -1
    let first = 0
    let i = firstEndingAfter(owned, Math.max(0, segments.start[segment]))
    for (; i < owned.count && owned.offset[i] < end; i++) {
      if (owned.packet[i] !== segment) {
        if (from < 0) {
          from = Math.max(owned.offset[i], segments.start[segment])
          first = i
        }
      } else if (from >= 0) {
        markRun(segments, owned, segment, first, i, from, owned.offset[i], payloadOf, into)
        from = -1
      }
    }
    if (from >= 0) markRun(segments, owned, segment, first, i, from, end, payloadOf, into)
  }
}

function firstEndingAfter(owned: StretchList, offset: number): number {
  let low = 0
  let high = owned.count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (owned.offset[middle] + owned.length[middle] <= offset) low = middle + 1
    else high = middle
  }
  return low
}

/** Bytes `[from, to)` of a segment, which belong to the owners of the pieces `[first, last)`. */
function markRun(
  segments: StreamSegments, owned: StretchList, segment: number, first: number, last: number, from: number, to: number, payloadOf: PayloadReader, into: StretchList,
): void {
  const start = segments.start[segment]
  const packet = segments.packet[segment]
  const mine = payloadOf(packet, from - start, to - from)
  let differsFrom = -1
  let differsTo = -1
  for (let i = first; i < last; i++) {
    const pieceFrom = Math.max(from, owned.offset[i])
    const pieceTo = Math.min(to, owned.offset[i] + owned.length[i])
    const owner = owned.packet[i]
    const theirs = payloadOf(segments.packet[owner], pieceFrom - segments.start[owner], pieceTo - pieceFrom)
    const compared = Math.min(theirs.length, mine.length - (pieceFrom - from))
    for (let k = 0; k < compared; k++) {
      if (theirs[k] === mine[pieceFrom - from + k]) continue
      if (differsFrom < 0) differsFrom = pieceFrom + k
      differsTo = pieceFrom + k + 1
    }
  }
  const add = (begin: number, end: number, kind: number) => { if (end > begin) into.add(begin, end - begin, packet, begin - start, kind) }
  if (differsFrom < 0) {
    add(from, to, StretchKind.overlap)
    return
  }
  add(from, differsFrom, StretchKind.overlap)
  add(differsFrom, differsTo, StretchKind.conflict)
  add(differsTo, to, StretchKind.overlap)
}
