import { Insight } from './insight.ts'
import type { InsightName } from './insight.ts'
import type { InsightRows } from './insight-rows.ts'
import type { OneWay } from './one-way.ts'
import type { SegmentFacts } from './segment-facts.ts'

/** What judges are given: the segment, what its sender has sent, what the other end has, and where to write. */
export class Notes {
  readonly segment: SegmentFacts
  sent!: OneWay
  heard!: OneWay

  constructor(segment: SegmentFacts, private readonly rows: InsightRows) {
    this.segment = segment
  }

  /** Of the segment itself; operands in the order of the table. */
  add(name: InsightName, operands: readonly number[], firstPacket = 0, secondPacket = 0): void {
    this.of(this.segment.packet, name, operands, firstPacket, secondPacket)
  }

  /** Of another packet, which this one says something of. */
  of(packet: number, name: InsightName, [a = 0, b = 0, c = 0]: readonly number[], firstPacket = 0, secondPacket = 0): void {
    this.rows.add(packet, Insight[name], a, b, c, firstPacket, secondPacket)
  }
}
