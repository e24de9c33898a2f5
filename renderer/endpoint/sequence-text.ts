import { formatCount } from '../format.ts'

/** Sequence number as people read it: counted from the first one, or raw. */
export function sequenceText(seq: number, first: number, relative: boolean): string {
  return relative ? formatCount((seq - first) >>> 0) : String(seq >>> 0)
}
