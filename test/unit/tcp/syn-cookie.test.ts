import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { TcpSegment } from '../../../src/tcp/segment.ts'
import { answerWithCookie, cookieCountUs, readCookie } from '../../../src/tcp/syn-cookie.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'

const secret = Uint32Array.from([1, 2, 3, 4])
const tuple = { localAddress: 0x0a4d0001, localPort: 80, remoteAddress: 0x0a4d0002, remotePort: 40_000 }
const own = { mss: 1460, timestampOffset: 0 }

function synWith(options: Partial<TcpSegment['options']> = {}, seq = 500): TcpSegment {
  const syn = new TcpSegment()
  Object.assign(syn, { sourcePort: 40_000, destinationPort: 80, seq, flags: TcpFlag.syn, window: 65_535 })
  Object.assign(syn.options, { mss: 1460, windowScale: 7, sackPermitted: true, hasTimestamp: true, tsVal: 77 }, options)
  return syn
}

/** The ACK that a peer sends for our answer. */
function ackOf(answer: TcpSegment): TcpSegment {
  const ack = new TcpSegment()
  Object.assign(ack, { sourcePort: answer.destinationPort, destinationPort: answer.sourcePort, seq: answer.ack, ack: (answer.seq + 1) >>> 0, flags: TcpFlag.ack, window: 100 })
  Object.assign(ack.options, { hasTimestamp: answer.options.hasTimestamp, tsVal: 99, tsEcr: answer.options.tsVal })
  return ack
}

function answered(syn: TcpSegment, config = {}, nowUs = 1e9): TcpSegment {
  const out = new TcpSegment()
  answerWithCookie(secret, tuple, syn, { ...defaultTcpConfig, ...config }, own, nowUs, out)
  return out
}

const restored = new TcpSegment()
const isRead = (ack: TcpSegment, nowUs = 1e9, change = {}) => readCookie(secret, { ...tuple, ...change }, ack, defaultTcpConfig, nowUs, restored)

describe('SYN cookies', () => {
  it('answer with SYN+ACK that says why, and what both sides can do', () => {
    const answer = answered(synWith())
    expect(answer).toMatchObject({ sourcePort: 80, destinationPort: 40_000, ack: 501, flags: TcpFlag.syn | TcpFlag.ack, window: 65_535, reason: 'synAckCookie' })
    expect([...answer.operands]).toEqual([1460, 65_535, 0, 0])
    expect(answer.options).toMatchObject({ mss: 1460, sackPermitted: true, hasTimestamp: true, tsEcr: 77, windowScale: 3 })
  })

  it('bring back the SYN: MSS in the number, SACK and the shift in the timestamp', () => {
    fc.assert(fc.property(fc.constantFrom(-1, 100, 536, 1300, 1400, 1460, 9000), fc.integer({ min: -1, max: 15 }), fc.boolean(), fc.boolean(), fc.nat(2 ** 40), fc.nat(0xffff_ffff),
      (mss, windowScale, sackPermitted, hasTimestamp, nowUs, seq) => {
        const ack = ackOf(answered(synWith({ mss, windowScale, sackPermitted, hasTimestamp }, seq), {}, nowUs))
        expect(isRead(ack, nowUs)).toBe(true)
        expect(restored).toMatchObject({ sourcePort: 40_000, destinationPort: 80, seq, flags: TcpFlag.syn, payloadLength: 0 })
        const { options } = restored
        expect(options.mss).toBeLessThanOrEqual(mss < 0 ? 536 : mss)
        expect(options.mss).toBeGreaterThanOrEqual(Math.min(mss < 0 ? 536 : mss, 1460) * 0.6)
        expect(options.sackPermitted).toBe(sackPermitted && hasTimestamp)
        expect(options.windowScale).toBe(hasTimestamp ? Math.min(windowScale, 14) : -1)
        expect(options.hasTimestamp).toBe(hasTimestamp)
      }), { numRuns: 300 })
  })

  it('agree on ECN where the SYN asks for it with both flags, and remember it in the timestamp [RFC3168/setup]', () => {
    const asking = (flags: number, options = {}) => Object.assign(synWith(options), { flags: TcpFlag.syn | flags })
    const both = TcpFlag.ece | TcpFlag.cwr
    const flagsOf = (syn: TcpSegment, config = {}) => {
      const answer = answered(syn, config)
      expect(isRead(ackOf(answer))).toBe(true)
      return [answer.flags & both, restored.flags]
    }
    expect(flagsOf(asking(both))).toEqual([TcpFlag.ece, TcpFlag.syn | both])
    expect(restored.options).toMatchObject({ sackPermitted: true, windowScale: 7 })
    expect(flagsOf(asking(both), { ecn: 'off' })).toEqual([0, TcpFlag.syn])
    expect(flagsOf(asking(TcpFlag.ece))).toEqual([0, TcpFlag.syn])
    expect(flagsOf(asking(both, { hasTimestamp: false }))).toEqual([0, TcpFlag.syn])
  })

  it('never put a time into the timestamp that is yet to come', () => {
    for (let nowUs = 1e9; nowUs < 1e9 + 100_000; nowUs += 1000) {
      const { tsVal } = answered(synWith(), {}, nowUs).options
      expect(tsVal).toBeLessThanOrEqual(nowUs / 1000)
      expect(tsVal).toBeGreaterThan(nowUs / 1000 - 64)
    }
  })

  it('hold for one to two counts of their clock', () => {
    const madeUs = 10.5 * cookieCountUs
    const ack = ackOf(answered(synWith(), {}, madeUs))
    const found = [0, 1, 1.4, 1.5, 20, 33].map((counts) => isRead(ack, madeUs + counts * cookieCountUs))
    expect(found).toEqual([true, true, true, false, false, false])
  })

  it('fit one tuple, one ISN of the peer and one secret alone', () => {
    const ack = ackOf(answered(synWith()))
    expect(isRead(ack)).toBe(true)
    expect(isRead(ack, 1e9, { remotePort: 40_001 })).toBe(false)
    expect(isRead(ack, 1e9, { localAddress: 0x0a4d0003 })).toBe(false)
    expect(readCookie(Uint32Array.from([1, 2, 3, 5]), tuple, ack, defaultTcpConfig, 1e9, restored)).toBe(false)
    for (const change of [{ seq: ack.seq + 1 }, { ack: ack.ack + 1 }, { ack: ack.ack ^ 0x0100_0000 }]) expect(isRead(Object.assign(ackOf(answered(synWith())), change))).toBe(false)
  })

  it('are hard to guess: of 100,000 numbers none, or one, is taken', () => {
    let taken = 0
    const ack = ackOf(answered(synWith()))
    for (let i = 0; i < 100_000; i++) {
      ack.ack = (ack.ack & 0xff00_0000 | Math.imul(i, 2_654_435) & 0xff_ffff) >>> 0
      if (isRead(ack)) taken++
    }
    expect(taken).toBeLessThanOrEqual(1)
  })
})
