const firstBits = 3
const largestBits = 12
const geometricBlocks = largestBits - firstBits + 1
/** Entries in the blocks that double: 8, 16, ... 4096. */
const geometricEntries = (1 << (largestBits + 1)) - (1 << firstBits)

/**
 * Ascending packet numbers of one flow, in blocks that double up to 4,096 entries and then stay at that: a short flow
 * costs a few bytes, a long one is never copied.
 */
export class PacketList {
  length = 0
  private readonly blocks: Uint32Array[] = []

  push(packet: number): void {
    const i = this.length++
    const block = blockOf(i)
    if (block === this.blocks.length) this.blocks.push(new Uint32Array(1 << Math.min(firstBits + block, largestBits)))
    this.blocks[block][i - startOf(block)] = packet
  }

  at(i: number): number {
    const block = blockOf(i)
    return this.blocks[block][i - startOf(block)]
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
}

function blockOf(i: number): number {
  if (i >= geometricEntries) return geometricBlocks + ((i - geometricEntries) >>> largestBits)
  return 31 - Math.clz32(i + (1 << firstBits)) - firstBits
}

function startOf(block: number): number {
  if (block >= geometricBlocks) return geometricEntries + ((block - geometricBlocks) << largestBits)
  return (1 << (firstBits + block)) - (1 << firstBits)
}
