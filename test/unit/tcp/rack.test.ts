import { describe, expect, it } from 'vitest'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import { ms, s, TcpTrace } from '../../support/tcp-trace.ts'

const mss = 1000

/** A connection with RACK-TLP over a path of 100 ms, at a time from which the tests count, with `written` full segments written and what cwnd lets go in flight. */
function flying(segments: number, written = segments, config: Partial<TcpConfig> = {}): { t: TcpTrace, t0: number } {
  const t = opened({ initialWindowSegments: segments, ...config })
  const t0 = t.nowUs
  t.write(written * mss)
  t.skip()
  return { t, t0 }
}

function opened(config: Partial<TcpConfig> = {}): TcpTrace {
  const t = new TcpTrace({ config: { sackPermitted: true, sendBufferBytes: 1 << 20, nagle: false, ...config } }).open()
  const options = t.skip()[0].options
  t.after(100 * ms).peer.sends(`S. 0:0(0) ack 1 win 65535 <mss ${options.hasTimestamp ? mss + 12 : mss},sackOK${options.hasTimestamp ? ',TS val 1 ecr 0' : ''}>`).skip()
  return t
}

function sack(t: TcpTrace, ack: number, ...pieces: string[]): TcpTrace {
  return t.peer.sends(`. 1:1(0) ack ${ack} win 65535 <nop,nop,sack ${pieces.join(' ')}>`)
}

function acks(t: TcpTrace, ack: number): TcpTrace {
  return t.peer.sends(`. 1:1(0) ack ${ack} win 65535`)
}

/** Makes the path known to reorder: the second segment is reported before the first is acknowledged, sent once. */
function reordering(config: Partial<TcpConfig> = {}): TcpTrace {
  const { t } = flying(2, 2, { initialWindowSegments: 10, ...config })
  t.after(100 * ms)
  sack(t, 1, '1001:2001')
  acks(t, 2001)
  expect(t.snapshot.rack.reorderingSeen).toBe(true)
  return t
}

describe('loss detection by time', () => {
  it('takes a hole for lost once what was sent later had a round trip and the reordering window [RFC8985/mark]', () => {
    const { t, t0 } = flying(1, 1, { initialWindowSegments: 4 })
    t.at(t0 + 10 * ms).write(mss)
    t.skip()
    sack(t.at(t0 + 100 * ms), 1, '1001:2001').peer.hearsNothing()
    expect(t.snapshot.rack).toMatchObject({ xmitUs: t0 + 10 * ms, endSeq: t.isn + 2001, rttUs: 90 * ms, minRttUs: 90 * ms, reoWndUs: 22_500 })
    expect(t.snapshot.timers).toMatchObject({ reorder: t0 + 112_500, retransmit: -1, lossProbe: -1, persist: -1 })
    expect(t.why('held').at(-1)).toBe('heldReordering')
    t.at(t0 + 112_499).peer.hearsNothing()
    t.at(t0 + 112_500).peer.expects('. 1:1001(1000) ack 1')
    expect(t.why('again')).toEqual(['rackFirst'])
    expect(t.decisions.find(({ reason }) => reason === 'setRackLost')!.operands).toEqual([1000, 90 * ms, 22_500, 0])
  })

  it('does so at once where that time is over when the report comes [RFC8985/mark]', () => {
    const { t, t0 } = flying(1, 1, { initialWindowSegments: 4 })
    t.at(t0 + 50 * ms).write(mss)
    t.skip()
    sack(t.at(t0 + 150 * ms), 1, '1001:2001').peer.expects('. 1:1001(1000) ack 1')
  })

  it('waits for nothing once three segments are reported and no reordering was seen [RFC8985/reo-zero]', () => {
    const { t } = flying(10)
    sack(t.after(100 * ms), 1, '1001:2001').peer.hearsNothing()
    sack(t, 1, '1001:3001').peer.hearsNothing()
    expect(t.snapshot.rack.reoWndUs).toBe(25 * ms)
    sack(t, 1, '1001:4001').peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ inRecovery: true, ssthresh: 5 * mss, recover: t.isn + 10_001 })
    expect(t.snapshot.rack.reoWndUs).toBe(0)
  })

  it('nor in recovery, for holes that show later [RFC8985/reo-zero]', () => {
    const { t } = flying(10)
    sack(t.after(100 * ms), 1, '1001:4001').skip()
    sack(t.after(1 * ms), 1, '1001:4001', '5001:8001')
    expect(t.snapshot.rack).toMatchObject({ lost: 0, reoWndUs: 0 })
    t.peer.expects('. 4001:5001(1000) ack 1')
    expect(t.why('again')).toEqual(['rackFirst', 'rackLost'])
  })

  it('waits a quarter of the least round trip on a path that reorders, however much is reported [RFC8985/reo-wnd]', () => {
    const t = reordering()
    t.write(10 * mss)
    t.skip()
    const sentUs = t.nowUs
    sack(t.after(100 * ms), 2001, '3001:10001').peer.hearsNothing()
    t.at(sentUs + 125 * ms - 1).peer.hearsNothing()
    t.after(1).peer.expects('. 2001:3001(1000) ack 1')
  })

  it('waits longer for each round with a duplicate, never longer than the smoothed round trip, and less again after 16 recoveries [RFC8985/reo-wnd]', () => {
    const t = reordering({ congestionControl: 'none' })
    let end = 2001
    const round = (hasDsack: boolean) => {
      t.write(2 * mss)
      t.skip()
      t.after(100 * ms)
      end += 2 * mss
      if (hasDsack) sack(t, end, `${end - 2 * mss}:${end - mss}`)
      else acks(t, end)
      t.skip()
    }
    round(true)
    expect(t.snapshot.rack).toMatchObject({ reoWndMult: 2, reoWndUs: 50 * ms })
    sack(t, end, `${end - mss}:${end}`)
    expect(t.snapshot.rack.reoWndMult).toBe(3)
    t.write(mss)
    t.skip()
    sack(t, end, `${end - mss}:${end}`)
    sack(t, end, `${end - mss}:${end}`)
    expect(t.snapshot.rack.reoWndMult).toBe(4)
    acks(t.after(100 * ms), end += mss)
    for (let i = 0; i < 3; i++) round(true)
    expect(t.snapshot.rack.reoWndMult).toBe(7)
    expect(t.snapshot.rack.reoWndUs).toBeLessThanOrEqual(t.snapshot.srttUs)
    for (let i = 1; i <= 16; i++) {
      t.write(4 * mss)
      t.skip()
      sack(t.after(100 * ms), end, `${end + mss}:${end + 4 * mss}`).after(150 * ms).skip()
      acks(t.after(100 * ms), end += 4 * mss).skip()
      expect([i, t.snapshot.rack.reoWndMult]).toEqual([i, i < 16 ? 7 : 1])
    }
    expect(t.why('setting').filter((reason) => reason === 'setReorderingWindow')).toHaveLength(7)
  })

  it('resends nothing of a connection that a reset of the same batch has ended', () => {
    const { t } = flying(8)
    t.after(100 * ms)
    t.deliver('. 1:1(0) ack 1 win 65535 <nop,nop,sack 3001:8001>')
    expect(t.snapshot.rack.lost).toBeGreaterThan(0)
    t.deliver('R 1:1(0) win 0')
    expect(t.poll().pending()).toEqual([])
  })

  it('is told in numbers also where no round trip was measured yet', () => {
    const t = new TcpTrace({ config: { sackPermitted: true, timestamps: false } }).open()
    t.skip()
    t.after(1 * s).skip()
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1000,sackOK>').skip()
    t.write(1000)
    t.skip()
    t.peer.sends('. 1:1(0) ack 1001 win 65535 <nop,nop,sack 1:1001>').skip()
    expect(t.decisions.find(({ reason }) => reason === 'setReorderingWindow')?.operands).toEqual([2, 0, 0, 0])
  })

  it('learns nothing from an ACK that may answer the first transmission [RFC8985/spurious-skip]', () => {
    const { t } = flying(4)
    sack(t.after(100 * ms), 1, '1001:4001').peer.expects('. 1:1001(1000) ack 1')
    acks(t.after(5 * ms), 4001)
    expect(t.snapshot.rack).toMatchObject({ rttUs: 100 * ms, minRttUs: 100 * ms, endSeq: t.isn + 4001 })
  })

  it('nor from one whose timestamp is older than the retransmission [RFC8985/spurious-skip]', () => {
    const { t, t0 } = flying(4, 4, { timestamps: true })
    const sentMs = t0 / ms
    const stamped = (ack: number, ecr: number, sacks = '') => t.peer.sends(`. 1:1(0) ack ${ack} win 65535 <nop,nop,TS val 2 ecr ${ecr}${sacks}>`)
    t.after(100 * ms)
    stamped(1, sentMs, ',nop,nop,sack 1001:4001').skip()
    const again = t.nowUs
    t.after(200 * ms)
    stamped(4001, sentMs)
    expect(t.snapshot.rack).toMatchObject({ rttUs: 100 * ms, xmitUs: t0 })
    const other = flying(4, 4, { timestamps: true }).t
    other.after(100 * ms).peer.sends(`. 1:1(0) ack 1 win 65535 <nop,nop,TS val 2 ecr ${sentMs},nop,nop,sack 1001:4001>`).skip()
    other.after(200 * ms).peer.sends(`. 1:1(0) ack 4001 win 65535 <nop,nop,TS val 2 ecr ${again / ms}>`)
    expect(other.snapshot.rack).toMatchObject({ rttUs: 200 * ms, xmitUs: again })
  })

  it('finds a lost retransmission by what was sent after it, and reduces once more [RFC8985/lost-rtx]', () => {
    const { t } = flying(10, 40)
    sack(t.after(100 * ms), 1, '1001:4001').peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot.ssthresh).toBe(5 * mss)
    sack(t.after(1 * ms), 1, '1001:10001')
    const newer = t.skip()
    expect(newer[0].seq).toBe(t.isn + 10_001)
    expect(t.snapshot.ssthresh).toBe(5 * mss)
    sack(t.after(100 * ms), 1, '1001:11001').peer.expects('. 1:1001(1000) ack 1')
    t.skip()
    expect(t.snapshot.ssthresh).toBe(2 * mss + mss / 2)
    expect(t.why('setting').filter((reason) => reason === 'setLostAgain')).toHaveLength(1)
    expect(t.why('setting')).not.toContain('setBackoff')
    sack(t.after(1 * ms), 1, '1001:12001').skip()
    expect(t.why('setting').filter((reason) => reason === 'setLostAgain')).toHaveLength(1)
  })

  it('counts in flight what is out, less what is reported, less what is lost, with what was sent again since [RFC9937/inflight]', () => {
    const { t } = flying(10)
    sack(t.after(100 * ms), 1, '3001:6001').peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ flightSize: 10 * mss, pipe: 10 * mss - 3 * mss - 3 * mss + 1 * mss })
    expect(t.snapshot.rack.lost).toBe(2 * mss)
  })

  it('after a timeout takes the first segment and what had the time to be acknowledged for lost, not what has just left [RFC8985/rto-mark]', () => {
    const story = (newUs: number) => {
      const { t, t0 } = flying(1, 1, { initialWindowSegments: 4 })
      t.at(t0 + 400 * ms).peer.expects('P. 1:1001(1000) ack 1')
      t.at(t0 + newUs).write(2 * mss)
      t.skip()
      t.at(t0 + 1400 * ms).peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
      return t
    }
    expect(story(1350 * ms).snapshot).toMatchObject({ pipe: 3 * mss, rack: { lost: 0 } })
    expect(story(1250 * ms).snapshot).toMatchObject({ pipe: 1 * mss, rack: { lost: 2 * mss } })
  })

  it('needs SACK: without it duplicate ACKs are counted [RFC8985/sack-required]', () => {
    const t = new TcpTrace({ config: { sackPermitted: true, initialWindowSegments: 10 } }).open()
    t.skip()
    t.after(100 * ms).peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1000>').skip()
    t.write(10 * mss)
    t.skip()
    t.after(100 * ms)
    for (let i = 0; i < 3; i++) acks(t, 1)
    t.peer.expects('. 1:1001(1000) ack 1')
    expect(t.why('again')).toEqual(['fastRetransmit'])
    expect(t.snapshot.rack.on).toBe(false)
    expect(t.snapshot.timers).toMatchObject({ lossProbe: -1, reorder: -1 })
  })

  it('never sends again what RFC 6675 would to be sure, nor a rescue [RFC8985/no-6675]', () => {
    const story = (rackTlp: boolean) => {
      const { t } = flying(8, 8, { rackTlp })
      sack(t.after(100 * ms), 1, '1001:4001', '5001:6001').skip()
      sack(t, 1, '6001:7001').skip()
      sack(t, 4001, '5001:7001').skip()
      return t.why('again')
    }
    expect(story(false)).toEqual(['sackFirstHole', 'sackUnlost', 'sackRescue'])
    expect(story(true).filter((reason) => reason.startsWith('sack'))).toEqual([])
  })
})

describe('the tail loss probe', () => {
  it('leaves after two round trips: the last segment, once; only the timeout follows [RFC8985/pto] [RFC8985/probe]', () => {
    const { t, t0 } = flying(4)
    expect(t.snapshot.timers).toMatchObject({ lossProbe: t0 + 200 * ms, retransmit: -1 })
    t.at(t0 + 200 * ms).peer.expects('P. 3001:4001(1000) ack 1')
    expect(t.why('again')).toEqual(['probeLast'])
    expect(t.snapshot.timers).toMatchObject({ lossProbe: -1, retransmit: t0 + 200 * ms + t.snapshot.rtoUs })
    expect(t.snapshot.rack.probeEnd).toBe(t.isn + 4001)
    t.at(t0 + 1199 * ms).peer.hearsNothing()
    t.after(1 * ms).peer.expects('. 1:1001(1000) ack 1')
  })

  it('waits for a held-back ACK too where a single segment is out [RFC8985/pto]', () => {
    const { t0, t } = flying(1)
    expect(t.snapshot.timers.lossProbe).toBe(t0 + 400 * ms)
    t.set('maxAckDelayUs', 25 * ms)
    acks(t.at(t0 + 100 * ms), 1001)
    t.write(mss)
    t.skip()
    expect(t.snapshot.timers.lossProbe).toBe(t0 + 100 * ms + 2 * 100 * ms + 25 * ms)
  })

  it('is never later than the timeout would be [RFC8985/pto]', () => {
    const { t, t0 } = flying(1, 1, { minRtoUs: 200 * ms })
    expect(t.snapshot.rtoUs).toBe(300 * ms)
    expect(t.snapshot.timers).toMatchObject({ lossProbe: t0 + 300 * ms, retransmit: -1 })
  })

  it('takes a second where no round trip was measured [RFC8985/pto]', () => {
    const t = new TcpTrace({ config: { sackPermitted: true, initialWindowSegments: 4 } }).open()
    t.after(1 * s).peer.expects('S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK>', 0).peer.expects('S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK>')
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1000,sackOK>').skip()
    t.write(4 * mss)
    expect(t.snapshot).toMatchObject({ srttUs: -1, timers: { lossProbe: t.nowUs + 1 * s } })
  })

  it('carries new data where there is some, beyond cwnd [RFC8985/probe]', () => {
    const { t, t0 } = flying(4, 6)
    t.at(t0 + 200 * ms).peer.expects('. 4001:5001(1000) ack 1').peer.hearsNothing()
    expect(t.why('sent').at(-1)).toBe('probeNew')
    expect(t.snapshot).toMatchObject({ cwnd: 4 * mss, flightSize: 5 * mss })
  })

  it('gives way to the timeout where the window has shrunk too far for it', () => {
    const { t, t0 } = flying(4, 8)
    t.peer.sends('. 1:1(0) ack 1 win 1500')
    t.at(t0 + 200 * ms).peer.hearsNothing()
    expect(t.snapshot.timers).toMatchObject({ lossProbe: -1, retransmit: t0 + 1200 * ms })
    t.at(t0 + 1200 * ms).peer.expects('. 1:1001(1000) ack 1')
  })

  it('is not repeated before a round trip was measured [RFC8985/probe]', () => {
    const { t, t0 } = flying(4)
    t.at(t0 + 200 * ms).skip()
    acks(t.at(t0 + 300 * ms), 4001)
    t.write(mss)
    t.skip()
    expect(t.snapshot.timers).toMatchObject({ lossProbe: -1 })
    acks(t.after(100 * ms), 5001)
    t.write(2 * mss)
    t.skip()
    expect(t.snapshot.timers.lossProbe).toBeGreaterThan(t.nowUs)
  })

  it('that repaired a loss reduces, one that was answered by a duplicate does not [RFC8985/tlp-loss]', () => {
    const story = (answer: (t: TcpTrace) => void) => {
      const { t, t0 } = flying(4)
      t.at(t0 + 200 * ms).skip()
      t.at(t0 + 300 * ms)
      answer(t)
      t.write(mss)
      t.skip()
      acks(t.after(100 * ms), 5001)
      return t
    }
    const repaired = story((t) => acks(t, 4001))
    expect(repaired.snapshot).toMatchObject({ ssthresh: 2 * mss, inRecovery: false })
    expect(repaired.why('setting')).toContain('setProbeLoss')
    const dsacked = story((t) => sack(t, 4001, '3001:4001'))
    const twice = story((t) => acks(acks(t, 4001), 4001))
    for (const t of [dsacked, twice]) expect([t.why('setting').includes('setProbeLoss'), t.snapshot.cwnd > 4 * mss]).toEqual([false, true])
  })

  it('with new data is no sign of a loss when it is acknowledged [RFC8985/tlp-loss]', () => {
    const { t, t0 } = flying(4, 5)
    t.at(t0 + 200 * ms).skip()
    acks(t.at(t0 + 250 * ms), 5001)
    t.write(mss)
    acks(t.skip() && t.after(100 * ms), 6001)
    expect(t.why('setting')).not.toContain('setProbeLoss')
  })

  it('shows RACK the losses before it, so that no timeout is needed', () => {
    const { t, t0 } = flying(4)
    t.at(t0 + 200 * ms).skip()
    sack(t.at(t0 + 300 * ms), 1, '3001:4001')
    t.peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    sack(t.after(100 * ms), 1001, '3001:4001').peer.expects('. 1001:2001(1000) ack 1').peer.expects('. 2001:3001(1000) ack 1')
    acks(t.after(100 * ms), 4001)
    expect(t.why('setting')).not.toContain('setTimeoutLoss')
  })

  it('does not run beside another loss timer, nor while losses are repaired [RFC8985/one-timer]', () => {
    const { t } = flying(10, 20)
    const armed = () => Object.entries(t.snapshot.timers).filter(([name, at]) => at !== -1 && ['retransmit', 'persist', 'reorder', 'lossProbe'].includes(name)).map(([name]) => name)
    expect(armed()).toEqual(['lossProbe'])
    sack(t.after(100 * ms), 1, '1001:2001').skip()
    expect(armed()).toEqual(['reorder'])
    sack(t, 1, '1001:4001').skip()
    expect(armed()).toEqual(['retransmit'])
    while (t.snapshot.sndUna !== t.isn + 20_001) acks(t.after(100 * ms), t.snapshot.sndNxt - t.isn).skip()
    expect(armed()).toEqual([])
    t.write(mss)
    t.skip()
    expect(armed()).toEqual(['lossProbe'])
    t.peer.sends('. 1:1(0) ack 20001 win 0')
    expect(armed()).toEqual(['persist'])
  })
})

describe('after a timeout', () => {
  it('what is lost goes again as slow start allows, past what the peer reports', () => {
    const { t, t0 } = flying(6)
    t.at(t0 + 200 * ms).skip()
    t.at(t0 + 1200 * ms).peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ cwnd: 1 * mss, congestionPhase: 'lossRecovery', pipe: 1 * mss })
    sack(t.after(100 * ms), 1001, '2001:3001')
    t.peer.expects('. 1001:2001(1000) ack 1').peer.expects('. 3001:4001(1000) ack 1').peer.hearsNothing()
    expect(t.why('again')).toEqual(['probeLast', 'retransmitTimeout', 'lossRecovery', 'lossRecovery'])
    acks(t.after(100 * ms), 6001)
    expect(t.snapshot.congestionPhase).not.toBe('lossRecovery')
  })
})
