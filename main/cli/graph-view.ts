import { busierSide, graphOf } from '../../src/graph/graph.ts'
import type { GraphKind, Side } from '../../src/graph/graph.ts'
import { sheetColumns } from '../../src/graph/draw-sheet.ts'
import { graphSvg } from '../../src/graph/graph-svg.ts'
import { viewOf } from '../../src/graph/view.ts'
import { Protocol } from '../../src/trace/packet-store.ts'
import { flowSeries } from '../../src/trace/series.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { BatchFrames } from '../files/batch-frames.ts'
import { SackBlocks } from '../files/sack-blocks.ts'
import type { View } from './analyze.ts'
import { UsageError } from './failure.ts'
import type { Words } from './words.ts'
import { writeWhole } from './write-whole.ts'

/** @property svg,png files to draw into; one at least */
export interface GraphRequest { stream: number, svg?: string, png?: string, kind: GraphKind, sender: Side | null }

/** Draws one stream into a file once everything is read; a display filter does not change what a stream is. */
export function graphView(trace: Trace, { stream, svg, png, kind, sender }: GraphRequest, words: Words): View {
  const frames = new BatchFrames(trace)
  const sacks = new SackBlocks()
  return {
    take(batch, _reader, first) {
      if (kind !== 'sequence') return
      const view = frames.viewOf(batch, first)
      for (let i = first; i < first + batch.count; i++) {
        view.moveTo(i)
        if (view.record.protocol === Protocol.tcp && view.flow?.stream === stream) sacks.take(view)
      }
    },
    async end() {
      const streams = trace.tracker.flows.filter(({ protocol }) => protocol === Protocol.tcp)
      const flow = streams.at(stream)
      if (flow === undefined) throw new UsageError('noStream', { stream, count: streams.length })
      const { client, server } = trace.flowRow(flow.number)
      const from = sender ?? busierSide({ client, server })
      const series = flowSeries(trace.store, trace.tracker, flow.number, sacks.read)
      const [source, destination] = kind === 'sequence' && from === 'server' ? [server, client] : [client, server]
      const subject = { stream, from: endText(source), to: endText(destination), packets: flow.packets.length, language: words.language }
      const picture = graphSvg(viewOf(graphOf(kind, series, from, trace.flowLimits(flow.number)), 0, series.duration, sheetColumns), subject, (key, params) => words(`graph.${key}`, params))
      if (svg !== undefined) writeWhole(svg, picture)
      if (png !== undefined) writeWhole(png, await (await import('../files/png-picture.ts')).pngOf(picture))
    },
  }
}

function endText({ address, port }: { address: string, port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
