import { rmSync } from 'node:fs'
import type { Fault } from '../../src/base/fault.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { LinkInfo, LinkStatistics } from '../../src/link/link.ts'
import type { FrameRecorder } from '../../src/link/record.ts'
import type { RecordingState } from '../../src/rpc/contract.ts'
import { Recorder } from './recorder.ts'
import type { RecorderOptions } from './recorder.ts'

/** A file of the recording. Offsets of its frames count from `base` for everybody else. */
export interface RecordingSegment { readonly path: string, readonly base: number }

export interface SegmentedOptions extends Pick<RecorderOptions, 'info' | 'filter' | 'application' | 'nowUs'> {
  /** Where each file goes. */
  readonly nextPath: () => string
  /** A file is followed by another one once it is this long, where packets leave. */
  readonly segmentBytes?: number
}

interface Segment { readonly base: number, readonly recorder: Recorder }

const usualSegmentBytes = 64 * 1024 * 1024
/** A long recording has longer files: each one keeps a descriptor. */
const segmentsAtMost = 64

/**
 * The lab's recording: one file while all packets stay; where the oldest leave, files one behind the other, each removed with the last of its packets.
 *
 *     offsets   | base 0 ........ | base 1 ........ | base 2 ..... now
 *     files     | closed, read    | closed, read    | written
 */
export class SegmentedRecorder implements FrameRecorder {
  /** Whether packets leave, so that files are to end. */
  isRing = false
  private readonly options: SegmentedOptions
  private readonly segments: Segment[] = []
  private framesBefore = 0
  private readonly counts = emptyStatistics()
  private filter: string
  private info: LinkInfo
  private readonly firstPath: string
  /** Somebody reads the files one after the other. */
  private holds = 0

  constructor(options: SegmentedOptions) {
    this.options = options
    this.filter = options.filter ?? ''
    this.info = options.info
    this.open(0, options.nowUs)
    this.firstPath = this.current.path
  }

  get path(): string { return this.current.path }
  get fault(): Fault | null { return this.current.fault }
  /** Bytes of the files that are there. */
  get bytes(): number { return this.end - this.segments[0].base }

  /** Oldest first. */
  get files(): readonly RecordingSegment[] { return this.segments.map(({ base, recorder: { path } }) => ({ base, path })) }

  takeNotice(): Fault | null {
    const { notice } = this.current
    this.current.notice = null
    return notice
  }

  describeInterface(info: LinkInfo, filter: string): void {
    this.info = info
    this.filter = filter
    this.current.describeInterface(info, filter)
  }

  record(batch: FrameBatch): Float64Array {
    this.turnWhereDue(batch)
    const { base, recorder } = this.segments[this.segments.length - 1]
    const offsets = recorder.record(batch)
    if (base > 0) for (let i = 0; i < batch.count; i++) if (offsets[i] >= 0) offsets[i] += base
    return offsets
  }

  noteStatistics(counts: LinkStatistics): void {
    Object.assign(this.counts, counts)
    this.current.noteStatistics(counts)
  }

  pollTimeout(): number { return this.current.pollTimeout() }
  handleTimeout(nowUs: number): void { this.current.handleTimeout(nowUs) }
  flush(nowUs: number): boolean { return this.current.flush(nowUs) }

  /** @returns a copy, or null where the bytes are not there (any more) */
  readBytes(offset: number, length: number): Uint8Array | null {
    for (let i = this.segments.length - 1; i >= 0; i--) {
      const { base, recorder } = this.segments[i]
      if (offset >= base) return recorder.readBytes(offset - base, length)
    }
    return null
  }

  /** Removes the files of which no packet is at `offset` or behind. The one that is written stays. */
  leaveBefore(offset: number): void {
    if (this.holds > 0) return
    while (this.segments.length > 1 && this.segments[1].base <= offset) remove(this.segments.shift()!)
  }

  /** No file is removed until what is returned is called. */
  hold(): () => void {
    this.holds++
    return () => { this.holds-- }
  }

  state(nowUs: number): RecordingState {
    const state = this.current.state(nowUs)
    return { ...state, first: this.firstPath, frames: this.framesBefore + state.frames, bytes: this.bytes }
  }

  /** Copies the one file there is. @throws FaultError fileExists, fileNotWritable, diskFull */
  copyTo(target: string, options: { overwrite?: boolean } = {}): { frames: number, bytes: number } {
    return this.current.copyTo(target, options)
  }

  close(nowUs: number): void {
    this.current.close(nowUs)
  }

  /** The files stay. */
  dispose(): void {
    for (const { recorder } of this.segments) recorder.dispose()
  }

  private get current(): Recorder { return this.segments[this.segments.length - 1].recorder }
  private get end(): number { return this.segments[this.segments.length - 1].base + this.current.bytes }

  /** A file that takes nothing now is not left with frames that wait for room. */
  private turnWhereDue(batch: FrameBatch): void {
    const { current } = this
    const most = Math.max(this.options.segmentBytes ?? usualSegmentBytes, this.bytes / segmentsAtMost)
    if (!this.isRing || batch.count === 0 || current.bytes < most || current.fault !== null) return
    const nowUs = batch.timeSec[0] * 1e6 + Math.floor(batch.timeNsec[0] / 1000)
    if (!current.flush(nowUs)) return
    this.framesBefore += current.frames
    current.close(nowUs)
    this.open(this.end, nowUs)
    this.current.noteStatistics(this.counts)
  }

  private open(base: number, nowUs: number): void {
    const { nextPath, application } = this.options
    this.segments.push({ base, recorder: Recorder.open({ info: this.info, filter: this.filter, application, path: nextPath(), nowUs }) })
  }
}

/** A file that cannot be removed is left to the care of old recordings. */
function remove({ recorder }: Segment): void {
  recorder.dispose()
  try {
    rmSync(recorder.path, { force: true })
  } catch {
    // Its packets are gone from the list all the same.
  }
}
