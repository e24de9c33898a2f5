import type { MinMaxPyramid } from '../trace/min-max-pyramid.ts'
import type { DirectionSeries, FlowSeries } from '../trace/series.ts'
import { Units } from './ticks.ts'
import type { Scale } from './ticks.ts'

export const graphKinds = ['sequence', 'throughput', 'rtt', 'window'] as const
export type GraphKind = typeof graphKinds[number]
export type Side = 'client' | 'server'

/** How a series is drawn. Colours never stand alone: each has a shape or a line style of its own. */
export type Mark = 'bar' | 'crossBar' | 'diamondBar' | 'bracket' | 'step' | 'dashedStep' | 'dottedStep' | 'dashDotStep' | 'circle' | 'triangle'

export interface Layer {
  /** Words of `graph.series` and their parameters. */
  label: string
  series: MinMaxPyramid
  mark: Mark
  colour: string
  /** Does not make the axis longer: it may lie above what is shown. */
  isBeside?: true
}

export interface Graph {
  kind: GraphKind
  duration: number
  layers: readonly Layer[]
  unitOf: (most: number) => Scale
  /** Values are multiplied by it before they are shown. */
  factor: number
  /** Words of `graph.note`, if there is something to know. */
  note: string | null
}

const colours = { client: '#0b62b8', server: '#b4530a', sent: '#24425f', repeated: '#c4143a', late: '#7a3fb5', ack: '#16794c', edge: '#8a6d00', sack: '#0e8fa3' } as const

/** @param sender whose data the sequence graph shows */
export function graphOf(kind: GraphKind, { duration, fromClient, fromServer }: FlowSeries, sender: Side): Graph {
  const sent = sender === 'client' ? fromClient : fromServer
  switch (kind) {
    case 'sequence': return { kind, duration, layers: sequenceLayers(sent), unitOf: Units.bytes, factor: 1, note: sent.isWindowScaleUnseen ? 'unscaled' : null }
    case 'throughput': return { kind, duration, layers: rateLayers(fromClient, fromServer), unitOf: Units.bitRate, factor: 8, note: null }
    case 'rtt': return {
      kind, duration, unitOf: Units.milliseconds, factor: 1, note: null,
      layers: [
        { label: 'rttOfClient', series: fromClient.rtt, mark: 'circle', colour: colours.client },
        { label: 'rttOfServer', series: fromServer.rtt, mark: 'triangle', colour: colours.server },
      ],
    }
    case 'window': return {
      kind, duration, unitOf: Units.bytes, factor: 1, note: fromClient.isWindowScaleUnseen || fromServer.isWindowScaleUnseen ? 'unscaled' : null,
      layers: windowLayers(fromClient, fromServer),
    }
  }
}

/** Who sent more payload, which is whose graph says more. */
export function busierSide({ client, server }: { client: { bytes: number }, server: { bytes: number } }): Side {
  return server.bytes > client.bytes ? 'server' : 'client'
}

function sequenceLayers(sent: DirectionSeries): Layer[] {
  return [
    { label: 'windowEdge', series: sent.windowEdges, mark: 'dashedStep', colour: colours.edge, isBeside: true },
    { label: 'ack', series: sent.acks, mark: 'step', colour: colours.ack },
    { label: 'sack', series: sent.sackBlocks, mark: 'bracket', colour: colours.sack },
    { label: 'segment', series: sent.segments, mark: 'bar', colour: colours.sent },
    { label: 'outOfOrder', series: sent.outOfOrder, mark: 'diamondBar', colour: colours.late },
    { label: 'retransmission', series: sent.retransmissions, mark: 'crossBar', colour: colours.repeated },
  ]
}

function rateLayers(fromClient: DirectionSeries, fromServer: DirectionSeries): Layer[] {
  return [
    { label: 'throughputOfClient', series: fromClient.throughput, mark: 'step', colour: colours.client },
    { label: 'goodputOfClient', series: fromClient.goodput, mark: 'dashedStep', colour: colours.client },
    { label: 'throughputOfServer', series: fromServer.throughput, mark: 'dashDotStep', colour: colours.server },
    { label: 'goodputOfServer', series: fromServer.goodput, mark: 'dottedStep', colour: colours.server },
  ]
}

function windowLayers(fromClient: DirectionSeries, fromServer: DirectionSeries): Layer[] {
  return [
    { label: 'windowOfClient', series: fromServer.window, mark: 'step', colour: colours.client },
    { label: 'windowOfServer', series: fromClient.window, mark: 'dashedStep', colour: colours.server },
    { label: 'flightOfClient', series: fromClient.bytesInFlight, mark: 'circle', colour: colours.client },
    { label: 'flightOfServer', series: fromServer.bytesInFlight, mark: 'triangle', colour: colours.server },
  ]
}
