import { bytesEqual, readU32 } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import type { ConnectionRecord } from './connection-record.ts'

/**
 * Connections by local address, remote address and ports: an open-addressing hash over typed arrays, so that finding the connection
 * of a segment allocates nothing. The hash is keyed with secret numbers, so that nobody outside can make it collide.
 *
 *     buckets   slot + 1, or 0 where empty; a power of two, at most half full
 *     records   by slot; a slot is a small number that is used again
 *     hashes    by slot
 */
export class ConnectionTable {
  readonly limit: number
  private readonly seeds: readonly [number, number, number]
  private buckets = new Int32Array(64)
  private hashes = new Int32Array(32)
  private readonly records: (ConnectionRecord | null)[] = []
  private readonly freeSlots: number[] = []
  private used = 0

  constructor(limit: number, random: Random) {
    this.limit = limit
    this.seeds = [random.nextU32() | 0, random.nextU32() | 0, random.nextU32() | 0]
  }

  get count(): number {
    return this.used
  }

  get isFull(): boolean {
    return this.used >= this.limit
  }

  find(local: number, remote: number, localPort: number, remotePort: number): ConnectionRecord | null {
    const mask = this.buckets.length - 1
    for (let bucket = this.hash(local, remote, localPort, remotePort) & mask; ; bucket = (bucket + 1) & mask) {
      const slot = this.buckets[bucket] - 1
      if (slot < 0) return null
      const record = this.records[slot]!
      if (record.remoteV4 === remote && record.remotePort === remotePort && record.localPort === localPort && record.localV4 === local) return record
    }
  }

  /** The same for IPv6 addresses. */
  find6(local: Uint8Array, remote: Uint8Array, localPort: number, remotePort: number): ConnectionRecord | null {
    const mask = this.buckets.length - 1
    for (let bucket = this.hash6(local, remote, localPort, remotePort) & mask; ; bucket = (bucket + 1) & mask) {
      const slot = this.buckets[bucket] - 1
      if (slot < 0) return null
      const record = this.records[slot]!
      if (record.isV6 && record.remotePort === remotePort && record.localPort === localPort
        && bytesEqual(record.remoteAddress as Uint8Array, remote) && bytesEqual(record.localAddress as Uint8Array, local)) return record
    }
  }

  at(slot: number): ConnectionRecord {
    return this.records[slot]!
  }

  /** The slot the next {@link add} will use. */
  nextSlot(): number {
    return this.freeSlots.length > 0 ? this.freeSlots[this.freeSlots.length - 1] : this.records.length
  }

  /** The record's slot must be {@link nextSlot}; the caller has checked `isFull` and that there is no such connection yet. */
  add(record: ConnectionRecord): void {
    const { slot } = record
    if (this.freeSlots.length > 0) this.freeSlots.pop()
    this.records[slot] = record
    if (slot >= this.hashes.length) this.hashes = grown(this.hashes, slot + 1)
    this.hashes[slot] = this.hashOf(record)
    this.used++
    if (this.used * 2 > this.buckets.length) this.rehash(this.buckets.length * 2)
    else this.place(slot)
  }

  remove(record: ConnectionRecord): void {
    const { slot } = record
    const mask = this.buckets.length - 1
    let hole = this.hashes[slot] & mask
    while (this.buckets[hole] !== slot + 1) hole = (hole + 1) & mask
    // Backward shift: what probed past the hole moves into it, so that no tombstones pile up.
    for (let next = (hole + 1) & mask; this.buckets[next] !== 0; next = (next + 1) & mask) {
      const home = this.hashes[this.buckets[next] - 1] & mask
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      this.buckets[hole] = this.buckets[next]
      hole = next
    }
    this.buckets[hole] = 0
    this.records[slot] = null
    this.freeSlots.push(slot)
    this.used--
  }

  * [Symbol.iterator](): Iterator<ConnectionRecord> {
    for (const record of this.records) if (record !== null) yield record
  }

  private place(slot: number): void {
    const mask = this.buckets.length - 1
    let bucket = this.hashes[slot] & mask
    while (this.buckets[bucket] !== 0) bucket = (bucket + 1) & mask
    this.buckets[bucket] = slot + 1
  }

  private rehash(size: number): void {
    this.buckets = new Int32Array(size)
    for (let slot = 0; slot < this.records.length; slot++) if (this.records[slot] !== null) this.place(slot)
  }

  private hashOf(record: ConnectionRecord): number {
    const { localPort, remotePort } = record
    if (record.isV6) return this.hash6(record.localAddress as Uint8Array, record.remoteAddress as Uint8Array, localPort, remotePort)
    return this.hash(record.localV4, record.remoteV4, localPort, remotePort)
  }

  /** Each address becomes 32 bits, keyed too, before they are mixed with the ports. */
  private hash6(local: Uint8Array, remote: Uint8Array, localPort: number, remotePort: number): number {
    return this.hash(this.fold(local), this.fold(remote), localPort, remotePort)
  }

  private fold(address: Uint8Array): number {
    let h = this.seeds[0] ^ this.seeds[2]
    for (let at = 0; at < 16; at += 4) {
      h = Math.imul((h ^ readU32(address, at)) + this.seeds[1], 0x85ebca6b)
      h ^= h >>> 15
    }
    return h
  }

  private hash(local: number, remote: number, localPort: number, remotePort: number): number {
    let h = Math.imul((remote | 0) ^ this.seeds[0], 0x9e3779b1)
    h = Math.imul((h ^ (h >>> 15)) + (((localPort << 16) | remotePort) ^ this.seeds[1]), 0x85ebca6b)
    h = Math.imul((h ^ (h >>> 13)) + ((local | 0) ^ this.seeds[2]), 0xc2b2ae35)
    return h ^ (h >>> 16)
  }
}

function grown(array: Int32Array<ArrayBuffer>, need: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(need, array.length * 2))
  larger.set(array)
  return larger
}
