/** Numbers as the window writes them. Both languages group thousands with commas and use SI prefixes. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const missing = '—'

/** `1,460` */
export const formatCount = (value: number): string => grouped.format(value)

/** `940`, `10.7 k`, `922.2 k`, `1.05 M`: four figures at most, for narrow columns. */
export function formatCompact(value: number): string {
  if (value < 10_000) return formatCount(value)
  if (value < 999_950) return `${(value / 1000).toFixed(1)} k`
  if (value < 999_500_000) return `${(value / 1e6).toFixed(value < 9_995_000 ? 2 : 1)} M`
  return `${(value / 1e9).toFixed(2)} G`
}

/** `512 B`, `10.7 kB`, `1.05 MB` */
export const formatBytes = (value: number): string => value < 10_000 ? `${formatCount(value)} B` : `${formatCompact(value)}B`

/** Seconds with six decimals, as columns of times have them. */
export const formatTime = (seconds: number): string => seconds.toFixed(6)

/** A length of time with its unit in at most seven figures: `84 µs`, `10.490 ms`, `31.9 s`, `250 s`, `28 min`, `3.5 h`. */
export function formatDuration(us: number): string {
  if (us < 0) return missing
  if (us < 1000) return `${Math.round(us)} µs`
  if (us < 1_000_000) return `${(us / 1000).toFixed(3)} ms`
  if (us < 99_950_000) return `${(us / 1e6).toFixed(1)} s`
  if (us < 999_500_000) return `${Math.round(us / 1e6)} s`
  return us < 7_200_000_000 ? `${Math.round(us / 60e6)} min` : `${(us / 3600e6).toFixed(1)} h`
}

/** How old something is as a figure with a unit to be worded; null where {@link formatDuration} is enough (up to two days). */
export function longAge(seconds: number): { unit: 'days' | 'years', value: string } | null {
  const days = seconds / 86_400
  if (days < 2) return null
  if (days < 999.5) return { unit: 'days', value: days < 99.95 ? days.toFixed(1) : String(Math.round(days)) }
  const years = days / 365.2425
  return { unit: 'years', value: years < 99.95 ? years.toFixed(1) : formatCount(years) }
}

/** A round trip in milliseconds with three decimals, so that a column lines up; a dash when unknown. */
export const formatRtt = (us: number): string => us < 0 ? missing : `${(us / 1000).toFixed(3)} ms`

/** `0x00000f79` */
export const formatHex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`

/** `12.3 %` of a whole; a dash where there is none. */
export const formatPercent = (part: number, whole: number): string => whole === 0 ? missing : `${(100 * part / whole).toFixed(1)} %`
