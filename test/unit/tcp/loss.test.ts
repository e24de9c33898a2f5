import { describe, expect, it } from 'vitest'
import { ackNews } from '../../../src/tcp/ack-news.ts'
import { NewReno } from '../../../src/tcp/new-reno.ts'
import { initialWindow } from '../../../src/tcp/congestion.ts'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { RttEstimator } from '../../../src/tcp/rtt.ts'
import { established, ms, s, TcpTrace } from '../../support/tcp-trace.ts'

const mss = 1000

/** A connection whose cwnd is `segments` full segments of 1000 bytes, with twice as much queued and cwnd in flight. */
function flying(segments: number, options: Parameters<typeof established>[0] = {}): TcpTrace {
  const { config } = options
  const t = established({ ...options, peerMss: mss, config: { initialWindowSegments: segments, sendBufferBytes: 1 << 20, frto: false, ...config } })
  t.write(4 * segments * mss)
  return t
}

function ack(t: TcpTrace, segments: number): TcpTrace {
  return t.peer.sends(`. 1:1(0) ack ${1 + segments * mss} win 65535`)
}

describe('RTO', () => {
  it('follows the first sample, then the smoothed ones [RFC6298/first-sample] [RFC6298/next-sample] [RFC9293/MUST-18]', () => {
    const rtt = new RttEstimator(defaultTcpConfig)
    const config = { ...defaultTcpConfig, minRtoUs: 1000 }
    expect(rtt.rtoUs(config)).toBe(1 * s)
    rtt.sample(200 * ms, config)
    expect(rtt).toMatchObject({ srttUs: 200 * ms, rttvarUs: 100 * ms })
    expect(rtt.rtoUs(config)).toBe(600 * ms)
    rtt.sample(400 * ms, config)
    expect(rtt).toMatchObject({ srttUs: 225 * ms, rttvarUs: 125 * ms })
    expect(rtt.rtoUs(config)).toBe(725 * ms)
  })

  it('keeps the granularity of the clock where the variation is gone [RFC6298/granularity]', () => {
    const config = { ...defaultTcpConfig, minRtoUs: 1000, clockGranularityUs: 5000 }
    const rtt = new RttEstimator(config)
    for (let i = 0; i < 100; i++) rtt.sample(50 * ms, config)
    expect(rtt.rttvarUs).toBeLessThan(1)
    expect(rtt.rtoUs(config)).toBe(55 * ms)
    expect(rtt.rtoUs({ ...config, minRtoUs: 200 * ms })).toBe(200 * ms)
  })

  it('is at least a second unless configured otherwise [RFC6298/min-rto]', () => {
    const t = established()
    for (let i = 0; i < 10; i++) {
      t.write(1)
      t.skip()
      t.after(10 * ms).peer.sends(`. 1:1(0) ack ${2 + i} win 65535`)
    }
    expect(t.snapshot.srttUs).toBeLessThan(11 * ms)
    expect(t.snapshot.rtoUs).toBe(1 * s)
    t.set('minRtoUs', 20 * ms)
    expect(t.snapshot.rtoUs).toBeLessThan(100 * ms)
  })

  it('takes no sample from what was sent twice [RFC6298/karn] [RFC9293/MUST-18]', () => {
    const t = established()
    t.write(100)
    t.at(1.5 * s).skip()
    const { srttUs } = t.snapshot
    t.peer.sends('. 1:1(0) ack 101 win 65535')
    expect(t.snapshot).toMatchObject({ srttUs, rtoUs: 2 * s })
  })

  it('unless a timestamp tells which one is acknowledged [RFC6298/karn] [RFC7323/rttm]', () => {
    const t = established({ config: { timestamps: true } })
    t.write(100)
    t.at(1500 * ms).skip()
    t.peer.sends('. 1:1(0) ack 101 win 65535 <nop,nop,TS val 5 ecr 1000>')
    expect(t.decisions.filter(({ reason }) => reason === 'setRttSample').at(-1)?.operands[0]).toBe(500 * ms)
  })

  it('is armed by data, restarted by an ACK, stopped when all is acknowledged [RFC6298/timer-start]', () => {
    const t = established()
    t.at(100 * ms).write(3 * 1460)
    expect(t.snapshot.timers.retransmit).toBe(1100 * ms)
    t.skip()
    t.at(300 * ms).peer.sends('. 1:1(0) ack 1461 win 65535')
    expect(t.snapshot.timers.retransmit).toBe(1300 * ms)
    t.at(400 * ms).peer.sends('. 1:1(0) ack 4381 win 65535')
    expect(t.connection.pollTimeout()).toBe(Infinity)
  })

  it('never resends earlier than one RTO after the last time [RFC6298/not-early]', () => {
    const t = established({ config: { nagle: false } })
    t.write(100)
    t.at(900 * ms).write(100)
    t.skip()
    t.at(950 * ms).peer.sends('. 1:1(0) ack 101 win 65535')
    expect(t.snapshot.timers.retransmit).toBeGreaterThanOrEqual(1900 * ms)
  })

  it('doubles until a new sample [RFC6298/backoff] [RFC9293/MUST-19]', () => {
    const t = established()
    t.write(100)
    t.skip()
    t.at(16 * s)
    for (const at of [1, 3, 7, 15]) t.peer.expects('P. 1:101(100) ack 1', at * s)
    t.peer.sends('. 1:1(0) ack 101 win 65535')
    expect(t.snapshot.rtoUs).toBe(16 * s)
    t.write(100)
    t.skip()
    t.after(100 * ms).peer.sends('. 1:1(0) ack 201 win 65535')
    expect(t.snapshot).toMatchObject({ rtoUs: 1 * s, backoff: 0 })
  })

  it('stops growing at the maximum [RFC6298/max-rto]', () => {
    const t = established({ config: { userTimeoutUs: 3600 * s } })
    t.write(100)
    t.at(500 * s)
    const times = t.sent.slice(2).map(({ atUs }) => atUs / s)
    expect(times).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363, 423, 483])
  })

  it('resends the oldest segment alone and starts anew [RFC9293/rto-front] [RFC5681/lw]', () => {
    const t = flying(3)
    t.skip()
    t.at(1 * s).peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ cwnd: mss, congestionPhase: 'lossRecovery', timers: { retransmit: 3 * s } })
    ack(t, 1).peer.expects('. 1001:2001(1000) ack 1').peer.expects('. 2001:3001(1000) ack 1').peer.hearsNothing()
    ack(t, 3).peer.expects('. 3001:4001(1000) ack 1')
  })

  it('goes on behind what the ACK covers', () => {
    const t = flying(6)
    t.skip()
    t.at(1 * s).peer.expects('. 1:1001(1000) ack 1')
    ack(t, 3).peer.expects('. 3001:4001(1000) ack 1').peer.expects('. 4001:5001(1000) ack 1').peer.hearsNothing()
    ack(t, 6).peer.expects('. 6001:7001(1000) ack 1')
  })

  it('halves from what is in flight, once per loss [RFC5681/ssthresh-loss] [RFC5681/ssthresh-init]', () => {
    const t = flying(20, { window: 10 * mss })
    expect(t.snapshot.ssthresh).toBeGreaterThan(1 << 30)
    expect(t.skip()).toHaveLength(10)
    t.at(1 * s)
    expect(t.snapshot.ssthresh).toBe(5 * mss)
    t.at(3 * s)
    expect(t.snapshot.ssthresh).toBe(5 * mss)
  })

  it('with SACK skips what arrived, and forgets it at a timeout [RFC2018/rto-left]', () => {
    const t = flying(6, { config: { sackPermitted: true } })
    t.skip()
    for (let i = 1; i < 3; i++) t.peer.sends(`. 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:${1001 + i * 500}>`).skip()
    expect(t.snapshot.sackedRanges).toEqual([{ start: t.isn + 1001, end: t.isn + 2001 }])
    t.at(1 * s)
    expect(t.snapshot.sackedRanges).toEqual([])
    t.skip()
    t.peer.sends('. 1:1(0) ack 1001 win 65535 <nop,nop,sack 2001:3001>')
    t.peer.expects('. 1001:2001(1000) ack 1').peer.expects('. 3001:4001(1000) ack 1').peer.hearsNothing()
  })
})

describe('the congestion window', () => {
  it.each([[1460, 3], [536, 4], [2200, 2]])('begins by size: MSS %i, %i segments [RFC5681/iw]', (smss, segments) => {
    expect(initialWindow({ ...defaultTcpConfig, initialWindowSegments: 0 }, smss, 0)).toBe(segments * smss)
    expect(initialWindow({ ...defaultTcpConfig, initialWindowSegments: 0 }, smss, 1)).toBe(smss)
  })

  it('begins with ten segments by default, one after two lost SYNs [RFC6928/iw10] [RFC6928/iw-reset]', () => {
    expect(initialWindow(defaultTcpConfig, 1460, 0)).toBe(14_600)
    expect(initialWindow(defaultTcpConfig, 536, 0)).toBe(5360)
    expect(initialWindow(defaultTcpConfig, 9000, 0)).toBe(18_000)
    expect(initialWindow(defaultTcpConfig, 1460, 1)).toBe(14_600)
    expect(initialWindow(defaultTcpConfig, 1460, 2)).toBe(1460)
  })

  it.each([[0, 10], [1, 10], [2, 1]])('after %i lost SYNs the first flight is %i segments [RFC6928/iw-reset] [RFC5681/iw-syn-loss]', (lost, segments) => {
    const t = new TcpTrace({}).open()
    t.at(lost === 0 ? 0 : lost === 1 ? 1 * s : 3 * s)
    expect(t.skip()).toHaveLength(1 + lost)
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1000>').skip()
    expect(t.snapshot.cwnd).toBe(segments * mss)
    t.write(40 * mss)
    expect(t.skip()).toHaveLength(segments)
  })

  it('is reduced again when a retransmission is lost [RFC5681/twice]', () => {
    const t = flying(20, { config: { sackPermitted: true } })
    t.skip()
    t.peer.sends('. 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:4001>').skip()
    expect(t.snapshot.ssthresh).toBe(10 * mss)
    t.after(1 * s).skip()
    expect(t.snapshot).toMatchObject({ ssthresh: 5 * mss, cwnd: mss, congestionPhase: 'lossRecovery' })
  })

  it('grows by what is acknowledged, at most a segment an ACK [RFC5681/slow-start] [RFC9293/MUST-19]', () => {
    const t = flying(10)
    t.skip()
    const cwnds = [1, 1001, 3001].map((bytes) => {
      t.peer.sends(`. 1:1(0) ack ${1 + bytes} win 65535`).skip()
      return t.snapshot.cwnd
    })
    expect(cwnds).toEqual([10_001, 11_001, 12_001])
  })

  it('above ssthresh grows by a segment a round trip [RFC5681/ca]', () => {
    const reno = new NewReno(false)
    reno.start(mss, 10 * mss)
    reno.onFastRetransmit(20 * mss)
    reno.onFullAck(20 * mss)
    expect(reno.cwnd).toBe(10 * mss)
    for (let i = 0; i < 9; i++) reno.onAck({ ...ackNews, ackedBytes: mss })
    expect(reno.cwnd).toBe(10 * mss)
    reno.onAck({ ...ackNews, ackedBytes: mss })
    expect(reno.cwnd).toBe(11 * mss)
    expect(reno.metrics({ cwnd: 0, ssthresh: 0, smss: 0, slowStart: true })).toEqual({ cwnd: 11 * mss, ssthresh: 10 * mss, smss: mss, slowStart: false })
  })

  it('is not halved again by the same loss [RFC5681/ssthresh-loss]', () => {
    const reno = new NewReno(false)
    reno.start(mss, 20 * mss)
    reno.onTimeout(10 * mss, false)
    reno.onTimeout(4 * mss, true)
    expect(reno).toMatchObject({ ssthresh: 5 * mss, cwnd: mss })
  })

  it('doubles every round trip until it reaches ssthresh, which is told', () => {
    const t = flying(4)
    t.skip()
    t.at(1 * s).skip()
    for (let i = 1; i < 10; i++) ack(t, i).skip()
    expect(t.why('setting')).toContain('setAvoidance')
    expect(t.snapshot.congestionPhase).toBe('avoidance')
  })

  it('starts again after an idle RTO [RFC5681/idle-restart]', () => {
    const t = flying(4)
    let acked = 0
    for (;;) {
      const next = t.skip().reduce((sum, segment) => sum + segment.payloadLength, 0)
      if (next === 0) break
      acked += next
      t.peer.sends(`. 1:1(0) ack ${1 + acked} win 65535`)
    }
    const { cwnd } = t.snapshot
    expect(cwnd).toBeGreaterThan(4 * mss)
    t.after(10 * s).write(20 * mss)
    expect(t.skip()).toHaveLength(4)
    expect(t.snapshot.cwnd).toBe(4 * mss)
    expect(t.why('setting')).toContain('setIdleRestart')
  })
})

describe('duplicate ACKs', () => {
  it('are those that say nothing else [RFC5681/dupack-def]', () => {
    const t = flying(6)
    t.skip()
    const lines = ['P. 1:11(10) ack 1 win 65535', '. 11:11(0) ack 1 win 60000', 'F. 1000:1000(0) ack 1 win 60000', '. 11:11(0) ack 0 win 60000']
    for (const line of lines) t.peer.sends(line).skip()
    expect(t.snapshot.dupAcks).toBe(0)
    t.peer.sends('. 11:11(0) ack 1 win 60000')
    expect(t.snapshot.dupAcks).toBe(1)
    const idle = established()
    idle.peer.sends('. 1:1(0) ack 1 win 65535')
    expect(idle.snapshot.dupAcks).toBe(0)
  })

  it('the first two bring a new segment each, cwnd stays [RFC3042/limited-tx] [RFC3042/cwnd-same]', () => {
    const t = flying(4)
    expect(t.skip()).toHaveLength(4)
    ack(t, 0).peer.expects('. 4001:5001(1000) ack 1').peer.hearsNothing()
    ack(t, 0).peer.expects('. 5001:6001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot.cwnd).toBe(4 * mss)
  })

  it('the third resends the first hole at once [RFC5681/fast-rtx] [RFC5681/fr-enter]', () => {
    const t = flying(10)
    t.skip()
    ack(t, 0).skip()
    ack(t, 0).skip()
    ack(t, 0).peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ ssthresh: 5 * mss, cwnd: 8 * mss, inRecovery: true, congestionPhase: 'fastRecovery', recover: t.isn + 12_001 })
  })

  it('further ones inflate, the full ACK deflates [RFC5681/fr-inflate] [RFC6582/full-ack]', () => {
    const t = flying(10, { config: { limitedTransmit: false } })
    t.skip()
    for (let i = 0; i < 5; i++) ack(t, 0).skip()
    expect(t.snapshot.cwnd).toBe(10 * mss)
    let sent = 0
    for (let i = 0; i < 4; i++) sent += ack(t, 0).skip().length
    expect(sent).toBe(4)
    ack(t, 10).skip()
    expect(t.snapshot).toMatchObject({ cwnd: 5 * mss, ssthresh: 5 * mss, inRecovery: false, congestionPhase: 'avoidance' })
  })

  it('a partial ACK resends the next hole without more of them [RFC6582/partial-ack]', () => {
    const t = flying(10, { config: { limitedTransmit: false } })
    t.skip()
    for (let i = 0; i < 8; i++) ack(t, 0).skip()
    const before = t.snapshot.cwnd
    ack(t, 3).peer.expects('. 3001:4001(1000) ack 1')
    expect(t.snapshot).toMatchObject({ cwnd: before - 3 * mss + mss, inRecovery: true })
    t.skip()
    ack(t, 13).skip()
    expect(t.snapshot.inRecovery).toBe(false)
  })

  it('below recover do not count after a timeout [RFC6582/recover-init] [RFC6582/rto-recover]', () => {
    const t = flying(6)
    t.skip()
    t.at(1 * s).skip()
    ack(t, 1).skip()
    for (let i = 0; i < 4; i++) ack(t, 1)
    expect(t.snapshot.inRecovery).toBe(false)
    expect(t.skip().every(({ seq }) => seq !== t.isn + 1001)).toBe(true)
  })

  it('are repaired in time or not at all: only the first partial ACK starts the timer anew [RFC6582/rto-recover]', () => {
    const t = flying(10)
    t.skip()
    for (let i = 0; i < 3; i++) ack(t.after(10 * ms), 0).skip()
    ack(t.after(10 * ms), 1).skip()
    const { retransmit } = t.snapshot.timers
    expect(retransmit).toBe(t.nowUs + 1 * s)
    for (const segments of [2, 3]) {
      ack(t.after(10 * ms), segments).peer.expects(`. ${1 + segments * mss}:${1 + (segments + 1) * mss}(1000) ack 1`)
      t.skip()
      expect([t.snapshot.inRecovery, t.snapshot.timers.retransmit]).toEqual([true, retransmit])
    }
    t.at(retransmit)
    expect(t.snapshot).toMatchObject({ inRecovery: false, congestionPhase: 'lossRecovery', recover: t.snapshot.sndNxt })
  })

  it('with SACK the resent piece ends where the next one arrived', () => {
    const t = flying(6, { config: { sackPermitted: true } })
    t.skip()
    t.peer.sends('. 1:1(0) ack 1 win 65535 <nop,nop,sack 501:6001>')
    expect(t.skip()[0]).toMatchObject({ seq: t.isn + 1, payloadLength: 500, isRetransmission: true })
  })
})

describe('without congestion control', () => {
  it('only the window limits', () => {
    const t = established({ config: { congestionControl: 'none', sendBufferBytes: 1 << 17 } })
    t.write(100_000)
    expect(t.skip()).toHaveLength(44)
    expect(t.snapshot).toMatchObject({ controller: 'none', congestionPhase: 'avoidance' })
    for (let i = 0; i < 3; i++) t.peer.sends('. 1:1(0) ack 1 win 65535')
    t.peer.expects('. 1:1461(1460) ack 1')
    t.peer.sends('. 1:1(0) ack 1461 win 65535').skip()
    t.after(2 * s).skip()
    t.peer.sends('. 1:1(0) ack 64241 win 65535').skip()
    expect(t.snapshot.inRecovery).toBe(false)
  })
})
