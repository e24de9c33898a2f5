/** What may stand between the start of a frame and its IP or ARP packet, besides Ethernet and the cooked headers. */
export const shimKinds = ['radiotap', 'prism', 'ppi', 'wlan', 'llc', 'snap', 'ppp', 'pppoe', 'mpls', 'chdlc', 'medium', 'tag'] as const
export type ShimKind = typeof shimKinds[number]

/** More than this are not followed. */
export const maxShims = 24

/**
 * The headers between link and network layer, one behind the other, as spans of the frame. None of them says anything that a
 * connection depends on, so they are found and left as they are; their bytes come back unchanged when a frame is encoded.
 */
export class LinkShims {
  count = 0
  readonly kinds = new Uint8Array(maxShims)
  /** In the array that was decoded. */
  readonly offsets = new Uint32Array(maxShims)
  readonly lengths = new Uint16Array(maxShims)
  /** The EtherType of what follows; 0 where it has none, or where there is nothing to read (management frames, encrypted ones). */
  etherType = 0
  /** Behind the last header. */
  end = 0

  clear(): void {
    this.count = 0
    this.etherType = 0
    this.end = 0
  }

  /** @returns false where there are too many */
  add(kind: ShimKind, offset: number, length: number): boolean {
    if (this.count === maxShims) return false
    this.kinds[this.count] = shimKinds.indexOf(kind)
    this.offsets[this.count] = offset
    this.lengths[this.count++] = length
    this.end = offset + length
    return true
  }

  /** The first header begins `bytes` earlier. */
  takeIn(bytes: number): void {
    this.offsets[0] -= bytes
    this.lengths[0] += bytes
  }
}
