import { describe, expect, it } from 'vitest'
import { established, ms, s } from '../../support/tcp-trace.ts'
import type { TcpTrace } from '../../support/tcp-trace.ts'

const tooBig = (t: TcpTrace, mtu: number, seq: number) => {
  const isReduced = t.connection.handlePacketTooBig(mtu, t.isn + seq, t.nowUs)
  t.poll()
  return isReduced
}
const flying = (segments = 4, config = {}) => {
  const t = established({ config: { initialWindowSegments: segments, ...config } }).at(100 * ms)
  t.write(20 * 1460)
  t.skip()
  return t
}
const sentSizes = (t: TcpTrace) => t.skip().map(({ payloadLength }) => payloadLength)

describe('packet too big', () => {
  it('shrinks segments, and the bytes go again one segment at first, then as ACKs come [RFC1191/reduce] [RFC1191/no-cwnd]', () => {
    const t = flying()
    const { cwnd, ssthresh } = t.snapshot
    expect(tooBig(t, 1400, 1)).toBe(true)
    t.peer.expects('. 1:1361(1360) ack 1')
    t.peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ pathMtu: 1400, sndMss: 1360, cwnd, ssthresh })
    t.after(100 * ms).peer.sends('. 1:1(0) ack 1361 win 65535')
    t.peer.expects('. 1361:2721(1360) ack 1')
    t.peer.expects('. 2721:4081(1360) ack 1')
    t.peer.hearsNothing()
    t.after(100 * ms).peer.sends('. 1:1(0) ack 4081 win 65535')
    t.peer.expects('. 4081:5441(1360) ack 1')
    t.peer.expects('. 5441:5841(400) ack 1')
    expect(t.snapshot.ssthresh).toBe(ssthresh)
    expect(sentSizes(t).every((size) => size === 1360)).toBe(true)
    expect(t.why('again')).toEqual(Array.from({ length: 5 }, () => 'packetTooBig'))
  })

  it('counts once, however many messages one flight draws [RFC1191/no-cwnd]', () => {
    const t = flying()
    expect([1, 1461, 2921, 4381].map((seq) => tooBig(t, 1400, seq))).toEqual([true, false, false, false])
    t.peer.expects('. 1:1361(1360) ack 1')
    t.peer.hearsNothing()
    // Duplicate ACKs of what followed the big segment are no sign of congestion.
    for (let i = 0; i < 4; i++) t.peer.sends('. 1:1(0) ack 1 win 65535')
    t.peer.hearsNothing()
    expect(t.snapshot.inRecovery).toBe(false)
  })

  it('is believed only about bytes that are under way [RFC8201/validate]', () => {
    const t = flying()
    for (const seq of [0, 1 + 4 * 1460, 1e6, -5000]) expect(tooBig(t, 1400, seq)).toBe(false)
    t.peer.hearsNothing()
    expect(t.snapshot.pathMtu).toBe(1500)
    expect(t.why('dropped')).toEqual(Array.from({ length: 4 }, () => 'dropQuoteOutside'))
    expect(tooBig(t, 1400, 4 * 1460)).toBe(true)
  })

  it('never raises the path MTU [RFC8201/no-raise] [RFC1191/floor]', () => {
    const t = flying()
    for (const mtu of [1500, 9000, 65_535]) expect(tooBig(t, mtu, 1)).toBe(false)
    expect(tooBig(t, 1400, 1)).toBe(true)
    for (const mtu of [1401, 1500]) expect(tooBig(t, mtu, 1)).toBe(false)
    expect(t.snapshot.pathMtu).toBe(1400)
  })

  it('has a floor: 68 bytes, or what is configured [RFC1191/floor]', () => {
    const t = flying()
    expect(tooBig(t, 40, 1)).toBe(false)
    expect(t.snapshot.pathMtu).toBe(1500)
    expect(tooBig(t, 68, 1)).toBe(true)
    expect(t.snapshot.pathMtu).toBe(68)
    const linux = flying(4, { minPathMtuBytes: 552 })
    expect(tooBig(linux, 296, 1)).toBe(true)
    expect(linux.snapshot.pathMtu).toBe(552)
  })

  it('is ignored below 1280 over IPv6 [RFC8201/min]', () => {
    const t = established({ ipVersion: 6, peerMss: 1440 })
    t.write(3000)
    t.skip()
    expect(tooBig(t, 1000, 1)).toBe(false)
    expect(t.snapshot).toMatchObject({ pathMtu: 1500, sndMss: 1440 })
    expect(tooBig(t, 1280, 1)).toBe(true)
    t.peer.expects('. 1:1221(1220) ack 1')
  })

  it('takes the next common size where an old router does not say its own [RFC1191/reduce] [RFC1191/old-style]', () => {
    const t = flying()
    expect(tooBig(t, 0, 1)).toBe(true)
    expect(t.snapshot.pathMtu).toBe(1492)
  })

  it('keeps the limit of the peer [RFC1191/mss-keep]', () => {
    const t = established({ mtu: 9000, peerMss: 1460 })
    t.write(5000)
    expect(sentSizes(t)).toEqual([1460, 1460, 1460])
    expect(tooBig(t, 4352, 1)).toBe(true)
    expect(t.snapshot).toMatchObject({ pathMtu: 4352, sndMss: 1460 })
    t.peer.hearsNothing()
  })

  it('in recovery by SACK resends the first hole at once and the others in their order', () => {
    const t = established({ peerMss: 1460, config: { sackPermitted: true, initialWindowSegments: 10 } }).at(100 * ms)
    t.write(10 * 1460)
    t.skip()
    t.peer.sends(`. 1:1(0) ack 1 win 65535 <nop,nop,sack 4381:${1 + 10 * 1460}>`)
    t.skip()
    expect(t.snapshot.inRecovery).toBe(true)
    const { cwnd } = t.snapshot
    expect(tooBig(t, 1000, 1)).toBe(true)
    expect(t.snapshot.cwnd).toBeLessThanOrEqual(cwnd)
    for (const line of ['1:961(960)', '961:1921(960)', '1921:2881(960)']) t.peer.expects(`. ${line} ack 1`)
  })
})

describe('a larger path MTU', () => {
  const reduced = () => {
    const t = established().at(1 * s)
    t.write(1)
    t.skip()
    tooBig(t, 1400, 1)
    t.peer.sends('. 1:1(0) ack 2 win 65535')
    t.skip()
    return t
  }

  it('is tried 10 minutes after a decrease, with one segment [RFC1191/reprobe] [RFC8201/no-raise] [RFC4821/search]', () => {
    const t = reduced().after(599 * s)
    t.write(1360 * 2)
    expect(sentSizes(t)).toEqual([1360, 1360])
    t.after(100 * ms).peer.sends('. 1:1(0) ack 2722 win 65535')
    t.after(1 * s).write(1400 * 3)
    t.peer.expects('. 2722:4174(1452) ack 1')
    expect(t.decisions.findLast(({ reason }) => reason === 'mtuProbe')?.operands).toEqual([1452, 1492, 1400, 0])
    t.peer.expects('. 4174:5534(1360) ack 1')
    t.peer.expects('. 5534:6894(1360) ack 1')
    t.after(100 * ms).peer.sends('. 1:1(0) ack 4174 win 65535')
    expect(t.snapshot).toMatchObject({ pathMtu: 1492, sndMss: 1452 })
  })

  it('is given up where the segment does not arrive, and tried again 10 minutes later [RFC1191/reprobe]', () => {
    const t = reduced().after(600 * s)
    t.write(1452)
    t.peer.expects('P. 2:1454(1452) ack 1')
    const sentAt = t.nowUs
    t.after(1 * s)
    t.peer.expects('. 2:1362(1360) ack 1', sentAt + 1 * s)
    t.peer.sends('. 1:1(0) ack 1362 win 65535')
    t.peer.expects('P. 1362:1454(92) ack 1')
    t.peer.sends('. 1:1(0) ack 1454 win 65535')
    expect(t.snapshot.pathMtu).toBe(1400)
    t.after(500 * s).write(3000)
    expect(sentSizes(t)[0]).toBe(1360)
  })

  it('leaves the congestion window as it is when it succeeds, but for what the ACK itself is worth [RFC4821/success]', () => {
    const t = reduced().after(600 * s)
    t.write(1452)
    t.skip()
    const { cwnd } = t.snapshot
    t.after(10 * ms).peer.sends('. 1:1(0) ack 1454 win 65535')
    expect(t.snapshot.pathMtu).toBe(1492)
    expect(t.snapshot.cwnd - cwnd).toBeLessThanOrEqual(1452)
  })

  it('is given up at once where a router refuses it, without a congestion reaction', () => {
    const t = reduced().after(600 * s)
    t.write(1452)
    t.skip()
    const { cwnd, ssthresh } = t.snapshot
    expect(tooBig(t, 1400, 2)).toBe(false)
    t.peer.expects('. 2:1362(1360) ack 1')
    t.after(10 * ms).peer.sends('. 1:1(0) ack 1362 win 65535')
    t.peer.expects('P. 1362:1454(92) ack 1')
    expect(t.snapshot).toMatchObject({ pathMtu: 1400, ssthresh })
    expect(t.snapshot.cwnd).toBeGreaterThanOrEqual(cwnd)
  })
})

describe('a black hole', () => {
  it('is suspected after R1 resends: segments shrink until they pass [RFC4821/blackhole]', () => {
    const t = flying()
    t.at(1100 * ms)
    t.peer.expects('. 1:1461(1460) ack 1', 1100 * ms)
    t.at(3100 * ms)
    t.peer.expects('. 1:1461(1460) ack 1', 3100 * ms)
    t.at(7100 * ms)
    t.peer.expects('. 1:985(984) ack 1', 7100 * ms)
    expect(t.decisions.findLast(({ reason }) => reason === 'setBlackHole')?.operands).toEqual([1024, 1500, 3, 0])
    t.at(15_100 * ms)
    t.peer.expects('. 1:473(472) ack 1', 15_100 * ms)
    t.peer.sends('. 1:1(0) ack 473 win 65535')
    expect(sentSizes(t)).toEqual([472, 472])
    expect(t.snapshot).toMatchObject({ pathMtu: 512, sndMss: 472 })
  })

  it('is not what loses small segments, and over IPv6 nothing goes below 1280 [RFC4821/blackhole] [RFC8201/min]', () => {
    const small = established().at(100 * ms)
    small.write(100)
    small.at(60 * s)
    expect(small.snapshot.pathMtu).toBe(1500)
    const six = established({ ipVersion: 6, peerMss: 1440 }).at(100 * ms)
    six.write(20_000)
    six.at(60 * s)
    expect(six.snapshot.pathMtu).toBe(1280)
  })

  it('is not looked for where that is off', () => {
    const t = flying(4, { blackHoleDetection: false }).at(60 * s)
    expect(t.snapshot.pathMtu).toBe(1500)
  })
})
