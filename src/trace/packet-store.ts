/** Packet `number` stands in chunk `(number - 1) >>> chunkBits` at `(number - 1) & chunkMask`. */
export const chunkBits = 16
const chunkPackets = 1 << chunkBits
export const chunkMask = chunkPackets - 1

/** What a packet is, as lists name it; the number stands in the store. */
export const protocolNames = ['Ethernet', 'ARP', 'IPv4', 'IPv6', 'ICMP', 'ICMPv6', 'UDP', 'TCP'] as const
export const Protocol = { ethernet: 0, arp: 1, ipv4: 2, ipv6: 3, icmp: 4, icmpv6: 5, udp: 6, tcp: 7 } as const

/**
 * Bits of a packet's `marks`, above the two states of 4 bits each (15: unknown). `quoting`: an ICMP error about its flow; `tunnelled`: its columns
 * are those of a packet within a packet; `unmeasured`: a TCP segment whose length cannot be known.
 */
export const PacketMark = {
  stateChanged: 0x100, retransmission: 0x200, fromServer: 0x400, malformed: 0x800, analysed: 0x1000, fragment: 0x2000, quoting: 0x4000, tunnelled: 0x8000, unmeasured: 0x1_0000,
} as const

const unknownState = 15

/** `sender` and `receiver` are states or -1. */
export function packStates(sender: number, receiver: number): number {
  return (sender & unknownState) | ((receiver & unknownState) << 4)
}

export function senderStateOf(marks: number): number {
  const state = marks & 15
  return state === unknownState ? -1 : state
}

export function receiverStateOf(marks: number): number {
  const state = (marks >>> 4) & 15
  return state === unknownState ? -1 : state
}

/** One packet on its way into the store; made once and filled again and again. */
export class PacketRecord {
  timeSec = 0
  timeNsec = 0
  /** Of the frame's first byte in the recording; -1 where it is not there. */
  fileOffset = -1
  capturedLength = 0
  originalLength = 0
  direction = 0
  protocol: number = Protocol.ethernet
  linkType = 1
  /** -1: none. */
  flow = -1
  /** All 12 bits between data offset and window, the reserved ones included. */
  flags = 0
  seq = 0
  ack = 0
  window = 0
  payloadLength = 0
  /** Bits of {@link PacketMark} and the packed states. */
  marks = 0
  /** Bits of `Finding`. */
  findings = 0
  /** The packet that this one acknowledges; 0 none. */
  acksPacket = 0
  /** Bytes sent and not acknowledged, this packet's included; 0 not known. */
  bytesInFlight = 0
  /** Payload since the last PSH, this packet's included; 0 not counted. */
  pushBytes = 0
  /** The packet before this one in its flow; 0 none. */
  previousInFlow = 0
  /** Shift of the window, -1 where it was not seen, -2 where windows are not scaled; SYNs never are. */
  windowShift = -1
  /** What the flow had shown so far: 1 SYN, 2 SYN+ACK, 4 ACK, 8 data, 16 FIN, 32 RST. */
  completeness = 0
}

/** Of 65,536 packets: the columns of a {@link PacketRecord}. */
export class PacketChunk {
  readonly fileOffset: Float64Array
  readonly timeSec: Uint32Array
  readonly timeNsec: Uint32Array
  readonly capturedLength: Uint32Array
  readonly originalLength: Uint32Array
  readonly seq: Uint32Array
  readonly ack: Uint32Array
  readonly flow: Int32Array
  readonly payloadLength: Uint32Array
  readonly flags: Uint16Array
  readonly window: Uint16Array
  readonly marks: Uint32Array
  readonly linkType: Uint16Array
  readonly direction: Uint8Array
  readonly protocol: Uint8Array
  readonly findings: Uint32Array
  readonly acksPacket: Uint32Array
  readonly bytesInFlight: Uint32Array
  readonly pushBytes: Uint32Array
  readonly previousInFlow: Uint32Array
  readonly windowShift: Int8Array
  readonly completeness: Uint8Array

  constructor(packets = chunkPackets) {
    this.fileOffset = new Float64Array(packets)
    this.timeSec = new Uint32Array(packets)
    this.timeNsec = new Uint32Array(packets)
    this.capturedLength = new Uint32Array(packets)
    this.originalLength = new Uint32Array(packets)
    this.seq = new Uint32Array(packets)
    this.ack = new Uint32Array(packets)
    this.flow = new Int32Array(packets)
    this.payloadLength = new Uint32Array(packets)
    this.flags = new Uint16Array(packets)
    this.window = new Uint16Array(packets)
    this.marks = new Uint32Array(packets)
    this.linkType = new Uint16Array(packets)
    this.direction = new Uint8Array(packets)
    this.protocol = new Uint8Array(packets)
    this.findings = new Uint32Array(packets)
    this.acksPacket = new Uint32Array(packets)
    this.bytesInFlight = new Uint32Array(packets)
    this.pushBytes = new Uint32Array(packets)
    this.previousInFlow = new Uint32Array(packets)
    this.windowShift = new Int8Array(packets)
    this.completeness = new Uint8Array(packets)
  }
}

const bytesEach = 78

/** What {@link PacketStore} takes of frames as it stands. */
export interface FrameTimes {
  readonly count: number
  readonly capturedLength: Uint32Array
  readonly originalLength: Uint32Array
  readonly timeSec: Uint32Array
  readonly timeNsec: Uint32Array
  readonly direction: Uint8Array
}

/**
 * All captured packets in columns, 65,536 to a chunk. Index 0 is packet number 1. Raw bytes stay in the recording; here is
 * where they stand in it. The oldest may leave, a chunk at a time; numbers never change, and of the very first packet what is known stays,
 * because times count from it.
 */
export class PacketStore {
  /** Packets that came, those that have left included. */
  count = 0
  /** Index of the first packet that has not left. */
  first = 0
  readonly chunks: PacketChunk[] = []

  /**
   * Takes what frames bring of themselves; {@link append} follows for each of them, with what was found in it.
   * @param linkType of all frames, or of each
   * @param fileOffsets null: they are nowhere in the recording
   */
  prepare(batch: FrameTimes, linkType: number | Uint16Array, fileOffsets: Float64Array | null): void {
    for (let from = 0; from < batch.count;) {
      const index = this.count + from
      const i = index & chunkMask
      const chunk = this.chunkOf(index)
      const count = Math.min(batch.count - from, chunkPackets - i)
      const end = from + count
      chunk.timeSec.set(batch.timeSec.subarray(from, end), i)
      chunk.timeNsec.set(batch.timeNsec.subarray(from, end), i)
      chunk.capturedLength.set(batch.capturedLength.subarray(from, end), i)
      chunk.originalLength.set(batch.originalLength.subarray(from, end), i)
      chunk.direction.set(batch.direction.subarray(from, end), i)
      if (typeof linkType === 'number') chunk.linkType.fill(linkType, i, i + count)
      else chunk.linkType.set(linkType.subarray(from, end), i)
      if (fileOffsets === null) chunk.fileOffset.fill(-1, i, i + count)
      else chunk.fileOffset.set(fileOffsets.subarray(from, end), i)
      from = end
    }
  }

  /** Takes what was found in the next of the prepared frames. Columns are zero until then, and rare values are all that is written to theirs. */
  append(record: PacketRecord): void {
    const i = this.count & chunkMask
    const chunk = this.chunks[this.count >>> chunkBits]
    this.count++
    chunk.seq[i] = record.seq
    chunk.ack[i] = record.ack
    chunk.flow[i] = record.flow
    chunk.payloadLength[i] = record.payloadLength
    chunk.flags[i] = record.flags
    chunk.window[i] = record.window
    chunk.marks[i] = record.marks
    chunk.protocol[i] = record.protocol
    chunk.previousInFlow[i] = record.previousInFlow
    chunk.windowShift[i] = record.windowShift
    chunk.completeness[i] = record.completeness
    if (record.findings !== 0) chunk.findings[i] = record.findings
    if (record.acksPacket !== 0) chunk.acksPacket[i] = record.acksPacket
    if (record.bytesInFlight === 0) return
    chunk.bytesInFlight[i] = record.bytesInFlight
    chunk.pushBytes[i] = record.pushBytes
  }

  private chunkOf(index: number): PacketChunk {
    const number = index >>> chunkBits
    if (number === this.chunks.length) this.chunks.push(new PacketChunk())
    return this.chunks[number]
  }

  /** Whether a packet is there, by its index. */
  has(index: number): boolean {
    return index >= this.first && index < this.count
  }

  secondOf(index: number): number {
    return this.chunks[index >>> chunkBits].timeSec[index & chunkMask]
  }

  /** Within that second. */
  nanosecondOf(index: number): number {
    return this.chunks[index >>> chunkBits].timeNsec[index & chunkMask]
  }

  /** Packets before `index` have left. @returns their captured bytes */
  leaveBefore(index: number): number {
    let bytes = 0
    for (let i = this.first; i < index; i++) bytes += this.chunks[i >>> chunkBits].capturedLength[i & chunkMask]
    for (let number = this.first >>> chunkBits; number < index >>> chunkBits; number++) this.chunks[number] = number === 0 ? this.originOnly() : gone
    this.first = index
    return bytes
  }

  private originOnly(): PacketChunk {
    const origin = new PacketChunk(1)
    for (const name of Object.keys(origin) as (keyof PacketChunk)[]) origin[name][0] = this.chunks[0][name][0]
    return origin
  }

  /** Bits of `Finding` of packet `index`, which must be below `count`. */
  findingsOf(index: number): number {
    return this.chunks[index >>> chunkBits].findings[index & chunkMask]
  }

  /** Fills `into` with packet `index`, which must be below `count`. */
  read(index: number, into: PacketRecord): void {
    const chunk = this.chunks[index >>> chunkBits]
    const i = index & chunkMask
    into.fileOffset = chunk.fileOffset[i]
    into.timeSec = chunk.timeSec[i]
    into.timeNsec = chunk.timeNsec[i]
    into.capturedLength = chunk.capturedLength[i]
    into.originalLength = chunk.originalLength[i]
    into.seq = chunk.seq[i]
    into.ack = chunk.ack[i]
    into.flow = chunk.flow[i]
    into.payloadLength = chunk.payloadLength[i]
    into.flags = chunk.flags[i]
    into.window = chunk.window[i]
    into.marks = chunk.marks[i]
    into.linkType = chunk.linkType[i]
    into.direction = chunk.direction[i]
    into.protocol = chunk.protocol[i]
    into.findings = chunk.findings[i]
    into.acksPacket = chunk.acksPacket[i]
    into.bytesInFlight = chunk.bytesInFlight[i]
    into.pushBytes = chunk.pushBytes[i]
    into.previousInFlow = chunk.previousInFlow[i]
    into.windowShift = chunk.windowShift[i]
    into.completeness = chunk.completeness[i]
  }

  /** Bytes of the columns, allocated in advance ones included. */
  get bytes(): number { return (this.chunks.length - (this.first >>> chunkBits)) * chunkPackets * bytesEach }
}

const gone = new PacketChunk(0)
