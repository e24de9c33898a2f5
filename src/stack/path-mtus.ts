import { hex } from '../base/bytes.ts'
import type { IpAddress } from './ip-address.ts'

export const pathMtuLimits = {
  /** Destinations; the one that was noted first gives way. */
  entries: 256,
  /** After that long the path may have become wider (RFC 1191 §6.3). */
  agesUs: 600e6,
} as const

interface PathMtu { readonly mtu: number, readonly untilUs: number }

/** What is known of the paths to destinations that do not take what the first hop takes (RFC 1191 §5, RFC 8201 §5.2). */
export class PathMtus {
  private readonly entries = new Map<number | string, PathMtu>()

  get count(): number {
    return this.entries.size
  }

  /** Bytes of the largest IP packet to a destination; -1 where nothing is known. */
  find(destination: IpAddress, nowUs: number): number {
    if (this.entries.size === 0) return -1
    const key = keyOf(destination)
    const entry = this.entries.get(key)
    if (entry === undefined) return -1
    if (entry.untilUs > nowUs) return entry.mtu
    this.entries.delete(key)
    return -1
  }

  /** Notes what a message that was believed has said. */
  note(destination: IpAddress, mtu: number, nowUs: number): void {
    const key = keyOf(destination)
    this.entries.delete(key)
    if (this.entries.size >= pathMtuLimits.entries) for (const oldest of this.entries.keys()) { this.entries.delete(oldest); break }
    this.entries.set(key, { mtu, untilUs: nowUs + pathMtuLimits.agesUs })
  }

  clear(): void {
    this.entries.clear()
  }
}

function keyOf(destination: IpAddress): number | string {
  return typeof destination === 'number' ? destination : hex(destination)
}
