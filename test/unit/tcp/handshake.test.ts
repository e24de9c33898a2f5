import { describe, expect, it } from 'vitest'
import { replyToUnknown } from '../../../src/tcp/stateless.ts'
import { TcpSegment } from '../../../src/tcp/segment.ts'
import { TcpState } from '../../../src/tcp/state.ts'
import { accepted, established, isSyn, ms, pattern, s, TcpTrace } from '../../support/tcp-trace.ts'

describe('active open', () => {
  it('sends SYN with ISS and waits in SYN_SENT [RFC9293/active-open] [RFC9293/MAY-3] [RFC9293/SHLD-5] [RFC9293/MUST-14]', () => {
    const t = new TcpTrace().open()
    t.peer.expects('S 0:0(0) win 65535 <mss 1460>')
    expect(t.state).toBe('SYN_SENT')
    expect(t.snapshot).toMatchObject({ sndUna: t.isn, sndNxt: t.isn + 1 })
  })

  it('advertises MTU - 60 over IPv6 [RFC8200/mss]', () => {
    new TcpTrace({ ipVersion: 6 }).open().peer.expects('S 0:0(0) win 65535 <mss 1440>')
  })

  it('offers everything in the order of common stacks, MSS without regard to options [RFC6691/mss-fixed-hdr] [RFC9293/MUST-68]', () => {
    const t = new TcpTrace({ config: { timestamps: true, sackPermitted: true, windowScaling: true, receiveBufferBytes: 1 << 20 } }).at(5 * s).open()
    t.peer.expects('S 0:0(0) win 65535 <mss 1460,sackOK,TS val 5000 ecr 0,nop,wscale 5>')
  })

  it('pads options with NOPs to whole words, whatever is offered [RFC9293/MUST-69]', () => {
    const lines = [
      [{ sackPermitted: true }, '<mss 1460,nop,nop,sackOK>'],
      [{ timestamps: true }, '<mss 1460,nop,nop,TS val 0 ecr 0>'],
      [{ windowScaling: true }, '<mss 1460,nop,wscale 0>'],
      [{ sackPermitted: true, windowScaling: true }, '<mss 1460,nop,nop,sackOK,nop,wscale 0>'],
    ] as const
    for (const [config, options] of lines) {
      const t = new TcpTrace({ config }).open()
      expect(t.sent[0].segment.optionLength % 4).toBe(0)
      t.peer.expects(`S 0:0(0) win 65535 ${options}`)
    }
  })

  it('completes with an ACK of the SYN+ACK [RFC9293/synsent-synack] [RFC9293/seg-len]', () => {
    const t = new TcpTrace().open()
    t.peer.expects('S 0:0(0) win 65535 <mss 1460>')
    t.peer.sends('S. 0:0(0) ack 1 win 4096 <mss 1460>')
    t.peer.expects('. 1:1(0) ack 1 win 65535')
    expect(t.state).toBe('ESTABLISHED')
    expect(t.heard).toEqual(['connected', 'writable'])
    expect(t.snapshot).toMatchObject({ sndWnd: 4096, sndWl1: t.peerIsn, sndWl2: t.isn + 1, irs: t.peerIsn, rcvNxt: t.peerIsn + 1 })
  })

  it('repeats the SYN after 1 s, doubling, and gives up after the last retry [RFC6298/init-rto] [RFC6298/backoff]', () => {
    const t = new TcpTrace({ config: { synRetries: 3 } }).open()
    t.at(100 * s)
    for (const at of [0, 1, 3, 7]) t.peer.expects('S 0:0(0) win 65535 <mss 1460>', at * s)
    t.peer.hearsNothing()
    expect(t.heard).toEqual(['trouble', 'timedOut'])
    expect(t.connection.lastError).toBe('connectionTimedOut')
    expect(t.decisions.find(({ reason }) => reason === 'onUserTimeout')?.atUs).toBe(15 * s)
  })

  it('takes 3 s as RTO for data when the SYN was lost and nothing was timed [RFC6298/syn-3s]', () => {
    const t = new TcpTrace().open()
    t.at(1.5 * s)
    t.skip()
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460>').peer.expects('. 1:1(0) ack 1 win 65535')
    expect(t.snapshot.rtoUs).toBe(3 * s)
    t.write(100)
    t.peer.expects('P. 1:101(100) ack 1')
    t.after(10 * s).peer.expects('P. 1:101(100) ack 1', 4.5 * s)
  })

  it('starts with one segment when the SYN was lost twice', () => {
    const t = new TcpTrace().open()
    t.at(3.5 * s).skip()
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    expect(t.snapshot.cwnd).toBe(1460)
  })

  it('refuses an ACK that is not of our SYN [RFC9293/synsent-badack]', () => {
    for (const ack of [0, 2, 4_000_000_000]) {
      const t = new TcpTrace().open()
      t.skip()
      t.peer.sends(`S. 0:0(0) ack ${ack} win 1000`).peer.expects(`R ${ack}:${ack}(0) win 0`)
      t.peer.sends(`R. 0:0(0) ack ${ack} win 0`).peer.hearsNothing()
      expect(t.state).toBe('SYN_SENT')
    }
  })

  it('ends on an RST with an acceptable ACK only [RFC9293/synsent-rst-ack] [RFC9293/synsent-rst-noack] [RFC5961/rst-synsent]', () => {
    const t = new TcpTrace().open()
    t.skip()
    t.peer.sends('R 0:0(0) win 0').peer.hearsNothing()
    t.peer.sends('R. 0:0(0) ack 2 win 0').peer.hearsNothing()
    expect(t.state).toBe('SYN_SENT')
    t.peer.sends('R. 0:0(0) ack 1 win 0').peer.hearsNothing()
    expect(t.state).toBe('CLOSED')
    expect(t.heard).toEqual(['refused'])
    expect(t.connection.lastError).toBe('connectionRefused')
    expect(t.connection.pollTimeout()).toBe(Infinity)
  })

  it('does nothing about a segment with neither SYN nor RST [RFC9293/synsent-nosyn]', () => {
    const t = new TcpTrace().open()
    t.skip()
    t.peer.sends('. 0:0(0) ack 1 win 1000').peer.hearsNothing()
    expect(t.state).toBe('SYN_SENT')
    expect(t.why('dropped')).toEqual(['dropSynSentOther'])
  })

  it('fails where there is a connection already [RFC9293/open-exists]', () => {
    const t = established()
    expect(t.connection.open(t.nowUs)).toBe(false)
    expect(t.connection.lastError).toBe('connectionExists')
    expect(t.connection.listen()).toBe(false)
    expect(t.state).toBe('ESTABLISHED')
  })
})

describe('passive open', () => {
  it('answers a SYN with SYN+ACK [RFC9293/listen-syn] [RFC9293/synrcvd-ack]', () => {
    const t = new TcpTrace({ remotePort: 0 }).listen()
    t.peer.sends('S 0:0(0) win 1000 <mss 1460>').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    expect(t.state).toBe('SYN_RCVD')
    expect(t.snapshot).toMatchObject({ rcvNxt: t.peerIsn + 1, sndNxt: t.isn + 1, remotePort: 40_000 })
    t.peer.sends('. 1:1(0) ack 1 win 4096').peer.hearsNothing()
    expect(t.state).toBe('ESTABLISHED')
    expect(t.snapshot.sndWnd).toBe(4096)
    expect(t.heard).toEqual(['accepted', 'writable'])
  })

  it('makes a record of its own or fails [RFC9293/MUST-41]', () => {
    const t = new TcpTrace().listen()
    expect(t.connection.listen()).toBe(false)
    expect(t.connection.lastError).toBe('connectionExists')
    expect(t.state).toBe('LISTEN')
  })

  it('accepts in SYN+ACK only what the SYN offered', () => {
    const config = { timestamps: true, sackPermitted: true, windowScaling: true, receiveBufferBytes: 1 << 20 }
    const all = new TcpTrace({ config }).at(2 * s).listen()
    all.peer.sends('S 0:0(0) win 1000 <mss 1460,sackOK,TS val 77 ecr 0,nop,wscale 9>')
    all.peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 2000 ecr 77,nop,wscale 5>')
    expect(all.snapshot).toMatchObject({ sndWndShift: 9, rcvWndShift: 5, timestampsOn: true, sackOn: true })
    const none = new TcpTrace({ config }).listen()
    none.peer.sends('S 0:0(0) win 1000 <mss 1460>').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    expect(none.snapshot).toMatchObject({ sndWndShift: 0, rcvWndShift: 0, timestampsOn: false, sackOn: false })
  })

  it('repeats the SYN+ACK when it was lost, by timer and for the same SYN again [RFC9293/synrcvd-dupsyn]', () => {
    const t = new TcpTrace().listen()
    t.peer.sends('S 0:0(0) win 1000').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    t.peer.sends('S 0:0(0) win 1000').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    t.at(1 * s).peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    t.peer.sends('. 1:1(0) ack 1 win 1000')
    expect(t.state).toBe('ESTABLISHED')
  })

  it('ignores an RST, refuses an ACK, drops the rest [RFC9293/listen-rst] [RFC9293/listen-ack] [RFC9293/listen-other] [RFC9293/fin-unsync]', () => {
    const t = new TcpTrace({ isn: 0, peerIsn: 0 }).listen()
    t.peer.sends('R 0:0(0) win 0').peer.hearsNothing()
    t.peer.sends('R. 0:0(0) ack 5 win 0').peer.hearsNothing()
    t.peer.sends('. 0:0(0) ack 500 win 0').peer.expects('R 500:500(0) win 0')
    t.peer.sends('S. 0:0(0) ack 500 win 0').peer.expects('R 500:500(0) win 0')
    t.peer.sends('F 0:0(0) win 0').peer.hearsNothing()
    t.peer.sends('- 0:10(10) win 0').peer.hearsNothing()
    expect(t.state).toBe('LISTEN')
    const u = new TcpTrace().open()
    u.skip()
    u.peer.sends('F 0:0(0) win 0').peer.hearsNothing()
    expect(u.state).toBe('SYN_SENT')
  })

  it('refuses an ACK of nothing in SYN_RCVD and stays [RFC9293/synrcvd-badack]', () => {
    const t = new TcpTrace().listen()
    t.peer.sends('S 0:0(0) win 1000').peer.expects('S. 0:0(0) ack 1 <...>')
    t.peer.sends('. 1:1(0) ack 2 win 1000').peer.expects('R 2:2(0) win 0')
    t.peer.sends('. 1:1(0) ack 0 win 1000').peer.expects('R 0:0(0) win 0')
    expect(t.state).toBe('SYN_RCVD')
  })

  it('remembers how SYN_RCVD began: an RST leads back to LISTEN, or refuses an active open [RFC9293/MUST-11]', () => {
    const passive = new TcpTrace().listen()
    passive.peer.sends('S 0:0(0) win 1000').peer.expects('S. 0:0(0) ack 1 <...>')
    passive.peer.sends('R 1:1(0) win 0').peer.hearsNothing()
    expect(passive.state).toBe('LISTEN')
    expect(passive.heard).toEqual([])
    expect(passive.connection.pollTimeout()).toBe(Infinity)
    const active = new TcpTrace().open()
    active.skip()
    active.peer.sends('S 0:0(0) win 1000').peer.expects('S. 0:0(0) ack 1 <...>')
    active.peer.sends('R 1:1(0) win 0').peer.hearsNothing()
    expect(active.state).toBe('CLOSED')
    expect(active.heard).toEqual(['refused'])
  })

  it('gets over an old duplicate SYN [RFC9293/dup-syn-recovery]', () => {
    const t = new TcpTrace({ remotePort: 0 }).listen()
    t.peer.sends('S 90:90(0)! win 1000')
    t.peer.expects('S. 7000:7000(0)! ack 91 win 65535 <mss 1460>')
    t.peer.sends('R 91:91(0)! win 0').peer.hearsNothing()
    expect(t.state).toBe('LISTEN')
    t.peer.sends('S 0:0(0) win 1000').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    t.peer.sends('. 1:1(0) ack 1 win 1000')
    expect(t.state).toBe('ESTABLISHED')
    const { closed, listen, synReceived, established: up } = TcpState
    expect(t.snapshot.path.filter((_, i) => i % 2 === 0)).toEqual([closed, listen, synReceived, listen, synReceived, up])
  })

  it('times the new SYN+ACK after a return to LISTEN, not the old one', () => {
    const t = new TcpTrace().listen()
    t.peer.sends('S 0:0(0) win 1000').skip()
    t.peer.sends('R 1:1(0) win 0')
    t.after(500 * ms).peer.sends('S 0:0(0) win 1000').skip()
    t.after(20 * ms).peer.sends('. 1:1(0) ack 1 win 1000')
    expect(t.snapshot.srttUs).toBe(20 * ms)
  })

  it('undoes SYN_RCVD for another SYN in the window [RFC9293/synrcvd-passive-syn]', () => {
    const t = new TcpTrace().listen()
    t.peer.sends('S 0:0(0) win 1000').peer.expects('S. 0:0(0) ack 1 <...>')
    t.peer.sends('S 100:100(0) win 1000').peer.hearsNothing()
    expect(t.state).toBe('LISTEN')
  })

  it('leaves data on a SYN to be sent again', () => {
    const t = new TcpTrace().listen()
    t.peer.sends('S 0:5(5) win 1000').peer.expects('S. 0:0(0) ack 1 <...>')
    expect(t.why('dropped')).toEqual(['dropSynData'])
  })
})

describe('both ends open at once', () => {
  it('scales neither SYN nor SYN+ACK [RFC7323/ws-syn-unscaled]', () => {
    const t = new TcpTrace({ config: { windowScaling: true } }).open()
    t.skip()
    t.peer.sends('S 0:0(0) win 1000 <mss 1460,nop,wscale 7>').skip()
    expect(t.snapshot.sndWnd).toBe(1000)
    t.peer.sends('S. 0:0(0) ack 1 win 2000 <mss 1460,nop,wscale 7>').skip()
    expect(t.snapshot.sndWnd).toBe(2000)
    t.peer.sends('. 1:1(0) ack 1 win 20')
    expect(t.snapshot.sndWnd).toBe(2560)
  })

  it('converges on one connection [RFC9293/MUST-10] [RFC9293/simopen-synack-seq]', () => {
    const t = new TcpTrace().open()
    t.peer.expects('S 0:0(0) win 65535 <mss 1460>')
    t.peer.sends('S 0:0(0) win 1000 <mss 1460>').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    expect(t.state).toBe('SYN_RCVD')
    t.peer.sends('S. 0:0(0) ack 1 win 2000 <mss 1460>').peer.expects('. 1:1(0) ack 1 win 65535')
    expect(t.state).toBe('ESTABLISHED')
    expect(t.heard).toEqual(['connected', 'writable'])
    expect(t.snapshot.sndWnd).toBe(2000)
  })

  it('also when the peer acknowledges with a plain ACK', () => {
    const t = new TcpTrace().open()
    t.skip()
    t.peer.sends('S 0:0(0) win 1000').peer.expects('S. 0:0(0) ack 1 <...>')
    t.peer.sends('. 1:1(0) ack 1 win 1000').peer.hearsNothing()
    expect(t.state).toBe('ESTABLISHED')
  })
})

describe('CLOSED', () => {
  const answer = (flags: number, ack: number, length: number) => {
    const segment = new TcpSegment()
    Object.assign(segment, { sourcePort: 5, destinationPort: 6, seq: 100, ack, flags, payloadLength: length })
    const out = new TcpSegment()
    return replyToUnknown(segment, out) ? out : null
  }

  it('answers a segment without ACK with RST+ACK [RFC9293/rst-closed-noack]', () => {
    expect(answer(0x02, 0, 0)).toMatchObject({ sourcePort: 6, destinationPort: 5, seq: 0, ack: 101, flags: 0x14, reason: 'rstClosedNoAck' })
    expect(answer(0x01, 0, 9)).toMatchObject({ seq: 0, ack: 110 })
  })

  it('answers a segment with ACK with RST at its ACK [RFC9293/rst-closed-ack]', () => {
    expect(answer(0x10, 777, 5)).toMatchObject({ seq: 777, ack: 0, flags: 0x04, reason: 'rstClosedAck' })
  })

  it('never answers an RST [RFC9293/rst-no-rst]', () => {
    expect(answer(0x04, 0, 0)).toBeNull()
    expect(answer(0x14, 7, 0)).toBeNull()
  })

  it('a connection that is over answers the same way', () => {
    const t = established()
    t.abort().skip()
    t.peer.sends('P. 1:11(10) ack 1 win 100').peer.expects('R 1:1(0) win 0')
    t.peer.sends('F 1:1(0) win 100').peer.expects('R. 0:0(0)! ack 90002 win 0')
    t.peer.sends('R 1:1(0) win 100').peer.hearsNothing()
  })
})

describe('options', () => {
  it('MSS, NOP and EOL are read wherever they stand [RFC9293/MUST-4] [RFC9293/MUST-64] [RFC9293/MUST-6]', () => {
    const t = new TcpTrace().listen()
    t.peer.sends('S 0:0(0) win 65535 <nop,kind 200 01020304,nop,mss 1200,eol>').peer.expects('S. 0:0(0) ack 1 <...>')
    t.peer.sends('. 1:1(0) ack 1 win 65535')
    t.write(4000)
    for (const segment of t.skip()) expect(segment.payloadLength).toBeLessThanOrEqual(1200)
    expect(t.snapshot.sndMss).toBe(1200)
  })

  it.each(['0200', '0201', '0228', '02', 'fe00ff'])('of illegal length (%s) end the list and nothing else [RFC9293/MUST-7]', (hex) => {
    const t = new TcpTrace().listen()
    t.peer.sends(`S 0:0(0) win 65535 <nop,raw ${hex}>`).peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    expect(t.snapshot.sndMss).toBe(536)
    t.peer.sends('. 1:1(0) ack 1 win 65535')
    t.peer.sends(`. 1:2(1) ack 1 win 65535 <raw ${hex}>`)
    expect(t.connection.receivableBytes).toBe(1)
  })

  it('come on any segment [RFC9293/MUST-5]', () => {
    const t = established()
    t.peer.sends('P. 1:11(10) ack 1 win 1000 <nop,nop,TS val 1 ecr 2>')
    expect(t.read()).toEqual(pattern(0, 10))
  })

  it.each([[4, 536], [6, 1220]] as const)('without MSS option IPv%i takes %i [RFC9293/MUST-15]', (ipVersion, mss) => {
    const t = new TcpTrace({ ipVersion }).listen()
    t.peer.sends('S 0:0(0) win 65535').peer.expects('S. 0:0(0) ack 1 <...>')
    t.peer.sends('. 1:1(0) ack 1 win 65535')
    t.write(4096)
    expect(Math.max(...t.skip().map((segment) => segment.payloadLength))).toBe(mss)
  })

  it('the smaller of peer and path counts, less header and options [RFC9293/MUST-16] [RFC6691/reduce-data]', () => {
    const t = established({ mtu: 1400, config: { timestamps: true } })
    t.write(5000)
    expect(t.skip()[0].payloadLength).toBe(1348)
    const u = established({ config: { timestamps: true, sackPermitted: true } })
    u.peer.sends('. 101:201(100) ack 1 win 65535 <nop,nop,TS val 2 ecr 0>')
    u.skip()
    u.write(3000)
    expect(u.skip()[0].payloadLength).toBe(1460 - 12 - 12)
  })

  it('the peer\'s MSS holds [RFC9293/MUST-14]', () => {
    const t = established({ peerMss: 500 })
    t.write(2000)
    expect(t.skip().map((segment) => segment.payloadLength)).toEqual([500, 500, 500, 500])
  })

  it('MSS is never more than can be reassembled [RFC9293/MUST-67]', () => {
    new TcpTrace({ config: { reassemblyLimitBytes: 576 } }).open().peer.expects('S 0:0(0) win 65535 <mss 536>')
  })

  it('MSS stands on segments with SYN only [RFC9293/MUST-65] [RFC9293/rsvd-bits]', () => {
    const t = accepted()
    t.write(5000)
    t.skip()
    t.close()
    for (const { segment } of t.sent) {
      expect(segment.options.mss >= 0).toBe(isSyn(segment))
      expect(segment.reserved).toBe(0)
    }
  })

  it('reserved bits do not matter [RFC9293/rsvd-bits]', () => {
    const t = established()
    t.peer.sends('P. 1:11(10) ack 1 win 1000 reserved 7')
    expect(t.read()).toEqual(pattern(0, 10))
  })
})
