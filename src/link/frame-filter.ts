import { runBpf } from './bpf.ts'
import { FrameBatch } from './frame-batch.ts'
import type { Direction } from './frame-batch.ts'

/** Picks the frames that a capture filter lets through. The batch it gives belongs to it, and is valid until the next call. */
export class FrameFilter {
  private readonly program: Uint32Array
  private kept = new FrameBatch(0)

  /** @param program see `runBpf` */
  constructor(program: Uint32Array) {
    this.program = program
  }

  select(batch: FrameBatch): FrameBatch {
    if (this.kept.capacity < batch.count) this.kept = new FrameBatch(batch.capacity)
    const { kept } = this
    kept.clear()
    kept.bytes = batch.bytes
    for (let i = 0; i < batch.count; i++) {
      const at = batch.offset[i]
      const length = batch.capturedLength[i]
      if (runBpf(this.program, batch.bytes, at, length, batch.originalLength[i]) === 0) continue
      kept.add(at, length, batch.originalLength[i], batch.timeSec[i], batch.timeNsec[i], batch.direction[i] as Direction)
    }
    return kept
  }
}
