const firstBits = 3
const largestBits = 12
const nothing = new Uint32Array(0)
const geometricBlocks = largestBits - firstBits + 1
/** Entries in the blocks that double: 8, 16, ... 4096. */
const geometricEntries = (1 << (largestBits + 1)) - (1 << firstBits)

/**
 * Ascending packet numbers of one flow: the first one beside, the others in blocks that double up to 4,096 entries and then
 * stay at that. A flow of one packet (a scan, a flood) costs nothing more, a long one is never copied.
 */
export class PacketList {
  /** Packets that were pushed, and those of them that have left. */
  private pushed = 0
  private left = 0
  /** The packet that was pushed last; 0 none. */
  last = 0
  private first = 0
  private blocks: Uint32Array[] | null = null
  /** The block that is being filled, and how far. */
  private open = nothing
  private used = 0

  push(packet: number): void {
    this.last = packet
    if (this.pushed++ === 0) {
      this.first = packet
      return
    }
    if (this.used === this.open.length) this.openBlock()
    this.open[this.used++] = packet
  }

  get length(): number { return this.pushed - this.left }

  /** The packet at a position below `length`. */
  at(position: number): number {
    const place = position + this.left
    if (place === 0) return this.first
    const block = blockOf(place - 1)
    return this.blocks![block][place - 1 - startOf(block)]
  }

  /** Packets before `packet` leave; the others stand at lower positions then. */
  leaveBefore(packet: number): void {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.at(middle) < packet) low = middle + 1
      else high = middle
    }
    this.left += low
    if (this.blocks === null) return
    const kept = this.length === 0 ? this.blocks.length - 1 : Math.max(0, blockOf(this.left - 1))
    for (let block = kept - 1; block >= 0 && this.blocks[block] !== nothing; block--) this.blocks[block] = nothing
  }

  /** Position of a packet, or -1. */
  indexOf(packet: number): number {
    let low = 0
    let high = this.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const found = this.at(middle)
      if (found === packet) return middle
      if (found < packet) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  private openBlock(): void {
    this.blocks ??= []
    this.open = new Uint32Array(1 << Math.min(firstBits + this.blocks.length, largestBits))
    this.used = 0
    this.blocks.push(this.open)
  }
}

function blockOf(i: number): number {
  if (i >= geometricEntries) return geometricBlocks + ((i - geometricEntries) >>> largestBits)
  return 31 - Math.clz32(i + (1 << firstBits)) - firstBits
}

function startOf(block: number): number {
  if (block >= geometricBlocks) return geometricEntries + ((block - geometricBlocks) << largestBits)
  return (1 << (firstBits + block)) - (1 << firstBits)
}
