import type { FindingProof } from '../rpc/packets-contract.ts'

const chunkBits = 12
const chunkRows = 1 << chunkBits
const chunkMask = chunkRows - 1
const wordsEach = 6
const nothing = new Int32Array(0)

/**
 * Proofs of findings, in the order of their packets: only packets that have one take room.
 *
 *     words   [packet, finding bits, first and second operand, first and second packet] for each, 4,096 to a chunk
 */
export class FindingProofs {
  count = 0
  /** The first row that has not left. */
  private first = 0
  private readonly chunks: Int32Array[] = []

  add(packet: number, finding: number, first: number, second: number, firstPacket: number, secondPacket: number): void {
    const row = this.count++
    const i = (row & chunkMask) * wordsEach
    if (row >>> chunkBits === this.chunks.length) this.chunks.push(new Int32Array(chunkRows * wordsEach))
    const words = this.chunks[row >>> chunkBits]
    words[i] = packet
    words[i + 1] = finding
    words[i + 2] = first
    words[i + 3] = second
    words[i + 4] = firstPacket
    words[i + 5] = secondPacket
  }

  /** Forgets all of them; their room is used again. */
  clear(): void {
    this.count = 0
  }

  /** All proofs of a packet, in the order of the rules. */
  of(packet: number): FindingProof[] {
    const found: FindingProof[] = []
    for (let row = this.firstRowOf(packet); row < this.count && this.word(row, 0) === packet; row++) {
      found.push({
        finding: this.word(row, 1), first: this.word(row, 2), second: this.word(row, 3), firstPacket: this.word(row, 4), secondPacket: this.word(row, 5),
      })
    }
    return found
  }

  /** Proofs of packets before `packet` leave. */
  leaveBefore(packet: number): void {
    const first = this.firstRowOf(packet)
    for (let chunk = this.first >>> chunkBits; chunk < first >>> chunkBits; chunk++) this.chunks[chunk] = nothing
    this.first = first
  }

  private firstRowOf(packet: number): number {
    let low = this.first
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.word(middle, 0) < packet) low = middle + 1
      else high = middle
    }
    return low
  }

  private word(row: number, column: number): number {
    return this.chunks[row >>> chunkBits][(row & chunkMask) * wordsEach + column]
  }
}
