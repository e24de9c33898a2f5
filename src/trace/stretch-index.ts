const blockBits = 9
const blockEntries = 1 << blockBits

/** Behind the last stretch of every index. */
export const nowhere = -1

/**
 * Stretches by offset, in blocks of at most 512, so that one more costs the same wherever it goes. A stretch has a place, which is good until
 * another is put before it; places ascend with offsets.
 */
export class StretchIndex {
  count = 0
  /** Grows with every stretch that did not go to the end: places that were remembered are others then. */
  disorder = 0
  private readonly blocks: Block[] = []

  /** Where offsets are the same, the one that was added first stays first. */
  add(offset: number, length: number, packet: number, at: number, kind: number): void {
    const { blocks } = this
    const tail = blocks.length - 1
    this.count++
    if (tail < 0 || blocks[tail].offset[blocks[tail].count - 1] <= offset) {
      if (tail < 0 || blocks[tail].count === blockEntries) blocks.push(new Block())
      const block = blocks[blocks.length - 1]
      block.put(block.count++, offset, length, packet, at, kind)
      return
    }
    this.disorder++
    let number = Math.max(0, this.blockOf(offset, true))
    if (blocks[number].count === blockEntries) {
      blocks.splice(number + 1, 0, blocks[number].split())
      if (blocks[number + 1].offset[0] <= offset) number++
    }
    blocks[number].insert(blocks[number].upTo(offset, true), offset, length, packet, at, kind)
  }

  /** Place of the first stretch that begins at `offset` or behind. */
  beginningFrom(offset: number): number {
    const number = Math.max(0, this.blockOf(offset, false))
    return this.placeOf(number, number < this.blocks.length ? this.blocks[number].upTo(offset, false) : 0)
  }

  /** Place of the first stretch that ends behind `offset`, where stretches do not overlap. */
  endingAfter(offset: number): number {
    const number = this.blockOf(offset, true)
    if (number < 0) return this.first
    const block = this.blocks[number]
    const i = block.upTo(offset, true) - 1
    return block.offset[i] + block.length[i] > offset ? this.placeOf(number, i) : this.placeOf(number, i + 1)
  }

  get first(): number { return this.count === 0 ? nowhere : 0 }

  get last(): number { return this.count === 0 ? nowhere : ((this.blocks.length - 1) << blockBits) | (this.blocks[this.blocks.length - 1].count - 1) }

  next(place: number): number {
    return this.placeOf(place >>> blockBits, (place & (blockEntries - 1)) + 1)
  }

  offset(place: number): number { return this.blocks[place >>> blockBits].offset[place & (blockEntries - 1)] }
  length(place: number): number { return this.blocks[place >>> blockBits].length[place & (blockEntries - 1)] }
  packet(place: number): number { return this.blocks[place >>> blockBits].packet[place & (blockEntries - 1)] }
  /** Where the bytes begin in the packet's payload. */
  at(place: number): number { return this.blocks[place >>> blockBits].at[place & (blockEntries - 1)] }
  /** Of `StretchKind`. */
  kind(place: number): number { return this.blocks[place >>> blockBits].kind[place & (blockEntries - 1)] }

  /** The last block that begins before `offset`, or at it where that counts; -1 none. */
  private blockOf(offset: number, isEqualBefore: boolean): number {
    let low = 0
    let high = this.blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const begin = this.blocks[middle].offset[0]
      if (begin < offset || (isEqualBefore && begin === offset)) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  private placeOf(number: number, i: number): number {
    if (number < this.blocks.length && i < this.blocks[number].count) return (number << blockBits) | i
    return number + 1 < this.blocks.length ? (number + 1) << blockBits : nowhere
  }
}

class Block {
  count = 0
  readonly offset = new Float64Array(blockEntries)
  readonly length = new Uint32Array(blockEntries)
  readonly packet = new Uint32Array(blockEntries)
  readonly at = new Uint32Array(blockEntries)
  readonly kind = new Uint8Array(blockEntries)

  put(i: number, offset: number, length: number, packet: number, at: number, kind: number): void {
    this.offset[i] = offset
    this.length[i] = length
    this.packet[i] = packet
    this.at[i] = at
    this.kind[i] = kind
  }

  insert(i: number, offset: number, length: number, packet: number, at: number, kind: number): void {
    for (const column of this.columns) column.copyWithin(i + 1, i, this.count)
    this.count++
    this.put(i, offset, length, packet, at, kind)
  }

  /** @returns the upper half */
  split(): Block {
    const upper = new Block()
    const half = blockEntries / 2
    this.columns.forEach((column, i) => { upper.columns[i].set(column.subarray(half)) })
    this.count = upper.count = half
    return upper
  }

  /** How many begin before `offset`, or at it where that counts. */
  upTo(offset: number, isEqualBefore: boolean): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      const begin = this.offset[middle]
      if (begin < offset || (isEqualBefore && begin === offset)) low = middle + 1
      else high = middle
    }
    return low
  }

  private get columns(): readonly [Float64Array, Uint32Array, Uint32Array, Uint32Array, Uint8Array] {
    return [this.offset, this.length, this.packet, this.at, this.kind]
  }
}
