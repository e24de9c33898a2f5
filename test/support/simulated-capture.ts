import type { Impairments } from '../../src/link/impair.ts'
import { Network } from '../../src/sim/network.ts'
import { services } from '../../src/stack/applications/services.ts'
import { bytesSource, Transfer } from '../../src/stack/applications/transfer.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import type { TimedFrame } from './nasty-segments.ts'

const serverIp = 0x0a4d0001
const echoPort = 7

/** What one of two hosts of ours sees of transfers through a bad network. Same seed, same frames. */
export function simulatedCapture(options: { seed: number, impair: Impairments, tcp?: Partial<TcpConfig>, seenBy: 'client' | 'server', transfers: number, bytes: number }): TimedFrame[] {
  const network = new Network({ seed: options.seed })
  const server = network.add({ name: 'server', address: serverIp, tcp: options.tcp, receive: options.impair, send: options.impair })
  const client = network.add({ name: 'client', address: serverIp + 1, tcp: options.tcp })
  for (const { port, create } of Object.values(services)) server.applications.serve(port, create)
  network.run(5e6)
  const frames: TimedFrame[] = []
  const station = options.seenBy === 'client' ? client : server
  station.onFrames = (_station, _direction, batch, nowUs) => {
    for (let i = 0; i < batch.count; i++) {
      frames.push({ timeNs: Math.round(nowUs * 1000), bytes: batch.bytes.slice(batch.offset[i], batch.offset[i] + batch.capturedLength[i]) })
    }
  }
  for (let i = 0; i < options.transfers; i++) {
    client.applications.connect(serverIp, echoPort, new Transfer({ source: bytesSource(new Uint8Array(options.bytes)) }), {}, network.nowUs)
    network.run(network.nowUs + 60e6)
  }
  return frames
}
