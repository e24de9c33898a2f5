import type { Impairments } from '../link/impair.ts'
import { Transfer } from '../stack/applications/transfer.ts'
import type { TcpConfig } from '../tcp/config.ts'
import { Network } from './network.ts'

export interface PathCase {
  readonly lossRate: number
  /** There and back. */
  readonly roundTripUs: number
  readonly bufferBytes: number
  readonly controller: TcpConfig['congestionControl']
  readonly rateBitsPerSecond: number
}

const mss = 1448
const startUs = 6_000_000
const addresses = [0x0a000006, 0x0a000009] as const

/** Bytes a second that one bulk connection delivers over the path, from the moment it is established, counted for `seconds` of virtual time. */
export function measureGoodput(path: PathCase, seconds: number, seed: number): number {
  const { lossRate, roundTripUs, bufferBytes, controller, rateBitsPerSecond } = path
  const network = new Network({ seed })
  const tcp: Partial<TcpConfig> = {
    congestionControl: controller, sendBufferBytes: bufferBytes, receiveBufferBytes: bufferBytes, hystart: controller === 'cubic', minRtoUs: 200_000, delayedAckUs: 40_000,
  }
  // A queue of one round trip, as routers have it.
  const queueFrames = Math.max(20, Math.ceil(rateBitsPerSecond / 8e6 * roundTripUs / 1514))
  const there: Impairments = { lossRate, delayUs: roundTripUs / 2, rateBitsPerSecond, queueFrames: queueFrames + Math.ceil(rateBitsPerSecond / 8e6 * roundTripUs / 2 / 1514) }
  const link = { queueFrames: 8192, queueBytes: 16 << 20 }
  const sender = network.add({ name: 'sender', address: addresses[0], tcp, send: there, link })
  const receiver = network.add({ name: 'receiver', address: addresses[1], tcp, send: { delayUs: roundTripUs / 2 }, link })
  const sink = new Transfer({ closeAfterReceive: false })
  receiver.applications.serve(9, () => sink)
  network.run(startUs)
  sender.applications.connect(addresses[1], 9, new Transfer({ source: (into) => into.length }), {}, network.nowUs)
  const isOpen = network.runWhile(() => sink.received === 0, startUs + 60_000_000)
  const fromUs = network.nowUs
  if (!isOpen) return 0
  network.run(fromUs + seconds * 1e6)
  return sink.received / seconds
}

/**
 * What theory lets through, in bytes a second: the wire's rate, a window a round trip, and for a controller that halves by loss the mean
 * of the model of Mathis, Semke, Mahdavi and Ott (MSS/RTT × √(3/(2p)), as cwnd grows by bytes and not by ACKs); for CUBIC the larger of it
 * and of the average window of RFC 9438 §5.1. A short run with few losses may pass the mean.
 */
export function theoreticalLimit({ lossRate, roundTripUs, bufferBytes, controller, rateBitsPerSecond }: PathCase): number {
  const rtt = roundTripUs / 1e6
  const byWire = rateBitsPerSecond / 8 * mss / 1514
  const byWindow = bufferBytes / rtt
  if (lossRate === 0 || controller === 'none') return Math.min(byWire, byWindow) * (1 - lossRate)
  const reno = mss / rtt * Math.sqrt(3 / (2 * lossRate))
  const cubic = mss / rtt * (0.4 * 3.7 / 1.2) ** 0.25 * (rtt / lossRate) ** 0.75
  return Math.min(byWire, byWindow, controller === 'cubic' ? Math.max(reno, cubic) : reno)
}
