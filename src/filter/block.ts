import { FlowColumns } from './flow-columns.ts'
import type { PacketChunk } from '../trace/packet-store.ts'
import type { PacketSource } from './packet-view.ts'

/** Packets that are looked at together: few enough for the caches, and never across the end of a chunk of the store. */
export const blockPackets = 4096

/** Consecutive packets of one chunk of the store. */
export class Block {
  /** Index in the store of the first packet. */
  first = 0
  /** The same within `columns`. */
  from = 0
  count = 0
  columns!: PacketChunk
  readonly flows: FlowColumns

  constructor(readonly source: PacketSource) {
    this.flows = FlowColumns.of(source.tracker)
  }
}
