import { describe, expect, it } from 'vitest'
import { busierSide, graphKinds, graphOf } from '../../../src/graph/graph.ts'
import type { GraphKind } from '../../../src/graph/graph.ts'
import { sheetColumns } from '../../../src/graph/draw-sheet.ts'
import { graphSvg } from '../../../src/graph/graph-svg.ts'
import { viewOf } from '../../../src/graph/view.ts'
import { flowSeries } from '../../../src/trace/series.ts'
import { TraceUnderTest } from '../trace/segments.ts'

const subject = { stream: 0, from: 'a<b', to: '"c"&d', packets: 6, language: 'en' }
const say = (key: string, params?: Readonly<Record<string, string | number>>) => [key, ...Object.values(params ?? {})].join(' ')

function drawn(lines: readonly string[], kind: GraphKind = 'sequence', withLimits = false): string {
  const test = new TraceUnderTest(undefined, withLimits)
  for (const line of lines) test.send(line)
  const [flow] = test.trace.tracker.flows
  const graph = graphOf(kind, flowSeries(test.trace.store, test.trace.tracker, 0), busierSide(flow), test.trace.flowLimits(0))
  return graphSvg(viewOf(graph, 0, graph.duration, sheetColumns), subject, say)
}

const lossy = [
  '@0 c> S 100:100(0) win 1000 <mss 1460>', '@0.1 s> S. 500:500(0) ack 101 win 4000 <mss 1460>', '@0.2 c> . 101:101(0) ack 501 win 1000',
  '@0.3 c> . 101:101(1000) ack 501 win 1000', '@1 c> . 101:101(1000) ack 501 win 1000', '@1.1 s> . 501:501(0) ack 1101 win 4000',
]

describe('graph as SVG', () => {
  it('has a title and a description, with what was written by others escaped', () => {
    const svg = drawn(lossy)
    expect(svg).toContain('<title id="title">title kind.sequence 0 a&#60;b &#34;c&#34;&#38;d</title>')
    expect(svg).toContain('described series.segment 2 0 1001 B')
    expect(svg).toContain('described series.retransmission 1 1 1001 B')
  })

  it('names in its legend what it draws, and nothing else', () => {
    const svg = drawn(lossy)
    for (const label of ['segment', 'retransmission', 'ack', 'windowEdge']) expect(svg).toContain(`>series.${label}`)
    expect(svg).not.toContain('series.sack')
  })

  it('marks a retransmission with a cross where and when it was sent', () => {
    // 1 s of 1.1 s over 902 px; bytes 1 to 1001 of an axis that ends a third above them.
    expect(drawn(lossy)).toMatch(/d="M894 [\d.]+V[\d.]+M891 [\d.]+L897 [\d.]+M897 [\d.]+L891 [\d.]+" stroke="#c4143a"/)
  })

  it('has a lane for what kept the sender back, with a legend and in words', () => {
    const held = [
      ...lossy.slice(0, 3), '@1 c> . 101:1101(1000) ack 501 win 1000', '@1.1 s> . 501:501(0) ack 1101 win 0', '@1.6 s> . 501:501(0) ack 1101 win 4000', '@2 c> P. 1101:1201(100) ack 501 win 1000',
    ]
    const svg = drawn(held, 'sequence', true)
    expect(svg).toContain('describedBand end.client limit.zeroWindow 1 500 ms')
    expect(svg).toContain('>limit.zeroWindow</text>')
    // From 1.1 s to 1.6 s of 2 s over 902 px: uprights, five pixels apart, above the plot.
    const uprights = [...svg.matchAll(/d="([^"]*)" stroke="#8a6d00" stroke-width="1.4"\/>/g)][0][1].split('M').slice(1)
    expect([uprights[0], uprights.at(-1), uprights.length]).toEqual(['575 61V52', '795 61V52', 45])
    expect(drawn(held)).not.toContain('limit.')
    for (const kind of ['rtt', 'window'] as const) expect(drawn(held, kind, true)).not.toContain('limit.')
  })

  it('has a lane for each end of the throughput, told apart by letters', () => {
    const both = [...lossy.slice(0, 4), '@0.5 s> P. 501:601(100) ack 1101 win 4000', '@0.6 c> . 1101:1101(0) ack 601 win 1000', '@0.9 c> P. 1101:1201(100) ack 601 win 1000']
    expect(drawn(both, 'throughput', true)).toMatch(/>C<\/text>\s*<text[^>]*>S<\/text>/)
    expect(drawn(both, 'sequence', true)).not.toMatch(/>[CS]<\/text>/)
  })

  it('says so where there is nothing to draw, and draws a flow of one moment', () => {
    expect(drawn(['@0 c> R 1:1(0) win 0'])).toContain('>empty</text>')
    for (const kind of graphKinds) expect(drawn(lossy.slice(0, 1), kind)).not.toMatch(/NaN|Infinity/)
  })

  it('does not grow with the packets', () => {
    const many = Array.from({ length: 12_000 }, (_, i) => `@${i / 1000} c> . ${1 + i * 10}:1(10) ack 1 win ${1000 + i % 7}`)
    for (const kind of graphKinds) expect(drawn(many, kind).length).toBeLessThan(120_000)
  })
})
