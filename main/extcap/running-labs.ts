import { closeSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { openForReading } from '../files/open-file.ts'
import { readFully } from '../lab/page-cache.ts'
import { RecordingLock } from '../lab/recording-lock.ts'

/** A lab that is recording now: every running lab is, so its recording is where others can hear it. */
export interface RunningLab {
  /** Process that records. */
  readonly pid: number
  readonly recording: string
  /** Interface that is open; empty where the recording does not say. */
  readonly linkName: string
  readonly linkType: number
}

const headBytes = 4096
const lockEnd = '.pcapng.lock'

/** Labs that record into a folder, latest recording first. */
export function runningLabs(folder: string): RunningLab[] {
  return locksIn(folder).flatMap((recording) => {
    const pid = RecordingLock.holderOf(recording)
    return pid > 0 ? [{ pid, recording, ...headOf(recording) }] : []
  })
}

function locksIn(folder: string): string[] {
  try {
    const recordings = readdirSync(folder).filter((name) => name.endsWith(lockEnd)).map((name) => path.join(folder, name.slice(0, -'.lock'.length)))
    const bornAt = new Map(recordings.map((recording) => [recording, statSync(recording, { throwIfNoEntry: false })?.birthtimeMs ?? 0]))
    return recordings.sort((a, b) => bornAt.get(b)! - bornAt.get(a)!)
  } catch {
    return []
  }
}

function headOf(recording: string): { linkName: string, linkType: number } {
  const reader = new CaptureReader()
  try {
    const file = openForReading(recording)
    const bytes = new Uint8Array(Math.min(headBytes, statSync(recording).size))
    if (readFully(file, bytes, 0)) reader.feed(bytes)
    closeSync(file)
    reader.read(new FrameBatch(1), 1)
  } catch {
    // A recording that is just being made, or just gone: it is listed all the same and says more the next time.
  }
  const first = reader.interfaces.at(0)
  return { linkName: first?.name ?? '', linkType: first?.linkType ?? 1 }
}
