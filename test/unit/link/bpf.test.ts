import { describe, expect, it } from 'vitest'
import { Direction, FrameBatch } from '../../../src/link/frame-batch.ts'
import { bpfWords, runBpf } from '../../../src/link/bpf.ts'
import { FrameFilter } from '../../../src/link/frame-filter.ts'

/** `tcp port 80` for Ethernet, IPv4 only, as `tcpdump -d` shows it. */
const tcpPort80 = Uint32Array.from([
  0x28, 0, 0, 12, 0x15, 0, 10, 0x0800, 0x30, 0, 0, 23, 0x15, 0, 8, 6, 0x28, 0, 0, 20, 0x45, 6, 0, 0x1fff, 0xb1, 0, 0, 14, 0x48, 0, 0, 14,
  0x15, 2, 0, 80, 0x48, 0, 0, 16, 0x15, 0, 1, 80, 0x06, 0, 0, 262144, 0x06, 0, 0, 0,
])

function frame(sourcePort: number, destinationPort: number, changes: Record<number, number> = {}): Uint8Array {
  const bytes = new Uint8Array(54)
  bytes.set([8, 0, 0x45], 12)
  bytes[23] = 6
  bytes.set([sourcePort >> 8, sourcePort & 255, destinationPort >> 8, destinationPort & 255], 34)
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value
  return bytes
}

const run = (program: number[], bytes = frame(1, 2)) => runBpf(Uint32Array.from(program), bytes, 0, bytes.length, 1500)

describe('the packet filter machine', () => {
  it('picks what `tcp port 80` picks', () => {
    const matches = (bytes: Uint8Array) => runBpf(tcpPort80, bytes, 0, bytes.length, bytes.length) > 0
    expect(matches(frame(40000, 80))).toBe(true)
    expect(matches(frame(80, 40000))).toBe(true)
    expect(matches(frame(81, 40000))).toBe(false)
    expect(matches(frame(80, 1, { 23: 17 }))).toBe(false)
    expect(matches(frame(80, 1, { 12: 0x86, 13: 0xdd }))).toBe(false)
    expect(matches(frame(80, 1, { 21: 1 })), 'a later fragment has no ports').toBe(false)
  })

  it('does not match where it would read beyond the frame', () => {
    for (let length = 0; length < 38; length++) expect(runBpf(tcpPort80, frame(40000, 80), 0, length, 54)).toBe(0)
    expect(runBpf(tcpPort80, frame(40000, 80), 0, 38, 54)).toBeGreaterThan(0)
  })

  it('computes in 32 bits without a sign', () => {
    const ldx = [0x01, 0, 0, 3]
    const cases: [number, number, number][] = [
      [0x0c, 0xffff_ffff, 2], [0x1c, 1, 0xffff_fffe], [0x2c, 0x8000_0001, 0x8000_0003], [0x3c, 10, 3], [0x9c, 10, 1], [0x6c, 0x2000_0001, 8], [0x7c, 0x8000_0000, 0x1000_0000],
    ]
    for (const [code, a, expected] of cases) expect(run([0x00, 0, 0, a, ...ldx, code, 0, 0, 0, 0x16, 0, 0, 0]), `0x${code.toString(16)}`).toBe(expected)
    expect(run([0x00, 0, 0, 5, 0x84, 0, 0, 0, 0x16, 0, 0, 0])).toBe(0xffff_fffb)
  })

  it('does not match on a division by zero, an unknown instruction or a missing end', () => {
    expect(run([0x00, 0, 0, 5, 0x34, 0, 0, 0, 0x16, 0, 0, 0])).toBe(0)
    expect(run([0x00, 0, 0, 5])).toBe(0)
    expect(run([0x05, 0, 0, 1000, 0x06, 0, 0, 1])).toBe(0)
    expect(run([])).toBe(0)
  })

  it('keeps values in its memory, and knows the length on the wire', () => {
    expect(run([0x00, 0, 0, 77, 0x02, 0, 0, 3, 0x00, 0, 0, 0, 0x60, 0, 0, 3, 0x16, 0, 0, 0])).toBe(77)
    expect(run([0x80, 0, 0, 0, 0x16, 0, 0, 0])).toBe(1500)
  })
})

describe('a frame filter', () => {
  it('gives the matching frames with all that is known of them', () => {
    const frames = [frame(40000, 80), frame(1, 2), frame(80, 3)]
    const batch = new FrameBatch(4, new Uint8Array(54 * 3))
    frames.forEach((bytes, i) => {
      batch.bytes.set(bytes, i * 54)
      batch.add(i * 54, 54, 100 + i, 7, i, Direction.received)
    })
    const kept = new FrameFilter(tcpPort80).select(batch)
    expect(kept.count).toBe(2)
    expect([...kept.offset.subarray(0, 2)]).toEqual([0, 108])
    expect([...kept.originalLength.subarray(0, 2)]).toEqual([100, 102])
    expect([...kept.timeNsec.subarray(0, 2)]).toEqual([0, 2])
    expect(tcpPort80.length % bpfWords).toBe(0)
  })
})
