import { readU16 } from '../base/bytes.ts'
import { foldChecksum, foldSum, pseudoHeaderSum4, pseudoHeaderSum6, sumBytes } from './checksum.ts'
import { isIpv4ChecksumGood } from './ipv4.ts'
import { Layer } from './packet.ts'
import type { Packet } from './packet.ts'

/**
 * - `good`, `bad`: computed and compared
 * - `partial`: not the checksum but the folded pseudo-header sum, as a sender with transmit offload leaves it for its NIC
 * - `none`: the sender computed none (UDP over IPv4)
 * - `unknown`: nothing to check, or not all bytes are there (fragment, cut capture, broken header)
 */
export type ChecksumVerdict = 'good' | 'bad' | 'partial' | 'none' | 'unknown'

/** The IPv4 header checksum; `unknown` without an IPv4 header. */
export function checkIpChecksum(packet: Packet, bytes: Uint8Array): ChecksumVerdict {
  if (!(packet.layers & Layer.ipv4)) return 'unknown'
  return isIpv4ChecksumGood(bytes, packet.ipOffset) ? 'good' : 'bad'
}

/** The checksum of TCP, UDP, ICMP or ICMPv6. */
export function checkTransportChecksum(packet: Packet, bytes: Uint8Array): ChecksumVerdict {
  const checksumAt = transportChecksumOffset(packet)
  if (checksumAt < 0 || !isTransportComplete(packet)) return 'unknown'
  const length = transportLength(packet)
  const pseudoSum = transportPseudoSum(packet, bytes)
  const stored = readU16(bytes, checksumAt)
  if (packet.layers & Layer.udp && stored === 0) return packet.ipVersion === 4 ? 'none' : 'bad'
  if (foldChecksum(sumBytes(bytes, packet.transportOffset, length, pseudoSum)) === 0) return 'good'
  return pseudoSum > 0 && stored === foldSum(pseudoSum) ? 'partial' : 'bad'
}

/** What the transport checksum field should hold; -1 where it cannot be computed. */
export function expectedTransportChecksum(packet: Packet, bytes: Uint8Array): number {
  const checksumAt = transportChecksumOffset(packet)
  if (checksumAt < 0 || !isTransportComplete(packet)) return -1
  const sum = sumBytes(bytes, packet.transportOffset, transportLength(packet), transportPseudoSum(packet, bytes))
  // All fields stand at even offsets, so the stored value can be taken out of the sum: adding its complement is subtracting it.
  const expected = foldChecksum(sum + (~readU16(bytes, checksumAt) & 0xffff))
  return packet.layers & Layer.udp ? expected || 0xffff : expected
}

/** Where the transport's checksum field stands; -1 where there is none. */
export function transportChecksumOffset(packet: Packet): number {
  const { layers, transportOffset } = packet
  if (layers & Layer.tcp) return transportOffset + 16
  if (layers & Layer.udp) return transportOffset + 6
  return layers & (Layer.icmp | Layer.icmpv6) ? transportOffset + 2 : -1
}

/** The running sum of the pseudo-header; 0 for ICMP, which has none. */
export function transportPseudoSum(packet: Packet, bytes: Uint8Array): number {
  if (packet.layers & Layer.icmp) return 0
  const at = packet.ipOffset
  const length = transportLength(packet)
  if (packet.ipVersion === 4) return pseudoHeaderSum4(bytes, at + 12, at + 16, packet.protocol, length)
  const final = packet.extensions.finalDestinationAt
  return pseudoHeaderSum6(bytes, at + 8, final < 0 ? at + 24 : final, packet.protocol, length)
}

function transportLength(packet: Packet): number {
  if (packet.layers & Layer.udp && packet.udp.length >= 8) return packet.udp.length
  return packet.ipOffset + packet.ipLengthOnWire - packet.transportOffset
}

function isTransportComplete(packet: Packet): boolean {
  return !packet.isFragment && packet.transportOffset + transportLength(packet) <= packet.frameAt + packet.frameLength
}
