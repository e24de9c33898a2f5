import { describe, expect, it } from 'vitest'
import { ChangeTimes, variables } from '../../../renderer/endpoint/control-block.ts'
import { receiveGauge, sendGauge } from '../../../renderer/endpoint/buffer-gauge.ts'
import { decisionTime, latestDecisions } from '../../../renderer/endpoint/decision-view.ts'
import { receiveBar, scaleOf, sendBar } from '../../../renderer/endpoint/sequence-space.ts'
import { edges, movesWithoutPlace } from '../../../renderer/endpoint/state-diagram.ts'
import { walkedMoves } from '../../../renderer/endpoint/walked-moves.ts'
import type { Decision } from '../../../src/rpc/host-contract.ts'
import { createTcpSnapshot } from '../../../src/tcp/snapshot.ts'
import type { TcpSnapshot } from '../../../src/tcp/snapshot.ts'

const tcb = (values: Partial<TcpSnapshot>): TcpSnapshot => ({ ...createTcpSnapshot(), ...values })

describe('sequence space', () => {
  it('draws acknowledged, in flight, room and beyond to scale', () => {
    const bar = sendBar(tcb({ iss: 100, sndUna: 1101, sndNxt: 3101, sndWnd: 4000, cwnd: 3000, sndMss: 1000 }))
    expect(bar.spans).toEqual([
      { kind: 'acked', from: -600, to: 0 },
      { kind: 'inFlight', from: 0, to: 2000 },
      { kind: 'room', from: 2000, to: 4000 },
      { kind: 'beyond', from: 4000, to: 4600 },
    ])
    expect(bar.marks.map((mark) => [mark.kind, mark.seq])).toEqual([['sndUna', 1101], ['sndNxt', 3101], ['windowEdge', 5101], ['cwndEdge', 4101]])
  })

  it('sets apart what SACK covers', () => {
    const bar = sendBar(tcb({ iss: 0, sndUna: 1, sndNxt: 4001, sndWnd: 8000, cwnd: 8000, sndMss: 1000, sackedRanges: [{ start: 1001, end: 3001 }] }))
    expect(bar.spans.filter((span) => span.kind === 'inFlight' || span.kind === 'sacked')).toEqual([
      { kind: 'inFlight', from: 0, to: 1000 }, { kind: 'sacked', from: 1000, to: 3000 }, { kind: 'inFlight', from: 3000, to: 4000 },
    ])
  })

  it('survives the wrap of sequence numbers', () => {
    const bar = sendBar(tcb({ iss: 0xffff_fff0, sndUna: 0xffff_fff1, sndNxt: 0x10, sndWnd: 1000, cwnd: 500, sndMss: 100 }))
    expect(bar.spans.find((span) => span.kind === 'inFlight')).toEqual({ kind: 'inFlight', from: 0, to: 31 })
  })

  it('shows holes and out-of-order bytes of the receiver on the sender\'s scale', () => {
    const receiver = tcb({ irs: 0, rcvNxt: 1001, rcvMss: 1000, receiveUnreadBytes: 400, receiveRanges: [{ start: 2001, end: 3001 }], rcvAdvertisedEdge: 5001 })
    const bar = receiveBar(receiver, 501)
    expect(bar.spans.filter((span) => span.kind !== 'read' && span.kind !== 'beyond')).toEqual([
      { kind: 'unread', from: 100, to: 500 },
      { kind: 'hole', from: 500, to: 1500 },
      { kind: 'outOfOrder', from: 1500, to: 2500 },
      { kind: 'free', from: 2500, to: 4500 },
    ])
  })

  it('puts all bars on one scale within the width', () => {
    const sender = sendBar(tcb({ sndUna: 1, sndNxt: 1, sndWnd: 1000, sndMss: 100, cwnd: 100 }))
    const receiver = receiveBar(tcb({ rcvNxt: 1, rcvAdvertisedEdge: 2001, rcvMss: 100 }), 1)
    const place = scaleOf([sender, receiver], 500)
    expect(place(Math.min(sender.from, receiver.from))).toBe(0)
    expect(place(Math.max(sender.to, receiver.to))).toBe(500)
  })
})

describe('buffer gauges', () => {
  it('adds up to the capacity', () => {
    const send = sendGauge(tcb({ sendBufferBytes: 1000, sendUnackedBytes: 300, sendQueuedBytes: 200 }))
    expect(send.parts).toEqual([{ kind: 'inFlight', bytes: 300 }, { kind: 'queued', bytes: 200 }, { kind: 'free', bytes: 500 }])
    const held = { rcvNxt: 50, rcvWnd: 900, receiveRanges: [{ start: 150, end: 250 }], receiveOutOfOrderBytes: 100 }
    const receive = receiveGauge(tcb({ receiveBufferBytes: 1000, receiveUnreadBytes: 100, ...held }))
    expect(receive.parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(1000)
    expect(receive.window).toEqual({ from: 100, to: 1000 })
  })
})

describe('control block', () => {
  it('says how long ago each variable changed', () => {
    const times = new ChangeTimes()
    const sndNxt = variables.findIndex((variable) => variable.name === 'SND.NXT')
    const iss = variables.findIndex((variable) => variable.name === 'ISS')
    times.take(tcb({ sndNxt: 1 }), 1000)
    times.take(tcb({ sndNxt: 2 }), 5000)
    expect(times.agoUs(sndNxt, 6000)).toBe(1000)
    expect(times.agoUs(iss, 6000)).toBe(5000)
  })
})

describe('state diagram', () => {
  it('has a place for every move of the engine\'s table', () => {
    expect(movesWithoutPlace()).toEqual([])
    expect(edges.length).toBeGreaterThan(15)
  })

  it('reads the walked moves from a snapshot\'s path', () => {
    expect(walkedMoves([0, 1, 2, 6, 4])).toEqual([{ from: 0, input: 1, to: 2 }, { from: 2, input: 6, to: 4 }])
    expect(walkedMoves([0])).toEqual([])
  })
})

describe('decision log', () => {
  const decision = (id: number, connection: number): Decision => ({ id, timeUs: id, host: 0, connection, verb: 'sent', reason: 'fin', operands: {}, rfc: '', seq: 0, length: 0, line: null })

  it('lists the newest first, of one connection or all', () => {
    const all = [decision(1, 1), decision(2, 2), decision(3, 1)]
    expect(latestDecisions(all, 1, 10).map((each) => each.id)).toEqual([3, 1])
    expect(latestDecisions(all, null, 2).map((each) => each.id)).toEqual([3, 2])
  })

  it('prints seconds with tenths of a millisecond', () => {
    expect(decisionTime(2_872_830, 0)).toBe('2.872 8')
    expect(decisionTime(0, 5)).toBe('0.000 0')
  })
})
