/** A span of time in sight, in seconds behind a flow's first packet. */
export interface Span { from: number, to: number }

/** Shorter spans say nothing: time stamps are not finer. */
const shortest = 1e-6

/** Makes a span `factor` times as long, with what lies at `at` staying where it is in the picture; never more than the flow. */
export function zoomed({ from, to }: Span, at: number, factor: number, duration: number): Span {
  const length = Math.max(shortest, Math.min(duration, (to - from) * factor))
  const share = to > from ? (at - from) / (to - from) : 0.5
  return within(at - share * length, length, duration)
}

export function moved({ from, to }: Span, by: number, duration: number): Span {
  return within(from + by, to - from, duration)
}

/** The span that has a time in it and moves no more than needed. */
export function revealing(span: Span, time: number, duration: number): Span {
  const edge = (span.to - span.from) * 0.05
  if (time < span.from + edge) return moved(span, time - span.from - edge, duration)
  if (time > span.to - edge) return moved(span, time - span.to + edge, duration)
  return span
}

export function isWhole({ from, to }: Span, duration: number): boolean {
  return from <= 0 && to >= duration
}

function within(from: number, length: number, duration: number): Span {
  const begin = Math.max(0, Math.min(from, duration - length))
  return { from: begin, to: begin + length }
}
