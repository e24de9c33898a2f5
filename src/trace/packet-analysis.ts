import { Finding } from './finding.ts'
import type { FlowTracker } from './flow-tracker.ts'
import { PacketMark, PacketRecord, Protocol } from './packet-store.ts'
import type { PacketStore } from './packet-store.ts'
import { TcpFlag } from '../wire/tcp.ts'

/** What is known of a packet of a TCP flow beyond its header, under the names of Wireshark's fields; -1 where there is nothing to say. */
export class PacketAnalysis {
  /** `tcp.stream` or `udp.stream`. */
  stream = -1
  /** Bits of `Finding`. */
  findings = 0
  /** Relative to the flow's first numbers: `tcp.seq`, `tcp.ack`; as they stand where Wireshark does not analyse: quoted, or without a length. */
  seq = -1
  ack = -1
  /** `tcp.window_size`: as it stands where the scale was not seen. */
  windowSize = -1
  /** `tcp.completeness`: of the flow before this packet, or after two passes of the flow as a whole. */
  completeness = -1
  /** `tcp.time_relative`, `tcp.time_delta`. */
  timeRelativeNs = -1
  timeDeltaNs = -1
  /** `tcp.analysis.acks_frame`, `.ack_rtt`. */
  acksPacket = -1
  ackRttNs = -1
  /** `tcp.analysis.initial_rtt`; 0 where it is not shown, negative where the clock was set back. */
  initialRttNs = 0
  bytesInFlight = -1
  pushBytes = -1
  /** `tcp.analysis.duplicate_ack_num`, `.duplicate_ack_frame`. */
  duplicateNumber = -1
  duplicatePacket = -1
  /** `tcp.analysis.rto`, `.rto_frame`. */
  rtoNs = -1
  rtoPacket = -1
}

/** Reads analyses from the columns; what columns do not hold follows from other packets of the flow. */
export class PacketAnalyses {
  private readonly record = new PacketRecord()
  private readonly other = new PacketRecord()

  constructor(private readonly store: PacketStore, private readonly tracker: FlowTracker) {}

  /**
   * @param number counts from 1 and must exist
   * @param passes 1: as tshark says it while it reads; 2: as it says it once it has read the whole capture (`-2`), and Wireshark too
   */
  read(number: number, into: PacketAnalysis, passes: 1 | 2): void {
    const { record } = this
    Object.assign(into, nothing)
    this.store.read(number - 1, record)
    if (record.flow < 0) return
    const flow = this.tracker.flows[record.flow]
    if (flow.protocol === Protocol.icmp) return
    into.stream = flow.stream
    into.timeRelativeNs = (record.timeSec - flow.firstSec) * 1e9 + record.timeNsec - flow.firstNsec
    into.timeDeltaNs = record.previousInFlow === 0 ? 0 : this.sinceNs(record.previousInFlow, -1)
    if (record.protocol !== Protocol.tcp && (record.marks & PacketMark.quoting) === 0) return
    const isFromServer = (record.marks & PacketMark.fromServer) !== 0
    const sender = (isFromServer ? flow.server : flow.client).analysis
    const receiver = (isFromServer ? flow.client : flow.server).analysis
    into.findings = record.findings
    // What Wireshark does not analyse it shows as it stands: quoted, or without a length.
    const isRelative = (record.marks & (PacketMark.quoting | PacketMark.unmeasured)) === 0
    into.seq = !isRelative ? record.seq : (record.seq - (passes === 2 ? sender.base : sender.baseAt(number))) >>> 0
    into.ack = isRelative && (record.flags & TcpFlag.ack) !== 0 ? (record.ack - (passes === 2 ? receiver.base : receiver.baseAt(number))) >>> 0 : record.ack
    const shift = passes === 2 && (record.flags & TcpFlag.syn) === 0 ? sender.scale : record.windowShift
    into.windowSize = shift > 0 && isRelative ? record.window * 2 ** shift : record.window
    const totals = flow.analysis
    into.completeness = passes === 1 ? record.completeness : record.previousInFlow > 0 ? totals.completeness | totals.firstShown : totals.completeness
    if (record.acksPacket > 0) {
      into.acksPacket = record.acksPacket
      into.ackRttNs = this.sinceNs(record.acksPacket, 0)
    }
    if (record.bytesInFlight > 0) into.bytesInFlight = record.bytesInFlight
    if (record.pushBytes > 0) into.pushBytes = record.pushBytes
    const isRttShown = (record.marks & PacketMark.analysed) !== 0 && totals.initialRttNs !== 0 && (passes === 2 || number >= totals.initialRttPacket)
    if (isRttShown) into.initialRttNs = totals.initialRttNs
    if ((record.findings & (Finding.duplicateAck | Finding.retransmission)) !== 0) this.readProofs(number, into)
  }

  private readProofs(number: number, into: PacketAnalysis): void {
    for (const proof of this.tracker.proofs.of(number)) {
      if (proof.finding === Finding.duplicateAck) {
        into.duplicateNumber = proof.first
        into.duplicatePacket = proof.firstPacket
      } else if (proof.finding === Finding.retransmission) {
        into.rtoPacket = proof.firstPacket
        into.rtoNs = this.sinceNs(proof.firstPacket, 0)
      }
    }
  }

  /** Nanoseconds from an earlier packet to the one being read; `unknown` where that has left. */
  private sinceNs(packet: number, unknown: number): number {
    const { record, other } = this
    if (!this.store.has(packet - 1)) return unknown
    this.store.read(packet - 1, other)
    return (record.timeSec - other.timeSec) * 1e9 + record.timeNsec - other.timeNsec
  }
}

const nothing = new PacketAnalysis()
