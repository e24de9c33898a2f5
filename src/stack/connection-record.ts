import type { TcpConnection } from '../tcp/connection.ts'
import { pseudoHeaderSum4Of, pseudoHeaderSum6Of } from '../wire/checksum.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import type { FrameHeaders } from './frame-headers.ts'
import type { IpAddress } from './ip-address.ts'
import type { Listener } from './listeners.ts'
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
  /** From the local address. */
  readonly headers: FrameHeaders
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
  /** What all its frames begin with. */
  headers: FrameHeaders
  /** Of the pseudo-header, but for the length. */
  readonly pseudoSum: number
  /** The next hop, once there was something to send. */
  neighbour: Neighbour | null = null
  neighbour6: NdpNeighbour | null = null
  /** What the network has reported last; null as long as it reports nothing. */
  softError: ReportedError | null = null
  /** The listener that counts it among those accepted before their handshake was over (RFC 7413 §5.1). */
  pendingFor: Listener | null = null
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
    this.headers = options.headers
    const { localAddress: local, remoteAddress: remote } = options
    if (typeof local === 'number' || typeof remote === 'number') {
      this.isV6 = false
      this.localV4 = Number(local)
      this.remoteV4 = Number(remote)
      this.pseudoSum = pseudoHeaderSum4Of(this.localV4, this.remoteV4, IpProtocol.tcp, 0)
    } else {
      this.isV6 = true
      this.localV4 = this.remoteV4 = -1
      this.pseudoSum = pseudoHeaderSum6Of(local, remote, IpProtocol.tcp, 0)
    }
  }

  /** For the packets to come. */
  setDscp(dscp: number): void {
    this.headers = this.headers.with(this.localAddress, this.headers.ttl, dscp)
  }

  /** For the packets to come. */
  setTtl(ttl: number): void {
    this.headers = this.headers.with(this.localAddress, ttl, this.headers.dscp)
  }
}
