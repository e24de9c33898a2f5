import { copyBytes, writeU16, writeU32 } from '../base/bytes.ts'
import type { FrameWriter } from '../link/frame-batch.ts'
import type { TcpSegment } from '../tcp/segment.ts'
import { foldChecksum, pseudoHeaderSum4Of, pseudoHeaderSum6Of } from '../wire/checksum.ts'
import { ethernetHeaderBytes } from '../wire/ethernet.ts'
import { ipv4HeaderBytes, IpProtocol } from '../wire/ipv4.ts'
import { fillTcpChecksum, TcpFlag } from '../wire/tcp.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { HostConfig } from './host-config.ts'
import { ipv4PayloadAt } from './ipv4-output.ts'
import type { Ipv4Output } from './ipv4-output.ts'
import type { IpAddress } from './ip-address.ts'
import type { Ipv6 } from './ipv6.ts'
import { ipv6PayloadAt } from './ipv6-output.ts'
import type { Arp } from './arp.ts'
import type { HostStatistics } from './statistics.ts'
import { writeSegment } from './tcp-segment-codec.ts'

/** `done`: the connection has nothing more; `full`: the writer has no room; `more`: its share is used up. */
export type TransmitOutcome = 'done' | 'full' | 'more'

/** Turns segments into frames: headers and payload straight into the writer, and the checksum over them. */
export class TcpOutput {
  private readonly arp: Arp
  private readonly ip: Ipv4Output
  private readonly ipv6: Ipv6 | null
  private readonly statistics: HostStatistics
  private readonly maxFrameBytes: number

  constructor(config: HostConfig, arp: Arp, ip: Ipv4Output, ipv6: Ipv6 | null, statistics: HostStatistics) {
    this.arp = arp
    this.ip = ip
    this.ipv6 = ipv6
    this.statistics = statistics
    this.maxFrameBytes = ethernetHeaderBytes + config.mtu
  }

  /** Writes what a connection has to send, at most `limit` segments. */
  transmit(record: ConnectionRecord, limit: number, nowUs: number, writer: FrameWriter): TransmitOutcome {
    const { connection } = record
    for (let sent = 0; sent < limit; sent++) {
      const at = writer.reserve(this.maxFrameBytes)
      if (at < 0) {
        if (writer.count === 0) throw new Error(`a writer of ${writer.capacityBytes} bytes cannot take a frame of ${this.maxFrameBytes}`)
        return 'full'
      }
      const segment = connection.pollTransmit(nowUs)
      if (segment === null) return 'done'
      const length = record.isV6 ? this.writeFrame6(record, segment, writer.bytes, at) : this.writeFrame(record, segment, writer.bytes, at)
      if (length < 0) continue
      if (segment.isRetransmission) this.statistics.tcp.retransmitted++
      const mayLeave = record.isV6 ? this.addressFrame6(record, writer.bytes, at, length, nowUs) : this.addressFrame(record, writer.bytes, at, length, nowUs)
      if (mayLeave) writer.commit(length)
    }
    return 'more'
  }

  /** Sends a segment that belongs to no connection, as an answer. */
  sendAlone(segment: TcpSegment, source: IpAddress, destination: IpAddress, nowUs: number): void {
    const isV4 = typeof source === 'number' || typeof destination === 'number'
    const isSent = isV4 ? this.sendAlone4(segment, Number(source), Number(destination), nowUs) : this.sendAlone6(segment, source, destination, nowUs)
    if (!isSent) return
    this.statistics.tcp.out++
    if ((segment.flags & TcpFlag.rst) !== 0) this.statistics.tcp.resetsOut++
  }

  private sendAlone4(segment: TcpSegment, source: number, destination: number, nowUs: number): boolean {
    const frame = this.ip.scratch
    const length = writeSegment(segment, frame, ipv4PayloadAt, frame.length - ipv4PayloadAt)
    if (length < 0) return false
    fillTcpChecksum(frame, ipv4PayloadAt, length, pseudoHeaderSum4Of(source, destination, IpProtocol.tcp, length))
    return this.ip.send(source, destination, IpProtocol.tcp, length, nowUs)
  }

  private sendAlone6(segment: TcpSegment, source: Uint8Array, destination: Uint8Array, nowUs: number): boolean {
    const { output } = this.ipv6!
    const length = writeSegment(segment, output.scratch, ipv6PayloadAt, output.scratch.length - ipv6PayloadAt)
    if (length < 0) return false
    fillTcpChecksum(output.scratch, ipv6PayloadAt, length, pseudoHeaderSum6Of(source, destination, IpProtocol.tcp, length))
    return output.send(source, destination, IpProtocol.tcp, length, nowUs)
  }

  private writeFrame(record: ConnectionRecord, segment: TcpSegment, bytes: Uint8Array, at: number): number {
    const length = writeSegment(segment, bytes, at + ipv4PayloadAt, this.maxFrameBytes - ipv4PayloadAt)
    if (length < 0) {
      this.statistics.ipv4.tooBig++
      return -1
    }
    const { headers, remoteV4 } = record
    bytes.set(headers.bytes, at)
    writeU32(bytes, at + ethernetHeaderBytes + 16, remoteV4)
    const ident = this.ip.nextIdent()
    const total = ipv4HeaderBytes + length
    writeU16(bytes, at + ethernetHeaderBytes + 2, total)
    writeU16(bytes, at + ethernetHeaderBytes + 4, ident)
    // The connection's type of service leaves the two bits free.
    bytes[at + ethernetHeaderBytes + 1] |= segment.ecn
    writeU16(bytes, at + ethernetHeaderBytes + 10, foldChecksum(headers.sum + (remoteV4 >>> 16) + (remoteV4 & 0xffff) + segment.ecn + total + ident))
    fillTcpChecksum(bytes, at + ipv4PayloadAt, length, record.pseudoSum + length)
    this.statistics.tcp.out++
    this.statistics.ipv4.out++
    return ipv4PayloadAt + length
  }

  private writeFrame6(record: ConnectionRecord, segment: TcpSegment, bytes: Uint8Array, at: number): number {
    const length = writeSegment(segment, bytes, at + ipv6PayloadAt, this.maxFrameBytes - ipv6PayloadAt)
    if (length < 0) {
      this.statistics.ipv6.tooBig++
      return -1
    }
    copyBytes(record.headers.bytes, 0, bytes, at, ipv6PayloadAt - 16)
    copyBytes(record.remoteAddress as Uint8Array, 0, bytes, at + ipv6PayloadAt - 16, 16)
    bytes[at + ethernetHeaderBytes + 1] |= segment.ecn << 4
    writeU16(bytes, at + ethernetHeaderBytes + 4, length)
    fillTcpChecksum(bytes, at + ipv6PayloadAt, length, record.pseudoSum + length)
    this.statistics.tcp.out++
    this.statistics.ipv6.out++
    return ipv6PayloadAt + length
  }

  /** Fills in the next hop's MAC; false when the frame has to wait for ARP, or has no way. */
  private addressFrame(record: ConnectionRecord, bytes: Uint8Array, at: number, length: number, nowUs: number): boolean {
    let { neighbour } = record
    if (neighbour === null || !neighbour.isListed) {
      neighbour = record.neighbour = this.ip.route(record.remoteV4, nowUs)
      if (neighbour === null) {
        this.statistics.ipv4.noRoute++
        return false
      }
    } else if (!neighbour.isUsable(nowUs)) {
      this.arp.neighbours.refresh(neighbour, nowUs)
    } else {
      neighbour.usedUs = nowUs
    }
    if (!neighbour.hasMac) {
      this.arp.neighbours.hold(neighbour, bytes.slice(at, at + length))
      return false
    }
    copyBytes(neighbour.mac, 0, bytes, at, 6)
    return true
  }

  /** The same with neighbour discovery in the place of ARP. */
  private addressFrame6(record: ConnectionRecord, bytes: Uint8Array, at: number, length: number, nowUs: number): boolean {
    const { ndp, output } = this.ipv6!
    let neighbour = record.neighbour6
    if (neighbour === null || !neighbour.isListed) {
      neighbour = record.neighbour6 = output.route(record.remoteAddress as Uint8Array, nowUs)
      if (neighbour === null) {
        this.statistics.ipv6.noRoute++
        return false
      }
    } else {
      ndp.cache.use(neighbour, nowUs)
    }
    if (!neighbour.hasMac) {
      ndp.cache.hold(neighbour, bytes.slice(at, at + length))
      return false
    }
    copyBytes(neighbour.mac, 0, bytes, at, 6)
    return true
  }
}
