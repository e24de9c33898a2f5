import { readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { RecordingLock } from './recording-lock.ts'

/** Recordings that the lab made by itself are kept this long and up to this size together; the oldest go first. What a user saved elsewhere is never touched. */
export const retention = { days: 30, bytes: 10 * 1024 ** 3 } as const

/** Only names that the lab gives. */
const ownName = /^tcplab-\d{8}-\d{6}-.+\.pcapng$/

/**
 * Removes recordings of a folder that are past their time or do not fit any more. One that is being written stays, of whichever lab.
 * @param nowUs µs since 1970
 * @returns names of what was removed
 */
export function removeOldRecordings(folder: string, nowUs: number, limits: { days: number, bytes: number } = retention): string[] {
  const oldestMs = nowUs / 1000 - limits.days * 86_400_000
  const removed: string[] = []
  let total = 0
  for (const { name, bytes, changedMs } of recordingsIn(folder)) {
    if (RecordingLock.holderOf(path.join(folder, name)) > 0) {
      total += bytes
    } else if (changedMs < oldestMs || total + bytes > limits.bytes) {
      rmSync(path.join(folder, name), { force: true })
      rmSync(path.join(folder, `${name}.lock`), { force: true })
      removed.push(name)
    } else {
      total += bytes
    }
  }
  return removed
}

/** The latest first. */
function recordingsIn(folder: string): { name: string, bytes: number, changedMs: number }[] {
  let names: string[]
  try {
    names = readdirSync(folder).filter((name) => ownName.test(name))
  } catch {
    return []
  }
  return names.flatMap((name) => {
    const found = statSync(path.join(folder, name), { throwIfNoEntry: false })
    return found?.isFile() ? [{ name, bytes: found.size, changedMs: found.mtimeMs }] : []
  }).sort((a, b) => b.changedMs - a.changedMs)
}
