import { describe, expect, it } from 'vitest'
import { accepted, established, ms, pattern, s, TcpTrace } from '../../support/tcp-trace.ts'
import { TcpPair } from '../../support/tcp-pair.ts'

describe('closing first', () => {
  it('FIN follows the queued data and may ride on it [RFC9293/close-estab]', () => {
    const t = established({ config: { initialWindowSegments: 1 } })
    t.write(5000)
    t.close()
    expect(t.state).toBe('FIN_WAIT_1')
    t.peer.expects('. 1:1461(1460) ack 1').peer.hearsNothing()
    t.peer.sends('. 1:1(0) ack 1461 win 65535').peer.expects('. 1461:2921(1460) ack 1').peer.expects('. 2921:4381(1460) ack 1')
    t.peer.sends('. 1:1(0) ack 4381 win 65535').peer.expects('FP. 4381:5001(620) ack 1').peer.hearsNothing()
    t.peer.sends('. 1:1(0) ack 5002 win 65535')
    expect(t.state).toBe('FIN_WAIT_2')
  })

  it('an ACK of data alone does not end FIN_WAIT_1 [RFC9293/finwait1-ack]', () => {
    const t = established()
    t.write(100)
    t.close()
    t.peer.expects('P. 1:101(100) ack 1').peer.expects('F. 101:101(0) ack 1')
    t.peer.sends('. 1:1(0) ack 101 win 65535')
    expect(t.state).toBe('FIN_WAIT_1')
    t.peer.sends('. 1:1(0) ack 102 win 65535').peer.hearsNothing()
    expect(t.state).toBe('FIN_WAIT_2')
  })

  it('receiving goes on until the peer closes [RFC9293/close-recv-on]', () => {
    const t = established().close()
    t.peer.expects('F. 1:1(0) ack 1').peer.sends('. 1:1(0) ack 2 win 65535')
    t.peer.sends('P. 1:1001(1000) ack 2 win 65535')
    expect(t.read()).toEqual(pattern(0, 1000))
    t.after(1 * s).peer.expects('. 2:2(0) ack 1001', 200 * ms)
    t.peer.sends('F. 1001:1001(0) ack 2 win 65535').peer.expects('. 2:2(0) ack 1002')
    expect(t.state).toBe('TIME_WAIT')
  })

  it('FIN with the ACK of ours goes straight to TIME_WAIT, without it to CLOSING [RFC9293/finwait1-finack] [RFC9293/closing]', () => {
    const both = established().close()
    both.peer.expects('F. 1:1(0) ack 1').peer.sends('F. 1:1(0) ack 2 win 65535').peer.expects('. 2:2(0) ack 2')
    expect(both.state).toBe('TIME_WAIT')
    expect(both.why('state').at(-1)).toBe('onRcvFinAckOfFin')
    const crossed = established().close()
    crossed.peer.expects('F. 1:1(0) ack 1').peer.sends('F. 1:1(0) ack 1 win 65535').peer.expects('. 2:2(0) ack 2')
    expect(crossed.state).toBe('CLOSING')
    crossed.peer.sends('. 2:2(0) ack 2 win 65535').peer.hearsNothing()
    expect(crossed.state).toBe('TIME_WAIT')
  })

  it('both at once end in TIME_WAIT [RFC9293/closing]', () => {
    const pair = new TcpPair().establish()
    pair.client.connection.close(pair.nowUs)
    pair.server.connection.close(pair.nowUs)
    pair.runUntil(() => pair.carried > 20, pair.nowUs + 5 * s)
    expect([pair.client.connection.state, pair.server.connection.state]).toEqual([10, 10])
  })

  it('waits twice the MSL, and anew when the FIN comes again [RFC9293/MUST-13] [RFC9293/timewait-fin]', () => {
    const t = established().close()
    t.peer.expects('F. 1:1(0) ack 1').peer.sends('F. 1:1(0) ack 2 win 65535').peer.expects('. 2:2(0) ack 2')
    t.at(120 * s).peer.sends('F. 1:1(0) ack 2 win 65535').peer.expects('. 2:2(0) ack 2')
    t.at(360 * s - 1)
    expect(t.state).toBe('TIME_WAIT')
    t.at(360 * s)
    expect(t.state).toBe('CLOSED')
    expect(t.heard.at(-1)).toBe('closed')
    expect(t.connection.lastError).toBeNull()
  })

  it('twice sends one FIN [RFC9293/close-twice]', () => {
    const t = established().close()
    expect(t.connection.close(t.nowUs)).toBe(false)
    expect(t.connection.lastError).toBe('connectionClosing')
    t.poll().peer.expects('F. 1:1(0) ack 1').peer.hearsNothing()
    t.peer.sends('. 1:1(0) ack 2 win 65535')
    t.close().after(100 * s).peer.hearsNothing()
  })

  it('a lost FIN is repeated', () => {
    const t = established().close()
    t.peer.expects('F. 1:1(0) ack 1').after(3 * s).peer.expects('F. 1:1(0) ack 1', 1 * s).peer.expects('F. 1:1(0) ack 1', 3 * s)
    t.peer.sends('. 1:1(0) ack 2 win 65535').after(100 * s).peer.hearsNothing()
  })

  it('nothing can be sent any more [RFC9293/send-closing]', () => {
    const finWait1 = established().close()
    const closing = established().close()
    const finWait2 = established().close()
    const timeWait = established().close()
    const lastAck = established()
    for (const each of [closing, finWait2, timeWait, finWait1]) each.skip()
    finWait2.peer.sends('. 1:1(0) ack 2 win 65535')
    closing.peer.sends('F. 1:1(0) ack 1 win 65535').skip()
    timeWait.peer.sends('F. 1:1(0) ack 2 win 65535').skip()
    lastAck.peer.sends('F. 1:1(0) ack 1 win 65535')
    lastAck.close().skip()
    expect([finWait1, finWait2, closing, lastAck, timeWait].map(({ state }) => state)).toEqual(['FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'LAST_ACK', 'TIME_WAIT'])
    for (const each of [finWait1, finWait2, closing, lastAck, timeWait]) {
      expect(each.write(10)).toBe(-1)
      expect(each.connection.lastError).toBe('connectionClosing')
      expect(each.connection.sendableBytes).toBe(0)
      each.peer.hearsNothing()
    }
  })
})

describe('closing second', () => {
  it('a SYN+ACK that comes again after a close offers what is free, not the whole buffer', () => {
    const t = new TcpTrace({ config: { receiveBufferBytes: 100 } }).listen()
    t.peer.sends('S 0:0(0) win 1000').peer.expects('S. 0:0(0) ack 1 win 100 <mss 1460>')
    t.close().skip()
    t.peer.sends('. 1:61(60) ack 0 win 1000').skip()
    t.after(500 * ms).skip()
    t.after(500 * ms).peer.expects('S. 0:0(0) ack 61 win 40 <mss 1460>')
  })

  it('what a broken peer sent behind its FIN is forgotten with it', () => {
    const t = established({ config: { sackPermitted: true } })
    t.peer.sends('. 20:30(10) ack 1 win 65535').skip()
    t.peer.sends('F. 1:5(4) ack 1 win 65535').peer.expects('. 1:1(0) ack 6')
    expect(t.snapshot.receiveRanges).toEqual([])
    expect(t.snapshot.receiveOutOfOrderBytes).toBe(0)
  })

  it('the peer\'s FIN is acknowledged and told [RFC9293/fin-estab] [RFC9293/MUST-12] [RFC9293/close-closewait] [RFC9293/lastack]', () => {
    const t = established()
    t.heard.splice(0)
    t.peer.sends('F. 1:1(0) ack 1 win 65535').peer.expects('. 1:1(0) ack 2')
    expect(t.state).toBe('CLOSE_WAIT')
    expect(t.heard).toEqual(['remoteClosed'])
    t.write(100)
    t.peer.expects('P. 1:101(100) ack 2')
    t.close().peer.expects('F. 101:101(0) ack 2')
    expect(t.state).toBe('LAST_ACK')
    t.peer.sends('. 2:2(0) ack 102 win 65535').peer.hearsNothing()
    expect(t.state).toBe('CLOSED')
    expect(t.heard).toEqual(['closed'])
  })

  it('what came before the FIN can be read, then the end [RFC9293/recv-closewait]', () => {
    const t = established()
    t.peer.sends('FP. 1:101(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 102')
    expect(t.connection.endOfStream).toBe(false)
    expect(t.read()).toEqual(pattern(0, 100))
    expect(t.connection.endOfStream).toBe(true)
    expect(t.read()).toEqual([])
  })

  it('a FIN above a gap waits for the data [RFC9293/fin-ooo]', () => {
    const t = established()
    t.peer.sends('F. 101:101(0) ack 1 win 65535').peer.expects('. 1:1(0) ack 1')
    expect(t.state).toBe('ESTABLISHED')
    t.peer.sends('P. 1:101(100) ack 1 win 65535').peer.expects('. 1:1(0) ack 102')
    expect(t.state).toBe('CLOSE_WAIT')
  })
})

describe('closing early', () => {
  it('in SYN_SENT deletes the connection [RFC9293/close-synsent]', () => {
    const t = new TcpTrace().open()
    t.skip()
    t.close().peer.hearsNothing()
    expect(t.state).toBe('CLOSED')
    expect(t.connection.lastError).toBe('connectionClosing')
    const u = new TcpTrace().listen().close()
    expect(u.state).toBe('CLOSED')
    expect(u.connection.close(0)).toBe(false)
  })

  it('in SYN_RCVD sends FIN, or waits with data queued [RFC9293/close-synrcvd]', () => {
    const t = new TcpTrace().listen()
    t.peer.sends('S 0:0(0) win 1000').peer.expects('S. 0:0(0) ack 1 <...>')
    t.close().peer.expects('F. 1:1(0) ack 1')
    expect(t.state).toBe('FIN_WAIT_1')
    t.peer.sends('. 1:1(0) ack 2 win 1000').peer.hearsNothing()
    expect(t.state).toBe('FIN_WAIT_2')
    const queued = new TcpTrace().listen()
    queued.peer.sends('S 0:0(0) win 1000').peer.expects('S. 0:0(0) ack 1 <...>')
    queued.write(10)
    queued.close().peer.hearsNothing()
    expect(queued.state).toBe('SYN_RCVD')
    queued.peer.sends('. 1:1(0) ack 1 win 1000').peer.expects('FP. 1:11(10) ack 1')
    expect(queued.state).toBe('FIN_WAIT_1')
  })

  it('in SYN_RCVD with SYN+ACK and FIN both lost repeats the SYN+ACK first', () => {
    const t = new TcpTrace().listen()
    t.peer.sends('S 0:0(0) win 1000').skip()
    t.close().skip()
    t.after(1 * s).peer.expects('S. 0:0(0) ack 1 <...>').peer.hearsNothing()
    t.peer.sends('. 1:1(0) ack 1 win 1000')
    t.after(10 * s).peer.expects('F. 1:1(0) ack 1', 4 * s)
  })
})

describe('RST', () => {
  it('at exactly RCV.NXT resets, with or without text [RFC5961/rst-exact] [RFC9293/rst-sync] [RFC9293/SHLD-2]', () => {
    const states: [string, (t: TcpTrace) => TcpTrace][] = [
      ['ESTABLISHED', (t) => t],
      ['FIN_WAIT_1', (t) => t.close()],
      ['FIN_WAIT_2', (t) => { t.close().skip(); return t.peer.sends('. 1:1(0) ack 2 win 100') }],
      ['CLOSE_WAIT', (t) => t.peer.sends('F. 1:1(0) ack 1 win 100')],
    ]
    for (const [name, enter] of states) {
      for (const length of [0, 20]) {
        const t = enter(established())
        t.skip()
        expect(t.state).toBe(name)
        const seq = name === 'CLOSE_WAIT' ? 2 : 1
        t.peer.sends(`R ${seq}:${seq + length}(${length}) win 0`).peer.hearsNothing()
        expect(t.state).toBe('CLOSED')
        expect(t.heard.at(-1)).toBe('reset')
        expect(t.connection.lastError).toBe('connectionReset')
        expect(t.connection.pollTimeout()).toBe(Infinity)
        expect(t.connection.receive(new Uint8Array(1), 0, 1, 0)).toBe(name === 'CLOSE_WAIT' ? 0 : -1)
      }
    }
  })

  it('elsewhere in the window draws a challenge [RFC5961/rst-challenge]', () => {
    const t = established()
    t.peer.sends('R 2:2(0) win 0').peer.expects('. 1:1(0) ack 1')
    expect(t.state).toBe('ESTABLISHED')
    t.peer.sends('R 1:1(0) win 0')
    expect(t.state).toBe('CLOSED')
  })

  it('outside of the window is dropped in silence [RFC9293/rst-oow]', () => {
    const t = established()
    t.peer.sends('R 65536:65536(0) win 0').peer.sends('R 0:0(0) win 0').peer.hearsNothing()
    expect(t.state).toBe('ESTABLISHED')
  })

  it('in TIME_WAIT, CLOSING and LAST_ACK ends the connection', () => {
    const timeWait = established().close()
    timeWait.skip()
    timeWait.peer.sends('F. 1:1(0) ack 2 win 100').skip()
    timeWait.peer.sends('R 2:2(0) win 0').peer.hearsNothing()
    expect(timeWait.state).toBe('CLOSED')
    expect(timeWait.heard.at(-1)).toBe('closed')
  })
})

describe('SYN on a connection', () => {
  it('draws a challenge wherever it stands [RFC5961/syn-challenge]', () => {
    const t = established()
    t.peer.sends('S 10:10(0) win 100').peer.expects('. 1:1(0) ack 1')
    t.peer.sends('S 70000:70000(0) win 100').peer.expects('. 1:1(0) ack 1')
    t.peer.sends('S. 0:0(0) ack 1 win 100').peer.expects('. 1:1(0) ack 1')
    expect(t.state).toBe('ESTABLISHED')
  })

  it('challenges are limited [RFC5961/throttle]', () => {
    const t = established()
    for (let i = 0; i < 15; i++) t.deliver('S 10:10(0) win 100')
    t.poll()
    expect(t.skip()).toHaveLength(10)
    t.after(5 * s).peer.sends('S 10:10(0) win 100').peer.expects('. 1:1(0) ack 1')
  })
})

describe('half-open connections', () => {
  it('data from a stale peer draws an RST that ends it there [RFC9293/halfopen-data]', () => {
    const stale = established()
    stale.write(100)
    const [data] = stale.skip()
    expect(data.ack).toBe(stale.peerIsn + 1)
    const fresh = new TcpTrace({ isn: stale.peerIsn, peerIsn: stale.isn })
    fresh.peer.sends('P. 1:101(100) ack 1 win 100').peer.expects('R 1:1(0) win 0')
    stale.peer.sends('R 1:1(0) win 0')
    expect(stale.heard.at(-1)).toBe('reset')
  })

  it('SYN of a restarted peer draws an ACK, whose RST ends it [RFC9293/halfopen-syn]', () => {
    const t = established()
    t.peer.sends('S 400:400(0)! win 1000').peer.expects('. 1:1(0) ack 1')
    const restarted = new TcpTrace({ isn: 400, peerIsn: 7000 }).open()
    restarted.skip()
    restarted.peer.sends('. 7001:7001(0)! ack 90001 win 1000').peer.expects('R 90001:90001(0)! win 0')
    t.peer.sends('R 90001:90001(0)! win 0')
    expect(t.state).toBe('CLOSED')
    expect(t.heard.at(-1)).toBe('reset')
  })
})

describe('ABORT', () => {
  it('sends one RST at SND.NXT and forgets the rest [RFC9293/abort]', () => {
    const t = established({ window: 100 })
    t.write(500)
    t.peer.expects('. 1:101(100) ack 1')
    t.abort().peer.expects('R 101:101(0) win 0').peer.hearsNothing()
    expect(t.state).toBe('CLOSED')
    t.after(1000 * s).peer.hearsNothing()
    expect(t.connection.send(new Uint8Array(1), 0, 1, 0)).toBe(-1)
  })

  it('is silent where the peer knows nothing, or knows all', () => {
    const synSent = new TcpTrace().open()
    synSent.skip()
    synSent.abort().peer.hearsNothing()
    const lastAck = accepted()
    lastAck.peer.sends('F. 1:1(0) ack 1 win 100').skip()
    lastAck.close().skip()
    lastAck.abort().peer.hearsNothing()
    expect(lastAck.state).toBe('CLOSED')
    lastAck.abort().peer.hearsNothing()
  })
})

describe('the user timeout', () => {
  it('flushes, reports and closes, in any state [RFC9293/user-timeout]', () => {
    const t = established({ config: { userTimeoutUs: 10 * s } })
    t.at(5 * s).write(100)
    t.at(15 * s - 1)
    expect(t.state).toBe('ESTABLISHED')
    t.at(15 * s)
    expect(t.state).toBe('CLOSED')
    expect(t.heard.at(-1)).toBe('timedOut')
    expect(t.connection.lastError).toBe('connectionTimedOut')
    const syn = new TcpTrace({ config: { userTimeoutUs: 10 * s } }).open()
    syn.at(10 * s)
    expect(syn.state).toBe('CLOSED')
  })

  it('counts from the last progress and only while something is out', () => {
    const t = established({ config: { userTimeoutUs: 10 * s } })
    t.at(100 * s).write(2000)
    t.at(105 * s).skip()
    t.peer.sends('. 1:1(0) ack 1461 win 65535')
    t.at(114 * s).skip()
    t.peer.sends('. 1:1(0) ack 2001 win 65535').at(1000 * s)
    expect(t.state).toBe('ESTABLISHED')
  })

  it('too many repetitions end it as well', () => {
    const t = established({ config: { dataRetries: 3, userTimeoutUs: 3600 * s } })
    t.write(10)
    t.after(100 * s)
    expect(t.skip()).toHaveLength(4)
    expect(t.heard.at(-1)).toBe('timedOut')
  })
})

describe('keep-alive', () => {
  it('is off unless asked for, then probes a silent peer until it is given up', () => {
    const off = established()
    expect(off.connection.pollTimeout()).toBe(Infinity)
    const t = established({ config: { keepAlive: true, keepAliveIdleUs: 100 * s, keepAliveIntervalUs: 10 * s, keepAliveProbes: 2 } })
    t.at(50 * s).peer.sends('. 1:1(0) ack 1 win 100')
    t.at(149 * s).peer.hearsNothing()
    t.at(150 * s).peer.expects('. 0:0(0) ack 1')
    t.peer.sends('. 1:1(0) ack 1 win 100')
    t.at(250 * s).peer.expects('. 0:0(0) ack 1')
    t.at(280 * s).peer.expects('. 0:0(0) ack 1', 260 * s)
    expect(t.state).toBe('CLOSED')
    expect(t.heard.at(-1)).toBe('timedOut')
  })

  it('leaves the question to data in flight', () => {
    const t = established({ config: { keepAlive: true, keepAliveIdleUs: 10 * s, keepAliveIntervalUs: 3 * s } })
    t.at(9 * s).write(10)
    t.at(30 * s)
    expect(t.why('ack')).toEqual(['ackHandshake'])
    expect(t.snapshot.timers.keepAlive).toBe(40 * s)
  })

  it('can be turned on and off', () => {
    const t = established().set('keepAlive', true)
    expect(t.snapshot.timers.keepAlive).toBe(7200 * s)
    t.set('keepAliveIdleUs', 60 * s)
    expect(t.snapshot.timers.keepAlive).toBe(60 * s)
    t.set('keepAlive', false)
    expect(t.snapshot.timers.keepAlive).toBe(-1)
  })
})

describe('an unreachable peer', () => {
  it('ends an attempt to connect and nothing else', () => {
    const t = new TcpTrace().open()
    t.connection.handleUnreachable(0)
    expect(t.state).toBe('CLOSED')
    expect(t.heard).toEqual(['unreachable'])
    const u = established()
    u.connection.handleUnreachable(0)
    expect(u.state).toBe('ESTABLISHED')
  })
})
