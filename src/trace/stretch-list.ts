/** What a stretch of a reassembled stream is. */
export const StretchKind = { data: 0, hole: 1, overlap: 2, conflict: 3 } as const
export const stretchKindNames = ['data', 'hole', 'overlap', 'conflict'] as const
export type StretchKindName = typeof stretchKindNames[number]

/** Columns of stretches, in the order in which they were added. */
export class StretchList {
  count = 0
  /** Of the first byte in the stream; the byte behind the SYN is 0. */
  offset = new Float64Array(64)
  length = new Float64Array(64)
  /** The packet that holds the bytes. Of a hole: one that was captured without them, or 0. */
  packet = new Uint32Array(64)
  /** Where the bytes begin in the packet's payload; 0 of a hole. */
  at = new Float64Array(64)
  kind = new Uint8Array(64)

  add(offset: number, length: number, packet: number, at: number, kind: number): void {
    if (this.count === this.kind.length) this.grow()
    const i = this.count++
    this.offset[i] = offset
    this.length[i] = length
    this.packet[i] = packet
    this.at[i] = at
    this.kind[i] = kind
  }

  /** The same stretches by offset, then kind, then packet. */
  sorted(): StretchList {
    const order = new Uint32Array(this.count)
    for (let i = 0; i < this.count; i++) order[i] = i
    order.sort((a, b) => this.offset[a] - this.offset[b] || this.kind[a] - this.kind[b] || this.packet[a] - this.packet[b])
    const list = new StretchList()
    for (const i of order) list.add(this.offset[i], this.length[i], this.packet[i], this.at[i], this.kind[i])
    return list
  }

  private grow(): void {
    const capacity = 2 * this.kind.length
    const { offset, length, packet, at, kind } = this
    this.offset = new Float64Array(capacity)
    this.length = new Float64Array(capacity)
    this.packet = new Uint32Array(capacity)
    this.at = new Float64Array(capacity)
    this.kind = new Uint8Array(capacity)
    this.offset.set(offset)
    this.length.set(length)
    this.packet.set(packet)
    this.at.set(at)
    this.kind.set(kind)
  }
}
