import { seqDiff } from '../../src/tcp/seq.ts'
import type { TcpSnapshot } from '../../src/tcp/snapshot.ts'

export type SpanKind = 'acked' | 'inFlight' | 'sacked' | 'room' | 'beyond' | 'read' | 'unread' | 'outOfOrder' | 'hole' | 'free'
export type MarkKind = 'sndUna' | 'sndNxt' | 'windowEdge' | 'cwndEdge' | 'rcvNxt' | 'rcvEdge'

/** A stretch of sequence numbers, as signed distances in bytes from the bar's base. */
export interface Span { kind: SpanKind, from: number, to: number }

/** A named point; `seq` is the sequence number itself. */
export interface Mark { kind: MarkKind, at: number, seq: number }

/** One direction of a connection as one end knows it. */
export interface SequenceBar {
  spans: Span[]
  marks: Mark[]
  /** First and last distance worth showing. */
  from: number
  to: number
}

/** How much of what is done stays visible on the left, as a part of the width. */
const historyPart = 0.15

/** What an end that sends knows: acknowledged, in flight, room in the window, beyond it (RFC 9293 §3.3.1, figure 3). Base: SND.UNA. */
export function sendBar(tcb: TcpSnapshot): SequenceBar {
  const inFlight = Math.max(0, seqDiff(tcb.sndNxt, tcb.sndUna))
  const windowEdge = tcb.sndWnd
  const reach = Math.max(inFlight, windowEdge, Math.min(tcb.cwnd, windowEdge * 2), tcb.sndMss)
  const acked = Math.max(0, seqDiff(tcb.sndUna, tcb.iss))
  const from = -Math.min(acked, Math.ceil(reach * historyPart))
  const to = Math.ceil(reach * (1 + historyPart))
  const spans: Span[] = []
  push(spans, 'acked', from, 0)
  pushInFlight(spans, tcb, inFlight)
  push(spans, 'room', inFlight, windowEdge)
  push(spans, 'beyond', Math.max(inFlight, windowEdge), to)
  const marks: Mark[] = [
    { kind: 'sndUna', at: 0, seq: tcb.sndUna },
    { kind: 'sndNxt', at: inFlight, seq: tcb.sndNxt },
    { kind: 'windowEdge', at: windowEdge, seq: (tcb.sndUna + windowEdge) >>> 0 },
  ]
  if (tcb.cwnd <= to) marks.push({ kind: 'cwndEdge', at: tcb.cwnd, seq: (tcb.sndUna + tcb.cwnd) >>> 0 })
  return { spans, marks, from, to }
}

/**
 * What an end that receives holds: read, unread, holes and out-of-order bytes, free room up to the advertised edge (RFC 9293 §3.3.1, figure 4).
 * @param base the sequence number that distances are counted from; the sender's SND.UNA puts both bars on one scale
 */
export function receiveBar(tcb: TcpSnapshot, base: number = tcb.rcvNxt): SequenceBar {
  const rcvNxt = seqDiff(tcb.rcvNxt, base)
  const edge = Math.max(rcvNxt, seqDiff(tcb.rcvAdvertisedEdge, base))
  const unreadFrom = rcvNxt - tcb.receiveUnreadBytes
  const reach = Math.max(edge - rcvNxt, tcb.receiveUnreadBytes, tcb.rcvMss)
  const received = Math.max(0, seqDiff(tcb.rcvNxt, tcb.irs))
  const from = Math.min(unreadFrom, rcvNxt - Math.min(received, Math.ceil(reach * historyPart)))
  const to = rcvNxt + Math.ceil(reach * (1 + historyPart))
  const spans: Span[] = []
  push(spans, 'read', from, unreadFrom)
  push(spans, 'unread', unreadFrom, rcvNxt)
  let at = rcvNxt
  for (const range of tcb.receiveRanges) {
    const start = seqDiff(range.start, base)
    const end = seqDiff(range.end, base)
    push(spans, 'hole', at, start)
    push(spans, 'outOfOrder', start, end)
    at = end
  }
  push(spans, 'free', at, edge)
  push(spans, 'beyond', Math.max(at, edge), to)
  return {
    spans,
    marks: [{ kind: 'rcvNxt', at: rcvNxt, seq: tcb.rcvNxt }, { kind: 'rcvEdge', at: edge, seq: tcb.rcvAdvertisedEdge }],
    from,
    to,
  }
}

/** Places distances on `width` pixels so that every bar fits. */
export function scaleOf(bars: readonly SequenceBar[], width: number): (distance: number) => number {
  const from = Math.min(...bars.map((bar) => bar.from))
  const to = Math.max(...bars.map((bar) => bar.to))
  const perByte = width / Math.max(1, to - from)
  return (distance) => (Math.min(Math.max(distance, from), to) - from) * perByte
}

/** What is in flight, with what the peer's SACK blocks already cover set apart (RFC 2018 §3). */
function pushInFlight(spans: Span[], tcb: TcpSnapshot, inFlight: number): void {
  let at = 0
  for (const range of tcb.sackedRanges) {
    const start = Math.max(at, seqDiff(range.start, tcb.sndUna))
    const end = Math.min(inFlight, seqDiff(range.end, tcb.sndUna))
    if (end <= start) continue
    push(spans, 'inFlight', at, start)
    push(spans, 'sacked', start, end)
    at = end
  }
  push(spans, 'inFlight', at, inFlight)
}

function push(spans: Span[], kind: SpanKind, from: number, to: number): void {
  if (to > from) spans.push({ kind, from, to })
}
