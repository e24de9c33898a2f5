import { describe, expect, it } from 'vitest'
import { tcpPreset } from '../../../src/tcp/config.ts'
import { established, ms, s, TcpTrace } from '../../support/tcp-trace.ts'
import type { TcpTrace as Trace } from '../../support/tcp-trace.ts'

/** The times at which something left, in seconds. */
const times = (t: Trace) => t.sent.map(({ atUs }) => atUs / s)

const stuck = (config = {}) => {
  const t = established({ config })
  expect(t.heard).toEqual(['connected', 'writable'])
  t.skip()
  t.sent.length = 0
  t.write(100)
  return t
}

describe('data that nobody acknowledges', () => {
  it('is told at R1, the third resend, and ends the connection at R2 [RFC9293/MUST-20] [RFC9293/SHLD-10]', () => {
    const t = stuck({ dataRetries: 5 }).at(7 * s - 1)
    expect(t.heard).toEqual([])
    t.at(7 * s)
    expect(t.heard).toEqual(['trouble'])
    expect(t.decisions.findLast(({ reason }) => reason === 'setTrouble')?.operands).toEqual([3, 100, 0, 0])
    t.at(62 * s)
    expect(times(t)).toEqual([0, 1, 3, 7, 15, 31])
    expect(t.heard).toEqual([])
    t.at(63 * s)
    expect(t.heard).toEqual(['timedOut'])
    expect(t.connection.lastError).toBe('connectionTimedOut')
  })

  it('is told anew when an answer came in between', () => {
    const t = stuck().at(7 * s)
    t.sent.length = 0
    expect(t.heard).toEqual(['trouble'])
    t.deliver('. 1:1(0) ack 101 win 65535')
    t.write(1)
    t.after(60 * s)
    expect(t.heard).toEqual(['trouble'])
  })

  it('leaves the connection open for 100 seconds by default [RFC9293/SHLD-11]', () => {
    const t = stuck().at(299 * s)
    expect(t.state).toBe('ESTABLISHED')
    expect(t.at(300 * s).state).toBe('CLOSED')
    for (const preset of ['rfc', 'linux', 'freebsd'] as const) expect(stuck({ ...tcpPreset(preset), timestamps: false, windowScaling: false }).at(100 * s).state).toBe('ESTABLISHED')
  })

  it('is resent for ever without R2, and not beyond a short one [RFC9293/MUST-21]', () => {
    const patient = stuck({ dataRetries: 0, userTimeoutUs: 0 }).at(86_400 * s)
    expect(patient.state).toBe('ESTABLISHED')
    expect(times(patient).at(-1)).toBeGreaterThan(86_400 - 61)
    const hasty = stuck({ userTimeoutUs: 5 * s }).at(5 * s - 1)
    expect(hasty.state).toBe('ESTABLISHED')
    expect(hasty.at(5 * s).heard).toEqual(['timedOut'])
  })

  it('takes a new R2 while it is resent [RFC9293/MUST-21]', () => {
    const t = stuck().at(10 * s).set('userTimeoutUs', 20 * s).at(30 * s)
    expect(t.state).toBe('CLOSED')
    const forever = stuck().at(10 * s).set('userTimeoutUs', 0).set('dataRetries', 0).at(1000 * s)
    expect(forever.state).toBe('ESTABLISHED')
  })
})

describe('a SYN that nobody answers', () => {
  it('has the same R1, and an R2 that ends it [RFC9293/MUST-22]', () => {
    const t = new TcpTrace({ config: { synRetries: 4 } }).open().at(7 * s)
    expect(t.heard).toEqual(['trouble'])
    t.at(31 * s)
    expect(times(t)).toEqual([0, 1, 3, 7, 15])
    expect(t.heard).toEqual(['timedOut'])
    expect(t.state).toBe('CLOSED')
  })

  it('is repeated for three minutes by default [RFC9293/MUST-23]', () => {
    const t = new TcpTrace().open().at(179 * s)
    expect(t.state).toBe('SYN_SENT')
    expect(times(t)).toEqual([0, 1, 3, 7, 15, 31, 63, 123])
    expect(t.at(183 * s - 1).state).toBe('SYN_SENT')
    expect(t.at(183 * s).state).toBe('CLOSED')
  })
})

describe('keep-alive', () => {
  const alive = (config = {}) => {
    const t = established({ config: { keepAlive: true, keepAliveIdleUs: 60 * s, keepAliveIntervalUs: 10 * s, keepAliveProbes: 3, ...config } })
    return t
  }

  it('is off unless asked for: a day of silence is nothing [RFC9293/MUST-25] [RFC9293/MAY-5]', () => {
    const t = established().at(86_400 * s)
    t.peer.hearsNothing()
    expect(t.state).toBe('ESTABLISHED')
  })

  it('can be turned on and off for each connection while it lives [RFC9293/MUST-24]', () => {
    const t = established({ config: { keepAliveIdleUs: 60 * s, keepAliveIntervalUs: 10 * s } }).at(10 * s).set('keepAlive', true).at(69 * s)
    t.peer.hearsNothing()
    t.at(70 * s)
    t.peer.expects('. 0:0(0) ack 1', 70 * s)
    t.set('keepAlive', false).at(1000 * s)
    t.peer.hearsNothing()
    expect(t.state).toBe('ESTABLISHED')
  })

  it('probes without data one below the next number, after the configured silence [RFC9293/MUST-27] [RFC9293/SHLD-12]', () => {
    const t = alive().at(60 * s)
    t.peer.expects('. 0:0(0) ack 1 win 65535', 60 * s)
    t.peer.hearsNothing()
    expect(t.decisions.findLast(({ reason }) => reason === 'keepAliveProbe')?.operands).toEqual([1, 60 * s, 0, 0])
  })

  it('waits two hours by default [RFC9293/MUST-28]', () => {
    const t = established({ config: { keepAlive: true } }).at(7200 * s - 1)
    t.peer.hearsNothing()
    t.at(7200 * s)
    t.peer.expects('. 0:0(0) ack 1', 7200 * s)
  })

  it('probes only into silence with nothing in flight [RFC9293/MUST-26]', () => {
    const t = alive().at(40 * s)
    t.peer.sends('. 1:1(0) ack 1 win 65535')
    t.at(99 * s)
    t.peer.hearsNothing()
    t.at(100 * s)
    t.peer.expects('. 0:0(0) ack 1', 100 * s)
    const busy = alive({ dataRetries: 100, userTimeoutUs: 0 }).at(50 * s)
    busy.write(1)
    busy.at(300 * s)
    expect(busy.why('ack')).not.toContain('keepAliveProbe')
    expect(busy.why('again')).toContain('retransmitTimeout')
  })

  it('goes on after one probe without an answer, and ends after the last [RFC9293/MUST-29]', () => {
    const t = alive().at(70 * s)
    expect(times(t).slice(2)).toEqual([60, 70])
    t.skip()
    t.peer.sends('. 1:1(0) ack 1 win 65535')
    t.at(129 * s)
    expect(t.heard).toEqual(['connected', 'writable'])
    t.at(160 * s)
    expect(times(t).slice(2)).toEqual([60, 70, 130, 140, 150])
    expect(t.heard).toEqual(['timedOut'])
  })
})

describe('a window that stays closed', () => {
  it('never ends the connection while the peer answers, but the application may [RFC6429/persist-abort]', () => {
    const t = established({ window: 0 })
    t.skip()
    t.write(10)
    for (let minute = 0; minute < 600; minute++) {
      t.after(60 * s).skip()
      t.peer.sends('. 1:1(0) ack 1 win 0')
      t.skip()
    }
    expect(t.state).toBe('ESTABLISHED')
    t.abort()
    t.peer.expects('R 2:2(0) win 0')
    expect([t.state, t.connection.pollTimeout(), t.connection.sendableBytes]).toEqual(['CLOSED', Infinity, 0])
  })

  it('nor does data beyond an edge that has moved back [RFC9293/SHLD-17]', () => {
    const t = established({ window: 4380 }).at(100 * ms)
    t.write(4380)
    expect(t.skip()).toHaveLength(3)
    t.peer.sends('. 1:1(0) ack 1461 win 1460')
    t.skip()
    for (let i = 0; i < 120; i++) {
      t.after(5 * s).skip()
      t.peer.sends('. 1:1(0) ack 2921 win 0')
      t.skip()
    }
    expect(t.state).toBe('ESTABLISHED')
    t.peer.sends('. 1:1(0) ack 2921 win 4380')
    t.peer.expects('P. 2921:4381(1460) ack 1')
  })
})
