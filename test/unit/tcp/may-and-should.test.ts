import { describe, expect, it } from 'vitest'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import { Ecn } from '../../../src/wire/ipv4.ts'
import { accepted, established, ms, s, TcpTrace } from '../../support/tcp-trace.ts'

const mss = 1000

describe('what the RFCs leave to choose', () => {
  it('after several timeouts the round trip may be measured anew, and the timeout stays until then [RFC6298/clear-srtt]', () => {
    const after = (forgetRttAfter: number) => {
      const t = new TcpTrace({ config: { forgetRttAfter, minRtoUs: 1 * s, dataRetries: 0, userTimeoutUs: 0, blackHoleDetection: false } }).open()
      t.skip()
      t.after(100 * ms).peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1000>').skip()
      t.write(100)
      t.after(8 * s).skip()
      const { srttUs, backoff, rtoUs } = t.snapshot
      return { srttUs, backoff, rtoUs }
    }
    expect(after(0)).toEqual({ srttUs: 100_000, backoff: 3, rtoUs: 8 * s })
    expect(after(2)).toMatchObject({ srttUs: -1, backoff: 3 })
    expect(after(4)).toMatchObject({ srttUs: 100_000, backoff: 3 })
  })

  it('a keep-alive may carry a byte that means nothing [RFC9293/MAY-6]', () => {
    const probe = (keepAliveGarbage: boolean) => {
      const t = established({ config: { keepAlive: true, keepAliveIdleUs: 10 * s, keepAliveGarbage } })
      t.at(10 * s)
      const [{ segment }] = t.sent.slice(-1)
      return [segment.seq - t.isn, segment.payloadLength, segment.payload2Length]
    }
    expect(probe(false)).toEqual([0, 0, 0])
    expect(probe(true)).toEqual([0, 1, 0])
  })

  it('an RST carries timestamps where those were agreed on [RFC7323/rst-ts]', () => {
    const resets = (config: Partial<TcpConfig>, answer: boolean) => {
      const t = established({ config: { timestamps: true, ...config } })
      if (answer) t.connection.closeBoth(t.nowUs)
      else t.connection.abort(t.nowUs)
      t.poll()
      if (answer) {
        t.skip()
        t.deliver('P. 1:11(10) ack 2 win 65535 <nop,nop,TS val 1 ecr 0>')
        t.poll()
      }
      const [segment] = t.skip().slice(-1)
      return [(segment.flags & 4) !== 0, segment.options.hasTimestamp]
    }
    for (const answer of [false, true]) {
      expect(resets({}, answer)).toEqual([true, true])
      expect(resets({ resetTimestamps: 'none' }, answer)).toEqual([true, false])
      expect(resets({ resetTimestamps: 'own' }, answer)).toEqual([true, !answer])
    }
    const plain = established()
    plain.abort()
    expect(plain.skip()[0].optionLength).toBe(0)
  })

  it('what a receiver throws away it reports no more [RFC2018/renege]', () => {
    const t = established({ config: { sackPermitted: true } })
    t.peer.sends('. 20:30(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 <nop,nop,sack 20:30>')
    t.peer.sends('F. 11:15(4) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 <nop,nop,sack 11:15>')
  })
})

describe('a mark at a congestion window of one segment', () => {
  /** One segment of many is out. */
  const slow = (congestionControl: 'newReno' | 'cubic') => {
    const t = new TcpTrace({ config: { ecn: 'on', initialWindowSegments: 1, congestionControl, minRtoUs: 1 * s } }).open()
    t.skip()
    t.after(100 * ms).peer.sends('SE. 0:0(0) ack 1 win 65535 <mss 1000>').skip()
    t.write(20 * mss)
    expect(t.skip().map(({ ecn, payloadLength }) => [ecn, payloadLength])).toEqual([[Ecn.ect0, mss]])
    return t
  }

  for (const controller of ['newReno', 'cubic'] as const) {
    it(`of ${controller} has the rest wait for the timer, segment by segment [RFC3168/cwnd1] [RFC9438/ecn-floor]`, () => {
      const t = slow(controller)
      t.after(100 * ms).peer.sends('E. 1:1(0) ack 1001 win 65535').peer.hearsNothing()
      expect([t.snapshot.cwnd, t.why('held').at(-1)]).toEqual([mss, 'heldMarked'])
      t.after(999 * ms).peer.hearsNothing()
      t.after(1 * ms).peer.expects('W. 1001:2001(1000) ack 1')
      t.after(100 * ms).peer.sends('E. 1:1(0) ack 2001 win 65535').peer.hearsNothing()
      t.after(1 * s).peer.expects('W. 2001:3001(1000) ack 1')
      t.after(100 * ms).peer.sends('. 1:1(0) ack 3001 win 65535')
      expect(t.skip().length).toBeGreaterThan(0)
    })
  }
})

describe('windows and round trips with scale and timestamps', () => {
  it('new data goes by the latest window, also where rounding has moved its edge [RFC7323/ws-send-edge]', () => {
    const t = new TcpTrace({ config: { windowScaling: true, nagle: false } }).open()
    t.skip()
    t.peer.sends('S. 0:0(0) ack 1 win 1000 <mss 1000,nop,wscale 4>').skip()
    t.write(5000)
    expect(t.skip().map(({ payloadLength }) => payloadLength)).toEqual([1000])
    // 63 units of 16 are 1,008 bytes: eight more than are out, and too few to be worth a segment.
    t.peer.sends('. 1:1(0) ack 1 win 63').peer.hearsNothing()
    t.peer.sends('. 1:1(0) ack 501 win 62')
    const edge = 501 + 62 * 16
    for (const { segment } of t.sent) expect(((segment.seq - t.isn) >>> 0) + segment.payloadLength).toBeLessThanOrEqual(edge)
  })

  it('a round trip is sampled once, however many ACKs with timestamps come in it, so that the estimate remembers as long as without [RFC7323/rtt-many]', () => {
    const t = new TcpTrace({ config: { timestamps: true, timestampTickUs: 1000 } }).open()
    t.skip()
    t.after(100 * ms).peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1012,TS val 1 ecr 0>').skip()
    t.write(10 * mss)
    t.skip()
    const before = t.decisions.filter(({ reason }) => reason === 'setRttSample').length
    t.after(100 * ms)
    for (let i = 1; i <= 10; i++) t.peer.sends(`. 1:1(0) ack ${1 + i * mss} win 65535 <nop,nop,TS val 2 ecr 100>`).skip()
    expect(t.decisions.filter(({ reason }) => reason === 'setRttSample')).toHaveLength(before + 1)
  })

  it('a server offers what it can with the first window [RFC7323/ws-send-edge]', () => {
    const t = accepted({ window: 1000 })
    t.write(2000)
    expect(t.skip().reduce((sum, { payloadLength }) => sum + payloadLength, 0)).toBe(1000)
  })
})
