import { UnackedSegments } from './unacked-segments.ts'

export const unknownScale = -1
export const noScale = -2

/**
 * What is known of one direction of a TCP flow: state for the findings. Sequence numbers are signed words; as in Wireshark, 0 stands for
 * one that is not known yet.
 */
export class EndAnalysis {
  /** Numbers are shown relative to this one. */
  base = 0
  isBaseKnown = false
  /** Behind the highest number sent, and the packet that sent it. */
  nxt = 0
  nxtPacket = 0
  nxtSec = 0
  nxtNsec = 0
  /** Behind the highest number sent without a hole before it. */
  contig = 0
  contigPacket = 0
  /** Of the latest packet, whatever it was. */
  lastAck = 0
  lastSec = 0
  lastNsec = 0
  lastPacket = 0
  lastFindings = 0
  /** Raw; -1 before the first packet. */
  window = -1
  /** Shift of windows, or {@link unknownScale}, or {@link noScale}. */
  scale: number = unknownScale
  /** The latest SYN has not been followed by an ACK: its window was not scaled. */
  isFirstAck = false
  duplicates = 0
  /** The flow's Multipath TCP operations as of this end's latest packet. */
  multipath = 0
  /** The packet that last moved the acknowledgment. */
  ackPacket = 0
  /** Bytes in flight are known: not between a hole and the next acknowledgment from the other end. */
  isFlightKnown = true
  /** Bytes in the SACK blocks of the latest packet. */
  sackedBytes = 0
  pushBytes = 0
  hasPushed = false
  readonly unacked = new UnackedSegments()

  /** Bases that no longer hold, each behind the packet that ended it. */
  private formerBases: number[] | null = null

  /** A SYN+ACK with another number stays in the flow and begins another count. */
  rebase(base: number, packet: number): void {
    this.formerBases ??= []
    this.formerBases.push(packet, this.base)
    this.base = base
    this.unacked.countFrom(base)
  }

  /** What the numbers of a packet are relative to. */
  baseAt(packet: number): number {
    const former = this.formerBases
    if (former !== null) for (let i = 0; i < former.length; i += 2) if (packet < former[i]) return former[i + 1]
    return this.base
  }
}
