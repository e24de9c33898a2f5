/** 12345 → `12,345`, in both languages. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** µs as the shortest of µs, ms and s with at most three figures behind the point. */
export function duration(us: number): string {
  if (us < 0) return '–'
  if (us < 1_000) return `${Math.round(us)} µs`
  if (us < 1_000_000) return `${trim(us / 1_000)} ms`
  return `${trim(us / 1_000_000)} s`
}

/** Sequence number as people read it: counted from the first one, or raw. */
export function sequence(seq: number, first: number, relative: boolean): string {
  return relative ? count((seq - first) >>> 0) : String(seq >>> 0)
}

function trim(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
