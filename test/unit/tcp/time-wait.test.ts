import { describe, expect, it } from 'vitest'
import { TcpSegment } from '../../../src/tcp/segment.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { traceIn } from '../../support/tcp-states.ts'
import { established, s } from '../../support/tcp-trace.ts'
import type { TcpTrace } from '../../support/tcp-trace.ts'

/** A SYN for the same addresses and ports; sequence numbers count from the peer's ISN, where its FIN was 1. */
function reopen(t: TcpTrace, seq: number, tsVal = -1): boolean {
  const syn = Object.assign(new TcpSegment(), { sourcePort: 40_000, destinationPort: 80, flags: TcpFlag.syn, seq: (t.peerIsn + seq) >>> 0 })
  Object.assign(syn.options, { hasTimestamp: tsVal >= 0, tsVal: Math.max(0, tsVal) })
  const isReopened = t.connection.reopen(syn, t.nowUs)
  t.poll()
  return isReopened
}

const stamped = () => {
  const t = established({ config: { timestamps: true } }).close()
  t.skip()
  t.peer.sends('F. 1:1(0) ack 2 win 65535 <nop,nop,TS val 100 ecr 0>')
  t.skip()
  expect(t.state).toBe('TIME_WAIT')
  return t
}

describe('a SYN in TIME-WAIT', () => {
  it('opens anew with a later timestamp, however low its number [RFC6191/ts-newer] [RFC9293/SHLD-4]', () => {
    const t = stamped()
    expect(reopen(t, -50_000, 101)).toBe(true)
    expect([t.state, t.connection.lastError, t.connection.pollTimeout()]).toEqual(['CLOSED', null, Infinity])
    expect(t.heard.at(-1)).toBe('closed')
    t.peer.hearsNothing()
  })

  it('with the same timestamp needs a higher number; an older one is dropped in silence [RFC6191/ts-newer]', () => {
    const t = stamped()
    for (const [seq, tsVal] of [[1, 100], [-1, 100], [5000, 99]]) expect(reopen(t, seq, tsVal)).toBe(false)
    t.peer.hearsNothing()
    expect(t.state).toBe('TIME_WAIT')
    expect(t.decisions.findLast(({ verb }) => verb === 'dropped')).toMatchObject({ reason: 'dropTimeWaitSyn', operands: [4998, -1, 0, 0] })
    expect(reopen(t, 2, 100)).toBe(true)
  })

  it('without timestamps needs a number above the last one [RFC6191/no-ts] [RFC9293/MAY-2]', () => {
    const t = traceIn('timeWait')
    for (const seq of [1, 0, -1_000_000]) expect(reopen(t, seq)).toBe(false)
    t.peer.hearsNothing()
    expect(t.state).toBe('TIME_WAIT')
    expect(reopen(t, 2)).toBe(true)
    const half = stamped()
    expect(reopen(half, 1)).toBe(false)
    expect(reopen(half, 2)).toBe(true)
  })

  it('that may be old is challenged where that is asked for [RFC9293/MAY-2]', () => {
    const t = traceIn('timeWait', { config: { timeWaitChallengesSyn: true } })
    expect(reopen(t, 1)).toBe(false)
    t.peer.expects('. 2:2(0) ack 2')
    expect(t.state).toBe('TIME_WAIT')
    expect(reopen(t, 2)).toBe(true)
  })

  it('does nothing to a connection in another state', () => {
    const t = traceIn('established')
    expect(reopen(t, 1_000_000)).toBe(false)
    expect(t.state).toBe('ESTABLISHED')
  })
})

describe('an RST in TIME-WAIT', () => {
  it('ends it, or not where that is guarded against [RFC1337/ignore-rst-tw]', () => {
    const t = traceIn('timeWait')
    t.peer.sends('R 2:2(0) win 0')
    expect(t.state).toBe('CLOSED')
    const guarded = traceIn('timeWait', { config: { timeWaitIgnoresReset: true } })
    guarded.peer.sends('R 2:2(0) win 0')
    expect(guarded.state).toBe('TIME_WAIT')
    expect(guarded.why('dropped')).toEqual(['dropTimeWaitRst'])
    expect(guarded.after(240 * s).state).toBe('CLOSED')
  })
})
