import { tcpStateNames } from '../../../src/tcp/state.ts'
import { encodeTcpOptions, padTcpOptions } from '../../../src/wire/tcp-options.ts'
import type { TcpOption } from '../../../src/wire/tcp-options.ts'
import { encodeTcp, TcpFlag, TcpHeader } from '../../../src/wire/tcp.ts'
import { encodeEthernet, EthernetHeader, EtherType } from '../../../src/wire/ethernet.ts'
import { encodeIpv4, fillIpv4, IpProtocol, Ipv4Header } from '../../../src/wire/ipv4.ts'
import { FrameBatch } from '../../../src/link/frame-batch.ts'
import { Trace } from '../../../src/trace/trace.ts'

const letters = { S: TcpFlag.syn, F: TcpFlag.fin, R: TcpFlag.rst, P: TcpFlag.psh, '.': TcpFlag.ack, U: TcpFlag.urg } as const

export interface Tuple { clientIp: number, clientPort: number, serverIp: number, serverPort: number }
export const usualTuple: Tuple = { clientIp: 0x0a4d0002, clientPort: 40_100, serverIp: 0x0a4d0050, serverPort: 80 }

/** `[@seconds] c> S 100:100(0) [ack N] [win N] [id N] [ttl N] [<mss 1460,sackOK,TS 7 5,sack 1:2 5:6,wscale 7>]`: c is the client, s the server. */
const form = /^(?:@([\d.]+) )?([cs])> ([SFRPU.]+) (\d+):\d+\((\d+)\)(?: ack (\d+))?(?: win (\d+))?(?: id (\d+))?(?: ttl (\d+))?(?: <([^>]*)>)?$/

export interface TestSegment { seconds: number | null, from: 'c' | 's', frame: Uint8Array }

export function segment(line: string, tuple: Tuple = usualTuple, text = ''): TestSegment {
  const found = form.exec(line)
  if (!found) throw new Error(`not a segment: ${line}`)
  const [, seconds, from, flags, seq, length, ack, win, id, ttl, options] = found
  const header = new TcpHeader()
  header.sourcePort = from === 'c' ? tuple.clientPort : tuple.serverPort
  header.destinationPort = from === 'c' ? tuple.serverPort : tuple.clientPort
  header.seq = Number(seq)
  header.ack = Number(ack ?? 0)
  header.flags = [...flags].reduce((sum, letter) => sum | letters[letter as keyof typeof letters], 0)
  header.window = Number(win ?? 65_535)
  const optionBytes = padTcpOptions(encodeTcpOptions((options ?? '').split(',').filter(Boolean).map(option)))
  header.dataOffsetWords = 5 + optionBytes.length / 4
  const payload = text ? Uint8Array.from(text, (character) => character.charCodeAt(0)) : new Uint8Array(Number(length)).fill(0)
  return {
    seconds: seconds === undefined ? null : Number(seconds), from: from as 'c' | 's',
    frame: ipv4Frame(from === 'c' ? tuple.clientIp : tuple.serverIp, from === 'c' ? tuple.serverIp : tuple.clientIp, IpProtocol.tcp, (into, at) => {
      const end = at + encodeTcp(header, optionBytes, 0, optionBytes.length, into, at)
      into.set(payload, end)
      return end + payload.length - at
    }, { identification: Number(id ?? 0), ttl: Number(ttl ?? 64) }),
  }
}

function option(words: string): TcpOption {
  const [name, value, more] = words.trim().split(' ')
  if (name === 'mss') return { name: 'mss', mss: Number(value) }
  if (name === 'wscale') return { name: 'wscale', shift: Number(value) }
  if (name === 'TS') return { name: 'ts', val: Number(value ?? 1), ecr: Number(more ?? 0) }
  if (name === 'sack') return { name: 'sack', blocks: words.trim().split(' ').slice(1).map(blockOf) }
  return { name: 'sackOK' }
}

function blockOf(words: string): { left: number, right: number } {
  const [left, right] = words.split(':').map(Number)
  return { left, right }
}

type Put = (into: Uint8Array, at: number) => number

export function ipv4Frame(source: number, destination: number, protocol: number, put: Put, ip: { identification?: number, ttl?: number } = {}): Uint8Array {
  const frame = new Uint8Array(70_000)
  const ethernet = new EthernetHeader()
  ethernet.etherType = EtherType.ipv4
  const ipAt = encodeEthernet(ethernet, frame, 0)
  const header = new Ipv4Header()
  Object.assign(header, { source, destination, protocol }, ip)
  const at = ipAt + encodeIpv4(header, frame, 0, 0, frame, ipAt)
  const length = put(frame, at)
  fillIpv4(frame, ipAt, at + length - ipAt)
  return frame.slice(0, at + length)
}

/** A trace over frames kept in memory: the offset of a frame is its index. */
export class TraceUnderTest {
  readonly trace: Trace
  private readonly frames: Uint8Array[] = []
  private clock = 0

  constructor(timeWaitUs?: number, insights = false) {
    this.trace = new Trace({ timeWaitUs, insights })
  }

  readonly bytesOf = (offset: number, length: number): Uint8Array | null => this.frames[offset].subarray(0, length)

  add(frame: Uint8Array, seconds: number | null = null, linkType = 1, originalLength = frame.length): void {
    this.clock = seconds ?? this.clock + 0.001
    const sec = Math.floor(this.clock)
    const batch = new FrameBatch(1, frame)
    batch.add(0, frame.length, originalLength, 1_700_000_000 + sec, Math.round((this.clock - sec) * 1e9), 1)
    this.frames.push(frame)
    this.trace.append(batch, linkType, Float64Array.of(this.frames.length - 1))
  }

  send(line: string, tuple?: Tuple, text?: string): void {
    const { frame, seconds } = segment(line, tuple, text)
    this.add(frame, seconds)
  }

  row(number: number) {
    return this.trace.rows({ from: number - 1, count: 1 }, this.bytesOf).rows[0]
  }

  flow(number = 0) {
    return this.trace.flowRow(number)
  }
}

export function stateName(state: number): string {
  return state < 0 ? '-' : tcpStateNames[state]
}

/**
 * Plays lines such as `c> S 100:100(0)   | SYN_SENT -`: behind the bar the sender's state after the segment and the receiver's once it has
 * it, with `again` where it is a retransmission.
 * @returns what the trace says in the same form, to be compared with the lines
 */
export function play(lines: readonly string[], test = new TraceUnderTest(), tuple?: Tuple): string[] {
  return lines.map((line) => {
    const [words] = line.split('|')
    test.send(words.trim(), tuple)
    const { tcp } = test.row(test.trace.packetCount)
    return `${words.trimEnd()}${line.slice(words.trimEnd().length, line.indexOf('|'))}| ${stateName(tcp!.state)} ${stateName(tcp!.receiverState)}${tcp!.retransmission ? ' again' : ''}`
  })
}
