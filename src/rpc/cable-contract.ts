import type { SegmentKind } from '../link/segment-kind.ts'

export const segmentKinds = ['syn', 'synAck', 'ack', 'data', 'fin', 'rst'] as const satisfies readonly SegmentKind[]

/** What the cable of the virtual link does to frames, each way. Percent are of all frames; the rate counts every bit from the Ethernet header on. */
export interface CableSettings {
  readonly lossPercent: number
  readonly duplicatePercent: number
  /** One bit behind the Ethernet header is flipped. */
  readonly corruptPercent: number
  /** These frames are held back 20 ms longer, and overtaken. */
  readonly reorderPercent: number
  readonly delayMs: number
  /** kbit/s */
  readonly rateKbps: number
}

/** Slow enough to watch, so that a sender without end does not fill the disk at the speed of memory; nothing is lost. */
export const plainCable: CableSettings = { lossPercent: 0, duplicatePercent: 0, corruptPercent: 0, reorderPercent: 0, delayMs: 1, rateKbps: 10_000 }

/** Least and most of each setting. */
export const cableRanges = {
  lossPercent: [0, 100], duplicatePercent: [0, 100], corruptPercent: [0, 100], reorderPercent: [0, 100], delayMs: [0, 60_000], rateKbps: [1, 1_000_000],
} as const satisfies Record<keyof CableSettings, readonly [number, number]>

export interface CableState {
  settings: CableSettings
  /** The next so many segments of a kind, of whichever end, will be lost. */
  awaited: { kind: SegmentKind, count: number }[]
  /** Frames so far, both ways together; `lost` has those of a full queue too. */
  lost: number
  duplicated: number
  corrupted: number
  reordered: number
}
