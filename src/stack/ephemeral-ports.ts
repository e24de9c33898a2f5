import type { Random } from '../base/random.ts'

/**
 * A local port for a connection that names none: a random start in the range, then the next one that is free (RFC 6056 §3.3.1).
 * @param isFree whether the connection could use the port
 * @returns -1 where every port is taken
 */
export function selectEphemeralPort(first: number, last: number, random: Random, isFree: (port: number) => boolean): number {
  const size = last - first + 1
  const start = random.nextBelow(size)
  for (let i = 0; i < size; i++) {
    const port = first + (start + i) % size
    if (isFree(port)) return port
  }
  return -1
}
