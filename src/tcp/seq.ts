/*
 * Sequence numbers are unsigned 32-bit numbers that wrap (RFC 9293 §3.4). Nobody else compares them.
 * A comparison means something while the two are less than 2^31 apart; exactly that far apart, each is before and behind the other, as to kernels and to tshark.
 */

/** `a - b` as a signed distance, -2^31 to 2^31 - 1. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0
}

/** `a + bytes` modulo 2^32; `bytes` may be negative. */
export function seqAdd(a: number, bytes: number): number {
  return (a + bytes) >>> 0
}

export function seqLt(a: number, b: number): boolean {
  return ((a - b) | 0) < 0
}

export function seqLe(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0
}

export function seqGt(a: number, b: number): boolean {
  return ((b - a) | 0) < 0
}

export function seqGe(a: number, b: number): boolean {
  return ((b - a) | 0) <= 0
}

/** The later of two. */
export function seqMax(a: number, b: number): number {
  return ((a - b) | 0) >= 0 ? a : b
}

/** The earlier of two. */
export function seqMin(a: number, b: number): number {
  return ((a - b) | 0) <= 0 ? a : b
}
