import { expect } from 'vitest'
import type { TcpConnection } from '../../src/tcp/connection.ts'
import { seqGe, seqLe, seqLt } from '../../src/tcp/seq.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import { isSynchronized, TcpState, tcpStateNames } from '../../src/tcp/state.ts'
import type { TcpStateKey } from '../../src/tcp/state.ts'
import { TcpTrace } from './tcp-trace.ts'
import type { TraceOptions } from './tcp-trace.ts'

/** The shortest way into each state; all that was sent on the way is taken. RCV.NXT and SND.UNA stand at 1 or, behind a FIN, at 2. */
const ways: Record<TcpStateKey, (t: TcpTrace) => void> = {
  closed: () => {},
  listen: (t) => { t.listen() },
  synSent: (t) => { t.open() },
  synReceived: (t) => { t.listen(); t.deliver('S 0:0(0) win 65535 <mss 1460>') },
  established: (t) => { ways.synReceived(t); t.poll().skip(); t.deliver('. 1:1(0) ack 1 win 65535') },
  finWait1: (t) => { ways.established(t); t.close() },
  finWait2: (t) => { ways.finWait1(t); t.deliver('. 1:1(0) ack 2 win 65535') },
  closeWait: (t) => { ways.established(t); t.deliver('F. 1:1(0) ack 1 win 65535') },
  closing: (t) => { ways.finWait1(t); t.deliver('F. 1:1(0) ack 1 win 65535') },
  lastAck: (t) => { ways.closeWait(t); t.poll().close() },
  timeWait: (t) => { ways.finWait1(t); t.deliver('F. 1:1(0) ack 2 win 65535') },
}

export function traceIn(state: TcpStateKey, options: TraceOptions = {}): TcpTrace {
  const trace = new TcpTrace(options)
  ways[state](trace)
  trace.poll().skip()
  expect(trace.state).toBe(tcpStateNames[TcpState[state]])
  return trace
}

const snapshot = createTcpSnapshot()

/** What holds in every state, once everything that wants to be sent was sent. */
export function expectInvariants(connection: TcpConnection, nowUs: number): void {
  connection.snapshot(snapshot)
  const view = snapshot
  const problem = (text: string) => new Error(`${text} in ${tcpStateNames[view.state]}: ${JSON.stringify(view)}`)
  if (!seqLe(view.sndUna, view.sndNxt)) throw problem('SND.UNA is beyond SND.NXT')
  if (!seqGe(view.sndResendNxt, view.sndUna) || !seqLe(view.sndResendNxt, view.sndNxt)) throw problem('resending outside of what is out')
  if (view.sendQueuedBytes < 0 || view.sendUnackedBytes < 0) throw problem('a negative amount of data')
  if (view.sendQueuedBytes + view.sendUnackedBytes > view.sendBufferBytes) throw problem('more sent than the buffer holds')
  if (isSynchronized(view.state) && !seqLe(view.rcvNxt, view.rcvAdvertisedEdge)) throw problem('RCV.NXT is beyond the window')
  if (view.rack.on && (view.rack.lost < 0 || view.pipe < 0 || view.pipe > view.flightSize)) throw problem('a pipe that cannot be')
  let edge = view.rcvNxt
  for (const { start, end } of view.receiveRanges) {
    if (!seqLt(edge, start) || !seqLt(start, end)) throw problem('ranges out of order')
    edge = end
  }
  for (const [name, deadline] of Object.entries(view.timers)) if (deadline !== -1 && !(deadline > nowUs)) throw problem(`${name} is due in the past`)
  const { retransmit, persist, reorder, lossProbe } = view.timers
  const armed = [retransmit, persist, reorder, lossProbe].filter((deadline) => deadline !== -1).length
  const carriesData = isSynchronized(view.state) && view.state !== TcpState.timeWait
  const finWaits = !view.finSent && (view.state === TcpState.finWait1 || view.state === TcpState.lastAck || view.state === TcpState.closing)
  const busy = carriesData && (view.sndUna !== view.sndNxt || view.sendQueuedBytes > 0 || finWaits)
  if (armed > 1) throw problem('more than one loss timer')
  if (busy && armed !== 1) throw problem('no loss timer')
  if (!busy && view.state !== TcpState.synSent && view.state !== TcpState.synReceived && armed > 0) throw problem('a timer for nothing')
  if (view.state === TcpState.closed && connection.pollTimeout() !== Infinity) throw problem('a timer')
  if (view.cwnd < 0 || view.ssthresh < 0) throw problem('a negative congestion window')
}
