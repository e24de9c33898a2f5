import type { Filter } from '../../src/filter/filter.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { FindingsPass } from '../../src/trace/findings-pass.ts'
import { Trace } from '../../src/trace/trace.ts'
import { BatchFrames } from '../files/batch-frames.ts'
import { findingLine } from './finding-line.ts'
import type { CliOptions } from './options.ts'

type FindingsFormat = NonNullable<CliOptions['findings']>

/** Follows conversations while they go on, since what is asked of a packet may be what came before it. */
export interface LiveFollower {
  /** 0 for each frame of the last batch that the display filter leaves out; null: none. */
  readonly shown: Uint8Array | null
  /** Packets that are remembered. */
  readonly packetsKept: number
  take(batch: FrameBatch): void
  /** What was found in a frame of the last batch, as a line; null: nothing. */
  findings(i: number): string | null
}

/** @returns null where frames are shown as they come, whatever came before. */
export function followerOf(filter: Filter | null, findings: FindingsFormat | undefined, linkType: number, lookBack = lookBackPackets): LiveFollower | null {
  if (filter !== null) return new FilteringFollower(filter, findings === 'json', linkType, lookBack)
  return findings === undefined ? null : new FindingsFollower(findings === 'json', linkType)
}

/** Findings alone need no packet that was: a capture may go on for days. */
class FindingsFollower implements LiveFollower {
  readonly shown = null
  readonly packetsKept = 0
  private readonly pass: FindingsPass
  private first = 0

  constructor(private readonly json: boolean, private readonly linkType: number) {
    this.pass = new FindingsPass({ proofs: json })
  }

  take(batch: FrameBatch): void {
    this.first = this.pass.packetCount
    this.pass.append(batch, this.linkType)
  }

  findings(i: number): string | null {
    const { findings, tracker } = this.pass
    return findings[i] === 0 ? null : findingLine(tracker.proofs, this.first + i + 1, findings[i], this.json)
  }
}

/** Latest packets that a display filter can look back on, for times and for the packets that others answer. */
const lookBackPackets = 1 << 18

/** A display filter asks for the packets before, though rarely for those long ago: a capture may go on for days here too. */
class FilteringFollower implements LiveFollower {
  shown: Uint8Array | null = null
  private readonly trace = new Trace()
  private readonly frames = new BatchFrames(this.trace)
  private first = 0

  constructor(private readonly filter: Filter, private readonly json: boolean, private readonly linkType: number, lookBack: number) {
    this.trace.keep = { kind: 'packets', limit: lookBack }
  }

  get packetsKept(): number { return this.trace.packetCount - this.trace.packetsLeft }

  take(batch: FrameBatch): void {
    this.trace.trim()
    this.first = this.trace.packetCount
    this.trace.append(batch, this.linkType, null)
    this.shown = this.frames.choose(this.filter, batch, this.first)
  }

  findings(i: number): string | null {
    const bits = this.trace.store.findingsOf(this.first + i)
    return bits === 0 ? null : findingLine(this.trace.tracker.proofs, this.first + i + 1, bits, this.json)
  }
}
