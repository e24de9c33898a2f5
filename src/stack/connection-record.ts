import type { TcpConnection } from '../tcp/connection.ts'
import { pseudoHeaderSum4Of, pseudoHeaderSum6Of, sumBytes } from '../wire/checksum.ts'
import { ethernetHeaderBytes } from '../wire/ethernet.ts'
import { ipv4HeaderBytes, IpProtocol } from '../wire/ipv4.ts'
import type { IpAddress } from './ip-address.ts'
import { ipv4PayloadAt, writeIpv4Frame } from './ipv4-output.ts'
import { ipv6PayloadAt, writeIpv6Frame } from './ipv6-output.ts'
import type { ReportedError } from './network-error.ts'
import type { NdpNeighbour } from './ndp-cache.ts'
import type { Neighbour } from './neighbours.ts'

export interface ConnectionRecordOptions {
  readonly id: number
  readonly slot: number
  readonly connection: TcpConnection
  /** Both of one version; kept, not copied. */
  readonly localAddress: IpAddress
  readonly remoteAddress: IpAddress
  readonly localPort: number
  readonly remotePort: number
  readonly listenerPort: number
  readonly mac: Uint8Array
  readonly ttl: number
  readonly dscp: number
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
  readonly isV6: boolean
  /** The same as numbers; -1 for IPv6. */
  readonly localV4: number
  readonly remoteV4: number
  readonly localPort: number
  readonly remotePort: number
  /** The port that was listened on; -1 for connections that we opened. */
  readonly listenerPort: number
  /** Ethernet and IP headers of its frames, but for destination MAC, length, identification and checksum. */
  readonly headers: Uint8Array
  /** Of the IPv4 header, but for length and identification. */
  headerSum = 0
  /** Of the pseudo-header, but for the length. */
  readonly pseudoSum: number
  /** The next hop, once there was something to send. */
  neighbour: Neighbour | null = null
  neighbour6: NdpNeighbour | null = null
  /** What the network has reported last; null as long as it reports nothing. */
  softError: ReportedError | null = null
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
    this.localAddress = options.localAddress
    this.remoteAddress = options.remoteAddress
    this.localPort = options.localPort
    this.remotePort = options.remotePort
    this.listenerPort = options.listenerPort
    const { localAddress: local, remoteAddress: remote, mac, ttl } = options
    if (typeof local === 'number' || typeof remote === 'number') {
      this.isV6 = false
      this.localV4 = Number(local)
      this.remoteV4 = Number(remote)
      this.headers = new Uint8Array(ipv4PayloadAt)
      this.pseudoSum = pseudoHeaderSum4Of(this.localV4, this.remoteV4, IpProtocol.tcp, 0)
      writeIpv4Frame(this.headers, mac, this.localV4, this.remoteV4, IpProtocol.tcp, ttl)
      this.headerSum = sumBytes(this.headers, ethernetHeaderBytes, ipv4HeaderBytes)
    } else {
      this.isV6 = true
      this.localV4 = this.remoteV4 = -1
      this.headers = new Uint8Array(ipv6PayloadAt)
      this.pseudoSum = pseudoHeaderSum6Of(local, remote, IpProtocol.tcp, 0)
      writeIpv6Frame(this.headers, mac, local, remote, IpProtocol.tcp, ttl)
    }
    this.setDscp(options.dscp)
  }

  /** For the packets to come; the two ECN bits beside it stay as they are. */
  setDscp(dscp: number): void {
    const { headers } = this
    if (this.isV6) {
      headers[ethernetHeaderBytes] = 0x60 | (dscp >>> 2)
      headers[ethernetHeaderBytes + 1] = (headers[ethernetHeaderBytes + 1] & 0x3f) | ((dscp & 3) << 6)
      return
    }
    headers[ethernetHeaderBytes + 1] = (headers[ethernetHeaderBytes + 1] & 3) | (dscp << 2)
    this.headerSum = sumBytes(headers, ethernetHeaderBytes, ipv4HeaderBytes)
  }

  /** For the packets to come. */
  setTtl(ttl: number): void {
    if (this.isV6) {
      this.headers[ethernetHeaderBytes + 7] = ttl
      return
    }
    this.headers[ethernetHeaderBytes + 8] = ttl
    this.headerSum = sumBytes(this.headers, ethernetHeaderBytes, ipv4HeaderBytes)
  }
}
