import { Direction } from '../../src/link/frame-batch.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { Decision } from '../../src/rpc/host-contract.ts'
import type { Host } from '../../src/stack/host.ts'
import type { ReportedError } from '../../src/stack/network-error.ts'
import type { DecisionSink } from '../../src/tcp/decision.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import { icmpErrorName } from '../../src/wire/icmp-names.ts'
import { printPacket } from '../../src/wire/one-line.ts'
import { Layer, Packet, decodePacket } from '../../src/wire/packet.ts'
import { TcpFlag } from '../../src/wire/tcp.ts'
import { machineClock } from '../lab/clock.ts'
import { DecisionLog } from '../lab/decision-log.ts'
import type { Output } from './output.ts'
import { reasonText } from './reason-words.ts'
import type { Words } from './words.ts'

export interface ConversationOptions {
  readonly output: Output
  readonly words: Words
  readonly json: boolean
  /** Prints every segment, however many there are. */
  readonly all: boolean
  readonly quiet: boolean
}

/** Segments printed before only what is rare is. */
const segmentsAtMost = 120
const rare: readonly Decision['verb'][] = ['again', 'reset', 'state']

/**
 * A host's conversation as text: what it sends with why, what comes, and how its state changes.
 * With `--json`: `{"event": "received" | "sent" | "again" | "ack" | "reset" | "state" | "dropped" | "setting" | "held", "timeUs", "line", "reason", "operands", "rfc", "text"}`.
 */
export class Conversation {
  segments = 0
  readonly log = new DecisionLog()
  host: Host | null = null
  private readonly options: ConversationOptions
  private told = 0
  private isBrief = false
  private startUs = -1
  private shownUs = 0
  /** Lines of this turn: frames are seen before, decisions told after, and time orders them. */
  private waiting: { timeUs: number, text: string, reason: string }[] = []
  private readonly packet = new Packet()
  private readonly snapshot = createTcpSnapshot()

  constructor(options: ConversationOptions) {
    this.options = options
    this.isBrief = options.quiet
  }

  /** For the host: in a long transfer only what is rare is still written down. */
  sink(): DecisionSink {
    const { log } = this
    const inner = log.sinkOf(0)
    return { decide: (connection, verb, ...rest) => { if (!this.isBrief || rare.includes(verb)) inner.decide(connection, verb, ...rest) } }
  }

  /** Frames that came, and of our own those that are no TCP: TCP is told with its reasons. */
  watch(batch: FrameBatch, linkType: number): void {
    if (this.options.quiet || this.host === null) return
    for (let i = 0; i < batch.count; i++) {
      if (this.isBrief && batch.direction[i] === Direction.received) this.segments++
      if (!this.isBrief) this.watchFrame(batch, i, linkType)
    }
  }

  /** Prints what the engine decided since the last time. */
  tell(isEnd = false): void {
    if (this.options.quiet) return
    const until = isEnd ? this.log.latestId : this.log.latestSettled(machineClock())
    const decisions = this.log.query({ after: this.told, before: until + 1, count: 5000 })
    this.told = Math.max(this.told, until)
    for (const decision of decisions) this.tellDecision(decision)
    this.waiting.sort((a, b) => a.timeUs - b.timeUs)
    for (const { timeUs, text, reason } of this.waiting.splice(0)) this.show(timeUs, text, reason)
  }

  /** What the network has told of a connection, which goes on unless it was not yet established. */
  trouble({ ipVersion, type, code }: ReportedError, timeUs: number): void {
    const { words, json } = this.options
    const text = words('cli.trouble', { what: words(`icmp.${icmpErrorName(ipVersion, type, code)}`), type, code })
    this.waiting.push({ timeUs, text: json ? JSON.stringify({ event: 'trouble', timeUs: Math.round(timeUs), icmp: { version: ipVersion, type, code }, text }) : `! ${text}`, reason: '' })
  }

  private watchFrame(batch: FrameBatch, i: number, linkType: number): void {
    const { packet } = this
    const host = this.host!
    decodePacket(batch.bytes, batch.offset[i], batch.capturedLength[i], linkType, packet, batch.originalLength[i])
    const isSent = batch.direction[i] === Direction.sent
    const isTcp = (packet.layers & Layer.tcp) !== 0
    const destination = packet.ipVersion === 6 ? packet.ipv6.destination : packet.ipv4.destination
    if (isTcp ? isSent || !host.isOwnAddress(destination) : (packet.layers & (Layer.arp | Layer.icmp | Layer.icmpv6)) === 0) return
    const relative = isTcp ? this.basesOf() : undefined
    const line = printPacket(packet, batch.bytes, { addresses: !isTcp, ...(relative === undefined ? {} : { relative }) })
    this.print(isSent ? '>' : '<', isSent ? 'sent' : 'received', batch.timeSec[i] * 1e6 + batch.timeNsec[i] / 1000, line, null)
    if (isTcp) this.count(batch.timeSec[i] * 1e6 + batch.timeNsec[i] / 1000)
  }

  /** What the peer's numbers are relative to; a SYN says it itself. */
  private basesOf(): { seqBase: number, ackBase: number } {
    const { tcp } = this.packet
    for (const record of this.host!.connections()) {
      if (record.localPort !== tcp.destinationPort || record.remotePort !== tcp.sourcePort) continue
      record.connection.snapshot(this.snapshot)
    }
    const isSyn = (tcp.flags & TcpFlag.syn) !== 0
    return { seqBase: isSyn ? tcp.seq : this.snapshot.irs, ackBase: this.snapshot.iss }
  }

  private tellDecision(decision: Decision): void {
    const { words, json } = this.options
    const { verb, line } = decision
    const reason = reasonText(decision, words)
    if (json) {
      this.print('', verb, decision.timeUs, line, decision)
      if (line !== null) this.count(decision.timeUs)
      return
    }
    if (line !== null) {
      if (!this.isBrief || rare.includes(verb)) this.print('>', verb, decision.timeUs, line, decision, reason)
      this.count(decision.timeUs)
    } else if (verb === 'state') {
      this.print('=', verb, decision.timeUs, reason, decision)
    } else if (!this.isBrief && (verb === 'dropped' || verb === 'setting')) {
      this.print(' ', verb, decision.timeUs, reason, decision)
    }
  }

  private count(timeUs: number): void {
    this.segments++
    if (this.isBrief || this.options.all || this.segments < segmentsAtMost) return
    this.isBrief = true
    if (!this.options.json) this.waiting.push({ timeUs, text: `  ${this.options.words('cli.connect.quietFrom')}`, reason: '' })
  }

  private print(mark: string, event: string, timeUs: number, line: string | null, decision: Decision | null, reason = ''): void {
    if (this.options.json) {
      const { connection, reason: id, operands, rfc } = decision ?? {}
      const text = decision === null ? undefined : reasonText(decision, this.options.words)
      this.waiting.push({ timeUs, text: JSON.stringify({ event, timeUs: Math.round(timeUs), line, connection, reason: id, operands, rfc, text }), reason: '' })
      return
    }
    this.waiting.push({ timeUs, text: `${mark} ${line ?? ''}`, reason })
  }

  private show(timeUs: number, text: string, reason: string): void {
    const { output, json } = this.options
    if (json) return output.line(text)
    if (this.startUs < 0) this.startUs = timeUs
    // What had to wait, for ARP as a rule, is shown when it left.
    this.shownUs = Math.max(this.shownUs, timeUs)
    output.line(`${((this.shownUs - this.startUs) / 1000).toFixed(3).padStart(10)} ${text}`)
    if (reason !== '') output.line(`${' '.repeat(13)}${reason}`)
  }
}
