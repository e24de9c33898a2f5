import { hex } from '../base/bytes.ts'
import { formatIpv4, formatIpv6, formatMac } from '../wire/addresses.ts'
import { readField } from './field.ts'
import type { Field } from './field.ts'
import type { PacketView } from './packet-view.ts'
import { isInteger, largestOf } from './value.ts'
import type { Value } from './value.ts'

/** Writes a point in time (nanoseconds since 1970) as the shell's user reads it. */
export type TimeText = (nanoseconds: bigint) => string

/** All values of a field in a packet, each as `tshark -T fields` prints it, which puts commas between them. */
export function fieldTexts(field: Field, view: PacketView, timeText: TimeText): string[] {
  const values: Value[] = []
  readField(field, view, values)
  return values.map((value) => valueText(field, value, timeText))
}

function valueText(field: Field, value: Value, timeText: TimeText): string {
  switch (field.type) {
    case 'none': return '1'
    case 'protocol': return field.name
    case 'ipv4': return formatIpv4(value as number)
    case 'ipv6': return formatIpv6(value as Uint8Array)
    case 'ether': return formatMac(value as Uint8Array)
    case 'bytes': return hex(value as Uint8Array)
    case 'string': return value as string
    case 'relativeTime': return secondsText(value as bigint)
    case 'absoluteTime': return timeText(value as bigint)
    case 'double': return String(value)
    default: return field.base === 'hexadecimal' ? `0x${(value as number).toString(16).padStart(digitsOf(field), '0')}` : String(value)
  }
}

/** Seconds with all nine decimals. */
export function secondsText(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds
  return `${nanoseconds < 0n ? '-' : ''}${size / 1_000_000_000n}.${(size % 1_000_000_000n).toString().padStart(9, '0')}`
}

function digitsOf({ type }: Field): number {
  return isInteger(type) ? largestOf(type).toString(16).length : 1
}
