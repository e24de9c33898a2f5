import { describe, expect, it } from 'vitest'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import { userTimeoutField, userTimeoutOf } from '../../../src/tcp/user-timeout.ts'
import { s, TcpTrace } from '../../support/tcp-trace.ts'

const minute = 60 * s

/** A server whose peer says on its SYN how long it waits. */
function told(option: string, config: Partial<TcpConfig> = {}): TcpTrace {
  const t = new TcpTrace({ config: { userTimeoutOption: true, ...config } }).listen()
  t.peer.sends(`S 0:0(0) win 65535 <mss 1460${option}>`).skip()
  t.peer.sends('. 1:1(0) ack 1 win 65535').skip()
  return t
}

const adopted = (option: string, config: Partial<TcpConfig> = {}) => told(option, config).snapshot.adoptedUserTimeoutUs / s

describe('the user timeout option', () => {
  it('says seconds, or minutes where those do not fit in 15 bits, and never zero [RFC5482/format]', () => {
    expect([300 * s, 32_767 * s, 32_768 * s, 40_000 * minute, 1].map(userTimeoutField)).toEqual([300, 0x7fff, 0x8000 | 546, 0x8000 | 0x7fff, 1])
    expect([300, 0x8000 | 10, 0, 0x8000].map(userTimeoutOf)).toEqual([300 * s, 10 * minute, 0, 0])
    new TcpTrace({ config: { userTimeoutOption: true } }).open().peer.expects('S 0:0(0) win 65535 <mss 1460,uto 300s>')
  })

  it('that says zero, or stands in another length, is not there [RFC5482/format]', () => {
    expect([adopted(',uto 0s'), adopted(',uto 0min'), adopted(',kind 28 000100,nop,nop,nop')]).toEqual([0, 0, 0])
  })

  it('goes on the SYN, on the first segment after it, and once more when it changes [RFC5482/when]', () => {
    const t = new TcpTrace({ config: { userTimeoutOption: true } }).open()
    t.peer.expects('S 0:0(0) win 65535 <mss 1460,uto 300s>')
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460>').peer.expects('. 1:1(0) ack 1 win 65535 <uto 300s>')
    t.write(10)
    t.peer.expects('P. 1:11(10) ack 1 win 65535')
    t.peer.sends('. 1:1(0) ack 11 win 65535')
    t.set('userTimeoutAdvertisedUs', 400 * s).write(10)
    t.peer.expects('P. 11:21(10) ack 1 win 65535 <uto 400s>')
  })

  it('leaves room for itself in a full segment', () => {
    const t = new TcpTrace({ config: { userTimeoutOption: true } }).listen()
    t.peer.sends('S 0:0(0) win 65535 <mss 1000>').skip()
    t.peer.sends('. 1:1(0) ack 1 win 65535')
    t.write(5000)
    expect(t.skip().map(({ payloadLength, optionLength }) => payloadLength + optionLength)).toEqual([1000, 1000, 1000, 1000, 1000])
  })

  it('makes both wait as long as the longer one says, within the limits [RFC5482/adopt] [RFC5482/limits]', () => {
    expect(adopted(',uto 500s')).toBe(500)
    expect(adopted(',uto 20s')).toBe(300)
    expect(adopted(',uto 20s', { userTimeoutAdvertisedUs: 10 * s })).toBe(100)
    expect(adopted(',uto 100min')).toBe(3600)
    expect(adopted(',uto 100min', { userTimeoutUpperUs: 600 * s })).toBe(600)
    // Never shorter than the RTO, whatever the limits.
    expect(adopted(',uto 1s', { userTimeoutAdvertisedUs: 1 * s, userTimeoutLowerUs: 1 * s, initialRtoUs: 5 * s, rtoSlopUs: 0 })).toBeGreaterThan(5)
  })

  it('is what ends a connection that makes no progress [RFC5482/adopt]', () => {
    const t = told(',uto 120s', { userTimeoutAdvertisedUs: 10 * s, dataRetries: 0, userTimeoutUs: 20 * s })
    t.write(10)
    t.at(119 * s).skip()
    expect(t.state).toBe('ESTABLISHED')
    t.at(120 * s).skip()
    expect([t.state, t.connection.lastError]).toEqual(['CLOSED', 'connectionTimedOut'])
  })

  it('changes nothing once the application has set its own [RFC5482/app-wins]', () => {
    const t = told(',uto 500s')
    t.set('userTimeoutUs', 30 * s)
    expect(t.snapshot.adoptedUserTimeoutUs).toBe(0)
    t.peer.sends('. 1:1(0) ack 1 win 65535 <uto 700s>').skip()
    expect(t.snapshot.adoptedUserTimeoutUs).toBe(0)
    t.write(10)
    t.at(30 * s).skip()
    expect(t.state).toBe('CLOSED')
  })

  it('keeps keep-alives away for longer than the timeout that was agreed on [RFC5482/keepalive]', () => {
    const t = told(',uto 500s', { keepAlive: true, keepAliveIdleUs: 10 * s, keepAliveIntervalUs: 1 * s })
    t.at(500 * s).peer.hearsNothing()
    t.at(501 * s).peer.expects('. 0:0(0) ack 1 win 65535 <uto 300s>')
  })

  it('of a peer is ignored where it is off', () => {
    const t = told(',uto 500s', { userTimeoutOption: false })
    expect(t.snapshot.adoptedUserTimeoutUs).toBe(0)
    expect(t.sent.every(({ segment }) => segment.options.userTimeout < 0)).toBe(true)
  })
})
