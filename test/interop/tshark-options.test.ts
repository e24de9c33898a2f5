import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { Random } from '../../src/base/random.ts'
import { IpProtocol } from '../../src/wire/ipv4.ts'
import { encodeTcp, TcpFlag, TcpHeader } from '../../src/wire/tcp.ts'
import type { TimedFrame } from '../support/nasty-segments.ts'
import { ipv4Frame } from '../unit/trace/segments.ts'
import { hasTshark } from '../support/tshark.ts'
import { differences } from '../support/tshark-differences.ts'

if (!hasTshark) it('is compared with tshark', ({ skip }) => skip('needs tshark'))

interface Segment { fromServer?: boolean, flags: number, seq: number, ack?: number, data?: number, options?: Uint8Array }

const { syn, ack, psh } = TcpFlag
const client = 0x0a4d0002
const server = 0x0a4d0050

/** Conversations of a client that each has a port of its own, a millisecond between segments. */
function framesOf(conversations: readonly (readonly Segment[])[]): TimedFrame[] {
  return conversations.flatMap((segments, n) => segments.map((segment, i): TimedFrame => ({ timeNs: (n * 100 + i) * 1e6, bytes: frameOf(segment, 1024 + n) })))
}

function frameOf({ fromServer = false, flags, seq, ack: acknowledged = 0, data = 0, options = new Uint8Array(0) }: Segment, port: number): Uint8Array {
  const header = new TcpHeader()
  const padded = concatBytes([options, new Uint8Array((4 - options.length % 4) % 4)])
  const [sourcePort, destinationPort] = fromServer ? [80, port] : [port, 80]
  Object.assign(header, { sourcePort, destinationPort, seq, ack: acknowledged, flags, window: 1000, dataOffsetWords: 5 + padded.length / 4 })
  return ipv4Frame(fromServer ? server : client, fromServer ? client : server, IpProtocol.tcp, (into, at) => encodeTcp(header, padded, 0, padded.length, into, at) + data)
}

const opening: readonly Segment[] = [
  { flags: syn, seq: 100 }, { fromServer: true, flags: syn | ack, seq: 500, ack: 101 }, { flags: psh | ack, seq: 101, ack: 501, data: 10 },
]

/** An acknowledgment with the option, then two plain ones: what was read of it shows in all three. */
const plain: Segment = { fromServer: true, flags: ack, seq: 501, ack: 111 }
const withOption = (options: Uint8Array): Segment[] => [...opening, { ...plain, options }, plain, plain]

const option = (kind: number, length: number, ...value: readonly number[]) =>
  Uint8Array.from({ length: Math.max(2, length) }, (_, i) => i === 0 ? kind : i === 1 ? length : value[i - 2] ?? 0)

describe.runIf(hasTshark)('options that are too short or odd', () => {
  it('selective acknowledgments of every length', () => {
    const lengths = Array.from({ length: 9 }, (_, i) => i + 2).concat(18, 26, 34)
    expect(differences(framesOf(lengths.map((length) => withOption(option(5, length, 0, 0, 0, 120, 0, 0, 0, 130)))), 1)).toEqual([])
  })

  it('multipath options of every kind and length, with every mixture of flags', () => {
    const random = new Random(7)
    const conversations: Segment[][] = []
    for (let subtype = 2; subtype < 16; subtype++) {
      for (let length = 2; length <= 28; length++) {
        for (const flags of subtype === 2 ? [0, 1, 3, 4, 5, 12, 13, 15] : [0]) {
          conversations.push(withOption(option(30, length, subtype << 4, flags, ...Array.from({ length: 24 }, () => random.nextBelow(256)))))
        }
      }
    }
    expect(differences(framesOf(conversations), 1)).toEqual([])
  })

  it('multipath connections that begin without a key', () => {
    const conversations = [4, 5, 8].map((length) => withOption(option(30, length, 0x01, 0x81)))
    expect(differences(framesOf(conversations), 1)).toEqual([])
  })
})

describe.runIf(hasTshark)('numbers exactly half the number space apart', () => {
  it('a simultaneous open from 2³¹ - 1', () => {
    const half = 0x7fff_ffff
    expect(differences(framesOf([0, 1, 0xffff_ffff, 0xffff_fff0].map((other): Segment[] => [
      { flags: syn, seq: half }, { fromServer: true, flags: syn, seq: other }, { flags: syn | ack, seq: half, ack: (other + 1) >>> 0 },
      { fromServer: true, flags: syn | ack, seq: other, ack: half + 1 }, { flags: ack, seq: half + 1, ack: (other + 1) >>> 0 },
      { fromServer: true, flags: psh | ack, seq: (other + 1) >>> 0, ack: half + 1, data: 10 }, { flags: ack, seq: half + 1, ack: (other + 11) >>> 0 },
    ])), 1)).toEqual([])
  })
})
