import { sumBytes } from '../../src/wire/checksum.ts'
import { summedBytes } from '../../src/wire/summed-memory.ts'

/** What of a full segment is not data: Ethernet, IPv4 and TCP with timestamps. */
const headerBytes = 66

/**
 * What nobody can beat who moves data by copies and checks it: the bytes of full segments copied into frames and out of them, and each summed before
 * and after; no header, no connection. @returns Gbit/s
 */
export function copyBound(mtu: number, seconds: number): number {
  const payload = mtu - (headerBytes - 14)
  const frameBytes = (payload + headerBytes + 7) & ~7
  const frames = 128
  const from = new Uint8Array(payload * frames).fill(7)
  const into = new Uint8Array(payload * frames)
  const area = summedBytes(frameBytes * frames)
  let bytes = 0
  let sums = 0
  const begin = performance.now()
  let now = begin
  for (; now - begin < seconds * 1000; now = performance.now()) {
    for (let i = 0; i < frames; i++) {
      const at = i * frameBytes + headerBytes
      area.set(from.subarray(i * payload, (i + 1) * payload), at)
      sums += sumBytes(area, at, payload)
    }
    for (let i = 0; i < frames; i++) {
      const at = i * frameBytes + headerBytes
      sums -= sumBytes(area, at, payload)
      into.set(area.subarray(at, at + payload), i * payload)
    }
    bytes += payload * frames
  }
  if (sums !== 0 || into[into.length - 1] !== 7) throw new Error('bytes changed on the way')
  return bytes * 8 / (now - begin) / 1e6
}
