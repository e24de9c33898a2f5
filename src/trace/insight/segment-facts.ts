import { readU16, readU32 } from '../../base/bytes.ts'
import { scanTcpOptions, TcpOptionFields } from '../../wire/tcp-options.ts'
import type { PacketRecord } from '../packet-store.ts'
import { PacketMark } from '../packet-store.ts'
import type { SegmentHeader } from '../segment-header.ts'

/** A segment as insights look at it; made once and filled again and again. Sequence numbers are signed words. */
export class SegmentFacts {
  packet = 0
  /** µs since the first packet of the capture. */
  timeUs = 0
  seq = 0
  ack = 0
  length = 0
  flags = 0
  /** As it stands in the header. */
  window = 0
  isFromClient = false
  /** Of the frame: 0 not known, 1 received, 2 sent by the machine that captured it. */
  direction = 0
  /** What Wireshark finds in it. */
  findings = 0
  hasTimestamp = false
  tsVal = 0
  tsEcr = 0
  sackCount = 0
  /** -1 over IPv6, which has none. */
  ipId = -1
  /** TTL or hop limit. */
  ttl = 0
  ipLength = 0
  /** As it stands in the header; -1 where it was not captured. */
  checksum = -1
  readonly options = new TcpOptionFields()

  /**
   * @param headerBytes where the TCP header is (`header.optionsAt`)
   * @param ipBytes,ipAt where the IP header is: in another place where the segment was put together from fragments
   */
  read(header: SegmentHeader, headerBytes: Uint8Array, ipBytes: Uint8Array, ipAt: number, record: PacketRecord, packet: number, timeUs: number): void {
    this.packet = packet
    this.timeUs = timeUs
    this.seq = header.seq | 0
    this.ack = header.ack | 0
    this.length = header.length
    this.flags = header.flags
    this.window = header.window
    this.isFromClient = (record.marks & PacketMark.fromServer) === 0
    this.findings = record.findings
    this.ipId = header.isV6 ? -1 : readU16(ipBytes, ipAt + 4)
    this.ttl = header.isV6 ? ipBytes[ipAt + 7] : ipBytes[ipAt + 8]
    this.ipLength = header.isV6 ? readU16(ipBytes, ipAt + 4) + 40 : readU16(ipBytes, ipAt + 2)
    this.checksum = readU16(headerBytes, header.optionsAt - 4)
    this.readOptions(header, headerBytes)
  }

  private readOptions({ optionsAt, optionsLength }: SegmentHeader, bytes: Uint8Array): void {
    this.sackCount = 0
    this.hasTimestamp = false
    if (optionsLength === 0) return
    // NOP, NOP, timestamps: nearly all segments behind the handshake (RFC 7323, appendix A).
    if (optionsLength === 12 && readU32(bytes, optionsAt) === 0x0101_080a) {
      this.hasTimestamp = true
      this.tsVal = readU32(bytes, optionsAt + 4) | 0
      this.tsEcr = readU32(bytes, optionsAt + 8) | 0
      return
    }
    scanTcpOptions(bytes, optionsAt, optionsLength, this.options)
    this.sackCount = this.options.sackCount
    this.hasTimestamp = this.options.hasTimestamp
    this.tsVal = this.options.tsVal | 0
    this.tsEcr = this.options.tsEcr | 0
  }

  /** Left and right edge of a SACK block below `sackCount`. */
  left(block: number): number { return this.options.sackEdges[2 * block] | 0 }
  right(block: number): number { return this.options.sackEdges[2 * block + 1] | 0 }
}
