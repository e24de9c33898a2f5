import { copyBytes, readU16, writeU16, writeU32 } from '../../base/bytes.ts'
import type { Fault } from '../../base/fault.ts'
import { Direction, FrameBatch, FrameWriter } from '../../link/frame-batch.ts'
import type { FrameSink, Link, LinkInfo, LinkStatistics } from '../../link/link.ts'
import { pseudoHeaderSum6 } from '../../wire/checksum.ts'
import { ethernetHeaderBytes, EtherType } from '../../wire/ethernet.ts'
import { fillIcmpChecksum, icmpHeaderBytes, IcmpType, IcmpUnreachableCode } from '../../wire/icmp.ts'
import { fillIcmpv6Checksum, Icmpv6Type } from '../../wire/icmpv6.ts'
import { fillIpv4Checksum, ipv4HeaderBytes, IpProtocol } from '../../wire/ipv4.ts'
import { ipv6HeaderBytes } from '../../wire/ipv6.ts'

const quotedBytes = 128
const routerMac = Uint8Array.of(0x02, 0x54, 0, 0, 0, 0xfe)
const waitingErrors = 64

/**
 * Decorates a link with a router on the way out whose next hop takes only packets up to `mtu`. What is larger is lost; where the router
 * `tells`, the host hears of it as RFC 1191 and RFC 4443 say, by an error that quotes the packet.
 */
export class NarrowLink implements Link {
  readonly info: LinkInfo
  onReadable: (() => void) | null = null
  onClosed: ((reason: Fault) => void) | null = null
  mtu: number
  tells = false
  lost = 0
  private readonly inner: Link
  private readonly errors = new FrameWriter(waitingErrors, waitingErrors * 256)
  private readonly passing: FrameBatch

  constructor(inner: Link) {
    this.inner = inner
    this.info = inner.info
    this.mtu = inner.info.mtu
    this.passing = new FrameBatch(1)
  }

  drain(sink: FrameSink, maxFrames: number): number {
    const told = this.errors.count
    if (told > 0) {
      this.errors.batch.direction.fill(Direction.received, 0, told)
      sink(this.errors.batch)
      this.errors.clear()
    }
    return told + this.inner.drain(sink, maxFrames)
  }

  send(batch: FrameBatch): number {
    if (this.mtu >= this.info.mtu) return this.inner.send(batch)
    const { passing } = this
    passing.bytes = batch.bytes
    for (let i = 0; i < batch.count; i++) {
      const length = batch.capturedLength[i]
      if (length - ethernetHeaderBytes > this.mtu) {
        this.lost++
        if (this.tells) this.tell(batch.bytes, batch.offset[i], length)
        continue
      }
      passing.clear()
      passing.add(batch.offset[i], length, length, 0, 0, Direction.sent)
      if (this.inner.send(passing) === 0) return i
    }
    return batch.count
  }

  setFilter(expression: string): Fault | null {
    return this.inner.setFilter(expression)
  }

  statistics(into: LinkStatistics): void {
    this.inner.statistics(into)
  }

  nextDeadlineUs(): number {
    return this.errors.count > 0 ? -Infinity : this.inner.nextDeadlineUs()
  }

  close(): void {
    this.inner.close()
  }

  private tell(bytes: Uint8Array, at: number, length: number): void {
    const frame = readU16(bytes, at + 12) === EtherType.ipv4 ? fragmentationNeeded(bytes, at, length, this.mtu) : packetTooBig(bytes, at, length, this.mtu)
    this.errors.write(frame)
  }
}

/** RFC 1191 §4: type 3, code 4, with the MTU of the next hop. The router has the address that the packet was for, as nothing looks at it. */
function fragmentationNeeded(bytes: Uint8Array, at: number, length: number, mtu: number): Uint8Array {
  const quoted = Math.min(quotedBytes, length - ethernetHeaderBytes)
  const frame = errorFrame(bytes, at, ethernetHeaderBytes + ipv4HeaderBytes + icmpHeaderBytes, quoted)
  const total = ipv4HeaderBytes + icmpHeaderBytes + quoted
  frame[14] = 0x45
  writeU16(frame, 16, total)
  frame[22] = 64
  frame[23] = IpProtocol.icmp
  copyBytes(bytes, at + 30, frame, 26, 4)
  copyBytes(bytes, at + 26, frame, 30, 4)
  fillIpv4Checksum(frame, 14)
  frame[34] = IcmpType.unreachable
  frame[35] = IcmpUnreachableCode.fragmentationNeeded
  writeU16(frame, 40, mtu)
  fillIcmpChecksum(frame, 34, icmpHeaderBytes + quoted)
  return frame
}

/** RFC 4443 §3.2. */
function packetTooBig(bytes: Uint8Array, at: number, length: number, mtu: number): Uint8Array {
  const quoted = Math.min(quotedBytes, length - ethernetHeaderBytes)
  const frame = errorFrame(bytes, at, ethernetHeaderBytes + ipv6HeaderBytes + icmpHeaderBytes, quoted)
  frame[14] = 0x60
  writeU16(frame, 18, icmpHeaderBytes + quoted)
  frame[20] = IpProtocol.icmpv6
  frame[21] = 64
  copyBytes(bytes, at + 38, frame, 22, 16)
  copyBytes(bytes, at + 22, frame, 38, 16)
  frame[54] = Icmpv6Type.packetTooBig
  writeU32(frame, 58, mtu)
  fillIcmpv6Checksum(frame, 54, icmpHeaderBytes + quoted, pseudoHeaderSum6(frame, 22, 38, IpProtocol.icmpv6, icmpHeaderBytes + quoted))
  return frame
}

/** A frame back to the sender of `bytes`, with what it quotes in place. */
function errorFrame(bytes: Uint8Array, at: number, headerBytes: number, quoted: number): Uint8Array {
  const frame = new Uint8Array(headerBytes + quoted)
  copyBytes(bytes, at + 6, frame, 0, 6)
  frame.set(routerMac, 6)
  copyBytes(bytes, at + 12, frame, 12, 2)
  copyBytes(bytes, at + ethernetHeaderBytes, frame, headerBytes, quoted)
  return frame
}
