import { describe, expect, it } from 'vitest'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { ms, s, TcpTrace } from '../../support/tcp-trace.ts'

const mss = 1000
const none = { sackPermitted: false, timestamps: false } as const

/** Segments in flight over a path of 100 ms, with as many more written as in `left`. */
function flying(segments: number, left: number, config: Partial<TcpConfig> = {}): TcpTrace {
  const t = new TcpTrace({ config: { initialWindowSegments: segments, sendBufferBytes: 1 << 20, rackTlp: false, ...config } }).open()
  const { hasTimestamp, sackPermitted } = t.skip()[0].options
  const options = [`mss ${hasTimestamp ? mss + 12 : mss}`, ...sackPermitted ? ['sackOK'] : [], ...hasTimestamp ? ['TS val 1 ecr 0'] : []]
  t.after(100 * ms).peer.sends(`S. 0:0(0) ack 1 win 65535 <${options.join(',')}>`).skip()
  t.write((segments + left) * mss)
  t.skip()
  return t
}

const acks = (t: TcpTrace, ack: number, more = '') => t.peer.sends(`. 1:1(0) ack ${ack} win 65535${more}`)
const stamped = (t: TcpTrace, ack: number, ecrUs: number, flags = '.') => t.peer.sends(`${flags} 1:1(0) ack ${ack} win 65535 <nop,nop,TS val 2 ecr ${ecrUs / ms}>`)
const sent = (t: TcpTrace) => t.skip().map(({ seq, isRetransmission }) => `${isRetransmission ? 'again' : 'new'} ${seq - t.isn}`)

describe('F-RTO', () => {
  it('sends the front alone, then new data; when the ACKs go on the timeout was spurious and nothing else goes again [RFC5682/frto]', () => {
    const t = flying(6, 10, none)
    t.after(1 * s).peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ cwnd: 1 * mss, ssthresh: 3 * mss, congestionPhase: 'lossRecovery' })
    acks(t, 1001)
    expect(sent(t)).toEqual(['new 6001', 'new 7001'])
    expect(t.why('sent').slice(-2)).toEqual(['frtoData', 'frtoData'])
    acks(t, 2001)
    expect(t.snapshot).toMatchObject({ congestionPhase: 'slowStart', inRecovery: false, backoff: 0 })
    expect(t.snapshot.ssthresh).toBeGreaterThan(1 << 30)
    expect(t.snapshot.cwnd).toBe(6 * mss + 1 * mss)
    expect(sent(t)).toEqual(['new 8001'])
    expect(t.why('again')).toEqual(['retransmitTimeout'])
    expect(t.decisions.find(({ reason }) => reason === 'setFrtoSpurious')!.operands.slice(0, 3)).toEqual([7 * mss, t.snapshot.ssthresh, 6 * mss])
  })

  it('goes on as ever where duplicates follow: the rest is sent again, cwnd at most three segments [RFC5682/frto]', () => {
    const t = flying(6, 10, none)
    t.after(1 * s).skip()
    acks(t, 1001).skip()
    acks(t, 1001)
    expect(t.snapshot.cwnd).toBeLessThanOrEqual(3 * mss)
    expect(sent(t)).toEqual(['again 1001', 'again 2001'])
    acks(t, 3001)
    expect(sent(t).slice(0, 2)).toEqual(['again 3001', 'again 4001'])
    expect(t.why('setting')).not.toContain('setFrtoSpurious')
  })

  it('nor where the first ACK is a duplicate, covers everything, or there is no new data [RFC5682/frto]', () => {
    const duplicate = flying(6, 10, none)
    duplicate.after(1 * s).skip()
    acks(duplicate, 1).peer.hearsNothing()
    acks(duplicate, 1001)
    expect(sent(duplicate)).toEqual(['again 1001', 'again 2001'])
    const whole = flying(6, 10, none)
    whole.after(1 * s).skip()
    acks(whole, 6001).skip()
    expect(whole.snapshot).toMatchObject({ ssthresh: 3 * mss, congestionPhase: 'slowStart' })
    const nothing = flying(6, 0, none)
    nothing.after(1 * s).skip()
    acks(nothing, 1001)
    expect(sent(nothing)).toEqual(['again 1001', 'again 2001'])
  })

  it('is not tried again for a second timeout of the same data, nor where it is turned off', () => {
    const t = flying(6, 10, none)
    t.after(4 * s).skip()
    acks(t, 1001)
    expect(sent(t)).toEqual(['again 1001', 'again 2001'])
    const off = flying(6, 10, { ...none, frto: false })
    off.after(1 * s).skip()
    acks(off, 1001)
    expect(sent(off)).toEqual(['again 1001', 'again 2001'])
  })

  it.each([false, true])('with SACK goes by what is reported; RACK %s [RFC5682/frto]', (rackTlp) => {
    const begin = () => {
      const t = flying(6, 10, { sackPermitted: true, rackTlp })
      t.after(rackTlp ? 1200 * ms : 1 * s).skip()
      // The tail loss probe carried a segment of new data.
      const end = t.snapshot.sndNxt - t.isn
      acks(t, 1001)
      expect(sent(t)).toEqual([`new ${end}`, `new ${end + mss}`])
      return { t, end }
    }
    const lost = begin()
    acks(lost.t, 1001, ` <nop,nop,sack ${lost.end}:${lost.end + mss}>`)
    expect(sent(lost.t)[0]).toBe('again 1001')
    expect(lost.t.snapshot.congestionPhase).toBe('lossRecovery')
    const late = begin()
    acks(late.t, 1001, ' <nop,nop,sack 2001:3001>')
    expect(late.t.why('setting')).toContain('setFrtoSpurious')
    expect([late.t.snapshot.congestionPhase, late.t.snapshot.rack.lost]).toEqual(['slowStart', 0])
    expect(sent(late.t).filter((line) => line.startsWith('again'))).toEqual([])
  })
})

describe('the Eifel algorithm', () => {
  it('takes a timeout back whose first ACK echoes a time from before it, and believes the longer round trip', () => {
    const t = flying(6, 10, { sackPermitted: false, timestamps: true })
    const sentUs = t.nowUs
    t.after(1100 * ms).skip()
    expect(t.snapshot).toMatchObject({ cwnd: 1 * mss, ssthresh: 3 * mss })
    stamped(t, 1001, sentUs)
    expect(t.why('setting')).toContain('setEifelSpurious')
    expect(t.snapshot).toMatchObject({ congestionPhase: 'slowStart', srttUs: 1100 * ms, rttvarUs: 550 * ms, rtoUs: 3300 * ms })
    expect(sent(t).filter((line) => line.startsWith('again'))).toEqual([])
    expect(t.snapshot.ssthresh).toBeGreaterThan(1 << 30)
  })

  it('leaves one be that is answered with its own time', () => {
    const t = flying(6, 10, { sackPermitted: false, timestamps: true, frto: false })
    t.after(1 * s).skip()
    const againUs = t.nowUs
    stamped(t.after(100 * ms), 1001, againUs)
    expect(t.why('setting')).not.toContain('setEifelSpurious')
    expect(sent(t)).toEqual(['again 1001', 'again 2001'])
  })

  it('takes a fast retransmit back, but not where the ACK echoes a mark', () => {
    const story = (flags: string) => {
      const t = new TcpTrace({ config: { timestamps: true, ecn: 'on', initialWindowSegments: 6, sendBufferBytes: 1 << 20 } }).open()
      t.skip()
      t.after(100 * ms).peer.sends('SE. 0:0(0) ack 1 win 65535 <mss 1012,nop,nop,TS val 1 ecr 0>').skip()
      const sentUs = t.nowUs
      t.write(16 * mss)
      t.skip()
      t.after(100 * ms)
      for (let i = 0; i < 3; i++) stamped(t, 1, sentUs).skip()
      expect(t.snapshot).toMatchObject({ inRecovery: true, ssthresh: 3 * mss })
      stamped(t.after(5 * ms), 6001, sentUs, flags)
      return t
    }
    const taken = story('.')
    expect(taken.why('setting')).toContain('setEifelSpurious')
    expect(taken.snapshot.inRecovery).toBe(false)
    expect(taken.snapshot.ssthresh).toBeGreaterThan(1 << 30)
    const marked = story('E.')
    expect(marked.why('setting')).not.toContain('setEifelSpurious')
    expect(marked.snapshot.ssthresh).toBeLessThan(6 * mss)
  })

  it('can be turned off', () => {
    const t = flying(6, 10, { sackPermitted: false, timestamps: true, undoSpurious: false, frto: false })
    const sentUs = t.nowUs
    t.after(1 * s).skip()
    stamped(t, 1001, sentUs).skip()
    expect(t.snapshot.ssthresh).toBe(3 * mss)
  })
})

describe('reported duplicates', () => {
  it.each([false, true])('of everything that was sent again take the reduction back, also after the recovery; RACK %s', (rackTlp) => {
    const t = flying(10, 10, { sackPermitted: true, rackTlp })
    acks(t.after(100 * ms), 1, ' <nop,nop,sack 2001:6001>').skip()
    expect(t.snapshot).toMatchObject({ inRecovery: true, ssthresh: 5 * mss })
    acks(t.after(10 * ms), 1, ' <nop,nop,sack 2001:10001>')
    expect(t.sent.filter(({ segment }) => segment.isRetransmission)).toHaveLength(2)
    t.skip()
    const end = t.snapshot.sndNxt - t.isn
    acks(t.after(10 * ms), end).skip()
    expect(t.snapshot).toMatchObject({ inRecovery: false, ssthresh: 5 * mss })
    acks(t, end, ' <nop,nop,sack 1:1001>').skip()
    expect(t.snapshot.ssthresh).toBe(5 * mss)
    acks(t, end, ' <nop,nop,sack 1001:2001>').skip()
    expect(t.snapshot.ssthresh).toBeGreaterThan(1 << 30)
    expect(t.why('setting').filter((reason) => reason === 'setDsackSpurious')).toHaveLength(1)
  })

  it('of something from before the loss do not', () => {
    const t = flying(10, 10, { sackPermitted: true })
    acks(t.after(100 * ms), 1001).skip()
    acks(t, 1001, ' <nop,nop,sack 2001:6001>').skip()
    acks(t, 1001, ' <nop,nop,sack 1:1001>').skip()
    expect(t.snapshot).toMatchObject({ inRecovery: true, dsacks: 1 })
  })

  it('bring CUBIC back to where it was', () => {
    const t = flying(10, 40, { sackPermitted: true, congestionControl: 'cubic' })
    acks(t.after(100 * ms), 1, ' <nop,nop,sack 1001:4001>').skip()
    expect(t.snapshot.ssthresh).toBe(7 * mss)
    acks(t.after(10 * ms), 10_001, ' <nop,nop,sack 1:1001>').skip()
    expect(t.snapshot.ssthresh).toBeGreaterThan(1 << 30)
    expect(t.sent.at(-1)!.segment.flags & TcpFlag.cwr).toBe(0)
  })
})
