import { seqGt, seqLe, seqLt } from '../tcp/seq.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { noScale, unknownScale } from './end-analysis.ts'
import type { EndAnalysis } from './end-analysis.ts'
import { Finding } from './finding.ts'
import type { FindingProofs } from './finding-proofs.ts'

const control = TcpFlag.syn | TcpFlag.fin | TcpFlag.rst
/** In place of a count of duplicates: more than any, as -1 is among unsigned numbers. */
const afterUnseen = 0xffff_ffff
const fastOpen = Finding.tfoSyn | Finding.tfoAck | Finding.tfoIgnored
const fastRetransmissionNs = 20_000_000
const defaultReorderingNs = 3_000_000

/** As Wireshark compares times: negative ones are greater than all others. */
function isUnsignedBelow(a: number, b: number): boolean {
  return (a < 0) === (b < 0) ? a < b : b < 0
}

/** What is known of a TCP flow as a whole. */
export class FlowAnalysis {
  /** Of the latest pure SYN; second -1: none. */
  synSec = -1
  synNsec = 0
  synPacket = 0
  /** From that SYN to the first ACK behind it; 0 unknown, negative where the clock was set back. */
  initialRttNs = 0
  initialRttPacket = 0
  /** 1 SYN, 2 SYN+ACK, 4 ACK, 8 data, 16 FIN, 32 RST. */
  completeness = 0
  /** What its first packet would have counted, had it not been the first. */
  firstShown = 0
  /** A bit for each Multipath TCP operation that was seen. */
  multipath = 0
  /** A SYN brought a fast open cookie and data. */
  hasFastOpenData = false
}

/**
 * Finds in a segment what Wireshark finds in it (`tcp.analysis.*`, default preferences), in the same order, with what proves it.
 * Set the fields of the segment, then call {@link analyse}; results stand in the fields behind them until the next call.
 */
export class SegmentAnalysis {
  packet = 0
  sec = 0
  nsec = 0
  /** Signed words. */
  seq = 0
  ack = 0
  length = 0
  flags = 0
  window = 0

  /** Bits of {@link Finding}. */
  findings = 0
  /** Wireshark shows an analysis of this packet, be it an empty one. */
  isAnalysed = false
  /** The packet that this one acknowledges, 0 none. */
  acksPacket = 0
  /** 0: not known. */
  bytesInFlight = 0
  /** Payload since the last PSH, this segment included; 0 where it is not counted. */
  pushBytes = 0

  /** @param proofs null: only findings are asked for, nothing that stands beside them */
  constructor(private readonly proofs: FindingProofs | null) {}

  /** @param f what is known of the sender's direction; `r` of the other one */
  analyse(f: EndAnalysis, r: EndAnalysis, flow: FlowAnalysis): void {
    this.acksPacket = this.bytesInFlight = this.pushBytes = 0
    this.takeBases(f, r)
    this.judgeWindowsAndAcks(f, r, flow)
    this.judgeAckOfUnseen(r)
    if ((this.length > 0 || (this.flags & (TcpFlag.syn | TcpFlag.fin)) !== 0) && (this.findings & Finding.keepAlive) === 0) this.judgeRepetition(f, r, flow)
    this.remember(f)
    f.multipath = flow.multipath
    if (this.proofs === null) return
    r.unacked.acknowledge(this.ack, r.base)
    this.acksPacket = r.unacked.matchedPacket
    if (this.length > 0) this.countFlight(f, r)
    this.isAnalysed ||= (this.findings & ~fastOpen) !== 0 || this.acksPacket !== 0
  }

  private takeBases(f: EndAnalysis, r: EndAnalysis): void {
    if (!f.isBaseKnown) {
      f.base = (this.flags & TcpFlag.syn) !== 0 ? this.seq : (this.seq - 1) | 0
      f.isBaseKnown = true
    }
    if ((this.flags & TcpFlag.ack) === 0) return
    if (!r.isBaseKnown) {
      r.base = (this.ack - 1) | 0
      r.isBaseKnown = true
    }
    r.isFlightKnown = true
  }

  /** Rules 1 to 10: what windows and acknowledgments say. */
  private judgeWindowsAndAcks(f: EndAnalysis, r: EndAnalysis, flow: FlowAnalysis): void {
    const { seq, ack, length, flags, window, packet } = this
    if (length === 1 && seq === f.nxt && r.window === 0) {
      this.find(Finding.zeroWindowProbe, seq, 0, r.lastPacket, 0)
    } else {
      const isPlain = (flags & control) === 0
      if (window === 0 && isPlain) this.find(Finding.zeroWindow, 0, 0, 0, 0)
      if (f.nxt !== 0 && seqGt(seq, f.nxt) && (flags & TcpFlag.rst) === 0) {
        this.find(Finding.lostSegment, f.nxt, seq, f.nxtPacket, 0)
        f.isFlightKnown = false
      }
      if (isPlain && length <= 1 && seq === ((f.nxt - 1) | 0)) this.find(Finding.keepAlive, f.nxt, length, f.nxtPacket, 0)
      if (isPlain && length > 0 && r.scale !== unknownScale) this.judgeWindowFull(r)
      if (isPlain && length === 0 && seq === f.nxt && ack === f.lastAck) this.judgeSameAck(f, r, flow)
    }
    if (ack !== f.lastAck) {
      f.ackPacket = packet
      f.duplicates = 0
    }
  }

  private judgeWindowFull(r: EndAnalysis): void {
    const shift = r.isFirstAck || r.scale === noScale ? 0 : r.scale
    const edge = (r.lastAck + (r.window << shift)) | 0
    if (((this.seq + this.length) | 0) === edge) this.find(Finding.windowFull, edge, r.window << shift, r.lastPacket, 0)
  }

  /** No data, at the next number, and the acknowledgment stays. */
  private judgeSameAck(f: EndAnalysis, r: EndAnalysis, flow: FlowAnalysis): void {
    const { window } = this
    if (window !== f.window) {
      if (window !== 0) this.find(Finding.windowUpdate, f.window, window, f.lastPacket, 0)
      return
    }
    if (window === 0) {
      if ((r.lastFindings & Finding.zeroWindowProbe) !== 0) this.find(Finding.zeroWindowProbeAck, this.ack, 0, r.lastPacket, f.lastPacket)
      return
    }
    if ((r.lastFindings & Finding.keepAlive) !== 0) {
      this.find(Finding.keepAliveAck, this.ack, 0, r.lastPacket, 0)
      return
    }
    // New operations of Multipath TCP may come in ACKs that say nothing else (RFC 8684 §4).
    if (f.multipath !== flow.multipath) return
    // After an acknowledgment of the unseen the count starts anew.
    f.duplicates = f.duplicates === afterUnseen ? 1 : f.duplicates + 1
    this.find(Finding.duplicateAck, f.duplicates, this.ack, f.ackPacket, 0)
  }

  /** Rule 11. */
  private judgeAckOfUnseen(r: EndAnalysis): void {
    if ((this.flags & TcpFlag.ack) === 0 || r.contig === 0 || !seqGt(this.ack, r.contig)) return
    if (seqLt(r.contig, r.nxt)) {
      this.find(Finding.ackLostSegment, r.contig, this.ack, r.contigPacket, 0)
      r.contig = r.nxt
      r.contigPacket = r.nxtPacket
      return
    }
    this.isAnalysed = true
    if (r.duplicates === 0) this.find(Finding.ackLostSegment, r.contig, this.ack, r.contigPacket, 0)
    r.duplicates = afterUnseen
  }

  /** Rule 12: what has been sent before. */
  private judgeRepetition(f: EndAnalysis, r: EndAnalysis, flow: FlowAnalysis): void {
    const { seq, length } = this
    const end = (seq + length) | 0
    const isOld = f.nxt !== 0 && seqLt(seq, f.nxt) && !(length > 1 && seq === ((f.nxt - 1) | 0))
    if (length > 0 && r.lastAck !== 0 && seqLe(end, r.lastAck)) {
      this.find(Finding.spuriousRetransmission | Finding.retransmission, end, r.lastAck, r.lastPacket, 0)
      return
    }
    if (!isOld) return
    const sinceAck = this.sinceNs(r.lastSec, r.lastNsec)
    if (r.duplicates >= 2 && r.lastAck === seq && sinceAck >= 0 && sinceAck < fastRetransmissionNs) {
      this.find(Finding.fastRetransmission | Finding.retransmission, r.duplicates, seq, r.lastPacket, r.ackPacket)
      return
    }
    const sinceHighest = this.sinceNs(f.nxtSec, f.nxtNsec)
    const isControl = (this.flags & (TcpFlag.syn | TcpFlag.fin)) !== 0
    const limit = flow.initialRttNs === 0 ? defaultReorderingNs : flow.initialRttNs
    if (isUnsignedBelow(sinceHighest, limit) && f.nxt !== ((end + (isControl ? 1 : 0)) | 0)) {
      this.find(Finding.outOfOrder, f.nxt, Math.round(limit / 1000), f.nxtPacket, flow.initialRttPacket)
      return
    }
    this.find(Finding.retransmission, f.nxt, length, f.unacked.oldestPacket || f.nxtPacket, f.nxtPacket)
  }

  /** Rule 13. */
  private remember(f: EndAnalysis): void {
    const { seq, length, flags, packet } = this
    let end = (seq + length) | 0
    if (length > 0 || (flags & (TcpFlag.syn | TcpFlag.fin)) !== 0) {
      if ((flags & (TcpFlag.syn | TcpFlag.fin)) !== 0) end = (end + 1) | 0
      if (this.proofs !== null) f.unacked.push(seq, end, packet, this.sec, this.nsec, f.base)
    }
    const isProbe = (this.findings & Finding.zeroWindowProbe) !== 0
    if (!isProbe && (f.nxt === 0 || seqGt(end, f.nxt))) {
      f.nxt = end
      f.nxtPacket = packet
      f.nxtSec = this.sec
      f.nxtNsec = this.nsec
    }
    if (!isProbe && (f.contig === 0 || seq === f.contig)) {
      f.contig = f.nxt
      f.contigPacket = packet
    }
    f.window = this.window
    f.lastAck = this.ack
    f.lastSec = this.sec
    f.lastNsec = this.nsec
    f.lastPacket = packet
    f.lastFindings = this.findings
  }

  /** Rule 15. */
  private countFlight(f: EndAnalysis, r: EndAnalysis): void {
    if (!f.isFlightKnown || f.unacked.count === 0) return
    this.isAnalysed = true
    const isControl = (this.flags & (TcpFlag.syn | TcpFlag.fin)) !== 0
    const inFlight = (f.unacked.span - r.sackedBytes - (isControl ? 1 : 0)) >>> 0
    const isPush = (this.flags & TcpFlag.psh) !== 0
    f.pushBytes = f.hasPushed ? this.length : f.pushBytes + this.length
    f.hasPushed = isPush
    if (inFlight === 0 || inFlight >= 2_000_000_000) return
    this.bytesInFlight = inFlight
    this.pushBytes = f.pushBytes
  }

  /** Nanoseconds from a time to this segment's. */
  private sinceNs(sec: number, nsec: number): number {
    return (this.sec - sec) * 1e9 + (this.nsec - nsec)
  }

  private find(findings: number, first: number, second: number, firstPacket: number, secondPacket: number): void {
    this.findings |= findings
    this.proofs?.add(this.packet, findings, first, second, firstPacket, secondPacket)
  }
}
