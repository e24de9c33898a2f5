import type { Block } from './block.ts'
import type { PacketLevel, PacketView } from './packet-view.ts'
import type { FieldType, Value } from './value.ts'

/** What a block says of each of its packets: the field is absent, stands in `values`, or has to be read from the packet itself. */
export const Presence = { absent: 0, present: 1, inBytes: 2 } as const

/** Writes one occurrence of a field for the packets of a block. */
export type ColumnLoader = (block: Block, values: Float64Array, presence: Uint8Array) => void

/** A field as Wireshark names it. One table of these drives the filter, completion, help and the printing of fields. */
export interface Field {
  readonly name: string
  readonly type: FieldType
  /** How integers are printed: decimal unless said; hexadecimal has the width of the type, or `digits`. */
  readonly base?: 'hexadecimal'
  readonly digits?: number
  /** Names that may stand for values, as in `arp.opcode == request`. */
  readonly names?: Readonly<Record<string, number>>
  /** Of one packet in the frame, in the order in which they are printed. */
  readonly ofLevel?: (level: PacketLevel, into: Value[]) => void
  /** Of the whole frame, where the field is not part of a packet's bytes. */
  readonly ofFrame?: (view: PacketView, into: Value[]) => void
  /** Where every occurrence stands in columns. */
  readonly columns?: readonly ColumnLoader[]
  /** Of a protocol: the bytes that `contains` and `matches` look into, which reach beyond its own header. */
  readonly reach?: (level: PacketLevel, into: Value[]) => void
}

/** Values of a field in the packet that the view stands on. */
export function readField(field: Field, view: PacketView, into: Value[]): void {
  if (field.ofFrame) return field.ofFrame(view, into)
  for (const level of view.levels) field.ofLevel!(level, into)
}
