import type { TcpConnection } from '../tcp/connection.ts'
import { pseudoHeaderSum4Of, sumBytes } from '../wire/checksum.ts'
import { ethernetHeaderBytes } from '../wire/ethernet.ts'
import { ipv4HeaderBytes, IpProtocol } from '../wire/ipv4.ts'
import type { IpAddress } from './ip-address.ts'
import { ipv4PayloadAt, writeIpv4Frame } from './ipv4-output.ts'
import type { Neighbour } from './neighbours.ts'

export interface ConnectionRecordOptions {
  readonly id: number
  readonly slot: number
  readonly connection: TcpConnection
  readonly localV4: number
  readonly remoteV4: number
  readonly localPort: number
  readonly remotePort: number
  readonly listenerPort: number
  readonly mac: Uint8Array
  readonly ttl: number
}

/** What the host keeps for one connection beside the engine's own state. */
export class ConnectionRecord {
  /** Never used again. */
  readonly id: number
  /** Index into the connection table, used again after the connection. */
  readonly slot: number
  readonly connection: TcpConnection
  readonly localAddress: IpAddress
  readonly remoteAddress: IpAddress
  readonly localV4: number
  readonly remoteV4: number
  readonly localPort: number
  readonly remotePort: number
  /** The port that was listened on; -1 for connections that we opened. */
  readonly listenerPort: number
  /** Ethernet and IPv4 headers of its frames, but for destination MAC, length, identification and checksum. */
  readonly headers = new Uint8Array(ipv4PayloadAt)
  /** Of the IPv4 header, but for length and identification. */
  headerSum: number
  /** Of the pseudo-header, but for the length. */
  readonly pseudoSum: number
  /** The next hop, once there was something to send. */
  neighbour: Neighbour | null = null
  /** Counts against the listener's backlog: not established, or established and not yet told to anybody. */
  isWaitingForAccept = false
  /** The engine was called since its events and timers were looked at. */
  needsSettling = false
  /** The engine may have something to send. */
  needsTransmit = false
  /** In the table; false once it is closed and only kept for inspection. */
  isLive = true

  constructor(options: ConnectionRecordOptions) {
    this.id = options.id
    this.slot = options.slot
    this.connection = options.connection
    this.localAddress = this.localV4 = options.localV4
    this.remoteAddress = this.remoteV4 = options.remoteV4
    this.localPort = options.localPort
    this.remotePort = options.remotePort
    this.listenerPort = options.listenerPort
    this.pseudoSum = pseudoHeaderSum4Of(options.localV4, options.remoteV4, IpProtocol.tcp, 0)
    writeIpv4Frame(this.headers, options.mac, options.localV4, options.remoteV4, IpProtocol.tcp, options.ttl)
    this.headerSum = sumBytes(this.headers, ethernetHeaderBytes, ipv4HeaderBytes)
  }

  /** For the packets to come. */
  setTtl(ttl: number): void {
    this.headers[ethernetHeaderBytes + 8] = ttl
    this.headerSum = sumBytes(this.headers, ethernetHeaderBytes, ipv4HeaderBytes)
  }
}
