import { existsSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { RecordingLock } from './recording-lock.ts'

/** The file that a recording goes to, and how it came to be that one. */
export interface RecordingFile {
  path: string
  /** -1: not open. */
  descriptor: number
  lock: RecordingLock | null
  notice: Fault | null
  fault: Fault | null
  /** The caller did not want this file: nothing is to be written anywhere. */
  isRefused: boolean
}

export interface Written { bytes: number, error: string | null }

export interface RecordingFileOptions {
  path: string
  /** What to do with a file that is there already: take a new name (default), empty it, or refuse with `fileExists`. */
  existing?: 'fresh' | 'overwrite' | 'refuse'
  /** What to do when another lab records into the file: take a new name and say so (default), or refuse with `fileInUse`. */
  inUse?: 'fresh' | 'refuse'
}

const maxNames = 10_000

/** Never throws: what went wrong is in the result. */
export function openRecordingFile(options: RecordingFileOptions): RecordingFile {
  const wanted = options.path
  const existing = options.existing ?? 'fresh'
  const refused = (reason: Fault): RecordingFile => ({ path: wanted, descriptor: -1, lock: null, notice: null, fault: reason, isRefused: true })
  let inUseBy = 0
  for (let number = 1; number < maxNames; number++) {
    const name = number === 1 ? wanted : numbered(wanted, number)
    if (existing === 'refuse' && existsSync(name)) return refused(fault('fileExists', { path: name }))
    const lock = RecordingLock.take(name)
    if (typeof lock === 'number') {
      if (options.inUse === 'refuse') return refused(fault('fileInUse', { path: name, pid: lock, fresh: '' }))
      inUseBy ||= lock
      continue
    }
    const notice = inUseBy > 0 ? fault('fileInUse', { path: wanted, pid: inUseBy, fresh: name }) : null
    try {
      // A name that was not asked for must not empty somebody's file.
      const flags = existing === 'overwrite' && number === 1 ? 'w+' : 'wx+'
      return { path: name, descriptor: openSync(name, flags, 0o644), lock, notice, fault: null, isRefused: false }
    } catch (error) {
      lock?.release()
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST' && existing !== 'refuse') continue
      const reason = fault(code === 'ENOSPC' ? 'diskFull' : 'fileNotWritable', { path: name, reason: code ?? 'unknown', lost: 0 })
      return { path: name, descriptor: -1, lock: null, notice, fault: reason, isRefused: false }
    }
  }
  return refused(fault('fileNotWritable', { path: wanted, reason: 'EEXIST', lost: 0 }))
}

/** Tries again to make the file that could not be made. @returns null, or why not */
export function reopenRecordingFile(file: RecordingFile): string | null {
  const lock = RecordingLock.take(file.path)
  if (typeof lock === 'number') return 'inUse'
  try {
    file.descriptor = openSync(file.path, 'wx+', 0o644)
    file.lock = lock
    return null
  } catch (error) {
    lock?.release()
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  }
}

/** `capture.pcapng` → `capture-2.pcapng` */
function numbered(name: string, number: number): string {
  const { dir, name: stem, ext } = path.parse(name)
  return path.join(dir, `${stem}-${number}${ext}`)
}

/** Writes as much as the file takes; `error` says what stopped it. */
export function writeUpTo(descriptor: number, buffer: Uint8Array, length: number, position: number): Written {
  let done = 0
  try {
    while (done < length) done += writeSync(descriptor, buffer, done, length - done, position + done)
    return { bytes: done, error: null }
  } catch (error) {
    return { bytes: done, error: (error as NodeJS.ErrnoException).code ?? 'unknown' }
  }
}
