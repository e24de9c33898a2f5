import { utf8Bytes } from '../../src/base/bytes.ts'
import type { CommentChange } from '../../src/capture-file/packet-comment.ts'
import type { SaveResult } from '../../src/rpc/contract.ts'
import type { PacketList } from '../../src/trace/packet-list.ts'
import type { ByteReader } from '../../src/trace/packet-rows.ts'
import { PacketRecord } from '../../src/trace/packet-store.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { CaptureCursor } from '../files/capture-cursor.ts'
import { CaptureFileWriter } from '../files/capture-file-writer.ts'
import { DisplayedPackets } from './displayed-packets.ts'

/** A flow, a range of packet numbers, what passes a display filter: what is in all that is said. */
export interface Selection { readonly flow?: number, readonly first?: number, readonly last?: number, readonly filter?: string }

/** The capture that is saved from. `files` are those that the trace's offsets mean, each counted from its base. */
export interface SelectionSource {
  readonly trace: Trace
  readonly files: readonly { readonly path: string, readonly base: number }[]
  readonly bytesOf: ByteReader
  readonly clock: () => number
  /** Everything that the files hold is wanted, frames that the trace does not know and blocks behind the last frame too. */
  readonly isWhole?: boolean
}

/** The packets to save: where each stands in the recording, ascending, and its number. */
interface Wanted { readonly offsets: Float64Array, readonly numbers: Float64Array }

/** What was put in place of the comments of packets, by packet number; null where they stayed. */
export type SavedComments = Map<number, string | null>

/** Longest that a display filter looks on before the lab goes on. */
const filterAtOnceUs = 20_000

/**
 * Writes the selected packets of a capture to a file of their own, with everything that stands beside them in the source.
 * @throws FaultError badDisplayFilter, fileNotFound, fileNotReadable, fileExists, fileNotWritable, diskFull, manyLinkTypes
 */
export async function saveSelection(
  source: SelectionSource, selection: Selection, target: string, overwrite: boolean, application: string,
): Promise<{ result: SaveResult, saved: SavedComments }> {
  const release = source.trace.hold()
  const wanted = wantedOf(source.trace, selection, await packetsOf(source, selection).finally(release))
  const saved: SavedComments = new Map()
  let writer: CaptureFileWriter | null = null
  try {
    writer = new CaptureFileWriter({ path: target, overwrite, application })
    let next = 0
    for (const { path, base } of source.files) next = await copyWanted(await CaptureCursor.open(path), base, { source, wanted, saved, writer }, next)
    writer.finish()
    return { result: { frames: writer.frames, bytes: writer.bytes, commentsLeft: writer.commentsLeft }, saved }
  } catch (error) {
    writer?.discard()
    throw error
  }
}

interface Copying { readonly source: SelectionSource, readonly wanted: Wanted, readonly saved: SavedComments, readonly writer: CaptureFileWriter }

/** Writes what is wanted of one file, from position `next` of `wanted` on. @returns the position behind */
async function copyWanted(cursor: CaptureCursor, base: number, { source, wanted: { offsets, numbers }, saved, writer }: Copying, next: number): Promise<number> {
  const { trace: { comments }, isWhole = false } = source
  const changeOf = (number: number): CommentChange | null => {
    if (number === 0 || comments === null) return null
    const text = comments.changeOf(number)
    saved.set(number, text)
    return text === null ? null : { add: text === '' ? [] : [utf8Bytes(text)], drops: true }
  }
  try {
    writer.follow(cursor.reader)
    while ((isWhole || next < offsets.length) && await cursor.next()) {
      const { batch, reader } = cursor
      const chosen = new Float64Array(batch.count)
      for (let i = 0; i < batch.count; i++) {
        while (offsets[next] < base + reader.frameOffsets[i]) next++
        if (offsets[next] === base + reader.frameOffsets[i]) chosen[i] = numbers[next]
      }
      writer.write(batch, reader, isWhole ? null : chosen, (i) => changeOf(chosen[i]))
      // The lab goes on meanwhile.
      await new Promise(setImmediate)
    }
    return next
  } finally {
    cursor.close()
  }
}

/** Numbers of the packets of the flow that pass the filter; null for all packets. A filter sees what was captured when it was asked. */
async function packetsOf({ trace, bytesOf, clock }: SelectionSource, { flow, filter }: Selection): Promise<PacketList | null | undefined> {
  if (filter === undefined) return flow === undefined ? null : trace.tracker.flows[flow]?.packets
  const displayed = DisplayedPackets.of(trace, filter, flow ?? null, bytesOf)
  const until = displayed.total
  while (displayed.scanned < until) {
    displayed.advance(clock, filterAtOnceUs)
    await new Promise(setImmediate)
  }
  return displayed.list
}

function wantedOf(trace: Trace, { first = 1, last = Infinity }: Selection, packets: PacketList | null | undefined): Wanted {
  if (packets === undefined) return { offsets: new Float64Array(0), numbers: new Float64Array(0) }
  const count = packets?.length ?? trace.packetCount - trace.packetsLeft
  const offsets = new Float64Array(count)
  const numbers = new Float64Array(count)
  const record = new PacketRecord()
  let found = 0
  for (let i = 0; i < count; i++) {
    const number = packets === null ? trace.packetsLeft + i + 1 : packets.at(i)
    if (number < first || number > last) continue
    trace.store.read(number - 1, record)
    if (record.fileOffset < 0) continue
    numbers[found] = number
    offsets[found++] = record.fileOffset
  }
  return { offsets: offsets.subarray(0, found), numbers: numbers.subarray(0, found) }
}
