import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'

/**
 * Says that a process records into a file, by a file `<path>.lock` beside it that holds the process's id and start time.
 * A lock whose process is gone, or whose id now belongs to another process, is taken over.
 */
export class RecordingLock {
  private constructor(private readonly lockPath: string) {}

  /** @returns the lock; the id of the process that has it; or null where no lock can be kept, as in a folder that is not ours */
  static take(path: string): RecordingLock | number | null {
    const lockPath = `${path}.lock`
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        const file = openSync(lockPath, 'wx', 0o644)
        const isWritten = writeHolder(file)
        closeSync(file)
        if (isWritten) return new RecordingLock(lockPath)
        // A full disk has room for a name and not for what is in it: an empty lock locks nothing.
        removeQuietly(lockPath)
        return null
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return null
        const holder = holderOf(lockPath)
        if (holder > 0) return holder
        removeQuietly(lockPath)
      }
    }
    return null
  }

  /** The process that is recording into a file now, or 0. */
  static holderOf(path: string): number {
    return holderOf(`${path}.lock`)
  }

  release(): void {
    removeQuietly(this.lockPath)
  }
}

function writeHolder(file: number): boolean {
  try {
    writeSync(file, `${process.pid} ${startTimeOf(process.pid)}\n`)
    return true
  } catch {
    return false
  }
}

/** The living process that wrote the lock, or 0. */
function holderOf(lockPath: string): number {
  let words: string[]
  try {
    words = readFileSync(lockPath, 'utf8').trim().split(' ')
  } catch {
    return 0
  }
  const pid = Number(words[0])
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return 0
  const startTime = startTimeOf(pid)
  return words[1] === undefined || startTime === '' || words[1] === startTime ? pid : 0
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Clock ticks from boot to the start of a process, so that a reused id is told apart; empty where the system does not say. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name in parentheses may hold spaces; behind it, the start time is the 20th field (proc(5), field 22).
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Gone already, or the folder is: either way there is no lock any more.
  }
}
