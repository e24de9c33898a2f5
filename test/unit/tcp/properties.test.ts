import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import { ReceiveBuffer } from '../../../src/tcp/receive-buffer.ts'
import { SendRing } from '../../../src/tcp/send-ring.ts'
import { seqAdd, seqDiff, seqGe, seqGt, seqLe, seqLt, seqMax, seqMin } from '../../../src/tcp/seq.ts'
import { TcpSegment } from '../../../src/tcp/segment.ts'
import { TcpState, tcpStateNames } from '../../../src/tcp/state.ts'
import type { TcpStateKey } from '../../../src/tcp/state.ts'
import { expectInvariants, traceIn } from '../../support/tcp-states.ts'
import { payloadOf, TcpPair } from '../../support/tcp-pair.ts'
import type { TcpTrace } from '../../support/tcp-trace.ts'

const runs = { seed: 20_260, endOnFailure: true }

describe('sequence numbers', () => {
  it('compare by signed distance, also across the wrap [RFC9293/seq-modulo]', () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
    fc.assert(fc.property(u32, fc.integer({ min: 1, max: 0x7fff_ffff }), (a, distance) => {
      const b = seqAdd(a, distance)
      expect(b).toBe(Number((BigInt(a) + BigInt(distance)) & 0xffff_ffffn))
      expect([seqLt(a, b), seqLe(a, b), seqGt(b, a), seqGe(b, a), seqGt(a, b), seqLt(a, a), seqLe(a, a), seqGe(a, a)]).toEqual([true, true, true, true, false, false, true, true])
      expect([seqDiff(b, a), seqDiff(a, b), seqMax(a, b), seqMin(a, b), seqAdd(b, -distance)]).toEqual([distance, -distance, b, a, a])
    }), runs)
  })
})

describe('the receive buffer', () => {
  it('reassembles like an array of bytes', () => {
    const step = fc.record({
      offset: fc.integer({ min: 0, max: 300 }), length: fc.integer({ min: 0, max: 80 }), read: fc.integer({ min: 0, max: 100 }), limit: fc.constantFrom(0, 0, 0, 256, 400),
    })
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const buffer = new ReceiveBuffer(256)
      const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff)
      const has = new Set<number>()
      let whole = 0
      let readTo = 0
      for (const { offset, length, read, limit } of steps) {
        if (limit > 0) buffer.setLimit(limit)
        const start = whole + (offset > 200 ? 0 : offset)
        const fits = Math.max(0, Math.min(length, readTo + 256 - start))
        if (buffer.store(start, bytes, start, fits)) for (let i = 0; i < fits; i++) has.add(start + i)
        while (has.has(whole)) whole++
        expect(buffer.nextOffset).toBe(whole)
        expect(buffer.outOfOrderBytes()).toBe([...has].filter((place) => place >= whole).length)
        const into = new Uint8Array(read)
        const taken = buffer.read(into, 0, read)
        expect(taken).toBe(Math.min(read, whole - readTo))
        expect(into.subarray(0, taken)).toEqual(bytes.subarray(readTo, readTo + taken))
        readTo += taken
        expect(buffer.unread()).toBe(whole - readTo)
      }
    }), { ...runs, numRuns: 300 })
  })
})

describe('the send ring', () => {
  it('gives back what was written, wherever it wraps', () => {
    const step = fc.record({ write: fc.integer({ min: 0, max: 70 }), ack: fc.integer({ min: 0, max: 90 }), from: fc.nat(40), length: fc.nat(60) })
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.array(step, { maxLength: 100 }), (startSeq, steps) => {
      const ring = new SendRing(64, startSeq)
      const segment = new TcpSegment()
      const written: number[] = []
      let acked = 0
      for (const { write, ack, from, length } of steps) {
        const taken = ring.write(Uint8Array.from({ length: write }, (_, i) => (written.length + i) & 0xff), 0, write)
        expect(taken).toBe(Math.min(write, 64 - (written.length - acked)))
        for (let i = 0; i < taken; i++) written.push(written.length & 0xff)
        const at = Math.min(from, ring.length)
        const piece = Math.min(length, ring.length - at)
        if (piece > 0) {
          ring.view(seqAdd(startSeq, acked + at), piece, segment)
          expect([...payloadOf(segment)]).toEqual(written.slice(acked + at, acked + at + piece))
        }
        const freed = ring.discardTo(seqAdd(startSeq, acked + ack))
        expect(freed).toBe(Math.min(ack, written.length - acked))
        acked += freed
        expect(ring.endSeq()).toBe(seqAdd(startSeq, written.length))
      }
    }), { ...runs, numRuns: 300 })
  })
})

describe('two engines over a bad path', () => {
  it('deliver the exact bytes both ways and close, whatever is lost, repeated or overtaken', () => {
    const plan = fc.record({
      seed: fc.nat(), loss: fc.constantFrom(0, 0.02, 0.1, 0.25), duplicate: fc.constantFrom(0, 0.05, 0.3), jitterUs: fc.constantFrom(0, 2000, 50_000),
      up: fc.nat(40_000), down: fc.nat(20_000), isn: fc.constantFrom(0, 1000, 0xffff_f000),
      timestamps: fc.boolean(), sackPermitted: fc.boolean(), windowScaling: fc.boolean(), nagle: fc.boolean(), delayedAck: fc.boolean(),
      receiveBufferBytes: fc.constantFrom(500, 3000, 65_535, 300_000), mss: fc.constantFrom(0, 300),
      proportionalRate: fc.boolean(), rackTlp: fc.boolean(), frto: fc.boolean(), undoSpurious: fc.boolean(), ecn: fc.constantFrom('on' as const, 'off' as const), limitedTransmit: fc.boolean(), dsack: fc.boolean(), hystart: fc.boolean(),
      congestionControl: fc.constantFrom('newReno' as const, 'cubic' as const, 'none' as const),
    })
    fc.assert(fc.property(plan, ({ seed, loss, duplicate, jitterUs, up, down, isn, ...config }) => {
      const dayUs = 86_400_000_000
      const patient = { ...config, dataRetries: 100, synRetries: 100, userTimeoutUs: dayUs }
      const pair = new TcpPair({ seed, path: { delayUs: 5000, jitterUs, loss, duplicate }, clientIsn: isn, serverIsn: isn, config: patient }).establish()
      const marks = new Random(seed)
      pair.filter = (_from, segment) => {
        expect(segment.ecn === 0 || segment.ecn === 2).toBe(true)
        if (segment.ecn === 2 && marks.nextFloat() < 0.1) segment.ecn = 3
        return true
      }
      const sends = [[pair.client, pair.server, up, 7], [pair.server, pair.client, down, 13]] as const
      const wanted = sends.map(([, , length, factor]) => Uint8Array.from({ length }, (_, i) => i * factor + (i >> 8)))
      const left = [0, 0]
      const feed = () => sends.forEach(([from], i) => {
        while (left[i] < wanted[i].length) {
          const taken = from.connection.send(wanted[i], left[i], wanted[i].length - left[i], pair.nowUs)
          if (taken <= 0) return
          left[i] += taken
        }
        from.connection.close(pair.nowUs)
      })
      feed()
      pair.runUntil(() => {
        feed()
        expectInvariants(pair.client.connection, pair.nowUs)
        expectInvariants(pair.server.connection, pair.nowUs)
        return pair.client.connection.state === TcpState.closed && pair.server.connection.state === TcpState.closed
      }, pair.nowUs + dayUs)
      expect(Buffer.compare(Uint8Array.from(pair.server.received), wanted[0])).toBe(0)
      expect(Buffer.compare(Uint8Array.from(pair.client.received), wanted[1])).toBe(0)
      expect([pair.client, pair.server].map(({ connection, events }) => [tcpStateNames[connection.state], events.at(-1)])).toEqual([['CLOSED', 'closed'], ['CLOSED', 'closed']])
    }), { ...runs, numRuns: 300 })
  }, 120_000)
})

describe('the same run twice', () => {
  it('sends the same segments at the same times', () => {
    const run = () => {
      const told: unknown[] = []
      const sink = { decide: (connection: { id: number }, ...rest: unknown[]) => { told.push([connection.id, ...rest]) } }
      const pair = new TcpPair({ seed: 5, path: { delayUs: 5000, jitterUs: 9000, loss: 0.1, duplicate: 0.1 }, sink }).establish()
      pair.client.connection.send(new Uint8Array(50_000), 0, 50_000, pair.nowUs)
      pair.client.connection.close(pair.nowUs)
      pair.runUntil(() => pair.server.events.includes('remoteClosed'))
      pair.server.connection.close(pair.nowUs)
      pair.run()
      return told
    }
    const first = run()
    expect(first.length).toBeGreaterThan(200)
    expect(run()).toEqual(first)
  })
})

describe('garbage', () => {
  const near = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -5000, max: 70_000 }), fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }))
  const edges = fc.array(near, { maxLength: 4 })
  const segment = fc.record({
    kind: fc.constant('segment' as const), seq: near, ack: near, flags: fc.oneof(fc.constantFrom(0x10, 0x18, 0x11, 0x12, 0x02, 0x04), fc.nat(0x1ff)), length: fc.constantFrom(0, 0, 1, 10, 1460, 3000),
    window: fc.oneof(fc.constantFrom(0, 1, 65_535), fc.nat(65_535)), urgent: fc.nat(65_535), hasTimestamp: fc.boolean(), tsVal: near, tsEcr: near, edges,
  })
  const call = fc.record({ kind: fc.constantFrom('write' as const, 'read' as const, 'close' as const, 'abort' as const, 'shrink' as const), size: fc.nat(5000) })
  const wait = fc.record({ kind: fc.constant('wait' as const), us: fc.constantFrom(1, 1000, 200_000, 3_000_000, 100_000_000) })
  const step = fc.oneof({ arbitrary: segment, weight: 8 }, { arbitrary: call, weight: 2 }, { arbitrary: wait, weight: 2 })
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

  function apply(t: TcpTrace, each: Step): void {
    const view = t.snapshot
    switch (each.kind) {
      case 'write': t.write(each.size); return
      case 'read': t.read(each.size); return
      case 'close': if (each.size % 5 === 0) t.close(); return
      case 'abort': if (each.size % 50 === 0) t.abort(); return
      case 'shrink': t.connection.setOption('receiveBufferBytes', 1 + each.size, t.nowUs); return
      case 'wait': t.after(each.us); return
    }
    const incoming = new TcpSegment()
    Object.assign(incoming, {
      sourcePort: t.peerPort, destinationPort: 80, seq: seqAdd(view.rcvNxt, each.seq), ack: seqAdd(each.ack % 2 === 0 ? view.sndUna : view.sndNxt, each.ack), flags: each.flags,
      window: each.window, urgentPointer: each.urgent, ecn: each.urgent >> 8 & 3, payload: new Uint8Array(each.length), payloadLength: each.length,
    })
    Object.assign(incoming.options, {
      hasTimestamp: each.hasTimestamp, tsVal: each.tsVal >>> 0, tsEcr: each.tsEcr >>> 0,
      mss: each.urgent % 3 === 0 ? each.window : -1, windowScale: each.urgent % 20, sackPermitted: each.urgent % 2 === 0, sackCount: each.edges.length >> 1,
    })
    each.edges.forEach((edge, i) => { incoming.options.sackEdges[i] = seqAdd(view.sndUna, edge) })
    t.connection.handleSegment(incoming, t.nowUs)
  }

  it.each(Object.keys(TcpState) as TcpStateKey[])('in %s never throws and keeps what has to hold', (state) => {
    const config = fc.record({
      timestamps: fc.boolean(), sackPermitted: fc.boolean(), windowScaling: fc.boolean(), receiveBufferBytes: fc.constantFrom(1, 100, 65_535, 1 << 20), keepAlive: fc.boolean(),
    })
    fc.assert(fc.property(config, fc.constantFrom(0, 0xffff_ff00), fc.array(step, { maxLength: 60 }), (settings, isn, steps) => {
      const t = traceIn(state, { config: { ...settings, timestamps: settings.timestamps && state === 'synSent' }, isn, peerIsn: isn })
      for (const each of steps) {
        apply(t, each)
        const before = t.sent.length
        t.poll()
        for (const { segment: out } of t.sent.slice(before)) {
          expect(out.reason).not.toBe('')
          expect(out.payloadLength + out.optionLength).toBeLessThanOrEqual(1460)
        }
        expectInvariants(t.connection, t.nowUs)
        t.skip()
      }
    }), { ...runs, numRuns: 150 })
  })
})
