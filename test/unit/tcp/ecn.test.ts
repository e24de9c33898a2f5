import { describe, expect, it } from 'vitest'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import { Ecn } from '../../../src/wire/ipv4.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import type { TcpSegment } from '../../../src/tcp/segment.ts'
import { ms, s, TcpTrace } from '../../support/tcp-trace.ts'

const mss = 1000

/** A connection opened by us on which both sides use ECN. */
function using(config: Partial<TcpConfig> = {}): TcpTrace {
  const t = new TcpTrace({ config: { ecn: 'on', initialWindowSegments: 10, nagle: false, delayedAck: false, ...config } }).open()
  t.peer.expects('SEW 0:0(0) win 65535 <mss 1460>').after(100 * ms)
  t.peer.sends('SE. 0:0(0) ack 1 win 65535 <mss 1000>').skip()
  expect(t.snapshot.ecnOn).toBe(true)
  return t
}

function listening(config: Partial<TcpConfig> = {}): TcpTrace {
  return new TcpTrace({ config }).listen()
}

const ecnOf = (segments: readonly TcpSegment[]) => segments.map(({ ecn }) => ecn)
const saysCwr = (segments: readonly TcpSegment[]) => segments.map(({ flags }) => (flags & TcpFlag.cwr) !== 0)
const saysEce = (segments: readonly TcpSegment[]) => segments.map(({ flags }) => (flags & TcpFlag.ece) !== 0)

describe('the agreement on ECN', () => {
  it('is asked for with ECE and CWR on the SYN, and accepted with ECE alone [RFC3168/setup] [RFC9293/SHLD-8]', () => {
    const t = using()
    t.write(mss)
    expect(ecnOf(t.skip())).toEqual([Ecn.ect0])
    for (const answer of ['S.', 'SW.', 'SEW.']) {
      const refused = new TcpTrace({ config: { ecn: 'on' } }).open()
      refused.skip()
      refused.peer.sends(`${answer} 0:0(0) ack 1 win 65535 <mss 1000>`).skip()
      expect(refused.snapshot.ecnOn).toBe(false)
      refused.write(mss)
      expect(ecnOf(refused.skip())).toEqual([Ecn.notEct])
    }
  })

  it('is given with ECE alone, and only to a SYN that asks with both [RFC3168/setup]', () => {
    for (const [syn, answer] of [['SEW', 'SE.'], ['SE', 'S.'], ['SW', 'S.'], ['S', 'S.']]) {
      const t = listening({ ecn: 'passive' })
      t.peer.sends(`${syn} 0:0(0) win 65535 <mss 1000>`).peer.expects(`${answer} 0:0(0) ack 1 win 65535 <mss 1460>`)
      expect([syn, t.snapshot.ecnOn]).toEqual([syn, syn === 'SEW'])
    }
  })

  it('can be left to the peer, or refused [RFC3168/setup]', () => {
    new TcpTrace({ config: { ecn: 'passive' } }).open().peer.expects('S 0:0(0) win 65535 <mss 1460>')
    new TcpTrace({ config: { ecn: 'off' } }).open().peer.expects('S 0:0(0) win 65535 <mss 1460>')
    const t = listening({ ecn: 'off' })
    t.peer.sends('SEW 0:0(0) win 65535 <mss 1000>').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
  })

  it('is not given to who says E without having been asked [RFC3168/setup]', () => {
    const t = new TcpTrace({ config: { ecn: 'passive' } }).open()
    t.skip()
    t.peer.sends('SE. 0:0(0) ack 1 win 65535 <mss 1000>').skip()
    expect(t.snapshot.ecnOn).toBe(false)
  })

  it('is no longer asked for when two SYNs that did have no answer; then there is none [RFC3168/syn-fallback]', () => {
    const t = new TcpTrace({ config: { ecn: 'on' } }).open().at(7 * s)
    expect(t.sent.map(({ segment }) => t.print(segment, { window: false, options: false }))).toEqual(['SEW 0:0(0)', 'SEW 0:0(0)', 'S 0:0(0)', 'S 0:0(0)'])
    expect(t.why('setting').filter((reason) => reason === 'setEcnFallback')).toHaveLength(1)
    t.skip()
    t.peer.sends('SE. 0:0(0) ack 1 win 65535 <mss 1000>').skip()
    expect(t.snapshot.ecnOn).toBe(false)
    const always = new TcpTrace({ config: { ecn: 'on', ecnSyns: 0 } }).open().at(7 * s)
    expect(saysEce(always.skip())).toEqual([true, true, true, true])
  })

  it('ends where a SYN that asked comes again without', () => {
    const t = listening({ ecn: 'passive' })
    t.peer.sends('SEW 0:0(0) win 65535 <mss 1000>').peer.expects('SE. 0:0(0) ack 1 win 65535 <mss 1460>')
    t.peer.sends('S 0:0(0) win 65535 <mss 1000>').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    expect(t.snapshot.ecnOn).toBe(false)
  })
})

describe('what leaves with ECN', () => {
  it('is ECT(0) on new data alone: not on SYNs, ACKs, FINs or resets [RFC3168/ect-data] [RFC3168/no-ect-ctl] [RFC8311/ect0]', () => {
    const t = using()
    t.write(2 * mss)
    t.peer.expects('. 1:1001(1000) ack 1').peer.expects('P. 1001:2001(1000) ack 1')
    t.peer.sends('. 1:11(10) ack 2001 win 65535').peer.expects('. 2001:2001(0) ack 11')
    t.close().peer.expects('F. 2001:2001(0) ack 11')
    t.abort()
    expect(ecnOf(t.sent.map(({ segment }) => segment))).toEqual([Ecn.notEct, Ecn.notEct, Ecn.ect0, Ecn.ect0, Ecn.notEct, Ecn.notEct, Ecn.notEct])
    expect(t.sent.at(-1)!.segment.flags).toBe(TcpFlag.rst)
    const server = listening()
    server.peer.sends('SEW 0:0(0) win 65535 <mss 1000>')
    expect(ecnOf(server.skip())).toEqual([Ecn.notEct])
  })

  it('is never ECT on what was sent before, nor on a window probe, which says no CWR either [RFC3168/no-ect-rtx]', () => {
    const t = using()
    t.write(2 * mss)
    t.skip()
    t.after(1 * s)
    expect([ecnOf(t.skip()), t.why('again')]).toEqual([[Ecn.notEct], ['retransmitTimeout']])
    const probing = using()
    probing.write(mss)
    probing.skip()
    probing.peer.sends('E. 1:1(0) ack 1001 win 0')
    probing.write(mss)
    probing.peer.sends('. 1:1(0) ack 1001 win 0').after(3 * s)
    const probes = probing.skip()
    expect(probing.why('sent').at(-1)).toBe('windowProbe')
    expect([...new Set(ecnOf(probes))]).toEqual([Ecn.notEct])
    expect(saysCwr(probes)).not.toContain(true)
  })
})

describe('a mark that arrives', () => {
  it('is echoed on every ACK until the sender says CWR; with a new mark beside it, on [RFC3168/rx-ece]', () => {
    const t = using()
    t.peer.sends('(ect0) . 1:11(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 11')
    t.peer.sends('(ce) . 11:21(10) ack 1 win 65535').peer.expects('E. 1:1(0) ack 21')
    t.peer.sends('(ect0) . 21:31(10) ack 1 win 65535').peer.expects('E. 1:1(0) ack 31')
    t.write(10)
    t.peer.expects('PE. 1:11(10) ack 31')
    t.peer.sends('(ect0) W. 31:41(10) ack 11 win 65535').peer.expects('. 11:11(0) ack 41')
    t.peer.sends('(ce) . 41:51(10) ack 11 win 65535').peer.expects('E. 11:11(0) ack 51')
    t.peer.sends('(ce) W. 51:61(10) ack 11 win 65535').peer.expects('E. 11:11(0) ack 61')
    expect(t.snapshot.ecnMarks).toBe(3)
    expect(t.why('setting').filter((reason) => reason === 'setEcnMark')).toHaveLength(3)
  })

  it('means nothing on data outside of the window, on an ACK alone, or without ECN [RFC3168/oow-ce]', () => {
    const t = using()
    t.peer.sends('. 1:11(10) ack 1 win 65535').skip()
    t.peer.sends('(ce) . 1:11(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 11')
    t.peer.sends('(ce) . 11:11(0) ack 1 win 65535')
    t.peer.sends('. 11:21(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 21')
    const without = listening({ delayedAck: false })
    without.peer.sends('S 0:0(0) win 65535 <mss 1000>').skip()
    without.peer.sends('. 1:1(0) ack 1 win 65535')
    without.peer.sends('(ce) . 1:11(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 11')
  })
})

describe('an echo', () => {
  const flying = (config: Partial<TcpConfig> = {}) => {
    const t = using(config)
    t.write(30 * mss)
    t.skip()
    return t.after(100 * ms)
  }

  it('halves once for all that was out, without sending anything again, and does not let cwnd grow [RFC3168/tx-reduce]', () => {
    const t = flying()
    t.peer.sends('E. 1:1(0) ack 1001 win 65535').skip()
    expect(t.snapshot).toMatchObject({ ssthresh: 5 * mss, cwnd: 5 * mss })
    t.peer.sends('E. 1:1(0) ack 3001 win 65535').skip()
    t.peer.sends('E. 1:1(0) ack 5001 win 65535').skip()
    t.peer.sends('E. 1:1(0) ack 10001 win 65535').skip()
    expect(t.snapshot).toMatchObject({ ssthresh: 5 * mss, cwnd: 5 * mss })
    expect(t.why('again')).toEqual([])
    t.peer.sends('E. 1:1(0) ack 11001 win 65535').skip()
    expect(t.snapshot.ssthresh).toBe(2500)
    expect(t.why('setting').filter((reason) => reason === 'setEcnReduced')).toHaveLength(2)
  })

  it('does not count beside a loss in the same window', () => {
    const t = flying()
    for (let i = 0; i < 3; i++) t.peer.sends('. 1:1(0) ack 1 win 65535').skip()
    expect(t.snapshot.ssthresh).toBe(5 * mss)
    t.peer.sends('E. 1:1(0) ack 5001 win 65535').skip()
    expect(t.snapshot.ssthresh).toBe(5 * mss)
  })

  it('is answered with CWR on the next new data, once, as every reduction is [RFC3168/cwr]', () => {
    const t = flying()
    t.peer.sends('E. 1:1(0) ack 6001 win 65535')
    expect(saysCwr(t.skip())).toEqual([true])
    t.peer.sends('. 1:1(0) ack 8001 win 65535')
    expect(saysCwr(t.skip())).toEqual([false, false])
    const lost = flying({ sackPermitted: false })
    for (let i = 0; i < 3; i++) lost.peer.sends('. 1:1(0) ack 1 win 65535').skip()
    const again = lost.sent.filter(({ segment }) => segment.isRetransmission).map(({ segment }) => segment)
    expect(saysCwr(again)).toEqual([false])
    lost.peer.sends('. 1:1(0) ack 12001 win 65535')
    const next = lost.skip()
    expect(saysCwr(next)).toEqual([true, ...next.slice(1).map(() => false)])
  })

  it('counts less than a loss where that is wanted [RFC8511/abe]', () => {
    const reduced = (config: Partial<TcpConfig>) => flying(config).peer.sends('E. 1:1(0) ack 1001 win 65535').snapshot
    expect(reduced({ ecnGentle: true })).toMatchObject({ ssthresh: 8 * mss, cwnd: 8 * mss })
    expect(reduced({ ecnGentle: true, congestionControl: 'cubic' })).toMatchObject({ ssthresh: 8500 })
    expect(reduced({ congestionControl: 'cubic' })).toMatchObject({ ssthresh: 7 * mss })
    const lost = flying({ ecnGentle: true })
    for (let i = 0; i < 3; i++) lost.peer.sends('. 1:1(0) ack 1 win 65535').skip()
    expect(lost.snapshot.ssthresh).toBe(5 * mss)
  })

  it('takes cwnd down to one segment, the threshold to two', () => {
    const t = using({ initialWindowSegments: 1 })
    t.write(mss)
    t.skip()
    t.peer.sends('E. 1:1(0) ack 1001 win 65535').skip()
    expect(t.snapshot).toMatchObject({ cwnd: 1 * mss, ssthresh: 2 * mss })
  })
})
