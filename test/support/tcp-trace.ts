import { expect } from 'vitest'
import { defaultTcpConfig } from '../../src/tcp/config.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { TcpConnection } from '../../src/tcp/connection.ts'
import type { DecisionVerb } from '../../src/tcp/decision.ts'
import { reasonAt } from '../../src/tcp/reasons.ts'
import type { FastOpenTerms } from '../../src/tcp/fast-open.ts'
import type { ReasonId } from '../../src/tcp/reasons.ts'
import { SendFlag } from '../../src/tcp/send-flags.ts'
import { TcpSegment } from '../../src/tcp/segment.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import type { TcpSnapshot } from '../../src/tcp/snapshot.ts'
import { tcpStateNames } from '../../src/tcp/state.ts'
import { isOneLineError } from '../../src/wire/one-line-cursor.ts'
import { parseOneLine } from '../../src/wire/one-line-parse.ts'
import type { OneLinePacket } from '../../src/wire/one-line-parse.ts'
import { printTcp } from '../../src/wire/one-line.ts'
import { decodeTcpOptions, encodeTcpOptions, scanTcpOptions } from '../../src/wire/tcp-options.ts'
import { TcpFlag, TcpHeader } from '../../src/wire/tcp.ts'
import { copySegment } from './tcp-pair.ts'

export interface TraceOptions {
  readonly config?: Partial<TcpConfig>
  readonly isn?: number
  readonly peerIsn?: number
  readonly mtu?: number
  readonly ipVersion?: 4 | 6
  /** 0: LISTEN takes any port. */
  readonly remotePort?: number
  readonly fastOpen?: FastOpenTerms
}

export interface Decision {
  readonly verb: DecisionVerb
  readonly reason: ReasonId
  readonly atUs: number
  readonly seq: number
  readonly length: number
  readonly operands: readonly [number, number, number, number]
}

/** Neither timestamps, SACK nor scaling, so that lines stay short; what is under test turns its own knobs. */
const plain: Partial<TcpConfig> = { timestamps: false, sackPermitted: false, windowScaling: false, receiveBufferBytes: 65_535 }

export const ms = 1000
export const s = 1_000_000

/**
 * One engine against a peer that is written down as packetdrill lines, in virtual time with no tolerance: what it sends has to be the
 * next expected line at exactly the time it is expected. Sequence numbers are relative to each side's ISN, so that data begins at 1
 * (a `!` behind the length makes them absolute). Data without `data "…"` is a pattern that tells its own place.
 */
export class TcpTrace {
  nowUs = 0
  readonly connection: TcpConnection
  readonly decisions: Decision[] = []
  readonly peer = {
    sends: (line: string) => this.#peerSends(line),
    expects: (line: string, atUs = this.nowUs) => this.#peerExpects(line, atUs),
    hearsNothing: () => this.#peerHearsNothing(),
  }

  readonly isn: number
  readonly peerIsn: number
  peerPort = 40_000
  /** Everything that was sent, also what `expects` has taken. */
  readonly sent: { readonly atUs: number, readonly segment: TcpSegment }[] = []
  #taken = 0
  #written = 0
  readonly #snapshot = createTcpSnapshot()
  readonly #incoming = new TcpSegment()

  constructor(options: TraceOptions = {}) {
    const { config, isn = 7000, peerIsn = 90_000, mtu = 1500, ipVersion = 4, remotePort = 40_000, fastOpen } = options
    this.isn = isn
    this.peerIsn = peerIsn
    const sink = {
      decide: (_: TcpConnection, verb: DecisionVerb, reason: number, atUs: number, seq: number, length: number, a: number, b: number, c: number, d: number) => {
        this.decisions.push({ verb, reason: reasonAt(reason).id, atUs, seq, length, operands: [a, b, c, d] })
      },
    }
    this.connection = new TcpConnection({ config: { ...defaultTcpConfig, ...plain, ...config }, localPort: 80, remotePort, ipVersion, pathMtu: mtu, isn, sink, id: 1, fastOpen })
  }

  get state(): string {
    return tcpStateNames[this.connection.state]
  }

  get snapshot(): TcpSnapshot {
    this.connection.snapshot(this.#snapshot)
    return this.#snapshot
  }

  /** Events since the last look. */
  get heard(): string[] {
    const events: string[] = []
    for (let event = this.connection.pollEvent(); event !== null; event = this.connection.pollEvent()) events.push(event)
    return events
  }

  why(verb?: DecisionVerb): ReasonId[] {
    return this.decisions.filter((decision) => verb === undefined || decision.verb === verb).map(({ reason }) => reason)
  }

  open(): this {
    this.connection.open(this.nowUs)
    return this.#poll()
  }

  listen(): this {
    this.connection.listen(this.nowUs)
    return this.#poll()
  }

  /** The application writes bytes of the pattern; `write` says how many were taken. */
  write(length: number, flags: number = SendFlag.push): number {
    const bytes = Uint8Array.from({ length }, (_, i) => patternByte(this.#written + i))
    const taken = this.connection.send(bytes, 0, length, this.nowUs, flags)
    if (taken > 0) this.#written += taken
    this.#poll()
    return taken
  }

  /** The application reads at most `length` bytes. */
  read(length = 1 << 20): number[] {
    const bytes = new Uint8Array(Math.min(length, Math.max(1, this.connection.receivableBytes)))
    const taken = this.connection.receive(bytes, 0, bytes.length, this.nowUs)
    this.#poll()
    return [...bytes.subarray(0, Math.max(0, taken))]
  }

  close(): this {
    this.connection.close(this.nowUs)
    return this.#poll()
  }

  abort(): this {
    this.connection.abort(this.nowUs)
    return this.#poll()
  }

  set<K extends keyof TcpConfig>(name: K, value: TcpConfig[K]): this {
    expect(this.connection.setOption(name, value, this.nowUs)).toBeNull()
    return this.#poll()
  }

  /** Goes on to a time, through every deadline before it. */
  at(timeUs: number): this {
    for (let due = this.connection.pollTimeout(); due <= timeUs && due < Infinity; due = this.connection.pollTimeout()) {
      expect(due, 'a deadline in the past').toBeGreaterThanOrEqual(this.nowUs)
      this.nowUs = due
      this.connection.handleTimeout(due)
      this.#poll()
    }
    this.nowUs = timeUs
    return this
  }

  after(spanUs: number): this {
    return this.at(this.nowUs + spanUs)
  }

  /** What was sent and not yet expected, as lines. */
  pending(): string[] {
    return this.sent.slice(this.#taken).map(({ segment }) => this.print(segment))
  }

  /** Takes what was sent without looking at it. */
  skip(): TcpSegment[] {
    const skipped = this.sent.slice(this.#taken).map(({ segment }) => segment)
    this.#taken = this.sent.length
    return skipped
  }

  print(segment: TcpSegment, parts: { window: boolean, options: boolean, absolute?: boolean } = { window: true, options: true }): string {
    const header = new TcpHeader()
    Object.assign(header, { seq: segment.seq, ack: segment.ack, flags: segment.flags, window: segment.window, urgentPointer: segment.urgentPointer, reserved: segment.reserved })
    const options = parts.options ? decodeTcpOptions(segment.optionBytes, 0, segment.optionLength) : []
    const relative = parts.absolute ? undefined : { seqBase: this.isn, ackBase: this.peerIsn }
    const line = printTcp(header, options, segment.payloadLength + segment.payload2Length, relative)
    return parts.window ? line : line.replace(/ win \d+/, '')
  }

  /** Gives the engine a line's segment without collecting what it answers, as when several arrive in one batch. */
  deliver(line: string): void {
    const packet = parsed(line)
    const segment = this.#incoming
    const absolute = packet.isAbsolute
    const isFirstRst = packet.seq === null
    segment.sourcePort = this.peerPort
    segment.destinationPort = this.connection.localPort
    segment.seq = isFirstRst ? 0 : ((packet.seq ?? 0) + (absolute ? 0 : this.peerIsn)) >>> 0
    segment.ack = packet.ack === null ? 0 : (packet.ack + (absolute ? 0 : this.isn)) >>> 0
    segment.flags = packet.flags
    segment.reserved = packet.reserved ?? 0
    segment.window = packet.window ?? 0
    segment.urgentPointer = packet.urgentPointer ?? 0
    segment.ecn = Number(packet.ip.ecn ?? 0)
    const options = encodeTcpOptions(packet.options ?? []).map((byte) => byte)
    scanTcpOptions(options, 0, options.length, segment.options)
    this.#shiftSack(segment)
    segment.payload = packet.data ?? Uint8Array.from({ length: packet.length }, (_, i) => patternByte((packet.seq ?? 0) - ((packet.flags & TcpFlag.syn) !== 0 ? 0 : 1) + i))
    segment.payloadAt = 0
    segment.payloadLength = segment.payload.length
    segment.payload2Length = 0
    this.connection.handleSegment(segment, this.nowUs)
  }

  /** Collects what the engine sends now. */
  poll(): this {
    return this.#poll()
  }

  #shiftSack(segment: TcpSegment): void {
    for (let i = 0; i < 2 * segment.options.sackCount; i++) segment.options.sackEdges[i] = (segment.options.sackEdges[i] + this.isn) >>> 0
  }

  #peerSends(line: string): this {
    if (this.#taken < this.sent.length) throw new Error(`before "${line}": nobody expected\n  ${this.pending().join('\n  ')}`)
    this.deliver(line)
    return this.#poll()
  }

  #peerExpects(line: string, atUs: number): this {
    const packet = parsed(line)
    const next = this.sent[this.#taken]
    if (next === undefined) throw new Error(`expected "${line}", but nothing was sent; last held: ${this.decisions.findLast(({ verb }) => verb === 'held')?.reason ?? 'nothing'}`)
    this.#taken++
    const parts = { window: packet.window !== null, options: packet.options !== null, absolute: packet.isAbsolute }
    const wanted = line.replace('<...>', '').replace('!', '').trim()
    expect({ line: this.print(next.segment, parts), atUs: next.atUs }).toEqual({ line: wanted, atUs })
    this.#checkPattern(next.segment)
    return this
  }

  #peerHearsNothing(): this {
    expect(this.pending()).toEqual([])
    return this
  }

  #checkPattern(segment: TcpSegment): void {
    const from = (segment.seq - this.isn - (isSyn(segment) ? 0 : 1)) | 0
    for (let i = 0; i < segment.payloadLength; i++) {
      if (segment.payload[i] !== patternByte(from + i)) throw new Error(`byte ${from + i} of the stream is ${segment.payload[i]}, not ${patternByte(from + i)}`)
    }
  }

  #poll(): this {
    for (let count = 0; ; count++) {
      const segment = this.connection.pollTransmit(this.nowUs)
      if (segment === null) return this
      if (count > 10_000) throw new Error('the engine never stops sending')
      this.sent.push({ atUs: this.nowUs, segment: copySegment(segment) })
    }
  }
}

/** A trace through the handshake of an active open: the peer's window and MSS as given. */
export function established(options: TraceOptions & { readonly window?: number, readonly peerMss?: number } = {}): TcpTrace {
  const { window = 65_535, peerMss = 1460 } = options
  const trace = new TcpTrace(options).open()
  trace.skip()
  const own = trace.sent[0].segment.options
  const extras = [own.sackPermitted ? 'sackOK' : '', own.hasTimestamp ? 'TS val 1 ecr 0' : '', own.windowScale >= 0 ? 'wscale 0' : '']
  const list = [`mss ${peerMss}`, ...extras.filter((option) => option !== '')].join(',')
  trace.peer.sends(`S. 0:0(0) ack 1 win ${window} <${list}>`)
  trace.skip()
  return trace
}

/** The same from the server's side. */
export function accepted(options: TraceOptions & { readonly window?: number, readonly peerMss?: number } = {}): TcpTrace {
  const { window = 65_535, peerMss = 1460 } = options
  const trace = new TcpTrace(options).listen()
  trace.peer.sends(`S 0:0(0) win ${window} <mss ${peerMss}>`)
  trace.skip()
  trace.peer.sends(`. 1:1(0) ack 1 win ${window}`)
  trace.skip()
  return trace
}

/** Byte `offset` of every stream in these tests. */
export function patternByte(offset: number): number {
  return (offset * 31 + (offset >> 8)) & 0xff
}

export function pattern(from: number, length: number): number[] {
  return Array.from({ length }, (_, i) => patternByte(from + i))
}

export function isSyn(segment: TcpSegment): boolean {
  return (segment.flags & TcpFlag.syn) !== 0
}

function parsed(line: string): OneLinePacket {
  const result = parseOneLine(line)
  if (isOneLineError(result)) throw new Error(`"${line}" column ${result.column}: expected ${result.expected}, got "${result.got}"`)
  return result
}
