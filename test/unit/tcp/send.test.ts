import { describe, expect, it } from 'vitest'
import { checkTcpConfig, checkTcpOption, defaultTcpConfig, tcpPreset, tcpPresets } from '../../../src/tcp/config.ts'
import type { TcpPresetName } from '../../../src/tcp/config.ts'
import { established, ms, s, TcpTrace } from '../../support/tcp-trace.ts'

const full = 1460

describe('segments', () => {
  it('are full while there is enough, PSH on the last [RFC9293/SHLD-28] [RFC9293/MUST-61]', () => {
    const t = established()
    t.write(3 * full + 1)
    t.peer.expects('. 1:1461(1460) ack 1').peer.expects('. 1461:2921(1460) ack 1').peer.expects('. 2921:4381(1460) ack 1').peer.hearsNothing()
    t.peer.sends('. 1:1(0) ack 4381 win 65535').peer.expects('P. 4381:4382(1) ack 1')
  })

  it('small ones leave at once when nothing is in flight [RFC9293/MUST-60]', () => {
    const t = established()
    t.write(1)
    t.peer.expects('P. 1:2(1) ack 1')
  })

  it('wait for the ACK while something is in flight, then leave together [RFC9293/SHLD-7] [RFC9293/SHLD-27]', () => {
    const t = established()
    t.write(1)
    t.peer.expects('P. 1:2(1) ack 1')
    for (let i = 0; i < 4; i++) t.write(100)
    t.peer.hearsNothing()
    expect(t.decisions.at(-1)).toMatchObject({ verb: 'held', reason: 'heldNagle', operands: [100, 1460, 1, 0] })
    t.peer.sends('. 1:1(0) ack 2 win 65535').peer.expects('P. 2:402(400) ack 1').peer.hearsNothing()
  })

  it('leave at once with Nagle off, on this connection alone [RFC9293/MUST-17]', () => {
    const t = established()
    const other = established()
    t.set('nagle', false)
    for (const each of [t, other]) {
      each.write(1)
      each.skip()
      each.write(1)
    }
    t.peer.expects('P. 2:3(1) ack 1')
    other.peer.hearsNothing()
  })

  it('wait for the handshake', () => {
    const t = new TcpTrace().open()
    t.skip()
    t.write(10)
    t.peer.hearsNothing()
    expect(t.why('held').at(-1)).toBe('heldHandshake')
    t.peer.sends('S. 0:0(0) ack 1 win 100').peer.expects('P. 1:11(10) ack 1')
  })

  it('the application hears when there is room again', () => {
    const t = established({ config: { sendBufferBytes: 1000 } })
    t.heard.splice(0)
    expect(t.write(3000)).toBe(1000)
    expect(t.write(1)).toBe(0)
    t.skip()
    t.peer.sends('. 1:1(0) ack 1001 win 65535')
    expect(t.heard).toEqual(['writable'])
    expect(t.connection.sendableBytes).toBe(1000)
    expect(t.write(700)).toBe(700)
    t.peer.expects('P. 1001:1701(700) ack 1')
  })
})

describe('room in the send buffer', () => {
  it('is announced also to an application that fills it exactly and asks before it sends', () => {
    const t = established({ config: { sendBufferBytes: 1000 } })
    t.heard.splice(0)
    expect(t.write(1000)).toBe(1000)
    expect(t.connection.sendableBytes).toBe(0)
    t.skip()
    t.peer.sends('. 1:1(0) ack 1001 win 65535')
    expect(t.heard).toEqual(['writable'])
  })
})

describe('the peer\'s window', () => {
  it('is unsigned [RFC9293/MUST-1]', () => {
    const t = established({ window: 100 })
    t.peer.sends('. 1:1(0) ack 1 win 65535')
    expect(t.snapshot.sndWnd).toBe(65_535)
    t.write(10_000)
    expect(t.skip()).toHaveLength(6)
  })

  it('is kept in 32 bits [RFC9293/REC-1] [RFC7323/ws-cap] [RFC7323/ws-syn-unscaled]', () => {
    const t = new TcpTrace({ config: { windowScaling: true } }).open()
    t.skip()
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 15>').skip()
    expect(t.snapshot.sndWnd).toBe(65_535)
    t.peer.sends('. 1:1(0) ack 1 win 65535')
    expect(t.snapshot.sndWnd).toBe(1_073_725_440)
  })

  it('comes with the latest ACK, also on data that is sent again', () => {
    const t = established({ window: 100, config: { nagle: false } })
    t.write(300)
    t.skip()
    // The peer's bytes 1 to 11 were lost; what it said behind them is newer by number and older by time.
    t.peer.sends('. 11:11(0) ack 1 win 100').skip()
    t.peer.sends('. 1:11(10) ack 101 win 0').skip()
    expect(t.snapshot.sndWnd).toBe(0)
    expect(t.why('held').at(-1)).toBe('heldZeroWindow')
  })

  it('limits what is in flight, as does cwnd [RFC5681/limit]', () => {
    const byCwnd = established({ config: { initialWindowSegments: 3 } })
    byCwnd.write(20 * full)
    expect(byCwnd.skip()).toHaveLength(3)
    expect(byCwnd.why('held').at(-1)).toBe('heldCongestion')
    const byWindow = established({ window: 3 * full })
    byWindow.write(20 * full)
    expect(byWindow.skip()).toHaveLength(3)
    expect(byWindow.why('held').at(-1)).toBe('heldWindow')
  })

  it('may be pulled back below what is in flight [RFC9293/MUST-34] [RFC9293/SHLD-15]', () => {
    const t = established()
    t.write(20_000)
    t.skip()
    t.peer.sends('. 1:1(0) ack 1461 win 1024').peer.hearsNothing()
    expect(t.snapshot.flightSize).toBe(9 * full)
  })

  it('pulled back, still takes what is resent inside it [RFC9293/SHLD-16]', () => {
    const t = established()
    t.write(5 * full)
    t.skip()
    t.peer.sends('. 1:1(0) ack 1 win 2000')
    t.after(1 * s).peer.expects('. 1:1461(1460) ack 1').peer.hearsNothing()
  })

  it('is not set by an older segment [RFC9293/wnd-update]', () => {
    const t = established()
    t.peer.sends('. 101:101(0) ack 1 win 5000').peer.sends('. 1:1(0) ack 1 win 100')
    expect(t.snapshot.sndWnd).toBe(5000)
  })

  it('in tiny steps does not make tiny segments [RFC9293/MUST-38]', () => {
    const t = established({ window: 1000 })
    t.write(5000)
    t.peer.expects('. 1:1001(1000) ack 1')
    t.peer.sends('. 1:1(0) ack 1001 win 10').peer.hearsNothing()
    expect(t.why('held').at(-1)).toBe('heldSillyWindow')
    t.after(50 * ms).peer.sends('. 1:1(0) ack 1001 win 20').peer.hearsNothing()
    t.peer.sends('. 1:1(0) ack 1001 win 500').peer.expects('. 1001:1501(500) ack 1')
  })

  it('half of the largest is worth a segment, less only after the override timer [RFC9293/sws-send-rules]', () => {
    const t = established({ window: 1000 })
    t.write(600)
    t.peer.expects('P. 1:601(600) ack 1')
    t.peer.sends('. 1:1(0) ack 601 win 300')
    t.write(600)
    t.peer.hearsNothing()
    t.after(1 * s).peer.expects('. 601:901(300) ack 1', 200 * ms)
  })
})

describe('a closed window', () => {
  it('is probed after an RTO, then ever less often, for as long as the peer answers [RFC9293/MUST-36] [RFC9293/SHLD-29] [RFC9293/SHLD-30]', () => {
    const t = established()
    t.peer.sends('. 1:1(0) ack 1 win 0')
    t.write(100)
    t.peer.hearsNothing()
    const times = [1, 3, 7, 15, 31, 63, 123, 183]
    for (const at of times) t.at(at * s).peer.expects('. 1:2(1) ack 1').peer.sends('. 1:1(0) ack 1 win 0').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ dupAcks: 0, inRecovery: false })
    t.after(5 * s).peer.sends('. 1:1(0) ack 1 win 1000').peer.expects('P. 1:101(100) ack 1')
    t.peer.sends('. 1:1(0) ack 101 win 1000').peer.hearsNothing()
    expect(t.connection.pollTimeout()).toBe(Infinity)
  })

  it('goes on behind a probe that was taken', () => {
    const t = established({ window: 0 })
    t.write(100)
    t.after(1 * s).peer.expects('. 1:2(1) ack 1')
    t.peer.sends('. 1:1(0) ack 2 win 50').peer.expects('. 2:52(50) ack 1')
  })

  it('keeps the connection open for a day [RFC9293/MUST-37]', () => {
    const t = established({ window: 0 })
    t.write(100)
    while (t.nowUs < 86_400 * s) {
      t.at(t.connection.pollTimeout())
      for (const probe of t.skip()) {
        expect(probe.payloadLength).toBe(1)
        t.peer.sends('. 1:1(0) ack 1 win 0')
      }
    }
    expect(t.state).toBe('ESTABLISHED')
  })

  it('gives up on a peer that answers no probe', () => {
    const t = established({ window: 0, config: { userTimeoutUs: 100 * s } })
    t.write(100)
    t.after(1000 * s).skip()
    expect(t.state).toBe('CLOSED')
    expect(t.heard).toContain('timedOut')
  })

  it('with data in flight is probed too [RFC9293/MUST-35]', () => {
    const t = established()
    t.write(10 * full)
    t.skip()
    t.peer.sends('. 1:1(0) ack 2921 win 0').peer.hearsNothing()
    expect(t.snapshot.timers).toMatchObject({ retransmit: -1, persist: 1 * s })
    t.at(1 * s).peer.expects('. 2921:2922(1) ack 1')
    t.peer.sends('. 1:1(0) ack 2921 win 0')
    t.at(3 * s).peer.expects('. 2921:2922(1) ack 1')
    t.peer.sends('. 1:1(0) ack 14601 win 65535').peer.hearsNothing()
    expect(t.connection.pollTimeout()).toBe(Infinity)
  })

  it('holds the FIN back, and the FIN is the probe', () => {
    const t = established({ window: 0 })
    t.close().peer.hearsNothing()
    t.after(1 * s).peer.expects('F. 1:1(0) ack 1')
    t.peer.sends('. 1:1(0) ack 1 win 0').peer.hearsNothing()
    t.peer.sends('. 1:1(0) ack 1 win 100').peer.expects('F. 1:1(0) ack 1')
    t.peer.sends('. 1:1(0) ack 2 win 100')
    expect(t.state).toBe('FIN_WAIT_2')
  })
})

describe('configuration', () => {
  it('each default and preset is inside its own limits', () => {
    expect(checkTcpConfig(defaultTcpConfig)).toBeNull()
    for (const name of Object.keys(tcpPresets) as TcpPresetName[]) expect(checkTcpConfig(tcpPreset(name))).toBeNull()
  })

  it('refuses what the RFC does not allow [RFC6298/max-rto]', () => {
    expect(checkTcpOption('maxRtoUs', 30 * s)?.params).toMatchObject({ name: 'maxRtoUs', expected: '60000000 .. 3600000000 us' })
    expect(checkTcpOption('nagle', 1)?.params.expected).toBe('true | false')
    expect(checkTcpOption('isn', 'random')?.params.expected).toBe('rfc6528 | 0 .. 4294967295 count')
    expect(checkTcpOption('isn', 100)).toBeNull()
    expect(checkTcpOption('congestionControl', 'none')).toBeNull()
    expect(checkTcpOption('mss', 1.5)?.code).toBe('badArgument')
    expect(checkTcpOption('nope' as 'mss', 1)?.code).toBe('badArgument')
    expect(checkTcpConfig({ ...defaultTcpConfig, ttl: 0 })?.params.name).toBe('ttl')
  })

  it('what is not live cannot change once open', () => {
    const t = established()
    expect(t.connection.setOption('mss', 500, 0)).toBe('connectionExists')
    expect(t.connection.setOption('ttl', 37, 0)).toBeNull()
    expect(t.connection.config.ttl).toBe(37)
  })
})
