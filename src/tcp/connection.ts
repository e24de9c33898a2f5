import type { FaultCode } from '../base/fault.ts'
import type { TcpConfig } from './config.ts'
import type { DecisionSink } from './decision.ts'
import type { TcpEvent } from './events.ts'
import type { TcpSegment } from './segment.ts'
import type { TcpSnapshot } from './snapshot.ts'
import type { TcpState } from './state.ts'

export interface TcpConnectionOptions {
  readonly config: TcpConfig
  readonly localPort: number
  /** 0 in a passive open that takes any peer. */
  readonly remotePort: number
  readonly ipVersion: 4 | 6
  /** Bytes of the largest IP packet on the path. */
  readonly pathMtu: number
  readonly isn: number
  readonly sink?: DecisionSink
  readonly id: number
  /** What `pollTransmit` returns; connections that one host polls one after another may share it. */
  readonly segment?: TcpSegment
}

export declare class TcpConnection {
  constructor(options: TcpConnectionOptions)
  readonly id: number
  readonly localPort: number
  readonly remotePort: number
  readonly state: TcpState
  readonly receivableBytes: number
  readonly sendableBytes: number
  readonly endOfStream: boolean
  readonly lastError: FaultCode | null
  open(nowUs: number): boolean
  listen(): boolean
  send(bytes: Uint8Array, at: number, length: number, nowUs: number): number
  receive(into: Uint8Array, at: number, length: number, nowUs: number): number
  close(nowUs: number): boolean
  abort(nowUs: number): void
  setOption<K extends keyof TcpConfig>(name: K, value: TcpConfig[K], nowUs: number): FaultCode | null
  handleUnreachable(nowUs: number): void
  handleSegment(segment: TcpSegment, nowUs: number): void
  handleTimeout(nowUs: number): void
  pollTransmit(nowUs: number): TcpSegment | null
  pollTimeout(): number
  pollEvent(): TcpEvent | null
  snapshot(into: TcpSnapshot): void
}
