import { readU16 } from '../../base/bytes.ts'
import { readSegment } from '../../stack/tcp-segment-codec.ts'
import { TcpSegment } from '../../tcp/segment.ts'
import { pseudoHeaderSum4, pseudoHeaderSum6 } from '../../wire/checksum.ts'
import { ethernetHeaderBytes, EtherType } from '../../wire/ethernet.ts'
import { ipv4HeaderBytes, isIpv4ChecksumGood, IpProtocol } from '../../wire/ipv4.ts'
import { ipv6HeaderBytes } from '../../wire/ipv6.ts'
import { isTcpChecksumGood, tcpHeaderBytes } from '../../wire/tcp.ts'

/** The segment of a frame that carries a whole one with good checksums; null for every other frame. It is good until the next call. */
export function tcpOfFrame(bytes: Uint8Array, at: number, length: number): TcpSegment | null {
  const type = readU16(bytes, at + 12)
  if (type === EtherType.ipv4) return tcpOfIpv4(bytes, at, length)
  if (type === EtherType.ipv6) return tcpOfIpv6(bytes, at, length)
  return null
}

const segment = new TcpSegment()

function tcpOfIpv4(bytes: Uint8Array, at: number, length: number): TcpSegment | null {
  const ipAt = at + ethernetHeaderBytes
  const headerBytes = (bytes[ipAt] & 0xf) * 4
  const total = readU16(bytes, ipAt + 2)
  const isWhole = (readU16(bytes, ipAt + 6) & 0x3fff) === 0
  const isTcp = bytes[ipAt] >>> 4 === 4 && headerBytes >= ipv4HeaderBytes && bytes[ipAt + 9] === IpProtocol.tcp
  if (!isTcp || !isWhole || total > length - ethernetHeaderBytes || !isIpv4ChecksumGood(bytes, ipAt)) return null
  const tcpLength = total - headerBytes
  return tcpAt(bytes, ipAt + headerBytes, tcpLength, pseudoHeaderSum4(bytes, ipAt + 12, ipAt + 16, IpProtocol.tcp, tcpLength))
}

function tcpOfIpv6(bytes: Uint8Array, at: number, length: number): TcpSegment | null {
  const ipAt = at + ethernetHeaderBytes
  const tcpLength = readU16(bytes, ipAt + 4)
  if (bytes[ipAt] >>> 4 !== 6 || tcpLength > length - ethernetHeaderBytes - ipv6HeaderBytes || bytes[ipAt + 6] !== IpProtocol.tcp) return null
  return tcpAt(bytes, ipAt + ipv6HeaderBytes, tcpLength, pseudoHeaderSum6(bytes, ipAt + 8, ipAt + 24, IpProtocol.tcp, tcpLength))
}

function tcpAt(bytes: Uint8Array, at: number, length: number, pseudoSum: number): TcpSegment | null {
  if (length < tcpHeaderBytes || !isTcpChecksumGood(bytes, at, length, pseudoSum) || !readSegment(bytes, at, length, segment)) return null
  segment.optionLength = segment.payloadAt - at - tcpHeaderBytes
  return segment
}
