import { FlowColumns } from './flow-columns.ts'
import { PacketMark, Protocol } from '../trace/packet-store.ts'
import type { PacketChunk } from '../trace/packet-store.ts'
import { Presence } from './field.ts'
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

  private readonly presences = new Map<number, { of: number, presence: Uint8Array }>()

  /** @param isOnePass as of the view that looks into its packets */
  constructor(readonly source: PacketSource, readonly isOnePass: boolean) {
    this.flows = FlowColumns.of(source.tracker)
  }

  /**
   * Whether the packets have the header of a protocol, for all tests that ask. What quotes other packets, is broken, or is carried in something
   * that the columns do not tell, has to be looked at itself.
   */
  presenceOf(protocol: number, into: Uint8Array): void {
    let known = this.presences.get(protocol)
    if (known === undefined) this.presences.set(protocol, known = { of: -1, presence: new Uint8Array(blockPackets) })
    const { presence } = known
    if (known.of !== this.first) fillPresence(protocol, this, presence)
    known.of = this.first
    into.set(presence)
  }
}

const openMarks = PacketMark.malformed | PacketMark.fragment | PacketMark.tunnelled

function fillPresence(protocol: number, { columns: { protocol: protocols, marks }, from, count }: Block, presence: Uint8Array): void {
  for (let i = 0; i < count; i++) {
    const found = protocols[from + i]
    const isOpen = found === Protocol.icmp || found === Protocol.icmpv6 || (marks[from + i] & openMarks) !== 0
    presence[i] = isOpen ? Presence.inBytes : +(found === protocol)
  }
}
