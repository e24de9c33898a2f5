import { describe, expect, it } from 'vitest'
import { accepted, established, ms, pattern, s, TcpTrace } from '../../support/tcp-trace.ts'

const stamped = { timestamps: true } as const

describe('timestamps', () => {
  it('are used only where both SYNs have them; what comes uninvited is ignored [RFC7323/ts-negotiate]', () => {
    const t = new TcpTrace({ config: stamped }).listen()
    t.peer.sends('S 0:0(0) win 65535 <mss 1460>')
    t.peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    t.peer.sends('. 1:1(0) ack 1 win 65535')
    t.peer.sends('. 1:101(100) ack 1 win 65535 <nop,nop,TS val 5 ecr 9>')
    expect(t.read()).toEqual(pattern(0, 100))
    t.write(10)
    t.peer.expects('P. 1:11(10) ack 101')
    expect(t.sent.at(-1)!.segment.optionLength).toBe(0)
    const active = new TcpTrace({ config: stamped }).open()
    active.peer.expects('S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 0 ecr 0>')
    active.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    active.peer.expects('. 1:1(0) ack 1')
    expect(active.sent.at(-1)!.segment.optionLength).toBe(0)
  })

  it('are on every segment once both have them [RFC7323/ts-negotiate] [RFC7323/rst-ts]', () => {
    const t = established({ config: stamped }).at(10 * ms)
    t.write(10)
    t.peer.expects('P. 1:11(10) ack 1 win 65535 <nop,nop,TS val 10 ecr 1>')
    t.peer.sends('. 1:3(2) ack 11 win 65535 <nop,nop,TS val 2 ecr 10>')
    t.after(200 * ms)
    t.peer.expects('. 11:11(0) ack 3 win 65533 <nop,nop,TS val 210 ecr 2>', 210 * ms)
    t.abort()
    t.peer.expects('R 11:11(0) win 0 <nop,nop,TS val 210 ecr 0>')
  })

  it('echo nothing on a SYN without ACK, and take nothing from one [RFC7323/tsecr-ack]', () => {
    const t = new TcpTrace({ config: stamped }).at(3 * s).open()
    t.peer.expects('S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 3000 ecr 0>')
    const passive = new TcpTrace({ config: stamped }).at(3 * s).listen()
    passive.peer.sends('S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 5 ecr 2000>')
    passive.skip()
    expect(passive.snapshot.srttUs).toBe(-1)
    expect(passive.why('setting')).not.toContain('setRttSample')
  })

  it('count milliseconds and never go back [RFC7323/ts-clock]', () => {
    const t = established({ config: stamped })
    const stamps: number[] = []
    for (const atMs of [1, 2, 5, 500, 501, 90_000, 4_000_000]) {
      t.at(atMs * ms)
      t.write(1)
      const [segment] = t.skip()
      stamps.push(segment.options.tsVal)
      t.deliver(`. 1:1(0) ack ${t.snapshot.sndNxt - t.isn} win 65535 <nop,nop,TS val 9 ecr ${segment.options.tsVal}>`)
    }
    expect(stamps).toEqual([1, 2, 5, 500, 501, 90_000, 4_000_000])
  })

  it('wrap as a clock of 32 bits does [RFC7323/ts-clock]', () => {
    const t = established({ config: { ...stamped, timestampOffset: 0xffff_fffe } })
    t.at(4 * ms).write(1)
    expect(t.skip()[0].options.tsVal).toBe(2)
  })

  it('are judged when a segment arrives, not when it leaves the queue [RFC7323/paws-arrival]', () => {
    const t = established({ config: stamped })
    t.peer.sends('. 101:201(100) ack 1 win 65535 <nop,nop,TS val 10 ecr 0>')
    t.skip()
    t.peer.sends('. 1:101(100) ack 1 win 65535 <nop,nop,TS val 20 ecr 0>')
    t.skip()
    expect(t.read()).toEqual(pattern(0, 200))
    expect(t.snapshot.tsRecent).toBe(20)
  })
})

describe('window scaling', () => {
  const scaled = { windowScaling: true, receiveBufferBytes: 200_000, windowShift: 2 } as const

  it('shifts every window behind the SYNs, in both directions [RFC7323/ws-apply]', () => {
    const t = new TcpTrace({ config: scaled }).open()
    t.peer.expects('S 0:0(0) win 65535 <mss 1460,nop,wscale 2>')
    t.peer.sends('S. 0:0(0) ack 1 win 10 <mss 1460,nop,wscale 7>')
    expect(t.snapshot.sndWnd).toBe(10)
    t.peer.expects('. 1:1(0) ack 1 win 50000')
    t.peer.sends('. 1:1(0) ack 1 win 10')
    expect(t.snapshot).toMatchObject({ sndWnd: 1280, sndWndShift: 7, rcvWndShift: 2 })
  })

  it('answers an offer with its own and never comes uninvited [RFC7323/ws-reply]', () => {
    const t = new TcpTrace({ config: scaled }).listen()
    t.peer.sends('S 0:0(0) win 65535 <mss 1460,nop,wscale 3>')
    t.peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 2>')
    const plain = new TcpTrace({ config: scaled }).listen()
    plain.peer.sends('S 0:0(0) win 65535 <mss 1460>')
    plain.peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
  })

  it('counts on SYNs alone, and only where both have it [RFC7323/ws-syn-only]', () => {
    const t = accepted({ config: scaled })
    t.peer.sends('. 1:1(0) ack 1 win 1000 <nop,wscale 7>')
    expect(t.snapshot).toMatchObject({ sndWnd: 1000, sndWndShift: 0, rcvWndShift: 0 })
    t.peer.sends('. 1:1(0) ack 1 win 2000')
    expect(t.snapshot.sndWnd).toBe(2000)
    const active = new TcpTrace({ config: scaled }).open()
    active.skip()
    active.peer.sends('S. 0:0(0) ack 1 win 1000 <mss 1460>')
    active.peer.expects('. 1:1(0) ack 1 win 65535')
    expect(active.snapshot).toMatchObject({ sndWndShift: 0, rcvWndShift: 0 })
  })
})
