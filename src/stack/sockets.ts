import { fault } from '../base/fault.ts'
import type { Fault } from '../base/fault.ts'
import type { Random } from '../base/random.ts'
import type { TcpConfig } from '../tcp/config.ts'
import { TcpConnection } from '../tcp/connection.ts'
import type { DecisionSink } from '../tcp/decision.ts'
import { initialSequence } from '../tcp/isn.ts'
import { TcpSegment } from '../tcp/segment.ts'
import { formatIpv4 } from '../wire/addresses.ts'
import { ConnectionRecord } from './connection-record.ts'
import { selectEphemeralPort } from './ephemeral-ports.ts'
import { hostDefaults } from './host-config.ts'
import type { HostConfig } from './host-config.ts'
import { asIpv4, formatAddress } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'
import type { Ipv4Output } from './ipv4-output.ts'
import type { Listener } from './listeners.ts'
import type { TcpConnections } from './tcp-connections.ts'

export interface ConnectOptions {
  /** One of the host's addresses; selected by route unless said (RFC 9293 §3.9.1.1). */
  readonly localAddress?: IpAddress
  /** An ephemeral port unless said. */
  readonly localPort?: number
  /** Over the host's configuration. */
  readonly config?: Partial<TcpConfig>
}

/** Makes connections, from our side and from the other. */
export class Sockets {
  private readonly config: HostConfig
  private readonly connections: TcpConnections
  private readonly ip: Ipv4Output
  private readonly isOurs: (address: number) => boolean
  private readonly random: Random
  private readonly sink: DecisionSink | undefined
  /** Drawn at start, never shown (RFC 6528 §4). */
  private readonly isnSecret: Uint32Array
  /** Connections are asked for segments one after another: one segment serves them all. */
  private readonly segment = new TcpSegment()

  constructor(config: HostConfig, connections: TcpConnections, ip: Ipv4Output, isOurs: (address: number) => boolean, random: Random, sink: DecisionSink | undefined) {
    this.config = config
    this.connections = connections
    this.ip = ip
    this.isOurs = isOurs
    this.random = random
    this.sink = sink
    this.isnSecret = Uint32Array.from({ length: 4 }, () => random.nextU32())
  }

  /** @returns the connection's id, or why there is none */
  connect(address: IpAddress, port: number, options: ConnectOptions, nowUs: number): number | Fault {
    const remote = asIpv4(address)
    if (!Number.isInteger(port) || port < 1 || port > 65535) return fault('badArgument', { name: 'port', value: port, expected: '1 .. 65535' })
    if (remote === null || !this.ip.isUnicast(remote) || this.isOurs(remote)) return fault('addressInvalid', { address: formatAddress(address) })
    if (this.ip.nextHop(remote) < 0) return fault('hostUnreachable', { address: formatAddress(address) })
    const local = options.localAddress === undefined ? this.ip.selectSource(remote) : asIpv4(options.localAddress)
    if (local === null || !this.isOurs(local)) {
      const wanted = options.localAddress ?? this.config.ipv4
      return options.localAddress === undefined ? fault('hostNotRunning', { address: formatAddress(wanted) }) : fault('addressInvalid', { address: formatAddress(wanted) })
    }
    const { table } = this.connections
    if (table.isFull) return fault('bufferFull', { limit: table.limit })
    const localPort = options.localPort ?? this.ephemeralPort(local, remote, port)
    if (localPort < 0) return fault('portInUse', { port: this.ephemeralRange() })
    if (table.find(local, remote, localPort, port) !== null) return fault('connectionExists', { local: `${formatIpv4(local)}:${localPort}`, remote: `${formatIpv4(remote)}:${port}` })
    const record = this.create(local, remote, localPort, port, -1, options.config, nowUs)
    record.connection.open(nowUs)
    this.connections.touch(record)
    return record.id
  }

  /** A connection in LISTEN for a SYN that has come. Null where the table is full. */
  acceptSyn(listener: Listener, local: number, remote: number, remotePort: number, nowUs: number): ConnectionRecord | null {
    if (this.connections.table.isFull) return null
    const record = this.create(local, remote, listener.port, remotePort, listener.port, listener.config, nowUs)
    record.isWaitingForAccept = true
    listener.waiting++
    record.connection.listen()
    return record
  }

  private create(
    local: number, remote: number, localPort: number, remotePort: number, listenerPort: number, override: Partial<TcpConfig> | undefined, nowUs: number,
  ): ConnectionRecord {
    const config = override === undefined || Object.keys(override).length === 0 ? this.config.tcp : { ...this.config.tcp, ...override }
    const id = this.connections.nextId()
    const connection = new TcpConnection({
      id, config, localPort, remotePort, ipVersion: 4, pathMtu: this.config.mtu, sink: this.sink, segment: this.segment,
      isn: config.isn === 'rfc6528' ? initialSequence(this.isnSecret, { localAddress: local, localPort, remoteAddress: remote, remotePort }, nowUs) : config.isn,
    })
    const record = new ConnectionRecord({
      id, slot: this.connections.table.nextSlot(), connection, localV4: local, remoteV4: remote, localPort, remotePort, listenerPort,
      mac: this.config.mac, ttl: config.ttl,
    })
    this.connections.add(record)
    return record
  }

  private ephemeralPort(local: number, remote: number, remotePort: number): number {
    const { first, last } = this.config.ephemeralPorts ?? hostDefaults.ephemeralPorts
    return selectEphemeralPort(first, last, this.random, (port) => this.connections.table.find(local, remote, port, remotePort) === null)
  }

  private ephemeralRange(): string {
    const { first, last } = this.config.ephemeralPorts ?? hostDefaults.ephemeralPorts
    return `${first}-${last}`
  }
}
