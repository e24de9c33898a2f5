import type { Socket } from 'node:net'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { Link, LinkInfo, LinkKind, LinkStatistics } from '../../src/link/link.ts'
import { FrameQueue } from '../link/frame-queue.ts'
import { FrameSender } from '../link/frame-sender.ts'
import { MessageReader, encodeControl, encodeCounts, encodeCredit, frameRecordBytes, longestFrameBytes } from '../link/helper-protocol.ts'
import type { LabControl, MessageHandler, OpenRequest } from '../link/helper-protocol.ts'

const injectQueueBytes = 4 << 20
const framesATurn = 1024
/** How often counters are looked at when no frame moves: the kernel may be dropping some. */
const countsEveryMs = 100
/** How soon frames are offered again to an interface whose queue was full. */
const retryAfterMs = 1

/** Carries one link's frames over the socket: received ones as far as the lab has given credit, the lab's own into the link. */
export class LinkBridge implements MessageHandler<LabControl> {
  private readonly socket: Socket
  private readonly onOpen: (request: OpenRequest) => void
  private readonly queue = new FrameQueue(injectQueueBytes)
  private readonly sender: FrameSender
  private readonly counters = emptyStatistics()
  private readonly told = emptyStatistics()
  private link: Link | null = null
  private timer: NodeJS.Timeout | null = null
  private retry: NodeJS.Timeout | null = null
  private nextTurn: NodeJS.Immediate | null = null
  /** Frames wait in the link and there is no credit to take them. */
  private isStarved = false

  constructor(socket: Socket, onOpen: (request: OpenRequest) => void) {
    this.socket = socket
    this.onOpen = onOpen
    this.sender = new FrameSender((message, done) => { if (socket.writable) socket.write(message, done) })
    const reader = new MessageReader<LabControl>(this)
    socket.on('data', (chunk: Uint8Array) => reader.feed(chunk))
  }

  /** @param kind what the lab shall call the link; null: what it is */
  start(link: Link, request: OpenRequest, kind: LinkKind | null, peerAddress: string): void {
    this.link = link
    this.sender.credit = request.credit
    const mac = link.info.mac === null ? null : [...link.info.mac]
    const info = { ...link.info, kind: kind ?? link.info.kind, mac, snapLength: Math.min(link.info.snapLength, longestFrameBytes) } as LinkInfo & { mac: number[] | null }
    this.socket.write(encodeControl({ kind: 'opened', info, peerAddress, credit: this.queue.credit }))
    link.onReadable = () => this.pump()
    link.onClosed = (reason) => {
      this.pump()
      this.socket.write(encodeControl({ kind: 'closed', fault: reason }))
    }
    this.timer = setInterval(() => this.tellCounts(), countsEveryMs)
    this.pump()
  }

  close(): void {
    for (const stop of [() => clearInterval(this.timer ?? undefined), () => clearTimeout(this.retry ?? undefined), () => clearImmediate(this.nextTurn ?? undefined)]) stop()
    this.link?.close()
    this.link = null
  }

  get frameArea(): Uint8Array { return this.queue.area }

  reserveFrames(bodyBytes: number): number {
    return this.link === null ? -1 : this.queue.reserve(bodyBytes)
  }

  frames(offset: number, bodyBytes: number, count: number): boolean {
    if (!this.queue.commit(offset, bodyBytes, count)) return false
    if (this.retry === null) this.inject()
    return true
  }

  credit(bytes: number): void {
    this.sender.credit += bytes
    if (this.isStarved) this.pump()
  }

  counts(): void {}

  control(control: LabControl): void {
    if (control.kind === 'open' && this.link === null) this.onOpen(control)
    else if (control.kind === 'close') this.socket.destroy()
    else if (control.kind === 'setFilter') {
      this.socket.write(encodeControl({ kind: 'filterSet', fault: this.link?.setFilter(control.expression) ?? null }))
    }
  }

  broken(reason: string): void {
    console.error(`tcplab helper: the lab sent ${reason}`)
    this.socket.destroy()
  }

  /** Takes from the link only what surely fits the credit: what is taken must not be lost here. */
  private pump(): void {
    const { link, sender } = this
    if (link === null) return
    const longest = frameRecordBytes + Math.min(link.info.snapLength, longestFrameBytes) + 8
    const wanted = Math.min(framesATurn, Math.floor(sender.credit / longest))
    // Without credit the frames wait in the link's ring; the next credit calls again.
    this.isStarved = wanted === 0
    if (this.isStarved) return
    const drained = link.drain((batch) => { sender.push(batch) }, wanted)
    sender.flush()
    if (drained > 0) this.tellCounts()
    if (drained === wanted) this.nextTurn ??= setImmediate(() => { this.nextTurn = null; this.pump() })
  }

  private inject(): void {
    const { link } = this
    this.retry = null
    if (link === null) return
    const take = (batch: FrameBatch) => link.send(batch)
    this.queue.drain(take, Infinity)
    this.tellCounts()
    if (this.queue.freedBytes > 0) this.socket.write(encodeCredit(this.queue.takeFreed()))
    if (!this.queue.isEmpty) this.retry = setTimeout(() => this.inject(), retryAfterMs)
  }

  private tellCounts(): void {
    if (this.link === null) return
    this.link.statistics(this.counters)
    if (!differ(this.counters, this.told)) return
    Object.assign(this.told, this.counters)
    this.socket.write(encodeCounts(this.counters))
  }
}

function differ(a: LinkStatistics, b: LinkStatistics): boolean {
  return a.received !== b.received || a.sent !== b.sent || a.sendFailed !== b.sendFailed || a.droppedByKernel !== b.droppedByKernel
    || a.droppedByInterface !== b.droppedByInterface || a.droppedByRing !== b.droppedByRing || a.truncated !== b.truncated
}
