import { Random } from '../../base/random.ts'
import { TcpConnection } from '../../tcp/connection.ts'
import { payloadBytes, TcpSegment } from '../../tcp/segment.ts'
import { seqAdd, seqDiff } from '../../tcp/seq.ts'
import { createTcpSnapshot } from '../../tcp/snapshot.ts'
import { TcpState, tcpStateNames } from '../../tcp/state.ts'
import type { TcpInput } from '../../tcp/state.ts'
import { tcpInputs } from '../../tcp/state.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import { brokenInvariant, Progress } from './checks.ts'
import { DecisionWatch } from './decision-watch.ts'
import { chance, logBetween, pick } from './draw.ts'
import { randomTcpConfig } from './random-config.ts'

const mtu = 1500
const lifeSteps = 120
const stepsWhenClosed = 5
const maxSegmentsAtOnce = 2000
const payload = new Uint8Array(3000)
const scratch = new Uint8Array(5000)

/** A connection among segments that are a little wrong, or very: what an attacker, a broken stack or a torn network may send. Same seed, same life. */
export class Fuzzer {
  /** Segments given to the engine, by the state that they met. */
  readonly metIn = new Float64Array(tcpStateNames.length)
  /** Moves seen, as `state input`. */
  readonly moves = new Set<string>()
  segmentsIn = 0
  segmentsOut = 0
  lives = 0
  private readonly random: Random
  private readonly watch = new DecisionWatch(0, (_side, _connection, verb, _reason, _nowUs, _seq, _length, [from, , input]) => {
    if (verb === 'state') this.moves.add(`${tcpStateNames[from]} ${tcpInputs[input] satisfies TcpInput}`)
  })

  private readonly incoming = new TcpSegment()
  private readonly snapshot = createTcpSnapshot()
  private connection!: TcpConnection
  private progress = new Progress()
  private nowUs = 0
  private stepsLeft = 0

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  /** One thing that happens: mostly a segment, else a call or time that passes. @throws Error where something does not hold that must */
  step(): void {
    if (this.stepsLeft-- === 0 || this.lives === 0) this.beginLife()
    const { random } = this
    const kind = random.nextBelow(16)
    if (kind < 12) this.deliver()
    else if (kind < 14) this.call()
    else this.wait()
    this.settle()
  }

  private beginLife(): void {
    const { random } = this
    this.lives++
    this.stepsLeft = lifeSteps
    this.nowUs += 1_000_000
    this.progress = new Progress()
    const remotePort = chance(random, 0.2) ? 0 : 4000
    const isn = pick(random, [0, 0xffff_ff00, 0x7fff_ff00, random.nextU32()])
    const config = { ...randomTcpConfig(random, false), sendBufferBytes: logBetween(random, 1, 20_000), receiveBufferBytes: logBetween(random, 1, 100_000) }
    this.connection = new TcpConnection({ config, localPort: 80, remotePort, ipVersion: chance(random, 0.5) ? 4 : 6, pathMtu: mtu, isn, sink: this.watch, id: this.lives })
    if (chance(random, 0.5)) this.connection.listen(this.nowUs)
    else if (chance(random, 0.95)) this.connection.open(this.nowUs)
    this.settle()
  }

  private deliver(): void {
    this.fill()
    this.metIn[this.connection.state]++
    this.segmentsIn++
    this.connection.handleSegment(this.incoming, this.nowUs)
    if (this.connection.state === TcpState.closed) this.stepsLeft = Math.min(this.stepsLeft, stepsWhenClosed)
  }

  /** A segment around what the connection expects now: now and then exactly that, so that lives get on. */
  private fill(): void {
    const { random, incoming, snapshot: view, connection } = this
    connection.snapshot(view)
    const isApt = chance(random, 0.5)
    const flags = isApt ? this.aptFlags() : this.oddFlags()
    incoming.sourcePort = 4000
    incoming.destinationPort = 80
    incoming.flags = flags
    incoming.reserved = chance(random, 0.02) ? random.nextBelow(8) : 0
    const isFirst = view.state <= TcpState.synSent
    const expected = isFirst ? 0xffff_fff0 : view.state === TcpState.synReceived && (flags & TcpFlag.syn) !== 0 ? view.irs : view.rcvNxt
    incoming.seq = isApt && chance(random, 0.8) ? expected : seqAdd(expected, this.near(view.rcvWnd))
    const inFlight = Math.max(0, seqDiff(view.sndNxt, view.sndUna))
    const aptAck = chance(random, 0.7) ? view.sndNxt : seqAdd(view.sndUna, random.nextBelow(inFlight + 1))
    incoming.ack = isApt ? aptAck : seqAdd(view.sndUna, this.near(view.sndWnd))
    incoming.window = pick(random, [0, 1, 100, 65_535, random.nextBelow(65_536)])
    incoming.urgentPointer = random.nextBelow(65_536)
    incoming.payload = payload
    incoming.payloadAt = 0
    const mayCarry = (flags & (TcpFlag.syn | TcpFlag.rst)) === 0 || chance(random, 0.1)
    incoming.payloadLength = mayCarry ? pick(random, [0, 0, 0, 1, 10, 536, 1460, random.nextBelow(3000)]) : 0
    incoming.payload2Length = 0
    this.fillOptions()
  }

  private fillOptions(): void {
    const { random, incoming: { options, flags }, snapshot: view } = this
    const isSyn = (flags & TcpFlag.syn) !== 0
    const offers = (probability: number) => chance(random, isSyn ? probability : 0.02)
    options.mss = offers(0.7) ? pick(random, [0, 1, 64, 536, 1460, 65_535]) : -1
    options.windowScale = offers(0.6) ? random.nextBelow(20) : -1
    options.sackPermitted = offers(0.7)
    options.hasTimestamp = isSyn ? chance(random, 0.5) : chance(random, view.timestampsOn ? 0.95 : 0.05)
    options.tsVal = seqAdd(view.tsRecent, chance(random, 0.8) ? random.nextBelow(3) : random.nextU32())
    options.tsEcr = chance(random, 0.7) ? Math.floor(this.nowUs / 1000) >>> 0 : random.nextU32()
    options.sackCount = chance(random, 0.3) ? random.nextBelow(5) : 0
    for (let i = 0; i < options.sackCount; i++) {
      const flight = Math.max(1, seqDiff(view.sndNxt, view.sndUna))
      const start = chance(random, 0.8) ? random.nextBelow(flight) : this.near(view.sndWnd)
      options.sackEdges[2 * i] = seqAdd(view.sndUna, start)
      options.sackEdges[2 * i + 1] = seqAdd(view.sndUna, start + (chance(random, 0.8) ? 1 + random.nextBelow(flight) : this.near(100)))
    }
  }

  /** What moves the state on. */
  private aptFlags(): number {
    const { random, snapshot: { state } } = this
    const ack = TcpFlag.ack | (chance(random, 0.3) ? TcpFlag.psh : 0) | (chance(random, 0.05) ? TcpFlag.urg : 0)
    switch (state) {
      case TcpState.listen: return TcpFlag.syn
      case TcpState.synSent: return TcpFlag.syn | (chance(random, 0.7) ? TcpFlag.ack : 0)
      case TcpState.finWait1: return chance(random, 0.4) ? ack | TcpFlag.fin : ack
      default: return chance(random, 0.06) ? ack | TcpFlag.fin : ack
    }
  }

  private oddFlags(): number {
    const { random } = this
    const { ack, fin, syn, rst } = TcpFlag
    return pick(random, [ack, ack, ack | fin, syn, syn | ack, rst, rst | ack, random.nextBelow(512)])
  }

  /** A distance around 0, around the window's end, or anything. */
  private near(window: number): number {
    const { random } = this
    switch (random.nextBelow(4)) {
      case 0: return random.nextBelow(7) - 3
      case 1: return window + random.nextBelow(7) - 3
      case 2: return random.nextBelow(20_000) - 5000
      default: return random.nextU32() | 0
    }
  }

  private call(): void {
    const { random, connection, nowUs } = this
    switch (random.nextBelow(14)) {
      case 0: connection.close(nowUs); break
      case 1: if (chance(random, 0.1)) connection.abort(nowUs); break
      case 2: connection.setOption('receiveBufferBytes', logBetween(random, 1, 100_000), nowUs); break
      case 3: connection.setOption('nagle', chance(random, 0.5), nowUs); break
      case 4: connection.setOption('keepAlive', chance(random, 0.5), nowUs); break
      case 5: if (chance(random, 0.1)) connection.handleUnreachable(nowUs); break
      case 6: case 7: case 8: connection.receive(scratch, 0, logBetween(random, 1, scratch.length), nowUs); break
      default: connection.send(scratch, 0, logBetween(random, 1, scratch.length), nowUs)
    }
  }

  private wait(): void {
    const { random, connection } = this
    const due = connection.pollTimeout()
    const untilUs = due < Infinity && chance(random, 0.6) ? Math.max(this.nowUs, due) : this.nowUs + logBetween(random, 1, 100_000_000)
    for (let next = due; next <= untilUs; next = connection.pollTimeout()) {
      if (next < this.nowUs) throw this.problem(`a deadline ${this.nowUs - next} µs in the past`)
      this.nowUs = next
      connection.handleTimeout(next)
      this.settle()
      if (next === untilUs) break
    }
    this.nowUs = untilUs
  }

  /** Takes what is sent and told, and checks what must hold then. */
  private settle(): void {
    const { connection, snapshot, nowUs } = this
    for (let count = 0; ; count++) {
      const segment = connection.pollTransmit(nowUs)
      if (segment === null) break
      if (count === maxSegmentsAtOnce) throw this.problem('the engine never stops sending')
      this.segmentsOut++
      this.watch.frames++
      const { sndMss } = snapshot
      const length = payloadBytes(segment)
      if (length + segment.optionLength > mtu - 40) throw this.problem(`a segment of ${length} bytes, options ${segment.optionLength}, MSS ${sndMss}`)
    }
    while (connection.pollEvent() !== null);
    connection.snapshot(snapshot)
    const problem = brokenInvariant(snapshot, nowUs) ?? this.progress.wentBack(snapshot) ?? this.watch.problem
    if (problem !== null) throw this.problem(problem)
    if (this.watch.frames !== this.watch.sent) throw this.problem(`${this.watch.frames} segments for ${this.watch.sent} reasons`)
    this.watch.takeNewData()
  }

  private problem(text: string): Error {
    this.connection.snapshot(this.snapshot)
    return new Error(`life ${this.lives}, ${lifeSteps - this.stepsLeft} steps in, ${tcpStateNames[this.snapshot.state]}: ${text}\n${JSON.stringify(this.snapshot)}`)
  }
}
