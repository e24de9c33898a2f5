import type { Trace } from '../../src/trace/trace.ts'
import { PacketRecord } from '../../src/trace/packet-store.ts'
import { CaptureCursor } from '../files/capture-cursor.ts'
import { CaptureFileWriter } from '../files/capture-file-writer.ts'

/** A flow, a range of packet numbers, or both: what is in all that is said. */
export interface Selection { readonly flow?: number, readonly first?: number, readonly last?: number }

/**
 * Writes the selected packets of a capture to a file of their own, with everything that stands beside them in the source.
 * @param source the file that the trace's offsets mean
 * @throws FaultError fileNotFound, fileNotReadable, fileExists, fileNotWritable, diskFull, manyLinkTypes
 */
export async function saveSelection(
  trace: Trace, selection: Selection, source: string, target: string, overwrite: boolean, application: string,
): Promise<{ frames: number, bytes: number }> {
  const wanted = offsetsOf(trace, selection)
  const cursor = await CaptureCursor.open(source)
  let writer: CaptureFileWriter | null = null
  try {
    writer = new CaptureFileWriter({ path: target, overwrite, application })
    writer.follow(cursor.reader)
    let next = 0
    while (next < wanted.length && await cursor.next()) {
      const { batch, reader } = cursor
      const chosen = new Uint8Array(batch.count)
      for (let i = 0; i < batch.count; i++) {
        while (wanted[next] < reader.frameOffsets[i]) next++
        if (wanted[next] === reader.frameOffsets[i]) chosen[i] = 1
      }
      writer.write(batch, reader, chosen)
      // The lab goes on meanwhile.
      await new Promise(setImmediate)
    }
    writer.finish()
    return { frames: writer.frames, bytes: writer.bytes }
  } catch (error) {
    writer?.discard()
    throw error
  } finally {
    cursor.close()
  }
}

/** Where the selected packets stand in the file, ascending. */
function offsetsOf(trace: Trace, { flow, first = 1, last = Infinity }: Selection): Float64Array {
  const packets = flow === undefined ? null : trace.tracker.flows[flow]?.packets
  if (packets === undefined) return new Float64Array(0)
  const count = packets?.length ?? trace.packetCount
  const offsets = new Float64Array(count)
  const record = new PacketRecord()
  let found = 0
  for (let i = 0; i < count; i++) {
    const number = packets === null ? i + 1 : packets.at(i)
    if (number < first || number > last) continue
    trace.store.read(number - 1, record)
    if (record.fileOffset >= 0) offsets[found++] = record.fileOffset
  }
  return offsets.subarray(0, found)
}
