import { hex, utf8Text } from '../base/bytes.ts'
import { formatIpAt, formatIpv4, formatIpv6, formatMac } from './addresses.ts'
import { ArpOperation, hasMacAndIpv4 } from './arp.ts'
import { LinkType } from './cooked.ts'
import { IcmpType, icmpIdentifier, icmpNextHopMtu, icmpSequence, isIcmpError } from './icmp.ts'
import { icmpCodeName, icmpTypeName } from './icmp-names.ts'
import { Icmpv6Type, isIcmpv6Error } from './icmpv6.ts'
import { Ecn } from './ipv4.ts'
import { Layer, Packet, decodePacket } from './packet.ts'
import { TcpFlag } from './tcp.ts'
import { decodeTcpOptions, fastOpenExid } from './tcp-options.ts'
import type { ArpHeader } from './arp.ts'
import type { TcpHeader } from './tcp.ts'
import type { TcpOption } from './tcp-options.ts'

/**
 * Packets as one line of text, in the form of packetdrill scripts:
 *
 *     [(ipinfo)] [address:port > address:port] FLAGS seq:end(len) [ack N] win N [urg N] [reserved N] [offset N] [checksum 0xN] [data ...] [<options>]
 *
 * `reserved`, `offset`, `checksum` and `data` are ours; they are written only where they are asked for or say something.
 * `parseOneLine` reads the TCP form back, `parseOneLineDatagram` those of UDP and ICMP.
 */
export interface OneLineOptions {
  /** `address:port > address:port` in front; true unless said. */
  readonly addresses?: boolean
  /** What is subtracted, modulo 2^32, from sequence numbers, and from acknowledgment numbers and SACK edges. */
  readonly relative?: { readonly seqBase: number, readonly ackBase: number }
  /** ECN or TOS, TTL and flow label in parentheses; false unless said. */
  readonly ipInfo?: boolean
}

/** The line of any decoded packet; `bytes` are what it was decoded from. */
export function printPacket(packet: Packet, bytes: Uint8Array, options: OneLineOptions = {}): string {
  const { layers } = packet
  const info = options.ipInfo ? printIpInfo(packet) : ''
  if (layers & Layer.tcp) {
    const { tcp } = packet
    const line = printTcp(tcp, decodeTcpOptions(bytes, tcp.optionsOffset, tcp.optionsLength), packet.payloadLengthOnWire, options.relative)
    return info + withAddresses(packet, bytes, tcp.sourcePort, tcp.destinationPort, line, options)
  }
  if (layers & Layer.udp) return info + withAddresses(packet, bytes, packet.udp.sourcePort, packet.udp.destinationPort, `udp (${packet.payloadLengthOnWire})`, options)
  if (layers & Layer.arp) return printArp(packet.arp)
  if (packet.ipVersion !== 0) return info + withAddresses(packet, bytes, -1, -1, printAboveIp(packet, bytes), options)
  return `ethertype 0x${packet.etherType.toString(16).padStart(4, '0')} (${packet.payloadLengthOnWire})`
}

/** The TCP part alone: `S 0:0(0) win 65535 <mss 1460>`. */
export function printTcp(header: TcpHeader, options: readonly TcpOption[], payloadLength: number, relative?: OneLineOptions['relative']): string {
  const seq = (header.seq - (relative?.seqBase ?? 0)) >>> 0
  const ack = (header.ack - (relative?.ackBase ?? 0)) >>> 0
  const parts = [printTcpFlags(header.flags), `${seq}:${(seq + payloadLength) >>> 0}(${payloadLength})`]
  if (header.flags & TcpFlag.ack) parts.push(`ack ${ack}`)
  else if (header.ack !== 0) parts.push(`ack ${header.ack}`)
  parts.push(`win ${header.window}`)
  if (header.flags & TcpFlag.urg || header.urgentPointer !== 0) parts.push(`urg ${header.urgentPointer}`)
  if (header.reserved !== 0) parts.push(`reserved ${header.reserved}`)
  if (options.length > 0) parts.push(`<${printTcpOptions(options, relative?.ackBase)}>`)
  return parts.join(' ')
}

/** Flags by letter, in the order they are printed; ACK is the dot and comes last. */
export const tcpFlagLetters = [
  ['S', TcpFlag.syn], ['F', TcpFlag.fin], ['R', TcpFlag.rst], ['P', TcpFlag.psh], ['U', TcpFlag.urg], ['E', TcpFlag.ece], ['W', TcpFlag.cwr], ['A', TcpFlag.ae], ['.', TcpFlag.ack],
] as const

/** `S.`, `FP.`, `SEW`; `-` for none. */
export function printTcpFlags(flags: number): string {
  let text = ''
  for (const [letter, bit] of tcpFlagLetters) if (flags & bit) text += letter
  return text === '' ? '-' : text
}

/** Comma separated, in wire order, without the angle brackets. */
export function printTcpOptions(options: readonly TcpOption[], ackBase = 0): string {
  return options.map((option) => printTcpOption(option, ackBase)).join(',')
}

export function printTcpOption(option: TcpOption, ackBase = 0): string {
  switch (option.name) {
    case 'eol': case 'nop': case 'sackOK': return option.name
    case 'mss': return `mss ${option.mss}`
    case 'wscale': return `wscale ${option.shift}`
    case 'sack': return `sack ${option.blocks.map(({ left, right }) => `${(left - ackBase) >>> 0}:${(right - ackBase) >>> 0}`).join(' ')}`
    case 'ts': return `TS val ${option.val} ecr ${option.ecr}`
    case 'md5': return `md5 ${hex(option.digest)}`
    case 'user-timeout': return `uto ${option.value}${option.isMinutes ? 'min' : 's'}`
    case 'tcp-ao': return `ao ${option.keyId} ${option.rNextKeyId}${spaced(option.mac)}`
    case 'mptcp': return `mptcp${spaced(option.data)}`
    case 'tfo': return `FO${spaced(option.cookie)}`
    case 'accecn': return printAccEcn(option.order, option.counters)
    case 'experimental':
      if (option.kind === 254 && option.exid === fastOpenExid) return `FOEXP${spaced(option.data)}`
      return `kind ${option.kind} ${option.exid.toString(16).padStart(4, '0')}${hex(option.data)}`
    case 'unknown': return `kind ${option.kind}${spaced(option.data)}`
    case 'padding': return option.bytes.every((byte) => byte === 0) ? Array.from(option.bytes, () => 'eol').join(',') : `raw ${hex(option.bytes)}`
    case 'malformed': return `raw ${hex(option.bytes)}`
  }
}

/** Counters by name, in the order the two kinds carry them (RFC 9768 §3.2.3). */
export const accEcnCounterNames = [['e0b', 'ceb', 'e1b'], ['e1b', 'ceb', 'e0b']] as const

function printAccEcn(order: 0 | 1, counters: readonly number[]): string {
  if (counters.length === 0) return order === 0 ? 'ECN' : 'ECN1'
  return `ECN ${counters.map((counter, i) => `${accEcnCounterNames[order][i]} ${counter}`).join(' ')}`
}

function spaced(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : ` ${hex(bytes)}`
}

/** Words of the two ECN bits. */
export const ecnWords = { noecn: Ecn.notEct, ect1: Ecn.ect1, ect0: Ecn.ect0, ce: Ecn.ce } as const

function printIpInfo(packet: Packet): string {
  const isSix = packet.ipVersion === 6
  if (packet.ipVersion === 0) return ''
  const tos = isSix ? packet.ipv6.trafficClass : packet.ipv4.tos
  const parts: string[] = []
  if (tos > 3) parts.push(`tos 0x${tos.toString(16)}`)
  else parts.push(Object.keys(ecnWords).find((word) => ecnWords[word as keyof typeof ecnWords] === tos)!)
  parts.push(`ttl ${isSix ? packet.ipv6.hopLimit : packet.ipv4.ttl}`)
  if (isSix && packet.ipv6.flowLabel !== 0) parts.push(`flowlabel 0x${packet.ipv6.flowLabel.toString(16)}`)
  return `(${parts.join(', ')}) `
}

function withAddresses(packet: Packet, bytes: Uint8Array, sourcePort: number, destinationPort: number, line: string, options: OneLineOptions): string {
  if (options.addresses === false) return line
  const at = packet.ipOffset + (packet.ipVersion === 4 ? 12 : 8)
  const source = formatIpAt(bytes, at, packet.ipVersion)
  const destination = formatIpAt(bytes, at + (packet.ipVersion === 4 ? 4 : 16), packet.ipVersion)
  return sourcePort < 0 ? `${source} > ${destination} ${line}` : `${printEndpoint(source, sourcePort)} > ${printEndpoint(destination, destinationPort)} ${line}`
}

/** `10.0.0.1:80`, `[fd00::1]:80`. */
export function printEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' }

/** For `data`: text where all of it can be read, hex otherwise. */
export function printData(payload: Uint8Array): string {
  const text = utf8Text(payload)
  const isText = !text.includes('\uFFFD') && !/[^\P{C}\n\r\t]/u.test(text)
  return isText ? `"${text.replace(/[\n\r\t"\\]/g, (character) => escapes[character])}"` : `0x${hex(payload)}`
}

function printArp(arp: ArpHeader): string {
  if (!hasMacAndIpv4(arp)) return `arp operation ${arp.operation} hardware ${arp.hardwareType}/${arp.hardwareLength} protocol ${arp.protocolType}/${arp.protocolLength}`
  const sender = formatIpv4(arp.senderIp)
  const target = formatIpv4(arp.targetIp)
  if (arp.operation === ArpOperation.request) return arp.senderIp === arp.targetIp ? `arp announce ${sender} is-at ${formatMac(arp.senderMac)}` : `arp who-has ${target} tell ${sender}`
  if (arp.operation === ArpOperation.reply) return `arp reply ${sender} is-at ${formatMac(arp.senderMac)}`
  return `arp operation ${arp.operation} ${sender} > ${target}`
}

function printAboveIp(packet: Packet, bytes: Uint8Array): string {
  const length = packet.payloadLengthOnWire
  if (packet.layers & Layer.icmp) return printIcmp(packet, bytes)
  if (packet.layers & Layer.icmpv6) return printIcmpv6(packet, bytes)
  if (packet.isLaterFragment) {
    const isSix = packet.ipVersion === 6
    const { extensions, ipv4 } = packet
    const hasMore = isSix ? extensions.moreFragments : (ipv4.flags & 1) === 1
    return `fragment id ${isSix ? extensions.fragmentId : ipv4.identification} offset ${(isSix ? extensions.fragmentOffset : ipv4.fragmentOffset) * 8}${hasMore ? '+' : ''} (${length})`
  }
  return `protocol ${packet.protocol} (${length})`
}

function printIcmp(packet: Packet, bytes: Uint8Array): string {
  const { icmp } = packet
  const parts = ['icmp', icmpTypeName(4, icmp.type), icmpCodeName(4, icmp.type, icmp.code)]
  if (icmp.type === IcmpType.echoRequest || icmp.type === IcmpType.echoReply) parts.push(`id ${icmpIdentifier(icmp)} seq ${icmpSequence(icmp)}`)
  if (icmp.type === IcmpType.unreachable && icmp.code === 4) parts.push(`mtu ${icmpNextHopMtu(icmp)}`)
  if (icmp.type === IcmpType.redirect) parts.push(`gateway ${formatIpv4(icmp.rest)}`)
  parts.push(isIcmpError(icmp.type) ? printQuoted(packet, bytes) : `(${packet.payloadLengthOnWire})`)
  return parts.filter((part) => part !== '').join(' ')
}

function printIcmpv6(packet: Packet, bytes: Uint8Array): string {
  const { icmpv6 } = packet
  const parts = ['icmpv6', icmpTypeName(6, icmpv6.type), icmpCodeName(6, icmpv6.type, icmpv6.code)]
  if (icmpv6.type === Icmpv6Type.echoRequest || icmpv6.type === Icmpv6Type.echoReply) parts.push(`id ${icmpIdentifier(icmpv6)} seq ${icmpSequence(icmpv6)}`)
  if (icmpv6.type === Icmpv6Type.packetTooBig) parts.push(`mtu ${icmpv6.rest}`)
  const isNeighbor = icmpv6.type === Icmpv6Type.neighborSolicitation || icmpv6.type === Icmpv6Type.neighborAdvertisement
  if (isNeighbor && packet.payloadLength >= 16) parts.push(`target ${formatIpv6(bytes, packet.payloadOffset)}`)
  parts.push(isIcmpv6Error(icmpv6.type) ? printQuoted(packet, bytes) : `(${packet.payloadLengthOnWire})`)
  return parts.filter((part) => part !== '').join(' ')
}

/** What an ICMP error quotes: addresses, ports and, of TCP, the sequence number. */
function printQuoted(packet: Packet, bytes: Uint8Array): string {
  const quoted = decodeQuoted(packet, bytes)
  if (quoted.ipVersion === 0) return `(${packet.payloadLengthOnWire})`
  const at = quoted.transportOffset
  const hasPorts = (quoted.protocol === 6 || quoted.protocol === 17) && !quoted.isLaterFragment && at + 8 <= packet.frameAt + packet.frameLength
  const u16 = (offset: number) => (bytes[offset] << 8) | bytes[offset + 1]
  const line = quoted.protocol !== 6 ? quoted.protocol === 17 ? 'udp' : `protocol ${quoted.protocol}` : hasPorts ? `tcp seq ${((u16(at + 4) << 16) | u16(at + 6)) >>> 0}` : 'tcp'
  return `[${withAddresses(quoted, bytes, hasPorts ? u16(at) : -1, hasPorts ? u16(at + 2) : -1, line, {})}]`
}

/** Decodes the packet an ICMP error quotes. It is cut short as a rule: lengths of what is missing are taken on trust, transport headers may be truncated. */
export function decodeQuoted(packet: Packet, bytes: Uint8Array, into = new Packet()): Packet {
  decodePacket(bytes, packet.payloadOffset, packet.payloadLength, LinkType.rawIp, into, 65_575)
  return into
}
