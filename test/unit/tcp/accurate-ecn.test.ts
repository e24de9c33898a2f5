import { describe, expect, it } from 'vitest'
import { aceOf } from '../../../src/tcp/accurate-ecn.ts'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import type { TcpSegment } from '../../../src/tcp/segment.ts'
import { Ecn } from '../../../src/wire/ipv4.ts'
import { ms, s, TcpTrace } from '../../support/tcp-trace.ts'

const letters = ['', 'E', 'W', 'EW', 'A', 'EA', 'WA', 'EWA'] as const
/** A segment's flags with the field: `flags(3, 'P.')` is `PEW.`. */
const flags = (ace: number, rest: '.' | 'P.') => rest.replace('.', `${letters[ace]}.`)
const acesOf = (segments: readonly TcpSegment[]) => segments.map(({ flags: bits }) => aceOf(bits))
const noOption: Partial<TcpConfig> = { accurateEcnOption: false, delayedAck: false, nagle: false }

function client(config: Partial<TcpConfig> = {}): TcpTrace {
  return new TcpTrace({ config: { accurateEcn: 'on', ...noOption, ...config } }).open()
}

function server(config: Partial<TcpConfig> = {}): TcpTrace {
  return new TcpTrace({ config: { accurateEcn: 'passive', ...noOption, ...config } }).listen()
}

/** Established, as a server: the peer's ACK says that our SYN+ACK came without ECT. */
function talking(config: Partial<TcpConfig> = {}): TcpTrace {
  const t = server(config)
  t.peer.sends('SEWA 0:0(0) win 65535 <mss 1460>').skip()
  t.peer.sends('W. 1:1(0) ack 1 win 65535').skip()
  return t
}

describe('the agreement on accurate ECN', () => {
  it('is asked for with all three flags, and given with what the IP header of the SYN said [RFC9768/syn]', () => {
    client().peer.expects('SEWA 0:0(0) win 65535 <mss 1460>')
    for (const [ecn, answer] of [['', 'SW.'], ['(ect1) ', 'SEW.'], ['(ect0) ', 'SA.'], ['(ce) ', 'SWA.']]) {
      const t = server()
      t.peer.sends(`${ecn}SEWA 0:0(0) win 65535 <mss 1460>`).peer.expects(`${answer} 0:0(0) ack 1 win 65535 <mss 1460>`)
      expect(t.snapshot.accurateEcn.on).toBe(true)
    }
  })

  it('falls back to classic ECN, or to none, as the other side says [RFC9768/fallback]', () => {
    const found = (answer: string) => {
      const t = client()
      t.skip()
      t.peer.sends(`${answer} 0:0(0) ack 1 win 65535 <mss 1460>`).skip()
      const { accurateEcn, ecnOn } = t.snapshot
      return [accurateEcn.on, ecnOn]
    }
    expect(found('SE.')).toEqual([false, true])
    expect(found('S.')).toEqual([false, false])
    expect(found('SEWA.')).toEqual([false, false])
    for (const answer of ['SW.', 'SEW.', 'SA.', 'SWA.']) expect([answer, ...found(answer)]).toEqual([answer, true, false])
    const classic = server({ ecn: 'passive' })
    classic.peer.sends('SEW 0:0(0) win 65535 <mss 1460>').peer.expects('SE. 0:0(0) ack 1 win 65535 <mss 1460>')
    const none = server()
    none.peer.sends('S 0:0(0) win 65535 <mss 1460>').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
  })

  it('takes combinations that mean nothing yet for accurate ECN [RFC9768/forward]', () => {
    for (const syn of ['SE', 'SW', 'SA', 'SEA', 'SWA']) {
      const t = server()
      t.peer.sends(`${syn} 0:0(0) win 65535 <mss 1460>`).peer.expects('SW. 0:0(0) ack 1 win 65535 <mss 1460>')
    }
    const t = client()
    t.skip()
    t.peer.sends('SEA. 0:0(0) ack 1 win 65535 <mss 1460>')
    expect(t.snapshot.accurateEcn.on).toBe(true)
  })

  it('is left as it was entered, and reset where one handshake asks for both kinds [RFC9768/no-switch]', () => {
    const t = server({ ecn: 'passive' })
    t.peer.sends('SEWA 0:0(0) win 65535 <mss 1460>').skip()
    t.peer.sends('S 0:0(0) win 65535 <mss 1460>').skip()
    expect(t.snapshot.accurateEcn.on).toBe(true)
    t.peer.sends('SEW 0:0(0) win 65535 <mss 1460>').peer.expects('R. 0:0(0)! ack 90001 win 0')
    expect(t.state).toBe('LISTEN')
    const classic = server({ ecn: 'passive' })
    classic.peer.sends('SEW 0:0(0) win 65535 <mss 1460>').skip()
    classic.peer.sends('SEWA 0:0(0) win 65535 <mss 1460>').peer.expects('R. 0:0(0)! ack 90001 win 0')
  })

  it('is given up for SYNs that go again, as classic ECN is', () => {
    const t = client({ ecnSyns: 1 })
    t.skip()
    t.at(1 * s).peer.expects('S 0:0(0) win 65535 <mss 1460>')
  })

  it('leaves classic ECN alone where only that is on', () => {
    const t = new TcpTrace({ config: { ecn: 'passive' } }).listen()
    t.peer.sends('SEWA 0:0(0) win 65535 <mss 1460>').peer.expects('SE. 0:0(0) ack 1 win 65535 <mss 1460>')
  })
})

describe('the ACE field', () => {
  it('says on the ACK of the SYN+ACK what the IP header of that one said, and on a segment with data the counter [RFC9768/ace-handshake]', () => {
    for (const [ecn, ace, next] of [['', 2, 5], ['(ect1) ', 3, 5], ['(ect0) ', 4, 5], ['(ce) ', 6, 6]] as const) {
      const t = client()
      t.skip()
      t.peer.sends(`${ecn}SW. 0:0(0) ack 1 win 65535 <mss 1460>`).peer.expects(`${flags(ace, '.')} 1:1(0) ack 1 win 65535`)
      t.write(10)
      t.peer.expects(`${flags(next, 'P.')} 1:11(10) ack 1 win 65535`)
    }
    const t = client()
    t.write(10)
    t.skip()
    t.peer.sends('(ect0) SW. 0:0(0) ack 1 win 65535 <mss 1460>').peer.expects(`${flags(5, 'P.')} 1:11(10) ack 1 win 65535`)
  })

  it('tells the server of a mark on its SYN+ACK, and that zero means that something clears it [RFC9768/ace-handshake] [RFC9768/no-cwr]', () => {
    const after = (ace: number) => {
      const t = server()
      t.peer.sends('SEWA 0:0(0) win 65535 <mss 1460>').skip()
      t.peer.sends(`${flags(ace, '.')} 1:1(0) ack 1 win 65535`)
      t.write(10)
      return [t.snapshot.accurateEcn.sCep, t.skip()[0].ecn]
    }
    expect(after(2)).toEqual([5, Ecn.ect0])
    expect(after(6)).toEqual([6, Ecn.ect0])
    expect(after(0)).toEqual([5, Ecn.notEct])
    // The first segment has data, so its field is the counter already.
    const t = server()
    t.peer.sends('SEWA 0:0(0) win 65535 <mss 1460>').skip()
    t.peer.sends(`${flags(6, 'P.')} 1:11(10) ack 1 win 65535`).skip()
    expect(t.snapshot.accurateEcn.sCep).toBe(6)
  })

  it('counts packets that came with CE, also those without data, from five on [RFC9768/counters] [RFC9768/ace-decode]', () => {
    const t = talking()
    expect(t.snapshot.accurateEcn).toMatchObject({ rCep: 5, rE0b: 1, rCeb: 0, rE1b: 1, sCep: 5 })
    t.peer.sends(`(ect0) ${flags(5, 'P.')} 1:101(100) ack 1 win 65535`).skip()
    t.peer.sends(`(ect1) ${flags(5, 'P.')} 101:151(50) ack 1 win 65535`).skip()
    t.peer.sends(`(ce) ${flags(5, 'P.')} 151:161(10) ack 1 win 65535`)
    expect(acesOf(t.skip())).toEqual([6])
    t.peer.sends(`(ce) ${flags(5, '.')} 161:161(0) ack 1 win 65535`)
    expect(t.snapshot.accurateEcn).toMatchObject({ rCep: 7, rE0b: 101, rCeb: 10, rE1b: 51 })
    t.write(10)
    expect(acesOf(t.skip())).toEqual([7])
  })

  it('is read modulo eight, once a round trip is slowed down by it, and CWR is never said [RFC9768/ace-decode] [RFC9768/no-cwr]', () => {
    const t = talking({ initialWindowSegments: 10 })
    t.write(10 * 1460)
    expect(t.skip().map(({ ecn }) => ecn)).toEqual(Array.from({ length: 10 }, () => Ecn.ect0))
    t.after(10 * ms).peer.sends(`${flags(7, '.')} 1:1(0) ack 2921 win 65535`).skip()
    const { cwnd, ssthresh, accurateEcn } = t.snapshot
    expect([accurateEcn.sCep, ssthresh]).toEqual([7, 7300])
    t.peer.sends(`${flags(1, '.')} 1:1(0) ack 5841 win 65535`).skip()
    expect([t.snapshot.accurateEcn.sCep, t.snapshot.cwnd]).toEqual([9, cwnd])
    t.write(10 * 1460)
    expect(acesOf(t.skip()).every((ace) => ace === 5)).toBe(true)
  })

  it('takes a whole turn for granted where an ACK covers eight packets and more, unless the option says otherwise [RFC9768/ace-decode] [RFC9768/option]', () => {
    const sCepAfter = (option: string) => {
      const t = talking({ initialWindowSegments: 20 })
      t.write(20 * 1460)
      t.skip()
      t.after(10 * ms).peer.sends(`${flags(6, '.')} 1:1(0) ack ${1 + 20 * 1460} win 65535${option}`)
      return t.snapshot.accurateEcn.sCep - 5
    }
    expect(sCepAfter('')).toBe(17)
    expect(sCepAfter(' <ECN e0b 27741 ceb 1460 e1b 1,nop>')).toBe(1)
    expect(sCepAfter(' <ECN e0b 16061 ceb 13140 e1b 1,nop>')).toBe(9)
  })

  it('of an ACK that is older than another says nothing', () => {
    const t = talking({ initialWindowSegments: 10 })
    t.write(10 * 1460)
    t.skip()
    t.peer.sends(`${flags(5, '.')} 1:1(0) ack 2921 win 65535`).skip()
    t.peer.sends(`${flags(1, '.')} 1:1(0) ack 1461 win 65535`).skip()
    expect(t.snapshot.accurateEcn.sCep).toBe(5)
  })

  it('comes soon after CE begins, and after two more marks [RFC9768/ack-triggers]', () => {
    const t = talking({ delayedAck: true, ackEverySegments: 64, quickAckSegments: 0 })
    t.peer.sends(`(ect0) ${flags(5, 'P.')} 1:11(10) ack 1 win 65535`).peer.hearsNothing()
    t.peer.sends(`(ce) ${flags(5, 'P.')} 11:21(10) ack 1 win 65535`).peer.expects(`${flags(6, '.')} 1:1(0) ack 21 win 65515`)
    t.peer.sends(`(ce) ${flags(5, 'P.')} 21:31(10) ack 1 win 65535`).peer.hearsNothing()
    t.peer.sends(`(ce) ${flags(5, 'P.')} 31:41(10) ack 1 win 65535`).peer.expects(`${flags(0, '.')} 1:1(0) ack 41 win 65495`)
    // Of packets without data it takes three.
    for (let i = 0; i < 2; i++) t.peer.sends(`(ce) ${flags(5, '.')} 41:41(0) ack 1 win 65535`).peer.hearsNothing()
    t.peer.sends(`(ce) ${flags(5, '.')} 41:41(0) ack 1 win 65535`).peer.expects(`${flags(3, '.')} 1:1(0) ack 41 win 65495`)
  })
})

describe('the option of accurate ECN', () => {
  it('stands on the SYN+ACK, on the ACK of it, and where a counter of bytes has moved, never on a SYN [RFC9768/option] [RFC9768/no-opt-syn]', () => {
    const t = server({ accurateEcnOption: true })
    t.peer.sends('SEWA 0:0(0) win 65535 <mss 1460,ECN e0b 9 ceb 9 e1b 9,nop>').peer.expects('SW. 0:0(0) ack 1 win 65535 <mss 1460,ECN e1b 1 ceb 0 e0b 1,nop>')
    expect(t.snapshot.accurateEcn.sCeb).toBe(0)
    t.peer.sends('W. 1:1(0) ack 1 win 65535 <ECN e1b 1 ceb 0 e0b 1,nop>')
    t.peer.sends(`(ect0) ${flags(5, 'P.')} 1:101(100) ack 1 win 65535`).peer.expects(`${flags(5, '.')} 1:1(0) ack 101 win 65435 <ECN e1b 1 ceb 0 e0b 101,nop>`)
    t.peer.sends(`${flags(5, 'P.')} 101:111(10) ack 1 win 65535`).peer.expects(`${flags(5, '.')} 1:1(0) ack 111 win 65425`)
    const c = client({ accurateEcnOption: true })
    c.peer.expects('SEWA 0:0(0) win 65535 <mss 1460>')
    c.peer.sends('SW. 0:0(0) ack 1 win 65535 <mss 1460>').peer.expects('W. 1:1(0) ack 1 win 65535 <ECN e1b 1 ceb 0 e0b 1,nop>')
  })

  it('does not stand on a SYN+ACK that goes again [RFC9768/option]', () => {
    const t = server({ accurateEcnOption: true })
    t.peer.sends('SEWA 0:0(0) win 65535 <mss 1460>').skip()
    t.at(1 * s).peer.expects('SW. 0:0(0) ack 1 win 65535 <mss 1460>')
  })

  it('is read in every length that holds a counter [RFC9768/option]', () => {
    const t = talking()
    t.write(1460)
    t.skip()
    t.peer.sends(`${flags(6, '.')} 1:1(0) ack 1461 win 65535 <ECN e0b 1 ceb 1460>`).skip()
    expect(t.snapshot.accurateEcn).toMatchObject({ sCep: 6, sCeb: 1460 })
  })

  it('gives way to SACK blocks, and duplicates are reported beside it [RFC9768/dsack]', () => {
    const t = server({ accurateEcnOption: true, sackPermitted: true })
    t.peer.sends('SEWA 0:0(0) win 65535 <mss 1460,sackOK,nop,nop>').skip()
    t.peer.sends('W. 1:1(0) ack 1 win 65535').skip()
    t.peer.sends(`(ect0) ${flags(5, 'P.')} 1:101(100) ack 1 win 65535`).skip()
    t.peer.sends(`(ect0) ${flags(5, 'P.')} 1:101(100) ack 1 win 65535`).peer.expects(`${flags(5, '.')} 1:1(0) ack 101 win 65435 <nop,nop,sack 1:101>`)
    t.peer.sends(`(ect0) ${flags(5, 'P.')} 101:201(100) ack 1 win 65535`).peer.expects(`${flags(5, '.')} 1:1(0) ack 201 win 65335 <ECN e1b 1 ceb 0 e0b 201,nop>`)
  })
})
