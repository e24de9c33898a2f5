import { describe, expect, it } from 'vitest'
import { TcpSegment } from '../../../src/tcp/segment.ts'
import { inputNumber, nextState, tcpInputs, TcpState, tcpStateNames, transitions } from '../../../src/tcp/state.ts'
import type { TcpInput, Transition, TcpStateKey } from '../../../src/tcp/state.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { expectInvariants, traceIn } from '../../support/tcp-states.ts'
import type { TcpTrace } from '../../support/tcp-trace.ts'

const states = Object.keys(TcpState) as TcpStateKey[]

/** How each input looks from outside; `edge` is the peer's next sequence number, `nxt` our next one. */
const inputs: Record<TcpInput, (t: TcpTrace, edge: number, nxt: number) => void> = {
  passiveOpen: (t) => { t.listen() },
  activeOpen: (t) => { t.open() },
  send: (t) => { t.write(1) },
  close: (t) => { t.close() },
  abort: (t) => { t.abort() },
  rcvSyn: (t) => { t.deliver('S 0:0(0) win 1000') },
  rcvSynAck: (t) => { t.deliver('S. 0:0(0) ack 1 win 1000') },
  rcvAckOfSyn: (t, edge) => { t.deliver(`. ${edge}:${edge}(0) ack 1 win 1000`) },
  rcvFin: (t, edge, nxt) => { t.deliver(t.state === 'TIME_WAIT' ? `F. ${edge - 1}:${edge - 1}(0) ack ${nxt} win 1000` : `F. ${edge}:${edge}(0) ack 1 win 1000`) },
  rcvAckOfFin: (t, edge, nxt) => { t.deliver(`. ${edge}:${edge}(0) ack ${nxt} win 1000`) },
  rcvFinAckOfFin: (t, edge, nxt) => { t.deliver(`F. ${edge}:${edge}(0) ack ${nxt} win 1000`) },
  rcvRst: (t, edge, nxt) => { t.deliver(t.state === 'SYN_SENT' ? `R. 0:0(0) ack ${nxt} win 0` : `R ${edge}:${edge}(0) win 0`) },
  rcvRstOfPassive: (t, edge) => { t.deliver(`R ${edge}:${edge}(0) win 0`) },
  rcvSynOfPassive: (t) => { t.deliver('S 50:50(0) win 1000') },
  timeout2Msl: (t) => { t.after(240_000_000) },
  userTimeout: (t) => { t.after(300_000_000) },
  unreachable: (t) => { t.connection.handleUnreachable(t.nowUs) },
  reopen: (t, edge) => { t.connection.reopen(Object.assign(new TcpSegment(), { flags: TcpFlag.syn, seq: t.peerIsn + edge }), t.nowUs) },
}

/** Where what is seen from outside is another input of the table, or a timer that does not run. */
const seenAs: Partial<Record<TcpInput, Partial<Record<TcpStateKey, TcpStateKey>>>> = {
  rcvSynAck: { synReceived: 'established' },
  rcvSyn: { timeWait: 'timeWait' },
  rcvFin: { synReceived: 'closeWait' },
  rcvFinAckOfFin: { established: 'closeWait', finWait2: 'timeWait', synReceived: 'closeWait', timeWait: 'timeWait', closing: 'timeWait', lastAck: 'closed' },
  rcvAckOfFin: { synReceived: 'established' },
  rcvRstOfPassive: { established: 'closed', finWait1: 'closed', finWait2: 'closed', closeWait: 'closed', closing: 'closed', lastAck: 'closed', timeWait: 'closed' },
  rcvRst: { synReceived: 'listen' },
  rcvSynOfPassive: { listen: 'synReceived', synSent: 'synReceived' },
  userTimeout: { timeWait: 'closed', finWait2: 'finWait2', established: 'established', closeWait: 'closeWait' },
  timeout2Msl: { synSent: 'closed', synReceived: 'closed' },
}

describe('the transition table', () => {
  it('has one row for each cell at most, and only rows that RFC 9293 knows', () => {
    const cells = transitions.map(({ from, input }) => `${from} ${input}`)
    expect(new Set(cells).size).toBe(cells.length)
    for (const { rfc } of transitions) expect(rfc).toMatch(/^RFC 9293 §3\.\d/)
  })

  it('is what nextState answers, and every input but those moves nothing', () => {
    for (const from of states) {
      for (const input of tcpInputs) {
        const row = (transitions as readonly Transition[]).find((each) => each.from === from && each.input === input)
        expect(nextState(TcpState[from], input)).toBe(row === undefined ? null : TcpState[row.to])
      }
    }
    expect(tcpInputs.map(inputNumber)).toEqual(tcpInputs.map((_, i) => i))
  })

  it('reaches every state', () => {
    const reached = new Set<string>(['closed', ...transitions.map(({ to }) => to)])
    expect([...reached].toSorted()).toEqual(states.toSorted())
    expect(tcpStateNames).toHaveLength(states.length)
  })
})

describe('every state meets every input', () => {
  const walked = new Set<string>()

  it.each(states.flatMap((state) => tcpInputs.map((input) => [state, input] as const)))('%s: %s', (state, input) => {
    const t = traceIn(state)
    const { rcvNxt, sndNxt } = t.snapshot
    const moves = t.decisions.length
    inputs[input](t, (rcvNxt - t.peerIsn) >>> 0, (sndNxt - t.isn) >>> 0)
    t.poll()
    const row = (transitions as readonly Transition[]).find((each) => each.from === state && each.input === input)
    expect(t.state).toBe(tcpStateNames[TcpState[seenAs[input]?.[state] ?? row?.to ?? state]])
    for (const { verb, operands } of t.decisions.slice(moves)) if (verb === 'state') walked.add(`${states[operands[0]]} ${tcpInputs[operands[2]]} ${states[operands[1]]}`)
    expectInvariants(t.connection, t.nowUs)
  })

  it('an active SYN_RCVD, and time-outs with something out, walk the rest of the table', () => {
    const active = () => {
      const t = traceIn('synSent')
      t.deliver('S 0:0(0) win 1000')
      t.poll().skip()
      return t
    }
    const busy = (state: TcpStateKey) => {
      const t = traceIn(state)
      t.write(10)
      return t
    }
    const reset = active()
    reset.deliver('R 1:1(0) win 0')
    const waiting = [active(), busy('established'), busy('closeWait')]
    for (const t of waiting) t.after(300_000_000)
    const stalled = traceIn('finWait2')
    stalled.set('keepAlive', true).set('keepAliveIdleUs', 1000).set('keepAliveProbes', 1).set('keepAliveIntervalUs', 1000)
    stalled.after(8_000_000_000)
    for (const t of [reset, ...waiting, stalled]) {
      expect(t.state).toBe('CLOSED')
      for (const { verb, operands } of t.decisions) if (verb === 'state') walked.add(`${states[operands[0]]} ${tcpInputs[operands[2]]} ${states[operands[1]]}`)
    }
    expect(transitions.map(({ from, input, to }) => `${from} ${input} ${to}`).filter((cell) => !walked.has(cell))).toEqual([])
  })
})
