import { describe, expect, it } from 'vitest'
import { traceIn } from '../../support/tcp-states.ts'
import { accepted, established, ms } from '../../support/tcp-trace.ts'
import type { TcpTrace } from '../../support/tcp-trace.ts'

describe('CLOSE of both directions', () => {
  const closedBoth = (t: TcpTrace) => {
    expect(t.connection.closeBoth(t.nowUs)).toBe(true)
    return t.poll()
  }

  it('reads no more, and ends in good order where nothing is lost [RFC9293/MAY-1]', () => {
    const t = closedBoth(established().at(10 * ms))
    t.peer.expects('F. 1:1(0) ack 1')
    expect(t.connection.receive(new Uint8Array(1), 0, 1, 0)).toBe(-1)
    expect(t.connection.lastError).toBe('connectionClosing')
    t.peer.sends('F. 1:1(0) ack 2 win 65535')
    t.peer.expects('. 2:2(0) ack 2')
    expect(t.state).toBe('TIME_WAIT')
  })

  it('with unread data sends RST at once [RFC9293/SHLD-3]', () => {
    const t = accepted()
    t.peer.sends('P. 1:101(100) ack 1 win 65535')
    closedBoth(t)
    t.peer.expects('R. 1:1(0) ack 101 win 0')
    expect(t.state).toBe('CLOSED')
    expect(t.decisions.findLast(({ verb }) => verb === 'reset')).toMatchObject({ reason: 'rstUnread', operands: [100, 0, 0, 0] })
  })

  it('answers data that comes later with RST [RFC9293/SHLD-3]', () => {
    const t = closedBoth(established())
    t.skip()
    t.peer.sends('. 1:1(0) ack 2 win 65535')
    expect(t.state).toBe('FIN_WAIT_2')
    t.peer.sends('P. 1:11(10) ack 2 win 65535')
    t.peer.expects('R 2:2(0) win 0')
    expect(t.state).toBe('CLOSED')
    expect(t.heard.at(-1)).toBe('reset')
  })

  it('after a CLOSE of the sending side only stops reading', () => {
    const t = established().close()
    t.skip()
    closedBoth(t)
    t.peer.hearsNothing()
    t.peer.sends('P. 1:11(10) ack 2 win 65535')
    t.peer.expects('R 2:2(0) win 0')
  })
})

describe('two ends that disagree', () => {
  it('do not answer each other for ever: empty ACKs of what was never sent draw few answers [RFC1337/ack-loop]', () => {
    const t = established()
    for (let i = 0; i < 100; i++) {
      t.deliver('. 1:1(0) ack 5000 win 1000')
      t.poll()
    }
    expect(t.skip()).toHaveLength(10)
    expect(t.why('dropped').filter((reason) => reason === 'dropChallengeLimit')).toHaveLength(90)
  })
})

describe('data with an ACK older than any window', () => {
  it('is not taken, however well its number fits [RFC9293/MAY-12]', () => {
    const t = established({ window: 1000 })
    t.write(500)
    t.skip()
    t.peer.sends('. 1:1(0) ack 501 win 1000')
    t.peer.sends('P. 1:11(10) ack 4294966701 win 1000')
    t.peer.expects('. 501:501(0) ack 1')
    expect(t.connection.receivableBytes).toBe(0)
    expect(t.decisions.findLast(({ verb }) => verb === 'dropped')).toMatchObject({ reason: 'dropOldAck', operands: [1096, 1000, 0, 0] })
  })
})

describe('the handshake', () => {
  it('leaves data on a SYN unacknowledged, so that it comes again once the connection stands [RFC9293/syn-data-hold]', () => {
    const t = traceIn('listen')
    t.peer.sends('S 0:10(10) win 65535 <mss 1460>')
    t.peer.expects('S. 0:0(0) ack 1 <mss 1460>')
    expect([t.heard, t.connection.receivableBytes]).toEqual([[], 0])
    t.peer.sends('. 11:11(0) ack 1 win 65535')
    t.skip()
    t.peer.sends('P. 1:11(10) ack 1 win 65535')
    expect(t.heard).toEqual(['accepted', 'writable', 'readable'])
    expect(t.read()).toHaveLength(10)
  })

  it('takes any ACK above ISS up to what was sent; data queued in SYN-SENT follows it [RFC9293/synsent-ack-range]', () => {
    const t = traceIn('synSent')
    t.write(100)
    t.peer.sends('S. 0:0(0) ack 0 win 65535')
    t.peer.expects('R 0:0(0) win 0')
    t.peer.sends('S. 0:0(0) ack 2 win 65535')
    t.peer.expects('R 2:2(0) win 0')
    expect(t.state).toBe('SYN_SENT')
    t.peer.sends('S. 0:0(0) ack 1 win 65535')
    t.peer.expects('P. 1:101(100) ack 1')
    expect(t.state).toBe('ESTABLISHED')
  })
})
