import { createHash } from 'node:crypto'
import type net from 'node:net'

/** Bytes that do not repeat within a window, the same for every run. */
const pattern = (() => {
  const bytes = Buffer.alloc(1_048_573)
  let x = 0x2545_f491
  for (let i = 0; i < bytes.length; i++) {
    x ^= x << 13; x ^= x >>> 17; x ^= x << 5
    bytes[i] = x
  }
  return bytes
})()

/** SHA-256 of the first `length` bytes of the stream. */
export function digestOfPattern(length: number): string {
  const hash = createHash('sha256')
  for (let at = 0; at < length; at += pattern.length) hash.update(pattern.subarray(0, Math.min(pattern.length, length - at)))
  return hash.digest('hex')
}

/** Gives `length` bytes of the pattern, then the end. */
export function patternSource(length: number): (into: Uint8Array) => number {
  let at = 0
  return (into) => {
    if (at === length) return -1
    const start = at % pattern.length
    const count = Math.min(into.length, length - at, pattern.length - start)
    into.set(pattern.subarray(start, start + count))
    at += count
    return count
  }
}

/** Writes `length` bytes of the stream to a socket of the kernel's, then ends it. */
export async function writePattern(socket: net.Socket, length: number): Promise<void> {
  for (let at = 0; at < length;) {
    const start = at % pattern.length
    const chunk = pattern.subarray(start, Math.min(pattern.length, start + 65_536, start + length - at))
    at += chunk.length
    if (!socket.write(chunk)) await new Promise((resolve) => { socket.once('drain', resolve) })
  }
  socket.end()
}

/** Sends `length` bytes of the stream over a socket of the kernel's. @returns what had come back when the other side ended */
export async function exchangePattern(socket: net.Socket, length: number): Promise<{ total: number, digest: string }> {
  const got = createHash('sha256')
  let total = 0
  socket.on('data', (chunk) => { got.update(chunk); total += chunk.length })
  const ended = new Promise((resolve, reject) => { socket.on('end', resolve); socket.on('error', reject) })
  void writePattern(socket, length)
  await ended
  return { total, digest: got.digest('hex') }
}
