import { fault } from '../base/fault.ts'
import type { Fault } from '../base/fault.ts'
import type { Random } from '../base/random.ts'
import type { TcpConfig } from '../tcp/config.ts'
import { TcpConnection } from '../tcp/connection.ts'
import type { DecisionSink } from '../tcp/decision.ts'
import { hashTuple, initialSequence, timestampOffsetOf } from '../tcp/isn.ts'
import { ipHeaderAndTcpHeaderBytes } from '../tcp/limits.ts'
import { TcpSegment } from '../tcp/segment.ts'
import { seqAdd, seqGt } from '../tcp/seq.ts'
import { answerWithCookie, cookieCountUs, readCookie } from '../tcp/syn-cookie.ts'
import type { FastOpenTerms } from '../tcp/fast-open.ts'
import { ConnectionRecord } from './connection-record.ts'
import { selectEphemeralPort } from './ephemeral-ports.ts'
import { FastOpens } from './fast-opens.ts'
import { FrameHeaders } from './frame-headers.ts'
import { hostDefaults } from './host-config.ts'
import type { HostConfig } from './host-config.ts'
import { asIpv4, formatAddress } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'
import type { Ipv4Output } from './ipv4-output.ts'
import { isUnicastIpv6 } from './ipv6-address.ts'
import type { Ipv6 } from './ipv6.ts'
import type { Listener } from './listeners.ts'
import type { PathMtus } from './path-mtus.ts'
import type { TcpConnections } from './tcp-connections.ts'

export interface ConnectOptions {
  /** One of the host's addresses; selected by route unless said (RFC 9293 §3.9.1.1). */
  readonly localAddress?: IpAddress
  /** An ephemeral port unless said. */
  readonly localPort?: number
  /** Over the host's configuration. */
  readonly config?: Partial<TcpConfig>
}

interface Path { readonly local: IpAddress, readonly remote: IpAddress }

/** Makes connections, from our side and from the other. */
export class Sockets {
  private readonly config: HostConfig
  private readonly connections: TcpConnections
  private readonly ip: Ipv4Output
  private readonly ipv6: Ipv6 | null
  private readonly pathMtus: PathMtus
  private readonly isOurs: (address: number) => boolean
  private readonly random: Random
  private readonly sink: DecisionSink | undefined
  /** Drawn at start, never shown (RFC 6528 §4). */
  private readonly isnSecret: Uint32Array
  readonly fastOpens: FastOpens
  /** Connections are asked for segments one after another: one segment serves them all. */
  private readonly segment = new TcpSegment()
  /** Of the latest connection: the next one mostly has the same. */
  private headers: FrameHeaders
  /** A peer's SYN as its cookie tells. */
  private readonly answered = new TcpSegment()

  constructor(
    config: HostConfig, connections: TcpConnections, ip: Ipv4Output, ipv6: Ipv6 | null, pathMtus: PathMtus, isOurs: (address: number) => boolean, random: Random,
    sink: DecisionSink | undefined,
  ) {
    this.config = config
    this.connections = connections
    this.ip = ip
    this.ipv6 = ipv6
    this.pathMtus = pathMtus
    this.isOurs = isOurs
    this.random = random
    this.sink = sink
    this.headers = new FrameHeaders(config.mac, config.ipv4, config.tcp.ttl, config.tcp.dscp)
    this.isnSecret = Uint32Array.from({ length: 4 }, () => random.nextU32())
    this.fastOpens = new FastOpens(random.fork())
    connections.fastOpens = this.fastOpens
  }

  /** @returns the connection's id, or why there is none */
  connect(address: IpAddress, port: number, options: ConnectOptions, nowUs: number): number | Fault {
    if (!Number.isInteger(port) || port < 1 || port > 65535) return fault('badArgument', { name: 'port', value: port, expected: '1 .. 65535' })
    const path = address instanceof Uint8Array && address.length === 16 ? this.path6(address, options.localAddress, nowUs) : this.path4(address, options.localAddress)
    if ('code' in path) return path
    const { local, remote } = path
    const { table } = this.connections
    if (table.isFull) return fault('bufferFull', { limit: table.limit })
    const localPort = options.localPort ?? this.ephemeralPort(local, remote, port)
    if (localPort < 0) return fault('portInUse', { port: this.ephemeralRange() })
    if (this.find(local, remote, localPort, port) !== null) return fault('connectionExists', { local: endpoint(local, localPort), remote: endpoint(remote, port) })
    const config = options.config === undefined ? this.config.tcp : { ...this.config.tcp, ...options.config }
    const record = this.create(local, remote, localPort, port, -1, config, null, nowUs, this.fastOpens.termsOfClient(config, remote, port, nowUs))
    record.connection.open(nowUs)
    this.connections.touch(record)
    return record.id
  }

  /**
   * A connection in LISTEN for a SYN that has come. Null where the table is full.
   * @param above the last sequence number of a connection in TIME-WAIT that it follows (RFC 9293 §3.6.1)
   */
  acceptSyn(listener: Listener, local: IpAddress, remote: IpAddress, syn: TcpSegment, nowUs: number, above: number | null = null): ConnectionRecord | null {
    const remotePort = syn.sourcePort
    const config = listener.configOver(this.config.tcp)
    const fastOpen = this.fastOpens.termsOfServer(config, listener, local, remote, syn, nowUs)
    if (above === null || config.isn !== 'rfc6528') return this.createPassive(listener, local, remote, remotePort, null, nowUs, fastOpen)
    const isn = initialSequence(hashTuple(this.isnSecret, { localAddress: local, localPort: listener.port, remoteAddress: remote, remotePort }), nowUs)
    return this.createPassive(listener, local, remote, remotePort, seqGt(isn, above) ? isn : seqAdd(above, 1), nowUs, fastOpen)
  }

  /** Answers a SYN that there is no room to remember. @returns whether `out` is filled; not where cookies are off */
  answerStateless(listener: Listener, local: IpAddress, remote: IpAddress, syn: TcpSegment, out: TcpSegment, nowUs: number): boolean {
    const config = listener.configOver(this.config.tcp)
    if (!config.synCookies) return false
    listener.cookiesUntilUs = nowUs + 2 * cookieCountUs
    const tuple = { localAddress: local, localPort: listener.port, remoteAddress: remote, remotePort: syn.sourcePort }
    const largest = Math.min(this.linkMtu(local), config.reassemblyLimitBytes) - ipHeaderAndTcpHeaderBytes[typeof local === 'number' ? 4 : 6]
    const own = { mss: config.mss === 0 ? largest : Math.min(config.mss, largest), timestampOffset: timestampOffset(config, hashTuple(this.isnSecret, tuple)) }
    answerWithCookie(this.isnSecret, tuple, syn, config, own, nowUs, out)
    return true
  }

  /** The connection of an ACK that answers such a SYN+ACK; it has still to get that ACK. Null where it does not, or there is no room. */
  acceptCookie(listener: Listener, local: IpAddress, remote: IpAddress, ack: TcpSegment, nowUs: number): ConnectionRecord | null {
    if (nowUs > listener.cookiesUntilUs) return null
    const tuple = { localAddress: local, localPort: listener.port, remoteAddress: remote, remotePort: ack.sourcePort }
    if (!readCookie(this.isnSecret, tuple, ack, listener.configOver(this.config.tcp), nowUs, this.answered)) return null
    const record = this.createPassive(listener, local, remote, ack.sourcePort, seqAdd(ack.ack, -1), nowUs)
    record?.connection.acceptCookie(this.answered, nowUs)
    return record
  }

  private createPassive(
    listener: Listener, local: IpAddress, remote: IpAddress, remotePort: number, isn: number | null, nowUs: number, fastOpen?: FastOpenTerms,
  ): ConnectionRecord | null {
    if (this.connections.table.isFull) return null
    const record = this.create(local, remote, listener.port, remotePort, listener.port, listener.configOver(this.config.tcp), isn, nowUs, fastOpen)
    record.isWaitingForAccept = true
    listener.waiting++
    record.connection.listen(nowUs)
    return record
  }

  private path4(address: IpAddress, wanted: IpAddress | undefined): Path | Fault {
    const remote = asIpv4(address)
    if (remote === null || !this.ip.isUnicast(remote) || this.isOurs(remote)) return fault('addressInvalid', { address: formatAddress(address) })
    if (this.ip.nextHop(remote) < 0) return fault('hostUnreachable', { address: formatAddress(address) })
    const local = wanted === undefined ? this.ip.selectSource(remote) : asIpv4(wanted)
    if (local !== null && this.isOurs(local)) return { local, remote }
    return wanted === undefined ? fault('hostNotRunning', { address: formatAddress(this.config.ipv4) }) : fault('addressInvalid', { address: formatAddress(wanted) })
  }

  private path6(remote: Uint8Array, wanted: IpAddress | undefined, nowUs: number): Path | Fault {
    const { ipv6 } = this
    if (!isUnicastIpv6(remote) || ipv6?.link.isOurs(remote)) return fault('addressInvalid', { address: formatAddress(remote) })
    if (ipv6 === null || ipv6.link.nextHop(remote, nowUs) === null) return fault('hostUnreachable', { address: formatAddress(remote) })
    if (wanted !== undefined) {
      if (typeof wanted === 'number' || !ipv6.link.isOurs(wanted)) return fault('addressInvalid', { address: formatAddress(wanted) })
      return { local: wanted.slice(), remote: remote.slice() }
    }
    const local = ipv6.link.selectSource(remote, nowUs)
    return local === null ? fault('hostNotRunning', { address: formatAddress(ipv6.link.addresses[0].address) }) : { local, remote: remote.slice() }
  }

  private find(local: IpAddress, remote: IpAddress, localPort: number, remotePort: number): ConnectionRecord | null {
    const { table } = this.connections
    if (typeof local === 'number' || typeof remote === 'number') return table.find(Number(local), Number(remote), localPort, remotePort)
    return table.find6(local, remote, localPort, remotePort)
  }

  private create(
    local: IpAddress, remote: IpAddress, localPort: number, remotePort: number, listenerPort: number, config: TcpConfig, isn: number | null, nowUs: number,
    fastOpen?: FastOpenTerms,
  ): ConnectionRecord {
    const id = this.connections.nextId()
    const hash = hashTuple(this.isnSecret, { localAddress: local, localPort, remoteAddress: remote, remotePort })
    const linkMtu = this.linkMtu(local)
    const known = this.pathMtus.find(remote, nowUs)
    const connection = new TcpConnection({
      id, config, localPort, remotePort, ipVersion: typeof local === 'number' ? 4 : 6, pathMtu: known < 0 ? linkMtu : Math.min(known, linkMtu), linkMtu, sink: this.sink, segment: this.segment,
      isn: isn ?? (config.isn === 'rfc6528' ? initialSequence(hash, nowUs) : config.isn), timestampOffset: timestampOffset(config, hash), fastOpen,
    })
    const record = new ConnectionRecord({
      id, slot: this.connections.table.nextSlot(), connection, localAddress: local, remoteAddress: remote, localPort, remotePort, listenerPort,
      headers: this.headers = this.headers.with(local, config.ttl, config.dscp),
    })
    this.connections.add(record)
    return record
  }

  private linkMtu(local: IpAddress): number {
    return typeof local === 'number' ? this.config.mtu : this.ipv6!.link.mtu
  }

  private ephemeralPort(local: IpAddress, remote: IpAddress, remotePort: number): number {
    const { first, last } = this.config.ephemeralPorts ?? hostDefaults.ephemeralPorts
    return selectEphemeralPort(first, last, this.random, (port) => this.find(local, remote, port, remotePort) === null)
  }

  private ephemeralRange(): string {
    const { first, last } = this.config.ephemeralPorts ?? hostDefaults.ephemeralPorts
    return `${first}-${last}`
  }
}

function timestampOffset(config: TcpConfig, tupleHash: Uint32Array): number {
  if (typeof config.timestampOffset === 'number') return config.timestampOffset
  return config.timestamps ? timestampOffsetOf(tupleHash) : 0
}

function endpoint(address: IpAddress, port: number): string {
  return typeof address === 'number' ? `${formatAddress(address)}:${port}` : `[${formatAddress(address)}]:${port}`
}
