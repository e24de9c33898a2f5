import { closeSync, existsSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { fault, FaultError } from '../../src/base/fault.ts'
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
 * Copies under another name first and renames at the end, so that the target is whole or untouched.
 * @returns bytes written
 * @throws FaultError fileExists, fileNotWritable, diskFull
 */
export function copyRecording(recording: SavedRecording, target: string, overwrite: boolean): number {
  if (!overwrite && existsSync(target)) throw new FaultError(fault('fileExists', { path: target }))
  const partial = `${target}.part`
  let file = -1
  try {
    file = openSync(partial, 'w', 0o644)
    copyInto(file, recording)
    closeSync(file)
    file = -1
    renameSync(partial, target)
  } catch (error) {
    if (file >= 0) closeSync(file)
    if (existsSync(partial)) unlinkSync(partial)
    if (error instanceof FaultError) throw error
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    const reason = code === 'ENOSPC' || code === 'EDQUOT' ? fault('diskFull', { path: target, reason: code }) : fault('fileNotWritable', { path: target, reason: code, lost: 0 })
    throw new FaultError(reason, { cause: error })
  }
  return recording.bytes + recording.tail.length
}

function copyInto(file: number, recording: SavedRecording): void {
  const chunk = new Uint8Array(Math.min(chunkBytes, recording.bytes))
  for (let at = 0; at < recording.bytes; at += chunk.length) {
    const piece = chunk.subarray(0, Math.min(chunk.length, recording.bytes - at))
    if (!readFully(recording.descriptor, piece, at)) throw new FaultError(fault('fileDamaged', { path: recording.path, offset: at, reason: 'shorter' }))
    writeFully(file, piece)
  }
  writeFully(file, recording.tail)
}

function writeFully(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done)
}
