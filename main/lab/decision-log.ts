import { readU16, readU32 } from '../../src/base/bytes.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { Decision } from '../../src/rpc/host-contract.ts'
import type { TcpConnection } from '../../src/tcp/connection.ts'
import type { DecisionSink, DecisionVerb } from '../../src/tcp/decision.ts'
import { reasonAt } from '../../src/tcp/reasons.ts'
import type { ReasonIndex } from '../../src/tcp/reasons.ts'
import { EtherType, ethernetHeaderBytes } from '../../src/wire/ethernet.ts'
import { IpProtocol } from '../../src/wire/ipv4.ts'
import { ipv6HeaderBytes } from '../../src/wire/ipv6.ts'
import { TcpFlag } from '../../src/wire/tcp.ts'
import { DecisionIndex } from './decision-index.ts'
import type { CapturedSegment } from './decision-index.ts'
import { segmentLine } from './segment-line.ts'

const verbs = ['sent', 'again', 'ack', 'reset', 'held', 'dropped', 'setting', 'state'] as const satisfies readonly DecisionVerb[]
const verbNumber = Object.fromEntries(verbs.map((verb, number) => [verb, number])) as Record<DecisionVerb, number>
const lastMovingVerb = verbNumber.reset
const optionArea = 40
/** Decisions whose frame has not left yet, for instance because ARP comes first; more are given up. */
const awaitingAtMost = 1024
/** How long a segment may take to leave before it is told without its line. */
const patienceUs = 1_500_000
const waitedUs = 500

/** Ids above `after` and below `before`. */
export interface DecisionQuery { host?: 0 | 1, connection?: number, before?: number, after?: number, count: number }

/** Whose sequence numbers a connection's lines are relative to. */
interface Bases { host: number, connection: number, seq: number, ack: number }

/**
 * The latest decisions of the engines, in columns that are allocated once: decision `id` lies at `id % capacity`.
 * The engine tells numbers only; the header of a segment that moved is read off its frame on the way out.
 */
export class DecisionLog {
  readonly capacity: number
  /** Ids start at 1 and go on after {@link clear}. */
  private nextId = 1
  private oldestId = 1
  private readonly timeUs: Float64Array
  private readonly operands: Float64Array
  private readonly connection: Int32Array
  private readonly seq: Uint32Array
  private readonly ack: Uint32Array
  private readonly seqBase: Uint32Array
  private readonly ackBase: Uint32Array
  private readonly length: Uint32Array
  private readonly window: Uint16Array
  private readonly localPort: Uint16Array
  private readonly remotePort: Uint16Array
  private readonly reason: Uint16Array
  /** -1 where there is no segment to show. */
  private readonly flags: Int16Array
  private readonly verb: Uint8Array
  private readonly host: Uint8Array
  private readonly optionLength: Uint8Array
  private readonly options: Uint8Array
  private readonly awaiting: [number[], number[]] = [[], []]
  private readonly bases = new Map<number, Bases>()
  private readonly index: DecisionIndex

  constructor(capacity = 20_000) {
    this.capacity = capacity
    this.index = new DecisionIndex(this, capacity)
    this.timeUs = new Float64Array(capacity)
    this.operands = new Float64Array(capacity * 4)
    this.connection = new Int32Array(capacity)
    this.seq = new Uint32Array(capacity)
    this.ack = new Uint32Array(capacity)
    this.seqBase = new Uint32Array(capacity)
    this.ackBase = new Uint32Array(capacity)
    this.length = new Uint32Array(capacity)
    this.window = new Uint16Array(capacity)
    this.localPort = new Uint16Array(capacity)
    this.remotePort = new Uint16Array(capacity)
    this.reason = new Uint16Array(capacity)
    this.flags = new Int16Array(capacity)
    this.verb = new Uint8Array(capacity)
    this.host = new Uint8Array(capacity)
    this.optionLength = new Uint8Array(capacity)
    this.options = new Uint8Array(capacity * optionArea)
  }

  /** The id of the latest decision; 0 before the first. */
  get latestId(): number {
    return this.nextId - 1
  }

  /**
   * The latest decision that can be told whole: its segment and those of all before it have left, or have had their time.
   * What waits for ARP is told with its line that way.
   */
  latestSettled(nowUs: number): number {
    let settled = this.latestId
    for (const awaiting of this.awaiting) {
      const first = awaiting.find((id) => this.timeUs[id % this.capacity] > nowUs - patienceUs)
      if (first !== undefined) settled = Math.min(settled, first - 1)
    }
    return settled
  }

  /** Forgets everything: connections are numbered anew. */
  clear(): void {
    this.oldestId = this.nextId
    this.awaiting[0].length = this.awaiting[1].length = 0
    this.bases.clear()
    this.index.clear()
  }

  /** What the engine decided of a segment that was captured: to send it, or to drop it on arrival. Null where no engine of ours has, or where it is forgotten. */
  ofSegment(segment: CapturedSegment): Decision | null {
    const id = this.index.find(segment)
    return id === 0 ? null : this.decisionAt(id)
  }

  get oldestKeptId(): number { return Math.max(this.oldestId, this.nextId - this.capacity) }
  seqOf(id: number): number { return this.seq[id % this.capacity] }
  timeUsOf(id: number): number { return this.timeUs[id % this.capacity] }
  localPortOf(id: number): number { return this.localPort[id % this.capacity] }
  remotePortOf(id: number): number { return this.remotePort[id % this.capacity] }

  kindOf(id: number): 'moving' | 'dropping' | 'other' {
    const verb = this.verb[id % this.capacity]
    return verb <= lastMovingVerb ? 'moving' : verb === verbNumber.dropped ? 'dropping' : 'other'
  }

  /** Where the engine of a host tells its decisions. */
  sinkOf(host: 0 | 1): DecisionSink {
    return {
      decide: (connection, verb, reason, nowUs, seq, lengthBytes, a, b, c, d) => {
        const id = this.add(host, connection, verb, reason, nowUs, seq, lengthBytes)
        const at = (id % this.capacity) * 4
        this.operands[at] = a
        this.operands[at + 1] = b
        this.operands[at + 2] = c
        this.operands[at + 3] = d
      },
    }
  }

  /** Frames of a host on their way out, as the stack writes them: untagged Ethernet, IPv4 without options. */
  noteFrames(host: 0 | 1, batch: FrameBatch, from: number, nowUs: number): void {
    const awaiting = this.awaiting[host]
    for (let i = from; i < batch.count && awaiting.length > 0; i++) this.noteFrame(awaiting, batch.bytes, batch.offset[i], batch.capturedLength[i], host === 0 ? nowUs : 0)
  }

  /** The bases of a connection's lines are needed no longer. */
  forget(host: 0 | 1, connection: number): void {
    this.bases.delete(keyOf(host, connection))
  }

  /** Oldest first; the latest `count` of those that match. */
  query({ host, connection, before = Infinity, after = 0, count }: DecisionQuery): Decision[] {
    const found: Decision[] = []
    const oldest = Math.max(this.oldestId, this.nextId - this.capacity, after + 1)
    for (let id = Math.min(before, this.nextId) - 1; id >= oldest && found.length < count; id--) {
      const i = id % this.capacity
      if (connection !== undefined && this.connection[i] !== connection) continue
      if (host !== undefined && this.host[i] !== host) continue
      found.push(this.decisionAt(id))
    }
    return found.reverse()
  }

  private add(host: 0 | 1, connection: TcpConnection, verb: DecisionVerb, reason: ReasonIndex, nowUs: number, seq: number, lengthBytes: number): number {
    const id = this.nextId++
    const i = id % this.capacity
    this.timeUs[i] = nowUs
    this.host[i] = host
    this.connection[i] = connection.id
    this.localPort[i] = connection.localPort
    this.remotePort[i] = connection.remotePort
    this.verb[i] = verbNumber[verb]
    this.reason[i] = reason
    this.seq[i] = seq
    this.length[i] = lengthBytes
    this.flags[i] = -1
    if (verbNumber[verb] > lastMovingVerb) return id
    const awaiting = this.awaiting[host]
    awaiting.push(id)
    if (awaiting.length > awaitingAtMost) awaiting.splice(0, awaitingAtMost / 2)
    return id
  }

  /** @param leftUs when it left; 0 where only its arrival is known */
  private noteFrame(awaiting: number[], bytes: Uint8Array, at: number, frameLength: number, leftUs: number): void {
    const tcp = tcpAt(bytes, at, frameLength)
    if (tcp < 0) return
    const localPort = readU16(bytes, tcp)
    const remotePort = readU16(bytes, tcp + 2)
    const seq = readU32(bytes, tcp + 4)
    const place = awaiting.findIndex((id) => {
      const i = id % this.capacity
      return this.seq[i] === seq && this.localPort[i] === localPort && this.remotePort[i] === remotePort
    })
    if (place < 0) return
    const id = place === 0 ? awaiting.shift()! : awaiting.splice(place, 1)[0]
    if (id <= this.nextId - 1 - this.capacity) return
    const i = id % this.capacity
    // A segment that waited for ARP is told at the time it left.
    if (leftUs - this.timeUs[i] > waitedUs) this.timeUs[i] = leftUs
    this.keepHeader(i, bytes, tcp)
  }

  private keepHeader(i: number, bytes: Uint8Array, tcp: number): void {
    const flags = readU16(bytes, tcp + 12) & 0x1ff
    const headerBytes = (bytes[tcp + 12] >>> 4) * 4
    this.flags[i] = flags
    this.ack[i] = readU32(bytes, tcp + 8)
    this.window[i] = readU16(bytes, tcp + 14)
    this.optionLength[i] = headerBytes - 20
    this.options.set(bytes.subarray(tcp + 20, tcp + headerBytes), i * optionArea)
    const bases = this.basesOf(i, flags)
    this.seqBase[i] = bases.seq
    this.ackBase[i] = bases.ack
  }

  /** Each side's numbers start at its SYN: ours is the first segment seen, the other's is what our first ACK answers. */
  private basesOf(i: number, flags: number): Bases {
    const key = keyOf(this.host[i], this.connection[i])
    let bases = this.bases.get(key)
    if (bases === undefined) {
      bases = { host: this.host[i], connection: this.connection[i], seq: this.seq[i], ack: -1 }
      this.bases.set(key, bases)
    }
    if (bases.ack === -1 && (flags & TcpFlag.ack) !== 0) bases.ack = (this.ack[i] - 1) >>> 0
    return bases
  }

  private decisionAt(id: number): Decision {
    const i = id % this.capacity
    const { id: reason, rfc, operands } = reasonAt(this.reason[i])
    return {
      id,
      timeUs: this.timeUs[i],
      host: this.host[i] as 0 | 1,
      connection: this.connection[i],
      verb: verbs[this.verb[i]],
      reason,
      operands: Object.fromEntries(operands.map((name, number) => [name, this.operands[i * 4 + number]])),
      rfc,
      seq: this.seq[i],
      length: this.length[i],
      line: this.flags[i] < 0 ? null : this.lineAt(i),
    }
  }

  private lineAt(i: number): string {
    const options = this.options.subarray(i * optionArea, i * optionArea + this.optionLength[i])
    const phantom = (this.flags[i] & TcpFlag.syn) / TcpFlag.syn + (this.flags[i] & TcpFlag.fin)
    return segmentLine({
      flags: this.flags[i], seq: this.seq[i], ack: this.ack[i], window: this.window[i], payloadBytes: Math.max(0, this.length[i] - phantom), options,
      seqBase: this.seqBase[i], ackBase: this.ackBase[i],
    })
  }
}

function keyOf(host: number, connection: number): number {
  return connection * 2 + host
}

/** Where the TCP header of a frame of a host of ours begins, which has neither IP options nor extension headers; -1 in other frames. */
function tcpAt(bytes: Uint8Array, at: number, frameLength: number): number {
  const etherType = readU16(bytes, at + 12)
  const ip = at + ethernetHeaderBytes
  const isV4 = etherType === EtherType.ipv4 && bytes[ip + 9] === IpProtocol.tcp
  if (!isV4 && !(etherType === EtherType.ipv6 && bytes[ip + 6] === IpProtocol.tcp)) return -1
  const tcp = ip + (isV4 ? 20 : ipv6HeaderBytes)
  return tcp + 20 <= at + frameLength ? tcp : -1
}
