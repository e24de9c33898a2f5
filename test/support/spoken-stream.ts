import { utf8Bytes } from '../../src/base/bytes.ts'
import { TcpFlag } from '../../src/wire/tcp.ts'
import { tcpFrame } from './fixture-frames.ts'
import { frames as others } from './frames.ts'

/** What each end says, in the order of the wire; `seq` counts from its first byte. Without `bytes`, an acknowledgment alone. */
export interface Said { end: 0 | 1, seq: number, bytes?: Uint8Array | string, ack?: number }

const [clientIsn, serverIsn] = [1000, 9000]
const [client, server] = [{ address: '10.77.0.2', port: 40_100 }, { address: '10.77.0.80', port: 80 }]

/** Frames of a TCP connection with these segments, its opening first. @param flow makes another port */
export function spokenFrames(said: readonly Said[], flow = 0): Uint8Array[] {
  const frames: Uint8Array[] = []
  const send = (end: 0 | 1, flags: number, seq: number, ack: number, payload: Uint8Array) => {
    const [from, to] = end === 0 ? [{ ...client, port: client.port + flow }, server] : [server, { ...client, port: client.port + flow }]
    const tuple = { source: from.address, sourcePort: from.port, destination: to.address, destinationPort: to.port }
    frames.push(tcpFrame({ ...tuple, seq, ack, flags, window: 64_240, payload }, frames.length))
  }
  const nothing = new Uint8Array(0)
  send(0, TcpFlag.syn, clientIsn, 0, nothing)
  send(1, TcpFlag.syn | TcpFlag.ack, serverIsn, clientIsn + 1, nothing)
  send(0, TcpFlag.ack, clientIsn + 1, serverIsn + 1, nothing)
  const isns = [clientIsn + 1, serverIsn + 1]
  for (const { end, seq, bytes = nothing, ack = 0 } of said) {
    send(end, TcpFlag.ack | TcpFlag.psh, isns[end] + seq, isns[1 - end] + ack, typeof bytes === 'string' ? utf8Bytes(bytes) : bytes)
  }
  return frames
}

/** A short conversation with all there is to see: text of both ends, a hole, what came again, and what came again otherwise. Ten packets. */
export function shortConversation(): Uint8Array[] {
  return spokenFrames([
    { end: 0, seq: 0, bytes: 'GET /안녕 HTTP/1.1\r\nHost: lab\r\n\r\n' },
    { end: 1, seq: 0, bytes: 'HTTP/1.1 200 OK\r\n', ack: 35 },
    { end: 1, seq: 0, bytes: 'HTTP/1.1 200 OK\r\n', ack: 35 },
    { end: 1, seq: 17, bytes: '\r\nthe answer', ack: 35 },
    { end: 1, seq: 23, bytes: 'ANSWER and more', ack: 35 },
    { end: 1, seq: 60, bytes: 'behind a hole\u0007\n', ack: 35 },
    { end: 0, seq: 35, ack: 75 },
  ])
}

/** `lines` numbered lines of the server's, 24 bytes each, in segments of 1,440. */
export function longAnswer(lines: number): Uint8Array[] {
  const text = utf8Bytes(Array.from({ length: lines }, (_, i) => `line ${String(i).padStart(8, '0')} of it...\r\n`).join(''))
  const said: Said[] = [{ end: 0, seq: 0, bytes: 'GET /long\r\n' }]
  for (let at = 0; at < text.length; at += 1440) said.push({ end: 1, seq: at, bytes: text.subarray(at, at + 1440), ack: 11 })
  return spokenFrames(said, 1)
}

/** Flow 0: {@link shortConversation}; flow 1: {@link longAnswer}; flow 2: a datagram. */
export function streamFrames(lines: number): Uint8Array[] {
  return [...shortConversation(), ...longAnswer(lines), others.udpData]
}
