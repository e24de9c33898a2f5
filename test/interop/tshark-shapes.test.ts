import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { Random } from '../../src/base/random.ts'
import { fieldTable } from '../../src/filter/field-table.ts'
import { PacketView } from '../../src/filter/packet-view.ts'
import { fieldTexts } from '../../src/filter/text.ts'
import { wiresharkNames } from '../../src/trace/finding.ts'
import { encodeIpv4, fillIpv4, IpProtocol, Ipv4Flag, Ipv4Header } from '../../src/wire/ipv4.ts'
import { FilterCapture } from '../support/filter-capture.ts'
import { bytesOf } from '../support/frames.ts'
import { nastySegments } from '../support/nasty-segments.ts'
import type { TimedFrame } from '../support/nasty-segments.ts'
import { hasTshark, nanosecondPcap, tsharkFields, valueFields } from '../support/tshark.ts'

const macs = bytesOf('02 00 00 00 00 02 02 00 00 00 00 01')
const inEthernet = (header: string) => (ip: Uint8Array) => concatBytes([macs, bytesOf(header), ip])
const u16 = (value: number) => Uint8Array.of(value >>> 8, value)

/** Frames that may carry an IP packet, one kind a conversation. */
const shapes: readonly ((ip: Uint8Array) => Uint8Array)[] = [
  inEthernet('08 00'), inEthernet('81 00 20 64 08 00'), inEthernet('88 a8 00 07 81 00 00 09 08 00'), inEthernet('81 00 00 07 81 00 00 09 08 00'),
  inEthernet('88 47 00 06 40 40 00 0c 81 40'),
  (ip) => concatBytes([macs, bytesOf('88 64 11 00 00 05'), u16(ip.length + 2), bytesOf('00 21'), ip]),
  (ip) => ip.length + 8 > 1500 ? inEthernet('08 00')(ip) : concatBytes([macs, u16(ip.length + 8), bytesOf('aa aa 03 00 00 00 08 00'), ip]),
  (ip) => inEthernet('08 00')(packet(47, concatBytes([bytesOf('00 00 08 00'), ip]))),
  (ip) => inEthernet('08 00')(packet(47, concatBytes([bytesOf('30 00 08 00 00 00 00 05 00 00 00 06'), ip]))),
  (ip) => inEthernet('08 00')(packet(47, concatBytes([bytesOf('00 00 65 58'), macs, bytesOf('08 00'), ip]))),
  (ip) => inEthernet('08 00')(packet(4, ip)),
  (ip) => inEthernet('08 00')(packet(IpProtocol.udp, concatBytes([bytesOf('9c 40 12 b5'), u16(ip.length + 30), bytesOf('00 00 08 00 00 00 00 05 00 00'), macs, bytesOf('08 00'), ip]))),
  (ip) => inEthernet('08 00')(packet(IpProtocol.udp, concatBytes([bytesOf('9c 40 08 68'), u16(ip.length + 16), bytesOf('00 00 30 ff'), u16(ip.length), bytesOf('00 00 00 4d'), ip]))),
  // Trailers and padding.
  (ip) => concatBytes([macs, bytesOf('08 00'), ip, bytesOf('12 34 56 78')]),
]

/** Bytes that are captured of each frame, a conversation. */
const snapLengths = [Infinity, Infinity, Infinity, Infinity, 54, 60, 64, 68, 96, 128]

function packet(protocol: number, payload: Uint8Array, { fragmentOffset = 0, flags = 0, identification = 1, source = 0x0a090001, destination = 0x0a090002 } = {}): Uint8Array {
  const bytes = new Uint8Array(20 + payload.length)
  const header = new Ipv4Header()
  Object.assign(header, { source, destination, protocol, fragmentOffset, flags, identification })
  bytes.set(payload, encodeIpv4(header, bytes, 0, 0, bytes, 0))
  fillIpv4(bytes, 0, bytes.length)
  return bytes
}

/** Conversations that go wrong, each in a kind of frame and cut at a length; some segments in fragments, offloaded without a length, or quoted by ICMP errors. */
function shapedFrames(seed: number): TimedFrame[] {
  const random = new Random(seed)
  return nastySegments({ seed, streams: 150, segments: 30 }).flatMap(({ timeNs, bytes }, i) => {
    const ip = bytes.subarray(14)
    const conversation = ((ip[20] ^ ip[22]) << 8) | (ip[21] ^ ip[23])
    const shape = shapes[conversation % shapes.length]
    const snapLength = snapLengths[Math.floor(conversation / shapes.length) % snapLengths.length]
    const packets = [ip]
    // Of 50 segments one is sent in fragments, one offloaded, one quoted.
    const chance = random.nextBelow(50)
    const ends = { source: new DataView(ip.buffer, ip.byteOffset).getUint32(12), destination: new DataView(ip.buffer, ip.byteOffset).getUint32(16) }
    if (chance === 0 && ip.length > 60) {
      packets.splice(0, 1, packet(IpProtocol.tcp, ip.subarray(20, 60), { ...ends, flags: Ipv4Flag.moreFragments, identification: i & 0xffff }),
        packet(IpProtocol.tcp, ip.subarray(60), { ...ends, fragmentOffset: 5, identification: i & 0xffff }))
    } else if (chance === 1) {
      packets[0] = ip.slice()
      packets[0][2] = packets[0][3] = 0
    } else if (chance === 2) {
      packets.push(packet(IpProtocol.icmp, concatBytes([bytesOf('03 01 00 00 00 00 00 00'), ip.subarray(0, [28, 40, ip.length][random.nextBelow(3)])]),
        { source: ends.destination, destination: ends.source }))
    }
    return packets.map((each): TimedFrame => {
      const frame = shape(each)
      return { timeNs, bytes: frame.slice(0, snapLength), originalLength: frame.length }
    })
  })
}

const names = [
  ...valueFields, ...Object.values(wiresharkNames), 'tcp.srcport', 'tcp.dstport', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.flags', 'tcp.window_size_value', 'tcp.options.timestamp.tsval',
  'tcp.options.sack_le', 'tcp.options.sack_re', 'udp.stream',
]

function ourFields(frames: readonly TimedFrame[]): Record<string, string>[] {
  const { trace } = new FilterCapture(frames)
  const view = new PacketView(trace, (index) => frames[index].bytes, true)
  const fields = names.map((name) => fieldTable.find((field) => field.name === name)!)
  return frames.map((_, index) => {
    view.moveTo(index)
    const found: Record<string, string> = { 'frame.number': String(index + 1) }
    for (const field of fields) {
      const [first] = fieldTexts(field, view, String)
      if (first !== undefined) found[field.name] = first
    }
    return found
  })
}

/** Options of a segment in fragments are in other frames than the one that completes it; fast open in what an ICMP error quotes is not judged. */
function isKnownDifference(name: string, theirs: Readonly<Record<string, string>>, frame: TimedFrame): boolean {
  const isQuoted = theirs['tcp.seq'] !== undefined && theirs['tcp.len'] === undefined
  return name.startsWith('tcp.options') ? isInFragments(frame) : name.startsWith('tcp.analysis.tfo') && isQuoted
}

function isInFragments({ bytes }: TimedFrame): boolean {
  for (let at = 12; at + 9 < Math.min(bytes.length, 110); at++) {
    const fragment = ((bytes[at + 6] & 0x3f) << 8) | bytes[at + 7]
    if (bytes[at] === 0x45 && bytes[at + 9] === IpProtocol.tcp && fragment !== 0) return true
  }
  return false
}

describe.skipIf(!hasTshark)('captures of every shape beside tshark', () => {
  it.each([1, 2, 3, 4, 5, 6])('findings, streams, numbers and times of each packet agree, seed %i', (seed) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tshark-shapes-'))
    try {
      const frames = shapedFrames(seed)
      const file = path.join(folder, 'capture.pcap')
      writeFileSync(file, nanosecondPcap(frames))
      const theirs = tsharkFields(file, { passes: 1, fields: names })
      const ours = ourFields(frames)
      expect(theirs).toHaveLength(frames.length)
      const differences = theirs.flatMap((expected, i) => {
        const keys = [...new Set([...Object.keys(expected), ...Object.keys(ours[i])])]
        return keys.filter((name) => expected[name] !== ours[i][name] && !isKnownDifference(name, expected, frames[i]))
          .map((name) => `#${i + 1} ${name}: ${expected[name]} ${ours[i][name]}`)
      })
      expect(differences.slice(0, 20)).toEqual([])
      expect(theirs.filter((fields) => fields['tcp.stream'] !== undefined).length).toBeGreaterThan(2000)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
