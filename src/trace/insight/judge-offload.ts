import { readU16 } from '../../base/bytes.ts'
import { foldChecksum, foldSum, pseudoHeaderSum4Of, pseudoHeaderSum6, sumBytes } from '../../wire/checksum.ts'
import { IpProtocol } from '../../wire/ipv4.ts'
import type { SegmentHeader } from '../segment-header.ts'
import type { SegmentFacts } from './segment-facts.ts'

/**
 * Whether the checksum is what a sender with transmit offload leaves for its network card to finish: the folded sum of the pseudo-header
 * (RFC 9293 §3.1), with the length or, as large sends have it, without.
 * @param capturedEnd behind the last byte of the frame
 */
export function hasUnfinishedChecksum(segment: SegmentFacts, header: SegmentHeader, bytes: Uint8Array, ipAt: number, capturedEnd: number): boolean {
  const transportAt = header.optionsAt - 20
  const headerBytes = (bytes[transportAt + 12] >>> 4) * 4
  const length = headerBytes + segment.length
  const bare = header.isV6 ? pseudoHeaderSum6(bytes, ipAt + 8, ipAt + 24, IpProtocol.tcp, 0)
    : pseudoHeaderSum4Of(header.source >>> 0, header.destination >>> 0, IpProtocol.tcp, 0)
  const stored = readU16(bytes, transportAt + 16)
  if (stored !== foldSum(bare + length) && stored !== foldSum(bare)) return false
  // One checksum in 65,536 is that number and right.
  return transportAt + length > capturedEnd || foldChecksum(sumBytes(bytes, transportAt, length, bare + length)) !== 0
}
