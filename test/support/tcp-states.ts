import { expect } from 'vitest'
import { brokenInvariant } from '../../src/sim/soak/checks.ts'
import type { TcpConnection } from '../../src/tcp/connection.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import { TcpState, tcpStateNames } from '../../src/tcp/state.ts'
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
  const problem = brokenInvariant(snapshot, nowUs)
  if (problem !== null) throw new Error(`${problem} in ${tcpStateNames[snapshot.state]}: ${JSON.stringify(snapshot)}`)
}
