import { copyBytes, readU16, readU32 } from '../base/bytes.ts'
import { isMulticastIpv6 } from '../wire/addresses.ts'
import { pseudoHeaderSum6, pseudoHeaderSum6Of } from '../wire/checksum.ts'
import { icmpHeaderBytes } from '../wire/icmp.ts'
import { decodeIcmpv6, encodeIcmpv6, fillIcmpv6Checksum, Icmpv6Header, Icmpv6Type, isIcmpv6ChecksumGood, isIcmpv6Error } from '../wire/icmpv6.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { decodeIpv6, Ipv6Extensions, Ipv6Header, ipv6HeaderBytes, walkIpv6Extensions } from '../wire/ipv6.ts'
import { ErrorBudget } from './error-budget.ts'
import { hostDefaults } from './host-config.ts'
import { isUnicastIpv6 } from './ipv6-address.ts'
import { ParameterProblemCode } from './ipv6-input.ts'
import type { Ipv6Packet } from './ipv6-input.ts'
import type { Ipv6Interface } from './ipv6-interface.ts'
import { ipv6PayloadAt } from './ipv6-output.ts'
import type { Ipv6Output } from './ipv6-output.ts'
import { errorKind6, NetworkError } from './network-error.ts'
import type { HostStatistics } from './statistics.ts'

/** No error is larger than this (RFC 4443 §2.4 (c)). */
const largestError = 1280

export interface Icmpv6Handlers {
  /** A neighbour discovery message with a good checksum. */
  discovery(packet: Ipv6Packet, nowUs: number): void
  listenerQuery(packet: Ipv6Packet, nowUs: number): void
  /** About a packet of ours. */
  networkError(error: NetworkError, nowUs: number): void
}

/** ICMPv6 (RFC 4443): answers echo, sends errors, hands neighbour discovery and errors about our packets on. */
export class Icmpv6 {
  private readonly output: Ipv6Output
  private readonly link: Ipv6Interface
  private readonly handlers: Icmpv6Handlers
  private readonly answerEcho: boolean
  private readonly statistics: HostStatistics['icmpv6']
  private readonly received = new Icmpv6Header()
  private readonly made = new Icmpv6Header()
  private readonly quoted = new Ipv6Header()
  private readonly quotedExtensions = new Ipv6Extensions()
  private readonly error = new NetworkError()
  private readonly budget = new ErrorBudget()

  constructor(output: Ipv6Output, link: Ipv6Interface, statistics: HostStatistics, answerEcho: boolean, handlers: Icmpv6Handlers) {
    this.output = output
    this.link = link
    this.statistics = statistics.icmpv6
    this.answerEcho = answerEcho
    this.handlers = handlers
  }

  handle(packet: Ipv6Packet, nowUs: number): void {
    const { statistics, received } = this
    const { bytes, payloadAt, payloadLength } = packet
    statistics.in++
    if (decodeIcmpv6(bytes, payloadAt, payloadLength, received) !== null) { statistics.malformed++; return }
    const pseudoSum = pseudoHeaderSum6(bytes, packet.at + 8, packet.at + 24, IpProtocol.icmpv6, payloadLength)
    if (!isIcmpv6ChecksumGood(bytes, payloadAt, payloadLength, pseudoSum)) { statistics.badChecksum++; return }
    const { type } = received
    if (type >= Icmpv6Type.routerSolicitation && type <= Icmpv6Type.redirect) this.handlers.discovery(packet, nowUs)
    else if (type === Icmpv6Type.listenerQuery) this.handlers.listenerQuery(packet, nowUs)
    else if (!isUnicastIpv6(packet.header.source)) statistics.ignored++
    else if (type === Icmpv6Type.echoRequest) this.handleEchoRequest(packet, nowUs)
    else if (isIcmpv6Error(type)) this.handleError(packet, nowUs)
    else if (type === Icmpv6Type.echoReply || (type >= Icmpv6Type.listenerQuery && type <= Icmpv6Type.listenerDone)) statistics.ignored++
    else statistics.unknownType++
  }

  /** Sends an error that quotes as much of a packet as fits; when none is sent, and how often, RFC 4443 §2.4 (e) and (f) say. */
  sendError(type: number, code: number, rest: number, about: Ipv6Packet, nowUs: number): void {
    if (!mayReport(type, code, about)) return
    const { header } = about
    const source = this.link.isOurs(header.destination) ? header.destination : this.link.selectSource(header.source, nowUs)
    if (source === null) return
    if (!this.budget.take(nowUs)) { this.statistics.errorsLimited++; return }
    const quote = Math.min(about.length, largestError - ipv6HeaderBytes - icmpHeaderBytes)
    copyBytes(about.bytes, about.at, this.output.scratch, ipv6PayloadAt + icmpHeaderBytes, quote)
    this.send(source, header.source, type, code, rest, icmpHeaderBytes + quote, nowUs)
  }

  /** From the address that was asked; from one of ours where a group was (RFC 4443 §4.2). */
  private handleEchoRequest(packet: Ipv6Packet, nowUs: number): void {
    const { header, payloadLength } = packet
    const source = isMulticastIpv6(header.destination) ? this.link.selectSource(header.source, nowUs) : header.destination
    const frame = this.output.reserve(payloadLength)
    if (!this.answerEcho || source === null || frame === null) { this.statistics.ignored++; return }
    copyBytes(packet.bytes, packet.payloadAt + icmpHeaderBytes, frame, ipv6PayloadAt + icmpHeaderBytes, payloadLength - icmpHeaderBytes)
    if (this.send(source, header.source, Icmpv6Type.echoReply, 0, this.received.rest, payloadLength, nowUs)) this.statistics.echoAnswered++
  }

  private handleError(packet: Ipv6Packet, nowUs: number): void {
    const { statistics, quoted, quotedExtensions, error, received } = this
    statistics.errorsIn++
    const at = packet.payloadAt + icmpHeaderBytes
    const length = packet.payloadLength - icmpHeaderBytes
    if (decodeIpv6(packet.bytes, at, length, quoted) !== null
      || walkIpv6Extensions(packet.bytes, at + ipv6HeaderBytes, length - ipv6HeaderBytes, quoted.nextHeader, at + 6, quotedExtensions) !== null) { statistics.malformed++; return }
    const upper = quotedExtensions.upperOffset
    error.kind = errorKind6(received.type, received.code)
    if (quotedExtensions.fragmentOffset !== 0 || upper + 8 > at + length) { statistics.ignored++; return }
    error.type = received.type
    error.code = received.code
    error.local = quoted.source
    error.remote = quoted.destination
    error.protocol = quotedExtensions.upperProtocol
    error.localPort = readU16(packet.bytes, upper)
    error.remotePort = readU16(packet.bytes, upper + 2)
    error.seq = readU32(packet.bytes, upper + 4)
    error.mtu = error.kind === 'tooBig' ? received.rest : 0
    this.handlers.networkError(error, nowUs)
  }

  /** The message's body is in the scratch frame already. */
  private send(source: Uint8Array, destination: Uint8Array, type: number, code: number, rest: number, length: number, nowUs: number): boolean {
    this.made.type = type
    this.made.code = code
    this.made.rest = rest
    const frame = this.output.scratch
    encodeIcmpv6(this.made, frame, ipv6PayloadAt)
    fillIcmpv6Checksum(frame, ipv6PayloadAt, length, pseudoHeaderSum6Of(source, destination, IpProtocol.icmpv6, length))
    if (!this.output.send(source, destination, IpProtocol.icmpv6, length, nowUs, hostDefaults.ttl, type === Icmpv6Type.echoReply)) return false
    this.statistics.out++
    return true
  }
}

function mayReport(type: number, code: number, about: Ipv6Packet): boolean {
  if (!isUnicastIpv6(about.header.source)) return false
  const mayAnswerGroup = type === Icmpv6Type.packetTooBig || (type === Icmpv6Type.parameterProblem && code === ParameterProblemCode.option)
  if (!about.isUnicast && !mayAnswerGroup) return false
  if (about.protocol !== IpProtocol.icmpv6 || about.payloadLength === 0) return true
  const quotedType = about.bytes[about.payloadAt]
  return !isIcmpv6Error(quotedType) && quotedType !== Icmpv6Type.redirect
}
