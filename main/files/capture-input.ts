import { fault, FaultError } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { ByteSource } from './byte-source.ts'
import { UnpackError } from './unpacker.ts'

const batchFrames = 4096

/** Takes a batch of a file; it is valid only during the call. @returns false to stop reading */
export type BatchTaker = (batch: FrameBatch, reader: CaptureReader) => boolean | void

/**
 * Reads a capture file from beginning to end, in large blocks, parsed where they lie; gzip and zstd are unpacked on the way.
 * @param path `-` for the standard input
 * @returns what ended it too early, or null; everything before has been taken
 * @throws FaultError fileNotFound, fileNotReadable, fileFormatUnknown
 */
export async function readCaptureFile(path: string, take: BatchTaker): Promise<Fault | null> {
  const source = await ByteSource.open(path)
  const reader = new CaptureReader()
  const batch = new FrameBatch(batchFrames)
  let unpackError: UnpackError | null = null
  try {
    for (let isMore = true; isMore;) {
      try {
        isMore = await source.feed(reader)
      } catch (error) {
        if (!(error instanceof UnpackError)) throw error
        unpackError = error
        isMore = false
      }
      if (!isMore) reader.finish()
      while (reader.read(batch, batchFrames) > 0) if (take(batch, reader) === false) return null
      if (reader.damage !== null) break
    }
    return damageOf(path, reader, unpackError, source.positionBytes)
  } finally {
    source.close()
  }
}

/** A compression that breaks off leaves the capture cut: the first of the two is why. */
function damageOf(path: string, reader: CaptureReader, unpackError: UnpackError | null, positionBytes: number): Fault | null {
  if (unpackError !== null) return fault('fileDamaged', { path, offset: positionBytes, frame: reader.frames + 1, reason: unpackError.reason })
  if (reader.damage === null) return null
  if (reader.format === 'unknown') throw new FaultError(fault('fileFormatUnknown', { path }))
  const { offset, frame, reason } = reader.damage
  return fault('fileDamaged', { path, offset, frame, reason })
}
