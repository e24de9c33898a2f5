import { copyBytes } from '../base/bytes.ts'
import { fault } from '../base/fault.ts'
import type { Fault } from '../base/fault.ts'
import type { Random } from '../base/random.ts'
import { isBroadcastIpv4, isMulticastIpv4, isMulticastIpv6 } from '../wire/addresses.ts'
import { pseudoHeaderSum4, pseudoHeaderSum4Of, pseudoHeaderSum6, pseudoHeaderSum6Of } from '../wire/checksum.ts'
import { IcmpType, IcmpUnreachableCode } from '../wire/icmp.ts'
import { Icmpv6Type, Icmpv6UnreachableCode } from '../wire/icmpv6.ts'
import { IpProtocol, ipv4HeaderBytes } from '../wire/ipv4.ts'
import { ipv6HeaderBytes } from '../wire/ipv6.ts'
import { decodeUdp, encodeUdp, fillUdp, isUdpChecksumGood, UdpHeader, udpHeaderBytes } from '../wire/udp.ts'
import { hostDefaults } from './host-config.ts'
import type { HostConfig } from './host-config.ts'
import type { Icmp } from './icmp.ts'
import type { Icmpv6 } from './icmpv6.ts'
import { asIpv4, formatAddress } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'
import type { Ipv4Packet } from './ipv4-input.ts'
import { ipv4PayloadAt } from './ipv4-output.ts'
import type { Ipv4Output } from './ipv4-output.ts'
import { isUnicastIpv6 } from './ipv6-address.ts'
import type { Ipv6Packet } from './ipv6-input.ts'
import { ipv6PayloadAt } from './ipv6-output.ts'
import type { Ipv6 } from './ipv6.ts'
import { reportedError } from './network-error.ts'
import type { NetworkError } from './network-error.ts'
import type { HostStatistics } from './statistics.ts'
import type { UdpSocket } from './udp-socket.ts'
import { UdpSockets } from './udp-sockets.ts'
import { isUnfinishedChecksum } from './unfinished-checksum.ts'

export interface UdpActions {
  isOurs(address: number): boolean
  /** There is something to receive where there was nothing before. */
  readable(socket: UdpSocket): void
  failed(socket: UdpSocket): void
}

/** UDP (RFC 768): datagrams to and from sockets; without one a good datagram to us is answered with "port unreachable" (RFC 1122 §4.1.3.1). */
export class Udp {
  readonly sockets: UdpSockets
  private readonly config: HostConfig
  private readonly ip: Ipv4Output
  private readonly ipv6: Ipv6 | null
  private readonly icmp: Icmp
  private readonly statistics: HostStatistics['udp']
  private readonly icmpStatistics: HostStatistics['icmp']
  private readonly actions: UdpActions
  private readonly acceptUnfinished: boolean
  private readonly header = new UdpHeader()
  private readonly made = new UdpHeader()

  constructor(config: HostConfig, ip: Ipv4Output, ipv6: Ipv6 | null, icmp: Icmp, statistics: HostStatistics, random: Random, actions: UdpActions) {
    this.config = config
    this.ip = ip
    this.ipv6 = ipv6
    this.icmp = icmp
    this.statistics = statistics.udp
    this.icmpStatistics = statistics.icmp
    this.actions = actions
    this.acceptUnfinished = config.acceptUnfinishedChecksums ?? hostDefaults.acceptUnfinishedChecksums
    this.sockets = new UdpSockets(random, config.ephemeralPorts ?? hostDefaults.ephemeralPorts)
  }

  handle(packet: Ipv4Packet, nowUs: number): void {
    const { header, statistics } = this
    const { bytes, at, payloadAt, payloadLength } = packet
    if (!this.isWhole(bytes, payloadAt, payloadLength)) return
    if (!this.isGood(bytes, payloadAt, pseudoHeaderSum4(bytes, at + 12, at + 16, IpProtocol.udp, header.length))) return
    const { source, destination } = packet.header
    const socket = this.sockets.find(destination, packet.isUnicast, header.destinationPort, source, header.sourcePort)
    if (socket !== null) { this.deliver(socket, source, destination, bytes, payloadAt); return }
    statistics.noPort++
    this.icmp.sendError(IcmpType.unreachable, IcmpUnreachableCode.port, packet, nowUs)
  }

  /** Over IPv6 a checksum is a must: zero is no checksum, and the datagram is dropped (RFC 8200 §8.1). */
  handle6(packet: Ipv6Packet, icmpv6: Icmpv6, nowUs: number): void {
    const { header, statistics } = this
    const { bytes, at, payloadAt, payloadLength } = packet
    if (!this.isWhole(bytes, payloadAt, payloadLength)) return
    if (header.checksum === 0) { statistics.badChecksum++; return }
    if (!this.isGood(bytes, payloadAt, pseudoHeaderSum6(bytes, at + 8, at + 24, IpProtocol.udp, header.length))) return
    const { source, destination } = packet.header
    const socket = this.sockets.find(destination, packet.isUnicast, header.destinationPort, source, header.sourcePort)
    if (socket !== null) { this.deliver(socket, source.slice(), destination.slice(), bytes, payloadAt); return }
    statistics.noPort++
    icmpv6.sendError(Icmpv6Type.unreachable, Icmpv6UnreachableCode.port, 0, packet, nowUs)
  }

  /** ICMP about a datagram of ours: the socket that sent it hears of it (RFC 1122 §4.1.3.3). */
  handleError(error: NetworkError): void {
    const socket = this.sockets.find(error.local, true, error.localPort, error.remote, error.remotePort)
    // Fragments go without DF, so a size is nobody's error; sockets that refuse fragments may ask again with less.
    if (socket === null || (error.kind === 'tooBig' && socket.options.dontFragment !== true)) { this.icmpStatistics.ignored++; return }
    this.statistics.errorsIn++
    const { remote, remotePort } = error
    socket.error = { ...reportedError(error), address: typeof remote === 'number' ? remote : remote.slice(), port: remotePort }
    this.actions.failed(socket)
  }

  /**
   * @param from the source address; the socket's, or the one that fits the way, unless said
   * @returns null, or `addressInvalid`, `hostNotRunning`, `hostUnreachable`, `badArgument` where it is too long
   */
  send(socket: UdpSocket, to: IpAddress, port: number, bytes: Uint8Array, nowUs: number, from?: IpAddress): Fault | null {
    if (!Number.isInteger(port) || port < 1 || port > 65535) return fault('badArgument', { name: 'port', value: port, expected: '1 .. 65535' })
    const remote = asIpv4(to)
    const wanted = from ?? socket.options.address
    const failed = remote === null ? this.send6(socket, to as Uint8Array, port, bytes, wanted, nowUs) : this.send4(socket, remote, port, bytes, wanted, nowUs)
    if (failed !== null) return failed
    socket.sent++
    this.statistics.out++
    return null
  }

  private send4(socket: UdpSocket, remote: number, port: number, bytes: Uint8Array, wanted: IpAddress | undefined, nowUs: number): Fault | null {
    const { ip } = this
    const mayBeGroup = ip.isBroadcast(remote) || isBroadcastIpv4(remote) || isMulticastIpv4(remote)
    if ((!ip.isUnicast(remote) && !mayBeGroup) || this.actions.isOurs(remote)) return fault('addressInvalid', { address: formatAddress(remote) })
    const local = wanted === undefined ? ip.selectSource(remote) : asIpv4(wanted)
    if (local === null || !this.actions.isOurs(local)) return fault(wanted === undefined ? 'hostNotRunning' : 'addressInvalid', { address: formatAddress(wanted ?? this.config.ipv4) })
    const length = udpHeaderBytes + bytes.length
    const frame = ip.reserve(length)
    const { dontFragment = false, ttl } = socket.options
    const room = (dontFragment ? ip.pathMtu(remote, nowUs) : 0xffff) - ipv4HeaderBytes - udpHeaderBytes
    if (frame === null || bytes.length > room) return tooLong(bytes.length, room)
    this.write(frame, ipv4PayloadAt, socket.port, port, bytes, pseudoHeaderSum4Of(local, remote, IpProtocol.udp, length))
    return ip.send(local, remote, IpProtocol.udp, length, nowUs, ttl, !dontFragment) ? null : fault('hostUnreachable', { address: formatAddress(remote) })
  }

  private send6(socket: UdpSocket, remote: Uint8Array, port: number, bytes: Uint8Array, wanted: IpAddress | undefined, nowUs: number): Fault | null {
    const { ipv6 } = this
    if ((!isUnicastIpv6(remote) && !isMulticastIpv6(remote)) || ipv6?.link.isOurs(remote)) return fault('addressInvalid', { address: formatAddress(remote) })
    if (ipv6 === null) return fault('hostUnreachable', { address: formatAddress(remote) })
    const local = wanted === undefined ? ipv6.link.selectSource(remote, nowUs) : wanted
    if (local === null || typeof local === 'number' || !ipv6.link.isOurs(local)) {
      return fault(wanted === undefined ? 'hostNotRunning' : 'addressInvalid', { address: formatAddress(wanted ?? ipv6.link.addresses[0].address) })
    }
    const length = udpHeaderBytes + bytes.length
    const frame = ipv6.output.reserve(length)
    const { dontFragment = false, ttl } = socket.options
    const room = (dontFragment ? ipv6.output.pathMtu(remote, false, nowUs) - ipv6HeaderBytes : 0xffff) - udpHeaderBytes
    if (frame === null || bytes.length > room) return tooLong(bytes.length, room)
    this.write(frame, ipv6PayloadAt, socket.port, port, bytes, pseudoHeaderSum6Of(local, remote, IpProtocol.udp, length))
    return ipv6.output.send(local, remote, IpProtocol.udp, length, nowUs, ttl, !dontFragment) ? null : fault('hostUnreachable', { address: formatAddress(remote) })
  }

  private write(frame: Uint8Array, at: number, sourcePort: number, destinationPort: number, bytes: Uint8Array, pseudoSum: number): void {
    this.made.sourcePort = sourcePort
    this.made.destinationPort = destinationPort
    encodeUdp(this.made, frame, at)
    copyBytes(bytes, 0, frame, at + udpHeaderBytes, bytes.length)
    fillUdp(frame, at, udpHeaderBytes + bytes.length, pseudoSum)
  }

  private deliver(socket: UdpSocket, address: IpAddress, localAddress: IpAddress, bytes: Uint8Array, at: number): void {
    const { sourcePort, length } = this.header
    const wasEmpty = socket.queuedDatagrams === 0
    if (!socket.add({ address, port: sourcePort, localAddress, bytes: bytes.slice(at + udpHeaderBytes, at + length) })) { this.statistics.queueFull++; return }
    this.statistics.delivered++
    if (wasEmpty) this.actions.readable(socket)
  }

  private isWhole(bytes: Uint8Array, at: number, length: number): boolean {
    const { header, statistics } = this
    statistics.in++
    if (decodeUdp(bytes, at, length, header) === null && header.length >= udpHeaderBytes && header.length <= length) return true
    statistics.malformed++
    return false
  }

  private isGood(bytes: Uint8Array, at: number, pseudoSum: number): boolean {
    const { header } = this
    if (isUdpChecksumGood(bytes, at, header.length, pseudoSum) || (this.acceptUnfinished && isUnfinishedChecksum(header.checksum, pseudoSum))) return true
    this.statistics.badChecksum++
    return false
  }
}

function tooLong(length: number, room: number): Fault {
  return fault('badArgument', { name: 'length', value: length, expected: `0 .. ${room}` })
}
