import { LinkType } from '../../src/wire/packet.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { PacketView } from '../../src/filter/packet-view.ts'
import { compileFilter, Filter } from '../../src/filter/filter.ts'
import { Trace } from '../../src/trace/trace.ts'
import { frames } from './frames.ts'
import { nastySegments } from './nasty-segments.ts'
import type { TimedFrame } from './nasty-segments.ts'

/** A frame of each kind we decode, then conversations that go wrong in every way. */
export function filterFrames({ streams = 40, segments = 30, seed = 11 } = {}): TimedFrame[] {
  const kinds = Object.values(frames).map((bytes, i) => ({ timeNs: i * 1_000_000, bytes }))
  return [...kinds, ...nastySegments({ seed, streams, segments }).map((frame) => ({ ...frame, timeNs: frame.timeNs + 1e9 }))]
}

/** Packets in a trace, their bytes at hand. */
export class FilterCapture {
  readonly trace = new Trace()
  readonly view: PacketView

  constructor(readonly frames: readonly TimedFrame[], startSec = 1_700_000_000, isOnePass = false) {
    for (const { timeNs, bytes, originalLength } of frames) {
      const batch = new FrameBatch(1, bytes)
      const sec = Math.floor(timeNs / 1e9)
      batch.add(0, bytes.length, originalLength ?? bytes.length, startSec + sec, timeNs - sec * 1e9, 0)
      this.trace.append(batch, LinkType.ethernet, null)
    }
    this.view = new PacketView(this.trace, (index) => frames[index].bytes, isOnePass)
  }

  /** Numbers of the packets that pass, block by block; the same one by one has to agree. */
  select(text: string): number[] {
    const filter = compileFilter(text)
    if (!(filter instanceof Filter)) throw new Error(`${text}: ${filter.code} at ${filter.at}`)
    const found: number[] = []
    filter.select(this.view, 0, this.trace.packetCount, (index) => found.push(index + 1))
    return found
  }

  /** As {@link select}, without columns. */
  selectSingly(text: string): number[] {
    const filter = compileFilter(text) as Filter
    return this.frames.flatMap((_, index) => {
      this.view.moveTo(index)
      return filter.test(this.view) ? [index + 1] : []
    })
  }
}
