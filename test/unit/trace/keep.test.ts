import { describe, expect, it } from 'vitest'
import { FrameBatch } from '../../../src/link/frame-batch.ts'
import { keepOf } from '../../../main/cli/options.ts'
import type { Keep } from '../../../src/rpc/contract.ts'
import { PacketList } from '../../../src/trace/packet-list.ts'
import { PacketStore } from '../../../src/trace/packet-store.ts'
import { CaptureStatistics } from '../../../src/trace/statistics/capture-statistics.ts'
import { Trace } from '../../../src/trace/trace.ts'
import { nastySegments } from '../../support/nasty-segments.ts'
import type { TimedFrame } from '../../support/nasty-segments.ts'
import { TraceUnderTest, segment } from './segments.ts'

const startSec = 1_700_000_000

function batchOf(timed: readonly TimedFrame[]): FrameBatch {
  const batch = new FrameBatch(timed.length, new Uint8Array(timed.reduce((sum, { bytes }) => sum + bytes.length, 0)))
  let at = 0
  for (const { timeNs, bytes } of timed) {
    batch.bytes.set(bytes, at)
    const sec = Math.floor(timeNs / 1e9)
    batch.add(at, bytes.length, bytes.length, startSec + sec, timeNs - sec * 1e9, 0)
    at += bytes.length
  }
  return batch
}

function fed(keep: Keep, frames: readonly TimedFrame[], each = 50): { trace: Trace, statistics: CaptureStatistics } {
  const trace = new Trace({ insights: true })
  const statistics = new CaptureStatistics()
  trace.keep = keep
  for (let from = 0; from < frames.length; from += each) {
    const batch = batchOf(frames.slice(from, from + each))
    const first = trace.packetCount
    trace.append(batch, 1, null)
    statistics.take(batch, 1, trace, first)
    const left = trace.trim()
    if (left !== null) statistics.forget(left, trace.firstKeptTime)
  }
  return { trace, statistics }
}

const noBytes = () => null
const all: Keep = { kind: 'all', limit: 0 }
const frames = nastySegments({ seed: 7, streams: 400, segments: 40 })
/** Twenty conversations at a time, a millisecond from packet to packet. */
const mixed = zipped(frames, 20).map((frame, i) => ({ ...frame, timeNs: i * 1e6 }))

function zipped(timed: readonly TimedFrame[], lanes: number): TimedFrame[] {
  const each = Math.ceil(timed.length / lanes)
  return Array.from({ length: each * lanes }, (_, i) => timed[(i % lanes) * each + Math.floor(i / lanes)]).filter(Boolean)
}

describe('a trace that keeps the latest packets', () => {
  it.each<Keep>([{ kind: 'packets', limit: 1000 }, { kind: 'packets', limit: 37 }, { kind: 'bytes', limit: 100_000 }, { kind: 'minutes', limit: 0.02 }])('has the rows of a whole trace over what it keeps: %o', (keep) => {
    const whole = fed(all, mixed).trace
    const { trace } = fed(keep, mixed)
    expect(trace.packetsLeft).toBeGreaterThan(0)
    expect(trace.packetCount).toBe(whole.packetCount)
    let compared = 0
    for (let from = 0; from < trace.packetCount - trace.packetsLeft; from += 500) {
      const own = trace.rows({ from, count: 500 }, noBytes).rows
      const theirs = whole.rows({ from: trace.packetsLeft + from, count: 500 }, noBytes).rows
      // A connection that is over leaves with its last packet: what comes behind is another one.
      const strip = ({ flow: _flow, tcp, ...row }: typeof own[number]) => ({ ...row, seq: tcp?.seq, ack: tcp?.ack, length: tcp?.length, window: tcp?.window })
      expect(own.map(strip)).toEqual(theirs.map(strip))
      compared += own.length
    }
    expect(compared).toBe(trace.packetCount - trace.packetsLeft)
  })

  it('keeps what was asked and at most a quarter more', () => {
    const { trace } = fed({ kind: 'packets', limit: 400 }, mixed, 1)
    expect(trace.packetCount - trace.packetsLeft).toBeGreaterThanOrEqual(400)
    expect(trace.packetCount - trace.packetsLeft).toBeLessThanOrEqual(500)
    const bytes = fed({ kind: 'bytes', limit: 50_000 }, mixed, 1).trace
    let kept = 0
    for (let number = bytes.packetsLeft + 1; number <= bytes.packetCount; number++) kept += bytes.packet(number, noBytes)!.row.capturedLength
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThanOrEqual(62_500)
  })

  it('has states, findings, proofs and counts of connections that go on as a whole trace has them', () => {
    const open = mixed.filter(({ bytes }) => (bytes[47] & 0x05) === 0)
    const whole = fed(all, open).trace
    const { trace } = fed({ kind: 'packets', limit: 500 }, open)
    let findings = 0
    for (let number = trace.packetsLeft + 1; number <= trace.packetCount; number++) {
      const [own, theirs] = [trace.packet(number, noBytes)!, whole.packet(number, noBytes)!]
      expect({ ...own.row, flow: 0 }).toEqual({ ...theirs.row, flow: 0 })
      expect(own.proofs).toEqual(theirs.proofs)
      expect(trace.packetInsights(number)).toEqual(whole.packetInsights(number))
      expect({ ...trace.flowInsights(own.flow), flow: 0 }).toEqual({ ...whole.flowInsights(theirs.flow), flow: 0 })
      expect({ ...trace.flowRow(own.flow), flow: 0 }).toEqual({ ...whole.flowRow(theirs.flow), flow: 0 })
      expect(trace.findRow(number, own.flow)).toBeGreaterThanOrEqual(0)
      findings += own.proofs.length
    }
    expect(findings).toBeGreaterThan(100)
  })

  it('answers for packets that have left that they are not there', () => {
    const { trace } = fed({ kind: 'packets', limit: 100 }, mixed)
    const gone = trace.packetsLeft
    expect(trace.packet(gone, noBytes)).toBeNull()
    expect(trace.findRow(gone)).toBe(-1)
    expect(trace.packet(gone + 1, noBytes)!.row.number).toBe(gone + 1)
    expect(trace.findRow(gone + 1)).toBe(0)
    expect(trace.rows({ from: 0, count: 1 }, noBytes)).toMatchObject({ total: trace.packetCount - gone, rows: [{ number: gone + 1 }] })
  })

  it('forgets closed connections with their last packet and gives their numbers to later ones', () => {
    const test = new TraceUnderTest()
    test.trace.keep = { kind: 'packets', limit: 8 }
    const tuple = (client: number) => ({ clientIp: 0x0a4d0002, clientPort: client, serverIp: 0x0a4d0050, serverPort: 80 })
    const left: number[] = []
    for (let port = 1000; port < 1200; port++) {
      for (const line of ['c> S 100:100(0)', 's> S. 300:300(0) ack 101', 'c> . 101:101(0) ack 301', 'c> R. 101:101(0) ack 301']) test.send(line, tuple(port))
      left.push(...test.trace.trim() ?? [])
    }
    expect(test.trace.flowCount + test.trace.tracker.flowsLeft).toBe(200)
    expect(test.trace.flowCount).toBeLessThanOrEqual(4)
    expect(test.trace.tracker.flows.length).toBeLessThanOrEqual(12)
    expect(left.length).toBe(test.trace.tracker.flowsLeft)
    const page = test.trace.flowPage(0, 50)
    expect(page.total).toBe(test.trace.flowCount)
    expect(page.flows.map(({ client }) => client.port).sort()).toEqual(Array.from({ length: page.total }, (_, i) => 1200 - page.total + i))
  })

  it('remembers a connection that is open, and the window scale of its SYN, though no packet of it is left', () => {
    const test = new TraceUnderTest()
    test.trace.keep = { kind: 'packets', limit: 8 }
    for (const line of ['c> S 100:100(0) <wscale 7>', 's> S. 300:300(0) ack 101 <wscale 5>', 'c> . 101:101(0) ack 301 win 10']) test.send(line)
    const other = { clientIp: 0x0a4d0003, clientPort: 5, serverIp: 0x0a4d0050, serverPort: 80 }
    for (let i = 0; i < 40; i++) {
      test.send(`c> . ${i}:${i}(1) ack 1`, other)
      test.trace.trim()
    }
    expect(test.trace.rows({ from: 0, count: 1, flow: 0 }, test.bytesOf).total).toBe(0)
    test.send('c> . 101:101(5) ack 301 win 10')
    const row = test.trace.packet(test.trace.packetCount, test.bytesOf)!.row
    expect(row.flow).toBe(0)
    expect(row.tcp).toMatchObject({ scaledWindow: 1280, state: 4 })
  })

  it('lets nothing leave while somebody holds it', () => {
    const test = new TraceUnderTest()
    test.trace.keep = { kind: 'packets', limit: 4 }
    const release = test.trace.hold()
    for (let i = 0; i < 20; i++) test.send(`c> . ${i}:${i}(1) ack 1`)
    expect(test.trace.trim()).toBeNull()
    release()
    expect(test.trace.trim()).not.toBeNull()
    expect(test.trace.packetCount - test.trace.packetsLeft).toBe(4)
  })

  it('stays small: chunks, tuples, addresses, proofs and pairs of what has left go', () => {
    const tuple = (i: number) => ({ clientIp: 0x0b000000 + i, clientPort: 1024 + i % 50_000, serverIp: 0x0a4d0050, serverPort: 80 })
    const flood = Array.from({ length: 10_000 }, (_, i) => [segment('c> S 100:100(0)', tuple(i)), segment('s> R. 0:0(0) ack 101', tuple(i))]).flat()
      .map(({ frame }, i) => ({ timeNs: i * 1e6, bytes: frame }))
    const { trace, statistics } = fed({ kind: 'packets', limit: 1000 }, flood, 500)
    expect(trace.flowCount).toBeLessThan(2000)
    expect(trace.tracker.flows.length).toBeLessThan(4000)
    expect(trace.tracker.addresses.count).toBeLessThan(9000)
    expect(statistics.packets).toBe(20_000)
    expect(statistics.pairs.tcp.used).toBe(trace.flowCount)
    expect(statistics.pairs.tcp.count).toBeLessThan(4000)
    expect(statistics.pairs.ipv4.count).toBeLessThan(9000)
    expect(statistics.pairs.ipv4.used + statistics.pairsLeft - trace.tracker.flowsLeft).toBe(10_000)
  })
})

describe('a packet list whose first packets leave', () => {
  it('answers as an array does', () => {
    const list = new PacketList()
    let model: number[] = []
    for (let i = 1; i <= 30_000; i++) {
      list.push(3 * i)
      model.push(3 * i)
      if (i % 1717 !== 0) continue
      const before = model[Math.floor(model.length / 2)] + 1
      list.leaveBefore(before)
      model = model.filter((packet) => packet >= before)
      expect(list.length).toBe(model.length)
      for (const position of [0, 1, 7, 8, 9, model.length >>> 1, model.length - 1]) expect(list.at(position)).toBe(model[position])
      expect(list.indexOf(before - 2)).toBe(model.indexOf(before - 2))
      expect(list.indexOf(model[5])).toBe(5)
    }
    list.leaveBefore(Infinity)
    expect(list.length).toBe(0)
    list.push(100_000)
    expect([list.at(0), list.length, list.last]).toEqual([100_000, 1, 100_000])
  })
})

describe('a packet store whose first chunks leave', () => {
  it('gives their room back and keeps the time of the very first packet', () => {
    const store = new PacketStore()
    const column = (value: number) => new Uint32Array(150_000).fill(value)
    const times = { count: 150_000, capturedLength: column(60), originalLength: column(60), timeSec: column(9), timeNsec: column(0), direction: new Uint8Array(150_000) }
    store.prepare(times, 1, null)
    store.count = 150_000
    const whole = store.bytes
    expect(store.leaveBefore(140_000)).toBe(140_000 * 60)
    expect(store.bytes).toBeLessThan(whole / 2)
    expect([store.has(139_999), store.has(140_000), store.secondOf(0)]).toEqual([false, true, 9])
  })
})

describe('a bound on the command line', () => {
  it('is all, or a kind and a whole number above zero', () => {
    expect(keepOf('all')).toEqual({ kind: 'all', limit: 0 })
    expect(keepOf('packets:1000000')).toEqual({ kind: 'packets', limit: 1_000_000 })
    expect(keepOf('minutes:10')).toEqual({ kind: 'minutes', limit: 10 })
    for (const text of ['', 'packets', 'packets:0', 'packets:-1', 'hours:2', 'bytes:1.5', 'bytes:10M']) expect(keepOf(text)).toBeNull()
  })
})
