import type { Fault } from '../../src/base/fault.ts'
import type { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { CaptureCursor } from './capture-cursor.ts'

/** Takes a batch of a file; it is valid only during the call. @returns false to stop reading */
export type BatchTaker = (batch: FrameBatch, reader: CaptureReader) => boolean | void

/**
 * Reads a capture file from beginning to end, in large blocks, parsed where they lie; gzip and zstd are unpacked on the way.
 * @param path `-` for the standard input
 * @param before called once, before anything is read
 * @returns what ended it too early, or null; everything before has been taken
 * @throws FaultError fileNotFound, fileNotReadable, fileFormatUnknown
 */
export async function readCaptureFile(path: string, take: BatchTaker, before: (reader: CaptureReader) => void = () => {}): Promise<Fault | null> {
  const cursor = await CaptureCursor.open(path)
  before(cursor.reader)
  try {
    while (await cursor.next()) if (take(cursor.batch, cursor.reader) === false) return null
    return cursor.damage
  } finally {
    cursor.close()
  }
}
