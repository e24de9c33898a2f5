import type { Socket } from 'node:net'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { FrameSink, Link, LinkInfo, LinkStatistics } from '../../src/link/link.ts'
import { FrameQueue } from './frame-queue.ts'
import { FrameSender } from './frame-sender.ts'
import { MessageReader, encodeControl, encodeCredit } from './helper-protocol.ts'
import type { HelperControl, MessageHandler, OpenRequest } from './helper-protocol.ts'
import { compileFilterIfPossible } from './interfaces.ts'

export interface RemoteLinkOptions {
  /** Bytes of received frames that may wait here to be drained; the rest waits in the helper's ring, which counts what it loses. */
  readonly queueBytes?: number
  /** What is wrong when the helper goes away by itself. */
  readonly goneFault: (reason: string) => Fault
}

const defaultQueueBytes = 8 << 20
/** Credit goes back in pieces of this size, and whatever is left when everything was drained. */
const creditStepBytes = 256 * 1024

/**
 * A link that lives in a helper process, as the lab sees it. Frames carry the helper's stamps, directions and counts;
 * the counters lag by what is on its way, a millisecond or two.
 */
export class RemoteLink implements Link, MessageHandler<HelperControl> {
  info!: LinkInfo
  /** Address of the far end, where the helper made one; empty otherwise. */
  peerAddress = ''
  onReadable: (() => void) | null = null
  onClosed: ((reason: Fault) => void) | null = null
  private readonly socket: Socket
  private readonly options: RemoteLinkOptions
  private readonly queue: FrameQueue
  private readonly sender: FrameSender
  private readonly counters = emptyStatistics()
  /** Whoever sent less than it wanted waits to be woken. */
  private senderWaits = false
  /** Frames that came; the helper's own count comes behind them. */
  private arrived = 0
  /** Frames handed to the helper; it tells later which of them failed. */
  private handedOver = 0
  /** Filters that the helper has not yet confirmed. */
  private filtersUnderWay = 0
  private isArmed = true
  private wokenAt = 0
  private wakeLater: NodeJS.Timeout | null = null
  private isClosed = false
  private isDead = false
  private settle: { opened: () => void, failed: (reason: FaultError) => void } | null = null

  constructor(socket: Socket, options: RemoteLinkOptions) {
    this.socket = socket
    this.options = options
    this.queue = new FrameQueue(options.queueBytes ?? defaultQueueBytes)
    this.sender = new FrameSender((message, done) => { if (socket.writable) socket.write(message, done) })
    const reader = new MessageReader<HelperControl>(this)
    socket.on('data', (chunk: Uint8Array) => reader.feed(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.die(options.goneFault('')))
  }

  /** Asks the helper to open its link. @throws FaultError what the helper answered */
  open(request: Omit<OpenRequest, 'kind' | 'credit'>): Promise<void> {
    return new Promise((opened, failed) => {
      this.settle = { opened, failed }
      this.socket.write(encodeControl({ ...request, kind: 'open', credit: this.queue.credit }))
    })
  }

  drain(sink: FrameSink, maxFrames: number): number {
    if (this.isClosed) return 0
    const { queue } = this
    // A sink may close the link that it is fed by.
    const take = (batch: FrameBatch) => {
      if (this.isClosed) return 0
      sink(batch)
      return batch.count
    }
    try {
      return queue.drain(take, maxFrames)
    } finally {
      this.isArmed = queue.isEmpty
      if (queue.freedBytes >= creditStepBytes || (queue.isEmpty && queue.freedBytes > 0)) this.giveCredit()
    }
  }

  send(batch: FrameBatch): number {
    if (this.isClosed || this.isDead || !this.info.mayInject) return 0
    const taken = this.sender.push(batch)
    this.sender.flush()
    this.handedOver += taken
    this.senderWaits = taken < batch.count
    return taken
  }

  setFilter(expression: string): Fault | null {
    if (this.isClosed || this.isDead) return fault('linkClosed', { name: this.info.name })
    // Without a compiler of our own the helper's has the last word.
    const compiled = expression === '' ? null : compileFilterIfPossible(expression, this.info.linkType, this.info.snapLength)
    if (typeof compiled === 'string') return fault('badFilter', { expression, message: compiled })
    this.filtersUnderWay++
    this.socket.write(encodeControl({ kind: 'setFilter', expression }))
    return null
  }

  /** Whether the filter set last is in force: it takes the helper a moment. */
  get isFilterSettled(): boolean {
    return this.filtersUnderWay === 0
  }

  statistics(into: LinkStatistics): void {
    const failed = this.counters.sendFailed + this.sender.tooLong
    Object.assign(into, this.counters)
    into.received = Math.max(into.received, this.arrived)
    into.sendFailed = failed
    // Of a dead helper only what it confirmed is sure.
    if (!this.isDead) into.sent = this.handedOver - failed
  }

  nextDeadlineUs(): number {
    return Infinity
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    clearTimeout(this.wakeLater ?? undefined)
    if (!this.isDead) this.socket.end(encodeControl({ kind: 'close' }))
    // A helper that does not read its farewell loses the socket all the same, and ends with it.
    setTimeout(() => this.socket.destroy(), 1000).unref()
  }

  get frameArea(): Uint8Array { return this.queue.area }

  reserveFrames(bodyBytes: number): number {
    return this.queue.reserve(bodyBytes)
  }

  frames(offset: number, bodyBytes: number, count: number): boolean {
    if (!this.queue.commit(offset, bodyBytes, count)) return false
    this.arrived += count
    this.wake()
    return true
  }

  credit(bytes: number): void {
    this.sender.credit += bytes
    if (!this.senderWaits) return
    this.senderWaits = false
    this.wake()
  }

  counts(statistics: LinkStatistics): void {
    Object.assign(this.counters, statistics)
  }

  control(control: HelperControl): void {
    if (control.kind === 'opened') {
      this.info = { ...control.info, mac: control.info.mac === null ? null : Uint8Array.from(control.info.mac) }
      this.peerAddress = control.peerAddress
      this.sender.credit = control.credit
      this.settle?.opened()
    } else if (control.kind === 'failed') {
      this.settle?.failed(new FaultError(control.fault))
      this.close()
    } else if (control.kind === 'filterSet') {
      this.filtersUnderWay--
    } else {
      this.die(control.fault)
    }
  }

  broken(reason: string): void {
    this.die(this.options.goneFault(reason))
  }

  /** The helper ended, was killed, lost its interface or talks nonsense. What has arrived can still be drained. */
  die(reason: Fault): void {
    if (this.isDead) return
    this.isDead = true
    this.socket.destroy()
    this.settle?.failed(new FaultError(reason))
    if (!this.isClosed && this.info !== undefined) this.onClosed?.(reason)
  }

  private wake(): void {
    if (!this.isArmed || this.isClosed || this.wakeLater !== null) return
    const soonest = this.wokenAt + 1 - performance.now()
    if (soonest > 0) {
      this.wakeLater = setTimeout(() => { this.wakeLater = null; this.wake() }, soonest)
      return
    }
    this.wokenAt = performance.now()
    this.isArmed = false
    this.onReadable?.()
  }

  private giveCredit(): void {
    const bytes = this.queue.takeFreed()
    if (!this.isDead) this.socket.write(encodeCredit(bytes))
  }
}
