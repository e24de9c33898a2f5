import { describe, expect, it } from 'vitest'
import { isAcceptable } from '../../../src/tcp/arrives-sequence.ts'
import { accepted, established, ms, pattern, s, TcpTrace } from '../../support/tcp-trace.ts'

describe('the sequence test', () => {
  it.each([
    // [offset from RCV.NXT, length, window, acceptable]
    [-1, 0, 0, false], [0, 0, 0, true], [1, 0, 0, false],
    [-1, 0, 10, false], [0, 0, 10, true], [9, 0, 10, true], [10, 0, 10, false],
    [-1, 1, 0, false], [0, 1, 0, false],
    [-1, 1, 10, false], [0, 1, 10, true], [9, 1, 10, true], [10, 1, 10, false],
    [-1, 2, 10, true], [-5, 5, 10, false], [-5, 6, 10, true], [-5, 100, 10, false],
  ])('SEG.SEQ %i, SEG.LEN %i, RCV.WND %i: %s [RFC9293/accept-test]', (offset, length, window, expected) => {
    expect(isAcceptable(offset, length, window)).toBe(expected)
  })

  it('answers what is outside with an ACK [RFC9293/accept-ack-reply]', () => {
    const t = established()
    t.peer.sends('P. 1:101(100) ack 1 win 65535')
    t.read()
    t.after(1 * s).peer.expects('. 1:1(0) ack 101', 200 * ms)
    t.peer.sends('P. 1:101(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 101')
    t.peer.sends('P. 70001:70101(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 101')
    t.peer.sends('. 70001:70001(0) ack 1 win 65535').peer.expects('. 1:1(0) ack 101')
    expect(t.connection.receivableBytes).toBe(0)
    expect(t.snapshot.bytesReceived).toBe(100)
  })

  it('wraps [RFC9293/seq-modulo]', () => {
    const t = established({ isn: 0xffff_fff6, peerIsn: 0xffff_fff8 })
    t.write(100)
    t.peer.expects('P. 1:101(100) ack 1')
    t.peer.sends('P. 1:51(50) ack 101 win 65535')
    t.peer.sends('P. 51:101(50) ack 101 win 65535')
    expect(t.read()).toEqual(pattern(0, 100))
    t.after(1 * s).skip()
    t.close().peer.expects('F. 101:101(0) ack 101')
    t.peer.sends('F. 101:101(0) ack 102 win 65535').peer.expects('. 102:102(0) ack 102')
    expect(t.state).toBe('TIME_WAIT')
  })
})

describe('text', () => {
  it('is trimmed to what is new and in the window [RFC9293/trim]', () => {
    const t = established({ config: { receiveBufferBytes: 10 } })
    t.peer.sends('P. 1:6(5) ack 1 win 65535')
    t.peer.sends('P. 1:11(10) ack 1 win 65535')
    expect(t.connection.receivableBytes).toBe(10)
    expect(t.read()).toEqual(pattern(0, 10))
    t.skip()
    t.peer.sends('FP. 11:31(20) ack 1 win 65535').after(1 * s).peer.expects('. 1:1(0) ack 21 win 0', 200 * ms)
    expect(t.state).toBe('ESTABLISHED')
    expect(t.read()).toEqual(pattern(10, 10))
  })

  it('that fills the window leaves no room for its FIN [RFC9293/trim]', () => {
    const t = established({ config: { receiveBufferBytes: 10, delayedAck: false } })
    t.peer.sends('FP. 1:11(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 11 win 0')
    expect(t.state).toBe('ESTABLISHED')
    t.read()
    t.peer.expects('. 1:1(0) ack 11 win 10').peer.sends('F. 11:11(0) ack 1 win 65535').peer.expects('. 1:1(0) ack 12')
    expect(t.state).toBe('CLOSE_WAIT')
  })

  it('out of order is kept and answered at once [RFC9293/SHLD-31] [RFC9293/MAY-13] [RFC5681/rx-ooo-ack]', () => {
    const t = established()
    t.peer.sends('P. 101:201(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 1')
    t.peer.sends('P. 301:401(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 1')
    expect(t.snapshot.receiveOutOfOrderBytes).toBe(200)
    expect(t.snapshot.receiveRanges).toEqual([{ start: t.peerIsn + 101, end: t.peerIsn + 201 }, { start: t.peerIsn + 301, end: t.peerIsn + 401 }])
    t.peer.sends('P. 1:101(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 201')
    t.peer.sends('P. 201:301(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 401')
    expect(t.read()).toEqual(pattern(0, 400))
  })

  it('that fills a hole is acknowledged once, past all that was waiting [RFC9293/MUST-59]', () => {
    const t = established()
    for (const line of ['101:201(100)', '201:301(100)', '301:401(100)', '1:101(100)']) t.deliver(`P. ${line} ack 1 win 65535`)
    t.poll().peer.expects('. 1:1(0) ack 401').peer.hearsNothing()
  })

  it('of one batch shares an ACK [RFC9293/MUST-58]', () => {
    const t = established()
    for (let i = 0; i < 4; i++) t.deliver(`. ${1 + i * 1460}:${1 + (i + 1) * 1460}(1460) ack 1 win 65535`)
    t.poll().peer.expects('. 1:1(0) ack 5841').peer.hearsNothing()
  })

  it('duplicate ACKs of one batch are all sent, since the sender counts them', () => {
    const t = established()
    for (let i = 1; i < 4; i++) t.deliver(`. ${1 + i * 1460}:${1 + (i + 1) * 1460}(1460) ack 1 win 65535`)
    t.poll().peer.expects('. 1:1(0) ack 1').peer.expects('. 1:1(0) ack 1').peer.expects('. 1:1(0) ack 1').peer.hearsNothing()
  })

  it('without ACK is dropped [RFC9293/noack-drop]', () => {
    const t = established()
    t.peer.sends('P 1:101(100) win 65535').peer.hearsNothing()
    expect(t.connection.receivableBytes).toBe(0)
  })

  it('after the peer\'s FIN is ignored [RFC9293/text-after-fin]', () => {
    const t = established()
    t.peer.sends('F. 1:1(0) ack 1 win 65535').peer.expects('. 1:1(0) ack 2')
    t.peer.sends('PU. 2:102(100) ack 1 win 65535 urg 5').peer.hearsNothing()
    expect(t.snapshot.rcvNxt).toBe(t.peerIsn + 2)
    expect(t.connection.receivableBytes).toBe(0)
    expect(t.why('dropped')).toContain('dropAfterFin')
  })

  it('behind a FIN that waits for what is missing before it is ignored, whether it came before the FIN or after it [RFC9293/text-after-fin]', () => {
    const t = established()
    t.peer.sends('. 11:31(20) ack 1 win 65535').skip()
    t.peer.sends('F. 11:21(10) ack 1 win 65535').skip()
    t.peer.sends('. 15:41(26) ack 1 win 65535').skip()
    expect(t.why('dropped')).toContain('dropAfterFin')
    expect(t.connection.receivableBytes).toBe(0)
    t.peer.sends('. 1:11(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 22')
    expect(t.connection.receivableBytes).toBe(20)
    expect(t.state).toBe('CLOSE_WAIT')
  })

  it('of a segment whose FIN lies below what is held ends at the FIN [RFC9293/text-after-fin]', () => {
    const t = established()
    t.peer.sends('. 3:31(28) ack 1 win 65535').skip()
    t.peer.sends('F. 1:11(10) ack 1 win 65535').peer.expects('. 1:1(0) ack 12')
    expect([t.connection.receivableBytes, t.state]).toEqual([10, 'CLOSE_WAIT'])
  })

  it('beyond the ranges that are remembered is dropped', () => {
    const t = established()
    for (let i = 0; i <= 64; i++) t.peer.sends(`. ${11 + 20 * i}:${21 + 20 * i}(10) ack 1 win 65535`).skip()
    expect(t.why('dropped')).toEqual(['dropTooManyHoles'])
    expect(t.snapshot.receiveOutOfOrderBytes).toBe(640)
  })
})

describe('ACKs', () => {
  it('are delayed, less than 500 ms [RFC9293/SHLD-18] [RFC9293/MUST-40]', () => {
    const t = established()
    t.peer.sends('P. 1:1461(1460) ack 1 win 65535').peer.hearsNothing()
    t.after(1 * s).peer.expects('. 1:1(0) ack 1461', 200 * ms)
    t.peer.sends('P. 1461:1462(1) ack 1 win 65535').peer.hearsNothing()
    t.after(1 * s).peer.expects('. 1:1(0) ack 1462', 1200 * ms)
    expect(t.connection.setOption('delayedAckUs', 500_000, t.nowUs)).toBe('badArgument')
  })

  it('come with every second full-sized segment [RFC9293/SHLD-19] [RFC5681/one-ack-per-seg]', () => {
    const t = established()
    for (let i = 0; i < 10; i++) {
      t.after(1 * ms).deliver(`. ${1 + i * 1000}:${1 + (i + 1) * 1000}(1000) ack 1 win 65535`)
      t.poll()
    }
    expect(t.skip().map(({ ack }) => ack - t.peerIsn - 1)).toEqual([2000, 4000, 6000, 8000, 10_000])
  })

  it('come at once without delay, or quickly at first, when configured so', () => {
    const t = established({ config: { delayedAck: false } })
    t.peer.sends('. 1:2(1) ack 1 win 65535').peer.expects('. 1:1(0) ack 2')
    const q = established({ config: { quickAckSegments: 2 } })
    q.peer.sends('. 1:2(1) ack 1 win 65535').peer.expects('. 1:1(0) ack 2')
    q.peer.sends('. 2:3(1) ack 1 win 65535').peer.expects('. 1:1(0) ack 3')
    q.peer.sends('. 3:4(1) ack 1 win 65535').peer.hearsNothing()
  })

  it('ride on data', () => {
    const t = established()
    t.peer.sends('P. 1:101(100) ack 1 win 65535').peer.hearsNothing()
    t.write(10)
    t.peer.expects('P. 1:11(10) ack 101').after(1 * s).skip()
    expect(t.why('ack')).toEqual(['ackHandshake'])
  })

  it('of what was never sent draw an ACK and nothing else [RFC9293/ack-future]', () => {
    const t = established()
    t.peer.sends('P. 1:101(100) ack 2 win 65535').peer.expects('. 1:1(0) ack 1')
    expect(t.connection.receivableBytes).toBe(0)
    expect(t.snapshot.sndUna).toBe(t.isn + 1)
  })

  it('far too old draw a challenge, not so old ones are ignored [RFC5961/ack-range] [RFC9293/ack-dup-ignore]', () => {
    const t = established({ window: 100 })
    t.write(50)
    t.peer.expects('P. 1:51(50) ack 1')
    t.peer.sends('. 1:1(0) ack 51 win 100')
    t.peer.sends('P. 1:11(10) ack 1 win 100')
    expect(t.read()).toHaveLength(10)
    expect(t.snapshot.sndUna).toBe(t.isn + 51)
    t.peer.sends('P. 11:21(10) ack 4294967200 win 100').peer.expects('. 51:51(0) ack 11')
    expect(t.connection.receivableBytes).toBe(0)
  })
})

describe('the offered window', () => {
  it('moves only in worthwhile steps [RFC9293/MUST-39] [RFC9293/sws-recv-rule]', () => {
    const t = established({ config: { receiveBufferBytes: 8000 } })
    for (let i = 0; i < 8; i++) t.peer.sends(`. ${1 + i * 1000}:${1001 + i * 1000}(1000) ack 1 win 65535`).skip()
    expect(t.snapshot.rcvWnd).toBe(0)
    for (let i = 0; i < 1000; i++) t.read(1)
    t.peer.hearsNothing()
    expect(t.why('held').at(-1)).toBe('heldWindowUpdate')
    t.read(500)
    t.peer.expects('. 1:1(0) ack 8001 win 1500').peer.hearsNothing()
  })

  it('is not worth an ACK of its own while the peer has plenty', () => {
    const t = established()
    for (let i = 0; i < 20; i++) {
      t.peer.sends(`. ${1 + i * 1000}:${1001 + i * 1000}(1000) ack 1 win 65535`)
      t.read()
      expect(t.skip()).toHaveLength(i % 2)
    }
  })

  it('never moves left, neither by data nor by a smaller buffer [RFC9293/SHLD-14] [RFC9293/rcvnxt-edge]', () => {
    const t = established({ config: { receiveBufferBytes: 20_000, delayedAck: false } })
    const edges: number[] = []
    t.peer.sends('. 1:1001(1000) ack 1 win 65535').peer.expects('. 1:1(0) ack 1001 win 19000')
    t.set('receiveBufferBytes', 5000)
    for (let i = 1; i < 20; i++) {
      t.peer.sends(`. ${1 + i * 1000}:${1001 + i * 1000}(1000) ack 1 win 65535`)
      if (i % 5 === 0) t.read(3000)
      for (const segment of t.skip()) edges.push(segment.ack + segment.window)
    }
    expect(edges).toEqual(edges.toSorted((a, b) => a - b))
    expect(edges.at(-1)).toBeGreaterThanOrEqual(t.peerIsn + 20_001)
  })

  it('rounded down by the shift, still takes what was offered before [RFC7323/ws-retract]', () => {
    const t = established({ config: { windowScaling: true, windowShift: 7, receiveBufferBytes: 131_072, delayedAck: false } })
    t.peer.sends('. 1:2(1) ack 1 win 65535').peer.expects('. 1:1(0) ack 2 win 1023')
    t.peer.sends('. 131072:131074(2) ack 1 win 65535').skip()
    expect(t.snapshot.receiveRanges).toEqual([{ start: t.peerIsn + 131_072, end: t.peerIsn + 131_073 }])
  })

  it('is never scaled by more than the buffer holds, and by what the SYN said whatever becomes of the buffer', () => {
    const t = new TcpTrace({ config: { windowScaling: true, windowShift: 9, receiveBufferBytes: 300, delayedAck: false } }).open()
    t.peer.expects('S 0:0(0) win 300 <mss 1460,nop,wscale 8>')
    t.set('receiveBufferBytes', 10)
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 0>').peer.expects('. 1:1(0) ack 1 win 1')
    for (const end of [257, 513]) {
      t.peer.sends(`. ${end - 256}:${end}(256) ack 1 win 65535`).peer.expects(`. 1:1(0) ack ${end} win 0`)
      t.read()
      t.peer.expects(`. 1:1(0) ack ${end} win 1`)
    }
    expect(t.snapshot.rcvWndShift).toBe(8)
  })

  it('that rounding hides from the peer is offered anew as soon as a unit is free', () => {
    const t = established({ config: { windowScaling: true, windowShift: 10, receiveBufferBytes: 1253, delayedAck: false } })
    t.peer.sends('. 1:499(498) ack 1 win 65535').peer.expects('. 1:1(0) ack 499 win 0')
    t.read()
    t.peer.expects('. 1:1(0) ack 499 win 1')
  })

  it('without scaling is not told again while the header cannot say more', () => {
    const t = established({ config: { windowScaling: false, receiveBufferBytes: 262_144 } })
    t.peer.sends('. 1:101(100) ack 1 win 65535')
    t.read()
    expect(t.skip()).toEqual([])
  })

  it('closed is answered with, for as long as the application likes [RFC9293/zwp-answer] [RFC9293/MAY-8]', () => {
    const t = established({ config: { receiveBufferBytes: 1000 } })
    t.peer.sends('. 1:1001(1000) ack 1 win 65535').after(1 * s).peer.expects('. 1:1(0) ack 1001 win 0', 200 * ms)
    for (let i = 0; i < 30; i++) t.after(60 * s).peer.sends('. 1001:1002(1) ack 1 win 65535').peer.expects('. 1:1(0) ack 1001 win 0')
    expect(t.connection.receivableBytes).toBe(1000)
    expect(t.state).toBe('ESTABLISHED')
    expect(t.read()).toEqual(pattern(0, 1000))
    t.peer.expects('. 1:1(0) ack 1001 win 1000')
  })

  it('closed still lets ACK, URG and RST in [RFC9293/MUST-66]', () => {
    const t = established({ config: { receiveBufferBytes: 1000 } })
    t.write(100)
    t.skip()
    t.peer.sends('. 1:1001(1000) ack 1 win 65535').after(500 * ms).skip()
    t.peer.sends('. 1001:1002(1) ack 101 win 65535').peer.expects('. 101:101(0) ack 1001 win 0')
    expect(t.snapshot.sndUna).toBe(t.isn + 101)
    t.heard.splice(0)
    t.peer.sends('U. 1001:1001(0) ack 101 win 65535 urg 7').peer.hearsNothing()
    expect(t.heard).toEqual(['urgent'])
    expect(t.snapshot.rcvUp).toBe(t.peerIsn + 1008)
    t.peer.sends('R 1001:1001(0) win 0').peer.hearsNothing()
    expect(t.heard).toEqual(['reset'])
  })
})

describe('SACK', () => {
  it('reports the latest range first, at most four, three beside timestamps [RFC2018/when] [RFC2018/first-block] [RFC2018/fill]', () => {
    const t = established({ config: { sackPermitted: true } })
    t.peer.sends('. 101:201(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535 <nop,nop,sack 101:201>')
    t.peer.sends('. 301:401(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535 <nop,nop,sack 301:401 101:201>')
    t.peer.sends('. 501:601(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535 <nop,nop,sack 501:601 301:401 101:201>')
    t.peer.sends('. 201:251(50) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535 <nop,nop,sack 101:251 501:601 301:401>')
    t.peer.sends('. 701:801(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535 <nop,nop,sack 701:801 101:251 501:601 301:401>')
    t.peer.sends('. 901:1001(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535 <nop,nop,sack 901:1001 701:801 101:251 501:601>')
    t.peer.sends('. 1:101(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 251 win 65285 <nop,nop,sack 901:1001 701:801 501:601 301:401>')
  })

  it('does not forget a range while another one grows', () => {
    const t = established({ config: { sackPermitted: true } })
    t.peer.sends('. 101:201(100) ack 1 win 65535').skip()
    for (let i = 0; i < 20; i++) t.peer.sends(`. ${301 + i * 10}:${311 + i * 10}(10) ack 1 win 65535`).peer.expects(`. 1:1(0) ack 1 win 65535 <nop,nop,sack 301:${311 + i * 10} 101:201>`)
  })

  it('is not sent where it was not agreed on [RFC2018/no-permit]', () => {
    const t = accepted({ config: { sackPermitted: true } })
    t.peer.sends('. 101:201(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 1 win 65535')
  })
})

describe('timestamps', () => {
  it('echo the segment that reaches back to the last ACK [RFC7323/tsrecent] [RFC7323/ts-every]', () => {
    const t = established({ config: { timestamps: true } })
    t.after(10 * ms).peer.sends('. 1:101(100) ack 1 win 65535 <nop,nop,TS val 10 ecr 0>')
    t.peer.sends('. 101:201(100) ack 1 win 65535 <nop,nop,TS val 20 ecr 0>').after(1 * s).peer.expects('. 1:1(0) ack 201 win 65335 <nop,nop,TS val 210 ecr 10>', 210 * ms)
    t.peer.sends('. 301:401(100) ack 1 win 65535 <nop,nop,TS val 40 ecr 0>').peer.expects('. 1:1(0) ack 201 win 65335 <nop,nop,TS val 1010 ecr 10>')
    t.peer.sends('. 201:301(100) ack 1 win 65535 <nop,nop,TS val 50 ecr 0>').peer.expects('. 1:1(0) ack 401 win 65135 <nop,nop,TS val 1010 ecr 50>')
  })

  it('older than the last are refused, except on RST and after 24 days [RFC7323/paws-r1] [RFC7323/paws-rst] [RFC7323/paws-idle] [RFC7323/ts-missing]', () => {
    const t = established({ config: { timestamps: true } })
    t.peer.sends('. 1:101(100) ack 1 win 65535 <nop,nop,TS val 100 ecr 0>').after(1 * s).skip()
    t.peer.sends('. 101:201(100) ack 1 win 65535 <nop,nop,TS val 99 ecr 0>').peer.expects('. 1:1(0) ack 101 <...>')
    t.peer.sends('. 101:201(100) ack 1 win 65535').peer.hearsNothing()
    expect(t.connection.receivableBytes).toBe(100)
    t.after(25 * 86_400 * s).peer.sends('. 101:201(100) ack 1 win 65535 <nop,nop,TS val 50 ecr 0>')
    expect(t.connection.receivableBytes).toBe(200)
    t.skip()
    t.peer.sends('R 201:201(0) win 0 <nop,nop,TS val 1 ecr 0>')
    expect(t.heard).toContain('reset')
  })
})
