import { bytesEqual, readU32, writeU32 } from '../base/bytes.ts'
import { checkIpChecksum, checkTransportChecksum } from '../wire/packet-checksum.ts'
import { decodePacket, Layer, LinkType, Packet } from '../wire/packet.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { TcpOptionKind } from '../wire/tcp-options.ts'
import { isSameAddress } from '../stack/ip-address.ts'
import { icmpNumbers, unknownIcmp } from './build-icmp.ts'
import type { Flow } from './flow.ts'
import { actualParts } from './packet-text.ts'
import type { PacketField, PacketParts } from './packet-text.ts'
import { optionsBytes } from './parse-tcp-options.ts'
import { icmpMtuOf, readQuoted } from './read-icmp.ts'
import type { IcmpBody, OptionSpec, PacketAction, TcpBody } from './script.ts'
import type { Captured } from './under-test.ts'

export interface MatchRules {
  /** Segments are not put together to what the script expects. */
  readonly strictSegments: boolean
  /** What a tick of the script's timestamps is; 0: their values are not checked. */
  readonly scriptTickUs: number
  readonly liveTickUs: number
  readonly toleranceUs: number
}

/** A packet that was taken from the queue. `differing` is empty where it is what was expected. */
export interface Match {
  readonly differing: PacketField[]
  readonly actual: PacketParts
  /** When its first segment left. */
  readonly timeUs: number
  /** Segments that made it. */
  readonly count: number
}

/** Whether a captured packet is of the flow, or an ICMP message to its other side. */
export function belongsTo(flow: Flow, captured: Captured, kind: 'tcp' | 'udp' | 'icmp'): boolean {
  const packet = decode(captured)
  if (packet.ipVersion !== flow.version || !isBetween(flow, packet)) return false
  if (kind === 'icmp') return (packet.layers & (Layer.icmp | Layer.icmpv6)) !== 0
  if ((packet.layers & (kind === 'udp' ? Layer.udp : Layer.tcp)) === 0) return false
  const { sourcePort, destinationPort } = kind === 'udp' ? packet.udp : packet.tcp
  return destinationPort === flow.remotePort && (flow.localPort === 0 || sourcePort === flow.localPort)
}

function isBetween({ local, remote }: Flow, { ipVersion, ipv4, ipv6 }: Packet): boolean {
  const { source, destination } = ipVersion === 6 ? ipv6 : ipv4
  return isSameAddress(source, local) && isSameAddress(destination, remote)
}

/** Bytes of transport payload. */
export function payloadLengthOf(captured: Captured): number {
  return decode(captured).payloadLength
}

/** Compares with the packets at the front of the queue, all of the flow. Learns the sequence and timestamp values that the script does not know. */
export function matchPacket(flow: Flow, action: PacketAction, queue: readonly Captured[], rules: MatchRules): Match {
  const first = queue[0]
  const packet = decode(first)
  const { bytes, timeUs } = first
  const differing: PacketField[] = []
  if (!isIpAsExpected(packet, action)) differing.push('ip')
  if (action.ip.flowLabel !== null && packet.ipVersion === 6 && !flow.isLabel(action.ip.flowLabel, packet.ipv6.flowLabel)) differing.push('flowlabel')
  if (checkIpChecksum(packet, bytes) === 'bad' || checkTransportChecksum(packet, bytes) !== 'good') differing.push('checksum')
  const { body } = action
  if (body.kind === 'tcp') {
    const group = rules.strictSegments ? [packet] : gather(packet, queue, body.length)
    const last = group[group.length - 1]
    const length = group.reduce((sum, segment) => sum + segment.payloadLength, 0)
    const isPayloadBad = group.some((segment, i) => hasNonZero(queue[i].bytes, segment.payloadOffset, segment.payloadLength))
    // The port of a socket that a peer binds by itself shows in its first packet.
    if (flow.localPort === 0) flow.localPort = packet.tcp.sourcePort
    if (!flow.knowsLocalIsn && packet.tcp.flags & TcpFlag.syn) flow.learnLocalIsn(packet.tcp.seq, body.seq ?? 0)
    compareSegment(flow, body, packet, last, length, bytes, rules, differing)
    if (isPayloadBad) differing.push('payload')
    const shown = group.length === 1 ? packet : { ...packet, tcp: { ...packet.tcp, flags: packet.tcp.flags | last.tcp.flags } } as Packet
    return { differing, actual: actualParts(shown, bytes, flow, length, isPayloadBad), timeUs, count: group.length }
  }
  if (body.kind === 'icmp') {
    compareIcmp(flow, body, packet, bytes, differing)
    return { differing, actual: actualParts(packet, bytes, flow, packet.payloadLength, false), timeUs, count: 1 }
  }
  if (flow.localPort === 0) flow.localPort = packet.udp.sourcePort
  const isPayloadBad = hasNonZero(bytes, packet.payloadOffset, packet.payloadLength)
  if (packet.payloadLength !== body.length) differing.push('length')
  if (isPayloadBad) differing.push('payload')
  return { differing, actual: actualParts(packet, bytes, flow, packet.payloadLength, isPayloadBad), timeUs, count: 1 }
}

/** What the script does not write of the message is not compared. */
function compareIcmp(flow: Flow, body: IcmpBody, packet: Packet, bytes: Uint8Array, differing: PacketField[]): void {
  const numbers = icmpNumbers(flow.version, body)
  if (numbers === null) throw unknownIcmp(flow.version, body)
  const header = flow.version === 4 ? packet.icmp : packet.icmpv6
  if (numbers.type !== header.type || numbers.code !== header.code) differing.push('protocol')
  if (body.mtu !== null && body.mtu !== icmpMtuOf(packet)) differing.push('mtu')
  if (body.id !== null && body.id !== header.rest >>> 16) differing.push('id')
  if (body.quoted === null) return
  const quoted = readQuoted(packet, bytes, flow)
  const isSame = quoted?.kind === body.quoted.kind && quoted.length === body.quoted.length && (quoted.kind !== 'tcp' || body.quoted.kind !== 'tcp' || quoted.seq === body.quoted.seq)
  if (!isSame) differing.push('quoted')
}

function decode(captured: Captured): Packet {
  const packet = new Packet()
  decodePacket(captured.bytes, 0, captured.bytes.length, LinkType.rawIp, packet)
  return packet
}

/** The segments that make up `length` bytes: they follow each other, all but the last are of one size, and their headers differ in PSH, FIN and CWR at most. */
function gather(first: Packet, queue: readonly Captured[], length: number): Packet[] {
  const group = [first]
  const size = first.payloadLength
  let total = size
  while (total < length && group.length < queue.length && size > 0) {
    const previous = group[group.length - 1]
    const next = decode(queue[group.length])
    const mayDiffer = TcpFlag.psh | TcpFlag.fin | TcpFlag.cwr
    const agrees = next.tcp.seq === ((first.tcp.seq + total) >>> 0) && next.tcp.ack === first.tcp.ack && next.tcp.window === first.tcp.window
      && (next.tcp.flags & ~mayDiffer) === (first.tcp.flags & ~mayDiffer) && next.tcp.optionsLength === first.tcp.optionsLength
    if (!agrees || next.payloadLength === 0 || next.payloadLength > size || previous.payloadLength < size) break
    group.push(next)
    total += next.payloadLength
  }
  return group
}

function compareSegment(flow: Flow, body: TcpBody, packet: Packet, last: Packet, length: number, bytes: Uint8Array, rules: MatchRules, differing: PacketField[]): void {
  const { tcp } = packet
  const isSyn = (tcp.flags & TcpFlag.syn) !== 0
  const flags = tcp.flags & ~(TcpFlag.psh | TcpFlag.fin) | last.tcp.flags & (TcpFlag.psh | TcpFlag.fin)
  if (flags !== body.flags) differing.push('flags')
  if (body.seq !== null && tcp.seq !== (body.isAbsolute ? body.seq : flow.localToLive(body.seq, isSyn))) differing.push('seq')
  if (length !== body.length) differing.push('length')
  const ack = body.ack === null ? 0 : body.isAbsolute ? body.ack : flow.remoteToLive(body.ack)
  if (tcp.ack !== ack) differing.push('ack')
  if (body.window !== null && tcp.window !== body.window) differing.push('window')
  if (tcp.urgentPointer !== body.urgentPointer) differing.push('urgent')
  if (tcp.reserved !== 0) differing.push('reserved')
  if (body.options !== null && !areOptionsAsExpected(flow, body, body.options, bytes.subarray(tcp.optionsOffset, tcp.optionsOffset + tcp.optionsLength), rules)) differing.push('options')
}

/** Byte for byte, but for the values of timestamps. */
function areOptionsAsExpected(flow: Flow, body: TcpBody, options: readonly OptionSpec[], actual: Uint8Array, rules: MatchRules): boolean {
  const expected = optionsBytes(options, body.isAbsolute ? 0 : flow.remoteIsn)
  if (expected.length !== actual.length) return false
  for (let at = 0, i = 0; i < options.length; i++) {
    const option = options[i]
    if (option.kind === 'ts') {
      if (actual[at] !== TcpOptionKind.ts || actual[at + 1] !== 10) return false
      if (!isTimestampAsExpected(flow, option.val, readU32(actual, at + 2), rules)) return false
      writeU32(expected, at + 2, readU32(actual, at + 2))
      writeU32(expected, at + 6, readU32(actual, at + 6))
    }
    at += option.kind === 'nop' || option.kind === 'eol' ? 1 : expected[at + 1]
  }
  return bytesEqual(expected, actual)
}

function isTimestampAsExpected(flow: Flow, script: number, live: number, rules: MatchRules): boolean {
  const should = rules.scriptTickUs === 0 ? null : flow.scaledTimestamp(script, rules.scriptTickUs, rules.liveTickUs)
  flow.noteTimestamp(script, live)
  return should === null || Math.abs((live - should) | 0) * rules.liveTickUs <= Math.max(rules.toleranceUs, rules.scriptTickUs)
}

function isIpAsExpected(packet: Packet, { ip }: PacketAction): boolean {
  const isSix = packet.ipVersion === 6
  const tos = isSix ? packet.ipv6.trafficClass : packet.ipv4.tos
  const ecn = tos & 3
  if (ip.ecn === 'ect01' && ecn !== 1 && ecn !== 2) return false
  if (typeof ip.ecn === 'number' && ip.ecn !== ecn) return false
  if (ip.tos !== null && (ip.ecn === null ? ip.tos !== tos : (ip.tos & ~3) !== (tos & ~3))) return false
  return ip.ttl === null || ip.ttl === (isSix ? packet.ipv6.hopLimit : packet.ipv4.ttl)
}

function hasNonZero(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (bytes[i] !== 0) return true
  return false
}
