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
}

/** Longest that a display filter looks on before the lab goes on. */
const filterAtOnceUs = 20_000

/**
 * Writes the selected packets of a capture to a file of their own, with everything that stands beside them in the source.
 * @throws FaultError badDisplayFilter, fileNotFound, fileNotReadable, fileExists, fileNotWritable, diskFull, manyLinkTypes
 */
export async function saveSelection(
  source: SelectionSource, selection: Selection, target: string, overwrite: boolean, application: string,
): Promise<{ frames: number, bytes: number }> {
  const release = source.trace.hold()
  const wanted = offsetsOf(source.trace, selection, await packetsOf(source, selection).finally(release))
  let writer: CaptureFileWriter | null = null
  try {
    writer = new CaptureFileWriter({ path: target, overwrite, application })
    let next = 0
    for (const { path, base } of source.files) next = await copyWanted(await CaptureCursor.open(path), base, wanted, next, writer)
    writer.finish()
    return { frames: writer.frames, bytes: writer.bytes }
  } catch (error) {
    writer?.discard()
    throw error
  }
}

/** Writes what is wanted of one file, from position `next` of `wanted` on. @returns the position behind */
async function copyWanted(cursor: CaptureCursor, base: number, wanted: Float64Array, next: number, writer: CaptureFileWriter): Promise<number> {
  try {
    writer.follow(cursor.reader)
    while (next < wanted.length && await cursor.next()) {
      const { batch, reader } = cursor
      const chosen = new Uint8Array(batch.count)
      for (let i = 0; i < batch.count; i++) {
        while (wanted[next] < base + reader.frameOffsets[i]) next++
        if (wanted[next] === base + reader.frameOffsets[i]) chosen[i] = 1
      }
      writer.write(batch, reader, chosen)
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

/** Where the selected packets stand in the file, ascending. */
function offsetsOf(trace: Trace, { first = 1, last = Infinity }: Selection, packets: PacketList | null | undefined): Float64Array {
  if (packets === undefined) return new Float64Array(0)
  const count = packets?.length ?? trace.packetCount - trace.packetsLeft
  const offsets = new Float64Array(count)
  const record = new PacketRecord()
  let found = 0
  for (let i = 0; i < count; i++) {
    const number = packets === null ? trace.packetsLeft + i + 1 : packets.at(i)
    if (number < first || number > last) continue
    trace.store.read(number - 1, record)
    if (record.fileOffset >= 0) offsets[found++] = record.fileOffset
  }
  return offsets.subarray(0, found)
}
