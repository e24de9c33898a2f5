import { spawnSync } from 'node:child_process'
import { wiresharkNames } from '../../src/trace/finding.ts'
import type { TimedFrame } from './nasty-segments.ts'

export const hasTshark = spawnSync('tshark', ['--version'], { encoding: 'utf8' }).status === 0

/** Fields that hold a value, beside the findings, which are only there or not. */
export const valueFields = [
  'tcp.stream', 'tcp.seq', 'tcp.ack', 'tcp.len', 'tcp.window_size', 'tcp.completeness', 'tcp.time_relative', 'tcp.time_delta',
  'tcp.analysis.acks_frame', 'tcp.analysis.ack_rtt', 'tcp.analysis.initial_rtt', 'tcp.analysis.bytes_in_flight', 'tcp.analysis.push_bytes_sent',
  'tcp.analysis.duplicate_ack_num', 'tcp.analysis.duplicate_ack_frame', 'tcp.analysis.rto', 'tcp.analysis.rto_frame',
] as const

export type Fields = Record<string, string>

/** What tshark says of each packet of a file: fields that are empty are left out, findings that are there are `1`. */
export function tsharkFields(file: string, options: { passes: 1 | 2, fields?: readonly string[], preferences?: readonly string[] }): Fields[] {
  const names = ['frame.number', ...(options.fields ?? [...valueFields, ...Object.values(wiresharkNames)])]
  const { status, stdout, stderr } = spawnSync('tshark', [
    ...(options.passes === 2 ? ['-2'] : []), '-n', '-r', file, '-T', 'fields', '-E', 'occurrence=f', ...(options.preferences ?? []).flatMap((preference) => ['-o', preference]),
    ...names.flatMap((name) => ['-e', name]),
  ], { encoding: 'utf8', maxBuffer: 4e9 })
  if (status !== 0) throw new Error(`tshark: ${stderr}`)
  const names1 = new Set(Object.values(wiresharkNames))
  return stdout.split('\n').filter(Boolean).map((line) => {
    const values = line.split('\t')
    const found: Fields = {}
    names.forEach((name, i) => { if (values[i]) found[name] = names1.has(name) ? '1' : values[i] })
    return found
  })
}

/** A pcap file with nanoseconds. */
export function nanosecondPcap(frames: readonly TimedFrame[], linkType = 1, startSec = 1_700_000_000): Buffer {
  const size = frames.reduce((sum, { bytes }) => sum + 16 + bytes.length, 24)
  const file = Buffer.alloc(size)
  file.writeUInt32LE(0xa1b23c4d, 0)
  file.writeUInt16LE(2, 4)
  file.writeUInt16LE(4, 6)
  file.writeUInt32LE(262_144, 16)
  file.writeUInt32LE(linkType, 20)
  let at = 24
  for (const { timeNs, bytes, originalLength } of frames) {
    const sec = Math.floor(timeNs / 1e9)
    file.writeUInt32LE(startSec + sec, at)
    file.writeUInt32LE(timeNs - sec * 1e9, at + 4)
    file.writeUInt32LE(bytes.length, at + 8)
    file.writeUInt32LE(originalLength ?? bytes.length, at + 12)
    file.set(bytes, at + 16)
    at += 16 + bytes.length
  }
  return file
}
