import type { Fault } from '../base/fault.ts'
import type { Random } from '../base/random.ts'
import { DelayLine } from './delay-line.ts'
import type { FrameBatch } from './frame-batch.ts'
import { Direction, FrameWriter } from './frame-batch.ts'
import type { FrameSink, Link, LinkInfo, LinkStatistics } from './link.ts'

/** What a network may do to frames. Rates are probabilities from 0 to 1; everything is 0 or off unless said. */
export interface Impairments {
  readonly lossRate?: number
  readonly duplicateRate?: number
  /** One bit behind the Ethernet header is flipped. */
  readonly corruptRate?: number
  readonly delayUs?: number
  /** Added to the delay, uniform in [0, jitterUs). Frames keep their order unless `reorderRate` picks them. */
  readonly jitterUs?: number
  /** These frames are held back `reorderUs` longer, while later ones overtake them. */
  readonly reorderRate?: number
  readonly reorderUs?: number
  /** Bits a second on the wire; frames wait their turn. */
  readonly rateBitsPerSecond?: number
  /** Frames that may be under way or wait for their turn; more are lost, as at a router's full queue. */
  readonly queueFrames?: number
  readonly rules?: readonly ImpairmentRule[]
}

/** Does something to chosen frames: "lose the second SYN", "duplicate every third segment with data". */
export interface ImpairmentRule {
  /** Whether the rule is about this frame. Must not keep `bytes`. */
  matches(bytes: Uint8Array, at: number, length: number): boolean
  readonly action: 'drop' | 'duplicate' | 'corrupt' | { readonly delayUs: number }
  /** First matching frame that is acted on, counted from 1; 1 unless said. */
  readonly from?: number
  /** How many matching frames are acted on; 1 unless said. */
  readonly count?: number
  /** Acts on every n-th match from there; 1 unless said. */
  readonly every?: number
}

export interface ImpairmentCounts {
  passed: number
  lost: number
  duplicated: number
  corrupted: number
  reordered: number
  /** Lost because the queue was full. */
  overflowed: number
  /** Acted on by a rule. */
  ruled: number
}

/** One direction of an impaired network: frames go in at a time and come out at a time. Same seed, same times, same fate. */
export class ImpairedPath {
  readonly counts: ImpairmentCounts = { passed: 0, lost: 0, duplicated: 0, corrupted: 0, reordered: 0, overflowed: 0, ruled: 0 }
  private settings: Impairments = {}
  private readonly random: Random
  private readonly line = new DelayLine()
  private ruleMatches: number[] = []
  /** When the wire is free again, and when the last frame in order comes out. */
  private wireFreeUs = -Infinity
  private lastDueUs = -Infinity

  constructor(settings: Impairments, random: Random) {
    this.random = random
    this.configure(settings)
  }

  /** Takes effect for the frames to come; those under way stay as they are. Rules count from the beginning again. */
  configure(settings: Impairments): void {
    this.settings = settings
    this.ruleMatches = (settings.rules ?? []).map(() => 0)
  }

  /** Puts a copy of a frame on the way. */
  offer(bytes: Uint8Array, at: number, length: number, originalLength: number, direction: Direction, nowUs: number): void {
    const { lossRate = 0, duplicateRate = 0, corruptRate = 0, queueFrames = Infinity } = this.settings
    const rule = this.ruleFor(bytes, at, length)
    // The same numbers are drawn for every frame, so that a rule or a full queue does not change the fate of the frames behind it.
    const isLost = this.random.nextFloat() < lossRate
    const isDuplicated = this.random.nextFloat() < duplicateRate
    const isCorrupted = this.random.nextFloat() < corruptRate
    const bit = this.random.nextU32()
    if (rule?.action === 'drop' || isLost) { this.counts.lost++; return }
    if (this.line.count >= queueFrames) { this.counts.overflowed++; return }
    const extraUs = typeof rule?.action === 'object' ? rule.action.delayUs : 0
    const copies = isDuplicated || rule?.action === 'duplicate' ? 2 : 1
    if (copies === 2) this.counts.duplicated++
    const dueUs = this.dueTime(length, nowUs) + extraUs
    for (let copy = 0; copy < copies; copy++) {
      const frame = this.line.add(bytes, at, length, originalLength, direction, dueUs)
      if (isCorrupted || rule?.action === 'corrupt') this.corrupt(frame, length, bit)
    }
  }

  /** When the next frame comes out; Infinity when none is under way. */
  nextDueUs(): number {
    return this.line.nextDueUs()
  }

  get inFlight(): number {
    return this.line.count
  }

  /** Takes the next frame that is due out, into the writer. False when none is due or the writer is full. */
  takeDue(nowUs: number, into: FrameWriter): boolean {
    if (this.line.nextDueUs() > nowUs) return false
    if (!this.line.moveFirst(into)) return false
    this.counts.passed++
    return true
  }

  clear(): void {
    this.line.clear()
  }

  private ruleFor(bytes: Uint8Array, at: number, length: number): ImpairmentRule | null {
    const rules = this.settings.rules
    if (rules === undefined) return null
    let acting: ImpairmentRule | null = null
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i]
      if (!rule.matches(bytes, at, length)) continue
      const since = ++this.ruleMatches[i] - (rule.from ?? 1)
      const every = rule.every ?? 1
      if (since < 0 || since % every !== 0 || since / every >= (rule.count ?? 1)) continue
      acting ??= rule
    }
    if (acting !== null) this.counts.ruled++
    return acting
  }

  private dueTime(length: number, nowUs: number): number {
    const { delayUs = 0, jitterUs = 0, reorderRate = 0, reorderUs = 0, rateBitsPerSecond = 0 } = this.settings
    let leavesUs = nowUs
    if (rateBitsPerSecond > 0) {
      leavesUs = Math.max(nowUs, this.wireFreeUs) + length * 8e6 / rateBitsPerSecond
      this.wireFreeUs = leavesUs
    }
    const jitter = jitterUs > 0 ? this.random.nextFloat() * jitterUs : 0
    const dueUs = Math.ceil(leavesUs + delayUs + jitter)
    if (reorderRate > 0 && this.random.nextFloat() < reorderRate) {
      this.counts.reordered++
      return dueUs + reorderUs
    }
    this.lastDueUs = Math.max(this.lastDueUs, dueUs)
    return this.lastDueUs
  }

  private corrupt(frame: Uint8Array, length: number, bit: number): void {
    if (length <= 14) return
    this.counts.corrupted++
    const position = bit % ((length - 14) * 8)
    frame[14 + (position >>> 3)] ^= 1 << (position & 7)
  }
}

export interface ImpairedLinkOptions {
  /** To frames that this end sends, and to those it receives. */
  readonly send?: Impairments
  readonly receive?: Impairments
  readonly random: Random
  /** The time in µs, in the unit and epoch of `nextDeadlineUs`. */
  readonly clock: () => number
}

/** Decorates a link with an impaired network on either side. Frames due move on inside `drain`, which `nextDeadlineUs` asks for. */
export class ImpairedLink implements Link {
  readonly info: LinkInfo
  onClosed: ((reason: Fault) => void) | null = null
  readonly sendPath: ImpairedPath
  readonly receivePath: ImpairedPath
  private readonly inner: Link
  private readonly clock: () => number
  private readonly outgoing: FrameWriter
  private readonly incoming: FrameWriter
  private readable: (() => void) | null = null
  private closed = false

  constructor(inner: Link, options: ImpairedLinkOptions) {
    this.inner = inner
    this.info = inner.info
    this.clock = options.clock
    this.sendPath = new ImpairedPath(options.send ?? {}, options.random.fork())
    this.receivePath = new ImpairedPath(options.receive ?? {}, options.random.fork())
    const largest = inner.info.mtu + 64
    this.outgoing = new FrameWriter(64, 64 * largest)
    this.incoming = new FrameWriter(64, 64 * Math.max(largest, inner.info.snapLength))
    inner.onClosed = (reason) => this.onClosed?.(reason)
  }

  get onReadable(): (() => void) | null {
    return this.readable
  }

  set onReadable(handler: (() => void) | null) {
    this.readable = handler
    this.inner.onReadable = handler
  }

  drain(sink: FrameSink, maxFrames: number): number {
    const nowUs = this.clock()
    this.flushDue(nowUs)
    this.inner.drain((batch) => this.offerReceived(batch, nowUs), maxFrames)
    let total = 0
    while (total < maxFrames) {
      this.incoming.clear()
      while (total + this.incoming.count < maxFrames && this.receivePath.takeDue(nowUs, this.incoming));
      const count = this.incoming.count
      if (count === 0) break
      stamp(this.incoming.batch, nowUs)
      total += count
      sink(this.incoming.batch)
    }
    return total
  }

  send(batch: FrameBatch): number {
    if (this.closed) return 0
    const nowUs = this.clock()
    for (let i = 0; i < batch.count; i++) this.sendPath.offer(batch.bytes, batch.offset[i], batch.capturedLength[i], batch.originalLength[i], Direction.sent, nowUs)
    this.flushDue(nowUs)
    return batch.count
  }

  setFilter(expression: string): Fault | null {
    return this.inner.setFilter(expression)
  }

  statistics(into: LinkStatistics): void {
    this.inner.statistics(into)
  }

  nextDeadlineUs(): number {
    return Math.min(this.inner.nextDeadlineUs(), this.sendPath.nextDueUs(), this.receivePath.nextDueUs())
  }

  close(): void {
    this.closed = true
    this.sendPath.clear()
    this.receivePath.clear()
    this.inner.close()
  }

  private offerReceived(batch: FrameBatch, nowUs: number): void {
    for (let i = 0; i < batch.count; i++) {
      this.receivePath.offer(batch.bytes, batch.offset[i], batch.capturedLength[i], batch.originalLength[i], batch.direction[i] as Direction, nowUs)
    }
  }

  /** Sends what is due; what the inner link does not take waits in `outgoing` for the next turn. */
  private flushDue(nowUs: number): void {
    for (;;) {
      while (this.sendPath.takeDue(nowUs, this.outgoing));
      const count = this.outgoing.count
      if (count === 0) return
      const taken = this.inner.send(this.outgoing.batch)
      if (taken < count) { this.keepFrom(taken); return }
      this.outgoing.clear()
    }
  }

  private keepFrom(taken: number): void {
    const { batch } = this.outgoing
    const kept: Uint8Array[] = []
    for (let i = taken; i < batch.count; i++) kept.push(batch.bytes.slice(batch.offset[i], batch.offset[i] + batch.capturedLength[i]))
    this.outgoing.clear()
    for (const frame of kept) this.outgoing.write(frame)
  }
}

function stamp(batch: FrameBatch, nowUs: number): void {
  const sec = Math.floor(nowUs / 1e6)
  batch.timeSec.fill(sec, 0, batch.count)
  batch.timeNsec.fill(Math.round((nowUs - sec * 1e6) * 1000), 0, batch.count)
}
