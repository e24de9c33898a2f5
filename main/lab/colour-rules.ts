import type { Filter } from '../../src/filter/filter.ts'
import { PacketView } from '../../src/filter/packet-view.ts'
import type { ByteReader } from '../../src/trace/packet-rows.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { displayFilter } from './displayed-packets.ts'

/** Rules that a request may have. */
export const colourRulesAtMost = 32
/** Compiled rules that are kept; a window that edits one sends another text with every letter. */
const filtersKept = 128

/** Which rule colours a packet. Only rows that are asked for are looked at, so a rule costs nothing while packets come. */
export class ColourRules {
  private readonly filters = new Map<string, Filter>()
  private readonly view: PacketView

  constructor(trace: Trace, bytesOf: ByteReader) {
    this.view = new PacketView(trace, (_index, record) => record.fileOffset < 0 ? null : bytesOf(record.fileOffset, record.capturedLength))
  }

  /** Position of the first rule that each packet passes, -1 for none. @throws FaultError badDisplayFilter */
  match(packets: readonly number[], rules: readonly string[]): number[] {
    const filters = rules.map((rule) => this.filterOf(rule))
    return packets.map((packet) => {
      this.view.moveTo(packet - 1)
      return filters.findIndex((filter) => filter.test(this.view))
    })
  }

  private filterOf(rule: string): Filter {
    const known = this.filters.get(rule)
    if (known !== undefined) return known
    const filter = displayFilter(rule)
    if (this.filters.size >= filtersKept) this.filters.clear()
    this.filters.set(rule, filter)
    return filter
  }
}
