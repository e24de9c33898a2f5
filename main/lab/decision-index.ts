import type { Flow } from '../../src/trace/flow.ts'
import { PacketMark } from '../../src/trace/packet-store.ts'
import type { PacketRecord } from '../../src/trace/packet-store.ts'

/** A segment as it was captured. */
export interface CapturedSegment { sourcePort: number, destinationPort: number, seq: number, timeUs: number }

/** The segment of a stored packet. */
export function capturedSegment(record: PacketRecord, { client, server }: Flow): CapturedSegment {
  const isFromServer = (record.marks & PacketMark.fromServer) !== 0
  const [source, destination] = isFromServer ? [server, client] : [client, server]
  return { sourcePort: source.port, destinationPort: destination.port, seq: record.seq, timeUs: record.timeSec * 1e6 + record.timeNsec / 1e3 }
}

/** Columns of the log that are looked at. `isMoving`: the verb is one that sends a segment; `isDropping`: one that drops what came. */
export interface IndexedDecisions {
  readonly latestId: number
  readonly oldestKeptId: number
  seqOf(id: number): number
  timeUsOf(id: number): number
  localPortOf(id: number): number
  remotePortOf(id: number): number
  kindOf(id: number): 'moving' | 'dropping' | 'other'
}

/** A decision and its segment lie at most so far apart: the clocks of capture and engine are not one. */
const apartAtMostUs = 2_000_000

/** Finds the decision behind a captured segment by sequence number. Made on the first question, and continued by what has come since. */
export class DecisionIndex {
  private readonly bySeq = new Map<number, number[]>()
  private indexedTo = 0
  private entries = 0

  constructor(private readonly log: IndexedDecisions, private readonly entriesAtMost: number) {}

  clear(): void {
    this.bySeq.clear()
    this.entries = 0
  }

  /** The id of the decision to send a segment, or else to drop it on arrival: the nearest in time; 0 none. */
  find(segment: CapturedSegment): number {
    this.follow()
    let found = 0
    let nearest = apartAtMostUs
    for (const id of this.bySeq.get(segment.seq) ?? []) {
      if (id < this.log.oldestKeptId || !this.isOf(id, segment)) continue
      const apart = Math.abs(this.log.timeUsOf(id) - segment.timeUs)
      if (apart > nearest) continue
      nearest = apart
      found = id
    }
    return found
  }

  private isOf(id: number, { sourcePort, destinationPort }: CapturedSegment): boolean {
    const { log } = this
    const [local, remote] = log.kindOf(id) === 'moving' ? [sourcePort, destinationPort] : [destinationPort, sourcePort]
    return log.localPortOf(id) === local && log.remotePortOf(id) === remote
  }

  private follow(): void {
    const { log } = this
    // What the log has given up stays in the lists until they are made anew.
    if (this.entries > 2 * this.entriesAtMost) {
      this.clear()
      this.indexedTo = 0
    }
    for (let id = Math.max(this.indexedTo + 1, log.oldestKeptId); id <= log.latestId; id++) {
      if (log.kindOf(id) === 'other') continue
      const seq = log.seqOf(id)
      const ids = this.bySeq.get(seq)
      if (ids === undefined) this.bySeq.set(seq, [id])
      else ids.push(id)
      this.entries++
    }
    this.indexedTo = log.latestId
  }
}
