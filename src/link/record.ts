import type { Fault } from '../base/fault.ts'
import { FrameBatch } from './frame-batch.ts'
import type { FrameFilter } from './frame-filter.ts'
import type { FrameSink, Link, LinkInfo, LinkStatistics } from './link.ts'

/** Keeps frames somewhere. */
export interface FrameRecorder {
  /**
   * Keeps every frame of a batch.
   * @returns for each frame the file offset of its first byte, -1 where it was not kept; valid until the next call
   */
  record(batch: FrameBatch): Float64Array
}

/** A link whose frames stand in a file too, so that they can be read again later. */
export interface LocatedLink extends Link {
  /** What is captured of the batch that the sink of `drain` is looking at. */
  readonly captured: FrameBatch
  /** For each captured frame: the file offset of its first byte, or -1. */
  readonly frameOffsets: Float64Array
  /** For each captured frame: its link type; null where all have the link's own. */
  readonly linkTypes: Uint16Array | null
}

/**
 * A link that records what another one hands out, before anybody sees it. Sent frames are recorded where the inner link
 * reports them back, which is what the wire saw.
 */
export class RecordingLink implements LocatedLink {
  captured = new FrameBatch(0)
  frameOffsets: Float64Array = new Float64Array(0)
  readonly linkTypes = null
  /** May be changed between two drains; null records nothing. */
  recorder: FrameRecorder | null
  /** What is captured; null: everything. The sink gets every frame all the same, because a host has to hear what nobody wants to see. */
  filter: FrameFilter | null = null
  private readonly inner: Link

  constructor(inner: Link, recorder: FrameRecorder | null) {
    this.inner = inner
    this.recorder = recorder
  }

  get info(): LinkInfo { return this.inner.info }
  get onReadable(): (() => void) | null { return this.inner.onReadable }
  set onReadable(listener: (() => void) | null) { this.inner.onReadable = listener }
  get onClosed(): ((reason: Fault) => void) | null { return this.inner.onClosed }
  set onClosed(listener: ((reason: Fault) => void) | null) { this.inner.onClosed = listener }

  drain(sink: FrameSink, maxFrames: number): number {
    return this.inner.drain((batch) => {
      this.captured = this.filter === null ? batch : this.filter.select(batch)
      this.frameOffsets = this.recorder ? this.recorder.record(this.captured) : this.nowhere(this.captured.count)
      sink(batch)
    }, maxFrames)
  }

  send(batch: FrameBatch): number { return this.inner.send(batch) }
  setFilter(expression: string): Fault | null { return this.inner.setFilter(expression) }
  statistics(into: LinkStatistics): void { this.inner.statistics(into) }
  nextDeadlineUs(): number { return this.inner.nextDeadlineUs() }
  close(): void { this.inner.close() }

  private unrecorded = new Float64Array(0)

  private nowhere(count: number): Float64Array {
    if (this.unrecorded.length < count) this.unrecorded = new Float64Array(count).fill(-1)
    return this.unrecorded
  }
}
