import { closeSync, fstatSync, readSync } from 'node:fs'
import { BlockType, readU32In } from '../../src/capture-file/format.ts'
import { openForReading } from '../files/open-file.ts'
import { runningLabs } from './running-labs.ts'

export interface FollowOptions {
  readonly folder: string
  readonly pid: number
  /** Everything that the recording holds, or only what comes from now on. */
  readonly from: 'start' | 'now'
  /** Takes bytes of a pcapng file, whole blocks. @returns false when nobody reads any more */
  readonly write: (bytes: Uint8Array) => boolean
  readonly pauseMs: number
  readonly isOver: () => boolean
}

const chunkBytes = 256 * 1024
/** A lab that clears its capture or changes its link begins another recording at once. */
const patienceMs = 1500

/** Hands on what a lab records while it records, recording after recording, until the lab ends or nobody reads any more. */
export async function followRecording(options: FollowOptions): Promise<void> {
  const { folder, pid, pauseMs } = options
  let done = ''
  for (let waitedMs = 0; waitedMs < patienceMs && !options.isOver();) {
    const lab = runningLabs(folder).find((found) => found.pid === pid && found.recording !== done)
    if (lab === undefined) {
      await pause(pauseMs)
      waitedMs += pauseMs
      continue
    }
    waitedMs = 0
    if (!await followFile(lab.recording, options, done === '' ? options.from : 'start')) return
    done = lab.recording
  }
}

/** @returns false when nobody reads any more */
async function followFile(recording: string, { folder, pid, write, pauseMs, isOver }: FollowOptions, from: 'start' | 'now'): Promise<boolean> {
  const file = openForReading(recording)
  const chunk = new Uint8Array(chunkBytes)
  try {
    let at = 0
    // The recorder adds whole blocks, and what stands before now is told apart by its blocks.
    if (from === 'now') for (const end = fstatSync(file).size; at < end;) at = passDescriptions(file, at, write)
    for (;;) {
      const isLast = isOver() || !runningLabs(folder).some((found) => found.recording === recording && found.pid === pid)
      for (let count = readSync(file, chunk, 0, chunk.length, at); count > 0; count = readSync(file, chunk, 0, chunk.length, at)) {
        if (!write(chunk.subarray(0, count))) return false
        at += count
      }
      if (isLast) return true
      await pause(pauseMs)
    }
  } finally {
    closeSync(file)
  }
}

/** Hands on a block that later ones depend on, and leaves out the others. @returns where the next one starts */
function passDescriptions(file: number, at: number, write: (bytes: Uint8Array) => boolean): number {
  const head = new Uint8Array(8)
  readSync(file, head, 0, 8, at)
  const type = readU32In(head, 0, true)
  const length = Math.max(12, readU32In(head, 4, true))
  if (type === BlockType.sectionHeader || type === BlockType.interfaceDescription) {
    const block = new Uint8Array(Math.min(length, chunkBytes))
    readSync(file, block, 0, block.length, at)
    write(block)
  }
  return at + length
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds) })
}
