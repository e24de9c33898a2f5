const chunkBits = 16
const chunkPackets = 1 << chunkBits
const chunkMask = chunkPackets - 1
const wordsEach = 4
const valuesEach = 3
const firstRows = 64

/** What was found in one packet. */
export interface InsightRow {
  /** Place in `insightTable`. */
  kind: number
  values: readonly [number, number, number]
  /** The packets that prove it; 0 none. */
  packets: readonly [number, number]
}

/** Rows of 65,536 packets. They may come in any order: what proves something of a packet is often a later one. */
class Chunk {
  /** By packet: one more than its latest row; 0 none. */
  heads: Uint32Array | null = null
  /** By packet: bits of what many packets have and what needs no operands of its own. */
  marks: Uint8Array | null = null
  count = 0
  /** [kind, first and second packet, one more than the packet's row before] for each. */
  words = new Uint32Array(firstRows * wordsEach)
  values = new Float64Array(firstRows * valuesEach)

  add(place: number, kind: number, a: number, b: number, c: number, firstPacket: number, secondPacket: number): void {
    if (this.count * wordsEach === this.words.length) this.grow()
    const row = this.count++
    const w = row * wordsEach
    this.words[w] = kind
    this.words[w + 1] = firstPacket
    this.words[w + 2] = secondPacket
    this.heads ??= new Uint32Array(chunkPackets)
    this.words[w + 3] = this.heads[place]
    const v = row * valuesEach
    this.values[v] = a
    this.values[v + 1] = b
    this.values[v + 2] = c
    this.heads[place] = row + 1
  }

  private grow(): void {
    const words = new Uint32Array(this.words.length * 2)
    words.set(this.words)
    this.words = words
    const values = new Float64Array(this.values.length * 2)
    values.set(this.values)
    this.values = values
  }
}

/**
 * Insights by packet. Only packets that have any take rows; the oldest give way once there are too many. Behind a packet's first row the
 * others hang as a list, so that what a later packet proves can be said of an earlier one.
 */
export class InsightRows {
  /** Rows that are kept. */
  count = 0
  /** Rows that gave way. */
  forgotten = 0
  private readonly chunks = new Map<number, Chunk>()

  constructor(private readonly rowsAtMost = 1 << 20) {}

  /** @param packet counts from 1 */
  add(packet: number, kind: number, a: number, b: number, c: number, firstPacket: number, secondPacket: number): void {
    this.chunkOf(packet).add((packet - 1) & chunkMask, kind, a, b, c, firstPacket, secondPacket)
    if (++this.count > this.rowsAtMost) this.forgetOldest()
  }

  mark(packet: number, bits: number): void {
    const chunk = this.chunkOf(packet)
    chunk.marks ??= new Uint8Array(chunkPackets)
    chunk.marks[(packet - 1) & chunkMask] |= bits
  }

  marksOf(packet: number): number {
    return this.chunks.get((packet - 1) >>> chunkBits)?.marks?.[(packet - 1) & chunkMask] ?? 0
  }

  has(packet: number): boolean {
    return (this.chunks.get((packet - 1) >>> chunkBits)?.heads?.[(packet - 1) & chunkMask] ?? 0) !== 0
  }

  /** All rows of a packet, in the order in which they came. */
  of(packet: number): InsightRow[] {
    const chunk = this.chunks.get((packet - 1) >>> chunkBits)
    const found: InsightRow[] = []
    if (chunk === undefined || chunk.heads === null) return found
    const { words, values } = chunk
    for (let next = chunk.heads[(packet - 1) & chunkMask]; next !== 0;) {
      const w = (next - 1) * wordsEach
      const v = (next - 1) * valuesEach
      found.push({ kind: words[w], values: [values[v], values[v + 1], values[v + 2]], packets: [words[w + 1], words[w + 2]] })
      next = words[w + 3]
    }
    return found.reverse()
  }

  /** Forgets all packets below one. */
  forgetBefore(packet: number): void {
    for (const [number, chunk] of this.chunks) if ((number + 1) * chunkPackets < packet) this.drop(number, chunk)
  }

  private chunkOf(packet: number): Chunk {
    const number = (packet - 1) >>> chunkBits
    let chunk = this.chunks.get(number)
    if (chunk === undefined) this.chunks.set(number, chunk = new Chunk())
    return chunk
  }

  private drop(number: number, chunk: Chunk): void {
    this.count -= chunk.count
    this.forgotten += chunk.count
    this.chunks.delete(number)
  }

  /** Drops the packets of one chunk, the earliest that is kept; the only one stays, and a packet has few rows. */
  private forgetOldest(): void {
    if (this.chunks.size < 2) return
    let oldest = Infinity
    for (const number of this.chunks.keys()) if (number < oldest) oldest = number
    this.drop(oldest, this.chunks.get(oldest)!)
  }
}
