import { Random } from '../../src/base/random.ts'
import { foldChecksum, sumBytes } from '../../src/wire/checksum.ts'
import { Layer, LinkType, Packet, decodePacket } from '../../src/wire/packet.ts'
import { encodePacket } from '../../src/wire/packet-encode.ts'
import { TcpOptionFields, scanTcpOptions } from '../../src/wire/tcp-options.ts'
import { frames } from '../support/frames.ts'
import { mutate } from '../support/mutate.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

const mutatedFrames = 1_000_000
const quickFrames = 50_000
const poolSize = 50_000
const seed = 2026

/**
 * A million mutated frames decoded, options scanned, and encoded again to be compared byte for byte; valid frames decoded at speed; and the checksum
 * of a full segment beside the loop over 16-bit words. A throw or a mismatch fails the bench.
 */
export const bench = {
  name: 'decoders',
  run({ quick = false }: BenchOptions = {}): Promise<BenchResult[]> {
    const count = quick ? quickFrames : mutatedFrames
    return Promise.resolve([...hostileResults(count), validResult(quick ? 200_000 : 4_000_000), checksumResult(quick ? 20_000 : 400_000)])
  },
}

/** Frames are mutated pool by pool, outside of the time that is measured. */
function hostileResults(count: number): BenchResult[] {
  const random = new Random(seed)
  const kinds = Object.values(frames)
  const packet = new Packet()
  const fields = new TcpOptionFields()
  const into = new Uint8Array(4096)
  let [throws, mismatches, broken, decodeNs, done] = [0, 0, 0, 0, 0]
  while (done < count) {
    const pool = Array.from({ length: Math.min(poolSize, count - done) }, () => mutate(kinds[random.nextBelow(kinds.length)], random))
    done += pool.length
    const start = process.hrtime.bigint()
    for (const frame of pool) {
      try {
        decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
        if (packet.layers & Layer.tcp) scanTcpOptions(frame, packet.tcp.optionsOffset, packet.tcp.optionsLength, fields)
      } catch {
        throws++
      }
    }
    decodeNs += Number(process.hrtime.bigint() - start)
    for (const frame of pool) {
      decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
      if (packet.error) broken++
      encodePacket(packet, frame, into, 0)
      if (!isSame(frame, into)) mismatches++
    }
  }
  if (throws > 0 || mismatches > 0) throw new Error(`of ${count} mutated frames (seed ${seed}) ${throws} threw and ${mismatches} were encoded otherwise`)
  return [
    { name: 'mutated frames decoded', value: count, unit: 'frames' },
    { name: 'of them broken', value: broken, unit: 'frames' },
    { name: 'throws', value: throws, unit: 'frames' },
    { name: 'encode mismatches', value: mismatches, unit: 'frames' },
    { name: 'mutated frames decoded, options scanned', value: count / (decodeNs / 1e9), unit: 'frames/s' },
  ]
}

function validResult(count: number): BenchResult {
  const kinds = Object.values(frames)
  const packet = new Packet()
  const fields = new TcpOptionFields()
  const start = process.hrtime.bigint()
  for (let i = 0; i < count; i++) {
    const frame = kinds[i % kinds.length]
    decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
    if (packet.layers & Layer.tcp) scanTcpOptions(frame, packet.tcp.optionsOffset, packet.tcp.optionsLength, fields)
  }
  return { name: 'valid frames of all kinds decoded, options scanned', value: count / (Number(process.hrtime.bigint() - start) / 1e9), unit: 'frames/s' }
}

const segmentBytes = 1460

function checksumResult(count: number): BenchResult {
  const random = new Random(seed)
  const memory = Uint8Array.from({ length: 1 << 18 }, () => random.nextU32())
  const ours = nsOfEach(count, (at) => foldChecksum(sumBytes(memory, at, segmentBytes)))
  const peer = nsOfEach(count, (at) => naiveChecksum(memory, at, segmentBytes))
  return { name: 'checksum of 1,460 bytes', value: ours, unit: 'ns', peer: '16-bit words one by one', peerValue: peer, ratio: ours / peer }
}

/** The fastest of five rounds: what else the machine does only ever adds. */
function nsOfEach(count: number, sum: (at: number) => number): number {
  let best = Infinity
  for (let round = 0; round < 5; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i += 5) sum((i * 1514) % 200_000)
    best = Math.min(best, Number(process.hrtime.bigint() - start) / (count / 5))
  }
  return best
}

/** RFC 1071 §4.1. */
function naiveChecksum(bytes: Uint8Array, at: number, length: number): number {
  let sum = 0
  for (let i = 0; i + 1 < length; i += 2) sum += (bytes[at + i] << 8) | bytes[at + i + 1]
  if (length & 1) sum += bytes[at + length - 1] << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function isSame(frame: Uint8Array, encoded: Uint8Array): boolean {
  for (let i = 0; i < frame.length; i++) if (frame[i] !== encoded[i]) return false
  return true
}
