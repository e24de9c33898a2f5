import { fault, FaultError } from '../../src/base/fault.ts'
import { PartFile } from '../files/part-file.ts'
import { readFully } from './page-cache.ts'

/** What there is to copy: the first `bytes` of an open file, then `tail`. */
export interface SavedRecording {
  readonly path: string
  /** -1 when nothing was written: then the tail is all there is. */
  readonly descriptor: number
  readonly bytes: number
  readonly tail: Uint8Array
}

const chunkBytes = 1024 * 1024

/**
 * The target is whole or untouched.
 * @returns bytes written
 * @throws FaultError fileExists, fileNotWritable, diskFull, fileDamaged
 */
export function copyRecording(recording: SavedRecording, target: string, overwrite: boolean): number {
  const file = new PartFile(target, overwrite)
  try {
    copyInto(file, recording)
    file.finish()
  } catch (error) {
    file.discard()
    throw error
  }
  return file.bytes
}

function copyInto(file: PartFile, recording: SavedRecording): void {
  const chunk = new Uint8Array(Math.min(chunkBytes, recording.bytes))
  for (let at = 0; at < recording.bytes; at += chunk.length) {
    const piece = chunk.subarray(0, Math.min(chunk.length, recording.bytes - at))
    if (!readFully(recording.descriptor, piece, at)) throw new FaultError(fault('fileDamaged', { path: recording.path, offset: at, reason: 'shorter' }))
    file.write(piece)
  }
  file.write(recording.tail)
}
