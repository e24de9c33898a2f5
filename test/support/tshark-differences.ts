import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'vitest'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { Trace } from '../../src/trace/trace.ts'
import type { TimedFrame } from './nasty-segments.ts'
import { ourFields } from './our-fields.ts'
import { nanosecondPcap, tsharkFields } from './tshark.ts'
import type { Fields } from './tshark.ts'

/** What differs of which packet, `theirs` before `ours`; at most twenty. */
export function differences(frames: readonly TimedFrame[], passes: 1 | 2): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'tshark-findings-'))
  try {
    const file = path.join(folder, 'capture.pcap')
    writeFileSync(file, nanosecondPcap(frames))
    const trace = traceOf(frames)
    const theirs = tsharkFields(file, { passes })
    expect(theirs).toHaveLength(frames.length)
    return theirs.flatMap((their, i) => fieldDifferences(i + 1, their, ourFields(trace, i + 1, passes))).slice(0, 20)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function fieldDifferences(number: number, theirs: Fields, ours: Fields): string[] {
  const names = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])]
  return names.filter((name) => theirs[name] !== ours[name]).map((name) => `#${number} ${name}: ${theirs[name]} ${ours[name]}`)
}

function traceOf(frames: readonly TimedFrame[]): Trace {
  const trace = new Trace()
  for (const { timeNs, bytes, originalLength } of frames) {
    const batch = new FrameBatch(1, bytes)
    const sec = Math.floor(timeNs / 1e9)
    batch.add(0, bytes.length, originalLength ?? bytes.length, 1_700_000_000 + sec, timeNs - sec * 1e9, 1)
    trace.append(batch, 1, null)
  }
  return trace
}
