import type { PacketRow } from '../../src/rpc/packets-contract.ts'
import { formatTime } from '../format.ts'

/** Since the first packet, since the row above, time of day, date and time of day, seconds since 1970. */
export const timeFormats = ['start', 'previous', 'clock', 'date', 'epoch'] as const
export type TimeFormat = typeof timeFormats[number]

/** When the first packet was captured. */
export interface CaptureStart { sec: number, nsec: number }

const missing = '…'

/**
 * The time of a row, to the microsecond.
 * @param above the row above it; undefined where it has not come or there is none
 * @param isFirst whether there is none
 * @param start null while it is not known
 */
export function timeText(format: TimeFormat, row: PacketRow, above: PacketRow | undefined, isFirst: boolean, start: CaptureStart | null): string {
  if (format === 'start') return formatTime(row.time)
  if (format === 'previous') return isFirst ? formatTime(0) : above === undefined ? missing : formatTime(row.time - above.time)
  if (start === null) return missing
  const { sec, micros } = absolute(row.time, start)
  const fraction = String(micros).padStart(6, '0')
  if (format === 'epoch') return `${sec}.${fraction}`
  const date = new Date(sec * 1000)
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return format === 'clock' ? `${clock}.${fraction}` : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}.${fraction}`
}

/** Whole seconds apart from the rest: a double holds no microseconds since 1970 to the last. */
function absolute(time: number, { sec, nsec }: CaptureStart): { sec: number, micros: number } {
  const whole = Math.floor(time)
  const micros = Math.round(nsec / 1e3 + (time - whole) * 1e6)
  const carry = Math.floor(micros / 1e6)
  return { sec: sec + whole + carry, micros: micros - carry * 1e6 }
}

const two = (value: number): string => String(value).padStart(2, '0')
