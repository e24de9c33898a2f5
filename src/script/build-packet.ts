import { writeU16, writeU32 } from '../base/bytes.ts'
import { ipv4Bytes } from '../wire/addresses.ts'
import { pseudoHeaderSum4Of, pseudoHeaderSum6Of } from '../wire/checksum.ts'
import { ethernetHeaderBytes } from '../wire/ethernet.ts'
import { encodeIpv4, fillIpv4, Ipv4Flag, Ipv4Header, ipv4HeaderBytes, IpProtocol } from '../wire/ipv4.ts'
import { encodeIpv6, Ipv6Header, ipv6HeaderBytes } from '../wire/ipv6.ts'
import { encodeTcp, fillTcpChecksum, TcpFlag, TcpHeader, tcpHeaderBytes } from '../wire/tcp.ts'
import { encodeUdp, fillUdp, UdpHeader, udpHeaderBytes } from '../wire/udp.ts'
import type { IpAddress } from '../stack/ip-address.ts'
import { Flow } from './flow.ts'
import { optionsBytes } from './parse-tcp-options.ts'
import type { IpInfo, PacketAction, TcpBody } from './script.ts'

/** How the script's timestamps echo ours: `unknownEcho` is the value that the script gave without having seen it leave. */
export interface BuiltSegment { readonly frame: Uint8Array, readonly unknownEcho: number | null }

export interface EchoRule { readonly scaled: boolean, readonly scriptTickUs: number, readonly liveTickUs: number }

const outFlags: IpInfo = { ecn: null, tos: null, ttl: null, flowLabel: null }

/** A TCP segment from the other side, behind room for an Ethernet header. `TcpBody.seq` is there on injected packets. */
export function buildSegment(flow: Flow, action: PacketAction, body: TcpBody, rule: EchoRule): BuiltSegment {
  const isSyn = (body.flags & TcpFlag.syn) !== 0
  const { options, unknownEcho } = liveOptions(flow, body, rule)
  const header = new TcpHeader()
  header.sourcePort = flow.remotePort
  header.destinationPort = flow.localPort
  header.seq = body.isAbsolute || isSyn ? body.seq ?? 0 : flow.remoteToLive(body.seq ?? 0)
  header.ack = body.ack === null ? 0 : body.isAbsolute ? body.ack : flow.localToLive(body.ack, false)
  header.flags = body.flags
  header.window = body.window ?? 0
  header.urgentPointer = body.urgentPointer
  header.dataOffsetWords = (tcpHeaderBytes + options.length) / 4
  const length = tcpHeaderBytes + options.length + body.length
  const frame = ipFrame(flow, action.ip, IpProtocol.tcp, length)
  const at = frame.length - length
  encodeTcp(header, options, 0, options.length, frame, at)
  fillTcpChecksum(frame, at, length, pseudoSum(flow, IpProtocol.tcp, length))
  return { frame, unknownEcho }
}

/** An RST from the other side, behind room for an Ethernet header. */
export function buildReset({ local, remote, localPort, remotePort, seq }: { local: IpAddress, remote: IpAddress, localPort: number, remotePort: number, seq: number }): Uint8Array {
  const flow = new Flow(local, remote, localPort, remotePort)
  const body: TcpBody = { kind: 'tcp', flags: TcpFlag.rst, ace: null, seq, length: 0, isAbsolute: true, ack: null, window: 0, urgentPointer: 0, options: [] }
  return buildSegment(flow, { kind: 'packet', direction: 'in', outer: [], ip: outFlags, ports: null, body }, body, { scaled: false, scriptTickUs: 1, liveTickUs: 1 }).frame
}

export function buildDatagram(flow: Flow, action: PacketAction, length: number): Uint8Array {
  const header = new UdpHeader()
  header.sourcePort = flow.remotePort
  header.destinationPort = flow.localPort
  const total = udpHeaderBytes + length
  const frame = ipFrame(flow, action.ip, IpProtocol.udp, total)
  encodeUdp(header, frame, frame.length - total)
  fillUdp(frame, frame.length - total, total, pseudoSum(flow, IpProtocol.udp, total))
  return frame
}

/** Link, IP header from the other side to us, and `length` bytes of zeros. */
export function ipFrame(flow: Flow, ip: IpInfo, protocol: number, length: number): Uint8Array {
  const at = ethernetHeaderBytes
  const frame = new Uint8Array(at + (flow.version === 4 ? ipv4HeaderBytes : ipv6HeaderBytes) + length)
  writeIpHeader(frame, at, flow, false, ip, protocol, length)
  return frame
}

/** @returns bytes written */
export function writeIpHeader(bytes: Uint8Array, at: number, flow: Flow, isOurs: boolean, ip: IpInfo, protocol: number, length: number): number {
  const source = isOurs ? flow.local : flow.remote
  const destination = isOurs ? flow.remote : flow.local
  const tos = (ip.tos ?? 0) | (ip.ecn === null ? 0 : ip.ecn === 'ect01' ? 2 : ip.ecn)
  if (typeof source === 'number' && typeof destination === 'number') {
    const header = new Ipv4Header()
    header.tos = tos
    header.ttl = ip.ttl ?? 255
    header.flags = Ipv4Flag.dontFragment
    header.protocol = protocol
    header.source = source
    header.destination = destination
    encodeIpv4(header, bytes, 0, 0, bytes, at)
    fillIpv4(bytes, at, ipv4HeaderBytes + length)
    return ipv4HeaderBytes
  }
  const header = new Ipv6Header()
  header.trafficClass = tos
  header.flowLabel = ip.flowLabel ?? 0
  header.hopLimit = ip.ttl ?? 255
  header.nextHeader = protocol
  header.payloadLength = length
  header.source.set(source as Uint8Array)
  header.destination.set(destination as Uint8Array)
  return encodeIpv6(header, bytes, at)
}

/** The first 20 bytes of a segment of ours, as an ICMP error quotes it. */
export function quotedSegment(flow: Flow, seq: number, length: number): Uint8Array {
  const size = flow.version === 4 ? ipv4HeaderBytes : ipv6HeaderBytes
  const bytes = new Uint8Array(size + tcpHeaderBytes)
  writeIpHeader(bytes, 0, flow, true, outFlags, IpProtocol.tcp, tcpHeaderBytes + length)
  writeU16(bytes, size, flow.localPort)
  writeU16(bytes, size + 2, flow.remotePort)
  writeU32(bytes, size + 4, flow.localToLive(seq, false))
  bytes[size + 12] = 0x50
  return bytes
}

export function pseudoSum(flow: Flow, protocol: number, length: number): number {
  const { local, remote } = flow
  if (typeof local === 'number' || typeof remote === 'number') return pseudoHeaderSum4Of(Number(remote), Number(local), protocol, length)
  return pseudoHeaderSum6Of(remote, local, protocol, length)
}

export function addressBytes(address: number | Uint8Array): Uint8Array {
  return typeof address === 'number' ? ipv4Bytes(address) : address
}

function liveOptions(flow: Flow, body: TcpBody, rule: EchoRule): { options: Uint8Array, unknownEcho: number | null } {
  let unknownEcho: number | null = null
  const specs = (body.options ?? []).map((option) => {
    if (option.kind !== 'ts' || option.ecr === 0) return option
    const live = rule.scaled ? flow.scaledTimestamp(option.ecr, rule.scriptTickUs, rule.liveTickUs) : flow.echoToLive(option.ecr)
    if (live === null) unknownEcho = option.ecr
    return live === null ? option : { ...option, ecr: live }
  })
  return { options: optionsBytes(specs, body.isAbsolute ? 0 : flow.localIsn), unknownEcho }
}
