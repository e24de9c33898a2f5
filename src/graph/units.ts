import type { GraphKind } from './graph.ts'
import { Units } from './ticks.ts'
import type { Scale } from './ticks.ts'

/** How the values of a graph are shown: multiplied by `factor`, in the unit that fits the greatest. */
export interface Unit { readonly factor: number, readonly scaleOf: (most: number) => Scale }

export const unitOf: Readonly<Record<GraphKind, Unit>> = {
  sequence: { factor: 1, scaleOf: Units.bytes },
  throughput: { factor: 8, scaleOf: Units.bitRate },
  rtt: { factor: 1, scaleOf: Units.milliseconds },
  window: { factor: 1, scaleOf: Units.bytes },
}

/** A value of a graph in a few figures with its unit: `1.46 kB`. */
export function valueText(kind: GraphKind, value: number): string {
  const { factor, scaleOf } = unitOf[kind]
  return withUnit(value * factor, scaleOf(Math.abs(value * factor)))
}

export function timeText(seconds: number): string {
  return withUnit(seconds, Units.seconds(Math.abs(seconds)))
}

function withUnit(value: number, { divisor, unit }: Scale): string {
  return `${figure(value / divisor)} ${unit}`
}

export function figure(value: number): string {
  return String(Number(value.toPrecision(4)))
}
