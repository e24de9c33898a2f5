import { describe, expect, it } from 'vitest'
import { established, s, TcpTrace } from '../../support/tcp-trace.ts'

const mss = 1000

/** A connection whose cwnd is `segments` full segments of 1000 bytes, all of them in flight; `written` segments were written. */
function flying(segments: number, written = 4 * segments, config = {}): TcpTrace {
  const t = established({ peerMss: mss, config: { sackPermitted: true, rackTlp: false, initialWindowSegments: segments, sendBufferBytes: 1 << 20, ...config } })
  t.write(written * mss)
  t.skip()
  return t
}

/** The peer has everything up to `ack` and the given pieces. */
function sack(t: TcpTrace, ack: number, ...pieces: string[]): TcpTrace {
  return t.peer.sends(`. 1:1(0) ack ${ack} win 65535 <nop,nop,sack ${pieces.join(' ')}>`)
}

describe('recovery by SACK', () => {
  it('begins with one ACK that shows enough: RecoveryPoint, half the flight, the first hole at once [RFC6675/entry] [RFC6675/update]', () => {
    const t = flying(10, 40, { proportionalRate: false })
    sack(t, 1, '1001:4001').peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ inRecovery: true, recover: t.isn + 10_001, ssthresh: 5 * mss, cwnd: 5 * mss, dupAcks: 1, pipe: 7 * mss, recoverFs: 0 })
    expect(t.why('again')).toEqual(['sackFirstHole'])
  })

  it('begins with the third ACK that reports new bytes, however few [RFC6675/entry]', () => {
    const t = flying(10, 10)
    for (let i = 1; i <= 2; i++) sack(t, 1, `1001:${1001 + i}`).peer.hearsNothing()
    sack(t, 1, '1001:1004').peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
  })

  it('counts an ACK with new SACK data whatever else it says, and no other [RFC6675/dupack] [RFC6675/update]', () => {
    const t = flying(10, 10)
    t.peer.sends('P. 1:11(10) ack 1 win 60000 <nop,nop,sack 1001:1101>').skip()
    expect(t.snapshot.dupAcks).toBe(1)
    t.peer.sends('. 11:11(0) ack 1 win 60000 <nop,nop,sack 1001:1101>').peer.sends('. 11:11(0) ack 1 win 60000')
    expect(t.snapshot).toMatchObject({ dupAcks: 1, sackedRanges: [{ start: t.isn + 1001, end: t.isn + 1101 }] })
    t.peer.sends('. 11:11(0) ack 501 win 60000')
    expect(t.snapshot.dupAcks).toBe(0)
  })

  it('takes as lost what has three ranges, or more than two segments, above it [RFC6675/islost]', () => {
    const islands = flying(10, 10)
    sack(islands, 1, '1001:1011', '2001:2011').peer.hearsNothing()
    sack(islands, 1, '1001:1011', '2001:2011', '3001:3011').peer.expects('. 1:1001(1000) ack 1')
    const whole = flying(10, 10)
    sack(whole, 1, '1001:3001').peer.hearsNothing()
    sack(whole, 1, '1001:3002').peer.expects('. 1:1001(1000) ack 1')
  })

  it('ignores a block that names the SYN, which nobody can have ahead of its turn [RFC6675/update]', () => {
    const t = new TcpTrace({ config: { sackPermitted: true } }).listen()
    t.peer.sends('S 0:0(0) win 65535 <mss 1000,sackOK>').skip()
    t.close().skip()
    t.peer.sends('. 1:1(0) ack 4294967295 win 65535 <nop,nop,sack 0:1>').skip()
    expect(t.state).toBe('FIN_WAIT_1')
    expect(t.snapshot.sackedRanges).toEqual([])
    t.peer.sends('. 1:1(0) ack 1 win 65535').skip()
    expect(t.snapshot.sackedRanges).toEqual([])
  })

  it('ignores blocks outside of what is out, and those below the ACK [RFC6675/update]', () => {
    const t = flying(10, 10)
    sack(t, 1, '9001:10002').peer.hearsNothing()
    sack(t, 1001, '1:501').peer.hearsNothing()
    sack(t, 1001, '3001:3001').peer.hearsNothing()
    sack(t, 1001, '5001:4001').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ sackedRanges: [], dupAcks: 0 })
  })

  it('takes of a late block what is still out', () => {
    const t = flying(10, 10)
    t.peer.sends('. 1:1(0) ack 3001 win 65535')
    sack(t, 2001, '2501:4001')
    expect(t.snapshot.sackedRanges).toEqual([{ start: t.isn + 3001, end: t.isn + 4001 }])
  })

  it('counts in the pipe what is neither reported nor lost, and what was sent again [RFC6675/pipe]', () => {
    const t = flying(10)
    sack(t, 1, '1001:2001', '3001:4001', '5001:6001').peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot.pipe).toBe(7 * mss)
    sack(t, 1, '7001:8001').peer.hearsNothing()
    expect(t.snapshot.pipe).toBe(5 * mss)
    sack(t, 1, '9001:10001').peer.expects('. 2001:3001(1000) ack 1').peer.expects('. 4001:5001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot.pipe).toBe(5 * mss)
  })

  it('chooses lost holes, then new data, then other holes, then the tail once [RFC6675/nextseg]', () => {
    const begin = (written: number) => {
      const t = flying(8, written)
      sack(t, 1, '1001:4001', '5001:6001').peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
      return sack(t, 1, '6001:7001')
    }
    begin(9).peer.expects('P. 8001:9001(1000) ack 1').peer.hearsNothing()
    const t = begin(8)
    t.peer.expects('. 4001:5001(1000) ack 1').peer.hearsNothing()
    sack(t, 4001, '5001:7001').peer.expects('P. 7001:8001(1000) ack 1').peer.hearsNothing()
    expect(t.why('again')).toEqual(['sackFirstHole', 'sackUnlost', 'sackRescue'])
    sack(t, 4001, '5001:7501').peer.hearsNothing()
  })

  it('resends each lost hole in turn as the pipe drains [RFC6675/nextseg]', () => {
    const t = flying(10, 10)
    sack(t, 1, '1001:2001', '3001:4001', '5001:10001')
    t.peer.expects('. 1:1001(1000) ack 1').peer.expects('. 2001:3001(1000) ack 1').peer.expects('. 4001:5001(1000) ack 1').peer.hearsNothing()
    expect(t.why('again')).toEqual(['sackFirstHole', 'sackLost', 'sackLost'])
  })

  it('goes on through partial ACKs and ends at RecoveryPoint, keeping what is known above [RFC6675/exit]', () => {
    const t = flying(10)
    sack(t, 1, '1001:4001', '5001:10001').skip()
    const { sndNxt, recover } = t.snapshot
    expect(sndNxt).toBeGreaterThan(recover)
    sack(t, 4001, '5001:10001').skip()
    expect(t.snapshot).toMatchObject({ inRecovery: true, congestionPhase: 'fastRecovery' })
    sack(t, 10_001, '11001:12001').skip()
    expect(t.snapshot).toMatchObject({ inRecovery: false, ssthresh: 5 * mss, sackedRanges: [{ start: t.isn + 11_001, end: t.isn + 12_001 }] })
    expect(t.why('setting').filter((reason) => reason === 'setRecovered')).toHaveLength(1)
  })

  it('ends with a timeout, and does not begin again below what was out then [RFC6675/rto] [RFC2018/rto-left] [RFC2018/no-free]', () => {
    const t = flying(10, 10)
    sack(t, 1, '1001:4001').skip()
    t.after(1 * s).peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ inRecovery: false, congestionPhase: 'lossRecovery', recover: t.isn + 10_001, sackedRanges: [] })
    for (let i = 0; i < 4; i++) sack(t, 1001, `2001:${3001 + i * 500}`).skip()
    expect(t.snapshot.inRecovery).toBe(false)
    t.peer.sends('. 1:1(0) ack 10001 win 65535').peer.hearsNothing()
    t.write(10 * mss)
    t.skip()
    sack(t, 10_001, '11001:13001').skip()
    sack(t, 10_001, '11001:14001').skip()
    expect(t.snapshot.inRecovery).toBe(true)
  })

  it('resends what the peer reported and then threw away [RFC2018/no-free]', () => {
    const t = flying(4, 4)
    sack(t, 1, '1001:3001').skip()
    t.after(1 * s).peer.expects('. 1:1001(1000) ack 1')
    t.peer.sends('. 1:1(0) ack 1001 win 65535').peer.expects('. 1001:2001(1000) ack 1').peer.expects('. 2001:3001(1000) ack 1').peer.hearsNothing()
  })

  it('is not used where the peer did not agree to SACK', () => {
    const t = established({ peerMss: mss, config: { sackPermitted: false, initialWindowSegments: 10 } })
    t.write(10 * mss)
    t.skip()
    sack(t, 1, '1001:4001').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ sackedRanges: [], dupAcks: 1 })
  })

  it('waits while the window is closed', () => {
    const t = flying(10, 10)
    t.peer.sends('. 1:1(0) ack 1 win 0 <nop,nop,sack 1001:4001>').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ inRecovery: true, timers: { retransmit: -1 } })
    sack(t, 1, '4001:5001').skip()
    expect(t.snapshot.pipe).toBeGreaterThan(0)
  })
})

describe('proportional rate reduction', () => {
  it('begins with what was in flight and not reported before [RFC9937/init]', () => {
    const t = flying(20, 20, { limitedTransmit: false })
    sack(t, 1, '1001:3001').peer.hearsNothing()
    sack(t, 1, '1001:4001').skip()
    expect(t.snapshot).toMatchObject({ recoverFs: 18 * mss, prrDelivered: 1 * mss, ssthresh: 10 * mss })
    sack(t, 20_001, '20001:20001').skip()
    t.write(20 * mss)
    t.skip()
    sack(t, 20_001, '21001:24001').skip()
    expect(t.snapshot).toMatchObject({ prrDelivered: 3 * mss, recoverFs: 10 * mss })
  })

  it('counts what SND.UNA and the reports moved together [RFC9937/delivered]', () => {
    const t = flying(20, 20)
    sack(t, 1, '1001:4001').skip()
    const before = t.snapshot.prrDelivered
    t.peer.sends('. 1:1(0) ack 4001 win 65535').skip()
    expect(t.snapshot.prrDelivered - before).toBe(1 * mss)
  })

  it('sends one segment for every two that arrive until the flight is down to ssthresh [RFC9937/proportional]', () => {
    const t = flying(20, 60)
    sack(t, 1, '1001:4001').peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot.recoverFs).toBe(20 * mss)
    const sent = [5, 6, 7, 8, 9, 10].map((end) => sack(t, 1, `1001:${end}001`).skip().length)
    expect(sent).toEqual([1, 0, 1, 0, 1, 0])
  })

  it('below ssthresh sends what arrived, and a segment more where an ACK shows no further loss [RFC9937/bounds]', () => {
    const begin = () => {
      const t = flying(20, 20)
      expect(sack(t, 1, '14001:17001').skip().map(({ seq }) => seq - t.isn)).toEqual([1, 1001, 2001])
      return t
    }
    expect(sack(begin(), 1001, '14001:17001').skip()).toHaveLength(2)
    expect(sack(begin(), 1001, '14001:17001', '17900:20001').skip()).toHaveLength(3)
  })

  it('never sends beyond ssthresh', () => {
    const t = flying(20, 60)
    for (let top = 4; top < 20; top++) {
      sack(t, 1, `1001:${top}001`).skip()
      expect(t.snapshot.cwnd).toBeLessThanOrEqual(Math.max(t.snapshot.ssthresh, t.snapshot.recoverFs))
    }
    expect(t.snapshot.pipe).toBe(t.snapshot.ssthresh)
  })

  it('sends the first hole even where the sums give nothing [RFC9937/force-first]', () => {
    const t = flying(10, 10)
    sack(t, 1, '2001:5001').peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ cwnd: 6 * mss, ssthresh: 5 * mss, prrOut: 1 * mss })
  })

  it('ends with cwnd at ssthresh [RFC9937/end]', () => {
    const t = flying(20, 20)
    sack(t, 1, '1001:4001').skip()
    expect(t.snapshot.cwnd).toBeGreaterThan(10 * mss)
    t.peer.sends('. 1:1(0) ack 20001 win 65535')
    expect(t.snapshot).toMatchObject({ cwnd: 10 * mss, ssthresh: 10 * mss, inRecovery: false })
  })

  it('can be turned off: then cwnd is ssthresh at once', () => {
    const t = flying(20, 60, { proportionalRate: false })
    sack(t, 1, '1001:4001').peer.expects('. 1:1001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot.cwnd).toBe(10 * mss)
  })
})

describe('SACK-Permitted', () => {
  it('stands on the SYN alone, and means nothing elsewhere [RFC2018/permitted]', () => {
    const t = established({ config: { sackPermitted: true, rackTlp: false } })
    t.write(100)
    t.close()
    expect(t.sent.map(({ segment }) => segment.options.sackPermitted)).toEqual(t.sent.map((_, i) => i === 0))
    const off = new TcpTrace({ config: { sackPermitted: true, rackTlp: false } }).open()
    off.skip()
    off.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1000>').skip()
    off.peer.sends('. 1:1(0) ack 1 win 65535 <sackOK,nop,nop>')
    off.peer.sends('. 11:21(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535')
    expect(off.snapshot.sackOn).toBe(false)
  })
})

describe('limited transmit with SACK', () => {
  it('sends as much new data as was reported, cwnd stays; without new reports nothing [RFC3042/limited-tx] [RFC3042/cwnd-same]', () => {
    const t = flying(4)
    sack(t, 1, '1001:2001').peer.expects('. 4001:5001(1000) ack 1').peer.hearsNothing()
    sack(t, 1, '1001:2001').peer.hearsNothing()
    t.peer.sends('. 1:1(0) ack 1 win 65535').peer.hearsNothing()
    sack(t, 1, '1001:3001').peer.expects('. 5001:6001(1000) ack 1').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ cwnd: 4 * mss, dupAcks: 2, inRecovery: false })
    expect(t.why('sent').slice(-2)).toEqual(['limitedTransmit', 'limitedTransmit'])
  })

  it('does not count in the half of the flight [RFC6675/entry]', () => {
    const t = flying(4)
    sack(t, 1, '1001:2001').skip()
    sack(t, 1, '1001:3001').skip()
    sack(t, 1, '1001:4001').skip()
    expect(t.snapshot).toMatchObject({ ssthresh: 2 * mss, inRecovery: true })
  })

  it('can be turned off', () => {
    const t = flying(4, 16, { limitedTransmit: false })
    sack(t, 1, '1001:2001').peer.hearsNothing()
  })
})

describe('reports of duplicates', () => {
  const receiving = (config = {}) => established({ config: { sackPermitted: true, rackTlp: false, ...config } })

  it('come first, once [RFC2883/dsack-first]', () => {
    const t = receiving()
    t.peer.sends('. 1:4001(4000) ack 1 win 65535').skip()
    t.peer.sends('. 3001:3501(500) ack 1 win 65535').peer.expects('. 1:1(0) ack 4001 win 61535 <nop,nop,sack 3001:3501>')
    t.peer.sends('. 5001:5501(500) ack 1 win 65535').peer.expects('. 1:1(0) ack 4001 win 61535 <nop,nop,sack 5001:5501>')
  })

  it('stand before the range that holds them [RFC2883/dsack-above]', () => {
    const t = receiving()
    t.peer.sends('. 4501:5501(1000) ack 1 win 65535').skip()
    t.peer.sends('. 7001:7501(500) ack 1 win 65535').skip()
    t.peer.sends('. 5001:5501(500) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535 <nop,nop,sack 5001:5501 4501:5501 7001:7501>')
    t.peer.sends('. 5301:6001(700) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535 <nop,nop,sack 5301:5501 4501:6001 7001:7501>')
  })

  it('take the place of the oldest block beside timestamps', () => {
    const t = receiving({ timestamps: true })
    for (const at of [1001, 3001, 5001]) t.peer.sends(`. ${at}:${at + 500}(500) ack 1 win 65535 <nop,nop,TS val 2 ecr 0>`).skip()
    t.peer.sends('. 5001:5501(500) ack 1 win 65535 <nop,nop,TS val 2 ecr 0>')
    const { options, optionLength } = t.skip()[0]
    expect([options.sackCount, optionLength]).toEqual([3, 40])
    expect([...options.sackEdges.subarray(0, 6)].map((edge) => edge - t.peerIsn)).toEqual([5001, 5501, 5001, 5501, 3001, 3501])
  })

  it('name the part of a segment that is old [RFC2883/partial]', () => {
    const t = receiving({ delayedAck: false })
    t.peer.sends('. 1:1001(1000) ack 1 win 65535').skip()
    t.peer.sends('. 501:2001(1500) ack 1 win 65535').peer.expects('. 1:1(0) ack 2001 win 63535 <nop,nop,sack 501:1001>')
  })

  it('are not made when turned off, or without SACK', () => {
    for (const config of [{ dsack: false }, { sackPermitted: false }]) {
      const t = receiving(config)
      t.peer.sends('. 1:1001(1000) ack 1 win 65535').skip()
      t.peer.sends('. 1:501(500) ack 1 win 65535').peer.expects('. 1:1(0) ack 1001 win 64535')
    }
  })

  it('are known by the ACK they come with, not by what is acknowledged by now [RFC2883/detect]', () => {
    const t = flying(10, 10)
    t.peer.sends('. 1:1(0) ack 6001 win 65535')
    sack(t, 1, '2001:3001')
    expect(t.snapshot.dsacks).toBe(0)
    sack(t, 6001, '2001:3001')
    expect(t.snapshot.dsacks).toBe(1)
    sack(t, 6001, '7001:7501', '7001:8001')
    expect(t.snapshot).toMatchObject({ dsacks: 2, dupAcks: 1 })
    sack(t, 6001, '4294960001:4294961001')
    expect(t.snapshot.dsacks).toBe(2)
    expect(t.why('setting').filter((reason) => reason === 'setDsack')).toHaveLength(2)
  })
})
