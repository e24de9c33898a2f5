import { hex } from '../base/bytes.ts'
import { isSameAddress } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'

/** Destinations; the one that was redirected first gives way. */
export const redirectsAtMost = 64

/** The better first hops that routers have told of, by destination (RFC 1122 §3.3.1.2, RFC 4861 §5.1). */
export class Redirects {
  private readonly hops = new Map<number | string, IpAddress>()

  get count(): number {
    return this.hops.size
  }

  /** Null where the way is the usual one. */
  find(destination: IpAddress): IpAddress | null {
    return this.hops.size === 0 ? null : this.hops.get(keyOf(destination)) ?? null
  }

  note(destination: IpAddress, hop: IpAddress): void {
    const key = keyOf(destination)
    this.hops.delete(key)
    if (this.hops.size >= redirectsAtMost) for (const oldest of this.hops.keys()) { this.hops.delete(oldest); break }
    this.hops.set(key, typeof hop === 'number' ? hop : hop.slice())
  }

  /** It does not answer: back to the usual way. */
  forget(hop: IpAddress): void {
    for (const [key, known] of this.hops) if (isSameAddress(known, hop)) this.hops.delete(key)
  }

  clear(): void {
    this.hops.clear()
  }
}

function keyOf(destination: IpAddress): number | string {
  return typeof destination === 'number' ? destination : hex(destination)
}
