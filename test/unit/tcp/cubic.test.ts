import { describe, expect, it } from 'vitest'
import { ackNews } from '../../../src/tcp/ack-news.ts'
import { tcpPreset } from '../../../src/tcp/config.ts'
import { createController } from '../../../src/tcp/congestion.ts'
import { Cubic } from '../../../src/tcp/cubic.ts'
import { NewReno } from '../../../src/tcp/new-reno.ts'
import { SegmentCubic } from '../../../src/tcp/segment-cubic.ts'
import { established } from '../../support/tcp-trace.ts'

const mss = 1000
const ms = 1000
const s = 1_000_000

/** In congestion avoidance with the window at `cwnd` segments after a loss at `peak`. */
function afterLossAt(peak: number): Cubic {
  const cubic = new Cubic(false)
  cubic.start(mss, peak * mss)
  cubic.onLoss(peak * mss)
  cubic.onRecovered()
  return cubic
}

function ack(cubic: Cubic, nowUs: number, more: Partial<typeof ackNews> = {}): void {
  cubic.onAck({ ...ackNews, nowUs, ackedBytes: mss, flightSize: cubic.cwnd, srttUs: 0, ...more })
}

/** Round trips of `rttUs` from `fromUs` to `toUs`, the window always full. @returns the window in segments at the end */
function run(cubic: Cubic, fromUs: number, toUs: number, rttUs: number): number {
  for (let nowUs = fromUs; nowUs < toUs; nowUs += rttUs) {
    const acks = Math.floor(cubic.cwnd / mss)
    for (let i = 0; i < acks; i++) ack(cubic, Math.round(nowUs + i * rttUs / acks), { srttUs: rttUs })
  }
  return cubic.cwnd / mss
}

describe('CUBIC', () => {
  it('comes back to the peak after K, flat there, and beyond it grows ever faster [RFC9438/wcubic]', () => {
    const k = Math.cbrt(30 / 0.4)
    expect(k).toBeCloseTo(4.217, 3)
    const cubic = afterLossAt(100)
    const start = 10 * s
    const early = run(cubic, start, start + 1 * s, 200 * ms)
    expect(early).toBeGreaterThan(100 - 0.4 * (k - 0.8) ** 3)
    expect(run(cubic, start + 1 * s, start + Math.round(k * s), 200 * ms)).toBeCloseTo(100, 0)
    const later = run(cubic, start + Math.round(k * s), start + Math.round(2 * k * s), 200 * ms)
    expect(later).toBeGreaterThan(125)
    expect(later).toBeLessThan(136)
  })

  it('raises cwnd by (target - cwnd) / cwnd an ACK, the target at most half above it [RFC9438/increment] [RFC9438/wcubic]', () => {
    const cubic = afterLossAt(100)
    const k = Math.cbrt(30 / 0.4)
    // At t = 0 both curves stand at 70, and Reno's is the one that moves.
    ack(cubic, 5 * s, { srttUs: 1 * s })
    let expected = cubic.cwnd / mss
    for (let i = 1; i < 50; i++) {
      const target = 0.4 * (i * 0.01 + 1 - k) ** 3 + 100
      expected += (target - expected) / expected
      ack(cubic, 5 * s + i * 10 * ms, { srttUs: 1 * s })
      expect(Math.abs(cubic.cwnd / mss - expected)).toBeLessThan(0.01)
    }
    const far = afterLossAt(100)
    ack(far, 5 * s)
    const before = far.cwnd
    ack(far, 5 * s + 10 * ms, { srttUs: 60 * s })
    expect(Math.abs(far.cwnd - before - mss / 2)).toBeLessThanOrEqual(1)
  })

  it('counts what is acknowledged, not ACKs', () => {
    const whole = afterLossAt(100)
    const divided = afterLossAt(100)
    ack(whole, 1 * s, { srttUs: 1 * s })
    for (let i = 0; i < 10; i++) ack(divided, 1 * s, { srttUs: 1 * s, ackedBytes: mss / 10 })
    expect(divided.cwnd).toBeLessThanOrEqual(whole.cwnd)
    expect(whole.cwnd - divided.cwnd).toBeLessThan(10)
  })

  it('is as fast as Reno where that is faster, after the old peak with alpha 1 [RFC9438/reno-friendly]', () => {
    const cubic = afterLossAt(10)
    expect(cubic.cwnd).toBe(7 * mss)
    const windows = Array.from({ length: 16 }, (_, i) => run(cubic, 1 * s + i * ms, 1 * s + (i + 1) * ms, 1 * ms))
    for (const [i, window] of windows.slice(0, 5).entries()) expect(Math.abs(window - (7 + (i + 1) * 9 / 17))).toBeLessThan(0.3)
    expect(windows[15] - windows[8]).toBeGreaterThan(6)
    expect(windows[15] - windows[8]).toBeLessThan(7.1)
  })

  it('keeps 0.7 of the flight, at least two segments [RFC9438/beta]', () => {
    expect(afterLossAt(100)).toMatchObject({ ssthresh: 70 * mss, cwnd: 70 * mss })
    expect(afterLossAt(2)).toMatchObject({ ssthresh: 2 * mss, cwnd: 2 * mss })
  })

  it('below the last peak aims lower than where it lost [RFC9438/fast-conv]', () => {
    const cubic = afterLossAt(100)
    cubic.setRecoveryWindow(80 * mss)
    cubic.onLoss(80 * mss)
    cubic.onRecovered()
    expect(cubic.cwnd).toBe(56 * mss)
    const k = Math.cbrt(12 / 0.4)
    expect(Math.abs(run(cubic, 1 * s, 1 * s + Math.round(k * s), 500 * ms) - 68)).toBeLessThan(1)
  })

  it('does not count time in which the application was the limit [RFC9438/app-limited]', () => {
    const [idle, trickle, busy] = [afterLossAt(100), afterLossAt(100), afterLossAt(100)]
    for (const cubic of [idle, trickle, busy]) run(cubic, 1 * s, 2 * s, 200 * ms)
    idle.onResume(12 * s)
    for (let i = 0; i < 100; i++) ack(trickle, 2 * s + i * 100 * ms, { flightSize: mss })
    const before = trickle.cwnd
    for (const [cubic, at] of [[idle, 12 * s], [trickle, 12 * s], [busy, 2 * s]] as const) ack(cubic, at)
    expect(trickle.cwnd - before).toBeLessThan(mss)
    expect(Math.abs(idle.cwnd - busy.cwnd)).toBeLessThan(mss / 2)
    expect(Math.abs(trickle.cwnd - busy.cwnd)).toBeLessThan(mss / 2)
  })

  it('keeps its curve in bytes when segments become smaller or larger', () => {
    for (const smaller of [500, 2000]) {
      const [same, changed] = [afterLossAt(100), afterLossAt(100)]
      for (const cubic of [same, changed]) run(cubic, 1 * s, 2 * s, 200 * ms)
      changed.changeMss(smaller)
      const k = 2 * s + Math.round(Math.cbrt(30 / 0.4) * s)
      for (const cubic of [same, changed]) for (let nowUs = 2 * s; nowUs < k; nowUs += 10 * ms) ack(cubic, nowUs, { srttUs: 200 * ms, ackedBytes: 5 * mss })
      expect(changed.cwnd, `${smaller}`).toBeGreaterThan(0.95 * same.cwnd)
      expect(changed.cwnd, `${smaller}`).toBeLessThan(1.05 * same.cwnd)
    }
  })

  it('after a timeout is Reno\'s slow start, then begins flat [RFC9438/rto]', () => {
    const cubic = new Cubic(false)
    cubic.start(mss, 50 * mss)
    cubic.onTimeout(50 * mss, false)
    expect(cubic).toMatchObject({ ssthresh: 35 * mss, cwnd: 1 * mss })
    cubic.onTimeout(1 * mss, true)
    expect(cubic).toMatchObject({ ssthresh: 35 * mss, cwnd: 1 * mss })
    for (let i = 0; i < 34; i++) ack(cubic, 1 * s)
    expect(cubic.cwnd).toBe(35 * mss)
    const window = run(cubic, 2 * s, 4 * s, 500 * ms)
    expect(window).toBeGreaterThan(36)
    expect(window).toBeLessThan(42)
  })

  it('is what a configuration may choose, and the linux preset does [RFC9293/MAY-18]', () => {
    expect(tcpPreset('linux')).toMatchObject({ congestionControl: 'cubic', hystart: true })
    expect(tcpPreset('rfc')).toMatchObject({ congestionControl: 'newReno', hystart: false })
    expect([createController(tcpPreset('linux')).name, createController(tcpPreset('rfc')).name, createController(tcpPreset('textbook')).name]).toEqual(['cubic', 'newReno', 'none'])
    const t = established({ peerMss: mss, config: { congestionControl: 'cubic', sackPermitted: true, proportionalRate: false, sendBufferBytes: 1 << 20 } })
    t.write(40 * mss)
    expect(t.skip()).toHaveLength(10)
    t.peer.sends('. 1:1(0) ack 1 win 65535 <nop,nop,sack 1001:4001>').peer.expects('. 1:1001(1000) ack 1')
    expect(t.snapshot).toMatchObject({ controller: 'cubic', ssthresh: 7 * mss, cwnd: 7 * mss })
    t.skip()
    t.peer.sends('. 1:1(0) ack 10001 win 65535').skip()
    expect(t.snapshot).toMatchObject({ inRecovery: false, cwnd: 7 * mss, congestionPhase: 'avoidance' })
  })

  it('without SACK recovers as NewReno does, with its own share', () => {
    const t = established({ peerMss: mss, config: { congestionControl: 'cubic', limitedTransmit: false, sendBufferBytes: 1 << 20 } })
    t.write(40 * mss)
    t.skip()
    for (let i = 0; i < 3; i++) t.peer.sends('. 1:1(0) ack 1 win 65535')
    t.peer.expects('. 1:1001(1000) ack 1')
    expect(t.snapshot).toMatchObject({ ssthresh: 7 * mss, cwnd: 10 * mss })
    t.peer.sends('. 1:1(0) ack 1 win 65535').skip()
    t.peer.sends('. 1:1(0) ack 3001 win 65535').skip()
    t.peer.sends('. 1:1(0) ack 10001 win 65535').skip()
    expect(t.snapshot).toMatchObject({ inRecovery: false, ssthresh: 7 * mss })
    expect(t.snapshot.cwnd).toBeLessThanOrEqual(7 * mss)
  })
})

describe('HyStart++', () => {
  /** Rounds of 10 ACKs with the given least round trips. */
  function rounds(controller: NewReno, state: { to: number }, ...samplesMs: number[]): void {
    for (const sampleMs of samplesMs) {
      const from = state.to
      state.to += 10 * mss
      for (let i = 1; i <= 10; i++) {
        const sentTo = state.to + (i === 10 ? 10 * mss : 0)
        controller.onAck({ ...ackNews, ackedBytes: mss, ackedTo: from + i * mss, sentTo, sampleUs: sampleMs * ms })
      }
    }
  }
  const begin = () => {
    const controller = new NewReno(true)
    controller.start(mss, 10 * mss)
    return { controller, state: { to: 0 } }
  }

  it('goes on at full speed while the round trip stays', () => {
    const { controller, state } = begin()
    rounds(controller, state, 50, 50, 53, 50, 56)
    expect(controller).toMatchObject({ conservative: false, cwnd: 60 * mss, ssthresh: 0x7fff_ffff })
  })

  it('slows down when it grows by an eighth, and ends slow start five rounds later [RFC9406/hystart]', () => {
    const { controller, state } = begin()
    rounds(controller, state, 50, 57)
    expect(controller.conservative).toBe(true)
    const { cwnd } = controller
    rounds(controller, state, 57)
    expect(controller.cwnd - cwnd).toBe(10 * mss / 4)
    rounds(controller, state, 58, 58)
    expect(controller.ssthresh).toBe(0x7fff_ffff)
    rounds(controller, state, 58)
    expect(controller).toMatchObject({ conservative: false, ssthresh: controller.cwnd })
  })

  it('looks at differences of at least 4 ms, and calls 16 ms long on any path', () => {
    const near = begin()
    rounds(near.controller, near.state, 10, 13)
    expect(near.controller.conservative).toBe(false)
    rounds(near.controller, near.state, 17)
    expect(near.controller.conservative).toBe(true)
    const far = begin()
    rounds(far.controller, far.state, 400, 417)
    expect(far.controller.conservative).toBe(true)
  })

  it('takes it back when the round trip falls again', () => {
    const { controller, state } = begin()
    rounds(controller, state, 50, 60, 51)
    expect(controller).toMatchObject({ conservative: false, ssthresh: 0x7fff_ffff })
  })

  it('takes up to eight segments an ACK, and nothing from an ACK without a timestamp', () => {
    const { controller } = begin()
    controller.onAck({ ...ackNews, ackedBytes: 20 * mss, ackedTo: 20 * mss, sentTo: 30 * mss })
    expect(controller.cwnd).toBe(18 * mss)
    for (let i = 0; i < 100; i++) controller.onAck({ ...ackNews, ackedBytes: mss, ackedTo: (20 + i) * mss, sentTo: (30 + i) * mss, sampleUs: -1 })
    expect(controller.conservative).toBe(false)
  })

  it('is for the first slow start alone', () => {
    const { controller, state } = begin()
    controller.onTimeout(40 * mss, false)
    rounds(controller, state, 50)
    rounds(controller, state, 90)
    expect(controller).toMatchObject({ conservative: false, ssthresh: 20 * mss })
  })
})

describe('CUBIC in whole segments', () => {
  const rules = { slowStartSegments: 65_535, lossReducesWindow: true, growsByDelivery: true }
  const atSeven = () => {
    const cubic = new SegmentCubic(false, rules)
    cubic.start(mss, 10 * mss)
    cubic.onLoss(10 * mss)
    cubic.onRecovered()
    return cubic
  }
  const take = (cubic: SegmentCubic, nowUs: number, segments: number, more: Partial<typeof ackNews> = {}) => {
    cubic.onAck({ ...ackNews, nowUs, ackedBytes: segments * mss, flightSize: cubic.cwnd, srttUs: 100 * ms, ...more })
    return cubic.cwnd / mss
  }

  it('aims at the curve one round trip ahead and rounds the way to it up, so that seven ACKs are one segment [RFC9438/wcubic]', () => {
    const cubic = atSeven()
    expect(cubic.cwnd).toBe(7 * mss)
    // 10 - 0.4 * (1.957 - 0.1)^3 is 7.4; of the 2.56 to the peak 2 are whole.
    expect(take(cubic, 5 * s, 6)).toBe(7)
    expect(take(cubic, 5 * s, 1)).toBe(8)
  })

  it('grows slowly around the peak and faster behind it, in whole segments', () => {
    const cubic = atSeven()
    const windows: number[] = []
    for (let i = 0; i <= 60; i++) windows.push(take(cubic, 5 * s + i * 100 * ms, cubic.cwnd / mss))
    expect(windows.every(Number.isInteger)).toBe(true)
    expect(windows[20]).toBeLessThan(windows[40])
    expect(windows[60] - windows[40]).toBeGreaterThan(windows[40] - windows[20])
  })

  it('stands still where the window is not what holds data back', () => {
    const cubic = atSeven()
    expect(take(cubic, 5 * s, 7, { flightSize: 3 * mss })).toBe(7)
  })
})
