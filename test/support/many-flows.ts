import { utf8Bytes } from '../../src/base/bytes.ts'
import { TcpFlag } from '../../src/wire/tcp.ts'
import { tcpFrame } from './fixture-frames.ts'
import { frames } from './frames.ts'

/** Frames of `count` conversations one after the other: an opening, a request and what is sent again of it; the last one is a SYN over IPv6. */
export function manyFlowFrames(count: number, repeatsOf: (flow: number) => number): Uint8Array[] {
  const all: Uint8Array[] = []
  const client = '10.77.0.2'
  const server = '10.77.0.80'
  for (let flow = 0; flow < count - 1; flow++) {
    const sourcePort = 40_000 + flow
    const sent = (flags: number, seq: number, ack: number, payload = '') => {
      all.push(tcpFrame({ source: client, sourcePort, destination: server, destinationPort: 80, seq, ack, flags, window: 64_240, payload: utf8Bytes(payload) }, all.length))
    }
    sent(TcpFlag.syn, 100, 0)
    all.push(tcpFrame({
      source: server, sourcePort: 80, destination: client, destinationPort: sourcePort, seq: 500, ack: 101, flags: TcpFlag.syn | TcpFlag.ack, window: 65_160,
    }, all.length))
    sent(TcpFlag.ack, 101, 501)
    for (let sentTimes = 0; sentTimes <= repeatsOf(flow); sentTimes++) sent(TcpFlag.ack | TcpFlag.psh, 101, 501, 'GET / HTTP/1.0\r\n\r\n')
  }
  all.push(frames.tcp6Syn)
  return all
}
