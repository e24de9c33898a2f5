import { RangeSet } from '../base/range-set.ts'
import type { Packet } from '../wire/packet.ts'

/** A TCP header with all its options. */
const headBytes = 60
/** More datagrams in pieces are not kept: the oldest is forgotten. */
const datagramsAtMost = 256
const piecesAtMost = 128

interface Datagram {
  readonly head: Uint8Array
  readonly pieces: RangeSet
  /** -1 until the last piece has come. */
  totalBytes: number
}

/**
 * Puts TCP segments together that came in IP fragments, as far as the tracker needs it: how long they are, and their header.
 */
export class FragmentTable {
  private readonly datagrams = new Map<string, Datagram>()

  /**
   * Takes a fragment that was captured whole.
   * @returns the datagram's first bytes and its length above IP, once nothing of it is missing; null before
   */
  add(packet: Packet, bytes: Uint8Array): { head: Uint8Array, totalBytes: number } | null {
    const isV4 = packet.ipVersion === 4
    const offset = 8 * (isV4 ? packet.ipv4.fragmentOffset : packet.extensions.fragmentOffset)
    const hasMore = isV4 ? (packet.ipv4.flags & 1) !== 0 : packet.extensions.moreFragments
    const length = packet.ipOffset + packet.ipLengthOnWire - packet.transportOffset
    if (length <= 0) return null
    const key = keyOf(packet)
    const datagram = this.datagrams.get(key) ?? this.open(key)
    if (!hasMore) datagram.totalBytes = offset + length
    datagram.pieces.add(offset, offset + length)
    if (offset < headBytes) datagram.head.set(bytes.subarray(packet.transportOffset, packet.transportOffset + Math.min(length, headBytes - offset)), offset)
    if (datagram.totalBytes < 0 || !datagram.pieces.covers(0, datagram.totalBytes)) return null
    this.datagrams.delete(key)
    return { head: datagram.head, totalBytes: datagram.totalBytes }
  }

  private open(key: string): Datagram {
    if (this.datagrams.size >= datagramsAtMost) this.datagrams.delete(this.datagrams.keys().next().value!)
    const datagram = { head: new Uint8Array(headBytes), pieces: new RangeSet(piecesAtMost), totalBytes: -1 }
    this.datagrams.set(key, datagram)
    return datagram
  }
}

/** RFC 791 §3.2, RFC 8200 §4.5: pieces of one datagram have these in common. */
function keyOf(packet: Packet): string {
  if (packet.ipVersion === 4) return `${packet.ipv4.source} ${packet.ipv4.destination} ${packet.ipv4.identification}`
  return `${packet.ipv6.source.join()} ${packet.ipv6.destination.join()} ${packet.extensions.fragmentId}`
}
