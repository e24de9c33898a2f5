import { seqGt, seqLe } from '../tcp/seq.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { noScale, unknownScale } from './end-analysis.ts'
import type { EndAnalysis } from './end-analysis.ts'
import type { FlowTracker } from './flow-tracker.ts'
import type { FrameColumns } from './frame-tracker.ts'
import type { FlowAnalysis } from './segment-analysis.ts'
import { readPlainSegment, SegmentHeader } from './segment-header.ts'

const control = TcpFlag.syn | TcpFlag.fin | TcpFlag.rst | TcpFlag.ack
/** NOP, NOP, timestamps: the options of nearly all segments behind the handshake (RFC 7323, appendix A), 12 bytes. */
const timestampsAlone = 0x0101_080a

/**
 * Passes over the segments that nearly all are: of a connection that is known and open, next in sequence, acknowledging what was seen.
 * The rules of `SegmentAnalysis` find nothing in such a segment and leave little behind for the next one; here is that little, in one loop.
 * Whatever is not surely so is left to the rules. What only proofs and what leaves rest on (packet numbers, what is in flight, the latest second) is not kept.
 */
export class OrdinarySegments {
  private readonly header = new SegmentHeader()

  constructor(private readonly tracker: FlowTracker) {}

  /** @returns index of the first frame of the batch, from `from` on, that has to be looked at; the batch's count where there is none */
  pass(batch: FrameColumns, view: DataView, from: number, linkType: number | Uint16Array): number {
    const { header, tracker } = this
    const { addresses } = tracker
    const { count, offset, capturedLength, originalLength, timeSec, timeNsec } = batch
    const isOneType = typeof linkType === 'number'
    for (let i = from; i < count; i++) {
      if (readPlainSegment(view, offset[i], capturedLength[i], originalLength[i], isOneType ? linkType : linkType[i], addresses, header) < 0) return i
      if ((header.flags & control) !== TcpFlag.ack) return i
      if (header.optionsLength !== 0 && (header.optionsLength !== 12 || view.getUint32(header.optionsAt) !== timestampsAlone)) return i
      const flow = tracker.tcpFlowOf(header)
      if (flow === undefined) return i
      const isFromClient = tracker.isSourceLower === flow.isClientLower
      const f = (isFromClient ? flow.client : flow.server).analysis
      const r = (isFromClient ? flow.server : flow.client).analysis
      if (!takeOrdinary(header, f, r, flow.analysis, timeSec[i], timeNsec[i])) return i
    }
    return count
  }
}

/** The segment against the rules in their order. @returns false, with nothing taken, where one of them may find something */
function takeOrdinary(header: SegmentHeader, f: EndAnalysis, r: EndAnalysis, flow: FlowAnalysis, sec: number, nsec: number): boolean {
  const { length, window } = header
  const seq = header.seq | 0
  const ack = header.ack | 0
  const end = (seq + length) | 0
  if (f.nxt === 0 || seq !== f.nxt || !f.isBaseKnown || !r.isBaseKnown) return false
  if (window === 0 || (flow.synSec >= 0 && flow.initialRttNs === 0)) return false
  if (r.contig !== 0 && seqGt(ack, r.contig)) return false
  if (length === 0) {
    if (ack === f.lastAck) return false
  } else {
    if (length === 1 && r.window === 0) return false
    if (r.scale !== unknownScale && end === ((r.lastAck + (r.window << (r.isFirstAck || r.scale === noScale ? 0 : r.scale))) | 0)) return false
    if (r.lastAck !== 0 && seqLe(end, r.lastAck)) return false
    f.nxt = end
    f.nxtSec = sec
    f.nxtNsec = nsec
  }
  if (ack !== f.lastAck) f.duplicates = 0
  if (f.contig === 0 || f.contig === seq) f.contig = end
  f.isFirstAck = false
  f.multipath = flow.multipath
  f.window = window
  f.lastAck = ack
  f.lastSec = sec
  f.lastNsec = nsec
  f.lastFindings = 0
  return true
}
