import { copyBytes, readU16, readU32 } from '../base/bytes.ts'
import { decodeIcmp, encodeIcmp, fillIcmpChecksum, IcmpHeader, icmpHeaderBytes, icmpNextHopMtu, IcmpType, isIcmpChecksumGood, isIcmpError } from '../wire/icmp.ts'
import { decodeIpv4, Ipv4Header, ipv4HeaderBytes, IpProtocol } from '../wire/ipv4.ts'
import { ErrorBudget } from './error-budget.ts'
import { hostDefaults } from './host-config.ts'
import type { Ipv4Packet } from './ipv4-input.ts'
import { ipv4PayloadAt } from './ipv4-output.ts'
import type { Ipv4Output } from './ipv4-output.ts'
import { errorKind4, NetworkError } from './network-error.ts'
import type { HostStatistics } from './statistics.ts'

export interface IcmpActions {
  readonly networkError: (error: NetworkError, nowUs: number) => void
  readonly isOurs: (address: number) => boolean
  /** Another first hop leads to the destination from now on. */
  readonly rerouted: (destination: number) => void
}

/** ICMP for IPv4 (RFC 792, RFC 1122 §3.2.2): answers echo, sends errors, and hands received errors to the transports. */
export class Icmp {
  private readonly output: Ipv4Output
  private readonly statistics: HostStatistics['icmp']
  private readonly answerEcho: boolean
  private readonly tell: (error: NetworkError, nowUs: number) => void
  private readonly isOurs: (address: number) => boolean
  private readonly rerouted: (destination: number) => void
  private readonly received = new IcmpHeader()
  private readonly made = new IcmpHeader()
  private readonly quoted = new Ipv4Header()
  private readonly error = new NetworkError()
  private readonly budget = new ErrorBudget()

  constructor(output: Ipv4Output, statistics: HostStatistics, answerEcho: boolean, actions: IcmpActions) {
    this.output = output
    this.statistics = statistics.icmp
    this.answerEcho = answerEcho
    this.tell = actions.networkError
    this.isOurs = actions.isOurs
    this.rerouted = actions.rerouted
  }

  handle(packet: Ipv4Packet, nowUs: number): void {
    const { statistics, received } = this
    statistics.in++
    if (decodeIcmp(packet.bytes, packet.payloadAt, packet.payloadLength, received) !== null) { statistics.malformed++; return }
    if (!isIcmpChecksumGood(packet.bytes, packet.payloadAt, packet.payloadLength)) { statistics.badChecksum++; return }
    if (received.type === IcmpType.echoRequest) this.handleEchoRequest(packet, nowUs)
    else if (isIcmpError(received.type)) this.handleError(packet, nowUs)
    else if (received.type === IcmpType.echoReply) statistics.ignored++
    else statistics.unknownType++
  }

  /**
   * Sends an error about a received packet, quoting its header and what else fits into 576 bytes (RFC 1812 §4.3.2.3);
   * never about errors, broadcast, multicast, fragments or non-unicast sources (RFC 1122 §3.2.2), and not too often.
   */
  sendError(type: number, code: number, about: Ipv4Packet, nowUs: number): void {
    if (!this.mayReport(about)) return
    if (!this.budget.take(nowUs)) { this.statistics.errorsLimited++; return }
    const frame = this.output.scratch
    const quote = Math.min(about.headerLength + about.payloadLength, 576 - ipv4HeaderBytes - icmpHeaderBytes, frame.length - ipv4PayloadAt - icmpHeaderBytes)
    const length = icmpHeaderBytes + quote
    this.writeHeader(frame, type, code, 0)
    copyBytes(about.bytes, about.at, frame, ipv4PayloadAt + icmpHeaderBytes, quote)
    fillIcmpChecksum(frame, ipv4PayloadAt, length)
    if (this.output.send(about.header.destination, about.header.source, IpProtocol.icmp, length, nowUs)) this.statistics.out++
  }

  /** RFC 792: addresses swapped, identifier, sequence and data as they came. To broadcasts no answer is given (RFC 1122 §3.2.2.6 allows that). */
  private handleEchoRequest(packet: Ipv4Packet, nowUs: number): void {
    if (!this.answerEcho || !packet.isUnicast) { this.statistics.ignored++; return }
    const frame = this.output.reserve(packet.payloadLength)
    if (frame === null) { this.statistics.ignored++; return }
    copyBytes(packet.bytes, packet.payloadAt + icmpHeaderBytes, frame, ipv4PayloadAt + icmpHeaderBytes, packet.payloadLength - icmpHeaderBytes)
    this.writeHeader(frame, IcmpType.echoReply, 0, this.received.rest)
    fillIcmpChecksum(frame, ipv4PayloadAt, packet.payloadLength)
    if (!this.output.send(packet.header.destination, packet.header.source, IpProtocol.icmp, packet.payloadLength, nowUs, hostDefaults.ttl, true)) return
    this.statistics.out++
    this.statistics.echoAnswered++
  }

  private handleError(packet: Ipv4Packet, nowUs: number): void {
    const { statistics, quoted, error, received } = this
    statistics.errorsIn++
    const at = packet.payloadAt + icmpHeaderBytes
    const length = packet.payloadLength - icmpHeaderBytes
    const problem = decodeIpv4(packet.bytes, at, length, quoted)
    const headerLength = quoted.headerWords * 4
    if (problem !== null || length < headerLength + 8) { statistics.malformed++; return }
    if (received.type === IcmpType.redirect) { this.handleRedirect(packet.header.source); return }
    error.kind = errorKind4(received.type, received.code)
    if (error.kind === 'ignored' || quoted.fragmentOffset !== 0) { statistics.ignored++; return }
    error.type = received.type
    error.code = received.code
    error.local = quoted.source
    error.remote = quoted.destination
    error.protocol = quoted.protocol
    error.localPort = readU16(packet.bytes, at + headerLength)
    error.remotePort = readU16(packet.bytes, at + headerLength + 2)
    error.seq = readU32(packet.bytes, at + headerLength + 4)
    error.mtu = error.kind === 'tooBig' ? icmpNextHopMtu(received) : 0
    this.tell(error, nowUs)
  }

  /** Only about what we have sent ourselves. */
  private handleRedirect(from: number): void {
    const { quoted, received, statistics, output } = this
    if (!this.isOurs(quoted.source) || received.code > 3 || !output.redirect(quoted.destination, from, received.rest)) { statistics.ignored++; return }
    statistics.redirectsTaken++
    this.rerouted(quoted.destination)
  }

  private mayReport(about: Ipv4Packet): boolean {
    const { header } = about
    if (!about.isUnicast || header.fragmentOffset !== 0 || !this.output.isUnicast(header.source)) return false
    return header.protocol !== IpProtocol.icmp || (about.payloadLength > 0 && !isIcmpError(about.bytes[about.payloadAt]))
  }

  private writeHeader(frame: Uint8Array, type: number, code: number, rest: number): void {
    this.made.type = type
    this.made.code = code
    this.made.rest = rest
    encodeIcmp(this.made, frame, ipv4PayloadAt)
  }
}
