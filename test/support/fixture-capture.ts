import { asciiBytes } from '../../src/base/bytes.ts'
import { Finding } from '../../src/trace/finding.ts'
import type { FlowRow } from '../../src/rpc/flows-contract.ts'
import type { PacketRow, TcpRow } from '../../src/rpc/packets-contract.ts'
import { arpFrame, tcpFrame } from './fixture-frames.ts'

/**
 * A capture that holds one connection with everything a window has to draw (handshake, data, a hole, a retransmission, a closed window, a four-way
 * close), a second one that is only long, a refused one and an unanswered one. The numbers agree with each other.
 */
export interface FixturePacket { row: PacketRow, bytes: Uint8Array }
export interface FixtureCapture { packets: FixturePacket[], flows: FlowRow[], isns: Map<number, [number, number]> }

interface End { address: string, port: number }
interface Scripted {
  time: number
  from: 0 | 1
  flags: number
  seq: number
  ack: number
  window: number
  length?: number
  text?: string
  options?: string
  info?: string
  /** State of the sender after it, then of the receiver. */
  states: [number, number]
  changed?: true
  again?: true
}

const F = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const
const synOptions = '020405b4 04020101'
const sackOptions = (from: number, to: number) => `0101050a ${from.toString(16).padStart(8, '0')} ${to.toString(16).padStart(8, '0')}`

const story: Scripted[] = [
  { time: 0.010412, from: 0, flags: F.syn, seq: 100, ack: 0, window: 8760, options: synOptions, info: 'MSS 1460, SACK', states: [2, 3], changed: true },
  { time: 0.020871, from: 1, flags: F.syn | F.ack, seq: 2000, ack: 101, window: 65535, options: synOptions, info: 'MSS 1460, SACK', states: [3, 4], changed: true },
  { time: 0.020902, from: 0, flags: F.ack, seq: 101, ack: 2001, window: 8760, states: [4, 4], changed: true },
  { time: 0.021344, from: 0, flags: F.ack | F.psh, seq: 101, ack: 2001, window: 8760, text: 'GET /note.txt HTTP/1.1\r\nHost: 10.77.0.80\r\n', length: 100, info: 'GET /note.txt', states: [4, 4] },
  { time: 0.03196, from: 1, flags: F.ack | F.psh, seq: 2001, ack: 201, window: 65535, text: 'HTTP/1.1 200 OK\r\nContent-Length: 9500\r\n', length: 500, info: 'HTTP/1.1 200 OK', states: [4, 4] },
  { time: 0.031995, from: 0, flags: F.ack, seq: 201, ack: 2501, window: 8760, states: [4, 4] },
  { time: 0.04231, from: 1, flags: F.ack, seq: 2501, ack: 201, window: 65535, length: 1460, states: [4, 4] },
  { time: 0.042556, from: 1, flags: F.ack, seq: 5421, ack: 201, window: 65535, length: 1460, states: [4, 4] },
  { time: 0.042571, from: 0, flags: F.ack, seq: 201, ack: 3961, window: 7300, options: sackOptions(5421, 6881), info: 'SACK 5421–6881', states: [4, 4] },
  { time: 0.04268, from: 1, flags: F.ack, seq: 6881, ack: 201, window: 65535, length: 1460, states: [4, 4] },
  { time: 0.042693, from: 0, flags: F.ack, seq: 201, ack: 3961, window: 7300, options: sackOptions(5421, 8341), info: 'SACK 5421–8341', states: [4, 4] },
  { time: 0.042804, from: 1, flags: F.ack, seq: 8341, ack: 201, window: 65535, length: 1460, states: [4, 4] },
  { time: 0.042817, from: 0, flags: F.ack, seq: 201, ack: 3961, window: 7300, options: sackOptions(5421, 9801), info: 'SACK 5421–9801', states: [4, 4] },
  { time: 0.042928, from: 1, flags: F.ack, seq: 9801, ack: 201, window: 65535, length: 1460, states: [4, 4] },
  { time: 0.042941, from: 0, flags: F.ack, seq: 201, ack: 3961, window: 7300, options: sackOptions(5421, 11261), info: 'SACK 5421–11261', states: [4, 4] },
  { time: 0.053202, from: 1, flags: F.ack, seq: 3961, ack: 201, window: 65535, length: 1460, text: 'TCP must recover from data that is damaged, lost, duplicated, or delivered out of order. ', states: [4, 4], again: true },
  { time: 0.053231, from: 0, flags: F.ack, seq: 201, ack: 11261, window: 0, states: [4, 4] },
  { time: 0.263604, from: 1, flags: F.ack, seq: 11261, ack: 201, window: 65535, length: 1, states: [4, 4] },
  { time: 0.263622, from: 0, flags: F.ack, seq: 201, ack: 11261, window: 0, states: [4, 4] },
  { time: 0.301118, from: 0, flags: F.ack, seq: 201, ack: 11261, window: 8760, states: [4, 4] },
  { time: 0.31154, from: 1, flags: F.ack | F.psh, seq: 11261, ack: 201, window: 65535, length: 740, states: [4, 4], again: true },
  { time: 0.311602, from: 0, flags: F.ack | F.fin, seq: 201, ack: 12001, window: 8760, states: [5, 7], changed: true },
  { time: 0.321988, from: 1, flags: F.ack, seq: 12001, ack: 202, window: 65535, states: [7, 6] },
  { time: 0.322147, from: 1, flags: F.ack | F.fin, seq: 12001, ack: 202, window: 65535, states: [9, 10], changed: true },
  { time: 0.32217, from: 0, flags: F.ack, seq: 202, ack: 12002, window: 8760, states: [10, 0], changed: true },
]

const refused: Scripted[] = [
  { time: 0.4, from: 0, flags: F.syn, seq: 700, ack: 0, window: 64240, options: synOptions, info: 'MSS 1460, SACK', states: [2, 0], changed: true },
  { time: 0.400031, from: 1, flags: F.rst | F.ack, seq: 0, ack: 701, window: 0, states: [0, 0], changed: true },
]

const unanswered: Scripted[] = [0.41, 1.41, 3.41].map((time, index) => (
  { time, from: 0, flags: F.syn, seq: 4_000_000_000, ack: 0, window: 64240, options: synOptions, info: 'MSS 1460, SACK', states: [2, -1], changed: true, ...(index > 0 ? { again: true } : {}) }
) as Scripted)

/** @param bulkPackets length of the long connection */
export function fixtureCapture(bulkPackets: number): FixtureCapture {
  const capture: FixtureCapture = { packets: [], flows: [], isns: new Map() }
  addArp(capture, 0.000105, 1, '10.77.0.2', '10.77.0.80')
  addArp(capture, 0.000391, 2, '10.77.0.80', '10.77.0.2')
  addFlow(capture, { address: '10.77.0.2', port: 40100 }, { address: '10.77.0.80', port: 80 }, [true, true], story, 10_490)
  addFlow(capture, { address: '10.77.0.2', port: 40101 }, { address: '10.77.0.1', port: 9 }, [true, false], bulk(bulkPackets), 84)
  addFlow(capture, { address: '10.77.0.1', port: 51516 }, { address: '10.77.0.2', port: 81 }, [false, true], refused, -1)
  addFlow(capture, { address: '10.77.0.2', port: 40103 }, { address: '10.77.0.1', port: 21 }, [true, false], unanswered, -1)
  return capture
}

function bulk(count: number): Scripted[] {
  const segments: Scripted[] = [
    { time: 0.5, from: 0, flags: F.syn, seq: 3_735_928_558, ack: 0, window: 64240, options: synOptions, info: 'MSS 1460, SACK', states: [2, 3], changed: true },
    { time: 0.500084, from: 1, flags: F.syn | F.ack, seq: 2_147_483_647, ack: 3_735_928_559, window: 65160, options: synOptions, info: 'MSS 1460, SACK', states: [3, 4], changed: true },
    { time: 0.5001, from: 0, flags: F.ack, seq: 3_735_928_559, ack: 2_147_483_648, window: 64240, states: [4, 4], changed: true },
  ]
  let seq = 3_735_928_559
  while (segments.length < count) {
    const time = 0.5002 + segments.length * 0.0005
    segments.push({ time, from: 0, flags: F.ack, seq, ack: 2_147_483_648, window: 64240, length: 1460, states: [4, 4] })
    seq = (seq + 1460) % 0x1_0000_0000
    if (segments.length % 3 === 2) segments.push({ time: time + 0.0001, from: 1, flags: F.ack, seq: 2_147_483_648, ack: seq, window: 65160, states: [4, 4] })
  }
  return segments
}

function addArp(capture: FixtureCapture, time: number, operation: 1 | 2, source: string, destination: string): void {
  const bytes = arpFrame(operation, source, destination)
  const number = capture.packets.length + 1
  const info = operation === 1 ? `who has ${destination}? tell ${source}` : `${source} is at 02:00:0a:4d:00:50`
  const row: PacketRow = {
    number, time, direction: operation === 1 ? 2 : 1, source, destination, protocol: 'ARP', capturedLength: bytes.length, originalLength: bytes.length,
    flow: -1, tcp: null, info, malformed: null, comment: '',
  }
  capture.packets.push({ row, bytes })
}

function addFlow(capture: FixtureCapture, client: End, server: End, known: [boolean, boolean], segments: readonly Scripted[], rttUs: number): void {
  const flow = capture.flows.length
  const ends = [client, server]
  const row: FlowRow = {
    flow, protocol: 'TCP', client: flowEnd(client, known[0]), server: flowEnd(server, known[1]), firstTime: segments[0].time, lastTime: segments.at(-1)!.time, rttUs,
    retransmissions: segments.filter((segment) => segment.again).length, findings: 0, resets: segments.filter((segment) => segment.flags & F.rst).length,
    activity: Array.from({ length: 32 }, (_, second) => segments.filter((segment) => Math.floor(segment.time) === 31 - second).length),
  }
  for (const segment of segments) {
    const packet = packetOf(segment, flow, capture.packets.length + 1, ends, known)
    capture.packets.push(packet)
    const [from, to] = segment.from === 0 ? [row.client, row.server] : [row.server, row.client]
    from.packets++
    from.bytes += segment.length ?? 0
    from.state = segment.states[0]
    to.state = segment.states[1]
    if (segment.changed) from.proof = packet.row.number
  }
  capture.flows.push(row)
  capture.isns.set(flow, [segments[0].seq, segments.find((segment) => segment.from === 1 && segment.flags & F.syn)?.seq ?? -1])
}

function flowEnd(end: End, known: boolean): FlowRow['client'] {
  return { ...end, state: -1, known, proof: -1, packets: 0, bytes: 0 }
}

function packetOf(segment: Scripted, flow: number, number: number, ends: readonly End[], known: [boolean, boolean]): FixturePacket {
  const source = ends[segment.from]
  const destination = ends[1 - segment.from]
  const { time, flags, seq, ack, window, options, from, states } = segment
  const payload = payloadOf(segment)
  const bytes = tcpFrame({
    source: source.address, sourcePort: source.port, destination: destination.address, destinationPort: destination.port, seq, ack, flags, window, options, payload,
  }, number)
  const tcp: TcpRow = {
    sourcePort: source.port, destinationPort: destination.port, flags, seq, ack, window, scaledWindow: window, length: payload.length, from,
    state: states[0], stateChanged: segment.changed ?? false, receiverState: states[1], retransmission: segment.again ?? false,
    findings: segment.again ? Finding.retransmission : segment.window === 0 ? Finding.zeroWindow : 0,
  }
  const row: PacketRow = {
    number, time, direction: known[from] ? 2 : 1, source: source.address, destination: destination.address, protocol: 'TCP',
    capturedLength: bytes.length, originalLength: bytes.length, flow, tcp, info: segment.info ?? '', malformed: null, comment: '',
  }
  return { row, bytes }
}

function payloadOf(segment: Scripted): Uint8Array {
  const length = segment.length ?? 0
  const text = segment.text ?? 'TCP carries a stream of bytes in both directions. '
  return asciiBytes(text.repeat(Math.ceil(length / text.length) || 1).slice(0, length))
}
