import { seqLe } from '../../tcp/seq.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import type { FlowInsight } from './flow-insight.ts'
import type { InsightName } from './insight.ts'
import type { Notes } from './notes.ts'
import type { OneWay } from './one-way.ts'

/** Unanswered repetitions after which a reset is taken for giving up. */
const triesAtLeast = 3
/** As in batches of frames. */
const sentByUs = 2

/**
 * Why an end sends a RST (RFC 9293 §3.10.7): Linux and others tell by its number and its ACK bit whether a segment without a connection is
 * answered, or a connection is ended. A TTL that is not that of its sender's other packets speaks for somebody in between.
 */
export function judgeReset(notes: Notes, flow: FlowInsight): void {
  const { segment, sent } = notes
  if (sent.ttl >= 0 && segment.ttl !== sent.ttl && segment.direction !== sentByUs) {
    notes.add('foreignTtl', [segment.ttl, sent.ttl], sent.anyPacket)
    if (flow.foreignTtlPacket === 0) flow.isForeignFromClient = segment.isFromClient
    flow.foreignTtlPacket ||= segment.packet
  }
  const cause = causeOf(notes)
  sent.resetPacket = segment.packet
  flow.reset ??= { cause, packet: segment.packet, isFromClient: segment.isFromClient }
}

function causeOf(notes: Notes): InsightName {
  const { segment, sent, heard } = notes
  const hasAck = (segment.flags & TcpFlag.ack) !== 0
  const isAnswer = heard.anyPacket > 0 && !hasAck && (heard.anyFlags & TcpFlag.ack) !== 0 && segment.seq === heard.anyAck
  if (sent.resetPacket > 0) return told(notes, 'resetRepeated', [], sent.resetPacket)
  if (sent.anyPacket === 0 && hasAck && heard.syns > 0 && (heard.anyFlags & TcpFlag.syn) !== 0) return told(notes, 'resetRefused', [], heard.anyPacket)
  if (isAnswer && sent.syns > 0 && !sent.isOpen && segment.seq !== sent.nxt) return told(notes, 'resetUnacceptableAck', [segment.seq], heard.anyPacket)
  if (sent.finSent && heard.anyLength > 0 && heard.anyUs > sent.finUs) return told(notes, 'resetAfterClose', [heard.anyLength], heard.anyPacket)
  if (sent.unansweredRepeats >= triesAtLeast) return told(notes, 'resetTimeout', [sent.unansweredRepeats, segment.timeUs - sent.unansweredUs], sent.unansweredPacket)
  if (isAnswer) return told(notes, 'resetHalfOpen', [sent.anyPacket === 0 ? 0 : segment.timeUs - sent.anyUs], heard.anyPacket)
  if (!hasAck && sent.hasAck && seqLe(segment.seq, sent.una)) return told(notes, 'resetLate', [segment.seq], 0)
  if (sent.hasSent && segment.seq !== sent.nxt && segment.seq !== heard.una) return told(notes, 'resetStray', [segment.seq, sent.nxt], sent.lastPacket)
  if (hasUnread(sent, heard)) return told(notes, 'resetUnread', [unreadOf(heard)], heard.lastPacket)
  return told(notes, 'resetAbort', [sent.outstanding, sent.anyPacket === 0 ? 0 : segment.timeUs - sent.anyUs], sent.anyPacket)
}

function told(notes: Notes, name: InsightName, operands: readonly number[], packet: number): InsightName {
  notes.add(name, operands.map(Math.round), packet)
  return name
}

/** RFC 1122 §4.2.2.13: closed while data waits that nobody has read; the window that it offered last is smaller by it. */
function hasUnread(sent: OneWay, heard: OneWay): boolean {
  return heard.lastPacket > sent.lastPacket && heard.hasEdge && unreadOf(heard) > 0
}

function unreadOf(heard: OneWay): number {
  return Math.max(0, Math.min(heard.bytes, heard.largestWindow - heard.window))
}
