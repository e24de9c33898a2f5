import type { PacketView } from '../../src/filter/packet-view.ts'
import type { SackReader } from '../../src/trace/series.ts'
import { SackOptions } from './sack-options.ts'

/** SACK blocks of a stream, kept while its frames pass by: afterwards the frames may be gone. Only packets that have any take room. */
export class SackBlocks {
  private readonly options = new SackOptions()
  private readonly kept = new Map<number, Uint32Array>()

  take(view: PacketView): void {
    const edges = this.options.of(view)
    if (edges.length > 0) this.kept.set(view.index + 1, edges.slice())
  }

  readonly read: SackReader = (packet, edges) => {
    const found = this.kept.get(packet)
    if (found === undefined) return 0
    edges.set(found)
    return found.length / 2
  }
}
