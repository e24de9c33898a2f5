import type { MinMaxPyramid } from '../trace/min-max-pyramid.ts'
import type { DirectionSeries } from '../trace/direction-series.ts'
import type { FlowSeries } from '../trace/series.ts'
import type { FlowLimits, LimitedSpan } from '../trace/insight/insight-views.ts'

export const graphKinds = ['sequence', 'throughput', 'rtt', 'window'] as const
export type GraphKind = typeof graphKinds[number]
export const sides = ['client', 'server'] as const
export type Side = typeof sides[number]

/** What a colour stands for; which colour it is, the palette of the picture says. */
export type Hue = 'client' | 'server' | 'sent' | 'repeated' | 'late' | 'ack' | 'edge' | 'sack'

/** How a series is drawn. Colours never stand alone: each has a shape or a line style of its own. */
export type Mark = 'bar' | 'crossBar' | 'diamondBar' | 'bracket' | 'step' | 'dashedStep' | 'dottedStep' | 'dashDotStep' | 'longDashStep' | 'wideDotStep' | 'circle' | 'triangle'

export interface Layer {
  /** Words of `graph.series` and their parameters. */
  label: string
  series: MinMaxPyramid
  mark: Mark
  hue: Hue
  /** Does not make the axis longer: it may lie above what is shown. */
  isBeside?: true
}

/** When what kept an end from sending more. */
export interface Band { side: Side, spans: readonly LimitedSpan[] }

export interface Graph {
  kind: GraphKind
  duration: number
  layers: readonly Layer[]
  bands: readonly Band[]
  /** Words of `graph.note`, if there is something to know. */
  note: string | null
}

/** Congestion window and slow start threshold of an end that is an engine of ours. */
export interface CongestionLayers { cwnd: MinMaxPyramid, ssthresh: MinMaxPyramid }
export type EndsCongestion = Readonly<Record<Side, CongestionLayers | null>>

/**
 * @param sender whose data the sequence graph shows
 * @param limits what kept the ends from sending, where that is known
 */
export function graphOf(
  kind: GraphKind, { duration, fromClient, fromServer }: FlowSeries, sender: Side, limits: FlowLimits | null = null, congestion: EndsCongestion = { client: null, server: null },
): Graph {
  const sent = sender === 'client' ? fromClient : fromServer
  switch (kind) {
    case 'sequence': return { kind, duration, layers: sequenceLayers(sent), bands: bandsOf(limits, [sender]), note: sent.isWindowScaleUnseen ? 'unscaled' : null }
    case 'throughput': return { kind, duration, layers: rateLayers(fromClient, fromServer), bands: bandsOf(limits, sides), note: null }
    case 'rtt': return {
      kind, duration, note: null, bands: [],
      layers: [
        { label: 'rttOfClient', series: fromClient.rtt, mark: 'circle', hue: 'client' },
        { label: 'rttOfServer', series: fromServer.rtt, mark: 'triangle', hue: 'server' },
      ],
    }
    case 'window': return {
      kind, duration, bands: [], note: fromClient.isWindowScaleUnseen || fromServer.isWindowScaleUnseen ? 'unscaled' : null,
      layers: [...windowLayers(fromClient, fromServer), ...congestionLayers(congestion)],
    }
  }
}

function bandsOf(limits: FlowLimits | null, ends: readonly Side[]): Band[] {
  return limits === null ? [] : ends.map((side) => ({ side, spans: limits[side] })).filter(({ spans }) => spans.length > 0)
}

/** Who sent more payload, which is whose graph says more. */
export function busierSide({ client, server }: { client: { bytes: number }, server: { bytes: number } }): Side {
  return server.bytes > client.bytes ? 'server' : 'client'
}

function sequenceLayers(sent: DirectionSeries): Layer[] {
  return [
    { label: 'windowEdge', series: sent.windowEdges, mark: 'dashedStep', hue: 'edge', isBeside: true },
    { label: 'ack', series: sent.acks, mark: 'step', hue: 'ack' },
    { label: 'sack', series: sent.sackBlocks, mark: 'bracket', hue: 'sack' },
    { label: 'segment', series: sent.segments, mark: 'bar', hue: 'sent' },
    { label: 'outOfOrder', series: sent.outOfOrder, mark: 'diamondBar', hue: 'late' },
    { label: 'retransmission', series: sent.retransmissions, mark: 'crossBar', hue: 'repeated' },
  ]
}

function rateLayers(fromClient: DirectionSeries, fromServer: DirectionSeries): Layer[] {
  return [
    { label: 'throughputOfClient', series: fromClient.throughput, mark: 'step', hue: 'client' },
    { label: 'goodputOfClient', series: fromClient.goodput, mark: 'dashedStep', hue: 'client' },
    { label: 'throughputOfServer', series: fromServer.throughput, mark: 'dashDotStep', hue: 'server' },
    { label: 'goodputOfServer', series: fromServer.goodput, mark: 'dottedStep', hue: 'server' },
  ]
}

function windowLayers(fromClient: DirectionSeries, fromServer: DirectionSeries): Layer[] {
  return [
    { label: 'windowOfClient', series: fromServer.window, mark: 'step', hue: 'client' },
    { label: 'windowOfServer', series: fromClient.window, mark: 'dashedStep', hue: 'server' },
    { label: 'flightOfClient', series: fromClient.bytesInFlight, mark: 'circle', hue: 'client' },
    { label: 'flightOfServer', series: fromServer.bytesInFlight, mark: 'triangle', hue: 'server' },
  ]
}

function congestionLayers({ client, server }: EndsCongestion): Layer[] {
  return [
    ...client === null ? [] : [
      { label: 'cwndOfClient', series: client.cwnd, mark: 'dottedStep', hue: 'client' }, { label: 'ssthreshOfClient', series: client.ssthresh, mark: 'dashDotStep', hue: 'client', isBeside: true },
    ] as const,
    ...server === null ? [] : [
      { label: 'cwndOfServer', series: server.cwnd, mark: 'wideDotStep', hue: 'server' }, { label: 'ssthreshOfServer', series: server.ssthresh, mark: 'longDashStep', hue: 'server', isBeside: true },
    ] as const,
  ]
}
