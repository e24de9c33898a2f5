import { fault } from '../base/fault.ts'
import type { Fault } from '../base/fault.ts'
import { readU16 } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import { Direction } from '../link/frame-batch.ts'
import type { FrameBatch, FrameWriter } from '../link/frame-batch.ts'
import { checkTcpOption } from '../tcp/config.ts'
import type { TcpConfig } from '../tcp/config.ts'
import type { TcpConnection } from '../tcp/connection.ts'
import type { DecisionSink } from '../tcp/decision.ts'
import { SendFlag } from '../tcp/send-flags.ts'
import { formatMac, isBroadcastMac } from '../wire/addresses.ts'
import { ethernetHeaderBytes, EtherType, isVlanType } from '../wire/ethernet.ts'
import { IcmpType, IcmpUnreachableCode, TimeExceededCode } from '../wire/icmp.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { Arp } from './arp.ts'
import type { ConnectionRecord } from './connection-record.ts'
import { FrameQueue } from './frame-queue.ts'
import { hostDefaults } from './host-config.ts'
import type { HostConfig } from './host-config.ts'
import { HostEventQueue } from './host-event.ts'
import type { HostEvent, HostEventKind } from './host-event.ts'
import { Icmp } from './icmp.ts'
import { formatAddress, isSameAddress } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'
import { Ipv4Input } from './ipv4-input.ts'
import { Ipv4Output } from './ipv4-output.ts'
import { Ipv6 } from './ipv6.ts'
import type { Ipv6Users } from './ipv6.ts'
import { minIpv6Mtu } from './ipv6-address.ts'
import type { Ipv6AddressState } from './ipv6-interface.ts'
import type { NdpNeighbour, NdpState } from './ndp-cache.ts'
import { ListenerTable } from './listeners.ts'
import type { ListenOptions } from './listeners.ts'
import type { Neighbour, NeighbourRow } from './neighbours.ts'
import type { NetworkError } from './network-error.ts'
import { PathMtus } from './path-mtus.ts'
import { Sockets } from './sockets.ts'
import type { ConnectOptions } from './sockets.ts'
import { createStatistics } from './statistics.ts'
import type { HostStatistics } from './statistics.ts'
import { TcpConnections } from './tcp-connections.ts'
import { TcpInput } from './tcp-input.ts'
import type { TcpSilence } from './tcp-input.ts'
import { TcpOutput } from './tcp-output.ts'
import { Udp } from './udp.ts'
import type { Datagram, UdpOptions, UdpSocket } from './udp-socket.ts'

/** Listens to what the host decides. */
export type HostSink = DecisionSink

/** What a program asks of one of its connections. */
export type HostCall = 'connect' | 'send' | 'receive' | 'close' | 'closeBoth' | 'abort'

/** Hears what programs ask, before it has an effect on the wire: `lengthBytes` of a send or receive are those that were taken, never 0. */
export type CallListener = (connection: number, call: HostCall, lengthBytes: number, nowUs: number) => void

export type HostPhase = 'off' | 'probing' | 'ready' | 'conflict'

export interface Ipv6AddressRow { address: Uint8Array, prefixLength: number, state: Ipv6AddressState, preferredUntilUs: number, validUntilUs: number }
export interface NdpRow { address: Uint8Array, mac: string | null, state: NdpState, isRouter: boolean }

/** Frames of the host's own that may wait to leave: as many as may wait for one ARP answer, and some. */
const controlFrames = 512

/**
 * A host on an Ethernet: ARP, IPv4, ICMP, UDP errors, TCP. Knows no clock and does no I/O: frames and the time (integer µs, never going
 * back) go in, frames and events come out. Whoever drives it does, again and again: `handleBatch` with what came, `handleTimeout` when `pollTimeout`
 * is due, `pollEvent` until null, `pollTransmit` until it writes nothing.
 */
export class Host {
  readonly config: HostConfig
  onCall: CallListener | null = null
  private readonly counts = createStatistics()
  private readonly events = new HostEventQueue()
  private readonly frames: FrameQueue
  private readonly arp: Arp
  private readonly ip: Ipv4Input
  private readonly output: Ipv4Output
  private readonly ipv6: Ipv6 | null
  private readonly tcpInput: TcpInput
  private readonly udp: Udp
  private readonly tcp: TcpConnections
  private readonly listeners = new ListenerTable()
  private readonly sockets: Sockets
  private readonly pathMtus = new PathMtus()
  private latestUs = 0

  constructor(config: HostConfig, random: Random, sink?: HostSink) {
    this.config = config
    this.frames = new FrameQueue(controlFrames, ethernetHeaderBytes + config.mtu)
    this.arp = new Arp(config, this.frames, this.counts, random.fork(), {
      addressReady: (address) => this.emit('addressReady', address, null),
      addressLost: (address, mac) => this.emit('addressConflict', address, mac),
      addressDefended: (address, mac) => this.emit('addressDefended', address, mac),
      unreachable: (neighbour) => this.reportUnreachable(neighbour),
    })
    const output = this.output = new Ipv4Output(config, this.arp, this.frames, this.counts, this.pathMtus)
    const acceptUnfinished = config.acceptUnfinishedChecksums ?? hostDefaults.acceptUnfinishedChecksums
    this.ipv6 = config.ipv6 === true && config.mtu >= minIpv6Mtu ? this.createIpv6(random, () => users) : null
    const tcpOutput = new TcpOutput(config, this.arp, output, this.ipv6, this.counts)
    const limits = { maxConnections: config.maxConnections ?? hostDefaults.maxConnections, historyLength: config.historyLength ?? hostDefaults.historyLength }
    this.tcp = new TcpConnections(limits, random.fork(), this.events, tcpOutput, (record) => this.listeners.find(record.listenerPort, record.localAddress))
    this.sockets = new Sockets(config, this.tcp, output, this.ipv6, this.pathMtus, (address) => this.arp.isOurs(address), random.fork(), sink)
    this.tcpInput = new TcpInput(this.tcp, this.listeners, tcpOutput, this.ipv6, this.counts, this.pathMtus, acceptUnfinished, this.sockets)
    const { tcpInput } = this
    const networkError = (error: NetworkError, nowUs: number) => {
      if (error.protocol === IpProtocol.tcp) tcpInput.handleError(error, nowUs)
      else if (error.protocol === IpProtocol.udp) this.udp.handleError(error)
    }
    const icmp = new Icmp(output, this.counts, config.answerEcho ?? hostDefaults.answerEcho, {
      networkError, isOurs: (address) => this.arp.isOurs(address), rerouted: (destination) => this.reroute(destination),
    })
    this.udp = new Udp(config, output, this.ipv6, icmp, this.counts, random.fork(), {
      isOurs: (address) => this.arp.isOurs(address),
      readable: (socket) => this.emitSocket('datagram', socket.id),
      failed: (socket) => this.emitSocket('datagramError', socket.id),
    })
    const users: Ipv6Users = {
      tcp: (packet, nowUs) => tcpInput.handle6(packet, nowUs),
      networkError,
      udp: (packet, icmpv6, nowUs) => this.udp.handle6(packet, icmpv6, nowUs),
    }
    this.ip = new Ipv4Input({
      isOurs: (address) => this.arp.isOurs(address),
      isBroadcast: (address) => output.isBroadcast(address),
      tcp: (packet, nowUs) => tcpInput.handle(packet, nowUs),
      udp: (packet, nowUs) => this.udp.handle(packet, nowUs),
      icmp: (packet, nowUs) => icmp.handle(packet, nowUs),
      unknownProtocol: (packet, nowUs) => icmp.sendError(IcmpType.unreachable, IcmpUnreachableCode.protocol, packet, nowUs),
      reassemblyTimedOut: (first, nowUs) => icmp.sendError(IcmpType.timeExceeded, TimeExceededCode.reassembly, first, nowUs),
    }, this.counts)
  }

  /** Claims the address (RFC 5227): `addressReady` or `addressConflict` follows. May be called again after a conflict. */
  start(nowUs: number): void {
    this.latestUs = nowUs
    this.arp.start(nowUs)
    this.ipv6?.start(nowUs)
  }

  /** Falls silent at once; connections are left as they are. Close or abort them first. */
  stop(): void {
    this.arp.stop()
    this.ip.clear()
    this.output.forgetRedirects()
    this.pathMtus.clear()
    this.ipv6?.stop()
  }

  /** Of the primary address. */
  get phase(): HostPhase {
    const { phase } = this.arp.claims[0]
    return phase === 'idle' ? 'off' : phase === 'conflict' ? 'conflict' : phase === 'probing' || phase === 'waiting' ? 'probing' : 'ready'
  }

  /** Takes frames of a link; those that this machine sent itself are passed over. */
  handleBatch(batch: FrameBatch, nowUs: number): void {
    for (let i = 0; i < batch.count; i++) {
      if (batch.direction[i] !== Direction.sent) this.handleFrame(batch.bytes, batch.offset[i], batch.capturedLength[i], nowUs)
    }
  }

  handleFrame(bytes: Uint8Array, at: number, length: number, nowUs: number): void {
    const counts = this.counts.ethernet
    this.latestUs = nowUs
    counts.in++
    if (length < ethernetHeaderBytes) { counts.truncated++; return }
    const isToUs = isMac(bytes, at, this.config.mac)
    if (isMac(bytes, at + 6, this.config.mac) || (!isToUs && !isGroupWeHear(bytes, at) && this.ipv6?.link.hearsMac(bytes, at) !== true)) { counts.notForUs++; return }
    const etherType = readU16(bytes, at + 12)
    const packetAt = at + ethernetHeaderBytes
    const packetLength = length - ethernetHeaderBytes
    if (etherType === EtherType.ipv4) this.ip.handle(bytes, packetAt, packetLength, isToUs, nowUs)
    else if (etherType === EtherType.arp) this.arp.handle(bytes, packetAt, packetLength, nowUs)
    else if (etherType === EtherType.ipv6 && this.ipv6 !== null) this.ipv6.handle(bytes, packetAt, packetLength, isToUs, nowUs)
    else if (etherType === EtherType.ipv6) counts.ipv6++
    else if (isVlanType(etherType)) counts.tagged++
    else counts.unknownType++
  }

  handleTimeout(nowUs: number): void {
    this.latestUs = nowUs
    this.arp.handleTimeout(nowUs)
    this.ip.handleTimeout(nowUs)
    this.ipv6?.handleTimeout(nowUs)
    this.tcp.settle()
    this.tcp.handleTimeout(nowUs)
  }

  /** Writes what there is to send. @returns frames written; when the writer was too small for everything, call again with an empty one */
  pollTransmit(nowUs: number, writer: FrameWriter): number {
    this.latestUs = nowUs
    const before = writer.count
    this.frames.flush(writer)
    this.tcp.transmit(nowUs, writer)
    this.tcp.settle()
    this.frames.flush(writer)
    const written = writer.count - before
    this.counts.ethernet.out += written
    return written
  }

  /** When `handleTimeout` (or, where something waits to be sent, `pollTransmit`) is due: µs, not after now when something waits; Infinity when nothing does. */
  pollTimeout(): number {
    this.tcp.settle()
    if (this.frames.waiting > 0 || this.tcp.hasWork) return this.latestUs
    return Math.min(this.arp.nextDeadlineUs(), this.ip.nextDeadlineUs(), this.ipv6?.nextDeadlineUs() ?? Infinity, this.tcp.nextDeadlineUs())
  }

  pollEvent(): HostEvent | null {
    this.tcp.settle()
    return this.events.take()
  }

  /** @returns null, or `portInUse` or `badArgument` */
  listen(port: number, options: ListenOptions = {}): Fault | null {
    return this.listeners.add(port, options)
  }

  /** Connections that came in live on. @returns whether anybody listened there */
  unlisten(port: number): boolean {
    return this.listeners.remove(port)
  }

  /** Keys of fast open cookies, four words each: the first makes new ones, the others are still good (RFC 7413 §4.1.2). */
  setFastOpenKeys(keys: readonly Uint32Array[]): void {
    this.sockets.fastOpens.keys = keys
  }

  /** From the next segment on. */
  setSilence(silence: TcpSilence): void {
    this.tcpInput.silence = silence
  }

  listenerPorts(): number[] {
    return this.listeners.ports()
  }

  /** @returns the connection's id; or `addressInvalid`, `hostNotRunning` (no address yet), `hostUnreachable`, `portInUse`, `connectionExists`, `bufferFull`, `badArgument` */
  connect(address: IpAddress, port: number, options: ConnectOptions, nowUs: number): number | Fault {
    const outcome = this.sockets.connect(address, port, options, nowUs)
    if (typeof outcome === 'number') this.onCall?.(outcome, 'connect', 0, nowUs)
    return outcome
  }

  /** @param port 0 for one that is free. @returns the socket's id; or `badArgument`, `portInUse`, `bufferFull` */
  udpBind(port: number, options: UdpOptions = {}): number | Fault {
    const socket = this.udp.sockets.bind(port, options)
    return 'code' in socket ? socket : socket.id
  }

  /** @param from the source address; the socket's, or the one that fits the way, unless said. @returns null, or why nothing was sent */
  udpSend(id: number, to: IpAddress, port: number, bytes: Uint8Array, nowUs: number, from?: IpAddress): Fault | null {
    const socket = this.udp.sockets.get(id)
    return socket === undefined ? fault('noSuchConnection', { connection: id }) : this.udp.send(socket, to, port, bytes, nowUs, from)
  }

  /** @returns the oldest datagram that waits, null when none does */
  udpReceive(id: number): Datagram | null {
    return this.udp.sockets.get(id)?.take() ?? null
  }

  udpClose(id: number): boolean {
    return this.udp.sockets.close(id)
  }

  udpSocket(id: number): UdpSocket | undefined {
    return this.udp.sockets.get(id)
  }

  udpSockets(): Iterable<UdpSocket> {
    return this.udp.sockets.all()
  }

  /** The engine's side of a connection, to look at. Calls that change it go through the host. */
  connection(id: number): TcpConnection | undefined {
    return this.tcp.get(id)?.connection
  }

  record(id: number): ConnectionRecord | undefined {
    return this.tcp.get(id)
  }

  /** Live connections, and closed ones that are still kept, by age. */
  connections(): Iterable<ConnectionRecord> {
    return this.tcp.all()
  }

  /** @param flags of `SendFlag` @returns bytes taken; 0 when the buffer is full, -1 when nothing can be sent any more (`connection.lastError` says why) */
  send(id: number, bytes: Uint8Array, at: number, length: number, nowUs: number, flags: number = SendFlag.push): number {
    const taken = this.withConnection(id, (connection) => connection.send(bytes, at, length, nowUs, flags)) ?? -1
    if (taken > 0) this.onCall?.(id, 'send', taken, nowUs)
    return taken
  }

  /** @returns bytes put into `into`; 0 when there are none now (see `endOfStream`), -1 when there will be none */
  receive(id: number, into: Uint8Array, at: number, length: number, nowUs: number): number {
    const taken = this.withConnection(id, (connection) => connection.receive(into, at, length, nowUs)) ?? -1
    if (taken > 0) this.onCall?.(id, 'receive', taken, nowUs)
    return taken
  }

  /** Sends FIN after what is queued; receiving goes on. */
  close(id: number, nowUs: number): void {
    this.onCall?.(id, 'close', 0, nowUs)
    this.withConnection(id, (connection) => connection.close(nowUs))
  }

  /** The end of both directions, as when a process ends: what is unread or comes later draws an RST. */
  closeBoth(id: number, nowUs: number): void {
    this.onCall?.(id, 'closeBoth', 0, nowUs)
    this.withConnection(id, (connection) => connection.closeBoth(nowUs))
  }

  /** What comes from now on draws an RST; what is here can still be read. */
  refuseText(id: number): void {
    this.withConnection(id, (connection) => connection.refuseText())
  }

  /** Sends RST and forgets what is queued. */
  abort(id: number, nowUs: number): void {
    this.onCall?.(id, 'abort', 0, nowUs)
    this.withConnection(id, (connection) => connection.abort(nowUs))
  }

  /** Forgets the connection without a word to the peer, whose next segment meets a closed port. */
  discard(id: number, nowUs: number): void {
    this.withConnection(id, (connection) => connection.discard(nowUs))
  }

  /** @returns null, or `badArgument`, `noSuchConnection`, or `connectionExists` for a knob that only a connection yet to come can have */
  setOption<K extends keyof TcpConfig>(id: number, name: K, value: TcpConfig[K], nowUs: number): Fault | null {
    const outcome = this.withConnection(id, (connection) => connection.setOption(name, value, nowUs))
    const record = this.tcp.get(id)
    if (outcome === undefined || record === undefined) return fault('noSuchConnection', { connection: id })
    if (outcome === null) {
      if (name === 'ttl') record.setTtl(Number(value))
      if (name === 'dscp') record.setDscp(Number(value))
      return null
    }
    if (outcome === 'badArgument') return checkTcpOption(name, value)
    return fault(outcome, { local: `${formatAddress(record.localAddress)}:${record.localPort}`, remote: `${formatAddress(record.remoteAddress)}:${record.remotePort}` })
  }

  /** Whether a connection to there could carry data on its SYN now (RFC 7413 §4.1.3). */
  knowsFastOpenCookie(address: IpAddress, port: number, nowUs: number): boolean {
    return this.sockets.fastOpens.knowsCookie(address, port, nowUs)
  }

  /** Forgets a closed connection before newer ones push it out. */
  release(id: number): boolean {
    return this.tcp.release(id)
  }

  /** Ages are counted to `nowUs`; to the latest time the host has heard of unless said. */
  arpTable(nowUs = this.latestUs): NeighbourRow[] {
    return this.arp.neighbours.rows(nowUs)
  }

  /** Assigned, and nobody else's. */
  isOwnAddress(address: IpAddress): boolean {
    return typeof address === 'number' ? this.arp.isOurs(address) : this.ipv6?.link.isOurs(address) === true
  }

  /** Our IPv6 addresses; none where IPv6 is off. */
  ipv6Addresses(): Ipv6AddressRow[] {
    const addresses = this.ipv6?.link.addresses ?? []
    return addresses.map(({ address, prefixLength, state, preferredUntilUs, validUntilUs }) => ({ address: address.slice(), prefixLength, state, preferredUntilUs, validUntilUs }))
  }

  /** The IPv6 neighbour cache. */
  ndpTable(): NdpRow[] {
    const neighbours = this.ipv6?.ndp.cache.all() ?? []
    return neighbours.map(({ address, mac, hasMac, state, isRouter }) => ({ address: address.slice(), mac: hasMac ? formatMac(mac) : null, state, isRouter }))
  }

  /** The IPv6 networks on the link and the default router; null where IPv6 is off. */
  ipv6Routes(): ReturnType<Ipv6['link']['routes']> | null {
    return this.ipv6?.link.routes(this.latestUs) ?? null
  }

  statistics(): HostStatistics {
    return this.counts
  }

  private withConnection<T>(id: number, act: (connection: TcpConnection) => T): T | undefined {
    const record = this.tcp.get(id)
    if (record === undefined) return undefined
    const outcome = act(record.connection)
    if (record.isLive) this.tcp.touch(record)
    return outcome
  }

  /** Nobody answers for a next hop (RFC 1122 §2.4): the connections that go through it hear of it. */
  private reportUnreachable(neighbour: Neighbour | NdpNeighbour): void {
    if (typeof neighbour.address === 'number') this.output.forgetHop(neighbour.address)
    else this.ipv6?.link.redirects.forget(neighbour.address)
    for (const record of this.tcp.table) {
      if (record.neighbour !== neighbour && record.neighbour6 !== neighbour) continue
      record.connection.handleUnreachable(this.latestUs)
      this.tcp.touch(record)
    }
  }

  /** Connections ask anew which way to go. */
  private reroute(destination: IpAddress): void {
    for (const record of this.tcp.table) {
      if (!isSameAddress(record.remoteAddress, destination)) continue
      record.neighbour = null
      record.neighbour6 = null
    }
  }

  private createIpv6(random: Random, users: () => Ipv6Users): Ipv6 {
    return new Ipv6(this.config, this.frames, this.counts, random.fork(), this.pathMtus, {
      addressReady: (address) => this.emit('addressReady', address, null),
      addressLost: (address, mac) => this.emit('addressConflict', address, mac),
      unreachable: (neighbour) => this.reportUnreachable(neighbour),
      rerouted: (destination) => this.reroute(destination),
    }, users)
  }

  private emitSocket(kind: HostEventKind, socket: number): void {
    this.events.add({ kind, connection: -1, socket, listenerPort: -1, address: null, mac: null })
  }

  private emit(kind: HostEventKind, address: IpAddress, mac: Uint8Array | null): void {
    this.events.add({ kind, connection: -1, socket: -1, listenerPort: -1, address, mac })
  }
}

function isMac(bytes: Uint8Array, at: number, mac: Uint8Array): boolean {
  return bytes[at + 5] === mac[5] && bytes[at + 4] === mac[4] && bytes[at + 3] === mac[3] && bytes[at + 2] === mac[2] && bytes[at + 1] === mac[1] && bytes[at] === mac[0]
}

/** Broadcast, and the group 224.0.0.1 that every IPv4 host is a member of (RFC 1112 §6.4, §7). */
function isGroupWeHear(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === 0x01) return bytes[at + 1] === 0 && bytes[at + 2] === 0x5e && bytes[at + 3] === 0 && bytes[at + 4] === 0 && bytes[at + 5] === 1
  return isBroadcastMac(bytes, at)
}
