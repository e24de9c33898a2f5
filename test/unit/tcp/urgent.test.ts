import { describe, expect, it } from 'vitest'
import { SendFlag } from '../../../src/tcp/send-flags.ts'
import { established, ms, pattern, s } from '../../support/tcp-trace.ts'

const urgent = SendFlag.urgent | SendFlag.push

describe('urgent data that we send', () => {
  it('is marked by URG and a pointer to the byte behind it [RFC9293/MUST-30] [RFC9293/MUST-62]', () => {
    const t = established()
    t.write(5, urgent)
    t.peer.expects('PU. 1:6(5) ack 1 win 65535 urg 5')
    expect(t.decisions.findLast(({ reason }) => reason === 'setSendUrgent')?.operands).toEqual([5, 0, 0, 0])
  })

  it('is announced by everything that leaves before its end, and by nothing behind it', () => {
    const t = established({ config: { initialWindowSegments: 2, nagle: false } })
    t.write(3000)
    t.skip()
    t.write(100, urgent)
    t.peer.hearsNothing()
    t.peer.sends('. 1:2(1) ack 1461 win 65535')
    t.peer.expects('PU. 2921:3101(180) ack 2 win 65534 urg 180')
    t.peer.sends('. 2:2(0) ack 3101 win 65535')
    t.write(10)
    t.peer.expects('P. 3101:3111(10) ack 2')
  })

  it('may be of any length: a pointer says 65,535 where the end is further [RFC9293/MUST-31]', () => {
    const t = established({ config: { initialWindowSegments: 100 }, window: 65_535 })
    t.write(100_000, urgent)
    const sent = t.skip()
    expect(sent.every(({ flags }) => (flags & 0x20) !== 0)).toBe(true)
    expect(sent[0].urgentPointer).toBe(65_535)
    t.peer.sends(`. 1:1(0) ack ${1 + 40 * 1460} win 65535`)
    const later = t.skip()
    for (const { seq, urgentPointer } of later) expect(urgentPointer).toBe(Math.min(65_535, t.isn + 1 + 100_000 - seq))
    expect(later.at(-1)!.urgentPointer).toBeLessThan(65_535)
  })

  it('keeps its mark when it is sent again', () => {
    const t = established()
    t.write(5, urgent)
    t.skip()
    t.after(1 * s)
    t.peer.expects('PU. 1:6(5) ack 1 win 65535 urg 5', 1 * s)
  })

  it('is never what an ordinary write is [RFC9293/SHLD-13]', () => {
    const t = established()
    t.write(5)
    t.peer.expects('P. 1:6(5) ack 1')
    t.after(1 * s)
    t.peer.expects('P. 1:6(5) ack 1', 1 * s)
  })
})

describe('urgent data that we receive', () => {
  it('is told when it appears and when it reaches further, not when it is repeated [RFC9293/MUST-32] [RFC9293/MUST-30]', () => {
    const t = established()
    expect(t.heard).toEqual(['connected', 'writable'])
    t.peer.sends('U. 1:1(0) ack 1 win 1000 urg 10')
    expect(t.heard).toEqual(['urgent'])
    t.peer.sends('U. 1:1(0) ack 1 win 1000 urg 20')
    expect(t.heard).toEqual(['urgent'])
    t.peer.sends('U. 1:1(0) ack 1 win 1000 urg 20')
    expect(t.heard).toEqual([])
  })

  it('says how much of it is unread [RFC9293/MUST-33]', () => {
    const t = established()
    t.peer.sends('U. 1:7(6) ack 1 win 1000 urg 10')
    expect(t.connection.urgentBytes).toBe(10)
    t.read(4)
    expect(t.connection.urgentBytes).toBe(6)
    t.peer.sends('. 7:21(14) ack 1 win 1000')
    t.skip()
    expect(t.connection.urgentBytes).toBe(6)
    t.read(6)
    expect(t.connection.urgentBytes).toBe(0)
    t.read()
    t.peer.sends('. 21:31(10) ack 1 win 1000')
    expect(t.connection.urgentBytes).toBe(0)
  })

  it('stays where it is in the stream [RFC6093/up-semantics]', () => {
    const t = established()
    t.peer.sends('U. 1:6(5) ack 1 win 1000 urg 1')
    expect(t.connection.urgentBytes).toBe(1)
    expect(t.read()).toEqual(pattern(0, 5))
    expect(t.connection.urgentBytes).toBe(0)
  })
})

describe('a write without push', () => {
  it('waits to be joined by more, and leaves as one segment with it [RFC9293/MAY-16]', () => {
    const t = established().at(10 * ms)
    t.write(100, 0)
    t.write(100, 0)
    t.peer.hearsNothing()
    expect(t.decisions.findLast(({ verb }) => verb === 'held')).toMatchObject({ reason: 'heldUnpushed', operands: [100, 1460, 0, 0] })
    t.write(100)
    t.peer.expects('P. 1:301(300) ack 1')
  })

  it('fills whole segments, and what is left leaves without PSH after the override time [RFC9293/MAY-16]', () => {
    const t = established().at(10 * ms)
    t.write(2000, 0)
    t.peer.expects('. 1:1461(1460) ack 1')
    t.peer.sends('. 1:1(0) ack 1461 win 65535')
    t.peer.hearsNothing()
    t.after(200 * ms)
    t.peer.expects('. 1461:2001(540) ack 1', 210 * ms)
  })

  it('is pushed by a later write, or by CLOSE: PSH is on the last segment of that [RFC9293/MAY-15]', () => {
    const t = established().at(10 * ms)
    t.write(1000, 0)
    t.write(1000, SendFlag.push)
    t.peer.expects('. 1:1461(1460) ack 1')
    t.peer.sends('. 1:1(0) ack 1461 win 65535')
    t.peer.expects('P. 1461:2001(540) ack 1')
    t.peer.sends('. 1:1(0) ack 2001 win 65535')
    t.write(10, 0)
    t.peer.hearsNothing()
    t.close()
    t.peer.expects('FP. 2001:2011(10) ack 1')
  })
})
