import { describe, expect, it } from 'vitest'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import { established, ms, s, TcpTrace } from '../../support/tcp-trace.ts'
import { traceIn } from '../../support/tcp-states.ts'

/** Full segments of 1,000 bytes, SACK agreed on. */
function withSack(config: Partial<TcpConfig>): TcpTrace {
  const t = new TcpTrace({ config: { sackPermitted: true, sendBufferBytes: 1 << 20, nagle: false, ...config } }).open()
  t.skip()
  t.after(100 * ms).peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1000,sackOK>').skip()
  return t
}

/** An ACK from the peer; what was sent before it does not matter. */
function hears(t: TcpTrace, line: string): void {
  t.skip()
  t.peer.sends(line)
}

/** Knobs that make the engine behave as one system or another, where the RFCs leave a choice. */
describe('knobs of systems', () => {
  it('round the receive buffer up to whole segments', () => {
    const t = established({ peerMss: 1000, config: { receiveBufferWholeSegments: true, receiveBufferBytes: 10_001 } })
    expect(t.snapshot.receiveBufferBytes).toBe(11_000)
    expect(established({ peerMss: 1000, config: { receiveBufferBytes: 10_001 } }).snapshot.receiveBufferBytes).toBe(10_001)
  })

  it('offer all free space, or move the edge only by a worthwhile piece [RFC9293/MUST-39]', () => {
    const small = { config: { receiveBufferBytes: 4000, delayedAck: false } }
    const t = established(small)
    t.peer.sends('. 1:11(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 11 win 3990')
    t.read(10)
    t.peer.sends('. 11:21(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 21 win 3980')
    const all = established({ config: { ...small.config, offerAllSpace: true } })
    all.peer.sends('. 1:11(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 11 win 3990')
    all.read(10)
    all.peer.sends('. 11:21(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 21 win 3990')
  })

  it('count small segments for the ACK of every second one [RFC9293/MUST-58]', () => {
    const t = established({ config: { ackCountsSmallSegments: true } })
    t.peer.sends('. 1:11(10) ack 1 win 65535').peer.hearsNothing()
    t.peer.sends('. 11:12(1) ack 1 win 65535').peer.expects('. 1:1(0) ack 12')
    const fullOnly = established()
    fullOnly.peer.sends('. 1:11(10) ack 1 win 65535').peer.sends('. 11:12(1) ack 1 win 65535').peer.hearsNothing().after(200 * ms).peer.expects('. 1:1(0) ack 12')
  })

  it('acknowledge on the RST of an abort', () => {
    const t = established({ config: { abortAcknowledges: true } })
    t.abort().peer.expects('R. 1:1(0) ack 1 win 0')
    established().abort().peer.expects('R 1:1(0) win 0')
  })

  it('take an RST anywhere in the window, as before RFC 5961', () => {
    const t = established({ config: { resetAnywhereInWindow: true } })
    t.peer.sends('R 65535:65535(0) win 0').peer.hearsNothing()
    expect(t.state).toBe('CLOSED')
    const outside = established({ config: { resetAnywhereInWindow: true } })
    outside.peer.sends('R 65537:65537(0) win 0').peer.hearsNothing()
    expect(outside.state).toBe('ESTABLISHED')
  })

  it('take a SYN in the window as an error that resets, as before RFC 5961', () => {
    const inside = established({ config: { synInWindowResets: true } })
    inside.peer.sends('S 5:5(0) win 0').peer.expects('R. 1:1(0) ack 1 win 0')
    expect(inside.state).toBe('CLOSED')
    const before = established({ config: { synInWindowResets: true } })
    before.peer.sends('S 0:0(0) win 0').peer.expects('. 1:1(0) ack 1')
    expect(before.state).toBe('ESTABLISHED')
    const oldWithText = established({ config: { synInWindowResets: true } })
    oldWithText.peer.sends('S 0:10(10) win 0').peer.expects('. 1:1(0) ack 1')
    expect(oldWithText.state).toBe('ESTABLISHED')
  })

  it('stay in TIME-WAIT whatever RST comes [RFC1337/ignore-rst-tw]', () => {
    const t = traceIn('timeWait', { config: { timeWaitIgnoresReset: true } })
    t.peer.sends('R 2:2(0) win 0').peer.hearsNothing()
    expect(t.state).toBe('TIME_WAIT')
    const off = traceIn('timeWait')
    off.peer.sends('R 2:2(0) win 0')
    expect(off.state).toBe('CLOSED')
  })

  it('take what the buffer has room for, though a window field could not offer it [RFC9293/MUST-66]', () => {
    const wide = { receiveBufferBytes: 70_000, sackPermitted: true }
    const t = established({ config: { ...wide, acceptWholeBuffer: true } })
    t.peer.sends('. 69991:70001(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535 <nop,nop,sack 69991:70001>')
    const offered = established({ config: wide })
    offered.peer.sends('. 69991:70001(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535')
  })

  it('acknowledge a FIN and text in TIME-WAIT at whatever number, and only the FIN begins the wait anew [RFC9293/timewait-fin]', () => {
    const t = traceIn('timeWait', { config: { mslUs: 1_000_000 } })
    t.after(1500 * ms).peer.sends('. 2:12(10) ack 2 win 65535').peer.expects('. 2:2(0) ack 2')
    t.after(400 * ms).peer.sends('F. 2:2(0) ack 2 win 65535').peer.expects('. 2:2(0) ack 2')
    t.after(1999 * ms)
    expect(t.state).toBe('TIME_WAIT')
    t.after(1 * ms)
    expect(t.state).toBe('CLOSED')
  })

  it('push the end of each burst, though more is queued, but not where the window is too small for a burst', () => {
    const t = established({ config: { burstSegments: 4, initialWindowSegments: 4 } })
    t.write(8 * 1460)
    for (const line of ['. 1:1461(1460)', 'P. 1461:2921(1460)', '. 2921:4381(1460)', 'P. 4381:5841(1460)']) t.peer.expects(`${line} ack 1`)
    t.peer.hearsNothing().peer.sends('. 1:1(0) ack 1461 win 65535').peer.expects('. 5841:7301(1460) ack 1').peer.expects('P. 7301:8761(1460) ack 1')
    const small = established({ config: { burstSegments: 4, initialWindowSegments: 2 } })
    small.write(6 * 1460)
    small.peer.expects('. 1:1461(1460) ack 1').peer.expects('. 1461:2921(1460) ack 1').peer.hearsNothing()
  })

  it('grow by what an ACK delivered, so that what was reported before does not count again [RFC5681/slow-start]', () => {
    const windowAfter = (growsByDelivery: boolean) => {
      const t = withSack({ growsByDelivery, slowStartSegments: 65_535, initialWindowSegments: 4 })
      t.write(12_000)
      hears(t.after(100 * ms), '. 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:2001>')
      hears(t, '. 1:1(0) ack 2001 win 65535')
      return t.snapshot.cwnd
    }
    expect(windowAfter(true)).toBe(5000)
    expect(windowAfter(false)).toBe(6000)
  })

  it('reduce once for all that is lost in a recovery, or again where a retransmission is lost', () => {
    const thresholdAfter = (lostAgainReduces: boolean) => {
      const t = withSack({ lostAgainReduces })
      t.write(20_000)
      hears(t.after(100 * ms), '. 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:10001>')
      hears(t.after(100 * ms), '. 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:12001>')
      hears(t.after(1 * ms), '. 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:13001>')
      return [t.snapshot.ssthresh, t.sent.filter(({ segment }) => segment.seq === t.isn + 1 && segment.payloadLength > 0).length]
    }
    expect(thresholdAfter(false)).toEqual([5000, 3])
    expect(thresholdAfter(true)).toEqual([2500, 3])
  })

  it('round windows up to the unit of the scale, so that none seems to shrink by less', () => {
    const t = established({ config: { windowRoundsUp: true, windowScaling: true, windowShift: 8, receiveBufferBytes: 64_000, delayedAck: false } })
    t.peer.sends('. 1:101(100) ack 1 win 1000').peer.expects('. 1:1(0) ack 101 win 250')
    t.peer.sends('. 101:1001(900) ack 1 win 1000').peer.expects('. 1:1(0) ack 1001 win 247')
    // What is promised by it is at most an eighth of the buffer.
    for (let seq = 1001; seq < 1101; seq++) {
      t.peer.sends(`. ${seq}:${seq + 1}(1) ack 1 win 1000`)
      t.skip()
    }
    expect(t.snapshot.rcvWnd + t.snapshot.receiveUnreadBytes).toBeLessThanOrEqual(64_000 * 9 / 8)
  })

  it('tell the window on the RST of an abort', () => {
    const t = established({ config: { abortTellsWindow: true, abortAcknowledges: true } })
    t.abort().peer.expects('R. 1:1(0) ack 1 win 65535')
  })

  it('fill what the window has room for behind a full segment, however little [RFC9293/SHLD-7]', () => {
    const t = established({ window: 1600, config: { fillsWindow: true, burstSegments: 2, nagleWaitsFor: 'small' } })
    t.write(5000)
    t.peer.expects('. 1:1461(1460) ack 1').peer.expects('P. 1461:1601(140) ack 1').peer.hearsNothing()
    const patient = established({ window: 1600, config: { burstSegments: 2, nagleWaitsFor: 'small' } })
    patient.write(5000)
    patient.peer.expects('. 1:1461(1460) ack 1').peer.hearsNothing()
  })

  it('count the user timeout from the first retransmission, or from the first window probe [RFC9293/MUST-21]', () => {
    const config = { userTimeoutFromTrouble: true, userTimeoutUs: 2 * s }
    const t = established({ config })
    t.write(100)
    t.skip()
    t.after(1000 * ms).peer.expects('P. 1:101(100) ack 1').after(1999 * ms).skip()
    expect(t.state).toBe('ESTABLISHED')
    t.after(1 * ms)
    expect(t.heard).toContain('timedOut')
    const closed = established({ window: 0, config })
    closed.write(100)
    closed.after(1000 * ms).skip()
    closed.after(500 * ms).peer.sends('. 1:1(0) ack 1 win 0').after(1499 * ms).skip()
    expect(closed.state).toBe('ESTABLISHED')
    closed.after(1 * ms)
    expect(closed.state).toBe('CLOSED')
  })

  it('acknowledge at once again after QUICKACK was asked for, and delay where it was refused', () => {
    const t = established({ config: { quickAckSegments: 16, acksEndQuickly: true } })
    t.set('quickAckSegments', 0)
    t.peer.sends('. 1:11(10) ack 1 win 65535').peer.hearsNothing()
    t.read()
    t.set('quickAckSegments', 16).peer.expects('. 1:1(0) ack 11')
    t.peer.sends('. 11:21(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 21')
  })

  it('go on with the windows there are under another congestion control', () => {
    const t = withSack({ congestionControl: 'newReno' })
    t.write(20_000)
    hears(t.after(100 * ms), '. 1:1(0) ack 5001 win 65535')
    const { cwnd, ssthresh } = t.snapshot
    t.set('congestionControl', 'cubic')
    expect(t.snapshot).toMatchObject({ controller: 'cubic', cwnd, ssthresh })
  })

  it('hold a small segment only behind another, or only behind what was in flight before its burst [RFC9293/SHLD-7]', () => {
    const small = established({ config: { nagleWaitsFor: 'small' } })
    small.write(1470)
    small.peer.expects('. 1:1461(1460) ack 1').peer.expects('P. 1461:1471(10) ack 1')
    small.write(10)
    small.peer.hearsNothing().peer.sends('. 1:1(0) ack 1471 win 65535').peer.expects('P. 1471:1481(10) ack 1')
    const burst = established({ config: { nagleWaitsFor: 'burst' } })
    burst.write(1470)
    burst.peer.expects('. 1:1461(1460) ack 1').peer.expects('P. 1461:1471(10) ack 1')
    burst.write(1470)
    burst.peer.expects('. 1471:2931(1460) ack 1').peer.hearsNothing()
  })

  it('add to the RTO what a system adds', () => {
    const rto = (config: object) => {
      const t = traceIn('synSent', { config })
      t.after(100 * ms).peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460>').skip()
      return t.snapshot.rtoUs
    }
    expect(rto({ minRtoUs: 1000 })).toBe(300 * ms)
    expect(rto({ minRtoUs: 1000, rtoVarianceFloorUs: 250 * ms })).toBe(350 * ms)
    expect(rto({ minRtoUs: 1000, rtoSlopUs: 200 * ms })).toBe(500 * ms)
  })

  it('report the first duplicate piece of a segment, also where it was held behind a hole [RFC2883/dsack-first]', () => {
    const t = established({ config: { sackPermitted: true } })
    t.peer.sends('. 1:101(100) ack 1 win 65535').peer.sends('. 201:301(100) ack 1 win 65535').skip()
    t.peer.sends('. 1:401(400) ack 1 win 65535').peer.expects('. 1:1(0) ack 401 <nop,nop,sack 1:101>')
  })

  it('let cwnd grow in slow start only as far as it is used [RFC7661/cwnd-validate]', () => {
    const trickle = (growsWhenUsed: boolean): number => {
      const t = established({ config: { growsWhenUsed, restartAfterIdle: false } })
      for (let i = 0; i < 50; i++) {
        t.write(1460)
        t.skip()
        t.after(50_000).peer.sends(`. 1:1(0) ack ${1 + (i + 1) * 1460} win 65535`)
      }
      return t.snapshot.cwnd / 1460
    }
    expect(trickle(true)).toBe(10)
    expect(trickle(false)).toBe(60)
    const t = established({ config: { growsWhenUsed: true } })
    t.write(10 * 1460)
    expect(t.skip()).toHaveLength(10)
    t.after(50_000).peer.sends('. 1:1(0) ack 14601 win 65535')
    expect(t.snapshot.cwnd).toBeGreaterThan(10 * 1460)
  })

  it('repeat a SYN+ACK as often as told', () => {
    const t = traceIn('synReceived', { config: { synAckRetries: 1 } })
    t.after(1 * s).peer.expects('S. 0:0(0) ack 1 <mss 1460>').after(2 * s).peer.hearsNothing()
    expect(t.state).toBe('CLOSED')
  })

  it('offer nothing but the MSS from a later SYN on, and agree to what an earlier one offered', () => {
    const t = traceIn('synSent', { config: { plainSynAfter: 2, sackPermitted: true } })
    t.after(1 * s).peer.expects('S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK>').after(2 * s).peer.expects('S 0:0(0) win 65535 <mss 1460>')
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK>').skip()
    expect(t.snapshot.sackOn).toBe(true)
  })

  it('give up opening after a time of its own', () => {
    const t = traceIn('synSent', { config: { openTimeoutUs: 10 * s } })
    t.after(9 * s).skip()
    expect(t.state).toBe('SYN_SENT')
    t.after(1 * s).peer.hearsNothing()
    expect(t.state).toBe('CLOSED')
    const open = established({ config: { openTimeoutUs: 10 * s } })
    open.write(10)
    open.skip()
    open.after(11 * s).skip()
    expect(open.state).toBe('ESTABLISHED')
  })

  it('close in SYN-SENT at once, or with a FIN when the connection stands', () => {
    const t = traceIn('synSent', { config: { closeAwaitsSyn: true } })
    t.close().peer.hearsNothing()
    expect(t.state).toBe('SYN_SENT')
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460>').peer.expects('F. 1:1(0) ack 1')
    expect(t.state).toBe('FIN_WAIT_1')
    expect(traceIn('synSent').close().state).toBe('CLOSED')
  })

  it('take text and FIN of a SYN+ACK, or wait for them to come again', () => {
    const t = traceIn('synSent')
    t.peer.sends('SF. 0:10(10) ack 1 win 65535 <mss 1460>').peer.expects('. 1:1(0) ack 12')
    expect(t.state).toBe('CLOSE_WAIT')
    expect(t.read()).toHaveLength(10)
    const later = traceIn('synSent', { config: { synAckText: false } })
    later.peer.sends('SF. 0:10(10) ack 1 win 65535 <mss 1460>').peer.expects('. 1:1(0) ack 1')
    expect(later.state).toBe('ESTABLISHED')
  })

  it('leave FIN-WAIT-2 after a time where nobody reads', () => {
    const t = traceIn('established', { config: { finWait2TimeoutUs: 60 * s } })
    t.connection.closeBoth(t.nowUs)
    t.poll().skip()
    t.peer.sends('. 1:1(0) ack 2 win 65535')
    expect(t.state).toBe('FIN_WAIT_2')
    expect(t.after(60 * s).state).toBe('CLOSED')
    expect(traceIn('finWait2', { config: { finWait2TimeoutUs: 60 * s } }).after(61 * s).state).toBe('FIN_WAIT_2')
  })

  it('probe a closed window no sooner and no later than told', () => {
    const t = established({ config: { persistMinUs: 5 * s, persistMaxUs: 6 * s } })
    t.peer.sends('. 1:1(0) ack 1 win 0')
    t.write(10)
    t.after(5 * s - 1).peer.hearsNothing().after(1).peer.expects('. 1:2(1) ack 1')
    for (const spanUs of [5 * s, 5 * s, 6 * s, 6 * s]) t.after(spanUs - 1).peer.hearsNothing().after(1).peer.expects('. 1:2(1) ack 1')
  })

  it('tell the peer of an abort after both have closed', () => {
    traceIn('closing', { config: { abortTellsClosing: true } }).abort().peer.expects('R 2:2(0) win 0')
    traceIn('closing').abort().peer.hearsNothing()
  })

  it('forget a handshake that came in, or abort it [RFC9293/abort]', () => {
    const forgotten = traceIn('synReceived')
    forgotten.connection.discard(forgotten.nowUs)
    forgotten.peer.hearsNothing().after(60 * s).peer.hearsNothing()
    expect(forgotten.state).toBe('CLOSED')
    forgotten.peer.sends('. 1:1(0) ack 1 win 65535').peer.expects('R 1:1(0) win 0')
    traceIn('synReceived').abort().peer.expects('R 1:1(0) win 0')
  })

  it('drop in TIME-WAIT what does not acknowledge', () => {
    const t = traceIn('timeWait', { config: { timeWaitNeedsAck: true } })
    t.peer.sends('S 1:1(0) win 65535').peer.sends('- 2:12(10) win 65535').peer.hearsNothing()
    traceIn('timeWait').peer.sends('S 1:1(0) win 65535').peer.expects('. 2:2(0) ack 2')
  })

  it('keep what came before a reset for reading', () => {
    const t = established({ config: { resetKeepsUnread: true } })
    t.peer.sends('. 1:11(10) ack 1 win 65535').peer.sends('R 11:11(0) win 0').skip()
    expect(t.state).toBe('CLOSED')
    expect(t.read()).toHaveLength(10)
    const flushed = established()
    flushed.peer.sends('. 1:11(10) ack 1 win 65535').peer.sends('R 11:11(0) win 0').skip()
    expect(flushed.connection.receivableBytes).toBe(0)
  })

  it('tell a peer that is given up: never, after keep-alives in vain, or always', () => {
    const givenUp = (giveUpResets: string, keepAlive: boolean) => {
      const t = established({ config: { giveUpResets: giveUpResets as 'never', dataRetries: 1, keepAlive, keepAliveIdleUs: 1 * s, keepAliveIntervalUs: 1 * s, keepAliveProbes: 1 } })
      if (!keepAlive) t.write(10)
      t.after(1 * s).skip()
      t.after(20 * s)
      expect(t.state).toBe('CLOSED')
      return t.skip().some(({ flags }) => (flags & 4) !== 0)
    }
    expect(['never', 'keepAlive', 'always'].map((rule) => givenUp(rule, true))).toEqual([false, true, true])
    expect(['never', 'keepAlive', 'always'].map((rule) => givenUp(rule, false))).toEqual([false, false, true])
  })

  it('send no less than the smallest MSS, whatever the peer takes', () => {
    const t = established({ peerMss: 100, config: { minMssBytes: 216 } })
    t.write(300)
    t.peer.expects('. 1:217(216) ack 1')
  })

  it('offer and take no option at all', () => {
    const t = traceIn('synSent', { config: { bareSyn: true, sackPermitted: true, timestamps: true, windowScaling: true } })
    expect(t.after(1 * s).skip().map(({ optionLength }) => optionLength)).toEqual([0])
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 2>').skip()
    expect(t.snapshot).toMatchObject({ sackOn: false, timestampsOn: false, sndWndShift: 0, sndMss: 1460 })
  })

  it('take a segment without the timestamps that were agreed on [RFC7323/ts-missing]', () => {
    const opened = (toleratesMissingTimestamps: boolean) => {
      const t = traceIn('synSent', { config: { timestamps: true, toleratesMissingTimestamps } })
      t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460,TS val 1 ecr 0>').skip()
      t.peer.sends('. 1:11(10) ack 1 win 65535')
      return t.connection.receivableBytes
    }
    expect(opened(true)).toBe(10)
    expect(opened(false)).toBe(0)
  })

  it('end quick ACKs when the application answers, and delay the ACK of a FIN behind data', () => {
    const t = established({ config: { acksEndQuickly: true, quickAckSegments: 16, delayedAckUs: 40 * ms } })
    t.peer.sends('. 1:11(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 11')
    t.write(10)
    t.peer.expects('P. 1:11(10) ack 11')
    t.peer.sends('. 11:21(10) ack 11 win 65535').peer.hearsNothing().after(40 * ms).peer.expects('. 11:11(0) ack 21')
    t.peer.sends('F. 21:21(0) ack 11 win 65535').peer.hearsNothing().after(40 * ms).peer.expects('. 11:11(0) ack 22')
    const first = established({ config: { acksEndQuickly: true } })
    first.peer.sends('F. 1:1(0) ack 1 win 65535').peer.expects('. 1:1(0) ack 2')
  })

  it('offer a whole number of segments first', () => {
    const t = new TcpTrace({ config: { windowOfWholeSegments: true, receiveBufferBytes: 65_535 } }).open()
    t.peer.expects('S 0:0(0) win 64240 <...>')
  })

  it('let what is not pushed go after the RTO, with PSH', () => {
    const t = established({ config: { overrideAwaitsRto: true } })
    t.write(10, 0)
    t.after(t.snapshot.rtoUs - 1).peer.hearsNothing().after(1).peer.expects('P. 1:11(10) ack 1')
  })

  it('spread the reduction after a mark over the round trip where it is the window that is reduced [RFC3168/tx-reduce]', () => {
    const t = new TcpTrace({ config: { ecn: 'passive', lossReducesWindow: true, congestionControl: 'cubic', initialWindowSegments: 10 } }).listen()
    t.peer.sends('SEW 0:0(0) win 65535 <mss 1000>').skip()
    t.peer.sends('. 1:1(0) ack 1 win 65535')
    t.write(10_000)
    t.skip()
    const windows = [1001, 2001, 3001].map((ack) => {
      t.peer.sends(`E. 1:1(0) ack ${ack} win 65535`)
      return t.snapshot.cwnd
    })
    expect(windows).toEqual([10_000, 10_000, 8000])
    t.peer.sends('. 1:1(0) ack 10001 win 65535')
    expect(t.snapshot.cwnd).toBe(7000)
  })
})
