import { DeadlineQueue } from '../base/deadline-queue.ts'
import type { Random } from '../base/random.ts'
import type { FrameWriter } from '../link/frame-batch.ts'
import type { TcpEvent } from '../tcp/events.ts'
import { TcpState } from '../tcp/state.ts'
import type { ConnectionRecord } from './connection-record.ts'
import { ConnectionTable } from './connection-table.ts'
import type { HostEventKind, HostEventQueue } from './host-event.ts'
import type { Listener } from './listeners.ts'
import type { FastOpens } from './fast-opens.ts'
import { RecordList } from './record-list.ts'
import type { TcpOutput, TransmitOutcome } from './tcp-output.ts'

/** Segments that one connection may send before others get their turn. */
const segmentsPerTurn = 64

export interface ConnectionLimits { readonly maxConnections: number, readonly historyLength: number }

const hostEventOf: Readonly<Record<TcpEvent, HostEventKind>> = {
  connected: 'connected', accepted: 'accepted', readable: 'readable', writable: 'writable', urgent: 'urgent', trouble: 'trouble', remoteClosed: 'remoteClosed',
  reset: 'reset', refused: 'refused', timedOut: 'timedOut', unreachable: 'unreachable', closed: 'closed',
}

/**
 * The connections of a host and their turns. Whoever calls a connection's engine calls {@link touch} afterwards; the connection is then
 * looked at once: its events, its deadline, what it has to send. A connection that nobody touches costs nothing.
 */
export class TcpConnections {
  readonly table: ConnectionTable
  private readonly byId = new Map<number, ConnectionRecord>()
  private readonly deadlines = new DeadlineQueue()
  private readonly events: HostEventQueue
  private readonly output: TcpOutput
  private readonly listenerOf: (record: ConnectionRecord) => Listener | null
  private readonly historyLength: number
  /** Closed connections, oldest first. */
  private readonly history: ConnectionRecord[] = []
  private unsettled = new RecordList()
  private settling = new RecordList()
  private untransmitted = new RecordList()
  private transmitting = new RecordList()
  private lastId = 0
  /** Told how connections opened; null before there is one to tell. */
  fastOpens: FastOpens | null = null

  constructor(limits: ConnectionLimits, random: Random, events: HostEventQueue, output: TcpOutput, listenerOf: (record: ConnectionRecord) => Listener | null) {
    this.table = new ConnectionTable(limits.maxConnections, random)
    this.historyLength = limits.historyLength
    this.events = events
    this.output = output
    this.listenerOf = listenerOf
  }

  nextId(): number {
    return ++this.lastId
  }

  add(record: ConnectionRecord): void {
    this.table.add(record)
    this.byId.set(record.id, record)
  }

  get(id: number): ConnectionRecord | undefined {
    return this.byId.get(id)
  }

  /** Live ones and the closed ones that are kept. */
  all(): IterableIterator<ConnectionRecord> {
    return this.byId.values()
  }

  /** Forgets a closed connection before its time. @returns false for a live or unknown one */
  release(id: number): boolean {
    const index = this.history.findIndex((record) => record.id === id)
    if (index < 0) return false
    this.forget(this.history.splice(index, 1)[0])
    return true
  }

  touch(record: ConnectionRecord): void {
    if (!record.needsSettling) {
      record.needsSettling = true
      this.unsettled.add(record)
    }
    if (!record.needsTransmit) {
      record.needsTransmit = true
      this.untransmitted.add(record)
    }
  }

  get hasWork(): boolean {
    return this.untransmitted.count > 0
  }

  /** Collects events and deadlines of the connections that were touched. */
  settle(): void {
    while (this.unsettled.count > 0) {
      const records = this.unsettled
      this.unsettled = this.settling
      this.settling = records
      for (let i = 0; i < records.count; i++) {
        const record = records.at(i)
        if (record.needsSettling) this.settleOne(record)
      }
      records.clear()
    }
  }

  /** Sends for the connections that were touched, a share for each in turn. False when the writer was full before everything was sent. */
  transmit(nowUs: number, writer: FrameWriter): boolean {
    while (this.untransmitted.count > 0) {
      const records = this.untransmitted
      this.untransmitted = this.transmitting
      this.transmitting = records
      let isFull = false
      for (let i = 0; i < records.count; i++) {
        const record = records.at(i)
        const outcome: TransmitOutcome = isFull ? 'full' : this.output.transmit(record, segmentsPerTurn, nowUs, writer)
        isFull ||= outcome === 'full'
        record.needsTransmit = outcome !== 'done'
        if (record.needsTransmit) this.untransmitted.add(record)
        // Now, while all of it is at hand: a list of those that sent would be gone through when it no longer is.
        this.settleOne(record)
      }
      records.clear()
      if (isFull) return false
    }
    return true
  }

  /** Deadlines only ever wait too short in the queue, never too long: one that has moved to later is put right when it comes up. */
  nextDeadlineUs(): number {
    for (;;) {
      const slot = this.deadlines.peekId()
      if (slot < 0) return Infinity
      const dueUs = this.table.at(slot).connection.pollTimeout()
      const queuedUs = this.deadlines.peekTime()
      if (dueUs <= queuedUs) return queuedUs
      if (dueUs === Infinity) this.deadlines.delete(slot)
      else this.deadlines.set(slot, dueUs)
    }
  }

  handleTimeout(nowUs: number): void {
    while (this.nextDeadlineUs() <= nowUs) {
      const record = this.table.at(this.deadlines.pop())
      // The ACK that TIME-WAIT owes leaves first, however short it is; sending settles the connection, and its deadline is queued again.
      if (record.needsTransmit && record.connection.state === TcpState.timeWait) continue
      record.connection.handleTimeout(nowUs)
      this.touch(record)
    }
  }

  /** The network has reported trouble with a connection that lives on. */
  tellUnreachable(record: ConnectionRecord): void {
    if (record.connection.config.reportTrouble) this.emit(record, 'unreachable')
  }

  /** A connection that has just ended makes room for another with the same addresses and ports. */
  replace(record: ConnectionRecord): void {
    for (let event = record.connection.pollEvent(); event !== null; event = record.connection.pollEvent()) this.report(record, event)
    this.retire(record)
  }

  private settleOne(record: ConnectionRecord): void {
    record.needsSettling = false
    if (!record.isLive) return
    const { connection } = record
    for (let event = connection.pollEvent(); event !== null; event = connection.pollEvent()) this.report(record, event)
    // Back in LISTEN (RFC 9293 §3.10.7.4): the listener goes on, and nobody has heard of this connection.
    if (connection.state === TcpState.listen) { this.retire(record); return }
    if (connection.state === TcpState.closed && !record.needsTransmit) { this.retire(record); return }
    const dueUs = connection.pollTimeout()
    if (dueUs < this.deadlines.timeOf(record.slot)) this.deadlines.set(record.slot, dueUs)
  }

  private report(record: ConnectionRecord, event: TcpEvent): void {
    const kind = hostEventOf[event]
    if (kind === 'trouble') {
      // The next segment looks for its way anew: another router, or the same one asked again (RFC 9293 §3.8.3, RFC 1122 §3.3.1.4).
      record.neighbour = null
      record.neighbour6 = null
      if (!record.connection.config.reportTrouble) return
    }
    if (kind === 'accepted') this.leaveBacklog(record)
    if (record.connection.fastOpen !== null && record.listenerPort < 0 && (kind === 'connected' || kind === 'timedOut' || kind === 'unreachable')) {
      this.fastOpens?.learn(record, record.connection.fastOpen, kind === 'connected')
    }
    this.emit(record, kind)
  }

  private leaveBacklog(record: ConnectionRecord): void {
    if (!record.isWaitingForAccept) return
    record.isWaitingForAccept = false
    const listener = this.listenerOf(record)
    if (listener !== null && listener.waiting > 0) listener.waiting--
  }

  private retire(record: ConnectionRecord): void {
    this.leaveBacklog(record)
    if (record.pendingFor !== null) this.fastOpens?.end(record)
    this.deadlines.delete(record.slot)
    this.table.remove(record)
    record.isLive = false
    this.history.push(record)
    if (this.history.length > this.historyLength) this.forget(this.history.shift()!)
  }

  private forget(record: ConnectionRecord): void {
    this.byId.delete(record.id)
    this.emit(record, 'removed')
  }

  private emit(record: ConnectionRecord, kind: HostEventKind): void {
    this.events.add({ kind, connection: record.id, socket: -1, listenerPort: record.listenerPort, address: null, mac: null })
  }
}
