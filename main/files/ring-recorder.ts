import { rmSync } from 'node:fs'
import path from 'node:path'
import type { Fault } from '../../src/base/fault.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { LinkStatistics } from '../../src/link/link.ts'
import type { FrameRecorder } from '../../src/link/record.ts'
import type { Task } from '../lab/driver.ts'
import { Recorder } from '../lab/recorder.ts'
import type { RecorderOptions } from '../lab/recorder.ts'

export interface RingLimits {
  /** A file is followed by the next one once it is this long. */
  readonly bytes: number
  /** Files that are kept, the one being written included. */
  readonly files: number
}

/**
 * Records into `name-00001.pcapng`, `name-00002.pcapng` and so on, and removes the oldest of its own files: the latest frames stay, in bounded room.
 * A file holds whole batches, so it may be longer by one.
 */
export class RingRecorder implements FrameRecorder, Task {
  private current: Recorder
  private readonly written: string[] = []
  private number = 0
  private framesBefore = 0
  private readonly counts = emptyStatistics()

  constructor(private readonly options: RecorderOptions, private readonly limits: RingLimits) {
    this.current = this.open(options.nowUs)
  }

  get path(): string { return this.current.path }
  get fault(): Fault | null { return this.current.fault }
  /** Frames in all files, removed ones too. */
  get frames(): number { return this.framesBefore + this.current.frames }
  get heldFrames(): number { return this.current.heldFrames }

  record(batch: FrameBatch): Float64Array {
    const offsets = this.current.record(batch)
    if (this.current.bytes >= this.limits.bytes && this.current.fault === null) this.turn(lastTimeUs(batch))
    return offsets
  }

  noteStatistics(counts: LinkStatistics): void {
    Object.assign(this.counts, counts)
    this.current.noteStatistics(counts)
  }

  pollTimeout(): number {
    return this.current.pollTimeout()
  }

  handleTimeout(nowUs: number): void {
    this.current.handleTimeout(nowUs)
  }

  close(nowUs: number): void {
    this.current.close(nowUs)
  }

  dispose(): void {
    this.current.dispose()
  }

  private turn(nowUs: number): void {
    this.framesBefore += this.current.frames
    this.current.close(nowUs)
    this.current.dispose()
    while (this.written.length >= this.limits.files) rmSync(this.written.shift()!, { force: true })
    this.current = this.open(nowUs)
    this.current.noteStatistics(this.counts)
  }

  private open(nowUs: number): Recorder {
    const { dir, name, ext } = path.parse(this.options.path)
    const file = path.join(dir, `${name}-${String(++this.number).padStart(5, '0')}${ext || '.pcapng'}`)
    const recorder = Recorder.open({ ...this.options, path: file, nowUs })
    this.written.push(recorder.path)
    return recorder
  }
}

function lastTimeUs(batch: FrameBatch): number {
  const last = batch.count - 1
  return batch.timeSec[last] * 1e6 + Math.floor(batch.timeNsec[last] / 1000)
}
