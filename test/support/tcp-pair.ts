import { Random } from '../../src/base/random.ts'
import { defaultTcpConfig } from '../../src/tcp/config.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { TcpConnection } from '../../src/tcp/connection.ts'
import type { DecisionSink } from '../../src/tcp/decision.ts'
import type { TcpEvent } from '../../src/tcp/events.ts'
import { TcpSegment } from '../../src/tcp/segment.ts'

export interface Impairment {
  readonly delayUs: number
  /** Added to the delay at random, so that segments overtake each other. */
  readonly jitterUs: number
  readonly loss: number
  readonly duplicate: number
}

interface Flight { readonly at: number, readonly order: number, readonly to: End, readonly segment: TcpSegment }

export const perfectPath: Impairment = { delayUs: 10_000, jitterUs: 0, loss: 0, duplicate: 0 }

/** One engine with what its application heard and read. */
export class End {
  readonly connection: TcpConnection
  readonly events: TcpEvent[] = []
  received: number[] = []
  /** Whether the application reads as soon as there is something. */
  reads = true

  constructor(connection: TcpConnection) {
    this.connection = connection
  }
}

export interface PairOptions {
  readonly seed?: number
  readonly path?: Impairment
  readonly config?: Partial<TcpConfig>
  readonly clientConfig?: Partial<TcpConfig>
  readonly serverConfig?: Partial<TcpConfig>
  readonly clientIsn?: number
  readonly serverIsn?: number
  readonly sink?: DecisionSink
  readonly ipVersion?: 4 | 6
}

/** Two engines and a network between them, in virtual time. */
export class TcpPair {
  nowUs = 0
  readonly client: End
  readonly server: End
  path: Impairment
  /** Called for every segment on its way; false loses it. */
  filter: (from: End, segment: TcpSegment) => boolean = () => true
  carried = 0
  readonly #random: Random
  readonly #flights: Flight[] = []
  #order = 0

  constructor(options: PairOptions = {}) {
    const { seed = 1, path = perfectPath, config, clientConfig, serverConfig, clientIsn = 1000, serverIsn = 5000, sink, ipVersion = 4 } = options
    const shared = { ipVersion, pathMtu: 1500, sink } as const
    this.path = path
    this.#random = new Random(seed)
    this.client = new End(new TcpConnection({ ...shared, id: 1, localPort: 40_000, remotePort: 80, isn: clientIsn, config: { ...defaultTcpConfig, ...config, ...clientConfig } }))
    this.server = new End(new TcpConnection({ ...shared, id: 2, localPort: 80, remotePort: 0, isn: serverIsn, config: { ...defaultTcpConfig, ...config, ...serverConfig } }))
  }

  /** Opens both ends and runs until the handshake is over. */
  establish(): this {
    this.server.connection.listen(this.nowUs)
    this.client.connection.open(this.nowUs)
    this.runUntil(() => this.client.events.includes('connected') && this.server.events.includes('accepted'))
    return this
  }

  /** Runs until nothing is on its way and no timer is set, or until `limitUs`. */
  run(limitUs = Infinity): void {
    this.runUntil(() => false, limitUs)
  }

  runUntil(isDone: () => boolean, limitUs = this.nowUs + 3_600_000_000): void {
    for (;;) {
      this.#settle(this.client)
      this.#settle(this.server)
      if (isDone()) return
      const next = Math.min(this.#flights[0]?.at ?? Infinity, this.client.connection.pollTimeout(), this.server.connection.pollTimeout())
      if (next === Infinity) return
      if (next > limitUs) {
        this.nowUs = limitUs
        return
      }
      if (next < this.nowUs) throw new Error(`a deadline in the past: ${next} at ${this.nowUs}`)
      this.nowUs = next
      this.#step()
    }
  }

  #step(): void {
    while (this.#flights.length > 0 && this.#flights[0].at <= this.nowUs) {
      const { to, segment } = this.#flights.shift()!
      to.connection.handleSegment(segment, this.nowUs)
      this.#settle(to)
    }
    for (const end of [this.client, this.server]) if (end.connection.pollTimeout() <= this.nowUs) end.connection.handleTimeout(this.nowUs)
  }

  #settle(end: End): void {
    const { connection } = end
    for (;;) {
      let segment = connection.pollTransmit(this.nowUs)
      for (; segment !== null; segment = connection.pollTransmit(this.nowUs)) this.#carry(end, segment)
      for (let event = connection.pollEvent(); event !== null; event = connection.pollEvent()) end.events.push(event)
      if (!end.reads || connection.receivableBytes === 0) return
      const bytes = new Uint8Array(connection.receivableBytes)
      connection.receive(bytes, 0, bytes.length, this.nowUs)
      for (const byte of bytes) end.received.push(byte)
    }
  }

  #carry(from: End, segment: TcpSegment): void {
    this.carried++
    if (this.carried > 2_000_000) throw new Error('the two ends never stop talking')
    const { loss, duplicate } = this.path
    if (!this.filter(from, segment)) return
    const copies = this.#random.nextFloat() < duplicate ? 2 : 1
    for (let i = 0; i < copies; i++) if (this.#random.nextFloat() >= loss) this.#launch(from === this.client ? this.server : this.client, segment)
  }

  #launch(to: End, segment: TcpSegment): void {
    const { delayUs, jitterUs } = this.path
    const at = this.nowUs + delayUs + (jitterUs > 0 ? this.#random.nextBelow(jitterUs) : 0)
    const flight = { at, order: this.#order++, to, segment: copySegment(segment) }
    let index = this.#flights.length
    while (index > 0 && this.#flights[index - 1].at > at) index--
    this.#flights.splice(index, 0, flight)
  }
}

/** A segment that stays as it is when its connection goes on. */
export function copySegment(segment: TcpSegment): TcpSegment {
  const copy = new TcpSegment()
  const { sourcePort, destinationPort, seq, ack, flags, window, urgentPointer, reserved, ecn, optionLength, reason, isRetransmission } = segment
  Object.assign(copy, { sourcePort, destinationPort, seq, ack, flags, window, urgentPointer, reserved, ecn, optionLength, reason, isRetransmission })
  const { mss, windowScale, sackPermitted, hasTimestamp, tsVal, tsEcr, sackCount } = segment.options
  Object.assign(copy.options, { mss, windowScale, sackPermitted, hasTimestamp, tsVal, tsEcr, sackCount })
  copy.options.sackEdges.set(segment.options.sackEdges)
  copy.optionBytes.set(segment.optionBytes)
  copy.operands.set(segment.operands)
  copy.payload = payloadOf(segment)
  copy.payloadLength = copy.payload.length
  return copy
}

export function payloadOf(segment: TcpSegment): Uint8Array {
  const { payload, payloadAt, payloadLength, payload2At, payload2Length } = segment
  const bytes = new Uint8Array(payloadLength + payload2Length)
  bytes.set(payload.subarray(payloadAt, payloadAt + payloadLength))
  bytes.set(payload.subarray(payload2At, payload2At + payload2Length), payloadLength)
  return bytes
}
