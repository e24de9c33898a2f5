import { closeSync, readSync } from 'node:fs'
import { fault, FaultError } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { notReadable, openForReading } from './open-file.ts'

const blockBytes = 1024 * 1024
const batchFrames = 4096

/** Takes a batch of a file; it is valid only during the call. @returns false to stop reading */
export type BatchTaker = (batch: FrameBatch, reader: CaptureReader) => boolean | void

/**
 * Reads a capture file from beginning to end, in large blocks, parsed where they lie.
 * @returns what ended it too early, or null; everything before has been taken
 * @throws FaultError fileNotFound, fileNotReadable, fileFormatUnknown
 */
export async function readCaptureFile(path: string, take: BatchTaker): Promise<Fault | null> {
  const descriptor = openForReading(path)
  const reader = new CaptureReader()
  const batch = new FrameBatch(batchFrames)
  try {
    for (let isMore = true; isMore;) {
      isMore = await readBlock(descriptor, path, reader)
      while (reader.read(batch, batchFrames) > 0) if (take(batch, reader) === false) return null
      if (reader.damage) return damageOf(path, reader)
    }
    return null
  } finally {
    closeSync(descriptor)
  }
}

async function readBlock(descriptor: number, path: string, reader: CaptureReader): Promise<boolean> {
  try {
    const count = readSync(descriptor, reader.space(blockBytes), 0, blockBytes, null)
    reader.filled(count)
    if (count === 0) reader.finish()
    return count > 0
  } catch (error) {
    throw notReadable(path, error)
  }
}

function damageOf(path: string, reader: CaptureReader): Fault {
  const { offset, reason } = reader.damage!
  if (reader.format === 'unknown') throw new FaultError(fault('fileFormatUnknown', { path }))
  return fault('fileDamaged', { path, offset, reason })
}
