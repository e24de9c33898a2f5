import { fault } from '../base/fault.ts'
import type { Fault } from '../base/fault.ts'
import { copyText, takeStretch } from '../wire/common-memory.ts'
import type { Stretch } from '../wire/common-memory.ts'
import { Direction, FrameBatch } from './frame-batch.ts'
import { emptyStatistics } from './link.ts'
import type { FrameSink, Link, LinkInfo, LinkKind, LinkStatistics } from './link.ts'

export interface MemoryLinkOptions {
  readonly name?: string
  readonly kind?: LinkKind
  readonly description?: string
  readonly mac?: Uint8Array | null
  /** Largest IP packet in bytes; frames may be 18 bytes longer (Ethernet header and one VLAN tag). */
  readonly mtu?: number
  /** Frames that may wait to be drained; more are dropped and counted as `droppedByRing`. */
  readonly queueFrames?: number
  readonly queueBytes?: number
  /** Frames that wait lie in the memory where connections have their text. */
  readonly common?: boolean
  /** Frames sent come back from `drain` with direction `sent`. */
  readonly seeSent?: boolean
  /** Stamps frames, in µs; without it every stamp is 0. */
  readonly clock?: () => number
}

/** Two links joined by a cable: what goes into one comes out of the other, at once and in order. */
export function memoryLinkPair(a: MemoryLinkOptions = {}, b: MemoryLinkOptions = a): [MemoryLink, MemoryLink] {
  const hub = new MemoryHub()
  return [hub.attach(a), hub.attach(b)]
}

/** A shared cable: a frame sent on one port arrives on all others. Deterministic, and without a clock of its own. */
export class MemoryHub {
  private readonly ports: MemoryLink[] = []

  attach(options: MemoryLinkOptions = {}): MemoryLink {
    const port = new MemoryLink(this, options)
    this.ports.push(port)
    return port
  }

  detach(port: MemoryLink): void {
    const index = this.ports.indexOf(port)
    if (index >= 0) this.ports.splice(index, 1)
  }

  /** Delivers the first `count` frames of a batch to every port but the sender's. */
  deliver(from: MemoryLink, batch: FrameBatch, count: number): void {
    for (const port of this.ports) if (port !== from) port.accept(batch, count, Direction.received)
  }
}

/**
 * One port of a {@link MemoryHub}. Two byte areas take turns: frames arrive in one while the other is handed out.
 * `onReadable` is called from inside the other port's `send`: it notes that there is something, and drains later.
 */
export class MemoryLink implements Link {
  readonly info: LinkInfo
  onReadable: (() => void) | null = null
  onClosed: ((reason: Fault) => void) | null = null
  private readonly hub: MemoryHub
  private readonly seeSent: boolean
  private readonly clock: () => number
  private readonly maxFrameBytes: number
  private readonly counts = emptyStatistics()
  private arriving: Inbox
  private leaving: Inbox
  /** Frames of `leaving` that were handed out. */
  private handed = 0
  private armed = true
  private closed = false
  /** Columns of a part of `leaving`, where it is more than was asked for. */
  private readonly part: FrameBatch

  constructor(hub: MemoryHub, options: MemoryLinkOptions) {
    const mtu = options.mtu ?? 1500
    const queueFrames = options.queueFrames ?? 4096
    const queueBytes = options.queueBytes ?? 4 * 1024 * 1024
    this.hub = hub
    this.seeSent = options.seeSent ?? false
    this.clock = options.clock ?? (() => 0)
    this.maxFrameBytes = mtu + 18
    const area = (): Stretch => options.common === true ? takeStretch(queueBytes) : { bytes: new Uint8Array(queueBytes), at: 0, length: queueBytes }
    this.arriving = new Inbox(queueFrames, area())
    this.leaving = new Inbox(queueFrames, area())
    this.part = new FrameBatch(queueFrames)
    this.info = {
      kind: options.kind ?? 'memory', name: options.name ?? 'memory', description: options.description ?? '', linkType: 1, mtu, snapLength: mtu + 18,
      mac: options.mac ?? null, addresses: [], mayInject: true, timestamps: 'virtual', timestampUnit: 'us', reportsDirection: true, unknownCounters: [],
    }
  }

  drain(sink: FrameSink, maxFrames: number): number {
    let total = 0
    try {
      while (total < maxFrames && this.isReadable) {
        if (this.leaving.batch.count === this.handed) this.swap()
        const batch = this.take(Math.min(this.leaving.batch.count - this.handed, maxFrames - total))
        total += batch.count
        sink(batch)
      }
    } finally {
      if (!this.isReadable) this.armed = true
    }
    return total
  }

  send(batch: FrameBatch): number {
    if (this.closed) return 0
    const good = this.countSendable(batch)
    if (good === batch.count) this.deliver(batch, good)
    else this.deliverEach(batch)
    return batch.count
  }

  /** This link has no filter machine: only the empty expression is understood. */
  setFilter(expression: string): Fault | null {
    if (expression.trim() === '') return null
    return fault('badFilter', { expression, message: 'an in-memory link has no filter machine' })
  }

  statistics(into: LinkStatistics): void {
    Object.assign(into, this.counts)
  }

  nextDeadlineUs(): number {
    return Infinity
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.hub.detach(this)
    this.arriving.clear()
    this.leaving.clear()
    this.handed = 0
  }

  /** Frames wait to be drained. */
  get isReadable(): boolean {
    return this.arriving.batch.count > 0 || this.leaving.batch.count > this.handed
  }

  /** Takes frames off the cable. Called by the hub. */
  accept(batch: FrameBatch, count: number, direction: Direction): void {
    const nowUs = this.clock()
    const taken = this.arriving.append(batch, count, nowUs, direction)
    this.counts.received += taken
    this.counts.droppedByRing += count - taken
    if (taken === 0 || !this.armed || this.onReadable === null) return
    this.armed = false
    this.onReadable()
  }

  private swap(): void {
    const drained = this.leaving
    drained.clear()
    this.leaving = this.arriving
    this.arriving = drained
    this.handed = 0
  }

  private take(count: number): FrameBatch {
    const whole = this.leaving.batch
    const from = this.handed
    this.handed += count
    if (from === 0 && count === whole.count) return whole
    const part = this.part
    part.clear()
    part.bytes = whole.bytes
    for (let i = from; i < from + count; i++) {
      part.add(whole.offset[i], whole.capturedLength[i], whole.originalLength[i], whole.timeSec[i], whole.timeNsec[i], whole.direction[i] as Direction)
    }
    return part
  }

  /** Frames before the first one that an interface would refuse. */
  private countSendable(batch: FrameBatch): number {
    for (let i = 0; i < batch.count; i++) if (!this.isSendable(batch.capturedLength[i])) return i
    return batch.count
  }

  private isSendable(length: number): boolean {
    return length >= 14 && length <= this.maxFrameBytes
  }

  private deliver(batch: FrameBatch, count: number): void {
    this.counts.sent += count
    if (this.seeSent) this.accept(batch, count, Direction.sent)
    this.hub.deliver(this, batch, count)
  }

  private deliverEach(batch: FrameBatch): void {
    const single = new FrameBatch(1, batch.bytes)
    for (let i = 0; i < batch.count; i++) {
      if (!this.isSendable(batch.capturedLength[i])) { this.counts.sendFailed++; continue }
      single.clear()
      single.add(batch.offset[i], batch.capturedLength[i], batch.originalLength[i], 0, 0, Direction.sent)
      this.deliver(single, 1)
    }
  }
}

/** Frames one behind the other in an area of fixed size; each starts on a multiple of 8. */
class Inbox {
  readonly batch: FrameBatch
  private readonly stretch: Stretch
  private end: number

  constructor(capacityFrames: number, stretch: Stretch) {
    this.batch = new FrameBatch(capacityFrames, stretch.bytes)
    this.stretch = stretch
    this.end = stretch.at
  }

  clear(): void {
    this.batch.clear()
    this.end = this.stretch.at
  }

  /** @returns frames that found room */
  append(from: FrameBatch, count: number, nowUs: number, direction: Direction): number {
    const sec = Math.floor(nowUs / 1e6)
    const nsec = Math.round((nowUs - sec * 1e6) * 1000)
    return this.appendBlock(from, count, sec, nsec, direction) ? count : this.appendEach(from, count, sec, nsec, direction)
  }

  /** Frames that already lie one behind the other are copied in one piece. */
  private appendBlock(from: FrameBatch, count: number, sec: number, nsec: number, direction: Direction): boolean {
    const into = this.batch
    if (count < 2 || into.count + count > into.capacity) return false
    const start = from.offset[0]
    let end = start
    for (let i = 0; i < count; i++) {
      const offset = from.offset[i]
      if (offset < end || offset > end + 8 || (offset & 7) !== (start & 7)) return false
      end = offset + from.capturedLength[i]
    }
    if (!this.hasRoom(end - start)) return false
    copyText(from.bytes, start, into.bytes, this.end, end - start)
    const shift = this.end - start
    for (let i = 0; i < count; i++) into.add(from.offset[i] + shift, from.capturedLength[i], from.originalLength[i], sec, nsec, direction)
    this.end = (this.end + (end - start) + 7) & ~7
    return true
  }

  private appendEach(from: FrameBatch, count: number, sec: number, nsec: number, direction: Direction): number {
    const into = this.batch
    let taken = 0
    for (let i = 0; i < count; i++) {
      const length = from.capturedLength[i]
      if (into.count === into.capacity || !this.hasRoom(length)) continue
      copyText(from.bytes, from.offset[i], into.bytes, this.end, length)
      into.add(this.end, length, from.originalLength[i], sec, nsec, direction)
      this.end = (this.end + length + 7) & ~7
      taken++
    }
    return taken
  }

  private hasRoom(length: number): boolean {
    return this.end + length <= this.stretch.at + this.stretch.length
  }
}
