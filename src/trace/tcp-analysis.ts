import { keylessCapable, scanTcpOptions, TcpOptionFields } from '../wire/tcp-options.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { noScale, unknownScale } from './end-analysis.ts'
import type { EndAnalysis } from './end-analysis.ts'
import { Finding } from './finding.ts'
import type { FindingProofs } from './finding-proofs.ts'
import { PacketMark } from './packet-store.ts'
import type { PacketRecord } from './packet-store.ts'
import { SegmentAnalysis } from './segment-analysis.ts'
import type { FlowAnalysis } from './segment-analysis.ts'
import type { SegmentHeader } from './segment-header.ts'
import { findUnreadableOption } from './unreadable-option.ts'

/** RFC 7323 §2.3: larger shifts count as this one. */
const maxScale = 14

/** These Wireshark sees before it comes to the options. */
const answersToFastOpen = Finding.tfoAck | Finding.tfoIgnored

/** What stands around the findings of a segment: reused ports, first numbers, completeness, initial RTT, options. */
export class TcpAnalysis {
  /** Options of the latest segment that had any. */
  readonly options = new TcpOptionFields()
  private readonly segment: SegmentAnalysis
  /** The latest segment had an option at which Wireshark gives up. */
  private isUnreadable = false

  /** @param proofs null: only findings are asked for */
  constructor(proofs: FindingProofs | null) {
    this.segment = new SegmentAnalysis(proofs)
  }

  /**
   * Takes a segment and fills in the analysis columns of its record, whose times, flow and previous packet stand.
   * @param f what is known of its sender's direction; `r` of the other one
   * @param isReused it begins another flow on a tuple that is known
   */
  take(header: SegmentHeader, bytes: Uint8Array, f: EndAnalysis, r: EndAnalysis, flow: FlowAnalysis, record: PacketRecord, packet: number, isReused: boolean): void {
    const { segment } = this
    const { flags } = header
    const isSyn = (flags & TcpFlag.syn) !== 0
    const hasAck = (flags & TcpFlag.ack) !== 0
    segment.seq = header.seq | 0
    segment.ack = header.ack | 0
    segment.findings = isReused ? Finding.reusedPorts : 0
    segment.isAnalysed = isSyn && !hasAck && f.isBaseKnown
    takeCompleteness(flow, record, flags, record.payloadLength, isReused)
    if (isSyn && hasAck) this.beginSynAck(f, r, flow, packet)
    else if (isSyn) beginSyn(f, flow, record, packet, isReused)
    else if (hasAck) f.isFirstAck = false
    if (isSyn) f.isFirstAck = true
    if (header.hasLength) {
      segment.packet = packet
      segment.sec = record.timeSec
      segment.nsec = record.timeNsec
      segment.length = header.length
      segment.flags = flags
      segment.window = header.window
      segment.analyse(f, r, flow)
    }
    if (hasAck && !isSyn && flow.synSec >= 0 && flow.initialRttNs === 0) {
      flow.initialRttNs = (record.timeSec - flow.synSec) * 1e9 + record.timeNsec - flow.synNsec
      flow.initialRttPacket = packet
    }
    this.takeOptions(header, bytes, f, r, flow)
    record.windowShift = isSyn ? noScale : f.scale
    if (header.hasLength && !header.isCut && !this.isUnreadable) this.show(record)
    else record.findings = segment.findings & answersToFastOpen
    if (!header.hasLength) record.marks |= PacketMark.unmeasured
  }

  /** A header of which part is missing, or an option cannot be read, is followed, but Wireshark shows nothing of it beyond its fixed fields. */
  private show(record: PacketRecord): void {
    const { segment } = this
    record.findings = segment.findings
    record.acksPacket = segment.acksPacket
    record.bytesInFlight = segment.bytesInFlight
    record.pushBytes = segment.pushBytes
    if (segment.isAnalysed) record.marks |= PacketMark.analysed
  }

  private beginSynAck(f: EndAnalysis, r: EndAnalysis, flow: FlowAnalysis, packet: number): void {
    const { segment } = this
    if (f.isBaseKnown && segment.seq !== f.base) {
      f.rebase(segment.seq, packet)
      segment.findings |= Finding.reusedPorts
    }
    // RFC 7413 §4.1.2: it acknowledges data that came with the SYN, or not.
    const acknowledged = r.isBaseKnown ? (segment.ack - r.base) >>> 0 : 1
    if (acknowledged > 1) segment.findings |= Finding.tfoAck
    else if (acknowledged === 1 && flow.hasFastOpenData) segment.findings |= Finding.tfoIgnored
  }

  private takeOptions(header: SegmentHeader, bytes: Uint8Array, f: EndAnalysis, r: EndAnalysis, flow: FlowAnalysis): void {
    const { options } = this
    const isSyn = (header.flags & TcpFlag.syn) !== 0
    f.sackedBytes = 0
    this.isUnreadable = false
    if (header.optionsLength > 0 && (isSyn || !hasOnlyTimestamps(bytes, header.optionsAt, header.optionsLength))) {
      const readable = findUnreadableOption(bytes, header.optionsAt, header.optionsLength) - header.optionsAt
      this.isUnreadable = readable < header.optionsLength
      scanTcpOptions(bytes, header.optionsAt, readable, options, header.isCut)
      for (let i = 0; i < options.sackCount; i++) f.sackedBytes += options.sackEdges[2 * i + 1] - options.sackEdges[2 * i]
      flow.multipath = multipathOperations(flow.multipath, options.mptcpSubtypes)
      if (isSyn) this.takeOpeningOptions(header, f, flow)
    }
    if (isSyn && !header.isCut && !this.isUnreadable) settleScales(f, r, (header.flags & TcpFlag.ack) !== 0)
  }

  private takeOpeningOptions(header: SegmentHeader, f: EndAnalysis, flow: FlowAnalysis): void {
    const { options } = this
    if (options.windowScale >= 0) f.scale = Math.min(options.windowScale, maxScale)
    if ((header.flags & TcpFlag.ack) !== 0 || options.fastOpenCookieLength <= 0) return
    this.segment.findings |= Finding.tfoSyn
    flow.hasFastOpenData ||= header.length > 0
  }
}

/** MP_TCPRST and subtypes that are not given out do nothing; MP_CAPABLE without a key does where there is a multipath connection already. */
function multipathOperations(before: number, found: number): number {
  const now = before | (found & givenSubtypes)
  return now !== 0 && (found & keylessCapable) !== 0 ? now | 1 : now
}

const givenSubtypes = 0xff

/** NOP, NOP, timestamps: the options of nearly all segments behind the handshake (RFC 7323, appendix A). */
function hasOnlyTimestamps(bytes: Uint8Array, at: number, length: number): boolean {
  return length === 12 && bytes[at] === 1 && bytes[at + 1] === 1 && bytes[at + 2] === 8 && bytes[at + 3] === 10
}

function beginSyn(f: EndAnalysis, flow: FlowAnalysis, record: PacketRecord, packet: number, isReused: boolean): void {
  // A reset may have used a number far ahead (RFC 9293 §3.10.7.1); the repeated SYN takes that back.
  if (!isReused && f.isBaseKnown) f.nxt = f.contig
  flow.synSec = record.timeSec
  flow.synNsec = record.timeNsec
  flow.synPacket = packet
}

/** @param length payload; 0 where it is not known, as of a quoted segment */
export function takeCompleteness(flow: FlowAnalysis, record: PacketRecord, flags: number, length: number, isReused: boolean): void {
  const isFirst = record.previousInFlow === 0
  if (isReused) flow.completeness = 1
  record.completeness = flow.completeness
  if (isFirst) flow.firstShown = shownBy(flags, length)
  if (isReused) flow.completeness |= flags & TcpFlag.rst ? 32 : 0
  else flow.completeness |= isFirst ? shownByFirst(flags, length) : shownBy(flags, length)
}

/** Bits of completeness, with the oddities of Wireshark: a SYN counts as a flow's first packet, data and FIN beside an ACK only. */
function shownBy(flags: number, length: number): number {
  const reset = (flags & TcpFlag.rst) !== 0 ? 32 : 0
  if ((flags & TcpFlag.ack) === 0) return reset
  return reset | ((flags & TcpFlag.syn) !== 0 ? 2 : length > 0 ? 8 : 4) | ((flags & TcpFlag.fin) !== 0 ? 16 : 0)
}

function shownByFirst(flags: number, length: number): number {
  if ((flags & (TcpFlag.syn | TcpFlag.ack)) !== TcpFlag.syn) return 0
  return length > 0 ? 9 : 1
}

/** A SYN without the option means that neither end scales (RFC 7323 §2.2). */
function settleScales(f: EndAnalysis, r: EndAnalysis, isSynAck: boolean): void {
  if (f.scale === unknownScale) f.scale = r.scale = noScale
  else if (isSynAck && r.scale === noScale) f.scale = noScale
}
