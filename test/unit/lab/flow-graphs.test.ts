import { describe, expect, it } from 'vitest'
import { FaultError } from '../../../src/base/fault.ts'
import { PacketView } from '../../../src/filter/packet-view.ts'
import { graphOf } from '../../../src/graph/graph.ts'
import { viewOf } from '../../../src/graph/view.ts'
import { flowSeries } from '../../../src/trace/series.ts'
import { FlowGraphs } from '../../../main/lab/flow-graphs.ts'
import { SackOptions } from '../../../main/files/sack-options.ts'
import { simulatedCapture } from '../../support/simulated-capture.ts'
import { TraceUnderTest } from '../trace/segments.ts'

const lossy = simulatedCapture({ seed: 4, impair: { lossRate: 0.05, delayUs: 10_000, rateBitsPerSecond: 20e6 }, seenBy: 'client', transfers: 1, bytes: 400_000 })

function traceOf(frames: readonly { timeNs: number, bytes: Uint8Array }[], test = new TraceUnderTest()): TraceUnderTest {
  for (const { bytes, timeNs } of frames) test.add(bytes, timeNs / 1e9)
  return test
}

const flowOf = ({ trace }: TraceUnderTest) => trace.tracker.flows.findIndex(({ server }) => server.port === 7)
const everything = 1e9
const frozen = () => 0

describe('graphs of a flow that is looked at', () => {
  const test = traceOf(lossy)
  const flow = flowOf(test)

  it('show what a reading of all packets shows, though bytes are read back only of packets that have room for SACK blocks', () => {
    let reads = 0
    const graphs = new FlowGraphs(test.trace, (offset, length) => { reads++; return test.bytesOf(offset, length) })
    const { view, taken, total } = graphs.answer({ flow, kind: 'sequence', sender: 'client', columns: 500 }, frozen, everything)
    const packets = new PacketView(test.trace, (_index, record) => test.bytesOf(record.fileOffset, record.capturedLength))
    const sacks = new SackOptions()
    const series = flowSeries(test.trace.store, test.trace.tracker, flow, (packet, edges) => {
      packets.moveTo(packet - 1)
      const found = sacks.of(packets)
      edges.set(found)
      return found.length / 2
    })
    expect(view).toEqual(viewOf(graphOf('sequence', series, 'client'), 0, series.duration, 500))
    expect(view.layers.find(({ label }) => label === 'sack')!.count).toBeGreaterThan(50)
    expect(taken).toBe(total)
    expect(reads).toBeLessThan(total / 2)
  })

  it('come piece by piece where time is short, and in the end are the same', () => {
    let now = 0
    const graphs = new FlowGraphs(test.trace, test.bytesOf)
    const ask = () => graphs.answer({ flow, kind: 'window', columns: 300 }, () => now++, 1)
    const first = ask()
    expect(first.taken).toBeLessThan(first.total)
    let answer = first
    for (let round = 0; answer.taken < answer.total; round++) {
      expect(round).toBeLessThan(100)
      answer = ask()
    }
    expect(answer.view).toEqual(new FlowGraphs(test.trace, test.bytesOf).answer({ flow, kind: 'window', columns: 300 }, frozen, everything).view)
  })

  it('grow with the capture, and begin again when the window scale becomes known', () => {
    const growing = traceOf(lossy.slice(0, 3))
    const number = growing.trace.tracker.flows.length
    growing.send('@20 c> S 100:100(0) win 1000 <mss 1460,sackOK,wscale 2>')
    const graphs = new FlowGraphs(growing.trace, growing.bytesOf)
    const ask = () => graphs.answer({ flow: number, kind: 'window', columns: 300 }, frozen, everything)
    ask()
    growing.send('@20.01 s> S. 500:500(0) ack 101 win 2000 <mss 1460,sackOK,wscale 3>')
    growing.send('@20.02 c> . 101:101(0) ack 501 win 250')
    const { view, taken } = ask()
    expect(taken).toBe(3)
    expect([...view.layers.find(({ label }) => label === 'windowOfClient')!.entries.last]).toEqual([1000])
  })

  it('show a span of time with the lines that pass through it', () => {
    const graphs = new FlowGraphs(test.trace, test.bytesOf)
    const { view } = graphs.answer({ flow, kind: 'sequence', sender: 'client', from: 0.1, to: 0.12, columns: 100 }, frozen, everything)
    const acks = view.layers.find(({ label }) => label === 'ack')!.entries
    expect(acks.from[0]).toBeLessThan(0.1)
    expect(acks.to[acks.count - 1]).toBeGreaterThan(0.12)
    for (const { label, entries } of view.layers) if (label === 'segment') expect([...entries.from].every((time) => time >= 0.1 && time <= 0.12)).toBe(true)
  })

  it('know the packet of every mark', () => {
    const graphs = new FlowGraphs(test.trace, test.bytesOf)
    const { view } = graphs.answer({ flow, kind: 'sequence', sender: 'client', columns: 4096 }, frozen, everything)
    const { entries } = view.layers.find(({ label }) => label === 'retransmission')!
    expect(entries.count).toBeGreaterThan(0)
    for (const packet of entries.packet) expect(test.row(packet).tcp!.retransmission).toBe(true)
  })

  it('of what is no TCP flow are refused', () => {
    const graphs = new FlowGraphs(test.trace, test.bytesOf)
    for (const wrong of [99, 1e6]) expect(() => graphs.answer({ flow: wrong, kind: 'rtt', columns: 10 }, frozen, everything)).toThrow(FaultError)
  })
})
