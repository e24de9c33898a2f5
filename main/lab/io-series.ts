import { compileFilter, Filter } from '../../src/filter/filter.ts'
import { PacketView } from '../../src/filter/packet-view.ts'
import { fault, FaultError } from '../../src/base/fault.ts'
import { chunkBits, chunkMask, PacketRecord } from '../../src/trace/packet-store.ts'
import type { ByteReader } from '../../src/trace/packet-rows.ts'
import { IoBins } from '../../src/trace/statistics/io-bins.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { localTime } from './local-time.ts'

/** Series of one capture that go on being counted. */
const seriesKept = 16
/** Packets that are looked at between two looks at the clock. */
const stepPackets = 4096

/** Packets and bytes over time of what a display filter lets through. Each packet is looked at once, piece by piece. */
export class IoSeries {
  readonly bins: IoBins
  /** Packets that have been looked at, those included that had left before. */
  scanned: number
  private readonly view: PacketView

  private constructor(private readonly trace: Trace, private readonly filter: Filter | null, intervalMs: number | undefined, bytesOf: ByteReader) {
    this.scanned = trace.packetsLeft
    this.bins = new IoBins(intervalMs)
    this.view = new PacketView(trace, (_index, record) => record.fileOffset < 0 ? null : bytesOf(record.fileOffset, record.capturedLength))
  }

  /** @param expression '' for all packets @throws FaultError badDisplayFilter */
  static of(trace: Trace, expression: string, intervalMs: number | undefined, bytesOf: ByteReader): IoSeries {
    const all = known.get(trace.kept) ?? new Map<string, IoSeries>()
    known.set(trace.kept, all)
    const key = `${intervalMs ?? ''} ${expression}`
    const series = all.get(key) ?? new IoSeries(trace, expression === '' ? null : filterOf(expression), intervalMs, bytesOf)
    all.delete(key)
    all.set(key, series)
    for (const old of all.keys()) if (all.size > seriesKept) all.delete(old)
    return series
  }

  /** Looks on for about so long. */
  advance(clock: () => number, untilUs: number): void {
    const { trace } = this
    while (this.scanned < trace.packetCount) {
      const to = Math.min(trace.packetCount, this.scanned + stepPackets)
      trace.store.read(0, start)
      if (this.filter === null) for (let i = this.scanned; i < to; i++) this.add(i)
      else this.filter.select(this.view, this.scanned, to, (index) => { this.add(index) })
      this.scanned = to
      if (clock() >= untilUs) return
    }
  }

  private add(index: number): void {
    const chunk = this.trace.store.chunks[index >>> chunkBits]
    const i = index & chunkMask
    const nsec = chunk.timeNsec[i] - start.timeNsec
    this.bins.add(chunk.timeSec[i] - start.timeSec - (nsec < 0 ? 1 : 0), nsec < 0 ? nsec + 1e9 : nsec, chunk.originalLength[i])
  }
}

const known = new WeakMap<object, Map<string, IoSeries>>()
/** The first packet of the capture that is looked at. */
const start = new PacketRecord()

function filterOf(expression: string): Filter {
  const filter = compileFilter(expression, { local: localTime })
  if (filter instanceof Filter) return filter
  throw new FaultError(fault('badDisplayFilter', { expression, column: filter.at + 1 }))
}
