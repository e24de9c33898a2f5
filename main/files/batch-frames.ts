import type { Filter } from '../../src/filter/filter.ts'
import { PacketView } from '../../src/filter/packet-view.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { Trace } from '../../src/trace/trace.ts'

/** Looks at packets of a trace while their frames are still in the batch that brought them. */
export class BatchFrames {
  private batch: FrameBatch | null = null
  private first = 0
  private readonly view: PacketView

  constructor(trace: Trace) {
    this.view = new PacketView(trace, (index) => {
      const { bytes, offset, capturedLength } = this.batch!
      const i = index - this.first
      return bytes.subarray(offset[i], offset[i] + capturedLength[i])
    }, true)
  }

  /** @param first index in the store of the batch's first packet */
  viewOf(batch: FrameBatch, first: number): PacketView {
    this.batch = batch
    this.first = first
    return this.view
  }

  /** @returns 1 for each packet of the batch that passes */
  choose(filter: Filter, batch: FrameBatch, first: number): Uint8Array {
    const chosen = new Uint8Array(batch.count)
    filter.select(this.viewOf(batch, first), first, first + batch.count, (index) => { chosen[index - first] = 1 })
    return chosen
  }
}
