import { fault, FaultError } from '../../src/base/fault.ts'
import type { StreamEnd, StreamMatch, StreamPage, StreamStretch } from '../../src/rpc/stream-contract.ts'
import { PacketRecord, Protocol } from '../../src/trace/packet-store.ts'
import type { ByteReader } from '../../src/trace/packet-rows.ts'
import type { PayloadReader } from '../../src/trace/payload-cache.ts'
import { segmentPayload } from '../../src/trace/segment-payload.ts'
import { packetOffset } from '../../src/trace/stream-packet.ts'
import { partBytes, repeatsWithin, streamParts } from '../../src/trace/stream-parts.ts'
import type { StreamPart } from '../../src/trace/stream-parts.ts'
import { StreamRuns } from '../../src/trace/stream-runs.ts'
import { findInStream } from '../../src/trace/stream-search.ts'
import type { Search } from '../../src/trace/stream-search.ts'
import { TcpStream } from '../../src/trace/stream.ts'
import { StretchKind, stretchKindNames } from '../../src/trace/stretch-kind.ts'
import type { Trace } from '../../src/trace/trace.ts'

/** Streams of one capture that stay put together. */
const streamsKept = 2
/** Longest that one call goes on; the shell asks again for the rest. */
const atOnceUs = 20_000
const marksAtMost = 500
const pageBytes = 65_536

type Only = 0 | 1 | null

/** A TCP flow of the capture as its applications read it. It is put together piece by piece, and goes on as packets come. */
export class FollowedStream {
  readonly stream: TcpStream
  private readonly runs = new Map<Only, StreamRuns>()

  private constructor(private readonly trace: Trace, private readonly flow: number, bytesOf: ByteReader) {
    this.stream = new TcpStream(trace.store, trace.tracker.flows[flow], payloadReader(trace, bytesOf))
  }

  /** @throws FaultError noSuchFlow */
  static of(trace: Trace, flow: number, bytesOf: ByteReader): FollowedStream {
    if (trace.tracker.flows[flow]?.protocol !== Protocol.tcp) throw new FaultError(fault('noSuchFlow', { flow, count: trace.flowCount }))
    const streams = known.get(trace.kept) ?? new Map<number, FollowedStream>()
    known.set(trace.kept, streams)
    const stream = streams.get(flow) ?? new FollowedStream(trace, flow, bytesOf)
    streams.delete(flow)
    streams.set(flow, stream)
    for (const old of streams.keys()) if (streams.size > streamsKept) streams.delete(old)
    return stream
  }

  page(only: Only, from: number, count: number, clock: () => number): StreamPage {
    const { stream } = this
    const runs = this.advance(only, deadline(clock))
    const start = Math.min(from, runs.total)
    const to = Math.min(runs.total, start + Math.min(count, pageBytes))
    const page: StreamPage = {
      total: runs.total, from: start, data: new Uint8Array(to - start), pieces: [], holes: [], marks: [], hasMoreMarks: false,
      runFrom: to > start ? runs.position[runs.at(start)] : start, version: this.version, ends: [this.endOf(0), this.endOf(1)],
      packets: stream.taken, totalPackets: stream.packets,
    }
    for (const part of streamParts(stream, runs, only, start, to)) {
      if (part.kind === StretchKind.data) {
        page.data.set(partBytes(stream, part), part.position - start)
        page.pieces.push(stretchOf(part))
      } else if (part.kind === StretchKind.hole) {
        page.holes.push(stretchOf(part))
      }
    }
    this.addMarks(page)
    return page
  }

  find(only: Only, search: Search, clock: () => number): StreamMatch {
    const isOver = deadline(clock)
    const runs = this.advance(only, isOver)
    const match = findInStream(this.stream, runs, search, isOver)
    // What is not yet put together may hold it.
    return match.position < 0 && match.next < 0 && !search.backwards && this.stream.taken < this.stream.packets ? { position: -1, next: runs.total } : match
  }

  /** Position of the first byte that a packet carried; -1 where it carried none that is there. */
  positionOf(only: Only, packet: number, clock: () => number): number {
    const runs = this.advance(only, deadline(clock))
    const record = new PacketRecord()
    this.trace.store.read(packet - 1, record)
    if (record.flow !== this.flow) return -1
    const found = packetOffset(this.stream, record, packet)
    return found === null || only === 1 - found.end ? -1 : runs.positionOf(found.end, found.offset)
  }

  /** The bytes of what is chosen, in pieces, and how many are missing. Between pieces the lab may go on. */
  async* bytes(only: Only, clock: () => number): AsyncGenerator<Uint8Array | number> {
    const { stream } = this
    const until = stream.packets
    let runs = this.advance(only, deadline(clock))
    while (stream.taken < until) {
      await new Promise(setImmediate)
      runs = this.advance(only, deadline(clock))
    }
    for (let from = 0, { total } = runs; from <= total; from += pageBytes) {
      const to = Math.min(total, from + pageBytes)
      for (const part of streamParts(stream, runs, only, from, to)) {
        if (part.kind === StretchKind.data) yield partBytes(stream, part)
        else if (part.kind === StretchKind.hole) yield part.length
      }
      if (to === total) return
      await new Promise(setImmediate)
    }
  }

  private advance(only: Only, isOver: () => boolean): StreamRuns {
    const runs = this.runs.get(only) ?? new StreamRuns(this.stream, only)
    this.runs.set(only, runs)
    this.stream.advance(isOver)
    runs.advance(isOver)
    return runs
  }

  private addMarks(page: StreamPage): void {
    const { stream } = this
    for (const end of [0, 1] as const) {
      const pieces = page.pieces.filter((piece) => piece.end === end)
      let behind = -1
      for (const { offset, length } of pieces) {
        if (offset + length <= behind) continue
        for (const part of repeatsWithin(stream.directions[end], end, Math.max(offset, behind), offset + length)) {
          if (part.offset < behind && part.offset >= offset) continue
          if (page.marks.length === marksAtMost) {
            page.hasMoreMarks = true
            return
          }
          page.marks.push(stretchOf(part))
        }
        behind = offset + length
      }
    }
  }

  private get version(): string {
    return [this.stream.restarts, ...this.stream.directions.flatMap(({ data, repeats, cut }) => [data.disorder, repeats.count, cut.count])].join(' ')
  }

  private endOf(end: 0 | 1): StreamEnd {
    const { begin, end: last, bytes, repeatedBytes, conflicts, outside } = this.stream.directions[end]
    return { length: last - begin, captured: bytes, repeated: repeatedBytes, conflicts, outside }
  }
}

const known = new WeakMap<object, Map<number, FollowedStream>>()

function payloadReader(trace: Trace, bytesOf: ByteReader): PayloadReader {
  const record = new PacketRecord()
  return (packet) => {
    trace.store.read(packet - 1, record)
    const { fileOffset, capturedLength, linkType, originalLength } = record
    const frame = fileOffset < 0 ? null : bytesOf(fileOffset, capturedLength)
    return frame === null ? nothing : segmentPayload(frame, 0, frame.length, linkType, originalLength)
  }
}

const nothing = new Uint8Array(0)

function deadline(clock: () => number): () => boolean {
  const untilUs = clock() + atOnceUs
  return () => clock() >= untilUs
}

function stretchOf({ kind, end, position, offset, length, packet }: StreamPart): StreamStretch {
  return { kind: stretchKindNames[kind], end, position, offset, length, packet }
}
