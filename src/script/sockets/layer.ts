import type { Host } from '../../stack/host.ts'
import type { HostEvent } from '../../stack/host-event.ts'
import type { IpAddress } from '../../stack/ip-address.ts'
import type { TcpSilence } from '../../stack/tcp-input.ts'
import { createTcpSnapshot } from '../../tcp/snapshot.ts'
import type { TcpSnapshot } from '../../tcp/snapshot.ts'
import type { TcpConfig } from '../../tcp/config.ts'
import { TcpState } from '../../tcp/state.ts'
import type { Errno } from '../constants.ts'
import type { Profile } from '../profile.ts'
import type { SystemChange } from '../sysctl.ts'
import type { TunnelPorts } from '../udp-tunnel.ts'
import { noteRoom } from './send-room.ts'
import { Socket } from './socket.ts'
import type { OpenFile } from './socket.ts'

/** Where a script's sockets are bound and connect to, where it leaves that to the tool. */
export interface SocketDefaults {
  readonly family: 4 | 6
  readonly local: IpAddress
  readonly remote: IpAddress
  readonly bindPort: number
  readonly connectPort: number
}

export interface SocketRow {
  readonly state: TcpState
  readonly localPort: number
  readonly remotePort: number
  /** A program still has it. */
  readonly isOpen: boolean
  readonly isV6: boolean
  /** -1 where there is none. */
  readonly connection: number
}

/** The socket layer of the host under test: open files by the numbers that the script gives them, and what the host's events mean to them. */
export class SocketLayer {
  readonly host: Host
  /** As system settings have changed it. */
  profile: Profile
  readonly defaults: SocketDefaults
  readonly files = new Map<number, OpenFile>()
  /** The connection that scripts measure: the last socket that listened, connected or was accepted. */
  underTest: Socket | null = null
  /** Told when a socket opens actively, with its local port. */
  onConnect: (localPort: number, remotePort: number) => void = () => {}
  /** What an ICMP error that came last means, for the errno of what ends by it. */
  unreachableErrno: Errno = 'EHOSTUNREACH'
  /** Our port of TCP within UDP, 0 before it has one; null where the script's options leave that out. */
  udpTunnelPort: number | null = null
  /** Connections that came in. */
  accepted = 0
  private silence: TcpSilence = { refusals: 'none', synFins: false }
  private readonly byConnection = new Map<number, Socket>()
  private readonly clock: () => number
  private readonly snapshot = createTcpSnapshot()

  constructor(host: Host, profile: Profile, defaults: SocketDefaults, clock: () => number) {
    this.host = host
    this.profile = profile
    this.defaults = defaults
    this.clock = clock
  }

  get nowUs(): number {
    return this.clock()
  }

  /** A system setting: for sockets to come, and the engine's live knobs of those there are. */
  change({ tcp = {}, sockets = {}, silence, fastOpenKeys, udpTunnelPort }: SystemChange): void {
    if (udpTunnelPort !== undefined && this.udpTunnelPort !== null) this.udpTunnelPort = udpTunnelPort
    if (fastOpenKeys !== undefined) this.host.setFastOpenKeys(fastOpenKeys)
    if (silence !== undefined) {
      this.silence = { ...this.silence, ...silence }
      this.host.setSilence(this.silence)
    }
    this.profile = { ...this.profile, tcp: { ...this.profile.tcp, ...tcp }, sockets: { ...this.profile.sockets, ...typeof sockets === 'function' ? sockets(this.profile.sockets) : sockets } }
    for (const record of this.host.connections()) {
      if (!record.isLive) continue
      for (const [knob, value] of Object.entries(tcp) as [keyof TcpConfig, TcpConfig[keyof TcpConfig]][]) this.host.setOption(record.id, knob, value, this.nowUs)
    }
  }

  /** The datagrams that a connection goes in which a socket opens from this port (TCP_REMOTE_UDP_ENCAPS_PORT); null: it goes without. */
  tunnelOf(localPort: number): TunnelPorts | null {
    for (const file of this.files.values()) {
      if (file.kind !== 'socket' || file.phase !== 'connecting' || file.boundPort !== localPort) continue
      const destination = file.options.get('TCP_REMOTE_UDP_ENCAPS_PORT') ?? 0
      return destination === 0 || !this.udpTunnelPort ? null : { source: this.udpTunnelPort, destination }
    }
    return null
  }

  /** Takes the host's events. Called before the host's segments leave, so that what follows from them goes with them. */
  takeEvents(): void {
    for (let event = this.host.pollEvent(); event !== null; event = this.host.pollEvent()) this.take(event)
    for (const file of this.files.values()) if (file.kind === 'socket' && file.missesRoom) noteRoom(this, file)
  }

  bindConnection(socket: Socket, id: number): void {
    socket.connection = id
    this.byConnection.set(id, socket)
  }

  /** Somebody else ends the connection, and its program hears of it. */
  drop(id: number): void {
    const socket = this.byConnection.get(id)
    if (socket !== undefined) this.end(socket, 'ECONNABORTED')
    this.host.abort(id, this.nowUs)
  }

  /** The version of IP that the script's packets have; an IPv6 socket may speak IPv4 through mapped addresses (RFC 4291 §2.5.5.2). */
  get wireVersion(): 4 | 6 {
    return typeof this.defaults.local === 'number' ? 4 : 6
  }

  /** Whether a socket of a family hears and reaches what is on the wire. */
  reaches(family: 4 | 6, options: ReadonlyMap<string, number>): boolean {
    return family === this.wireVersion || (family === 6 && (options.get('IPV6_V6ONLY') ?? 0) === 0)
  }

  /** Null where there is no connection. Good until the next call. */
  view(socket: Socket): TcpSnapshot | null {
    const connection = this.host.connection(socket.connection)
    if (connection === undefined) return null
    connection.snapshot(this.snapshot)
    return this.snapshot
  }

  stateOf(socket: Socket): TcpState {
    if (socket.phase === 'listening') return TcpState.listen
    return this.host.connection(socket.connection)?.state ?? TcpState.closed
  }

  /** Sockets that listen or have a connection, and whether a program still has them. */
  * all(): Iterable<SocketRow> {
    for (const file of this.files.values()) {
      if (file.kind !== 'socket') continue
      const isV6 = file.family === 6 && this.wireVersion === 6
      const isListening = file.phase === 'listening'
      if (!isListening && file.connection >= 0 && this.host.record(file.connection)?.isLive === true) continue
      yield { state: isListening ? TcpState.listen : TcpState.closed, localPort: file.boundPort, remotePort: 0, isOpen: true, isV6, connection: -1 }
    }
    for (const record of this.host.connections()) {
      if (!record.isLive) continue
      const socket = this.byConnection.get(record.id)
      const { localPort, remotePort, isV6, id } = record
      yield { state: record.connection.state, localPort, remotePort, isOpen: socket !== undefined && !socket.isClosed, isV6, connection: id }
    }
  }

  private take(event: HostEvent): void {
    if (event.connection < 0) return
    const socket = this.byConnection.get(event.connection)
    if (event.kind === 'accepted') return this.comeIn(event)
    if (socket === undefined) return
    if (event.kind === 'readable') socket.arrivals++
    else if (event.kind !== 'writable') socket.changes++
    switch (event.kind) {
      case 'connected': socket.phase = 'connected'; return
      case 'reset': return this.end(socket, 'ECONNRESET')
      case 'refused': return this.end(socket, 'ECONNREFUSED')
      case 'timedOut': return this.end(socket, 'ETIMEDOUT')
      case 'unreachable':
        if (this.host.connection(event.connection)?.state === TcpState.closed) this.end(socket, this.unreachableErrno)
        return
      case 'closed': return this.end(socket, null)
    }
  }

  private comeIn({ connection, listenerPort }: HostEvent): void {
    this.accepted++
    const listener = [...this.files.values()].find((file) => file.kind === 'socket' && file.phase === 'listening' && file.boundPort === listenerPort) as Socket | undefined
    const socket = new Socket(listener?.family ?? this.defaults.family, { ...listener?.tcp })
    socket.phase = 'connected'
    socket.cameIn = true
    socket.boundPort = listenerPort
    if (listener !== undefined) for (const [name, value] of listener.options) socket.options.set(name, value)
    socket.lingers = listener?.lingers ?? false
    socket.lingerUs = listener?.lingerUs ?? 0
    socket.listener = listener ?? null
    this.bindConnection(socket, connection)
    if (listener === undefined) this.host.abort(connection, this.nowUs)
    else {
      listener.accepts.push(socket)
      listener.arrivals++
    }
  }

  private end(socket: Socket, error: Errno | null): void {
    socket.phase = 'over'
    if (error !== null) socket.error = error
  }
}
