import { fault, FaultError } from '../../src/base/fault.ts'
import { compileFilter, Filter } from '../../src/filter/filter.ts'
import { PacketView } from '../../src/filter/packet-view.ts'
import { PacketList } from '../../src/trace/packet-list.ts'
import type { ByteReader } from '../../src/trace/packet-rows.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { localTime } from './local-time.ts'

/** Lists of different filters that are kept. */
const listsKept = 4
/** Packets that are looked at between two looks at the clock. */
const stepPackets = 4096

/** The packets that a display filter lets through, found piece by piece, so that a filter that reads bytes never holds up the loop. */
export class DisplayedPackets {
  readonly list = new PacketList()
  /** Packets of the capture (or of the flow) that have been looked at. */
  scanned = 0
  private readonly first: number
  private readonly view: PacketView

  private constructor(private readonly filter: Filter, private readonly trace: Trace, private readonly flow: number | null, bytesOf: ByteReader) {
    this.first = trace.packetsLeft
    this.view = new PacketView(trace, (_index, record) => record.fileOffset < 0 ? null : bytesOf(record.fileOffset, record.capturedLength))
  }

  /** @throws FaultError badDisplayFilter */
  static of(trace: Trace, expression: string, flow: number | null, bytesOf: ByteReader): DisplayedPackets {
    const lists = known.get(trace.kept) ?? new Map<string, DisplayedPackets>()
    known.set(trace.kept, lists)
    const key = `${flow ?? ''} ${expression}`
    const displayed = lists.get(key) ?? new DisplayedPackets(displayFilter(expression), trace, flow, bytesOf)
    lists.delete(key)
    lists.set(key, displayed)
    for (const old of lists.keys()) if (lists.size > listsKept) lists.delete(old)
    return displayed
  }

  get isComplete(): boolean { return this.scanned === this.total }

  /** Looks on for about so long. */
  advance(clock: () => number, budgetUs: number): void {
    const untilUs = clock() + budgetUs
    while (this.scanned < this.total && clock() < untilUs) this.step()
  }

  get total(): number {
    return this.flow === null ? this.trace.packetCount - this.first : this.trace.tracker.flows[this.flow]?.packets.length ?? 0
  }

  private step(): void {
    const to = Math.min(this.total, this.scanned + (this.flow === null ? stepPackets : 256))
    if (this.flow === null) {
      this.filter.select(this.view, this.first + this.scanned, this.first + to, (index) => { this.list.push(index + 1) })
    } else {
      const { packets } = this.trace.tracker.flows[this.flow]
      for (let i = this.scanned; i < to; i++) {
        this.view.moveTo(packets.at(i) - 1)
        if (this.filter.test(this.view)) this.list.push(packets.at(i))
      }
    }
    this.scanned = to
  }
}

const known = new WeakMap<object, Map<string, DisplayedPackets>>()

/** @throws FaultError badDisplayFilter */
export function displayFilter(expression: string): Filter {
  const filter = compileFilter(expression, { local: localTime })
  if (filter instanceof Filter) return filter
  throw new FaultError(fault('badDisplayFilter', { expression, column: filter.at + 1 }))
}
