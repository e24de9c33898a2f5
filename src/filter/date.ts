/** What the clock on the wall is ahead of UTC, in seconds, at a wall time that was given as if it were UTC. */
export type LocalTime = (wallSec: number) => number

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/**
 * `2011-07-04 12:34:56.789`, with `T` for the space and `Z`, `UTC` or an offset behind it, or `Nov 12, 1999 08:55:44.123`; local time where nothing else is said.
 * @returns nanoseconds since 1970, or null
 */
export function parseDate(text: string, local: LocalTime): bigint | null {
  const parts = isoParts(text) ?? legacyParts(text)
  if (parts === null) return null
  const { year, month, day, hour, minute, second, fraction, zone } = parts
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 60) return null
  const wall = daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
  const offset = zone ?? local(wall)
  return BigInt(wall - offset) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

interface Parts { year: number, month: number, day: number, hour: number, minute: number, second: number, fraction: string, zone: number | null }

function isoParts(text: string): Parts | null {
  const found = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/.exec(text.trim())
  if (found === null) return null
  const [, year, month, day, hour, minute, second, fraction, zone] = found
  return { ...numbers(hour, minute, second, fraction, zone), year: Number(year), month: Number(month), day: Number(day) }
}

function legacyParts(text: string): Parts | null {
  const found = /^([A-Za-z]{3})\s+(\d{1,2}),\s*(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(UTC)?)?$/.exec(text.trim())
  if (found === null) return null
  const [, month, day, year, hour, minute, second, fraction, zone] = found
  return { ...numbers(hour, minute, second, fraction, zone), year: Number(year), month: months.indexOf(month.toLowerCase()) + 1, day: Number(day) }
}

function numbers(hour: string | undefined, minute: string | undefined, second: string | undefined, fraction: string | undefined, zone: string | undefined) {
  return { hour: Number(hour ?? 0), minute: Number(minute ?? 0), second: Number(second ?? 0), fraction: fraction ?? '', zone: zoneOf(zone) }
}

function zoneOf(text: string | undefined): number | null {
  if (text === undefined) return null
  if (text === 'Z' || text === 'UTC') return 0
  const sign = text.startsWith('-') ? -1 : 1
  return sign * (Number(text.slice(1, 3)) * 3600 + Number(text.slice(-2)) * 60)
}

function daysIn(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** Days from 1970-01-01 in the Gregorian calendar; years begin in March, so that the leap day comes last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}
