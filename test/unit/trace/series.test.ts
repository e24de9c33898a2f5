import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import { flowSeries } from '../../../src/trace/series.ts'
import type { SackReader } from '../../../src/trace/series.ts'
import type { MinMaxPyramid } from '../../../src/trace/min-max-pyramid.ts'
import { TraceUnderTest } from './segments.ts'

function seriesOf(lines: readonly string[], sackOf?: SackReader) {
  const test = new TraceUnderTest()
  for (const line of lines) test.send(line)
  return flowSeries(test.trace.store, test.trace.tracker, 0, sackOf)
}

/** `seconds low-high` of each bar, or `seconds value` of each point. */
function texts(pyramid: MinMaxPyramid): string[] {
  return Array.from({ length: pyramid.count }, (_, i) => {
    const [time, low, high] = [Number(pyramid.timeAt(i).toFixed(6)), pyramid.lowAt(i), pyramid.highAt(i)]
    return `${time} ${low === high ? Number(low.toFixed(3)) : `${low}-${high}`}`
  })
}

/** The client's numbers wrap in the middle of the transfer; 1000 bytes are lost and sent again. */
const transfer = [
  '@1 c> S 4294966295:4294966295(0) win 1000 <mss 1460,sackOK,wscale 2>',
  '@1.01 s> S. 500:500(0) ack 4294966296 win 2000 <mss 1460,sackOK,wscale 3>',
  '@1.02 c> . 4294966296:4294966296(0) ack 501 win 250',
  '@1.03 c> . 4294966296:0(1000) ack 501 win 250',
  '@1.031 c> . 0:1000(1000) ack 501 win 250',
  '@1.032 c> P. 1000:1500(500) ack 501 win 250',
  '@1.05 s> . 501:501(0) ack 0 win 300',
  '@1.4 c> . 0:1000(1000) ack 501 win 250',
  '@1.42 s> . 501:501(0) ack 1500 win 100',
  '@1.5 c> F. 1500:1500(0) ack 501 win 250',
  '@1.51 s> F. 501:501(0) ack 1501 win 100',
  '@1.52 c> . 1501:1501(0) ack 502 win 250',
]

describe('series of a flow', () => {
  it('segments stand as bars whose numbers do not wrap, retransmissions apart', () => {
    const { fromClient, fromServer } = seriesOf(transfer)
    expect(texts(fromClient.segments)).toEqual(['0 0-1', '0.03 1-1001', '0.031 1001-2001', '0.032 2001-2501', '0.5 2501-2502'])
    expect(texts(fromClient.retransmissions)).toEqual(['0.4 1001-2001'])
    expect(texts(fromServer.segments)).toEqual(['0.01 0-1', '0.51 1-2'])
  })

  it('acknowledgments and window edges of the other end run beside them, scaled behind the SYN', () => {
    const { fromClient, fromServer } = seriesOf(transfer)
    expect(texts(fromClient.acks)).toEqual(['0.01 1', '0.05 1001', '0.42 2501', '0.51 2502'])
    expect(texts(fromClient.windowEdges)).toEqual(['0.01 2001', '0.05 3401', '0.42 3301', '0.51 3302'])
    expect(texts(fromClient.window)).toEqual(['0.01 2000', '0.05 2400', '0.42 800', '0.51 800'])
    expect(texts(fromServer.window).slice(0, 2)).toEqual(['0.02 1000', '0.03 1000'])
    expect(fromClient.isWindowScaleUnseen).toBe(false)
  })

  it('a window whose scale was not captured is said to be so', () => {
    expect(seriesOf(transfer.slice(2)).fromClient).toMatchObject({ isWindowScaleUnseen: true })
  })

  it('RTT samples leave out acknowledgments that waited for a retransmission', () => {
    const { fromClient, fromServer } = seriesOf(transfer)
    expect(texts(fromClient.rtt)).toEqual(['0.01 10', '0.05 20', '0.51 10'])
    expect(texts(fromServer.rtt)).toEqual(['0.02 10', '0.52 10'])
  })

  it('throughput counts repeated bytes, goodput what was acknowledged for the first time', () => {
    const { fromClient } = seriesOf(transfer)
    const bytesOf = (pyramid: MinMaxPyramid) => Math.round(texts(pyramid).reduce((sum, text) => sum + Number(text.split(' ')[1]), 0) * 0.005)
    expect(bytesOf(fromClient.throughput)).toBe(3500)
    expect(bytesOf(fromClient.goodput)).toBe(2500)
  })

  it('SACK blocks come from who can read the bytes; inverted ones and more than four are dropped', () => {
    const sackOf: SackReader = (packet, edges) => {
      if (packet !== 7) return 0
      edges.set([1000, 1500, 900, 100])
      return 2
    }
    expect(texts(seriesOf(transfer, sackOf).fromClient.sackBlocks)).toEqual(['0.05 2001-2501'])
    const lying: SackReader = (_packet, edges) => { edges.fill(7); return 1e9 }
    expect(seriesOf(transfer, lying).fromClient.sackBlocks.count).toBe(0)
  })

  it('acknowledgments alone are followed over wraps where their data was not captured', () => {
    const acks = Array.from({ length: 12 }, (_, i) => `s> . 1:1(0) ack ${(i * 1_000_000_000) % 2 ** 32} win 100`)
    const { fromClient } = seriesOf(acks)
    expect(fromClient.acks.highAt(11) - fromClient.acks.highAt(0)).toBe(11e9)
  })

  it('random segments at random times give series within bounds', () => {
    const random = new Random(4)
    const test = new TraceUnderTest()
    const count = 500
    for (let i = 0; i < count; i++) {
      const flags = ['S', 'S.', '.', 'P.', 'F.', 'R', 'R.'][random.nextBelow(7)]
      const seq = random.nextBelow(2 ** 32)
      test.send(`@${random.nextBelow(1000)}.5 ${random.nextBelow(2) === 0 ? 'c' : 's'}> ${flags} ${seq}:${seq}(${random.nextBelow(100)}) ack ${random.nextBelow(2 ** 32)} win ${random.nextBelow(65_536)}`)
    }
    for (const { number } of test.trace.tracker.flows) {
      const series = flowSeries(test.trace.store, test.trace.tracker, number, (_packet, edges) => { edges.fill(random.nextBelow(2 ** 32)); return 4 })
      for (const direction of [series.fromClient, series.fromServer]) {
        for (const pyramid of Object.values(direction)) {
          if (typeof pyramid === 'boolean') continue
          expect(pyramid.count).toBeLessThanOrEqual(4 * count)
          for (let i = 0; i < pyramid.count; i++) {
            expect(pyramid.lowAt(i) <= pyramid.highAt(i) && Number.isFinite(pyramid.highAt(i)) && Number.isFinite(pyramid.timeAt(i))).toBe(true)
            if (i > 0) expect(pyramid.timeAt(i)).toBeGreaterThanOrEqual(pyramid.timeAt(i - 1))
          }
        }
      }
    }
  })
})
